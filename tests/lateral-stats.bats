#!/usr/bin/env bats
# lateral-stats on planted kernels: tests/golden/lateral.py plants them and reads the definitions tap by tap.
load common

plant() {
	"$PYTHON" "$golden/lateral.py" plant "$@"
}

# stats PREFIX [OPTION...]: the table on standard output; few permutations
stats() {
	lateral-stats --filters "$1.v1.npys" --table "$1.tsv" --rms "$1.rms.npys" -n 99 -b 50 -q 9 "${@:2}" "$1.lateral.npys"
}

# three PREFIX [OPTION...]: the same with all confounds; planted with three=1
three() {
	stats "$1" --lgn "$1.lgn.npys" --c3 "$1.c3.npys" "${@:2}"
}

# indices CLAIM [ARGUMENT...]: a claim of indices.py
indices() {
	"$PYTHON" "$top/tests/indices.py" "$@"
}

# holds TABLE 'CONDITION'...: v(kernel, part, quantity) is a value, p(...) its p, row(...) all columns
holds() {
	indices holds "$@"
}

@test "every index, and n, is what NumPy makes of its definition" {
	plant a signed n=12 noise=.3 gain=1 rejected=1
	stats a -n 0 -b 0 -q 0 >a.out
	run "$PYTHON" "$golden/lateral.py" check a a.out
	[[ $status -eq 0 && $output == *"indices agree"* ]]
	head -n 1 a.out | grep -Px 'kernel\tpart\tquantity\tvalue\tlow\thigh\tchance\tp\tn\tc1\tc2\tc3\tremains'
}

@test "profiles, weights at short range, chance, its bands and p are what NumPy's own permutations give" {
	plant a signed n=12 noise=.3 gain=1 rejected=1
	stats a -n 999 -b 0 -q 0 -p a.profile --short-range a.near >a.out
	run "$PYTHON" "$golden/lateral.py" profile a a.profile a.out
	echo "$output"
	[[ $status -eq 0 && $output == *"numbers agree" ]]
	run "$PYTHON" "$golden/lateral.py" short a a.near
	echo "$output"
	[[ $status -eq 0 && $output == "216 numbers agree" ]]
}

@test "what is beyond C, and what remains of each index, is what NumPy's own fit leaves, of one confound and of three" {
	plant a joint n=8 k=7 noise=.1 gain=1 three=1
	three a -n 0 -b 0 -q 0 --pairs a.pairs -o a.out
	"$PYTHON" "$golden/lateral.py" beyond a a.pairs a.out
	rm a.c3.npys
	stats a -n 0 -b 0 -q 0 --pairs a.pairs -o a.out
	"$PYTHON" "$golden/lateral.py" beyond a a.pairs a.out
}

@test "a function of C1, C2 and C3 that is no sum of functions of each leaves nothing beyond them; noise stays" {
	plant a joint n=24 k=7 three=1
	plant b joint n=24 k=7 three=1 noise=1
	three a -n 0 -b 0 -q 0 --pairs a.pairs -o a.out 2>/dev/null
	stats a -n 0 -b 0 -q 0 --pairs one.pairs -o one.out 2>/dev/null
	three b -n 199 -b 0 -q 39 --pairs b.pairs -o b.out
	indices left_over a.pairs one.pairs b.pairs
	holds b.out 'p("K","positive","R_0") == .005 and p("K","signed","explained_C") == .025 and v("K","signed","explained_C") > .68' \
		'abs(v("K_beyond_C","signed","R_0")) < .02 and p("K_beyond_C","signed","R_0") > .02 and abs(v("K_beyond_C","signed","phase_locked")) < .05'
}

@test "value, interval, chance, p and n in every row, c1 to c3 where they belong; the primary endpoint first" {
	plant a signed n=12 k=7 noise=.5 three=1
	three a >a.out
	indices five_numbers a.out
}

