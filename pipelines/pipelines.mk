# make figures: the study with the tools of this build; make figures BANK=file.npys: the fits of any filter bank. All else
# is in study.mk and bank.mk, which an installed copy runs by itself.
figures: all
	+@$(MAKE) --no-print-directory -f pipelines/$(if $(BANK),bank,study).mk figures BIN=$(B)/bin
.PHONY: figures

# the README's picture, from the figures of the default study
study-picture: figures
	for name in lgn bank field; do pngtopam figures/$$name.png | pamscale -quiet -width 900 >study-$$name.ppm; done
	pnmcat -topbottom -white study-{lgn,bank,field}.ppm | pnmquant -quiet 128 | pnmtopng -compression 9 >study.png 2>/dev/null
	rm study-*.ppm
.PHONY: study-picture
