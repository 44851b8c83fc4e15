# image-degrade: noise, blur, contrast and occlusion against their definitions; the same numbers whatever -j and chunks
load common

images() {
	python 'save("x.npys", np.random.default_rng(1).integers(0, 256, (300, 40, 48)).astype(np.uint8),
np.arange(300), np.random.default_rng(2).integers(0, 256, (2, 3, 16, 20)).astype(np.uint8))'
}

@test "without an option the images are the same, as numbers, and labels pass" {
	images
	image-degrade x.npys >y.npys
	python '
for a, b in zip(npys("x.npys"), npys("y.npys"), strict=True):
    assert (a == b).all() and a.shape == b.shape and b.dtype == (np.int64 if a.ndim == 1 else "<f4")'
}

@test "noise is white and Gaussian, with the sd asked for" {
	images
	image-degrade --noise .5 --sd 60 x.npys >y.npys
	python '
x, y = (next(npys(f)).astype(float) for f in ("x.npys", "y.npys"))
d = (y - x) / 30
n = d.size
assert abs(d.mean()) < 4 / n**.5 and abs(d.var() - 1) < 4 * (2 / n)**.5, (d.mean(), d.var())
assert abs((d**4).mean() - 3) < 4 * (96 / n)**.5 and abs((d**3).mean()) < 4 * (15 / n)**.5
for a, b in (d[:, :, 1:], d[:, :, :-1]), (d[:, 1:], d[:, :-1]), (d[1:], d[:-1]):
    assert abs((a * b).mean()) < 4 / a.size**.5'
}

@test "blur equals SciPy's Gaussian filter with mirrored borders" {
	/usr/bin/python3 -c 'import scipy' 2>/dev/null || skip "no SciPy"
	images
	image-degrade --blur 1.7 x.npys >y.npys
	PYTHON=/usr/bin/python3 python '
from scipy.ndimage import gaussian_filter
for x, y in zip(npys("x.npys"), npys("y.npys"), strict=True):
    if x.ndim > 1:
        e = gaussian_filter(x.astype(float), (0,) * (x.ndim - 2) + (1.7, 1.7), mode="reflect", truncate=5)
        assert np.abs(e - y).max() < 1e-3, np.abs(e - y).max()'
}

@test "contrast is one factor for each image, uniform between the two, about the mean" {
	images
	image-degrade --contrast .2,.6 --mean 100.25 x.npys >y.npys
	python '
x, y = (next(npys(f)).astype(float) for f in ("x.npys", "y.npys"))
c = (y - 100.25) / (x - 100.25)
one = np.median(c, axis=(1, 2))
assert np.abs(c - one[:, None, None]).max() < 1e-4
u = np.sort((one - .2) / .4)
d = np.abs(u - (np.arange(300) + .5) / 300).max()   # Kolmogorov and Smirnov
assert u[0] > 0 and u[-1] < 1 and d < 1.95 / 300**.5, d'
}

@test "occlusion covers the share that is asked for, a little more at most, and leaves the rest" {
	images
	image-degrade --occlude .3 --mean 127.5 x.npys >y.npys
	python '
x, y = (next(npys(f)).astype(float) for f in ("x.npys", "y.npys"))
hidden = y == 127.5
share = hidden.mean(axis=(1, 2))
assert share.min() >= .3 and share.max() < .45 and share.mean() < .35, (share.min(), share.mean(), share.max())
assert (y[~hidden] == x[~hidden]).all()
place = hidden.mean(axis=0)   # everywhere about as often
assert place.min() > .15 and place.max() < .5, (place.min(), place.max())'
}

@test "the numbers depend on the seed and the image's place, not on -j or chunks" {
	images
	all="--noise 9 --occlude .1 --contrast .5,2 --blur .6"
	image-degrade $all x.npys >a
	image-degrade $all -j 3 - <x.npys | cmp - a
	run cmp -s <(image-degrade $all --seed 2 x.npys) a
	[[ $status -eq 1 ]]
	python '
x = next(npys("x.npys"))
save("pieces.npys", x[:7], x[7:])'
	image-degrade $all pieces.npys >b
	python '
a, (b, c) = next(npys("a")), npys("b")
assert (np.concatenate([b, c]) == a).all()'
}

@test "errors" {
	images
	common_errors "image-degrade --noise 1" x.npys
	run --separate-stderr image-degrade --contrast 2,1 x.npys
	one_line 2 'the lower factor comes first'
	run --separate-stderr image-degrade --occlude .99 x.npys
	one_line 2 'occlude'
}

@test "pipelines/seen: images are degraded as the model was trained, with its mean and sd; without degradation nothing changes" {
	seen=$BATS_TEST_DIRNAME/../pipelines/seen
	dead-leaves -n 40 --classes 2 --size 32 >images.npys
	number() { tensor-get --name "$1" noisy.safetensors | tail -c 4 | od -An -v -t f4 | tr -d ' '; }
	for noise in 0 0.6; do
		train-v1 --filters 2 --k1 5 --kl 3 --crop 24 --epochs 1 --batch 8 --noise "$noise" --contrast 0.5,1 -o noisy.safetensors images.npys
		image-degrade --contrast 0.5,1 --noise "$noise" --mean "$(number input.mean)" --sd "$(number input.sd)" images.npys >wanted.npys
		"$seen" noisy.safetensors <images.npys >got.npys
		tensor-cmp got.npys wanted.npys
		run cmp -s got.npys images.npys
		[[ $status -eq 1 ]]
	done
	train-v1 --filters 2 --k1 5 --kl 3 --crop 24 --epochs 1 --batch 8 -o clean.safetensors images.npys
	"$seen" clean.safetensors <images.npys | cmp - images.npys
}
