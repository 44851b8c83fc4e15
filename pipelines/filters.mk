# Figures of a bank's fits, for the study and for any bank. Before: HERE, FIRST (the run shown), FIGURES, VERSION, stamp.
KINDS = svg pdf png

# figures show one run: another one makes them anew
$(FIGURES)/run.stamp: FORCE
	$(call stamp,$(VERSION) $(FIRST))

# filters sorted by orientation, those that were not accepted last
order = $$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	{ print 1 - $$at["accepted"], $$at["theta_deg"], $$at["filter"] }' $(@D)/gabor.tsv | sort -k 1,1n -k 2,2n | cut -d ' ' -f 3 | paste -sd ,)
# as many rows as fill the figure; what is black in them is between tiles
tile = image-write --contrast tile --clip 0 --colours diverging --gap 1 --scale 3 \
	--columns $$(awk 'END { n = NR - 1; rows = int(sqrt(n / 6.6) + .5); rows += !rows; print int((n + rows - 1) / rows) }' $(@D)/gabor.tsv)
$(FIRST)/bank.png: $(FIRST)/gabor.tsv
	tensor-get --take "$(order)" $(@D)/profiles.npys | $(tile) | ppmchange black white | pnmtopng >$@ 2>/dev/null
$(FIRST)/fitted.png: $(FIRST)/gabor.tsv
	tensor-get --take "$(order)" $(@D)/fitted.npys | $(tile) | ppmchange black white | pnmtopng >$@ 2>/dev/null

# the field of the group model whose lead over the other models is the largest, in a folder of tables
group_field = awk -F '\t' -v OFS='\t' ' \
	FNR == 1 { file++; for (i = 1; i <= NF; i++) at[$$i] = i } \
	file == 1 && $$at["part"] == "signed" && $$at["quantity"] ~ /^lead_G[0-9]$$/ && (best == "" || $$at["value"] + 0 > most) { \
		most = $$at["value"] + 0; best = substr($$at["quantity"], 6) } \
	file == 2 && (FNR == 1 || $$1 == best && $$2 == "positive")' $(1)/compare.tsv $(1)/model-fields.tsv

needs_bank = bank.png fitted.png
needs_nxny = gabor.tsv
needs_population = gabor.tsv
needs_passes = gabor.tsv
define figure
$(KINDS:%=$(FIGURES)/$(1).%): $(FIGURES)/$(1).%: $(needs_$(1):%=$(FIRST)/%) $(HERE)/$(1).gp $(HERE)/ringach.gp $(HERE)/style.gp $(FIGURES)/run.stamp
	LC_ALL=C.UTF-8 gnuplot -e "here='$(HERE)'; variants='$(VARIANTS)'; dir='$(FIRST)'; figures='$(FIGURES)'; kind='$$*'; file='$$@'" '$(HERE)/$(1).gp'
endef
