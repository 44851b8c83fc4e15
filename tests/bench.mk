# Benchmarks against what a user would take otherwise. Each part is a target bench-NAME; what it compares with comes
# with `./setup bench`, and a part says so and passes where that is missing.
#   make bench            all parts
#   make bench-filters    whiten and lgn-filter against SciPy and NumPy
bench: bench-filters

bench-filters: all
	@$(TEST_ENV) $(PYTHON) tests/bench/filters.py

.PHONY: bench bench-filters