@test "planted iso-orientation: tuning, its width, no direction" {
	plant a iso n=20
	stats a >a.out
	holds a.out 'v("K","positive","iso_orientation") > .3 and p("K","positive","iso_orientation") == .01'
	# kappa = 2: half (peak - trough) at acos(1 + ln((1 + e^-4)/2)/2)/2 = 24.5 deg
	holds a.out 'abs(v("K","positive","half_width_deg") - 24.5) < 1' \
		'abs(v("K","positive","coaxiality")) < .05' \
		'v("K","positive","short_range") > .8 and abs(v("K","signed","reciprocity") - 1) < 1e-6'
}

@test "planted directions: cocircular, along the source, along the target" {
	plant cocircular cocircular n=20 k=5
	plant source source n=20 k=5
	plant coaxial coaxial n=20 k=7
	for kind in cocircular source coaxial; do
		stats $kind >$kind.out
	done
	# I1(2)/I0(2) = .698
	holds cocircular.out 'abs(v("K","positive","R_2") - .698) < .03 and abs(v("K","positive","R_0")) < .03'
	holds source.out 'abs(v("K","positive","R_1") - .698) < .03'
	holds coaxial.out 'v("K","positive","coaxiality") > .25'
}

@test "left-invariance is found, and its absence" {
	plant a cocircular n=16
	plant b image n=16
	stats a -q 19 -n 0 -b 50 >a.out
	stats b -q 19 -n 0 -b 50 >b.out
	holds a.out 'v("K","signed","Q_inv") > .5 > .3 > v("K","signed","Q_unrotated") and p("K","signed","Q_inv") == .05'
	holds b.out 'v("K","signed","Q_unrotated") > v("K","signed","Q_inv") + .1 and p("K","signed","Q_inv") > .05'
	holds a.out 'row("K","signed","Q_inv")["low"] < v("K","signed","Q_inv") < row("K","signed","Q_inv")["high"]'
	# value, chance and p are of one quantity: p is small only where value is above chance
	for x in a b; do
		holds $x.out 'all(row(k, "signed", q)["p"] > .2 or row(k, "signed", q)["value"] > row(k, "signed", q)["chance"] for k in ("K", "K_beyond_C") for q in ("Q_inv", "Q_unrotated", "Q_lead"))'
	done
}

@test "isotropic kernels: turning gives no lead, neither by more taps" {
	for seed in 1 2; do
		plant a iso n=24 noise=3 seed=$seed
		stats a -n 0 -b 200 -q 0 -j 2 >a.out
		holds a.out 'v("K","signed","Q_inv") > .2 and row("K","signed","Q_lead")["low"] < 0 < row("K","signed","Q_lead")["high"] and abs(v("K","signed","Q_lead")) < .01'
	done
}

@test "phase-locked kernels are found and are a matter of phase" {
	plant a locked n=16 k=5
	stats a >a.out
	holds a.out 'v("K","signed","phase_locked") > .95 and p("K","signed","phase_locked") == .01'
}

@test "random rescalings of channels change nothing" {
	for seed in 1 2; do
		plant a signed n=10 k=7 noise=.5 seed=$seed three=1
		plant b signed n=10 k=7 noise=.5 seed=$seed three=1 gain=1
		three a -n 49 -b 20 -p a.profile >a.out
		three b -n 49 -b 20 -p b.profile >b.out
			indices same a.out b.out
		indices same a.profile b.profile
	done
	# without rms it does, and the tool says what it took
	run --separate-stderr lateral-stats -f b.v1.npys -t b.tsv -n 0 -b 0 -q 0 -o c.out b.lateral.npys
	[[ $status -eq 0 && $stderr == *--rms* ]]
	! cmp -s c.out b.out || false
}

