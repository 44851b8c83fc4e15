# lgn-filter: exact against SciPy and the definition, the profiles' sums, ON and OFF, shapes, streams without end
load common

@test "LoG and DoG equal SciPy's direct correlation under all three borders" {
	python 'save("x.npys", next(npys(sys.argv[1])))' "$golden/lgn-filter.npys"
	for profile in "--log 1.3" "--dog 0.8,1.6"; do
		for border in zero mirror periodic; do
			lgn-filter $profile --border $border x.npys
		done
	done >y.npys
	python '
x, *expected = npys(sys.argv[1])
for i, (y, e) in enumerate(zip(npys("y.npys"), expected, strict=True)):
    assert y.dtype == "<f4" and y.shape == e.shape
    assert np.abs(y - e).max() <= 2e-4, (i, np.abs(y - e).max())
' "$golden/lgn-filter.npys"
}

@test "any kernel, even or odd, up to the image and beyond, equals the definition" {
	python '
r = np.random.default_rng(1)
save("x.npys", r.normal(size=(3, 30, 41)))
for n, (h, w) in enumerate([(1, 1), (7, 7), (4, 6), (30, 41), (29, 30), (50, 3)]):
    save(f"k{n}.npys", r.normal(size=(1, 1, h, w)[n % 3:]))
'
	for n in 0 1 2 3 4 5; do
		for border in zero mirror periodic; do
			lgn-filter --kernel k$n.npys --border $border x.npys >y.$n.$border
		done
	done
	python '
from filtering import MODES, definition
x = one("x.npys")
for n in range(6):
    k = one(f"k{n}.npys")
    k = k.reshape(k.shape[-2:])
    for border in MODES:
        error = np.abs(one(f"y.{n}.{border}") - definition(x, k, border)).max() / np.linalg.norm(k)
        assert error <= 1e-5, (n, border, error)'
}

@test "random sizes: even, odd, 1x1, as large as the image and larger, on square images and others" {
	python '
from filtering import compare
compare(seed=12, small=70, large=4)'
}

@test "a trained model's Psi0 as the kernel; a LoG aside is the LoG moved" {
	dead-leaves -n 24 --classes 2 >x.npys
	train-v1 --filters 2 --kl 1 --crop 16 --epochs 1 --batch 8 -o m.safetensors x.npys
	tensor-get --record 0 x.npys >images.npys
	tensor-get --name lgn.weight m.safetensors >k.npys
	lgn-filter --kernel k.npys --border mirror images.npys >y.npys
	python '
from filtering import definition
x, k, y = one("images.npys"), one("k.npys"), one("y.npys")
assert k.shape == (1, 1, 7, 7) and y.shape == x.shape
e = definition(x.astype("f8"), k[0, 0].astype("f8"), "mirror")
assert np.abs(y - e).max() <= 1e-5 * np.linalg.norm(k) * 255'
	lgn-filter --log 1.2 images.npys >a.npys
	lgn-filter --log 1.2 --centre 2,-1 images.npys >b.npys
	python '
# y(p) sums k(d) x(p + d): a profile 2 right and 1 down of the middle answers what stands there
a, b = one("a.npys"), one("b.npys")
assert np.abs(b[:, 12:40, 12:40] - a[:, 13:41, 14:42]).max() <= 1e-4'
}

@test "a point of light gives the turned profile: its sum is 0, its positive weights sum to 1" {
	python '
x = np.zeros((65, 65), "f4"); x[32, 32] = 1
save("x.npys", x)'
	for profile in "--log 0.5" "--log 1" "--log 2.5" "--log 5" "--dog 0.5,0.6" "--dog 1,4.5" "--log 1.5 --centre 0.4,0.25"; do
		lgn-filter $profile x.npys
	done >y.npys
	python '
*middle, aside = (y.astype("f8") for y in npys("y.npys"))
for y in *middle, aside:
    assert abs(y.sum()) < 2e-6 and abs(y[y > 1e-7].sum() - 1) < 2e-6  # below that stands rounding
for y in middle:
    assert y[32, 32] == y.max() and np.abs(y - y[::-1]).max() < 1e-7 and np.abs(y - y.T).max() < 1e-7
# sigma 2.5: zero where rho^2 = 2 sigma^2, the deepest surround at rho = 2 sigma
assert middle[2][32, 35] > 0 > middle[2][32, 36] and middle[2][32].argmin() in (27, 37)
assert abs(middle[2][32, 33] / middle[2][32, 32] - (1 - .08) * np.exp(-.08)) < 2e-5
# of a LoG the first moments vanish; the third, about the middle, tell where its centre is
i = np.arange(21) - 10.  # how far it reaches; beyond stands rounding
X, Y, k = *np.meshgrid(i, -i), aside[22:43, 22:43][::-1, ::-1]
x, y = ((k * a * (X**2 + Y**2)).sum() / (k * (X**2 + Y**2)).sum() for a in (X, Y))
assert abs(x - .8) < 1e-3 and abs(y - .5) < 1e-3, (x, y)'
}

