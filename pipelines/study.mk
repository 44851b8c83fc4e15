# From images to figures: make -f study.mk figures [DATA=...] [PRESET=...] [SEEDS=n] [OUT=dir]
# See v1pipe(7). The tools are those on PATH; BIN=dir puts dir before it.
# Results live in OUT/study/DATASET/PRESET/seed-N/, figures in OUT/figures/.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

DATA ?= dead-leaves
PRESET ?= default
SEEDS ?= 1
OUT ?= .
HERE := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifdef BIN
export PATH := $(abspath $(BIN)):$(PATH)
endif
export DATA

DATASET := $(shell $(HERE)/prepare name)
ifeq ($(DATASET),)
$(error DATA=$(DATA) cannot be used)
endif
VERSION := $(shell train-v1 --version)
ROOT := $(OUT)/study/$(DATASET)/$(PRESET)
FIGURES := $(OUT)/figures

# ---- presets: how many images are drawn, how long is trained; each explained in train-v1(1) ----
ifeq ($(PRESET),default)
IMAGES = 6000
TRAIN = --filters 32 --crop 40 --epochs 16
else ifeq ($(PRESET),full)
IMAGES = 20000
TRAIN = --filters 64 --crop 48 --epochs 60
else ifeq ($(PRESET),ablations)
IMAGES = 6000
TRAIN = --filters 32 --crop 40 --epochs 16
else
$(error PRESET=$(PRESET) is not default, full or ablations)
endif
PERMUTATIONS = 9999
BOOTSTRAP = 2000

# ---- what each ablation changes ----
VARIANTS = as-is no-lateral kernel-1x1 T-2 average linear-lgn whitened
OPTIONS_as-is =
OPTIONS_no-lateral = -T 0
OPTIONS_kernel-1x1 = --lateral-size 1
OPTIONS_T-2 = -T 2
OPTIONS_average = --propagation average
OPTIONS_linear-lgn = --lgn linear
OPTIONS_whitened =

SEED_LIST := $(shell seq 1 $(SEEDS))
ifeq ($(PRESET),ablations)
RUNS := $(foreach s,$(SEED_LIST),$(foreach v,$(VARIANTS),$(s)/$(v)))
else
RUNS := $(SEED_LIST)
endif
DIRS := $(RUNS:%=$(ROOT)/seed-%)
FIRST := $(firstword $(DIRS))
# of a run's folder: its seed, its variant
seed = $(firstword $(subst /, ,$(patsubst $(ROOT)/seed-%,%,$(@D))))
variant = $(word 2,$(subst /, ,$(patsubst $(ROOT)/seed-%,%,$(@D))))

all: figures

# ---- data; a stamp holds what determines a file, and is renewed only when that changes ----
stamp = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' >$@

$(ROOT)/seed-%/data.stamp: FORCE
	$(call stamp,$(VERSION) $(DATA) $(IMAGES) $(filter whitened,$(variant)))
$(ROOT)/seed-%/train.stamp: FORCE
	$(call stamp,$(VERSION) $(TRAIN) $(OPTIONS_$(variant)))

# whitening before the network may do the LGN's work for it: an ablation
whiten = $(if $(filter whitened,$(variant)),whiten,cat)
$(ROOT)/seed-%/train.npys: $(ROOT)/seed-%/data.stamp
	$(HERE)/prepare train $(seed) $(IMAGES) | $(whiten) >$@
$(ROOT)/seed-%/val.npys: $(ROOT)/seed-%/data.stamp
	$(HERE)/prepare validation $(seed) $(IMAGES) | $(whiten) >$@

# ---- learning ----
$(ROOT)/seed-%/model.safetensors: $(ROOT)/seed-%/train.npys $(ROOT)/seed-%/val.npys $(ROOT)/seed-%/train.stamp
	train-v1 -v $(TRAIN) $(OPTIONS_$(variant)) --seed $(seed) --validate $(@D)/val.npys --log $(@D)/log.tsv \
		--snapshots $(@D)/snapshot -o $@ $<
$(ROOT)/seed-%/lgn.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name lgn.weight $< -o $@
$(ROOT)/seed-%/v1.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name v1.weight $< -o $@
$(ROOT)/seed-%/lateral.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name lateral.weight $< -o $@
$(ROOT)/seed-%/rms.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name v1.rms $< -o $@

# ---- what was learned ----
$(ROOT)/seed-%/lgn-fit.tsv: $(ROOT)/seed-%/lgn.npys
	fit-log --null 1000 $< -o $@
$(ROOT)/seed-%/lgn-history.tsv: $(ROOT)/seed-%/model.safetensors
	fit-log $(@D)/snapshot.lgn.npys -o $@
$(ROOT)/seed-%/gabor.tsv: $(ROOT)/seed-%/v1.npys $(ROOT)/seed-%/lgn.npys
	fit-gabor --lgn $(@D)/lgn.npys --fitted $(@D)/fitted.npys $< -o $@
$(ROOT)/seed-%/c3.npys: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/train.npys
	v1-respond -j 2 --model $< --covariance 8 $(@D)/train.npys -o $@
$(ROOT)/seed-%/stats.tsv: $(ROOT)/seed-%/lateral.npys $(ROOT)/seed-%/gabor.tsv $(ROOT)/seed-%/rms.npys $(ROOT)/seed-%/c3.npys
	lateral-stats $(UNITS) --c3 $(@D)/c3.npys --profile $(@D)/profile.tsv -n $(PERMUTATIONS) -b $(BOOTSTRAP) $< -o $@
$(ROOT)/seed-%/field.tsv: $(ROOT)/seed-%/lateral.npys $(ROOT)/seed-%/gabor.tsv $(ROOT)/seed-%/rms.npys
	assoc-field $(UNITS) --curves $(@D)/field-curves.tsv $< -o $@
$(ROOT)/seed-%/compare.tsv: $(ROOT)/seed-%/lateral.npys $(ROOT)/seed-%/gabor.tsv $(ROOT)/seed-%/rms.npys $(ROOT)/seed-%/c3.npys
	assoc-field $(UNITS) --c3 $(@D)/c3.npys --images $(@D)/train.npys --compare $@ $< -o /dev/null
UNITS = --filters $(@D)/v1.npys --table $(@D)/gabor.tsv --lgn $(@D)/lgn.npys --rms $(@D)/rms.npys
$(ROOT)/seed-%/model.tsv:
	se2-kernel --model direction | assoc-field --period 2pi --curves $(@D)/model-curves.tsv -o $@
