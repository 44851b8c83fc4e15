# From images to figures: make -f study.mk figures [DATA=...] [PRESET=...] [SEEDS=n] [OUT=dir]
# See v1pipe(7). The tools are those on PATH; BIN=dir puts dir before it.
# Results live in OUT/study/DATASET/PRESET/seed-N/, figures in OUT/figures/NAME/, by default DATASET-PRESET.
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
+@file=$${V1PIPE_FILE# }; [[ $$file == /* ]] || file=./$$file; exec "$${file%/*}/start" study "$$V1PIPE_GOAL"
endef
.PHONY: all figures tables function
all: figures
figures tables function:
	$(begin)
.DEFAULT:
	$(begin)
else

PRESET ?= default
SEEDS ?= 1
# seeds below 101 are for development: the recipe and the analyses were chosen on seed 1; what is reported comes from others
FIRST_SEED ?= 101
HERE := study/.pipelines
ROOT := study/$(DATASET)/$(PRESET)
FIGURES := figures/$(NAME)

# ---- presets: how many images are drawn and how the network is trained; train-v1(1) explains each option ----
# Noise makes Gabor functions cleaner and like-to-like excitation stronger; a kernel of at least 2 k1 + 1 px has room for
# association fields, and more decay takes noise out of Psi0 (v1pipe-calibration(7)). .47 of scenes64's sd are 30 grey levels
IMAGES_default = 6000
TRAIN_default = --filters 32 --crop 40 --kl 15 --epochs 16 --noise 0.6
IMAGES_full = 20000
TRAIN_full = --filters 64 --crop 48 --kl 15 --epochs 60 --noise 0.6
IMAGES_wide = 14000
TRAIN_wide = $(TRAIN_wide-clean) --noise 0.47
IMAGES_wide-clean = $(IMAGES_wide)
TRAIN_wide-clean = --filters 64 --crop 52 --kl 23 --epochs 20 --lgn-decay 0.02
IMAGES_photographs = $(IMAGES_wide)
TRAIN_photographs = $(TRAIN_photographs-clean) --noise 0.47
IMAGES_photographs-clean = $(IMAGES_wide)
TRAIN_photographs-clean = --filters 64 --crop 52 --epochs 30 --lgn-decay 0.02
IMAGES_ablations = $(IMAGES_default)
TRAIN_ablations = $(TRAIN_default)
IMAGES_controls = $(IMAGES_default)
TRAIN_controls = $(TRAIN_default)
ifeq ($(TRAIN_$(PRESET)),)
$(error PRESET=$(PRESET) is not default, full, photographs, photographs-clean, wide, wide-clean, ablations or controls)
endif
IMAGES = $(IMAGES_$(PRESET))
TRAIN = $(TRAIN_$(PRESET))
PERMUTATIONS = 9999
BOOTSTRAP = 2000
# permutations for Q
INVARIANCE = 499
SPLITS = 100
PLANTINGS = 100

# of stimuli(1), for the tuning of units; its own default
GRATINGS =

# ---- what each ablation changes, and each control ----
VARIANTS_ablations = as-is no-lateral kernel-1x1 T-2 average linear-lgn whitened
VARIANTS_controls = as-is disc shuffled-labels scrambled-images random-v1 random-filters
VARIANTS = $(VARIANTS_$(PRESET))
OPTIONS_no-lateral = -T 0
OPTIONS_kernel-1x1 = --kl 1
OPTIONS_T-2 = -T 2
OPTIONS_average = --propagation average
OPTIONS_linear-lgn = --lgn linear
# whitening before the network may do the LGN's work for it: an ablation
FILTER_whitened = whiten
OPTIONS_shuffled-labels = --shuffle-labels
# phases of validation images are not those of training images of the same number
FILTER_scrambled-images = whiten --method scramble --seed $(if $(findstring val,$(@F)),9)$(seed)
OPTIONS_random-v1 = --freeze v1
OPTIONS_random-filters = --freeze lgn,v1
# the network as it is, read without the corners of the kernel's square
STATS_disc = --disc

SEED_LIST := $(shell seq $(FIRST_SEED) $$(($(FIRST_SEED) + $(SEEDS) - 1)))
ifneq ($(VARIANTS),)
RUNS := $(foreach s,$(SEED_LIST),$(foreach v,$(VARIANTS),$(s)/$(v)))
else
RUNS := $(SEED_LIST)
endif
DIRS := $(RUNS:%=$(ROOT)/seed-%)
FIRST := $(firstword $(DIRS))
# of the run a target belongs to, .../seed-N or .../seed-N/VARIANT: its seed, its variant
run_of = $(lastword $(subst /seed-, ,$(@D)))
seed = $(firstword $(subst /, ,$(run_of)))
variant = $(word 2,$(subst /, ,$(run_of)))

.PHONY: all figures tables function FORCE
all: figures

# ---- data. A stamp holds what determines a file and is renewed only where that changed ----
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(ROOT)/seed-%/data.stamp: FORCE
	$(call stamp,$(VERSION) $(IMAGES) $(FILTER_$(variant)))
$(ROOT)/seed-%/train.stamp: FORCE
	$(call stamp,$(VERSION) $(TRAIN) $(OPTIONS_$(variant)))
$(ROOT)/seed-%/tables.stamp: FORCE
	$(call stamp,$(VERSION) $(PERMUTATIONS) $(BOOTSTRAP) $(INVARIANCE) $(SPLITS) $(PLANTINGS))

filter_images = $(or $(FILTER_$(variant)),cat)
$(ROOT)/seed-%/train.npys: $(ROOT)/seed-%/data.stamp
	'$(HERE)/prepare' train $(seed) $(IMAGES) | $(filter_images) >$@
$(ROOT)/seed-%/val.npys: $(ROOT)/seed-%/data.stamp
	'$(HERE)/prepare' validation $(seed) $(IMAGES) | $(filter_images) >$@

# ---- learning ----
$(ROOT)/seed-%/model.safetensors: $(ROOT)/seed-%/train.npys $(ROOT)/seed-%/val.npys $(ROOT)/seed-%/train.stamp
	rm -f $(@D)/snapshot.*.npys
	train-v1 -v $(TRAIN) $(OPTIONS_$(variant)) --seed $(seed) --validate $(@D)/val.npys --log $(@D)/log.tsv \
		--snapshots $(@D)/snapshot -o $@ $<
# a control of the reading alone has the same network
$(SEED_LIST:%=$(ROOT)/seed-%/disc/model.safetensors): $(ROOT)/seed-%/disc/model.safetensors: \
		$(ROOT)/seed-%/as-is/model.safetensors $(ROOT)/seed-%/disc/train.npys $(ROOT)/seed-%/disc/val.npys
	cp $(<D)/snapshot.*.npys $(<D)/log.tsv $< $(@D)
$(ROOT)/seed-%/lgn.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name lgn.weight $< -o $@
$(ROOT)/seed-%/v1.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name v1.weight $< | tensor-get --slice :,0 -o $@
$(ROOT)/seed-%/lateral.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name lateral.weight $< -o $@
$(ROOT)/seed-%/rms.npys: $(ROOT)/seed-%/model.safetensors
	tensor-get --name v1.rms $< -o $@

# ---- what was learned ----
$(ROOT)/seed-%/lgn-fit.tsv: $(ROOT)/seed-%/lgn.npys
	fit-log --null 1000 $< -o $@
$(ROOT)/seed-%/lgn-history.tsv: $(ROOT)/seed-%/model.safetensors
	fit-log --null 0 $(@D)/snapshot.lgn.npys -o $@
$(ROOT)/seed-%/gabor.tsv: $(ROOT)/seed-%/v1.npys $(ROOT)/seed-%/lgn.npys
	fit-gabor --lgn $(@D)/lgn.npys --fitted $(@D)/fitted.npys --profiles $(@D)/profiles.npys \
		--passes $(@D)/passes.tsv --compare $(@D)/population.tsv $< -o $@

# the fits that K1 is read with. Hardly a random filter is accepted: those of random banks are read by the orientation that they
# have most of, whether it is beyond chance or not
$(ROOT)/seed-%/units.tsv: $(ROOT)/seed-%/gabor.tsv
	awk -F '\t' -v OFS='\t' -v all='$(filter random-%,$(variant))' ' \
		NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; print; next } \
		all != "" && $$at["reason"] !~ /constant|outside/ { $$at["accepted"] = 1; $$at["reason"] = "-" } { print }' $< >$@

# what compare-models and lateral-stats know of the units; C3 reaches as far as the iterated kernel, which is the kernel's own
# reach times the number of propagations (at most 24 px)
units = --filters $(@D)/v1.npys --table $(@D)/units.tsv --lgn $(@D)/lgn.npys --rms $(@D)/rms.npys
reach = $$({ tensor-info --metadata $(@D)/model.safetensors; tensor-info $(@D)/lateral.npys; } | awk -F '[\t(,)]' ' \
	$$2 == "iterations" { T = $$3 > 1 ? $$3 : 1 } END { r = T * ($$9 - 1) / 2; print r < 24 ? r : 24 }')
UNITS = $(ROOT)/seed-%/lateral.npys $(ROOT)/seed-%/units.tsv $(ROOT)/seed-%/rms.npys
# where an ablation or a control leaves fewer units than halves of them can be made of, its table has no rows, and one line says so
COLUMNS = kernel part quantity value low high chance p n
if_units = $(if $(variant),if [[ $$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	$$at["accepted"] == 1 { n++ } END { print n + 0 }' $(@D)/units.tsv) -lt 8 ]]; then printf '%s\n' $(COLUMNS) | paste -s >$@; \
	echo 'study: $@: fewer than 8 usable filters: nothing is measured' >&2; else)
fi_units = $(if $(variant),; fi)
$(ROOT)/seed-%/c3.npys: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/lateral.npys
	'$(HERE)/seen' $< <$(@D)/train.npys | v1-respond -j "$$(nproc)" --model $< --covariance $(reach) -o $@
$(ROOT)/seed-%/iterated.npys: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/lateral.npys
	'$(HERE)/seen' $< <$(@D)/val.npys | v1-respond -j "$$(nproc)" --model $< --jacobian $(reach) -o $@
$(ROOT)/seed-%/stats.tsv: $(UNITS) $(ROOT)/seed-%/c3.npys $(ROOT)/seed-%/tables.stamp
	$(if_units) lateral-stats $(STATS_$(variant)) $(units) --c3 $(@D)/c3.npys --profile $(@D)/profile.tsv --short-range $(@D)/short-range.tsv -n $(PERMUTATIONS) \
		-b $(BOOTSTRAP) -q $(INVARIANCE) $< -o $@ $(fi_units)
# the same for what a unit's input does to others through all propagations
$(ROOT)/seed-%/iterated.tsv: $(ROOT)/seed-%/iterated.npys $(UNITS) $(ROOT)/seed-%/c3.npys $(ROOT)/seed-%/tables.stamp
	lateral-stats $(units) --c3 $(@D)/c3.npys --label K_iterated -n $(PERMUTATIONS) -b $(BOOTSTRAP) -q $(INVARIANCE) $< -o $@
# the co-occurrence of edges in the training images, which has to reach as far as taps are apart, and the comparison of models with
# it as one of them
$(ROOT)/seed-%/edges.npys: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/lateral.npys
	edge-field --radius "$$((2 * $(reach) + 2))" $(@D)/train.npys -o $@
$(ROOT)/seed-%/compare.tsv: $(UNITS) $(ROOT)/seed-%/c3.npys $(ROOT)/seed-%/edges.npys $(ROOT)/seed-%/tables.stamp
	$(if_units) compare-models $(units) --c3 $(@D)/c3.npys --m4 $(@D)/edges.npys --fields $(@D)/model-fields.tsv \
		--splits $(SPLITS) --plantings $(PLANTINGS) $< -o $@ $(fi_units)
# the same of what the network's lateral propagation does to responses: with more than one propagation, where it is no longer
# K1 itself; else the table has no rows
$(ROOT)/seed-%/iterated-compare.tsv: $(ROOT)/seed-%/iterated.npys $(UNITS) $(ROOT)/seed-%/c3.npys $(ROOT)/seed-%/edges.npys $(ROOT)/seed-%/tables.stamp
	T=$$(tensor-info --metadata $(@D)/model.safetensors | awk -F '\t' '$$2 == "iterations" { print $$3 }'); \
	if [[ $$T -gt 1 ]]; then compare-models $(units) --c3 $(@D)/c3.npys --m4 $(@D)/edges.npys --label K_iterated \
		--splits $(SPLITS) --plantings $(PLANTINGS) $< -o $@; \
	else printf '%s\n' $(COLUMNS) | paste -s >$@; fi
# fields of the kernel, of the iterated kernel and of the images' edges
$(ROOT)/seed-%/field.tsv: $(UNITS) $(ROOT)/seed-%/tables.stamp
	assoc-field --table $(@D)/units.tsv --rms $(@D)/rms.npys --curves $(@D)/field-curves.tsv $< -o $@
$(ROOT)/seed-%/iterated-field.tsv: $(ROOT)/seed-%/iterated.npys $(UNITS) $(ROOT)/seed-%/tables.stamp
	assoc-field --table $(@D)/units.tsv --rms $(@D)/rms.npys --label K_iterated --curves $(@D)/iterated-field-curves.tsv $< -o $@
$(ROOT)/seed-%/edges-field.tsv: $(ROOT)/seed-%/field.tsv $(ROOT)/seed-%/edges.npys
	assoc-field --label M4 --radius "$$(cut -f 4 $< | sort -n | tail -n 1)" \
		--curves $(@D)/edges-field-curves.tsv $(@D)/edges.npys -o $@
# tuning to gratings without and with lateral propagation, and the fits beside it
gratings = stimuli --kind gratings $(GRATINGS) --parameters $(@D)/gratings.tsv | v1-respond -j "$$(nproc)" --model $< \
	--stimuli $(@D)/gratings.tsv --tuning
$(ROOT)/seed-%/tuning.tsv: $(ROOT)/seed-%/model.safetensors
	$(gratings) $@
	if [[ $$(awk 'NR == 2 { print $$2 }' $@) -gt 0 ]]; then \
		$(gratings) $(@D)/feedforward.tsv -T 0; tail -n +2 $(@D)/feedforward.tsv >>$@; rm $(@D)/feedforward.tsv; fi
$(ROOT)/seed-%/agreement.tsv: $(ROOT)/seed-%/tuning.tsv $(ROOT)/seed-%/gabor.tsv
	'$(HERE)/agreement' $(@D)/gabor.tsv $(@D)/tuning.tsv $(@D)/gratings.tsv >$@
$(ROOT)/seed-%/agreement-summary.tsv: $(ROOT)/seed-%/agreement.tsv
	'$(HERE)/agreement-summary' $< >$@
TABLES = lgn-fit.tsv lgn-history.tsv gabor.tsv stats.tsv iterated.tsv field.tsv compare.tsv iterated-compare.tsv tuning.tsv agreement-summary.tsv
# of ablations and controls the first run has all of them, the others what their rows in the summary need; the comparison of models
# is left out where there is no kernel, and where it would read the kernel's corners
FULL = $(if $(VARIANTS),$(FIRST),$(DIRS))
REST = $(filter-out $(FULL),$(DIRS))
COMPARISONS = $(patsubst %,%/compare.tsv,$(filter-out %/disc %/no-lateral,$(REST)))
ROWS = $(foreach d,$(FULL),$(TABLES:%=$(d)/%)) $(foreach d,$(REST),$(d)/lgn-fit.tsv $(d)/gabor.tsv $(d)/stats.tsv) $(COMPARISONS)
tables: $(ROWS)

include $(HERE)/figures.mk
include $(HERE)/function.mk
endif