@test "ON minus OFF is the response, shapes and labels as the manual says" {
	python '
r = np.random.default_rng(2)
save("x.npys", r.integers(0, 256, (5, 12, 14)).astype("u1"), np.arange(5, dtype="u1"),
     r.normal(size=(2, 3, 10, 9)), np.array([1, 0], "i8"), r.normal(size=(8, 11)), np.array([7], "i4"))'
	for r in none on off both; do
		lgn-filter --log 1 --rectify $r --border mirror x.npys >$r.npys
	done
	python '
none, on, off, both = (list(npys(r + ".npys")) for r in ("none", "on", "off", "both"))
x = list(npys("x.npys"))
assert [a.shape for a in none] == [a.shape for a in on] == [a.shape for a in x]
assert [a.shape for a in both[::2]] == [(5, 2, 12, 14), (2, 6, 10, 9), (1, 2, 8, 11)]
for l in none, on, off, both:
    assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(l[1::2], x[1::2]))
for n, p, m, b in zip(none[::2], on[::2], off[::2], both[::2]):
    assert p.min() == 0 and m.min() == 0 and (p - m == n).all() and (p * m == 0).all()
    b = b.reshape(-1, 2, *n.shape[-2:])
    assert (b[:, 0].ravel() == p.ravel()).all() and (b[:, 1].ravel() == m.ravel()).all()
# the colour planes are filtered one by one
save("plane.npys", x[2][:, 1])'
	lgn-filter --log 1 --border mirror plane.npys >plane.out
	python '
assert (list(npys("none.npys"))[2][:, 1] == one("plane.out")).all()'
}

@test "the errors of every filter" {
	python '
r = np.random.default_rng(3)
save("x.npys", r.integers(0, 256, (40, 33, 32)).astype("u1"), np.zeros(40, "u1"))'
	common_errors "lgn-filter --log 1.5" x.npys
}

@test "options and kernels that do not fit" {
	python 'save("x.npys", np.ones((8, 8))); save("bank.npys", np.ones((2, 3, 3)))
save("nan.npys", np.full((3, 3), np.nan)); save("line.npys", np.ones(3))'
	for o in "" "--dog 1,2 --centre 1,0" "--log 1 --centre 101,0" "--log 1 --dog 1,2" "--log 0.4" "--log 101" "--log x" "--dog 2,1" \
		"--dog 1,1" "--dog 1" "--dog 1,2,3" "--log 1 --border round" "--log 1 --rectify yes" "--log 1 -j 0"; do
		echo "$o x.npys | 2 | ."
	done | errors lgn-filter
	for o in "--dog 1,2 --centre 0,0" "--kernel bank.npys --centre 0,0" "--kernel bank.npys --log 1" "--dog 1,2 --log 1"; do
		echo "$o x.npys | 2 | lgn-filter: --[a-z]*: (needs|not together with) --[a-z]*"
	done | errors lgn-filter
	for k in bank nan line none; do echo "--kernel $k.npys x.npys | 1 | $k.npys"; done | errors lgn-filter
	# ends of ranges; more threads than images
	lgn-filter --log 0.5 x.npys | lgn-filter --log 100 --border periodic -j 1024 | lgn-filter --dog 0.5,100 >/dev/null
}

@test "no result depends on -j, nor on how records are cut" {
	python '
r = np.random.default_rng(4)
x = r.normal(size=(300, 70, 65)).astype("f4")
save("x.npys", x); save("cut.npys", x[:1], x[1:150], x[150:])'
	for o in "--log 1" "--log 4" "--dog 2,6 --rectify both"; do
		lgn-filter $o x.npys >1.npys
		lgn-filter $o -j 2 x.npys >2.npys
		cmp 1.npys 2.npys
		lgn-filter $o cut.npys | python '
assert (np.concatenate(list(npys(sys.stdin.buffer))) == one("1.npys")).all()'
	done
}

@test "streams without end: output before the input ends, the same memory" {
	python '
from stream import endless
endless(["lgn-filter", "--log", "2"], 100 << 20)
endless(["lgn-filter", "--log", "6", "--rectify", "both", "-j", "2"], 60 << 20, records=True)'
}

@test "40 MiB in one record: the first images come out at once, memory stays what it was" {
	python '
from stream import constant
constant(["lgn-filter", "--log", "1.5"], 40 << 20, 64)
constant(["lgn-filter", "--dog", "2,4", "--rectify", "both", "-j", "2"], 40 << 20, 64, planes=2)'
}
