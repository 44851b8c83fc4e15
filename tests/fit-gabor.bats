# fit-gabor: planted parameters, geometry, SciPy's answer, chance, errors, streams
load common

plant='
from fitting import *
rng = np.random.default_rng(7)
'

@test "planted parameters come back, in their units, within 1e-6" {
	python "$plant"'
p = np.array([draw(rng) for _ in range(24)])
save("bank.npys", np.array([gabor(11, *q, a=2, c=.5) for q in p]))
save("truth.npys", p)'
	fit-gabor --surrogates 0 bank.npys >t.tsv
	python 'import fitting; fitting.planted("t.tsv", "truth.npys")'
}

@test "stripes run along theta, y is up: a quarter turn of the array turns theta by 90 degrees" {
	python "$plant"'
a = gabor(9, 20, 40, .2, 1.5, 2.2, .6, -1.1)
# horizontal bars: stripes at 0 degrees, light below (phase -90 has its light half at u > 0, up; so 90 below)
bars = np.zeros((9, 9)); bars[3], bars[4] = -1, 1; bars *= np.exp(-(np.arange(9) - 4)**2 / 8)
save("bank.npys", np.array([a, np.rot90(a), np.rot90(a, 2), a[:, ::-1], a[::-1], a.T, bars, -a]))
'
	fit-gabor --surrogates 0 bank.npys >t.tsv
	python '
from fitting import angle
t, keep = table("t.tsv"), [0, 1, 2, 3, 4, 5, 7]
d = angle(t["theta_deg"] - [20, 110, 20, 160, 160, 70, 0, 20], 180)
assert np.abs(d[keep]).max() < 1e-6 and abs(d[6]) < 1e-3, d
x, y = [.6, 1.1, -.6, -.6, .6, 1.1, 0, .6], [-1.1, .6, 1.1, -1.1, 1.1, -.6, 0, -1.1]
assert np.abs(t["x0_px"] - x)[keep].max() < 1e-6 and np.abs(t["y0_px"] - y)[keep].max() < 1e-6
# a half turn reverses u, so does a mirror image of this one; a negative adds 180 degrees
assert np.abs(t["phase_deg"][[0, 2, 7]] - [40, -40, -140]).max() < 1e-5, t["phase_deg"]
assert 0 < t["phase_deg"][6] < 180, t["phase_deg"][6]'
}

@test "SciPy's least squares finds the same parameters and the same standard errors" {
	fit-gabor --surrogates 0 "$golden/fit.npys" >t.tsv
	python '
from fitting import COLUMNS, PERIODS, angle
t, g = table("t.tsv"), table(sys.argv[1])
noisy = g["sse"] > 1e-12
for name in COLUMNS + ["amplitude", "offset"]:
    d, se = np.abs(angle(t[name] - g[name], PERIODS.get(name))), g[name + "_se"]
    assert (d[noisy] < 1e-3 * se[noisy]).all() and (d[~noisy] < 1e-6).all(), (name, d, se)
    assert np.abs(t[name + "_se"] / se - 1)[noisy].max() < 2e-3, (name, t[name + "_se"] / se)
assert np.abs(t["noise"]**2 * (121 - 9) - g["sse"]).max() < 1e-8
' "$golden/fit.tsv"
}

@test "profiles that are no clean Gabors: SciPy's best of 40 random starts is no better, for a learned bank and for noise" {
	fit-gabor --surrogates 0 --gabor-only "$golden/optima.npys" >t.tsv
	python '
t, g = table("t.tsv"), table(sys.argv[1])
missed = g["r"] > t["r"] + .003
assert (t["record"] == g["record"]).all() and len(missed) == 72
assert not missed[:32].any() and missed[32:].sum() <= 1, np.flatnonzero(missed)
# most of them are the same optimum
assert np.median(np.abs(t["r"] - g["r"])) < 1e-5
assert min(t["sigma_across_px"].min(), t["sigma_along_px"].min()) >= .5' "$golden/optima.tsv"
}

@test "10 % noise: half of the orientations within a degree; planted Gabors are accepted, noise is not" {
	python "$plant"'
p = [draw(rng) for _ in range(40)]
bank = [g + rng.normal(size=g.shape) * np.sqrt(g.var() / 9) for g in (gabor(11, *q) for q in p)]
save("bank.npys", np.array(bank))
save("noise.npys", rng.normal(size=(40, 9, 9)))
save("truth.npys", np.array(p))'
	fit-gabor --surrogates 39 --passes passes.tsv bank.npys >t.tsv
	fit-gabor --surrogates 39 --compare compare.tsv noise.npys >n.tsv
	python 'import fitting; fitting.in_noise()'
}

