# fit-log: planted LoGs, SciPy's answer, symmetry, models, chance
load common

shapes='
from profiles import *
rng = np.random.default_rng(3)'

@test "planted LoGs come back within 1e-6, ON and OFF, wherever they are" {
	python "$shapes"'
p = np.array([[rng.uniform(.5, 2) * (-1)**i, rng.uniform(.7, 1.6), *rng.uniform(-1.5, 1.5, 2)] for i in range(20)])
save("bank.npys", np.array([log(9, *q) for q in p])); save("truth.npys", p)
save("offset.npys", np.array([log(9, *q, c=.3) for q in p]))'
	fit-log --null 0 bank.npys >t.tsv
	fit-log --null 0 --offset offset.npys >o.tsv
	python '
t, o, p = table("t.tsv"), table("o.tsv"), one("truth.npys")
for i, name in enumerate(("amplitude", "sigma_px", "x0_px", "y0_px")):
    assert np.abs(t[name] - p[:, i]).max() < 1e-6 and np.abs(o[name] - p[:, i]).max() < 1e-6, name
assert (t["offset"] == 0).all() and np.abs(o["offset"] - .3).max() < 1e-6
assert np.abs(t["r"] - 1).max() < 1e-9 and np.abs(t["r2"] - 1).max() < 1e-9 and set(t["model"]) == {"log"}
assert set(o["model"]) == {"log_offset"}
assert np.isnan(t["r_matched"]).all() and np.isnan(t["p_r"]).all() and (t["filter"] == np.arange(20)).all()'
}

@test "SciPy's least squares finds the same" {
	fit-log --null 0 "$golden/log.npys" >t.tsv
	python '
import sys
t, g = table("t.tsv"), table(sys.argv[1])
for name in g:
    assert np.abs(t[name] - g[name]).max() < 1e-6, (name, t[name] - g[name])
' "$golden/log.tsv"
}

@test "12 x 16: planted LoGs come back; symmetry and balance are those of the profile padded to 16 x 16" {
	python "$shapes"'
b = np.array([log((12, 16), a, s, x, y) for a in (1, -2) for s in (1, 1.4) for x, y in ((0, 0), (4.2, -1.3), (-3, 2.5))])
b[-1] += .1 * rng.normal(size=(12, 16))
# with their channel: 12 profiles of 12 x 16 might be 16 of 12 x 12, channels last
save("bank.npys", b[:, None], b.transpose(0, 2, 1), np.pad(b, ((0, 0), (2, 2), (0, 0))))'
	fit-log --null 0 bank.npys >t.tsv
	python '
t = table("t.tsv")
wide, turned, square = ({name: x[i::1][:12] for name, x in t.items()} for i in (0, 12, 24))
s, x, y = (np.array([p[i] for _ in (1, 2) for q in (1, 1.4) for p in ((q, 0, 0), (q, 4.2, -1.3), (q, -3, 2.5))]) for i in range(3))
for name, q in ("sigma_px", s), ("x0_px", x), ("y0_px", y):
    assert np.abs(wide[name] - q)[:-1].max() < 1e-6, name
assert np.abs(wide["x0_px"] + turned["y0_px"]).max() < 1e-6
for name in "symmetry elongation fourfold dc_ratio surround_ratio".split():
    assert np.abs(wide[name] - turned[name]).max() < 1e-6, name
    assert np.abs(wide[name] - square[name])[:-1].max() < 1e-3, (name, wide[name] - square[name])'
}

@test "AICc names what was planted; a free offset would turn every blob into a LoG" {
	python "$shapes"'
noise, e = lambda: .02 * rng.normal(size=(9, 9)), lambda s: gauss(9, s)
delta = np.zeros((9, 9)); delta[3, 5] = 1
save("bank.npys", np.array([log(9, 1, 1.2, .3, 0) + noise(), log(9, 1, 1.2, .3, 0, .5) + noise(),
    e(1) - .15 * e(2.5) + noise(), e(1.3) + noise()]))
save("pure.npys", np.array([e(1.0), delta]))'
	fit-log --null 0 bank.npys >t.tsv
	fit-log --null 0 pure.npys >p.tsv
	python '
t, p = table("t.tsv"), table("p.tsv")
assert t["model"] == ["log", "log_offset", "dog", "gaussian"], t["model"]
assert (p["r_offset"] > .98).all() and p["model"] == ["gaussian", "delta"], p["r_offset"]
# the numbers against their definition: n ln(sse/n) + 2K + 2K(K+1)/(n-K-1), K = 4 parameters and the variance
x = one("bank.npys")
sse = (1 - t["r2_log"]) * np.array([((b - b.mean())**2).sum() for b in x])
assert np.abs(81 * np.log(sse / 81) + 10 + 60 / 75 - t["aicc_log"]).max() < 1e-6'
}

