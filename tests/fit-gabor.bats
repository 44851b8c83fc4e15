# fit-gabor: planted parameters, geometry, SciPy's answer, chance, errors, streams
load common

# write gabors(parameters as in the table) to FILE.npys; noise: part of the power
plant='
rng = np.random.default_rng(7)
def gabor(k, theta_deg, phase_deg, f, across, along, x0, y0, a=1, c=0):
    i = np.arange(k) - (k - 1) / 2
    x, y = np.meshgrid(i, -i)
    t, p = np.radians(theta_deg), np.radians(phase_deg)
    u = -(x - x0) * np.sin(t) + (y - y0) * np.cos(t)
    v = (x - x0) * np.cos(t) + (y - y0) * np.sin(t)
    return a * np.exp(-u**2 / 2 / across**2 - v**2 / 2 / along**2) * np.cos(2 * np.pi * f * u + p) + c
def draw(k=11):
    while True:
        f, nx = rng.uniform(.1, .35), rng.uniform(.25, .7)
        across, along = nx / f, nx / f * rng.uniform(.8, 1.8)
        x0, y0 = rng.uniform(-3, 3, 2)
        if max(across, along) + max(abs(x0), abs(y0)) < k / 2 and across > .7:
            return [rng.uniform(0, 180), rng.uniform(-180, 180), f, across, along, x0, y0]
columns = "theta_deg phase_deg sf_cpp sigma_across_px sigma_along_px x0_px y0_px".split()
'

@test "planted parameters come back, in their units, within 1e-6" {
	python "$plant"'
p = np.array([draw() for _ in range(24)])
save("bank.npys", np.array([gabor(11, *q, a=2, c=.5) for q in p]))
save("truth.npys", p)
'
	fit-gabor --surrogates 0 bank.npys >t.tsv
	python "$plant"'
t, p = table("t.tsv"), one("truth.npys")
for i, name in enumerate(columns):
    d = t[name] - p[:, i]
    if name.endswith("deg"):
        period = 180 if i == 0 else 360
        d = (d + period / 2) % period - period / 2
    assert np.abs(d).max() < 1e-6, (name, np.abs(d).max())
assert np.abs(t["amplitude"] - 2).max() < 1e-6 and np.abs(t["offset"] - .5).max() < 1e-6
assert (t["record"] == 0).all() and (t["filter"] == np.arange(24)).all()
assert (t["accepted"] == 1).all() and set(t["reason"]) == {"-"} and set(t["model"]) == {"gabor"}
assert np.isnan(t["r_surrogates_95"]).all() and np.isnan(t["p"]).all()
assert np.allclose(t["nx"], p[:, 2] * p[:, 3]) and np.allclose(t["ny"], p[:, 2] * p[:, 4])
c = np.sqrt(2 * np.log(2)) / 2 / np.pi
assert np.allclose(t["sf_bandwidth_octaves"], np.log2((t["nx"] + c) / (t["nx"] - c)))
w = np.radians(t["orientation_half_width_deg"])
assert np.allclose(t["nx"]**2 * (1 - np.cos(w))**2 + t["ny"]**2 * np.sin(w)**2, c**2)
'
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
t = table("t.tsv")
theta = [20, 110, 20, 160, 160, 70, 0, 20]
d = (t["theta_deg"] - theta + 90) % 180 - 90
assert np.abs(d[[0, 1, 2, 3, 4, 5, 7]]).max() < 1e-6 and abs(d[6]) < 1e-3, d
x, y = [.6, 1.1, -.6, -.6, .6, 1.1, 0, .6], [-1.1, .6, 1.1, -1.1, 1.1, -.6, 0, -1.1]
keep = [0, 1, 2, 3, 4, 5, 7]
assert np.abs(t["x0_px"] - x)[keep].max() < 1e-6 and np.abs(t["y0_px"] - y)[keep].max() < 1e-6
# a half turn reverses u, so does a mirror image of this one; a negative adds 180 degrees
assert np.abs(t["phase_deg"][[0, 2, 7]] - [40, -40, -140]).max() < 1e-5, t["phase_deg"]
assert 0 < t["phase_deg"][6] < 180, t["phase_deg"][6]
'
}