@test "compared with as many surrogates, uniform orientations and phases among noise are nothing special; like ones are" {
	python '
from fitting import uniform_banks
p, u = uniform_banks(16, 24, 19)
# of 16 right p at most 4 are below .1 in 98 %, and their mean is .5 with a standard deviation of .07
for q in (2, 3, 4, 5):
    for x in (p[:, q], u[:, q]):
        assert (x <= .1).sum() <= 5 and np.mean(x) > .28, (q, x)'
	# Rayleigh; entropy and phases by definition; a bank of one orientation and phase
	python "$plant"'save("same.npys", np.array([gabor(9, 30, 0, .22, 1.8, 2, 0, 0) + .02 * rng.normal(size=(9, 9)) for _ in range(8)]))'
	fit-gabor --gabor-only --surrogates 19 --compare same.tsv -o fits.tsv same.npys
	python 'import fitting; fitting.one_orientation("same.tsv", "fits.tsv")'
}

@test "12 x 16: planted parameters come back, also lying down, in colour, on edge, and in noise; of a rectangle not its square" {
	python "$plant"'
p = np.array([draw(rng) for _ in range(40)])
b = np.array([gabor((12, 16), *q, a=2, c=.5) for q in p])
noise = [g + rng.normal(size=g.shape) * np.sqrt(g.var() / 9) for g in b]
save("bank.npys", b, b.transpose(0, 2, 1), b[:, None] * np.array([.3, .6, .1])[:, None, None], np.array(noise))
save("truth.npys", p)
# centres that only a rectangle holds
save("edge.npys", np.array([gabor((12, 16), 30, 20, .2, 1.5, 1.5, 6.2, 0), gabor((12, 16), 30, 20, .2, 1.5, 1.5, 0, 6.2)]))'
	fit-gabor --surrogates 19 --fitted f.npys bank.npys >t.tsv
	fit-gabor --surrogates 0 edge.npys >e.tsv
	python '
from fitting import COLUMNS, PERIODS, angle
t, e, p, (f, turned, *_) = table("t.tsv"), table("e.tsv"), one("truth.npys"), npys("f.npys")
known = {name: t[name].reshape(4, 40) for name in COLUMNS}
for record in 0, 1, 2:
    for name, q in zip(COLUMNS, p.T.copy()):
        if record == 1:  # transposed: x and -y change places; u turns round
            q = {"theta_deg": 270 - p[:, 0], "phase_deg": p[:, 1] * np.where(p[:, 0] > 90, 1, -1),
                 "x0_px": -p[:, 6], "y0_px": -p[:, 5]}.get(name, q)
            if name == "phase_deg":  # the direction of u is not the same for all
                assert (np.minimum(np.abs(angle(known[name][1] - q, 360)), np.abs(angle(known[name][1] + q, 360))) < 1e-6).all()
                continue
        d = np.abs(angle(known[name][record] - q, PERIODS.get(name)))
        assert d.max() < 1e-6, (record, name, d.max())
assert f.shape == (40, 12, 16) and turned.shape == (40, 16, 12) and np.abs(f.transpose(0, 2, 1) - turned).max() < 1e-6
d = angle(known["theta_deg"][3] - p[:, 0], 180)
z = d / t["theta_deg_se"].reshape(4, 40)[3]
assert np.median(np.abs(d)) < 1 and .7 < np.sqrt(np.mean(z**2)) < 1.4, z
assert t["accepted"].mean() > .9
assert e["reason"][0] == "-" and "centre-outside" in e["reason"][1], e["reason"]'
}

@test "12 x 16 with --lgn: the effective profile is the full convolution; surrogates keep the moduli of both axes" {
	python 'r = np.random.default_rng(3); save("bank.npys", r.normal(size=(2, 12, 16))); save("lgn.npys", r.normal(size=(3, 5)))'
	fit-gabor --surrogates 19 --lgn lgn.npys --profiles effective.npys bank.npys >t.tsv
	python '
b, g, e = one("bank.npys"), one("lgn.npys"), one("effective.npys")
F = lambda a: np.fft.rfft2(a, (14, 20))
assert e.shape == (2, 14, 20) and np.abs(np.fft.irfft2(F(b) * F(g), (14, 20)) - e).max() < 1e-12
t = table("t.tsv"); assert (t["r"] < t["r_surrogates_95"] + .2).all()'
}