@test "accepted: LoGs and balanced DoGs in noise; not a pixel, a blob, narrow or unbalanced profiles, or noise" {
	python "$shapes"'
noise, e = lambda k: .02 * rng.normal(size=(k, k)), lambda s: gauss(7, s)
delta = np.zeros((7, 7)); delta[3, 3] = 1
save("good.npys", np.array([log(7, (-1)**i, s, .3, -.2) + noise(7) for i, s in enumerate((.8, .9, 1., 1.1, 1.2, .85))] +
    [e(.8) - .25 * e(1.6) + noise(7)]))
save("bad.npys", np.array([delta, delta + .01 * noise(7), e(1.) + noise(7), e(1.), log(7, 1, .5, .5, .5), log(7, 1, 1, c=.1),
    np.zeros((7, 7)), np.ones((7, 7))]))
save("noise.npys", rng.normal(size=(200, 7, 7)))'
	for name in good bad noise; do fit-log --null 39 $name.npys >$name.tsv; done
	fit-log --null 0 bad.npys >plain.tsv
	python '
g, b, n, p = (table(f + ".tsv") for f in ("good", "bad", "noise", "plain"))
assert (g["accepted"] == 1).all() and set(g["reason"]) == {"-"}, g["reason"]
assert (b["accepted"] == 0).all() and (p["accepted"] == 0).all(), (b["reason"], p["reason"])
assert b["r"][0] > .999 and b["symmetry"][0] > .99 and "noise" not in p["reason"][0]
has = lambda i, *words: all(w in b["reason"][i].split(",") for w in words)
assert has(0, "sigma", "dc", "surround", "model") and has(1, "sigma", "dc", "model"), b["reason"]
assert has(2, "dc", "surround", "model") and has(3, "dc", "surround", "model"), b["reason"]
assert has(4, "sigma") and has(5, "dc") and b["reason"][6] == "zero" and has(7, "dc", "surround"), b["reason"]
assert n["accepted"].mean() < .1, n["accepted"].mean()
for t in (g, b, n):
    assert ((t["accepted"] == 1) == np.array([r == "-" for r in t["reason"]])).all()'
}

@test "symmetry is about the fitted centre; elongation and fourfold shapes are told apart; balance" {
	python "$shapes"'
g = lambda a, b: gauss(11, 1, a, b)
save("bank.npys", np.array([log(11, -1, 1.3, .45, -.4), gauss(11, 2, ratio=.5),
    g(0, 3) + g(0, -3) + g(3, 0) + g(-3, 0) + .5 * g(0, 0)]))'
	fit-log --null 0 bank.npys >t.tsv
	python '
t = table("t.tsv")
assert t["symmetry"][0] > .999 and t["dc_ratio"][0] < .01 and abs(t["surround_ratio"][0] - 1) < .02
assert t["elongation"][1] > .08 and abs(t["dc_ratio"][1] - 1) < 1e-9 and t["surround_ratio"][1] == 0, (t["elongation"], t["dc_ratio"], t["surround_ratio"])
assert t["fourfold"][2] > .1 and t["elongation"][2] < 1e-6, (t["fourfold"], t["elongation"], t["x0_px"])
# E_m by the transform on a polar grid, about the fitted centre
x = one("bank.npys")[1]
i = np.arange(11) - 5.
X, Y = np.meshgrid(i - t["x0_px"][1], -i - t["y0_px"][1])
rho = (np.arange(200) + .5) * 2.5 / 200
phi = np.arange(64) * 2 * np.pi / 64
P = np.exp(-1j * rho[:, None, None, None] * (np.cos(phi)[:, None, None] * X + np.sin(phi)[:, None, None] * Y))
P = np.einsum("rpij,ij->rp", P, x)
E = (np.abs(np.fft.fft(P, axis=1) / 64)**2 * rho[:, None]).sum(0)
E = np.array([E[0]] + [E[m] + E[-m] for m in range(1, 32)]) / E.sum()
assert np.abs(E[[0, 2, 4]] - [t["symmetry"][1], t["elongation"][1], t["fourfold"][1]]).max() < 1e-4, E[:5]'
}

# what was measured before came from another search for the best centre, see lib/fit/blob.h: hence .07, and .03 for symmetry's
# median. Its r at 95 %, .48, is below that of all those searches (.51 to .55); it may be of few profiles
@test "chance: noise is fitted as well as was measured before, and lies within its own null" {
	python "$shapes"'
k = np.exp(-np.add.outer(np.arange(-3, 4)**2, np.arange(-3, 4)**2) / 2 / .7**2)
z = rng.normal(size=(150, 7, 7))
s = np.real(np.fft.ifft2(np.fft.fft2(z) * np.fft.fft2(np.fft.ifftshift(k))))
save("white.npys", z); save("smooth.npys", s); save("log.npys", log(7, 1, 1, .2, -.3))'
	fit-log --null 39 white.npys >w.tsv
	fit-log --null 39 smooth.npys >s.tsv
	fit-log log.npys >l.tsv
	python '
w, s, l = table("w.tsv"), table("s.tsv"), table("l.tsv")
near = lambda a, b: abs(a - b) < .07
assert near(np.median(w["r"]), .40) and near(np.percentile(w["r"], 95), .48), (np.median(w["r"]), np.percentile(w["r"], 95))
assert near(np.median(w["symmetry"]), .23) and near(np.percentile(w["symmetry"], 95), .49)
assert near(np.median(s["r"]), .54) and near(np.percentile(s["r"], 95), .73), (np.median(s["r"]), np.percentile(s["r"], 95))
assert near(np.median(s["symmetry"]), .39) and near(np.percentile(s["symmetry"], 95), .59)
for t in (w, s):
    assert np.mean(t["p_r"] <= .05) < .12 and np.mean(t["p_symmetry"] <= .05) < .12
    assert near(np.median(t["r"]), np.mean(t["r_matched"])) and near(np.median(t["symmetry"]), np.mean(t["symmetry_matched"]))
assert near(np.median(w["r"]), w["r_white"][0]) and near(np.percentile(w["r"], 95), w["r_white_95"][0])
assert l["p_r"] == .01 and l["p_symmetry"] == .01 and l["symmetry"] > l["symmetry_matched_95"]'
}

