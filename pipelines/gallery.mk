# Many filter banks by one rule: make -f gallery.mk gallery BANKS=folder or list [OUT=dir] [NAME=name] [SURROGATES=number]
# BANKS is a folder of banks (.npy, .npys, .safetensors) or a list of their names, one a line, relative to the list; a file that is
# no bank has its row in the table with the reason. The tools are those on PATH; BIN=dir puts dir before it.
# Tables live in OUT/study/gallery-NAME/, the page in OUT/figures/NAME/; NAME is gallery and the list's, with a number that tells
# folders apart.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
export LC_ALL := C

# Begun by a user: see bank.mk
ifneq ($(origin INSIDE),command line)
export GIVEN := $(foreach v,$(.VARIABLES),$(if $(findstring command,$(origin $(v))),$(v)))
$(foreach v,$(GIVEN),$(eval override export $(v) := $$(value $(v))))
export V1PIPE_FILE := $(MAKEFILE_LIST)
export V1PIPE_GOAL = $@
export V1PIPE_MAKE := $(MAKE)
MAKEOVERRIDES :=
define begin
+@file=$${V1PIPE_FILE# }; [[ $$file == /* ]] || file=./$$file; exec "$${file%/*}/start" gallery "$$V1PIPE_GOAL"
endef
.PHONY: all gallery
all: gallery
gallery:
	$(begin)
.DEFAULT:
	$(begin)
else

SURROGATES = 99
HERE := study/.pipelines
FIRST := study/gallery-$(NAME)
FIGURES := figures/$(NAME)
DIRS := $(BANKS:%=$(FIRST)/%)

.PHONY: all gallery FORCE
all: gallery
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(FIRST)/gallery.stamp: FORCE
	$(call stamp,$(VERSION) $(SURROGATES))
$(FIRST)/banks.stamp: FORCE
	$(call stamp,$(BANKS))
# what is no bank is told in the table and on the page
$(DIRS:%=%/gabor.tsv): %/gabor.tsv: %/bank.npys $(FIRST)/gallery.stamp
	@echo "fit $$(<$(@D)/label.txt)"
	@rm -f $(@D)/why.txt
	@fit-gabor --surrogates $(SURROGATES) --profiles $(@D)/profiles.npys --passes $(@D)/passes.tsv --compare $(@D)/population.tsv $< \
		-o $@ 2>$(@D)/error.txt || { sed "s|$<|the file|g" $(@D)/error.txt >$(@D)/why.txt; cat $(@D)/why.txt >&2; : >$@; }
# one table, and the accepted filters' widths, a block for each bank
$(FIRST)/gallery.tsv: $(DIRS:%=%/gabor.tsv) $(FIRST)/banks.stamp $(HERE)/gallery
	'$(HERE)/gallery' $(FIRST)/points.tsv $(DIRS) >$@
$(FIRST)/points.tsv: $(FIRST)/gallery.tsv

include $(HERE)/filters.mk
$(DIRS:%=%/bank.png): $(FIRST)/%/bank.png: $(FIRST)/%/gabor.tsv
	@if [[ -s $< ]]; then tensor-get --take "$(order)" $(@D)/profiles.npys | $(tile) | ppmchange black white | pnmtopng >$@ 2>/dev/null; \
		else : >$@; fi
needs_gallery = points.tsv
$(eval $(call figure,gallery))
$(FIGURES)/index.html: $(KINDS:%=$(FIGURES)/gallery.%) $(FIRST)/gallery.tsv $(DIRS:%=%/bank.png) $(HERE)/gallery-page $(HERE)/html
	'$(HERE)/gallery-page' $(FIRST) $(FIGURES) 'v1pipe: $(NAME)' $(DIRS) >$@
gallery: $(FIGURES)/index.html
	@echo "gallery: $(FIGURES)/index.html"
endif
