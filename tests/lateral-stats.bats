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

# holds TABLE 'CONDITION'...: v(kernel, part, quantity) is a value, p(...) its p, row(...) all columns
holds() {
	python '
t = table(sys.argv[1])
rows = {(a, b, c): i for i, (a, b, c) in enumerate(zip(t["kernel"], t["part"], t["quantity"]))}
row = lambda *k: {n: t[n][rows[k]] for n in t}
v = lambda *k: row(*k)["value"]
p = lambda *k: row(*k)["p"]
for condition in sys.argv[2:]:
    if not eval(condition):
        sys.exit("not so: " + condition)' "$@"
}

@test "every index, and n, is what NumPy makes of its definition" {
	plant a signed n=12 noise=.3 gain=1 rejected=1
	stats a -n 0 -b 0 -q 0 >a.out
	run "$PYTHON" "$golden/lateral.py" check a a.out
	[[ $status -eq 0 && $output == *"indices agree"* ]]
	head -n 1 a.out | grep -Px 'kernel\tpart\tquantity\tvalue\tlow\thigh\tchance\tp\tn'
}

@test "profiles, axes, concentration, chance, its bands and p are what NumPy's own permutations give" {
	plant a signed n=12 noise=.3 gain=1 rejected=1
	stats a -n 999 -b 0 -q 0 -p a.profile >a.out
	run "$PYTHON" "$golden/lateral.py" profile a a.profile a.out
	echo "$output"
	[[ $status -eq 0 && $output == *"numbers agree" ]]
}

@test "what is beyond C is what NumPy's own fit leaves, of one confound and of three" {
	plant a joint n=8 k=7 noise=.1 gain=1 three=1
	three a -n 0 -b 0 -q 0 --pairs a.pairs -o a.out
	"$PYTHON" "$golden/lateral.py" beyond a a.pairs
	rm a.c3.npys
	stats a -n 0 -b 0 -q 0 --pairs a.pairs -o a.out
	"$PYTHON" "$golden/lateral.py" beyond a a.pairs
}

@test "a function of C1, C2 and C3 that is no sum of functions of each leaves nothing beyond them; noise stays" {
	plant a joint n=24 k=7 three=1
	plant b joint n=24 k=7 three=1 noise=1
	three a -n 0 -b 0 -q 0 --pairs a.pairs -o a.out 2>/dev/null
	stats a -n 0 -b 0 -q 0 --pairs one.pairs -o one.out 2>/dev/null
	three b -n 199 -b 0 -q 39 --pairs b.pairs -o b.out
	python '
a, one, b = table("a.pairs"), table("one.pairs"), table("b.pairs")
left = a["K_beyond_C"].var() / a["K"].var()
noise = b["K"] - a["K"]
kept = np.corrcoef(noise, b["K_beyond_C"])[0, 1]
print(left, one["K_beyond_C"].var() / one["K"].var(), kept)
# with C1 alone much more is left: C2 and C3 matter here
assert left < .005 and one["K_beyond_C"].var() / one["K"].var() > 10 * left and kept > .995'
	holds b.out 'p("K","positive","R_0") == .005 and p("K","signed","explained_C") == .025 and v("K","signed","explained_C") > .68' \
		'abs(v("K_beyond_C","signed","R_0")) < .02 and p("K_beyond_C","signed","R_0") > .02 and abs(v("K_beyond_C","signed","phase_locked")) < .05'
}

