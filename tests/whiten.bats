# whiten: exact against NumPy, flat where it promises to be, transforms saved, applied and undone, streams without end
load common

# images.npys: u1 photographs would do; these have amplitudes of exactly 1/f on a larger field, cut out so that they wrap nowhere
one_over_f() {
	python '
r = np.random.default_rng(int(sys.argv[2]))
f = np.hypot(np.fft.fftfreq(192)[:, None], np.fft.rfftfreq(192)[None])
f[0, 0] = 1
x = np.stack([np.fft.irfft2(np.fft.rfft2(r.normal(size=(192, 192))) / f)[:64, :64] for i in range(int(sys.argv[1]))])
save("images.npys", np.clip(127 + 10 * x, 0, 255).astype("f4"))' "$1" "${2:-1}"
}

@test "fourier: f exp(-(f/f0)^4) on the reflected image, as NumPy has it, any size" {
	python '
r = np.random.default_rng(1)
save("x.npys", r.integers(0, 256, (3, 20, 30)).astype("u1"), np.array([3, 0, 1]), r.normal(size=(17, 16)),
     r.normal(size=(2, 3, 9, 31)).astype("f4"), np.ones((1, 1)), np.full((2, 7, 1), 5, "i4"))'
	whiten x.npys >y.npys
	whiten --cutoff 0.1 x.npys >low.npys
	python '
from filtering import whitened
x = list(npys("x.npys"))
for name, f0 in ("y.npys", .4), ("low.npys", .1):
    y = list(npys(name))
    assert len(x) == len(y) and (y[1] == x[1]).all() and y[1].dtype == x[1].dtype
    for a, b in zip(x[:1] + x[2:], y[:1] + y[2:]):
        assert b.dtype == "<f4" and b.shape == a.shape
        assert np.abs(b - whitened(a.astype("f8"), f0)).max() <= 2e-5'
}

@test "fourier: images with amplitudes 1/f come out flat to 1 dB up to .58 f0, as the manual promises" {
	one_over_f 150
	whiten --spectrum s.tsv images.npys >y.npys
	python '
from filtering import *
t = ring("s.tsv", .04, .58 * .4)
assert abs(slope(t["frequency_cpp"], t["before"]) + 2) < .1, slope(t["frequency_cpp"], t["before"])
db = 10 * np.log10(t["after"] / np.median(t["after"][:3]))
assert len(db) > 10 and db.max() < .6 and db.min() > -1.6, db
# and falls as exp(-2 (f/f0)^4) beyond
t = ring("s.tsv", .04, .45)
rest = t["after"] / np.exp(-2 * (t["frequency_cpp"] / .4) ** 4)
assert np.abs(10 * np.log10(rest / np.median(rest))).max() < .8, rest / np.median(rest)
# no trace of the border: rows and columns there vary as those within do
y = one("y.npys")
assert .8 < y[:, [0, -1]].std() / y[:, 20:44].std() < 1.25 and .8 < y[..., [0, -1]].std() / y[..., 20:44].std() < 1.25
'
}

@test "fourier on real photographs: the spectrum's slope goes from -2 to about 0" {
	needs_data natural10
	whiten --spectrum s.tsv "$data/natural10/val.npys" >/dev/null
	python '
from filtering import *
t = ring("s.tsv", .04, .58 * .4)
before, after = (slope(t["frequency_cpp"], t[k]) for k in ("before", "after"))
assert -3 < before < -1.6 and abs(after - before - 1.9) < .15, (before, after)
'
}

