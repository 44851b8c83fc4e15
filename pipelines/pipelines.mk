# make figures: the study with the tools of this build. All else is in study.mk, which an installed copy runs by itself.
figures: all
	+@$(MAKE) --no-print-directory -f pipelines/study.mk figures BIN=$(B)/bin
.PHONY: figures