@test "value, interval, chance, p and n in every row; chance is what value would be without an effect" {
	plant a signed n=12 k=7 noise=.5 three=1
	three a >a.out
	python '
t = table("a.out")
for i, (k, part, q) in enumerate(zip(t["kernel"], t["part"], t["quantity"])):
    five = [t[c][i] for c in ("value", "low", "high", "chance", "p")]
    if q == "rms_given":
        assert np.isnan(five[1:]).all() and five[0] == 1
        continue
    if q == "half_width_deg" and np.isnan(five[0]):
        continue
    if np.isnan(five).any() or not 0 < five[4] <= 1 or not five[1] <= five[0] <= five[2]:
        sys.exit(f"{k} {part} {q}: {five}")
    # what is given less its chance has none left; a share of sources within 35 deg, of i = j, has that of the pairs
    less = q.startswith(("iso_orientation", "R_", "cells_R_", "ring_mean"))
    assert not less or five[3] == 0, (k, part, q)
    assert q != "self_share" or abs(five[3] - 1 / 12) < 1e-12
assert sum(q.startswith("share_35") for q in t["quantity"]) == 10'
	# the primary endpoint first, then the gauge
	[[ $(sed -n '2p' a.out | cut -f 1-3) == $'K_beyond_C\tsigned\tR_0' ]]
	[[ $(cut -f 1-3 a.out | grep -c $'^K_beyond_C\tsigned\tR_0$') -eq 1 ]]
	[[ $(sed -n '3p' a.out | cut -f 1-4,9) == $'K\tsigned\trms_given\t1\t12' ]]
	lateral-stats -f a.v1.npys -t a.tsv -n 0 -b 0 -q 0 a.lateral.npys 2>/dev/null >b.out
	[[ $(sed -n '3p' b.out | cut -f 1-4,9) == $'K\tsigned\trms_given\t0\t12' ]]
}

@test "self_share: units that drive themselves, and those that do not; ring_mean: a mean that is none" {
	plant a white n=16 k=5 seed=2
	python '
K = np.abs(one("a.lateral.npys"))
save("b.lateral.npys", K)
K[np.arange(16), np.arange(16)] *= 3
save("c.lateral.npys", K)'
	for x in b c; do
		cp a.tsv $x.tsv
		for f in v1 rms; do cp a.$f.npys $x.$f.npys; done
	done
	for x in a b c; do
		stats $x -n 199 -b 200 -q 0 >$x.out 2>/dev/null
	done
	holds b.out 'p("K","positive","self_share") > .05 and row("K","positive","self_share")["low"] < 1 / 16 < row("K","positive","self_share")["high"]'
	holds c.out 'p("K","positive","self_share") == .005 and row("K","positive","self_share")["low"] > 1 / 16'
	holds a.out 'p("K","signed","ring_mean") > .05 and row("K","signed","ring_mean")["low"] < 0 < row("K","signed","ring_mean")["high"]'
	holds b.out 'p("K","signed","ring_mean") < 1e-6 and abs(v("K","signed","ring_mean") - .8) < .1'
}

@test "planted iso-orientation: tuning, its width, no direction" {
	plant a iso n=20
	stats a >a.out
	holds a.out 'v("K","positive","iso_orientation") > .3 and p("K","positive","iso_orientation") == .01'
	# kappa = 2: half (peak - trough) at acos(1 + ln((1 + e^-4)/2)/2)/2 = 24.5 deg
	holds a.out 'abs(v("K","positive","half_width_deg") - 24.5) < 1' \
		'v("K","positive","share_35") > v("K","positive","iso_orientation") and abs(v("K","positive","coaxiality")) < .05' \
		'v("K","positive","short_range") > .8 and abs(v("K","signed","reciprocity") - 1) < 1e-6'
}

@test "planted directions: cocircular, radial, along the target, along the source, bisecting" {
	for kind in cocircular source coaxial bisecting; do
		plant $kind $kind n=20 k=$([[ $kind == coaxial ]] && echo 7 || echo 5)
		stats $kind >$kind.out
	done
	# I1(2)/I0(2) = .698
	holds cocircular.out 'abs(v("K","positive","R_2") - .698) < .03 and abs(v("K","positive","R_0")) < .03'
	holds source.out 'abs(v("K","positive","R_1") - .698) < .03 and abs(v("K","positive","axis_slope") - 1) < .02'
	holds coaxial.out 'v("K","positive","coaxiality") > .25 and abs(v("K","positive","axis_slope")) < .02'
	holds bisecting.out 'abs(v("K","positive","concentration") - .698) < .03 and abs(v("K","positive","axis_slope") - .5) < .02'
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
	for seed in 1 2 3 4; do
		plant a iso n=24 noise=3 seed=$seed
		stats a -n 0 -b 200 -q 0 -j 2 >a.out
		holds a.out 'v("K","signed","Q_inv") > .2 and row("K","signed","Q_lead")["low"] < 0 < row("K","signed","Q_lead")["high"] and abs(v("K","signed","Q_lead")) < .01'
	done
}

