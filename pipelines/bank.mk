# From any filter bank to tables and figures: make -f bank.mk figures BANK=file.npys [LGN=file.npys] [OUT=dir]
# BANK is one record (F, k, k) or (F, C, k, k), whatever learned or measured it; LGN a kernel that images pass first.
# See v1pipe(7). The tools are those on PATH; BIN=dir puts dir before it.
# Tables live in OUT/study/bank-NAME/, figures in OUT/figures/.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

LGN ?=
OUT ?= .
SURROGATES = 99
HERE := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifdef BIN
export PATH := $(abspath $(BIN)):$(PATH)
endif
ifeq ($(wildcard $(BANK)),)
$(error BANK=$(BANK) is not a file)
endif
VERSION := $(shell PATH='$(PATH)' fit-gabor --version)
ifeq ($(VERSION),)
$(error the tools are not on PATH; BIN=dir says where they are)
endif
NAME := $(basename $(notdir $(BANK)))
FIRST := $(OUT)/study/bank-$(NAME)
FIGURES := $(OUT)/figures
NAMES = bank nxny population passes

.PHONY: all figures tables FORCE
all: figures
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(FIRST)/bank.stamp: FORCE
	$(call stamp,$(VERSION) $(BANK) $(LGN) $(SURROGATES))
$(FIRST)/gabor.tsv: $(BANK) $(LGN) $(FIRST)/bank.stamp
	fit-gabor $(if $(LGN),--lgn '$(LGN)') --surrogates $(SURROGATES) --fitted $(@D)/fitted.npys --profiles $(@D)/profiles.npys \
		--passes $(@D)/passes.tsv --compare $(@D)/population.tsv '$(BANK)' -o $@
$(FIRST)/log.tsv: $(FIRST)/gabor.tsv
	fit-log $(@D)/profiles.npys -o $@
TABLES = gabor.tsv log.tsv
tables: $(TABLES:%=$(FIRST)/%)

include $(HERE)/filters.mk
$(foreach name,$(NAMES),$(eval $(call figure,$(name))))
$(FIGURES)/index.html: $(foreach n,$(NAMES),$(KINDS:%=$(FIGURES)/$(n).%)) $(TABLES:%=$(FIRST)/%) $(HERE)/bank-page $(HERE)/html
	'$(HERE)/bank-page' $(FIRST) $(FIGURES) 'v1pipe: $(NAME)' >$@
figures: tables $(FIGURES)/index.html
	@echo "figures: $(FIGURES)/index.html"