@test "degenerate profiles have their reason; a constant one is nan; every filter has its row" {
	python "$plant"'
save("bank.npys", np.array([
    np.full((11, 11), 2.),                         # constant
    gauss(11, 2),                                  # a blob is low-pass
    gabor(11, 30, 0, .2, 3, 3, 4.5, 0),            # envelope cut off
    gabor(11, 0, 90, .25, 1.5, 2),
    np.zeros((11, 11))]))'
	fit-gabor --surrogates 19 --fitted fitted.npys bank.npys >t.tsv
	python '
t, f, b = table("t.tsv"), one("fitted.npys"), one("bank.npys")
assert t["reason"][0] == t["reason"][4] == "constant" and t["reason"][3] == "-"
assert "low-pass" in t["reason"][1] and "envelope-outside" in t["reason"][2], t["reason"]
for name in t:
    if name.startswith(("r", "theta", "x0", "offset", "nx", "aicc")) and name not in ("record", "reason"):
        assert np.isnan(t[name][[0, 4]]).all() and not np.isnan(t[name][[2, 3]]).any(), name
assert (t["accepted"] == [0, 0, 0, 1, 0]).all() and t["model"][0] == "-"
assert f.dtype == "<f8" and f.shape == b.shape
assert (f[0] == 2).all() and (f[4] == 0).all() and np.abs(f[3] - b[3]).max() < 1e-9 and np.abs(f[1] - b[1]).max() < .02'
}

@test "round profiles and elongated blobs are not accepted; broadly tuned Gabors are" {
	python 'import fitting; fitting.round_ones("bank.npys")'
	fit-gabor --surrogates 19 bank.npys >all.tsv
	fit-gabor --surrogates 19 --gabor-only bank.npys >only.tsv
	python 'import fitting; fitting.told_apart("all.tsv", "only.tsv")'
	# a Gabor under so much noise that its orientation could be any
	python "$plant"'
g = gabor(9, 40, 30, .2, 1.1, .5, 0, 0)
save("bank.npys", np.array([g / g.std() + 5 * rng.normal(size=(9, 9)) for _ in range(200)]))'
	fit-gabor --gabor-only --surrogates 0 bank.npys >t.tsv
	python '
t = table("t.tsv")
lost = ~(2 * 1.96 * t["theta_deg_se"] < 180)
assert lost.any() and [("round" in r) for r in t["reason"]] == lost.tolist(), lost.sum()'
}

@test "--lgn: the effective profile is what convolving twice computes" {
	python "$plant"'
lgn = rng.normal(size=(5, 5))
bank = np.array([gabor(9, *draw(rng, 9)) for _ in range(3)])
full = np.zeros((3, 13, 13))
for r in range(5):
    for c in range(5):
        full[:, r:r + 9, c:c + 9] += lgn[r, c] * bank
save("lgn.npys", lgn); save("bank.npys", bank); save("full.npys", full)
save("two.npys", np.array([lgn, lgn]))
'
	fit-gabor --lgn lgn.npys --surrogates 0 --fitted a.npys bank.npys | cut -f 4-30 >a.tsv
	fit-gabor --surrogates 0 full.npys | cut -f 4-30 >b.tsv
	python '
a, b = table("a.tsv"), table("b.tsv")
assert np.abs(a["sf_cpp"] - b["sf_cpp"]).max() < 1e-7 and np.abs(a["x0_px"] - b["x0_px"]).max() < 1e-6
assert one("a.npys").shape == (3, 13, 13)
'
	pipe 'fit-gabor --lgn two.npys bank.npys'
	one_line 1 'two.npys: 2 filters where one is expected'
	fit-gabor --lgn lgn.npys --surrogates 19 bank.npys | grep -q 'effective$'
}

