load common

digest() {
	dead-leaves "$@" | sha256sum | cut -d ' ' -f 1
}

@test "the same seed gives the same bytes on every machine" {
	[[ $(digest -n 60) == fd2de9e2f3fc2bcf442a2310119d072e32630794b5643cf2374d2ae5218a8364 ]]
	[[ $(digest -n 20 --size 70 --classes 3 --batch 8 --stretch 2.5 --gratings --radius 2,31.7 --front 0,0 \
		--purity 0.7 --grey 0,255 --texture 20 --shading 50 --seed 18446744073709551615) == 6c2a9e10556f1007ba37d92512418bc28309042c8e6b28f6eafdd326553975a8 ]]
	[[ $(digest -n 60) != $(digest -n 60 -s 2) ]]
}

@test "threads, batch length and first image change no image" {
	dead-leaves -n 50 --batch 50 -o all.npys
	dead-leaves -n 50 --batch 50 -j 2 | cmp - all.npys
	dead-leaves -n 50 --batch 7 -o seven.npys
	dead-leaves -n 5 --first 33 -o five.npys
	python '
a = list(npys("all.npys")); s = list(npys("seven.npys")); f = list(npys("five.npys"))
assert [x.shape for x in a] == [(50, 64, 64), (50,)] and all(x.dtype == np.uint8 for x in a)
assert [len(x) for x in s] == [7] * 14 + [1, 1]
assert (np.concatenate(s[0::2]) == a[0]).all() and (np.concatenate(s[1::2]) == a[1]).all()
assert (f[0] == a[0][33:38]).all() and (f[1] == a[1][33:38]).all()'
}

@test "classes are balanced to the image and in no fixed order" {
	dead-leaves -n 602 --size 4 --classes 5 --batch 602 | python '
x, y = npys(sys.stdin.buffer)
n = np.bincount(y)
assert len(n) == 5 and n.max() - n.min() <= 1, n
runs = y[:600].reshape(120, 5)
assert (np.sort(runs) == np.arange(5)).all() and len(np.unique(runs, axis=0)) > 60'
}

# harmonics of the gradients' energy over their direction: m = 2 is what a preferred orientation gives, m = 4 two of them
harmonics='
x = np.concatenate([r for r in npys(sys.stdin.buffer) if r.ndim == 3]).astype(float)
n = x.shape[1]
f = np.fft.fftfreq(n); fx, fy = np.meshgrid(f, -f)
s = np.exp(-2 * (np.pi * 1.5) ** 2 * (fx ** 2 + fy ** 2))  # sigma 1.5 px
F = np.fft.fft2(x)
g = np.fft.ifft2(F * s * fx * 1j).real + 1j * np.fft.ifft2(F * s * fy * 1j).real
g = g[:, 8:-8, 8:-8]  # what does not see the other side
e = abs(g) ** 2
h = {m: ((e * np.exp(1j * m * np.angle(g))).sum() / e.sum()) for m in (2, 4, 6)}
print(h)
'

@test "orientations are isotropic: harmonics of 2,000 images' gradients are below 1 %" {
	dead-leaves -n 2000 | python "$harmonics"'
assert all(abs(h[m]) < .01 for m in h)'
}

@test "--stretch makes structure longer along x, or along y below 1" {
	# Blurred steps: an edge has energy by its length. In an isotropic plane normals n are uniform; stretching by a along x
	# and 1/a along y makes them N = (nx/a, ny a) and the edges |N| times longer.
	for s in 2 0.5; do
		dead-leaves -n 300 --stretch $s --size 96 --radius 15,40 --front 0,0 --texture 0 --shading 0 | python "$harmonics"'
a = float(sys.argv[1]) ** .5
t = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
N = np.cos(t) / a + 1j * np.sin(t) * a
expected = (abs(N) * np.exp(2j * np.angle(N))).sum() / abs(N).sum()
print(expected)
assert abs(h[2] - expected) < .05' $s
	done
}

@test "gratings are off by default; --gratings adds power at their periods" {
	plain="-n 60 --texture 0 --shading 0 --radius 256,256 --front 0,0 --classes 1"
	dead-leaves $plain -o plain.npys
	dead-leaves $plain --gratings -o gratings.npys
	python '
def sd(f): return [x.std() for x in next(npys(f))]
plain, gratings = np.array(sd("plain.npys")), np.array(sd("gratings.npys"))
assert (plain == 0).sum() > 10          # one leaf, one grey level
assert gratings.min() > 8 and abs(np.median(gratings) - 16 / np.sqrt(2)) < 2'
}

