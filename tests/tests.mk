# Tests: C programs (tests/unit), one bats file per tool (tests/*.bats), the manuals.
#   make check              everything but the long proofs; T=GLOB runs only matching files: make check T='fit-*'
#   make check SAN=1        the same under AddressSanitizer and UBSan
#   make check-long         the long proofs
T = *
JOBS = 2
BATS_FILES := $(filter-out tests/long-%,$(wildcard tests/$(T).bats))
LONG_FILES := $(wildcard tests/long-*.bats)
UNIT_SOURCES := $(wildcard tests/unit/$(T).c)

# what the tests see: the tools first on PATH, a Python with NumPy, where data and golden files are
TEST_ENV = PATH="$(CURDIR)/$(B)/bin:$$PATH" PYTHON="$(PYTHON)" V1PIPE_BUILD="$(CURDIR)/$(B)" \
	V1PIPE_DATA="$${V1PIPE_DATA:-$(CURDIR)/../shared/data}" \
	ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	OPENBLAS_NUM_THREADS=1 LC_ALL=C

check: all units
	@$(TEST_ENV) tests/run $(JOBS) $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SOURCES)) $(BATS_FILES)

check-long: all units
	@$(TEST_ENV) tests/run $(JOBS) $(LONG_FILES)

.PHONY: check check-long
