# What K1 is for: what the network does without parts of it, and what it does to responses. Included by study.mk:
# make -f study.mk function, with the study's variables; the page shows what of it has been made.
# random lesions beside each lesion
LESIONS = 5

FUNCTION = lesions surround
function: tables $(foreach d,$(DIRS),$(FUNCTION:%=$(d)/%.tsv)) figures

$(ROOT)/seed-%/lesions.tsv: $(UNITS) $(ROOT)/seed-%/val.npys $(HERE)/lesions
	'$(HERE)/lesions' $(@D) $(LESIONS) "$$(nproc)" >$@
$(ROOT)/seed-%/surround.tsv: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/gabor.tsv $(HERE)/surround
	'$(HERE)/surround' $(@D) "$$(nproc)" $(@D)/surround-curves.tsv >$@

# what the page has of it: all when that is the goal, else what was made before
MADE = $(if $(filter function,$(MAKECMDGOALS)),$(FUNCTION),$(foreach f,$(FUNCTION),$(if $(wildcard $(FIGURES)/$(f).svg),$(f))))
needs_lesions = lesions.tsv
needs_surround = surround.tsv
$(foreach name,$(FUNCTION),$(eval $(call figure,$(name))))
$(FIGURES)/index.html: $(foreach n,$(MADE),$(KINDS:%=$(FIGURES)/$(n).%)) $(HERE)/function-page