@test "phase-locked kernels are found and are a matter of phase" {
	plant a locked n=16 k=5
	stats a >a.out
	holds a.out 'v("K","signed","phase_locked") > .95 and p("K","signed","phase_locked") == .01' \
		'v("C1","signed","phase_locked") > .9'
}

@test "random rescalings of channels change nothing" {
	for seed in 1 2 3; do
		plant a signed n=10 k=7 noise=.5 seed=$seed three=1
		plant b signed n=10 k=7 noise=.5 seed=$seed three=1 gain=1
		three a -n 49 -b 20 -p a.profile >a.out
		three b -n 49 -b 20 -p b.profile >b.out
		python '
for kind in "out", "profile":
    a, b = table("a." + kind), table("b." + kind)
    for c in a:
        same = a[c] == b[c] if isinstance(a[c], list) else np.allclose(a[c], b[c], rtol=1e-5, atol=1e-6, equal_nan=True)
        assert same, c'
	done
	# without rms it does, and the tool says what it took
	run --separate-stderr lateral-stats -f b.v1.npys -t b.tsv -n 0 -b 0 -q 0 -o c.out b.lateral.npys
	[[ $status -eq 0 && $stderr == *--rms* ]]
	! cmp -s c.out b.out || false
}

@test "a turned image gives the same indices, a mirrored one the mirrored" {
	for seed in 1 2 3; do
		plant a bisecting n=12 noise=.3 seed=$seed three=1
		plant b bisecting n=12 noise=.3 turn=1 seed=$seed three=1
		plant c bisecting n=12 noise=.3 mirror=1 seed=$seed three=1
		for x in a b c; do
			three $x -n 49 -b 20 -p $x.profile >$x.out
		done
		python '
a = table("a.out")
for other in "b.out", "c.out":
    t = table(other)
    for i, q in enumerate(a["quantity"]):
        exact = not q.startswith(("Q_", "cells"))  # cells of Q have edges, image axes turn; shifts within cells of C do not
        # which phase a filter is given depends on the end its angle is counted from: permuted phases turn with it
        for c in ("value",) if "phase" in q else ("value", "chance", "p"):
            if exact and not abs(a[c][i] - t[c][i]) <= 1e-4 and not np.isnan(a[c][i]):
                sys.exit(f"{other} {q} {c}: {a[c][i]} {t[c][i]}")
        if q == "Q_inv":
            assert abs(a["value"][i] - t["value"][i]) < .03, (a["value"][i], t["value"][i])
pa, pb, pc = (table(x + ".profile") for x in "abc")
for part in "positive", "negative":
    mean = lambda t: {round(d): m for k, q, d, m, r in zip(t["kernel"], t["part"], t["dtheta_deg"], t["mean"], t["range"])
                      if k == "K" and q == part and r == "all"}
    A, B, C = mean(pa), mean(pb), mean(pc)
    for d in A:
        assert abs(A[d] - B[d]) < 1e-9 and abs(A[d] - C[90 if d == 90 else -d]) < 1e-9, d'
	done
}

