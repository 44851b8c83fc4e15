load common

# planted CODE: bank.npys, g.tsv, k.npys from CODE, which sets `density`, `noise`, F and size
planted() {
	python "
from plant import *
rng = np.random.default_rng(4)
F, size, noise = 16, 11, 1
$1
units, profiles = bank(F, 11, rng)
write(units, profiles, plant(units, size, density, noise, rng))"
}

@test "the field of an orientation kernel is its mean orientation, symmetric under half a turn" {
	se2-kernel -a .3 -D .05 -w 21 -o s.npys
	assoc-field s.npys --label G1 -o f.tsv
	head -n 1 f.tsv | grep -qx $'kernel\tpart\tfilter\tx_px\ty_px\torientation_deg\tcoherence\tweight\tn_effective'
	python '
t = table("f.tsv")
keep = [i for i in range(len(t["part"])) if t["part"][i] == "positive"]
assert set(t["kernel"]) == {"G1"} and len(keep) == 441 and (t["filter"] == -1).all()
o, c, x, y = (t[k][keep].reshape(21, 21) for k in ("orientation_deg", "coherence", "x_px", "y_px"))
assert (x[0] == np.arange(21) - 10).all() and (y[:, 0] == 10 - np.arange(21)).all()
th, k = npys("s.npys")
v = np.tensordot(np.exp(2j * th), k, 1) / k.sum(0)
ring = np.hypot(x, y) < 8
turn = lambda a, b: np.abs((a - b + 90) % 180 - 90)
raw = np.degrees(np.angle(v)) / 2
assert turn(o, raw)[ring & (abs(y) < abs(x) / 2) & (abs(x) > 3)].max() < 5
assert turn(o, o[::-1, ::-1])[ring].max() < .01
assert turn(o, -o[::-1])[ring].max() < .01
assert abs(o[10, 10:18]).max() < .01 and c[10, 12] > .7
assert 0 < o[8, 16] < 40'
}

@test "a cocircular kernel on a random off-centre bank has the field 2 phi" {
	planted '
noise = .2
F = 24
density = lambda u, v, d: np.exp(3 * np.cos(2 * (d - 2 * np.arctan2(v, u))) - np.hypot(u, v) / 4)'
	assoc-field -t g.tsv k.npys -R 6 --curves curves.tsv -o f.tsv 2>/dev/null
	python '
t = table("f.tsv")
assert sorted(set(t["filter"])) == list(range(-1, 24))
keep = (t["filter"] == -1) & (np.array(t["part"]) == "positive")
x, y, o, c = (t[k][keep] for k in ("x_px", "y_px", "orientation_deg", "coherence"))
r = np.hypot(x, y)
ring = (r > 2) & (r < 6)
off = np.abs((o - np.degrees(2 * np.arctan2(y, x)) + 90) % 180 - 90)
assert np.nanmean(off[ring]) < 5 and np.nanmax(off[ring]) < 20, (np.nanmean(off[ring]), np.nanmax(off[ring]))
k = table("curves.tsv")
assert max(k["curve"]) >= 8 and set(k["part"]) == {"positive", "negative"}
for n in set(k["curve"]):
    p = (k["curve"] == n) & (np.array(k["part"]) == "positive")
    s, X, Y = k["s_px"][p], k["x_px"][p], k["y_px"][p]
    assert (np.diff(s) > 0).all() and (np.hypot(np.diff(X), np.diff(Y)) <= np.diff(s) + 1e-6).all()'
}

@test "masked where fewer than ten pairs contribute" {
	planted 'F = 3
density = lambda u, v, d: np.exp(-np.hypot(u, v))'
	assoc-field -t g.tsv k.npys -o f.tsv 2>/dev/null
	python '
t = table("f.tsv")
few = t["n_effective"] < 10
assert few.all() and np.isnan(t["orientation_deg"]).all() and np.isfinite(t["weight"]).any()'
}

@test "directed kernels: the target has a front" {
	se2-kernel -a .5 -p 2pi -w 15 -n 24 -o k.npys
	assoc-field -p 2pi k.npys -o f.tsv
	python '
t = table("f.tsv"); w = t["weight"][:225].reshape(15, 15)
assert w[7, :5].sum() > 2 * w[7, 10:].sum()'
	run --separate-stderr assoc-field -p pi k.npys
	one_line 1 'within the period'
}