@test "--spectrum: white noise has power 1 in every ring, a grating its own in one" {
	python '
r = np.random.default_rng(6)
save("noise.npys", (20 + r.normal(size=(200, 48, 64))).astype("f4"))
save("grating.npys", np.tile(100 + 2 * np.cos(2 * np.pi * 10 / 64 * np.arange(64)), (48, 1)).astype("f4"), np.full((2, 2), 100, "f4"))'
	for x in noise grating; do whiten --spectrum $x.tsv $x.npys >/dev/null; done
	python '
t = table("noise.tsv")
f, p, n = (t[c][1:] for c in ("frequency_cpp", "before", "coefficients"))
# means of n / 2 independent exponential numbers, windowed: less than twice as wide; the mean takes some of the lowest two
assert (np.abs(p - 1) / (2 * np.sqrt(2 / n)))[f > 2 / 48].max() < 4, np.abs(p - 1)
assert abs(n.sum() / 200 / 48 / 64 - np.pi / 4) < .02  # the disc of radius 1/2 in the unit square
t = table("grating.tsv")
w = np.nan_to_num(t["coefficients"] * t["before"])
near = w[np.abs(t["frequency_cpp"] - 10 / 64) < .05].sum()
assert abs(w.sum() / (48 * 64) - 2) < 1e-3 and near / w.sum() > 1 - 1e-4, (w.sum() / (48 * 64), near)'
}

@test "lcn: the definition, by NumPy" {
	python '
r = np.random.default_rng(2)
save("x.npys", np.cumsum(r.normal(size=(2, 25, 33)), -1).astype("f4"), np.full((4, 5), 77.7))'
	whiten --method lcn --sigma 1.5 x.npys >y.npys
	python '
i = np.arange(-9, 10)
g = np.exp(-i**2 / 4.5)
g /= g.sum()
def blur(x):
    for axis in 1, 2:
        p = np.pad(x, [(9, 9) if a == axis else (0, 0) for a in range(3)], "symmetric")
        x = np.lib.stride_tricks.sliding_window_view(p, 19, axis) @ g
    return x
x, constant = npys("x.npys")
y, zero = npys("y.npys")
v = x - blur(x.astype("f8"))
s = np.sqrt(blur(v**2))
e = v / np.maximum(s, s.mean((1, 2), keepdims=True))
assert np.abs(y - e).max() < 2e-4, np.abs(y - e).max()
assert (zero == 0).all() and zero.shape == (4, 5)
'
}

@test "zca: white without shrinkage, undone exactly, the same saved and applied as spooled" {
	python '
r = np.random.default_rng(3)
x = 100 + np.cumsum(r.normal(size=(900, 3, 5, 20)), -1)
save("x.npys", x[:400].astype("f4"), np.zeros(400, "u1"), x[400:].astype("f4"))'
	whiten --method zca --shrinkage 0 x.npys >spooled.npys
	whiten --method zca --shrinkage 0 --save t.npys x.npys >nothing
	[[ ! -s nothing ]]
	cat x.npys | whiten --method zca --apply t.npys >y.npys
	cmp y.npys spooled.npys
	whiten --method zca --apply t.npys --inverse y.npys >back.npys
	python 'import filtering; filtering.white_and_back("x.npys", "y.npys", "back.npys", "t.npys")'
}

@test "zca: shrinkage is towards the mean variance" {
	python 'save("x.npys", np.random.default_rng(4).normal(size=(30, 6, 6)) * np.arange(1, 37).reshape(6, 6))'
	errors whiten <<<'--method zca --shrinkage 0 --save out x.npys | 1 | singular'
	whiten --method zca --shrinkage 0.3 --save t.npys x.npys
	python '
s = np.cov(one("x.npys").reshape(30, 36).T)
s = .7 * s + .3 * np.trace(s) / 36 * np.eye(36)
values, vectors = np.linalg.eigh(s)
e = vectors / np.sqrt(values) @ vectors.T
w = list(npys("t.npys"))[1].reshape(36, 36)
assert np.abs(w - e).max() < 1e-9'
	# and is undone exactly too
	whiten --method zca --apply t.npys x.npys | whiten --method zca --apply t.npys --inverse >back.npys
	python '
x, back = one("x.npys"), one("back.npys")
assert np.abs(x - back).max() < 1e-4, np.abs(x - back).max()'
}