@test "edges are as long as the shapes' outlines, in the proportion that --purity asks for" {
	# The length of visible edges per area is that of the outlines of all leaves by their area (Matheron 1968), so
	# with leaves of one area it is linear in the shares of the shapes. Outlines: disc 2 pi, square 4 sqrt(pi), pentagram
	# 10 legs of triangles of 36 degrees on the sides of its inner pentagon, in units of r.
	for purity in 1 0.4; do
		dead-leaves -n 2400 --classes 3 --purity $purity --radius 40,40 --front 0,0 --texture 0 --shading 0 -o $purity.npys
	done
	python '
def edges(f):
    r = list(npys(f)); x = np.concatenate(r[0::2]).astype(float); y = np.concatenate(r[1::2])
    e = ((np.diff(x, axis=1)[:, :, 1:] != 0) | (np.diff(x, axis=2)[:, 1:] != 0)).mean((1, 2))
    return np.array([e[y == k].mean() for k in range(3)])
pure, mixed = edges("1.npys"), edges("0.4.npys")
tip = 1.67289 * .381966 * 2 * np.sin(.2 * np.pi) / (2 * np.sin(.1 * np.pi))
outline = np.array([2 * np.pi, 4 * np.pi ** .5, 10 * tip])
assert abs(pure / pure[0] / (outline / outline[0]) - 1).max() < .07
share = .4 * np.eye(3) + .3 * (1 - np.eye(3))
assert abs(mixed / (share @ pure) - 1).max() < .04'
}

@test "every shape of radius r has the area pi r^2 and its own second moment" {
	dead-leaves -n 1200 --size 128 --purity 0 --radius 256,256 --front 18,18 --grey 0,255 --texture 0 --shading 0 -o x.npys
	python 'import drawing; drawing.shapes("x.npys")'
}

@test "textures have amplitudes 1/f, no orientation, and one when they are stretched" {
	for stretch in 1 3; do
		dead-leaves -n 300 --classes 1 --radius 256,256 --front 0,0 --grey 128,128 --shading 0 --stretch $stretch -o $stretch.npys
	done
	python 'import drawing; drawing.texture("1.npys", "3.npys")'
}

@test "an image is covered: nothing but leaves' grey levels" {
	dead-leaves -n 30 --grey 200,200 --texture 0 --shading 0 | python '
x, y = npys(sys.stdin.buffer)
assert (x == 200).all()'
	dead-leaves -n 30 --grey 0,0 --texture 0 --shading 0 --size 65 --radius 1,3 | python '
x, y = npys(sys.stdin.buffer)
assert (x == 0).all()'
}

@test "options at the ends of their ranges" {
	dead-leaves -n 1 --size 1 >one.npys
	dead-leaves -n 2 --size 1000 --batch 1 --stretch 16 --radius 256,256 >large.npys
	dead-leaves -n 2 --size 40 --stretch 0.0625 --radius 1,1 --front 256,256 --purity 0 --classes 2 >small.npys
	dead-leaves -n 2 --size 20 --texture 255 --shading 255 --grey 0,255 --classes 1 --first 1000000000000 -j 1024 >wild.npys
	python '
for f, shapes in (("one", [(1, 1, 1), (1,)]), ("large", [(1, 1000, 1000), (1,)] * 2),
                  ("small", [(2, 40, 40), (2,)]), ("wild", [(2, 20, 20), (2,)])):
    assert [r.shape for r in npys(f + ".npys")] == shapes, f'
}

@test "wrong options are refused in one line" {
	for wrong in "--radius 30,20" "--radius 5" "--front 0,5" "--front 20,10" "--grey 9,300" "--grey 90,20" "--classes 0" \
		"--classes 7" "--purity nan" "--purity 1.1" "--stretch 0" "-n 0" "--size 0" "--batch 0" "--gratings=3" operand; do
		echo "$wrong | 2 | ${wrong%%[ =]*}"
	done | errors dead-leaves
}

@test "output that cannot be written" {
	errors dead-leaves <<-EOF
		-n 100 >/dev/full | 1 | No space left
		-n 1 -o no/such/folder | 1 | no/such/folder
	EOF
	run --separate-stderr bash -c 'trap "" PIPE; dead-leaves -n 2000 | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}'
	[[ $status -eq 1 && -z $stderr ]]
	dead-leaves -n 3 -o file.npys
	dead-leaves -n 3 | cmp - file.npys
}