@test "a stream of snapshots gives one row each; nothing depends on -j" {
	python "$shapes"'
save("run.npys", *[log(7, 1, 1, 0, 0) * t / 9 + (1 - t / 9) * z for z in [rng.normal(size=(7, 7))] for t in range(10)])'
	fit-log -j 1 --null 19 run.npys >a.tsv
	fit-log -j 2 --null 19 <run.npys >b.tsv
	cmp a.tsv b.tsv
	python '
t = table("a.tsv")
assert (t["record"] == np.arange(10)).all() and (t["filter"] == 0).all() and t["r"][9] > .999 > t["r"][0]
assert len(set(t["r_white"])) == 1 and len(set(t["r_matched"])) == 10'
}

@test "zeros are nan; errors are one line" {
	python 'save("zeros.npys", np.zeros((2, 5, 5))); save("bank.npys", np.random.default_rng(0).normal(size=(2, 5, 5)))
save("labels.npys", np.arange(4)); save("small.npys", np.ones((1, 2, 2)))'
	fit-log zeros.npys >t.tsv
	python 't = table("t.tsv")
assert len(t["r"]) == 2 and all(np.isnan(t[c]).all() for c in ("r", "r2", "sigma_px", "symmetry", "dc_ratio", "p_r"))
assert t["model"] == ["-", "-"] and t["reason"] == ["zero", "zero"]'
	common_errors "fit-log --null 19" bank.npys
	errors fit-log <<-EOF
		labels.npys | 1 | labels.npys: record 0: a filter bank is
		small.npys | 1 | at least 3 x 3
		--null x bank.npys | 2 | null
		--null 0 --seed 3 bank.npys | 2 | seed: not together with --null 0
	EOF
}

@test "a model in place of a bank: its one tensor that fits; of several, and of none, the message names the way" {
	python '
x = np.random.default_rng(1).normal(size=(3, 1, 7, 7)).astype("<f4")
save("bank.npys", x)
save_file({"conv1.weight": x, "conv2.weight": np.ones((8, 3, 3, 3), "<f4"), "bias": np.ones(7, "<f4")}, "m.safetensors")
save_file({"a": x, "b": x}, "two.safetensors")
save_file({"bias": np.ones(7, "<f4")}, "none.safetensors")'
	fit-log bank.npys >expected
	fit-log m.safetensors | cmp - expected
	cat m.safetensors | fit-log | cmp - expected
	run --separate-stderr fit-log two.safetensors
	one_line 1 'two.safetensors: .*several tensors fit, a \(3,1,7,7\), b \(3,1,7,7\); .*tensor-get --name NAME two.safetensors'
	run --separate-stderr fit-log none.safetensors
	one_line 1 'none.safetensors: .*tensor-info none.safetensors'
	run --separate-stderr fit-log bank.npys m.safetensors
	one_line 1 'not NPY'
}

@test "a profile times any power of two has the same fit; a constant has no r" {
	python '
y, x = np.mgrid[3:-4:-1, -3:4]
s = ((x - .3)**2 + (y + .2)**2) / 2 / .9**2
l = (1 - s) * np.exp(-s) + .05 * np.random.default_rng(1).normal(size=(7, 7))
save("scales.npys", np.stack([l * 2.**p for p in (0, -280, -400, -900, 260, 700, 1000)]))
save("constants.npys", np.stack([np.full((7, 7), .1), np.full((7, 7), 1 / 3)]))'
	fit-log --null 5 scales.npys -o scales.tsv
	fit-log --null 5 constants.npys -o constants.tsv
	python '
t, c = table("scales.tsv"), table("constants.tsv")
for name in "r", "r2", "sigma_px", "x0_px", "y0_px", "symmetry":
    assert (t[name] == t[name][0]).all() and np.isfinite(t[name][0]), name
ratio = t["amplitude"] / t["amplitude"][0] / 2.**np.array([0, -280, -400, -900, 260, 700, 1000])
assert np.abs(ratio - 1).max() < 1e-9
assert np.isnan(c["r"]).all() and np.isnan(c["r2"]).all() and (c["accepted"] == 0).all()'
}