@test "a turned image gives the same indices, a mirrored one the mirrored" {
	for seed in 1 2; do
		plant a bisecting n=12 noise=.3 seed=$seed three=1
		plant b bisecting n=12 noise=.3 turn=1 seed=$seed three=1
		plant c bisecting n=12 noise=.3 mirror=1 seed=$seed three=1
		for x in a b c; do
			three $x -n 49 -b 20 -p $x.profile >$x.out
		done
		indices turned a.out b.out
		indices turned a.out c.out
		indices turned_profile a.profile b.profile 1
		indices turned_profile a.profile c.profile -1
	done
}

@test "slips of convention would show: rows down, carrier for stripes, target for source" {
	plant a source n=16 k=5
	indices slips
	for x in rows ends target carrier; do
		cp a.v1.npys $x.v1.npys
		cp a.rms.npys $x.rms.npys
		cp a.tsv $x.tsv
	done
	awk -F'\t' -v OFS='\t' 'NR > 1 {$7 += 90} 1' a.tsv >carrier.tsv
	for x in a rows ends target carrier; do
		stats $x -n 0 -b 0 -q 0 >$x.out
	done
	holds a.out 'v("K","positive","R_1") > .66 and v("K","positive","R_1[1,3)") > .66'
	holds rows.out 'v("K","positive","R_1") < .2'
	holds target.out 'v("K","positive","R_1") < .2'
	holds carrier.out 'v("K","positive","R_1") < -.6'
	# with centres at random, d from target to source blurs every direction near the centre
	holds ends.out 'v("K","positive","R_1[1,3)") < .8 * .698'
}

@test "C1 is the covariance of responses to white noise, K read as conv2d reads it" {
	plant a zero n=5 k=5 size=9
	stats a -n 0 -b 0 -q 0 --pairs pairs.tsv -o a.out 2>/dev/null
	indices responses pairs.tsv
}

@test "C2 with a point as Psi0 is C1; C3 in its gauge" {
	plant a signed n=8 k=5 gain=1
	"$PYTHON" "$golden/lateral.py" gauges a point.npys c3.npys
	stats a --lgn point.npys --c3 c3.npys -n 20 -b 20 -q 0 --label mine >a.out
	indices one_c a.out
	[[ $(cut -f 1 a.out | uniq | tr '\n' ' ') == "kernel mine_beyond_C mine mine_beyond_C " ]]
}

@test "what relu of the filters' overlap and noise give is nothing beyond C" {
	plant a relu n=16 k=7 noise=.5 seed=4
	stats a -n 199 >a.out
	holds a.out 'p("K","positive","iso_orientation") == .005 and v("K","positive","iso_orientation") > .3' \
		'abs(v("K_beyond_C","positive","iso_orientation")) < .03 and p("K_beyond_C","positive","iso_orientation") > .02' \
		'v("K","signed","phase_locked") > .5 and abs(v("K_beyond_C","signed","phase_locked")) < .05' \
		'v("K","signed","Q_inv") > .5 and v("K_beyond_C","signed","Q_inv") < .1'
	# and an association field stays
	plant b cocircular n=16 k=7 noise=.5 seed=4
	stats b -n 199 >b.out
	holds b.out 'v("K_beyond_C","positive","R_2") > .2 and p("K_beyond_C","positive","R_2") == .005'
}

@test "gains, and scatter that grows with overlap: both parts beyond C are tuned, the signed rows are not; .1 cos 2 dtheta is found" {
	plant a relu-gains n=24 k=5 noise=1 seed=4
	plant b relu-scatter n=24 k=5 noise=.5 seed=4
	plant c relu-gains-iso n=24 k=5 noise=1 seed=4
	for x in a b c; do
		stats $x -n 199 -b 100 >$x.out
	done
	for x in a b; do
		holds $x.out 'max(p("K_beyond_C", part, "R_0") for part in ("positive", "negative")) <= .05' \
			'all(p("K_beyond_C", "signed", q) > .05 and abs(v("K_beyond_C", "signed", q)) < .02 for q in ("R_0", "R_1", "R_2", "coaxiality"))' \
			'p("K_beyond_C", "signed", "mrqap_orientation") > .05 and row("K_beyond_C", "signed", "R_0")["low"] < 0 < row("K_beyond_C", "signed", "R_0")["high"]'
	done
	holds c.out 'p("K_beyond_C", "signed", "R_0") == .005 == p("K_beyond_C", "signed", "mrqap_orientation") and v("K_beyond_C", "signed", "R_0") > .07' \
		'row("K_beyond_C", "signed", "R_0")["low"] > 0'
	# a mean that is not 0: chance in closed form and by permutations
	stats c -n 0 -b 0 -q 0 >d.out
	for q in R_0 R_1 R_2; do
		near=$(awk -F'\t' -v q=$q '$1 == "K" && $2 == "signed" && $3 == q {print $4}' d.out)
		holds c.out "abs(v('K', 'signed', '$q') - $near) < .004"
	done
}

