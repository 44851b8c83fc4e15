# Benchmarks against what a user would take otherwise. Each part is a target bench-NAME; what it compares with comes
# with `./setup bench`, and a part says so and passes where that is missing.
#   make bench            all parts
#   make bench-filters    whiten and lgn-filter against SciPy and NumPy
bench: bench-filters bench-learning

bench-filters: all
	@$(TEST_ENV) $(PYTHON) tests/bench/filters.py

#   make bench-learning   convolutions and training steps against FFTW with OpenBLAS and PyTorch
$(B)/bench/%: $(B)/tests/bench/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $< $(ARCHIVE) $(PACKAGE_LIBS) -lm

# the same with FFTW and OpenBLAS in place of lib/conv/fft_conv.c, which conv.h's test holds to the same answers
FFTW_PEER = $(B)/tests/bench/peer/fftw_conv.o
$(FFTW_PEER): OPTIMISE = $(HOT)
$(B)/bench/learning-fftw $(B)/bench/conv-fftw: $(B)/bench/%-fftw: $(FFTW_PEER) $(ARCHIVE)
	@mkdir -p $(@D)
	$(call show,link $@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(ARCHIVE) $(PACKAGE_LIBS) -lm
$(B)/bench/learning-fftw: $(B)/tests/bench/learning.o
$(B)/bench/conv-fftw: $(B)/tests/unit/conv.o

bench-learning: $(B)/bench/learning $(B)/bench/learning-fftw $(B)/bench/conv-fftw
	@$(B)/bench/conv-fftw >$(B)/bench/conv-fftw.tap || { grep '^not' $(B)/bench/conv-fftw.tap; exit 1; }
	@$(TEST_ENV) $(PYTHON) tests/bench/learning.py $(B)/bench/learning || [ $$? = 77 ]

#   make bench-ranks      training on 1 to 64 machines, on paper; 1 and 2 processes measured where train-v1-mpi is built
bench: bench-ranks
bench-ranks: all $(B)/bench/learning
	@$(TEST_ENV) $(PYTHON) tests/bench/ranks.py $(B)/bench/learning

#   make bench-fit        fit-gabor against SciPy's least squares; 300 filters with 99 surrogates
bench: bench-fit
bench-fit: all
	@$(TEST_ENV) $(PYTHON) tests/bench/fit.py

#   make bench-se2        se2-kernel's library against NumPy, vectorised: two threads, 65 x 65 x 36 in under 20 ms
bench: bench-se2
bench-se2: $(B)/bench/se2
	@$(TEST_ENV) $(PYTHON) tests/bench/se2.py $(B)/bench/se2

#   make bench-lateral    lateral-stats, 64 filters of 21x21, against NumPy and the minute asked for
bench: bench-lateral
bench-lateral: all $(B)/bench/lateral
	@$(TEST_ENV) $(PYTHON) tests/bench/lateral.py $(B)/bench/lateral

.PHONY: bench bench-filters bench-learning bench-ranks bench-fit bench-se2 bench-lateral
