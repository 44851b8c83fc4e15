# make figures: the study with the tools of this build; make figures BANK=file.npys: the fits of any filter bank. All else
# is in study.mk and bank.mk, which an installed copy runs by itself.
# make function: what K1 is for
figures function: all
	+@BIN='$(B)/bin' V1PIPE_MAKE='$(MAKE)' GIVEN='$(filter-out $(BUILD_VARIABLES),$(GIVEN))' \
		pipelines/start $(if $(value BANK),bank,study) $@
# many banks by one rule: make gallery BANKS=folder or list
gallery: all
	+@BIN='$(B)/bin' V1PIPE_MAKE='$(MAKE)' GIVEN='$(filter-out $(BUILD_VARIABLES),$(GIVEN))' pipelines/start gallery gallery
.PHONY: figures function gallery

# the README's picture, from the figures of the default study: Psi0, its profile and the field of K1 above the bank
study-picture: figures
	pngtopam figures/dead-leaves-default/lgn.png | pamcut -left 0 -top 0 -width 740 -height 606 | pamscale -quiet -height 300 >study-1.ppm
	pngtopam figures/dead-leaves-default/lgn.png | pamcut -left 1350 -top 0 -width 570 -height 606 | pamscale -quiet -height 300 >study-2.ppm
	pngtopam figures/dead-leaves-default/field.png | pamcut -left 0 -top 0 -width 850 -height 860 | pamscale -quiet -height 300 >study-3.ppm
	pngtopam figures/dead-leaves-default/bank.png | pamscale -quiet -width 900 >study-4.ppm
	pnmcat -leftright -white study-[123].ppm | pnmcat -topbottom -white - study-4.ppm | pnmtopng -compression 9 >study.png 2>/dev/null
	rm study-[1234].ppm
.PHONY: study-picture
