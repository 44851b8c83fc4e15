# v1pipe: every tools/NAME.c becomes an executable, every lib/MODULE/*.c goes into one archive.
include config.mk

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

# each kind of build has its own folder
B := build/$(notdir $(CC))$(if $(SAN),-san)
, := ,
SANITISE := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

PACKAGES = netpbm fftw3f openblas gsl jansson
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
# GSL's gslcblas would stand before OpenBLAS's cblas
PACKAGE_LIBS := $(filter-out -lgslcblas,$(shell $(PKG_CONFIG) --libs $(PACKAGES)))
CPPFLAGS += -Ilib $(PACKAGE_CFLAGS) -DV1PIPE_VERSION='"$(VERSION)"'
COMPILE = $(CC) $(STANDARD) $(CPPFLAGS) $(CFLAGS) $(SANITISE) -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITISE) -fopenmp $(LDFLAGS) -Wl,--as-needed

TOOLS := $(patsubst tools/%.c,%,$(wildcard tools/*.c))
LIBRARY := $(patsubst %.c,$(B)/%.o,$(wildcard lib/*/*.c))
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
PAGES := $(wildcard man/*.[157])
ARCHIVE := $(B)/libv1pipe.a

all: $(TOOLS:%=$(B)/bin/%)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# the convolutions' and layers' inner loops are where training spends its time
$(B)/lib/conv/%.o $(B)/lib/net/%.o: OPTIMISE = -O3

$(ARCHIVE): $(LIBRARY)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/bin/%: $(B)/tools/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(LINK) -o $@ $< $(ARCHIVE) $(PACKAGE_LIBS) -lm

$(B)/unit/%: $(B)/tests/unit/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(LINK) -o $@ $< $(ARCHIVE) $(PACKAGE_LIBS) -lm

units: $(UNITS:%=$(B)/unit/%)

include tests/tests.mk
-include pipelines/pipelines.mk

.PHONY: all units clean
clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