@test "slips of convention would show: rows down, carrier for stripes, target for source" {
	plant a bisecting n=16 k=5
	stats a -n 9 -b 0 -q 0 >a.out
	python '
K = one("a.lateral.npys")
save("rows.lateral.npys", K[:, :, ::-1])
save("ends.lateral.npys", K[:, :, ::-1, ::-1])
save("target.lateral.npys", K.transpose(1, 0, 2, 3))'
	for x in rows ends target carrier; do
		cp a.v1.npys $x.v1.npys
		cp a.rms.npys $x.rms.npys
		cp a.tsv $x.tsv
	done
	cp a.lateral.npys carrier.lateral.npys
	awk -F'\t' -v OFS='\t' 'NR > 1 {$7 += 90} 1' a.tsv >carrier.tsv
	for x in rows ends target carrier; do
		stats $x -n 9 -b 0 -q 0 >$x.out
	done
	holds a.out 'v("K","positive","concentration") > .66'
	holds rows.out 'v("K","positive","concentration") < .2'
	holds carrier.out 'v("K","positive","concentration") < -.6'
	# with centres at random, d from target to source or exchanged indices blur every direction near the centre
	holds a.out 'v("K","positive","concentration[1,3)") > .66'
	holds ends.out 'v("K","positive","concentration[1,3)") < .8 * .698'
	holds target.out 'v("K","positive","concentration[1,3)") < .8 * .698'
}

@test "C1 is the covariance of responses to white noise, K read as conv2d reads it" {
	plant a zero n=5 k=5 size=9
	stats a -n 0 -b 0 -q 0 --pairs pairs.tsv -o a.out 2>/dev/null
	python '
from numpy.lib.stride_tricks import sliding_window_view as windows
bank = one("a.v1.npys")
bank = bank / np.sqrt((bank**2).sum((1, 2), keepdims=True))
x = np.random.default_rng(5).standard_normal((700, 700))
h = np.einsum("yxab,iab->iyx", windows(x, (9, 9)), bank, optimize=True)
t = table("pairs.tsv")
units = table("a.tsv")
err = []
for i, j, dx, dy, c in zip(t["i"].astype(int), t["j"].astype(int), t["dx_px"], t["dy_px"], t["C1"]):
    # storage displacement: column to the right, row down
    col = round(dx - units["x0_px"][j] + units["x0_px"][i])
    row = -round(dy - units["y0_px"][j] + units["y0_px"][i])
    n = h.shape[1]
    a = h[i, 4:n-4, 4:n-4]
    b = h[j, 4+row:n-4+row, 4+col:n-4+col]
    err.append((a * b).mean() - c)
assert len(err) == 20 * 25 and np.abs(err).max() < .04, np.abs(err).max()'
}

@test "C2 with a point as Psi0 is C1; C3 in its gauge" {
	plant a signed n=8 k=5 gain=1
	python '
save("point.npys", np.eye(3)[1][:, None] * np.eye(3)[1])
sys.path.insert(0, "'"$golden"'")
import lateral
C, rms = lateral.correlations(one("a.v1.npys"), 5), one("a.rms.npys")
save("c3.npys", C * rms[:, None, None, None] * rms[None, :, None, None])'
	stats a --lgn point.npys --c3 c3.npys -n 20 -b 20 -q 0 --label mine >a.out
	grep -P '^C1\t' a.out | grep -v half_width | cut -f 2- >1
	for k in C2 C3; do
		grep -P "^$k\t" a.out | grep -v half_width | cut -f 2- >2
		python '
for a, b in zip(open("1"), open("2")):
    a, b = a.split("\t"), b.split("\t")
    assert a[:2] == b[:2] and np.allclose([float(x) for x in a[2:]], [float(x) for x in b[2:]], atol=1e-6, equal_nan=True), (a, b)'
	done
	[[ $(cut -f 1 a.out | uniq | tr '\n' ' ') == "kernel mine_beyond_C mine C1 C2 C3 mine_beyond_C " ]]
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
			'all(p("K_beyond_C", "signed", q) > .05 and abs(v("K_beyond_C", "signed", q)) < .02 for q in ("R_0", "R_1", "R_2", "coaxiality", "concentration"))' \
			'p("K_beyond_C", "signed", "mrqap_orientation") > .05 and row("K_beyond_C", "signed", "R_0")["low"] < 0 < row("K_beyond_C", "signed", "R_0")["high"]'
	done
	holds c.out 'p("K_beyond_C", "signed", "R_0") == .005 == p("K_beyond_C", "signed", "mrqap_orientation") and v("K_beyond_C", "signed", "R_0") > .07' \
		'row("K_beyond_C", "signed", "R_0")["low"] > 0 and v("K_beyond_C", "signed", "cells_R_0") > .05'
	# a mean that is not 0: chance in closed form and by permutations
	stats c -n 0 -b 0 -q 0 >d.out
	for q in R_0 R_1 R_2; do
		near=$(awk -F'\t' -v q=$q '$1 == "K" && $2 == "signed" && $3 == q {print $4}' d.out)
		holds c.out "abs(v('K', 'signed', '$q') - $near) < .004"
	done
}