@test "channels: the dominant spatial component and its share; one channel, none, and single filters agree" {
	python "$plant"'
g, h = gabor(9, 40, 20, .2, 1.6, 2, 0, 0), gabor(9, 130, 20, .2, 1.6, 2, 0, 0)
g, h = g / np.linalg.norm(g), h / np.linalg.norm(h)
h -= (g * h).sum() * g
h /= np.linalg.norm(h)
u, v = np.array([3, 2, -1.]) / np.sqrt(14), np.array([1, -1, 1.]) / np.sqrt(3)
v -= (u @ v) * u; v /= np.linalg.norm(v)
x = 3 * u[:, None, None] * g + 1 * v[:, None, None] * h
save("rgb.npys", np.array([x, -x]))
save("grey.npys", np.array([3 * g, -3 * g]))
save("c1.npys", np.array([3 * g, -3 * g])[:, None])
save("singles.npys", 3 * g, -3 * g)
'
	for f in rgb grey c1 singles; do
		fit-gabor --surrogates 0 $f.npys >$f.tsv
	done
	cmp grey.tsv c1.tsv
	cmp <(cut -f 3-30 grey.tsv) <(cut -f 3-30 singles.tsv)
	[[ $(cut -f 1,2 singles.tsv | tail -n 1) == $'1\t0' ]]
	python '
a, b = table("rgb.tsv"), table("grey.tsv")
assert np.abs(a["spatial_share"] - .9).max() < 1e-9 and (b["spatial_share"] == 1).all()
for name in ("theta_deg", "phase_deg", "amplitude", "x0_px"):
    assert np.abs(a[name] - b[name]).max() < 1e-6, (name, a[name], b[name])'
}

@test "nothing depends on -j; the seed moves the surrogates only" {
	fit-gabor -j 1 --surrogates 19 "$golden/fit.npys" --passes p1.tsv --compare c1.tsv >a.tsv
	fit-gabor -j 2 --surrogates 19 "$golden/fit.npys" --passes p2.tsv --compare c2.tsv >b.tsv
	cmp a.tsv b.tsv
	cmp p1.tsv p2.tsv
	cmp c1.tsv c2.tsv
	fit-gabor -s 2 --surrogates 19 "$golden/fit.npys" >c.tsv
	cmp <(cut -f 5-34 a.tsv) <(cut -f 5-34 c.tsv)
	! cmp -s a.tsv c.tsv || false
}

@test "errors are one line; labels and other shapes are refused" {
	python 'save("bank.npys", np.random.default_rng(0).normal(size=(2, 8, 8)))
save("labels.npys", np.arange(4)); save("wide.npys", np.zeros((5, 5, 7)))
save("last.npys", np.zeros((7, 9, 8, 3))); save("narrow.npys", np.ones((2, 3, 9))); save("small.npys", np.ones((1, 3, 3)))
save("nan.npys", np.full((1, 5, 5), np.nan))'
	common_errors "fit-gabor --surrogates 19" bank.npys
	errors fit-gabor <<-EOF
		labels.npys | 1 | labels.npys: record 0: a filter bank is
		wide.npys | 1 | record 0: probably .h, w, filters.: in NumPy a.transpose.2, 0, 1.; if it is .filters, h, w., a\[:, None\]
		last.npys | 1 | record 0: probably .filters, h, w, channels.: in NumPy a.transpose.0, 3, 1, 2.
		narrow.npys | 1 | profiles of 3 x 9 px: .* at least 4 x 4
		small.npys | 1 | at least 4 x 4
		nan.npys | 1 | nan.npys: record 0
		bank.npys labels.npys | 1 | labels.npys: record 1
		--surrogates -1 bank.npys | 2 | surrogates
		--surrogates 0 --seed 3 bank.npys | 2 | seed: not together with --surrogates 0 without --compare
		--lgn no.npys bank.npys | 1 | no.npys
	EOF
	fit-gabor --surrogates 1 bank.npys >t.tsv
	[[ $(wc -l <t.tsv) -eq 3 ]]
}

@test "--profiles writes what was fitted: the full convolution with --lgn, the bank itself without" {
	python 'r = np.random.default_rng(3); save("bank.npys", r.normal(size=(3, 7, 7))); save("lgn.npys", r.normal(size=(5, 5)))'
	fit-gabor --surrogates 0 --profiles same.npys bank.npys >/dev/null
	fit-gabor --surrogates 0 --lgn lgn.npys --profiles effective.npys bank.npys >/dev/null
	python '
b, g, e = one("bank.npys"), one("lgn.npys"), one("effective.npys")
assert (one("same.npys") == b).all() and e.shape == (3, 11, 11)
full = np.stack([np.fft.irfft2(np.fft.rfft2(f, (11, 11)) * np.fft.rfft2(g, (11, 11)), (11, 11)) for f in b])
assert abs(e - full).max() < 1e-12, abs(e - full).max()'
}
