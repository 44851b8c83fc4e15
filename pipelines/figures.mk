# The figures of a study's first run, each as SVG, PDF and PNG, and the page; of ablations and controls one figure of all runs.
# Included by study.mk.
ifneq ($(VARIANTS),)
NAMES = variants
else
NAMES = sample spectrum training lgn retinex bank nxny population passes tuning kernels orientation short-range field models convergence
endif
include $(HERE)/filters.mk

# pictures that figures show as they are
$(FIRST)/sample.png: $(FIRST)/train.npys
	tensor-get --record 0 $< | image-write --tiles 32 --columns 12 --gap 2 | pnmtopng >$@ 2>/dev/null
$(FIRST)/kernels.png: $(FIRST)/gabor.tsv $(FIRST)/lateral.npys
	'$(HERE)/kernels' $(@D)/lateral.npys $(@D)/gabor.tsv $(@D)/kernels.txt | pnmtopng >$@ 2>/dev/null
# Psi0 as text, a number a line, and what its fit found as gnuplot's variables
$(FIRST)/lgn.txt: $(FIRST)/lgn.npys
	tail -c "$$(($$(tensor-info $< | awk -F '\t' 'NR == 2 { print $$6 }') * 4))" $< | od -An -v -t f4 -w4 >$@
$(FIRST)/lgn-fit.gp: $(FIRST)/lgn-fit.tsv $(FIRST)/lgn.npys
	awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } { \
		print "A = " $$at["amplitude"]; print "sigma = " $$at["sigma_px"]; print "x0 = " $$at["x0_px"]; print "y0 = " $$at["y0_px"]; \
		print "r = " $$at["r"]; print "reason = \"" $$at["reason"] "\""; print "symmetry = " $$at["symmetry"]; \
		print "r_chance = " $$at["r_matched_95"]; print "symmetry_chance = " $$at["symmetry_matched_95"] }' $< >$@
	tensor-info $(@D)/lgn.npys | awk -F '[\t(,)]' 'NR == 2 { print "k = " $$9 }' >>$@
# illusions through Psi0 and through its LoG
$(FIRST)/retinex.tsv: $(FIRST)/lgn.npys $(FIRST)/lgn-fit.tsv $(HERE)/retinex
	'$(HERE)/retinex' $(@D)/lgn.npys $(@D)/lgn-fit.tsv $(@D)/retinex-maps.tsv $(@D)/retinex-profiles.tsv >$@
# power spectra before and after whitening, by the fixed filter and by the images' own components
$(FIRST)/spectrum-fourier.tsv: $(FIRST)/val.npys
	whiten --spectrum $@ $< >/dev/null
$(FIRST)/spectrum-zca.tsv: $(FIRST)/val.npys
	whiten --method zca --patch 11 --spectrum $@ $< >/dev/null
# the group model of the largest lead as fitted to K1, through the same estimator and bank
$(FIRST)/group-pooled.tsv: $(FIRST)/compare.tsv
	$(call group_field,$(@D)) >$@
# of se2-kernel's grid alone: one table for all studies
CONVERGENCE = study/convergence.tsv
$(CONVERGENCE): $(HERE)/convergence
	'$(HERE)/convergence' >$@
$(FIRST)/convergence.tsv: $(CONVERGENCE)
	cp $< $@

# the pooled field of the excitatory part alone
$(FIRST)/%-pooled.tsv: $(FIRST)/%.tsv
	awk -F '\t' 'NR == 1 || $$2 == "positive" && $$3 == -1' $< >$@
# its streamlines, with the blank line between two that gnuplot wants
$(FIRST)/%-lines.tsv: $(FIRST)/%.tsv
	awk -F '\t' 'NR == 1 || $$2 == "positive" { if (NR > 2 && $$3 != last) print ""; last = $$3; print }' $(@D)/$*-curves.tsv >$@

needs_sample = sample.png
needs_spectrum = spectrum-fourier.tsv spectrum-zca.tsv
needs_training = model.safetensors
needs_lgn = lgn-fit.gp lgn.txt lgn-history.tsv
needs_retinex = retinex.tsv
needs_tuning = agreement.tsv
needs_kernels = kernels.png
needs_orientation = stats.tsv
needs_short-range = stats.tsv
needs_field = $(foreach f,field iterated-field edges-field,$(f)-pooled.tsv $(f)-lines.tsv) group-pooled.tsv
needs_models = compare.tsv
needs_convergence = convergence.tsv
needs_variants =
$(foreach name,$(NAMES),$(eval $(call figure,$(name))))
$(KINDS:%=$(FIGURES)/variants.%): $(FIGURES)/summary.tsv

$(FIGURES)/summary.tsv: $(FIGURES)/run.stamp $(ROWS) $(HERE)/summary $(HERE)/rule
	'$(HERE)/summary' $(DIRS) >$@
# models of several seeds: what varies between them beside what each says of itself
$(FIGURES)/seeds.tsv: $(FIGURES)/run.stamp $(foreach d,$(DIRS),$(d)/stats.tsv $(d)/iterated.tsv $(d)/compare.tsv $(d)/iterated-compare.tsv)
	{ combine-tables $(DIRS:%=%/stats.tsv); \
		combine-tables $(DIRS:%=%/iterated.tsv) | awk -F '\t' '$$1 ~ /^K_iterated/'; \
		combine-tables $(DIRS:%=%/compare.tsv) | tail -n +2; \
		if [[ $$(cat $(DIRS:%=%/iterated-compare.tsv) | wc -l) -gt $(words $(DIRS)) ]]; then \
			combine-tables $(DIRS:%=%/iterated-compare.tsv) | tail -n +2; fi; } >$@
ifeq ($(VARIANTS),)
ifneq ($(words $(DIRS)),1)
OVER_SEEDS = $(FIGURES)/seeds.tsv
$(FIGURES)/index.html: $(OVER_SEEDS)
endif
endif
$(FIGURES)/likeness.tsv: $(FIGURES)/run.stamp $(foreach s,$(SEED_LIST),$(if $(VARIANTS),,$(ROOT)/seed-$(s)/field.tsv))
	'$(HERE)/likeness' $(patsubst %/field.tsv,%,$(filter %/field.tsv,$^)) >$@
$(FIGURES)/index.html: $(foreach n,$(NAMES),$(KINDS:%=$(FIGURES)/$(n).%)) $(FIGURES)/summary.tsv $(FIGURES)/likeness.tsv $(TABLES:%=$(FIRST)/%) $(HERE)/page $(HERE)/answers $(HERE)/rule $(HERE)/html
	'$(HERE)/page' $(FIRST) $(FIGURES) 'v1pipe: $(DATASET), $(PRESET)' $(PERMUTATIONS) $(INVARIANCE) $(FIGURES)/summary.tsv $(OVER_SEEDS) >$@
figures: tables $(FIGURES)/index.html
	@echo "figures: $(FIGURES)/index.html"
