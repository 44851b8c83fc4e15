# What K1 is for: the scripts of pipelines/function.mk on planted networks whose answer is known
load common

# planted CODE: a run's folder here, its lateral kernel made by CODE, which calls planted.folder
planted() {
	python "import planted
r = np.random.default_rng(3)
$1"
}

@test "lesions: a kernel of like pairs alone is nothing without them, and all there without the unlike" {
	planted '
def like(i, j, u, v, d):
    return (i != j and abs(d) < 30) * .02 * r.normal(size=u.shape)
planted.folder(like)
save("val.npys", r.integers(0, 256, (12, 32, 32)).astype("u1"), np.arange(12) % 3)'
	"$top/pipelines/lesions" . 2 1 >lesions.tsv
	python '
t = table("lesions.tsv")
kinds = list(dict.fromkeys(t["images"]))
assert kinds == ["clean", "noise", "blur", "occlusion", "contrast"], kinds  # trained without noise: no row of images as seen
for kind in kinds:
    row = {l: i for i, (l, k) in enumerate(zip(t["lesion"], t["images"])) if k == kind}
    assert list(row) == "intact T=0 like unlike coaxial cocircular near far".split()
    get = lambda name, c: t[c][row[name]]
    assert get("like", "mass") == 1 and get("unlike", "mass") == 0 and abs(get("near", "mass") + get("far", "mass") - 1) < 2e-4
    assert get("like", "loss") == get("T=0", "loss") != get("intact", "loss") == get("unlike", "loss")
    assert get("like", "n") == 2 and abs(get("like", "random") - get("T=0", "accuracy")) < 1e-9 and get("like", "random_sd") < 1e-6
    assert get("unlike", "n") == 0 and np.isnan(get("unlike", "random")) and 0 < get("coaxial", "mass") < 1
intact = t["loss"][[l == "intact" for l in t["lesion"]]]
assert len(set(intact)) == 5, intact'
}

@test "surround: a linear unit's size tuning is that of its Gabor; inhibition by far like units suppresses at its own orientation alone" {
	planted '
def far_like(i, j, u, v, d):
    far = np.hypot(u, v)
    return -.02 * (abs(d) < 30) * (far > 5.5)
planted.folder(far_like)'
	"$top/pipelines/surround" . 1 curves.tsv >surround.tsv
	python '
import planted
from profiles import gabor
t, c = table("surround.tsv"), table("curves.tsv")
assert t["T"].tolist() == [0] * 8 + [1] * 8 and len(c["T"]) == 2 * 9 * 12
y, x = np.mgrid[32:-33:-1, -32:33]
for i, (theta, f, phase) in enumerate(planted.respond.PLANTED):
    here = (c["filter"] == i) & (c["T"] == 0)
    d, a = c["diameter_px"][here], np.radians(theta)
    u = y * np.cos(a) - x * np.sin(a)
    v = y * np.sin(a) + x * np.cos(a)
    g = gabor(65, theta, phase, f, 3, 3)
    g[(abs(x) > 9) | (abs(y) > 9)] = 0
    window = lambda D: np.sin(np.pi / 2 * np.clip((D / 2 + 1 - np.hypot(x, y)) / 2, 0, 1))**2 if np.isfinite(D) else 1 + 0 * x
    def f0(across, w):
        r = [max(0, (g * (w * np.cos(2 * np.pi * f * u + q) + (1 - w) * across * np.cos(2 * np.pi * f * v + q))).sum()) for q in np.arange(8) * np.pi / 4]
        return np.mean(r)
    for column, across in ("response", 0), ("response_cross", 1):
        e = np.array([f0(across, window(D)) for D in d])
        assert np.abs(c[column][here] - e).max() < 1e-3 * e.max(), (i, column)
    e = np.array([f0(0, window(D)) for D in d])
    row = np.flatnonzero((t["filter"] == i) & (t["T"] == 0))[0]
    assert t["summation_px"][row] == d[np.flatnonzero(e >= .95 * e.max())[0]] and abs(t["suppression"][row] - 1 + e[-1] / e.max()) < 1e-3
before, after = t["T"] == 0, t["T"] == 1
mean = (c["filter"] == -1) & (c["T"] == 1) & (c["diameter_px"] == 18)
assert abs(c["response"][mean] - c["response"][(c["filter"] >= 0) & (c["T"] == 1) & (c["diameter_px"] == 18)].mean()) < 1e-5
assert (np.abs(t["iso"][before]) < .05).all() and (t["iso"][after] > .15).all() and (t["suppression"][after] > .15).all()
assert np.median(np.abs(t["cross"][after])) < .05
assert (t["surround_px"][after] > t["summation_px"][after]).all()'
}