@test "orientation that only goes along with frequency: its p is small, given frequency it is not" {
	plant a frequency n=24 k=5 noise=.2 seed=3
	# a bank where orientation follows frequency
	python '
lines = [l.rstrip("\n").split("\t") for l in open("a.tsv")]
at = {c: i for i, c in enumerate(lines[0])}
f = np.array([float(l[at["sf_cpp"]]) for l in lines[1:]])
noise = np.random.default_rng(1).normal(0, 6, len(f))
for l, rank, e in zip(lines[1:], f.argsort().argsort(), noise):
    l[at["theta_deg"]] = str((rank * 80 / len(f) + e) % 180)
open("a.tsv", "w").write("\n".join("\t".join(l) for l in lines) + "\n")'
	stats a -n 999 -b 200 -q 0 >a.out
	holds a.out 'p("K","positive","iso_orientation") <= .005 and p("K","positive","mrqap_frequency") == .001' \
		'p("K","positive","mrqap_orientation") > .05 and abs(v("K","positive","mrqap_orientation")) < .3 * v("K","positive","mrqap_frequency")'
}

@test "taps moved among taps of like C: an association field is more than its overlap, relu(C) and noise is not" {
	plant a cocircular n=14 k=7 noise=.5 seed=4
	plant b relu n=14 k=7 noise=1 seed=5
	for x in a b; do
		stats $x -n 199 -b 50 -q 39 >$x.out
	done
	holds a.out 'p("K_beyond_C","positive","cells_R_2") == .005 and v("K_beyond_C","positive","cells_R_2") > .2' \
		'row("K_beyond_C","positive","cells_R_2")["low"] > .1'
	holds b.out 'min(p("K_beyond_C",part,"cells_" + q) for part in ("positive","negative") for q in ("R_0","R_1","R_2")) > .01' \
		'v("K","signed","explained_C") > .6 and abs(v("K","signed","r_C1") - v("K","signed","explained_C")) < .2'
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
	python '
a, b = table("a.pairs"), table("b.pairs")
assert (a["K"] == b["K"]).all() and (a["K"] == 0).any() and (a["C1"] != b["C1"]).any()'
	grep -P "^K\t" a.out | grep -vE "C1|explained" >1
	grep -P "^K\t" b.out | grep -vE "C1|explained" | cmp - 1
}