@test "zca: learned from patches, applied to whole images by the central profile" {
	one_over_f 60
	whiten --method zca --patch 11 --shrinkage 0 --save t.npys images.npys
	whiten --method zca --apply t.npys --spectrum s.tsv images.npys >y.npys
	whiten --method zca --patch 11 --shrinkage 0 images.npys >spooled.npys
	cmp y.npys spooled.npys
	python '
from filtering import *
x, y = one("images.npys"), one("y.npys")
mean, w, _, _ = npys("t.npys")
patches = np.lib.stride_tricks.sliding_window_view(x, (11, 11), (1, 2))
assert np.abs(mean - patches.mean((0, 1, 2), dtype="f8")).max() < 1e-3
p = np.pad(x - mean.mean(), ((0, 0), (5, 5), (5, 5)), "symmetric")
e = np.einsum("nrcab,ab->nrc", np.lib.stride_tricks.sliding_window_view(p, (11, 11), (1, 2)), w[60])
assert np.abs(y - e).max() < 1e-3, np.abs(y - e).max()
# flat within 1 dB from the patch to the finest grating, where 1/f is 20 dB and more
t = ring("s.tsv", 1 / 11, .5)
db = 10 * np.log10(t["after"] / t["after"].mean())
assert np.abs(db).max() < 1 and np.ptp(10 * np.log10(t["before"])) > 12, db
v = y[:, 5:-5, 5:-5].var()
assert abs(v - 1) < .05, v
'
	# colour: the central profile over all channels
	python '
r = np.random.default_rng(5)
x = r.normal(size=(8, 2, 14, 15))
x[:, 1] += x[:, 0]
save("rgb.npys", x)'
	whiten --method zca --patch 4 --save rgb.t rgb.npys
	whiten --method zca --apply rgb.t rgb.npys >y.npys
	python '
x, y = one("rgb.npys"), one("y.npys")
mean, w, _, _ = npys("rgb.t")
p = np.pad(x - mean.mean((1, 2))[:, None, None], ((0, 0), (0, 0), (1, 2), (1, 2)), "symmetric")
k = w.reshape(2, 4, 4, 2, 4, 4)[:, 1, 1]
e = np.einsum("nircab,oiab->norc", np.lib.stride_tricks.sliding_window_view(p, (4, 4), (2, 3)), k)
assert np.abs(y - e).max() < 1e-5'
}

@test "none: only the type changes" {
	python 'save("x.npys", np.arange(24, dtype="u1").reshape(2, 3, 4), np.array([1, 0]))'
	whiten --method none x.npys | python '
x, l = npys(sys.stdin.buffer)
assert x.dtype == "<f4" and (x.ravel() == np.arange(24)).all() and l.tolist() == [1, 0]'
}

@test "the errors of every filter, by all methods" {
	python '
r = np.random.default_rng(6)
save("x.npys", r.integers(0, 256, (200, 12, 11)).astype("u1"), np.zeros(200, "u1"))
save("big.npys", r.integers(0, 256, (40, 40, 41)).astype("u1"))'
	common_errors whiten big.npys
	common_errors "whiten --method lcn" big.npys
	common_errors "whiten --method zca" x.npys
	whiten --method zca --save t.npys x.npys
	common_errors "whiten --method zca --apply t.npys" x.npys
}

