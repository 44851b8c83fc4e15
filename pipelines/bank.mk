# From any filter bank to tables and figures: make -f bank.mk figures BANK=file.npys [LGN=file.npys] [OUT=dir] [NAME=name]
#	[KERNEL=file.npys [RMS=file.npys] [IMAGES=file.npys or folder]]
# BANK is one record (F, k, k) or (F, C, k, k), whatever learned or measured it; LGN a kernel that images pass first; KERNEL
# (F, F, k, k) a lateral kernel between the filters, RMS (F,) how strongly each responds, IMAGES what is measured on otherwise.
# See v1pipe(7). The tools are those on PATH; BIN=dir puts dir before it.
# Tables live in OUT/study/bank-NAME/, figures in OUT/figures/NAME/; NAME is the file's, and a number that tells folders apart.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
export LC_ALL := C

# Begun by a user: what was given goes on as text, which no make and no shell reads, to start, beside this file. It runs the rest
# below in OUT, where inputs have fixed names.
ifneq ($(origin INSIDE),command line)
export GIVEN := $(foreach v,$(.VARIABLES),$(if $(findstring command,$(origin $(v))),$(v)))
$(foreach v,$(GIVEN),$(eval override export $(v) := $$(value $(v))))
export V1PIPE_FILE := $(MAKEFILE_LIST)
export V1PIPE_GOAL = $@
export V1PIPE_MAKE := $(MAKE)
MAKEOVERRIDES :=
define begin
+@file=$${V1PIPE_FILE# }; [[ $$file == /* ]] || file=./$$file; exec "$${file%/*}/start" bank "$$V1PIPE_GOAL"
endef
.PHONY: all figures tables
all: figures
figures tables:
	$(begin)
.DEFAULT:
	$(begin)
else

SURROGATES = 99
HERE := study/.pipelines
FIRST := study/bank-$(NAME)
BANK := $(FIRST)/bank.npys
LGN := $(wildcard $(FIRST)/lgn.npys)
KERNEL := $(wildcard $(FIRST)/kernel.npys)
FIGURES := figures/$(NAME)
NAMES = bank nxny population passes

.PHONY: all figures tables FORCE
all: figures
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(FIRST)/bank.stamp: FORCE
	$(call stamp,$(VERSION) $(INPUTS) $(SURROGATES))
$(FIRST)/gabor.tsv: $(BANK) $(LGN) $(FIRST)/bank.stamp
	fit-gabor $(if $(LGN),--lgn $(LGN)) --surrogates $(SURROGATES) --fitted $(@D)/fitted.npys --profiles $(@D)/profiles.npys \
		--passes $(@D)/passes.tsv --compare $(@D)/population.tsv $(BANK) -o $@
$(FIRST)/log.tsv: $(FIRST)/gabor.tsv
	fit-log $(@D)/profiles.npys -o $@
TABLES = gabor.tsv log.tsv
ifneq ($(KERNEL),)
include $(HERE)/kernel.mk
DRAWN = $(FIRST)/kernel-drawn.stamp
endif
tables: $(TABLES:%=$(FIRST)/%)

include $(HERE)/filters.mk
$(foreach name,$(NAMES),$(eval $(call figure,$(name))))
$(FIGURES)/index.html: $(foreach n,$(NAMES),$(KINDS:%=$(FIGURES)/$(n).%)) $(TABLES:%=$(FIRST)/%) $(DRAWN) $(HERE)/bank-page $(HERE)/answers $(HERE)/rule $(HERE)/html
	'$(HERE)/bank-page' $(FIRST) $(FIGURES) 'v1pipe: $(NAME)' >$@
figures: tables $(FIGURES)/index.html
	@echo "figures: $(FIGURES)/index.html"
endif