@test "SciPy's least squares finds the same parameters and the same standard errors" {
	fit-gabor --surrogates 0 "$golden/fit.npys" >t.tsv
	python '
import sys
t, g = table("t.tsv"), table(sys.argv[1])
for name in "theta_deg phase_deg sf_cpp sigma_across_px sigma_along_px x0_px y0_px amplitude offset".split():
    d, se = np.abs(t[name] - g[name]), g[name + "_se"]
    d = np.minimum(d, np.abs(d - 180)) if name == "theta_deg" else np.minimum(d, np.abs(d - 360)) if name == "phase_deg" else d
    noisy = g["sse"] > 1e-12
    assert (d[noisy] < 1e-3 * se[noisy]).all() and (d[~noisy] < 1e-6).all(), (name, d, se)
    assert np.abs(t[name + "_se"] / se - 1)[noisy].max() < 2e-3, (name, t[name + "_se"] / se)
assert np.abs(t["noise"]**2 * (121 - 9) - g["sse"]).max() < 1e-8
' "$golden/fit.tsv"
}

@test "10 % noise: half of the orientations within a degree; planted Gabors are accepted, noise is not" {
	python "$plant"'
p, bank = [draw() for _ in range(40)], []
for q in p:
    g = gabor(11, *q)
    bank.append(g + rng.normal(size=g.shape) * np.sqrt(g.var() / 9))
save("bank.npys", np.array(bank))
save("noise.npys", rng.normal(size=(40, 9, 9)))
save("truth.npys", np.array(p))
'
	fit-gabor --surrogates 39 --passes passes.tsv bank.npys >t.tsv
	fit-gabor --surrogates 39 --compare compare.tsv noise.npys >n.tsv
	python '
t, n, p, s = table("t.tsv"), table("n.tsv"), one("truth.npys"), table("passes.tsv")
d = np.abs((t["theta_deg"] - p[:, 0] + 90) % 180 - 90)
assert np.median(d) < 1, np.median(d)
z = (t["sigma_across_px"] - p[:, 3]) / t["sigma_across_px_se"]
assert .5 < np.sqrt(np.mean(z**2)) < 1.6, z
assert t["accepted"].mean() > .9 and n["accepted"].mean() < .15
assert (t["p"] >= 1 / 40).all() and np.mean(n["p"] <= .05) < .25
assert ((t["accepted"] == 1) == np.array([r == "-" for r in t["reason"]])).all()
assert (t["r"] > t["r_surrogates_95"])[t["accepted"] == 1].all()
i = [a == "surrogates" and b == .95 for a, b in zip(s["rule"], s["level"])].index(True)
assert s["filters"][i] == 40 and s["filters_accepted"][i] == t["accepted"].sum()
assert s["surrogates"][i] == 40 * 39 and s["surrogates_above"][i] == 40 * 1, s["surrogates_above"][i]
c = table("compare.tsv")
assert c["quantity"][0] == "ringach_2d" and (c["n"] == n["accepted"].sum()).all()
assert np.isnan(c["chance"]).all() if c["n"][0] == 0 else c["chance"][7] > 0 # no units: nothing to compare
'
}

