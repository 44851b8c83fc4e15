#!/usr/bin/env bats
# Calibration of lateral-stats: false positives of every p, coverage of every interval. V1PIPE_KERNELS (1,000) simulated kernels
# of each kind, 24 filters, 9 x 9 taps, C1, C2 through a filter of Laplacian form and C3 of rectified units in Gaussian images of
# spectrum 1/f^2, 199 permutations (19 for explained_C and Q: p is exact at .05 with either), level .05; some ten
# minutes a kind on one core. Rates measured so are in v1pipe-calibration(7), with the number of kernels.
load common

kernels=${V1PIPE_KERNELS:-1000}

# simulate FROM KIND NOISE OPTION...: all tables, without header, in KIND.p; one kernel per seed from FROM on, planted 50 at a
# time. Kinds with the same seeds would share banks and noise.
simulate() {
	local seed first last=$(($1 + kernels))
	for ((first = $1; first < last; first += 50)); do
		"$PYTHON" "$golden/lateral.py" batch "$2" $first $((first + 50 < last ? first + 50 : last)) n=24 k=9 noise="$3" three=1
		for ((seed = first; seed < first + 50 && seed < last; seed++)); do
			lateral-stats -f "$2-$seed.v1.npys" -t "$2-$seed.tsv" -r "$2-$seed.rms.npys" -l "$2-$seed.lgn.npys" \
				-c "$2-$seed.c3.npys" -j 1 -s $((seed + 1)) "${@:4}" "$2-$seed.lateral.npys" 2>/dev/null | tail -n +2 >>"$2.p"
			rm "$2-$seed".*
		done
	done
}

# nominal FILE KERNEL PATTERN: no p of the quantities that match rejects more often than .05, as far as so many kernels can
# tell. The limit is one for all rows of the call together: each rate is held against the point that a binomial number of
# rejections at .05 passes in .01 of cases over the number of rows, so that a call fails in 1 of 100 runs where every rate
# is .05 (in less, as rows hang together). Nothing in it comes from rates that were seen.
nominal() {
	"$PYTHON" "$top/tests/indices.py" nominal "$@"
}

# power FILE KERNEL PART QUANTITY LEAST: how often the p is at most .05
power() {
	awk -F'\t' -v k="$2" -v part="$3" -v q="$4" -v least="$5" '$1 == k && $2 == part && $3 == q {n++; hit += $8 <= .05}
		END {print k, part, q, "rejects", hit / n; exit !(hit >= least * n)}' "$1"
}

# covers FILE LEAST PATTERN: the intervals of the matching quantities hold the mean of all estimates at least that often
covers() {
	"$PYTHON" "$top/tests/indices.py" covers "$@"
}

@test "white noise is null for every p" {
	simulate 2000 white 0 -n 199 -b 0 -q 19
	nominal white.p K '.*'
	nominal white.p K_beyond_C '.*'
}

@test "rectified noise is null for every p, beyond C for the signed ones" {
	simulate 3000 rectified 0 -n 199 -b 0 -q 19
	# there is no negative part
	grep -vP '\tnegative\t' rectified.p >seen.p
	nominal seen.p K '.*'
	grep -P '\tsigned\t' rectified.p >signed.p
	nominal signed.p K_beyond_C '.*'
}

@test "row and column effects are null for every p" {
	simulate 7000 effects 0 -n 199 -b 0 -q 19
	nominal effects.p K '.*'
	nominal effects.p K_beyond_C '.*'
}

@test "relu(C) and noise is null beyond C, and not before" {
	simulate 0 relu 1 -n 199 -b 0 -q 19
	nominal relu.p K_beyond_C '.*'
	power relu.p K positive R_0 .9
}

@test "a function of C1, C2 and C3 that is no sum, and noise: null beyond C, and not before" {
	simulate 6000 joint 1 -n 199 -b 0 -q 19
	nominal joint.p K_beyond_C '.*'
	power joint.p K positive R_0 .9
}

@test "scales that depend on overlap: signed rows beyond C are null, the parts are not; .1 cos 2 dtheta is found" {
	kernels=$((kernels < 100 ? kernels : 100))
	local signed='R_[012]|coaxiality|mrqap_orientation' kind
	for kind in "relu-gains 1" "relu-scatter .5"; do
		simulate 5000 $kind -n 199 -b 0 -q 0
		grep -P '\tsigned\t' ${kind% *}.p >signed.p
		nominal signed.p K_beyond_C "$signed"
		power ${kind% *}.p K_beyond_C positive R_0 .9
		power ${kind% *}.p K_beyond_C negative R_0 .9
	done
	simulate 5000 relu-gains-iso 1 -n 199 -b 0 -q 0
	power relu-gains-iso.p K_beyond_C signed R_0 .9
	power relu-gains-iso.p K_beyond_C signed mrqap_orientation .9
}

@test "phase-locked kernels: a matter of phase, found as such" {
	simulate 4000 locked 2 -n 199 -b 0 -q 19
	power locked.p K signed phase_locked .9
}

@test "intervals: noise, filters that differ, tuning in noise" {
	kernels=$((kernels < 300 ? kernels : 300))
	for kind in "white 0" "gains 1" "iso 3"; do
		simulate 0 $kind -n 0 -b 500 -q 0
		covers ${kind% *}.p .9 'iso_orientation|R_[012]|coaxiality|mrqap.*|short_range|reciprocity|phase_locked'
	done
}
