# What K1 is for: what the network does without parts of it, and what it does to responses. Included by study.mk:
# make -f study.mk function, with the study's variables; the page shows what of it has been made.
# random lesions beside each lesion
LESIONS = 5

# pairs of contours, with and without path, of each kind for each unit
PATHS = 10

# a Python that has NumPy; without one the part that needs it is left out
NUMPY := $(shell for p in python3 /usr/bin/python3; do $$p -c 'import numpy' 2>/dev/null && { command -v $$p; break; }; done || :)

FUNCTION = lesions surround contours $(if $(NUMPY),signal)
function: tables $(foreach d,$(DIRS),$(FUNCTION:%=$(d)/%.tsv)) figures

$(ROOT)/seed-%/lesions.tsv: $(UNITS) $(ROOT)/seed-%/val.npys $(HERE)/lesions
	'$(HERE)/lesions' $(@D) $(LESIONS) "$$(nproc)" >$@
$(ROOT)/seed-%/surround.tsv: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/gabor.tsv $(HERE)/surround
	'$(HERE)/surround' $(@D) "$$(nproc)" $(@D)/surround-curves.tsv >$@
$(ROOT)/seed-%/contours.tsv: $(ROOT)/seed-%/model.safetensors $(ROOT)/seed-%/gabor.tsv $(HERE)/contours
	'$(HERE)/contours' $(@D) $(PATHS) "$$(nproc)" $(@D)/contours-units.tsv >$@
$(ROOT)/seed-%/signal.tsv: $(UNITS) $(ROOT)/seed-%/c3.npys $(HERE)/signal
	'$(NUMPY)' '$(HERE)/signal' $(@D)/lateral.npys $(@D)/rms.npys $(@D)/units.tsv $(@D)/c3.npys 499 >$@

# what the page has of it: all when that is the goal, else what was made before
MADE = $(if $(filter function,$(MAKECMDGOALS)),$(FUNCTION),$(foreach f,$(FUNCTION),$(if $(wildcard $(FIGURES)/$(f).svg),$(f))))
needs_lesions = lesions.tsv
needs_surround = surround.tsv
needs_contours = contours.tsv
needs_signal = signal.tsv
$(foreach name,$(FUNCTION),$(eval $(call figure,$(name))))
$(FIGURES)/index.html: $(foreach n,$(MADE),$(KINDS:%=$(FIGURES)/$(n).%)) $(HERE)/function-page