# BANKS, FILTERS, SURROGATES: banks of 8 planted Gabors of uniform orientation and phase among FILTERS white ones,
# compared; the p of each quantity over banks into p.npys, in the order of the table, p and p_uniform
compare_uniform() {
	python "$plant"'
for b in range(int(sys.argv[1])):
    bank = []
    for i in range(8):
        f = rng.uniform(.15, .3)
        s = rng.uniform(.35, .5) / f
        g = gabor(9, rng.uniform(0, 180), rng.uniform(-180, 180), f, s, s * rng.uniform(1, 1.3), *rng.uniform(-.7, .7, 2))
        bank.append(g / g.std() + .1 * rng.normal(size=(9, 9)))
    save(f"bank{b}.npys", np.concatenate([bank, rng.normal(size=(int(sys.argv[2]), 9, 9))]))
' "$1" "$2"
	for ((b = 0; b < $1; b++)); do
		fit-gabor --gabor-only --surrogates "$3" -s $((b + 1)) --compare compare$b.tsv -o fits$b.tsv bank$b.npys
	done
	python '
c = [table(f"compare{b}.tsv") for b in range(int(sys.argv[1]))]
for b, t in enumerate(c):
    assert (t["n"] == table(f"fits{b}.tsv")["accepted"].sum()).all() and (t["n"] >= 6).all(), t["n"]
assert np.mean([t["chance"][0] for t in c]) > .02 # noise is not shaped as the cells are
save("p.npys", np.array([t["p"] for t in c]), np.array([t["p_uniform"] for t in c]))' "$1"
}

@test "compared with as many surrogates, uniform orientations and phases among noise are nothing special; like ones are" {
	compare_uniform 16 24 19
	python '
p, u = npys("p.npys")
assert np.isnan(u[:, [0, 1, 6, 7, 8]]).all() and not np.isnan(u[:, 2:6]).any() and not np.isnan(p).any()
# of 16 right p at most 4 are below .1 in 98 %, and their mean is .5 with a standard deviation of .07
for q in (2, 3, 4, 5):
    for x in (p[:, q], u[:, q]):
        assert (x <= .1).sum() <= 5 and np.mean(x) > .28, (q, x)
'
	# Rayleigh; entropy and phases by definition; a bank of one orientation and phase
	python "$plant"'save("same.npys", np.array([gabor(9, 30, 0, .22, 1.8, 2, 0, 0) + .02 * rng.normal(size=(9, 9)) for _ in range(8)]))'
	fit-gabor --gabor-only --surrogates 19 --compare same.tsv -o fits.tsv same.npys
	python '
c, t = table("same.tsv"), table("fits.tsv")
at = {q: i for i, q in enumerate(c["quantity"])}
ok = t["accepted"] == 1
theta, phase, n = np.radians(t["theta_deg"][ok]), np.radians(t["phase_deg"][ok]), ok.sum()
R = n * abs(np.exp(2j * theta).mean())
assert abs(c["value"][at["phase_balance"]] - np.cos(2 * phase).mean()) < 1e-6
assert abs(c["p_uniform"][at["orientation_length"]] / np.exp(np.sqrt(1 + 4 * n + 4 * (n**2 - R**2)) - (1 + 2 * n)) - 1) < 1e-4
assert (c["p_uniform"][[at[q] for q in ("phase_clustering", "phase_balance", "orientation_length", "orientation_entropy")]] < .01).all()
# surrogates have the filters" spectrum, so their orientation: that p does not tell
assert c["chance"][at["orientation_length"]] > .9'
}

@test "degenerate profiles have their reason; a constant one is nan; every filter has its row" {
	python "$plant"'
i = np.arange(11) - 5.
x, y = np.meshgrid(i, -i)
save("bank.npys", np.array([
    np.full((11, 11), 2.),                         # constant
    np.exp(-(x**2 + y**2) / 8) + 0 * x,            # a blob is low-pass
    gabor(11, 30, 0, .2, 3, 3, 4.5, 0),            # envelope cut off
    gabor(11, 0, 90, .25, 1.5, 2, 0, 0),
    np.zeros((11, 11))]))
'
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
assert (f[0] == 2).all() and (f[4] == 0).all() and np.abs(f[3] - b[3]).max() < 1e-9 and np.abs(f[1] - b[1]).max() < .02
'
}