@test "an orientation kernel's step scales its field" {
	se2-kernel -w 21 | assoc-field -o one.tsv
	se2-kernel -w 41 --step .5 | assoc-field --step .5 -o half.tsv
	python '
a, b = table("one.tsv"), table("half.tsv")
assert (a["x_px"] == b["x_px"]).all() and (a["y_px"] == b["y_px"]).all() and a["x_px"].max() == 10
r = np.hypot(a["x_px"], a["y_px"])
near = (r > 2) & (r < 9) & (np.array(a["part"]) == "positive")
off = abs((a["orientation_deg"] - b["orientation_deg"] + 90) % 180 - 90)[near]
assert off.max() < 1 and abs(a["weight"] / b["weight"] - 1)[near].max() < .03, off.max()'
	run --separate-stderr assoc-field --step .5 -t g.tsv k.npys
	one_line 2 'step'
}

@test "the canonical field, of all pairs and of single filters, is NumPy's" {
	planted 'density = elongated(2, 1, 1); F = 24; size = 7'
	assoc-field -t g.tsv -R 3 k.npys -o f.tsv 2>/dev/null
	"$PYTHON" "$golden/field.py" field g.tsv k.npys f.tsv >errors
	cat errors
	awk '{ exit !($1 < 1e-9 && $2 < 1e-9 && $3 < 1e-9 && $4 < 1e-9 && $5 > 100) }' errors
}

@test "turned bank and kernel: the same; mirrored: mirrored; rescaled channels: the same" {
	planted 'density = elongated(3, 1.5, 1); F = 10; size = 9'
	assoc-field -t g.tsv k.npys -o f0.tsv 2>/dev/null
	python '
from plant import *
rng = np.random.default_rng(4)
units, profiles = bank(10, 11, rng)
k = one("k.npys")
write_table("turned.tsv", turned(units)); save("turned.npys", np.rot90(k, axes=(2, 3)))
write_table("mirror.tsv", mirrored(units)); save("mirror.npys", k[:, :, ::-1])
s = 2 ** rng.uniform(-2, 2, 10)
save("scaled.npys", k * s[:, None, None, None] / s[:, None, None]); save("rms.npys", s)'
	assoc-field -t turned.tsv -o f1.tsv turned.npys 2>/dev/null
	assoc-field -t mirror.tsv -o f2.tsv mirror.npys 2>/dev/null
	assoc-field -t g.tsv -r rms.npys -o f3.tsv scaled.npys
	python '
f = [table(f"f{i}.tsv") for i in range(4)]
for i in 1, 3:
    for c in "orientation_deg", "coherence", "weight":
        d = np.abs(f[0][c] - f[i][c])
        d = np.minimum(d, abs(180 - d)) if c == "orientation_deg" else d
        assert np.nanmax(d) < 1e-3 and (np.isnan(f[0][c]) == np.isnan(f[i][c])).all(), (i, c, np.nanmax(d))
o, m = f[0]["orientation_deg"].reshape(-1, 9, 9), f[2]["orientation_deg"].reshape(-1, 9, 9)
assert np.nanmax(np.abs((o + m[:, ::-1] + 90) % 180 - 90)) < 1e-3'
}

@test "no result depends on the number of threads" {
	planted 'density = elongated(3, 1.5, 1); F = 8; size = 5'
	for j in 1 2; do
		assoc-field -t g.tsv -j $j -C k$j.tsv -o f$j.tsv k.npys 2>/dev/null
	done
	cmp f1.tsv f2.tsv
	cmp k1.tsv k2.tsv
}

@test "errors: streams, options" {
	se2-kernel -w 7 -n 6 -o s.npys
	common_errors "assoc-field -j 1" s.npys
	run --separate-stderr assoc-field -p 2pi <(se2-kernel -m diffusion -w 7 -n 6)
	one_line 1 'not the period'
	run --separate-stderr assoc-field -r rms.npys s.npys
	one_line 2 'table'
	run --separate-stderr assoc-field -p 2pi -t g.tsv k.npys
	one_line 2 'table'
	run --separate-stderr assoc-field --radius 0 s.npys
	one_line 2 radius
	assoc-field -R 200 s.npys -o /dev/null
	python 'save("bad.npys", np.zeros(3), np.zeros((2, 4, 4)))'
	run --separate-stderr assoc-field bad.npys
	one_line 1 'shape \(3, H, W\)|increase'
	# fits of effective profiles are as good as others here
	planted 'density = elongated(3, 1.5, 1); F = 6; size = 5'
	awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "profile" : "effective" }' g.tsv >e.tsv
	assoc-field -t e.tsv k.npys -o field.tsv 2>/dev/null
}