@test "options that do not fit" {
	python 'save("x.npys", np.random.default_rng(7).normal(size=(9, 8, 8))); save("y.npys", np.ones((2, 4, 9)))
save("rgb.npys", np.ones((2, 3, 8, 8)))'
	for o in "--method pca" "--cutoff 0" "--cutoff 11" "--sigma 0.1" "--shrinkage 2" "--patch 3" "--save out" "--apply out" \
		"--method zca --save out --apply t" "--method zca --inverse" "--method zca --apply t --patch 3" \
		"--method zca --save t -o out" "--method zca --save out --spectrum o"; do
		echo "$o x.npys | 2 | ."
	done | errors whiten
	for o in "--method lcn --cutoff 0.4" "--method none --cutoff 1" "--sigma 2" "--method zca --sigma 2" "--shrinkage 0.1" \
		"--method zca --apply t --shrinkage 0.1" "--method zca --save t --apply t"; do
		echo "$o x.npys | 2 | whiten: --[a-z]*: (needs|not together with) --[a-z]*"
	done | errors whiten
	whiten --method zca --save t.npys x.npys
	python 'save("large.npys", np.ones((2, 9, 9))); save("huge.npys", np.ones((2, 101, 100))); save("one.npys", np.ones((8, 8)))'
	errors "whiten --method zca -o out" <<-EOF
		--patch 9 x.npys | 1 | no patch of 9x9
		x.npys y.npys | 1 | record 1: images of \(1, 4, 9\) after \(1, 8, 8\)
		--apply x.npys x.npys | 1 | not a saved transform
		--apply none.npys x.npys | 1 | none.npys
		--apply t.npys y.npys | 1 | do not fit
		--apply t.npys rgb.npys | 1 | do not fit
		--apply t.npys --inverse large.npys | 1 | inverse
		huge.npys | 1 | 10000
		one.npys | 1 | 1 image;
	EOF
	# ends of ranges
	whiten --cutoff 10 -j 1024 x.npys | whiten --cutoff 1e-9 | whiten --method lcn --sigma 100 >/dev/null
	whiten --method zca --shrinkage 1 --patch 1 x.npys >/dev/null
}

@test "no result depends on -j" {
	one_over_f 30
	for o in "" "--method lcn" "--method zca --patch 9" "--method zca --patch 17 --shrinkage 0.1"; do
		whiten $o images.npys >1.npys
		whiten $o -j 2 images.npys >2.npys
		cmp 1.npys 2.npys
	done
}

@test "streams without end: output before the input ends, the same memory" {
	python 'save("x.npys", np.random.default_rng(8).normal(size=(300, 7, 7)))'
	whiten --method zca --save t.npys x.npys
	python '
from stream import endless
endless(["whiten"], 60 << 20)
endless(["whiten", "--method", "lcn", "-j", "2"], 60 << 20, records=True)
endless(["whiten", "--method", "zca", "--apply", "t.npys", "--spectrum", "/dev/null"], 30 << 20)'
}

@test "40 MiB in one record: the first images come out at once, memory stays what it was" {
	python '
from stream import constant
constant(["whiten"], 40 << 20, 64)
constant(["whiten", "--method", "lcn", "-j", "2"], 40 << 20, 64)'
}

@test "scramble: amplitudes and mean stay, phases become uniform and independent, whatever the image" {
	python '
r = np.random.default_rng(5)
save("x.npys", (128 + 40 * r.normal(size=(400, 16, 16))).astype("f4"), np.arange(400) % 3, np.tile(np.arange(12.)[None, None] ** 2, (50, 9, 1)),
     r.normal(size=(40, 3, 8, 7)).astype("f4"), np.full((1, 1), 5, "u1"), np.full((3, 6, 1), 7., "f4"))'
	whiten --method scramble --seed 3 x.npys >y.npys
	python 'import filtering; filtering.scrambled("x.npys", "y.npys")'
}

@test "scramble: same seed, same bytes, for any -j and any batches; another seed, other phases" {
	dead-leaves -n 300 --size 32 >x.npys
	whiten --method scramble x.npys >one.npys
	whiten --method scramble -j 3 x.npys | cmp - one.npys
	whiten --method scramble --seed 2 x.npys >two.npys
	dead-leaves -n 20 --size 32 >first.npys
	dead-leaves -n 280 --first 20 --size 32 >rest.npys
	whiten --method scramble first.npys rest.npys >parts.npys
	python '
a, b = (np.concatenate([x for x in npys(f) if x.ndim == 3]) for f in ("one.npys", "parts.npys"))
assert a.shape == (300, 32, 32) and (a == b).all()
c = np.concatenate([x for x in npys("two.npys") if x.ndim == 3])
r = [np.corrcoef(u.ravel(), v.ravel())[0, 1] for u, v in zip(a, c)]
assert abs(np.mean(r)) < .05 and np.std(r) > .05, (np.mean(r), np.std(r))'
}