@test "contours: co-axial excitation gains more from a straight path than from a bent one; a random kernel gains nothing" {
	for kernel in 'abs(d) < 30) * (abs(v) < 2.5) * (abs(u) > 4) * .01' 'i != j) * .01 * r.normal(size=u.shape)'; do
		planted "planted.folder(lambda i, j, u, v, d: ($kernel)"
		"$top/pipelines/contours" . 5 1 units-contours.tsv >contours.tsv
		mv contours.tsv "$((++n)).tsv"
	done
	python '
a, b = table("1.tsv"), table("2.tsv")
u = table("units-contours.tsv")
assert len(a["T"]) == 18 and len(u["T"]) == 2 * 8 * 9 and (a["n"] == 8).all()
def row(t, T, kind="snake", length=5, spacing=9, angle=0):
    (i,) = [i for i in range(18) if (t["T"][i], t["kind"][i], t["length"][i], t["spacing_px"][i], t["path_angle_deg"][i]) == (T, kind, length, spacing, angle)]
    return {c: t[c][i] for c in ("gain", "d", "d_low", "d_high")}
assert row(a, 1)["gain"] > row(a, 1, angle=60)["gain"] + .02 and row(a, 1)["d_low"] > 1 > row(a, 1, angle=60)["d"]
assert row(a, 1)["gain"] > row(a, 0)["gain"] + .05 and row(a, 1)["gain"] > row(a, 1, "ladder")["gain"] + .05
assert abs(row(b, 1)["gain"] - row(b, 0)["gain"]) < .02
# the mean and interval of one row, from the units
d = u["d"][(u["T"] == 1) & (u["path_angle_deg"] == 40)]
half = 2.364624 * d.std(ddof=1) / 8**.5
r = row(b, 1, angle=40)
assert len(d) == 8 and abs(r["d"] - d.mean()) < 1e-6 and abs(r["d_high"] - d.mean() - half) < 5e-3 * half'
}

@test "signal: weights that follow C3 do so in every tenth of it, and not by chance; the table is NumPy's means" {
	planted 't = planted.folder(lambda i, j, u, v, d: 0 * u, 5)
c = r.normal(size=(8, 8, 9, 9))
rms = r.uniform(.5, 2, 8)
save("rms.npys", rms.astype("f4"))
save("c3.npys", (c * rms[:, None, None, None] * rms[None, :, None, None]).astype("f4"))
k = c[:, :, 2:-2, 2:-2] + .5 * r.normal(size=(8, 8, 5, 5))
save("lateral.npys", (k * rms[:, None, None, None] / rms[None, :, None, None]).astype("f4"))
np.savez("plain.npz", c=c[:, :, 2:-2, 2:-2], k=k)'
	"$PYTHON" "$top/pipelines/signal" lateral.npys rms.npys units.tsv c3.npys 39 >signal.tsv
	python '
t, a = table("signal.tsv"), np.load("plain.npz")
off = ~np.eye(8, dtype=bool)
c, k = a["c"][off].ravel(), a["k"][off].ravel()
order = np.argsort(c)
here = [s == "c3" for s in t["against"]]
value, p = t["value"][here], t["p"][here]
assert np.abs(value[:10] - [k[o].mean() for o in np.array_split(order, 10)]).max() < 1e-4 and (np.diff(value[:10]) > 0).all()
assert abs(value[10] - np.corrcoef(c, k)[0, 1]) < 1e-5 and p[10] == 1 / 40
assert np.abs(t["chance"][here][:10]).max() < .15 and abs(t["chance"][here][10]) < .1
rest = [s == "orientation" for s in t["against"]]
assert sum(rest) == 10 and t["p"][rest][9] > .05 and t["n"][rest][9] == 8 * 7 * 25'
}
