# The lateral kernel of any network, beside the fits of its bank; included by bank.mk where KERNEL is given.
# Before: BANK, LGN and in FIRST kernel.npys, rms.npys where RMS is given, images (a file or a folder) where IMAGES is.
PERMUTATIONS = 9999
BOOTSTRAP = 2000
INVARIANCE = 499
SPLITS = 100
PLANTINGS = 100
PYTHON := $(shell for p in python3 /usr/bin/python3; do \
	$$p -c 'import numpy' 2>/dev/null && { command -v $$p; break; }; done || :)
IMAGES := $(wildcard $(FIRST)/images)
RMS := $(or $(wildcard $(FIRST)/rms.npys),$(if $(IMAGES),$(FIRST)/measured-rms.npys))

# what a lateral kernel of this bank is; other connections are not supported, and this says what they would have to become
shape = $$(tensor-info $(1) | awk -F '\t' 'NR == 2 { print $$5 }')
$(FIRST)/kernel.stamp: FORCE $(FIRST)/gabor.tsv
	@of=$$(awk 'END { print NR - 1 }' $(FIRST)/gabor.tsv); shape=$(call shape,$(KERNEL)); if ! awk -v of="$$of" -v shape="$$shape" \
		'BEGIN { n = split(shape, s, /[(,)]/); exit !(n == 6 && s[2] == of && s[3] == of && s[4] == s[5] && s[4] % 2) }'; then \
		echo "bank: KERNEL: $$shape is no lateral kernel of $$of filters, ($$of,$$of,k,k) with k odd: one signed kernel between the filters, \
	target first, a tap a pixel. Excitation and inhibition apart: their difference; a kernel with strides, or between two layers: not supported" >&2; exit 1; fi
	$(call stamp,$(VERSION) $(INPUTS) $(PERMUTATIONS) $(BOOTSTRAP) $(INVARIANCE) $(SPLITS) $(PLANTINGS))

# from images: rms and covariance (C3) of the rectified responses of the profiles, and the co-occurrence of edges (M4)
$(FIRST)/images.npys: $(FIRST)/images $(FIRST)/kernel.stamp
	if [[ -d $< ]]; then image-read --type u1 --skip-broken $</ -o $@; else tensor-get $< -o $@; fi
$(FIRST)/rectified.safetensors: $(FIRST)/gabor.tsv $(FIRST)/images.npys $(HERE)/rectified
	'$(PYTHON)' '$(HERE)/rectified' $(@D)/profiles.npys $(@D)/images.npys $@ $(@D)/measured-rms.npys
$(FIRST)/measured-rms.npys: $(FIRST)/rectified.safetensors
reach = $$(tensor-info $(KERNEL) | awk -F '[\t(,)]' 'NR == 2 { print ($$9 - 1) / 2 }')
$(FIRST)/c3.npys: $(FIRST)/rectified.safetensors $(KERNEL)
	v1-respond -j "$$(nproc)" --model $< --covariance $(reach) $(@D)/images.npys -o $@
$(FIRST)/edges.npys: $(FIRST)/images.npys $(KERNEL)
	edge-field --radius "$$((2 * $(reach) + 2))" $< -o $@
MEASURED = $(if $(IMAGES),$(FIRST)/c3.npys)

# what each part needs at least; with fewer accepted filters its table has no rows and the page says so
accepted = $$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } $$at["accepted"] == 1 { n++ } END { print n + 0 }' $(FIRST)/gabor.tsv)
with = if [[ $(accepted) -ge $(1) ]]; then $(2); else echo '$(@F): fewer than $(1) accepted filters: not measured' >&2; \
	printf '%s\n' $(3) | paste -s >$@; fi
of_units = --table $(FIRST)/gabor.tsv $(if $(RMS),--rms $(RMS))
of_bank = $(of_units) --filters $(BANK) $(if $(LGN),--lgn $(LGN)) $(if $(IMAGES),--c3 $(FIRST)/c3.npys)
UNITS = $(KERNEL) $(FIRST)/gabor.tsv $(RMS) $(MEASURED) $(FIRST)/kernel.stamp
$(FIRST)/stats.tsv: $(UNITS)
	$(call with,4,lateral-stats $(of_bank) --profile $(@D)/profile.tsv --short-range $(@D)/short-range.tsv -n $(PERMUTATIONS) -b $(BOOTSTRAP) -q $(INVARIANCE) $(KERNEL) -o $@,$(COLUMNS))
$(FIRST)/compare.tsv: $(UNITS) $(if $(IMAGES),$(FIRST)/edges.npys)
	$(call with,8,compare-models $(of_bank) $(if $(IMAGES),--m4 $(FIRST)/edges.npys) --fields $(@D)/model-fields.tsv \
		--splits $(SPLITS) --plantings $(PLANTINGS) $(KERNEL) -o $@,$(COLUMNS))
$(FIRST)/field.tsv: $(UNITS)
	$(call with,2,assoc-field $(of_units) --curves $(@D)/field-curves.tsv $(KERNEL) -o $@,kernel part filter)
COLUMNS = kernel part quantity value low high chance p n
TABLES += stats.tsv compare.tsv field.tsv

# figures of what was measured
rows = [[ $$(awk 'END { print NR }' $(FIRST)/$(1)) -gt 1 ]]
draw = for kind in $(KINDS); do LC_ALL=C.UTF-8 gnuplot -e "here='$(HERE)'; dir='$(FIRST)'; kind='$$kind'; file='$(FIGURES)/$(1).$$kind'; $(2)" '$(HERE)/$(1).gp'; done
pooled = awk -F '\t' 'NR == 1 || $(1)' $(FIRST)/$(2).tsv >$(FIRST)/$(3)-pooled.tsv
$(FIRST)/kernel-drawn.stamp: $(TABLES:%=$(FIRST)/%) $(FIGURES)/run.stamp $(foreach f,field.gp orientation.gp short-range.gp models.gp kernels.gp kernels style.gp,$(HERE)/$(f))
	rm -f $(foreach f,kernels orientation short-range field models,$(KINDS:%=$(FIGURES)/$(f).%))
	if $(call rows,field.tsv); then '$(HERE)/kernels' $(KERNEL) $(@D)/gabor.tsv $(@D)/kernels.txt | pnmtopng >$(@D)/kernels.png 2>/dev/null; \
		$(call draw,kernels); \
		$(call pooled,$$2 == "positive" && $$3 == -1,field,field); \
		awk -F '\t' 'NR == 1 || $$2 == "positive" { if (NR > 2 && $$3 != last) print ""; last = $$3; print }' \
			$(@D)/field-curves.tsv >$(@D)/field-lines.tsv; panels=field; \
		if $(call rows,compare.tsv); then $(call group_field,$(FIRST)) >$(FIRST)/group-pooled.tsv; panels+=' group'; fi; \
		$(call draw,field,panels='$$panels'); fi
	if $(call rows,stats.tsv); then $(call draw,orientation); $(call draw,short-range); fi
	if $(call rows,compare.tsv); then $(call draw,models); fi
	touch $@