@test "orientation that only goes along with frequency: its p is small, given frequency it is not" {
	plant a frequency n=24 k=5 noise=.2 seed=3
	indices by_frequency a.tsv
	stats a -n 999 -b 200 -q 0 >a.out
	holds a.out 'p("K","positive","iso_orientation") <= .005' \
		'p("K","positive","mrqap_orientation") > .05 and abs(v("K","positive","mrqap_orientation")) < .15'
}

@test "a disc of taps: what the square's corners have is left out" {
	plant a white n=8 k=7
	python '
K = one("a.lateral.npys")
r, c = np.mgrid[:7, :7] - 3
save("b.lateral.npys", K * (np.hypot(r, c) <= 3.5))'
	for x in v1 rms; do cp a.$x.npys b.$x.npys; done
	cp a.tsv b.tsv
	stats a --disc --pairs a.pairs -o a.out
	stats b --pairs b.pairs -o b.out
	indices disc a.pairs b.pairs
	grep -P "^K\t" a.out | grep -v explained | cut -f 1-9 >1
	grep -P "^K\t" b.out | grep -v explained | cut -f 1-9 | cmp - 1
}

@test "white noise: p is below .05 about as often as it should be" {
	for s in {1..12}; do
		plant a white n=9 k=5 seed=$s
		stats a -n 39 -b 0 -q 0 -j 1 | awk -F'\t' '$1 == "K" && $3 != "half_width_deg" && $8 != "nan"' >>all
	done
	# 12 kernels of some 50 quantities that hang together
	awk -F'\t' '{n++; low += $8 <= .05; sum += $8} END {print n, low / n, sum / n; exit !(n > 400 && low / n < .13 && sum / n > .38 && sum / n < .62)}' all
}

@test "a kernel of zeros: nan, and why" {
	plant a zero n=6 k=5
	run --separate-stderr stats a -o a.out
	[[ $status -eq 0 && $stderr == *"K: no positive weight: what needs one is nan"* && $stderr == *"K: no negative weight"* ]]
	holds a.out 'all(np.isnan(row(k,"signed",q)[c]) for k in ("K","K_beyond_C") for q in ("Q_inv","Q_unrotated","Q_lead") for c in ("value","low","high","chance","p"))' \
		'np.isnan(v("K","positive","R_0")) and np.isnan(v("K","signed","reciprocity"))' \
		'not np.isnan(row("K","positive","R_0")["c1"])'
}

@test "no result depends on -j; seeds matter" {
	plant a signed n=9 k=5 noise=1
	stats a -j 1 -p 1.profile --short-range 1.near --pairs 1.pairs -o 1
	stats a -j 2 -p 2.profile --short-range 2.near --pairs 2.pairs -o 2
	cmp 1 2
	cmp 1.profile 2.profile
	cmp 1.near 2.near
	cmp 1.pairs 2.pairs
	stats a -s 2 -o 3
	! cmp -s 1 3 || false
	stats a -o 4 <a.lateral.npys
	lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -n 99 -b 50 -q 9 <a.lateral.npys | cmp - 1
}

