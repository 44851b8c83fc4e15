# Tests: C programs (tests/unit), one bats file per tool (tests/*.bats), the manuals.
#   make check              everything but the long proofs; T=GLOB runs only matching files: make check T='fit-*'
#   make check SAN=1        the same under AddressSanitizer and UBSan
#   make check-long         the long proofs
#   make fuzz               libFuzzer on the readers, FUZZ_SECONDS each, from tests/fuzz/corpus; needs clang
T = *
JOBS = 2
BATS_FILES := $(filter-out tests/long-%,$(wildcard tests/$(T).bats))
# begun before all others, so that none is left alone at the end
LONGEST = study compare-models lateral-stats train-v1 fit-gabor train-v1-mpi
FIRST_FILES := $(foreach f,$(LONGEST),$(filter tests/$(f).bats,$(BATS_FILES)))
LONG_FILES := $(wildcard tests/long-*.bats)
UNIT_SOURCES := $(wildcard tests/unit/$(T).c)
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/$(T).c))
FUZZ_SECONDS = 60

# what the tests see: the tools first on PATH, a Python with NumPy, where data and golden files are
TEST_ENV = PATH="$(CURDIR)/$(B)/bin:$$PATH" PYTHON="$(PYTHON)" PYTHONPATH="$(CURDIR)/python" PYTHONDONTWRITEBYTECODE=1 V1PIPE_BUILD="$(CURDIR)/$(B)" \
	V1PIPE_DATA="$${V1PIPE_DATA:-$(CURDIR)/../shared/data}" \
	ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	OPENBLAS_NUM_THREADS=1 LC_ALL=C

# the fuzz targets as programs that replay their corpus
$(B)/unit/fuzz-%: $(B)/tests/fuzz/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $< $(ARCHIVE) $(PACKAGE_LIBS) -lm

# simulation studies, which make check-long runs
STUDIES := $(patsubst tests/study/%.c,$(B)/study/%,$(wildcard tests/study/*.c))
$(B)/study/%: $(B)/tests/study/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $< $(ARCHIVE) $(PACKAGE_LIBS) -lm

# programs that tests run beside the tools
HELPERS := $(addprefix $(B)/helper/,network double-network $(if $(SAN),,stop.so fail.so))
$(B)/helper/network: $(B)/tests/helper/network.o $(ARCHIVE)
$(B)/tests/helper/double-%.o: CPPFLAGS += -DREAL_DOUBLE
$(B)/helper/double-network: $(B)/tests/helper/double-network.o $(DOUBLE) $(ARCHIVE)
$(B)/helper/network $(B)/helper/double-network:
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $^ $(PACKAGE_LIBS) -lm

$(B)/helper/%.so: tests/helper/%.c
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(COMPILE) -fPIC -shared -o $@ $< -ldl

helpers: $(HELPERS)

# the programs of make bench have to compile, whatever they find
BENCHES := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c)) $(B)/bench/learning-fftw $(B)/bench/conv-fftw

check: all units helpers $(BENCHES) $(FUZZERS:%=$(B)/unit/fuzz-%)
	@$(TEST_ENV) tests/run $(JOBS) $(FIRST_FILES) $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SOURCES)) \
		$(FUZZERS:%=$(B)/unit/fuzz-%) $(filter-out $(FIRST_FILES),$(BATS_FILES))

# new inputs and crashes stay in build/fuzz
fuzz: $(FUZZERS:%=fuzz-%)
$(FUZZERS:%=fuzz-%): fuzz-%:
	@mkdir -p build/fuzz/$*
	clang $(STANDARD) $(CPPFLAGS) -DLIBFUZZER -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-o build/fuzz/fuzz-$* tests/fuzz/$*.c $(wildcard $(addsuffix /*.c,$(addprefix lib/,base npys model pnm table tensor))) $(PACKAGE_LIBS) -lm
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 build/fuzz/fuzz-$* -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ build/fuzz/$* tests/fuzz/corpus/$*

check-long: all units helpers $(STUDIES)
	@$(TEST_ENV) FAULTS_SAMPLE=0 tests/run $(JOBS) $(LONG_FILES) tests/faults.bats

.PHONY: helpers check check-long fuzz $(FUZZERS:%=fuzz-%)