@test "several models: mean, Student interval, spread between and within" {
	for s in 1 2 3 4; do
		plant a iso n=8 k=5 noise=1 seed=$s
		stats a -s $s -o $s.tsv
	done
	lateral-stats --combine 1.tsv 2.tsv 3.tsv 4.tsv -o all.tsv
	[[ $(head -n 1 all.tsv) == $'kernel\tpart\tquantity\tvalue\tlow\thigh\tchance\tp\tn\tbetween_sd\twithin_sd\theterogeneity_p' ]]
	[[ $(cut -f 1-3 [1-4].tsv | sort -u) == "$(cut -f 1-3 all.tsv | sort)" ]]
	python '
all, seeds = table("all.tsv"), [table(f"{s}.tsv") for s in range(1, 5)]
rows = [{k: i for i, k in enumerate(zip(t["kernel"], t["part"], t["quantity"]))} for t in seeds]
t975 = 3.182446305
for i, key in enumerate(zip(all["kernel"], all["part"], all["quantity"])):
    at = [(t, r[key]) for t, r in zip(seeds, rows) if key in r and not np.isnan(t["value"][r[key]])]
    assert all["n"][i] == len(at)
    if len(at) < 4:
        continue
    x, low, high, chance = (np.array([t[c][j] for t, j in at]) for c in ("value", "low", "high", "chance"))
    half = t975 * x.std(ddof=1) / 2
    width = 2 * 2.364624252  # Student with 7 degrees: 8 filters
    within = np.mean(((high - low) / width)**2)
    assert np.allclose([all["value"][i], all["low"][i], all["high"][i]], [x.mean(), x.mean() - half, x.mean() + half])
    assert np.isclose(all["within_sd"][i], np.sqrt(within), equal_nan=True)
    assert np.isclose(all["between_sd"][i], np.sqrt(np.maximum(x.var(ddof=1) - within, 0)), equal_nan=True)
    effect = x - chance
    assert np.isclose(all["chance"][i], chance.mean(), equal_nan=True)
    if not effect.std() > 1e-12:  # all models alike or without chance: no test
        assert np.isnan(all["p"][i])
        continue
    tt = abs(effect.mean()) / (effect.std(ddof=1) / 2)
    # Student with 3 degrees in closed form
    u = tt / np.sqrt(3)
    assert np.isclose(all["p"][i], 1 - 2 / np.pi * (np.arctan(u) + u / (1 + u * u)), atol=1e-9), key
    q = ((x - np.average(x, weights=1 / (high - low)**2))**2 / ((high - low) / width)**2).sum()
    chi = __import__("math").erfc(np.sqrt(q / 2)) + np.sqrt(2 * q / np.pi) * np.exp(-q / 2)  # 3 degrees
    assert np.isclose(all["heterogeneity_p"][i], chi, atol=1e-9, equal_nan=True), key'
	# without permutations share_35 has no chance, and no test; R_0 is a difference from it
	stats a -n 0 -o none.tsv
	lateral-stats --combine 1.tsv none.tsv -o all.tsv
	holds all.tsv 'v("K","positive","share_35") > 0 and np.isnan(p("K","positive","share_35"))' 'p("K","positive","R_0") > 0'
	rm none.tsv
	run --separate-stderr lateral-stats --combine 1.tsv
	one_line 2 combine
	run --separate-stderr lateral-stats --combine 1.tsv a.tsv
	one_line 1 'a.tsv.*kernel'
	run --separate-stderr lateral-stats --combine 1.tsv none.tsv
	one_line 1 none.tsv
	for other in "-f a.v1.npys" "-n 9999" "-b 9" "--disc" "--label K" "-p x" "-s 1" "-j 1" "-v"; do
		run --separate-stderr lateral-stats --combine $other 1.tsv 2.tsv
		one_line 2 'means nothing with --combine'
	done
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
		'not np.isnan(v("C1","positive","R_0"))'
}

@test "no result depends on -j; seeds matter" {
	plant a signed n=9 k=5 noise=1
	stats a -j 1 -p 1.profile --pairs 1.pairs -o 1
	stats a -j 2 -p 2.profile --pairs 2.pairs -o 2
	cmp 1 2
	cmp 1.profile 2.profile
	cmp 1.pairs 2.pairs
	stats a -s 2 -o 3
	! cmp -s 1 3 || false
	stats a -o 4 <a.lateral.npys
	lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -n 99 -b 50 -q 9 <a.lateral.npys | cmp - 1
}

@test "the smallest counts, two units, one range" {
	plant a signed n=4 k=3
	stats a -n 0 -b 0 -q 0 -d 0,2 -o a.out
	holds a.out 'not np.isnan(v("K","positive","R_0[0,2)")) and np.isnan(p("K","positive","R_0"))'
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
	python '
t, K, rms = table("pairs"), one("a.lateral.npys"), one("a.rms.npys")
K = K * rms[None, :, None, None] / rms[:, None, None, None]
assert np.allclose(t["K"], K[~np.eye(4, dtype=bool)].ravel()) and np.isnan(t["C2"]).all()
assert (np.abs(t["dtheta_deg"]) <= 90).all() and (np.abs(t["dphase_deg"]) <= 180).all()'
}