@test "round profiles and elongated blobs are not accepted; broadly tuned Gabors are" {
	python "$plant"'
k = 11
i = np.arange(k) - 5.
def gauss(s, x0, y0, t=0, ratio=1):
    x, y = np.meshgrid(i - x0, -i - y0)
    u, v = -x * np.sin(t) + y * np.cos(t), x * np.cos(t) + y * np.sin(t)
    return np.exp(-u**2 / 2 / s**2 - v**2 / 2 / (ratio * s)**2)
def log(s, x0, y0):
    x, y = np.meshgrid(i - x0, -i - y0)
    q = (x**2 + y**2) / 2 / s**2
    return (1 - q) * np.exp(-q)
def dog(s, x0, y0):
    r = rng.uniform(1.5, 2)
    return gauss(s, x0, y0) - rng.uniform(.6, 1.1) / r**2 * gauss(r * s, x0, y0)
def broad():
    while True:
        f, nx, ny, x0, y0 = rng.uniform(.12, .3), rng.uniform(.19, .24), rng.uniform(.15, .25), *rng.uniform(-1.5, 1.5, 2)
        if min(nx, ny) > .6 * f and max(nx, ny) / f + max(abs(x0), abs(y0)) < k / 2:
            return gabor(k, *rng.uniform(0, 180, 2), f, nx / f, ny / f, x0, y0)
def noisy(g, level=.1):
    return g / g.std() * np.sqrt(1 - level) + np.sqrt(level) * rng.normal(size=g.shape)
at = lambda: rng.uniform(-1.5, 1.5, 2)
save("bank.npys", np.array([noisy(log(rng.uniform(1, 2.2), *at())) for _ in range(30)]
    + [noisy(dog(rng.uniform(.9, 1.3), *at())) for _ in range(30)]
    + [noisy(gauss(rng.uniform(.8, 1.3), *at(), rng.uniform(0, np.pi), rng.uniform(1.3, 2))) for _ in range(30)]
    + [noisy(broad()) for _ in range(60)]))
'
	fit-gabor --surrogates 19 bank.npys >all.tsv
	fit-gabor --surrogates 19 --gabor-only bank.npys >only.tsv
	python '
t, o = table("all.tsv"), table("only.tsv")
reason, a, b = np.array(t["reason"]), t["accepted"] == 1, o["accepted"] == 1
# judged as Gabors alone, many round ones would pass; the model tells what they are
assert b[:60].sum() > 20 and not a[:60].any() and sum("round" in r for r in reason[:60]) >= 57, (b[:60].sum(), reason[:60])
assert not a[60:90].any() and sum("not-gabor" in r for r in reason[60:90]) >= 20, reason[60:90]
# and takes no Gabor, however broad; what is left out is low-pass by its fit or reaches out of the array
assert (a[90:] == b[90:]).all() and a[90:].sum() > 40, (a[90:].sum(), b[90:].sum(), reason[90:])
assert all(r == "-" or "low-pass" in r or "envelope-outside" in r for r in reason[90:]), reason[90:]'
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
bank = np.array([gabor(9, *draw(9)) for _ in range(3)])
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
    assert np.abs(a[name] - b[name]).max() < 1e-6, (name, a[name], b[name])
'
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
save("labels.npys", np.arange(4)); save("wide.npys", np.zeros((2, 5, 7))); save("small.npys", np.ones((1, 3, 3)))
save("nan.npys", np.full((1, 5, 5), np.nan))'
	common_errors "fit-gabor --surrogates 19" bank.npys
	pipe 'fit-gabor labels.npys'; one_line 1 'labels.npys: record 0: a filter bank is'
	pipe 'fit-gabor wide.npys'; one_line 1 'not square'
	pipe 'fit-gabor small.npys'; one_line 1 'at least 4 x 4'
	pipe 'fit-gabor nan.npys'; one_line 1 'nan.npys: record 0'
	pipe 'fit-gabor bank.npys labels.npys'; one_line 1 'labels.npys: record 1'
	pipe 'fit-gabor --surrogates -1 bank.npys'; one_line 2 surrogates
	pipe 'fit-gabor --surrogates 0 --seed 3 bank.npys'; one_line 2 'seed: not together with --surrogates 0 without --compare'
	pipe 'fit-gabor --lgn no.npys bank.npys'; one_line 1 'no.npys'
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