@test "the smallest counts, two units" {
	plant a signed n=4 k=3
	stats a -n 0 -b 0 -q 0 -o a.out
	holds a.out 'not np.isnan(v("K","positive","R_0[0,1)")) and np.isnan(p("K","positive","R_0"))'
	stats a -n 1 -b 1 -q 1 -o a.out
	holds a.out 'p("K","positive","R_0") in (.5, 1)'
	plant b signed n=5 k=3 rejected=3
	run --separate-stderr stats b -o b.out
	[[ $status -eq 0 && $stderr == *"4 usable units"* ]]
	! grep -q beyond b.out || false
	plant c signed n=3 k=3 rejected=2
	run --separate-stderr stats c
	one_line 1 'at least 2'
}

@test "pairs: rows, columns, and the weights as they are" {
	plant a signed n=4 k=3 gain=1
	stats a --pairs pairs -n 0 -b 0 -q 0 -o a.out
	[[ $(head -n 1 pairs) == $'i\tj\tdx_px\tdy_px\tdtheta_deg\tdphase_deg\tK\tC1\tC2\tC3\tK_beyond_C' ]]
	[[ $(wc -l <pairs) -eq $((1 + 4 * 3 * 9)) ]]
	indices pairs pairs
}

@test "errors" {
	plant a signed n=4 k=3
	common_errors "lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -n 9 -b 9 -q 1" a.lateral.npys
	python '
save("c3.npys", np.ones((4, 4, 3, 3)))
save("narrow.npys", np.ones((4, 4, 1, 1)))
save("lgn.npys", np.eye(3))
save("rms3.npys", np.ones(3))
save("bank3.npys", np.ones((3, 5, 5)))
save("nan.npys", one("a.lateral.npys") * np.nan)'
	# fits of effective profiles go with the filter before the bank, others without it; who has no such column is not asked
	for profile in effective filter; do
		awk -F'\t' -v OFS='\t' -v p=$profile '{ print $0, NR == 1 ? "profile" : p }' a.tsv >$profile.tsv
	done
	(head -n 1 a.tsv; tail -n +2 a.tsv | tac) >turned.tsv
	head -n 3 a.tsv >short.tsv
	cat a.lateral.npys a.lateral.npys >twice.npys
	errors lateral-stats <<-EOF
		-t a.tsv a.lateral.npys | 2 | filters: is needed
		-f a.v1.npys a.lateral.npys | 2 | table: is needed
		-f a.v1.npys -t a.tsv --c3 c3.npys a.lateral.npys | 2 | c3.*rms
		-f a.v1.npys -t none.tsv a.lateral.npys | 1 | none.tsv
	EOF
	errors "lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys" <<-EOF
		-n -1 a.lateral.npys | 2 | -n
		-b x a.lateral.npys | 2 | -b
		--label= a.lateral.npys | 2 | label
		a.lateral.npys b | 2 | b
		--c3 narrow.npys a.lateral.npys | 1 | narrow.npys: 1 px wide, the kernel 3
		-t effective.tsv a.lateral.npys | 1 | effective.tsv: row 1: .*--lgn
		-t filter.tsv -l lgn.npys a.lateral.npys | 1 | filter.tsv: row 1: .*fit-gabor --lgn
		-t turned.tsv a.lateral.npys | 1 | in their order
		-t short.tsv a.lateral.npys | 1 | 2 rows
		-o out twice.npys | 1 | second record
		a.v1.npys | 1 | F, F, k, k
		-r rms3.npys a.lateral.npys | 1 | 3 numbers
		-f bank3.npys a.lateral.npys | 1 | 3 of them
		nan.npys | 1 | nan.npys
	EOF
	lateral-stats -f a.v1.npys -t filter.tsv -r a.rms.npys -n 0 -b 0 -q 0 -o filter.out a.lateral.npys
	lateral-stats -f a.v1.npys -t effective.tsv -l lgn.npys -r a.rms.npys -n 0 -b 0 -q 0 -o effective.out a.lateral.npys
}