@test "errors: one line, the right status" {
	plant a signed n=4 k=3
	for wrong in '--no-such-option' '-n -1' '-b x' '-d 3' '-d 3,1' '-d 1,2,3,4,5,6,7,8,9' '-d a,b' '--label='; do
		run --separate-stderr stats a $wrong
		one_line 2 .
	done
	run --separate-stderr lateral-stats -t a.tsv a.lateral.npys
	one_line 2 filters
	run --separate-stderr lateral-stats -f a.v1.npys a.lateral.npys
	one_line 2 table
	run --separate-stderr stats a b c
	one_line 2 .
	for name in C1 C2 C3; do
		run --separate-stderr stats a --label $name
		one_line 2 "label: $name"
	done
	python 'save("c3.npys", np.ones((4, 4, 3, 3))); save("narrow.npys", np.ones((4, 4, 1, 1)))'
	run --separate-stderr lateral-stats -f a.v1.npys -t a.tsv --c3 c3.npys a.lateral.npys
	one_line 2 'rms.*c3'
	run --separate-stderr stats a --c3 narrow.npys
	one_line 1 'narrow.npys: 1 px wide, the kernel 3'
	# fits of effective profiles go with the filter before the bank, others without it; who has no such column is not asked
	for profile in effective filter; do
		awk -F'\t' -v OFS='\t' -v p=$profile '{ print $0, NR == 1 ? "profile" : p }' a.tsv >$profile.tsv
	done
	python 'save("lgn.npys", np.eye(3))'
	run --separate-stderr lateral-stats -f a.v1.npys -t effective.tsv -r a.rms.npys a.lateral.npys
	one_line 1 'effective.tsv: row 1: .*--lgn'
	run --separate-stderr lateral-stats -f a.v1.npys -t filter.tsv -l lgn.npys -r a.rms.npys a.lateral.npys
	one_line 1 'filter.tsv: row 1: .*fit-gabor --lgn'
	lateral-stats -f a.v1.npys -t filter.tsv -r a.rms.npys -n 0 -b 0 -q 0 -o filter.out a.lateral.npys
	lateral-stats -f a.v1.npys -t effective.tsv -l lgn.npys -r a.rms.npys -n 0 -b 0 -q 0 -o effective.out a.lateral.npys
	(head -n 1 a.tsv; tail -n +2 a.tsv | tac) >turned.tsv
	run --separate-stderr lateral-stats -f a.v1.npys -t turned.tsv -r a.rms.npys a.lateral.npys
	one_line 1 'in their order'
	run --separate-stderr bash -c 'lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys </dev/null'
	one_line 1 'no record'
	head -c 400 a.lateral.npys >cut.npys
	run --separate-stderr bash -c 'lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -o final.out <cut.npys'
	one_line 1 'got [0-9]+ of [0-9]+ bytes'
	[[ ! -e final.out ]]
	run --separate-stderr bash -c 'cat a.lateral.npys a.lateral.npys | lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys'
	one_line 1 'second record'
	run --separate-stderr bash -c 'lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -n 9 -b 9 -q 1 a.lateral.npys >/dev/full'
	one_line 1 'No space left'
	run --separate-stderr lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys a.v1.npys
	one_line 1 'F, F, k, k'
	run --separate-stderr lateral-stats -f a.v1.npys -t none.tsv a.lateral.npys
	one_line 1 none.tsv
	head -n 3 a.tsv >short.tsv
	run --separate-stderr lateral-stats -f a.v1.npys -t short.tsv -r a.rms.npys a.lateral.npys
	one_line 1 '2 rows'
	python 'save("rms3.npys", np.ones(3)); save("bank3.npys", np.ones((3, 5, 5))); save("nan.npys", one("a.lateral.npys") * np.nan)'
	run --separate-stderr lateral-stats -f a.v1.npys -t a.tsv -r rms3.npys a.lateral.npys
	one_line 1 '3 numbers'
	run --separate-stderr lateral-stats -f bank3.npys -t a.tsv -r a.rms.npys a.lateral.npys
	one_line 1 '3 of them'
	run --separate-stderr lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys nan.npys
	one_line 1 nan.npys
}
