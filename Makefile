# v1pipe: every tools/NAME.c becomes an executable, every lib/MODULE/*.c goes into one archive.

# Names of files are text as they were given, which recipes take from the environment: neither make nor a shell reads them
GIVEN := $(foreach v,$(.VARIABLES),$(if $(findstring command,$(origin $(v))),$(v)))
PLACES = DESTDIR PREFIX BINDIR MANDIR DATADIR
$(foreach v,$(filter $(PLACES) DATA BANK BANKS LGN KERNEL RMS IMAGES NAME OUT BIN,$(GIVEN)),$(eval override export $(v) := $$(value $(v))))
export $(PLACES)
# what may stand on the command line beside a pipeline's own variables
BUILD_VARIABLES = $(PLACES) CC CFLAGS CPPFLAGS LDFLAGS AR OPTIMISE WARNINGS STANDARD SAN MPI MPICC B V T JOBS PYTHON BATS MANDOC PKG_CONFIG

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

# where training and the streams spend their time; the sanitisers' checks make the compiler slow on long unrolled loops
HOT := $(if $(SAN),-O1,-O3)

# commands are shown whole with V=1, else by a word
Q := $(if $(V),,@)
show = $(if $(V),,@echo '  $(1)')

PACKAGES = netpbm fftw3f openblas gsl jansson
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
# GSL's gslcblas would stand before OpenBLAS's cblas
PACKAGE_LIBS := $(filter-out -lgslcblas,$(shell $(PKG_CONFIG) --libs $(PACKAGES)))
CPPFLAGS += -Ilib $(PACKAGE_CFLAGS) -DV1PIPE_VERSION='"$(VERSION)"'
COMPILE = $(CC) $(STANDARD) $(CPPFLAGS) $(CFLAGS) $(SANITISE) -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITISE) -pthread $(LDFLAGS) -Wl,--as-needed

# make MPI=1: also what needs MPI; from then on it is kept up to date
MPICC = mpicc
MPI := $(if $(MPI)$(wildcard $(B)/bin/train-v1-mpi),1)
MPI_SOURCES = lib/net/comm_mpi.c

TOOLS := $(filter-out $(if $(MPI),,%-mpi),$(patsubst tools/%.c,%,$(wildcard tools/*.c)))
SOURCES := $(filter-out $(MPI_SOURCES),$(wildcard lib/*/*.c))
LIBRARY := $(SOURCES:%.c=$(B)/%.o)
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
PAGES := $(filter-out $(if $(MPI),,%-mpi.1),$(wildcard man/*.[157]))
ARCHIVE := $(B)/libv1pipe.a

all: $(TOOLS:%=$(B)/bin/%)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call show,compile $<)
	$(Q)$(COMPILE) -c -o $@ $<

$(B)/lib/conv/%.o $(B)/lib/net/%.o $(B)/lib/npys/%.o $(B)/double/%.o: OPTIMISE = $(HOT)
# sums of products with fused multiply-adds, as in any BLAS or FFT library (a third faster)
$(foreach f,product vector_fft,$(B)/lib/conv/$(f).o $(B)/double/lib/conv/$(f).o): STANDARD += -ffp-contract=fast
# square roots of whole images, whose errno nobody reads
$(B)/lib/conv/lcn.o: STANDARD += -fno-math-errno
# and so are those of the fits
FITS = $(patsubst %,$(B)/lib/fit/%.o,separable normal gabor_fit blob)
$(FITS): STANDARD += -ffp-contract=fast
$(FITS): OPTIMISE = $(HOT)

# a second build in double precision, which only tests/unit/double-*.c use; filters of single channels are not in it
SINGLE := $(patsubst %,lib/conv/%.c,fft filter2d mean lcn mirror scramble spectrum kernels zca zca_images)
DOUBLE := $(patsubst %.c,$(B)/double/%.o,$(filter-out $(SINGLE),$(filter lib/conv/% lib/net/%,$(SOURCES))))
$(B)/double/%.o: %.c
	@mkdir -p $(@D)
	$(call show,compile $< in double)
	$(Q)$(COMPILE) -DREAL_DOUBLE -c -o $@ $<
$(B)/tests/unit/double-%.o: CPPFLAGS += -DREAL_DOUBLE
# a static rule: among pattern rules make would take the one whose objects all exist already
$(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/double-*.c)): $(B)/unit/%: $(B)/tests/unit/%.o $(DOUBLE) $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $^ $(PACKAGE_LIBS) -lm

$(ARCHIVE): $(LIBRARY)
	@rm -f $@
	$(call show,archive $@)
	$(Q)$(AR) rcs $@ $^

$(B)/bin/%: $(B)/tools/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(ARCHIVE) $(PACKAGE_LIBS) -lm
# its code, which train-v1-mpi has too
$(B)/bin/train-v1: $(B)/tools/train/program.o

# any MPI's mpicc, with our compiler in it
$(MPI_SOURCES:%.c=$(B)/%.o) $(B)/bin/train-v1-mpi: private CC := OMPI_CC="$(CC)" MPICH_CC="$(CC)" $(MPICC)
$(B)/bin/train-v1-mpi: $(B)/tools/train-v1-mpi.o $(B)/tools/train/program.o $(MPI_SOURCES:%.c=$(B)/%.o) $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $^ $(PACKAGE_LIBS) -lm

$(B)/unit/%: $(B)/tests/unit/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $< $(ARCHIVE) $(PACKAGE_LIBS) -lm

units: $(UNITS:%=$(B)/unit/%)

include tests/tests.mk
-include tests/bench.mk
-include pipelines/pipelines.mk

# what an installed copy needs: tools, pages, pipelines, the Python module. Names are those of the tools; nothing else is put on PATH.
install: all
	install -d -- "$$DESTDIR$$BINDIR" "$$DESTDIR$$DATADIR/python" "$$DESTDIR$$MANDIR"/man{1,5,7}
	install -m 755 -- $(TOOLS:%=$(B)/bin/%) "$$DESTDIR$$BINDIR"
	for page in $(PAGES); do install -m 644 -- $$page "$$DESTDIR$$MANDIR/man$${page##*.}"; done
	cp -R -- $(wildcard pipelines/*) "$$DESTDIR$$DATADIR"
	install -m 644 -- python/v1pipe.py "$$DESTDIR$$DATADIR/python"

# with or without MPI
uninstall:
	for tool in $(patsubst tools/%.c,%,$(wildcard tools/*.c)); do rm -f -- "$$DESTDIR$$BINDIR/$$tool"; done
	for page in $(notdir $(wildcard man/*)); do rm -f -- "$$DESTDIR$$MANDIR/man$${page##*.}/$$page"; done
	rm -rf -- "$$DESTDIR$$DATADIR"

# the README's tool table, from the suite's page
readme:
	tests/readme-table man/v1pipe.7 README.md >README.new
	mv README.new README.md

# the tracked files, as one archive
dist:
	git archive --prefix=v1pipe-$(VERSION)/ -o v1pipe-$(VERSION).dist.tar.gz HEAD

# as .clang-format says, by version 14 (Debian 12's), whose layout others do not have
CLANG_FORMAT = $(firstword $(shell command -v clang-format-14 clang-format))
format:
	$(CLANG_FORMAT) -i $(shell find lib tools tests -name '*.[ch]')

clean:
	rm -rf build

.PHONY: all units install uninstall readme dist format clean

-include $(shell find build -name '*.d' 2>/dev/null)
