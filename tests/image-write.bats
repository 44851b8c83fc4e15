load common

setup() {
	cd "$BATS_TEST_TMPDIR"
	python '
r = np.random.default_rng(7)
save("u1.npys", r.integers(0, 256, (10, 6, 5)).astype("u1"), np.arange(10).astype("u1"))
save("f4.npys", r.normal(size=(10, 6, 5)).astype("f4"))'
}

# size FILE: "width height" of each picture
size() {
	pamfile -allimages "$1" 2>/dev/null | grep -o '[0-9]* by [0-9]*' | tr '\n' ' '
}

@test "bytes come back as they were, through a mosaic and one by one" {
	tensor-get --record 0 u1.npys | image-write --columns 1 --gap 0 | image-read | python '
assert (one(sys.stdin.buffer).reshape(10, 6, 5) == next(npys("u1.npys"))).all()'
	for i in 0 9; do tensor-get --record 0 --slice $i u1.npys | image-write | image-read; done | python '
a, b = npys(sys.stdin.buffer), next(npys("u1.npys"))
a = list(a)
assert (a[0][0] == b[0]).all() and (a[1][0] == b[9]).all()'
}

@test "the mosaic: places, gaps, squares, columns, first tiles, as NumPy lays them out" {
	image-write --gap 2 --columns 4 --scale 3 u1.npys >a.pgm
	[[ $(size a.pgm) == "$((4 * 15 + 3 * 2)) by $((3 * 18 + 2 * 2)) " ]]
	image-read a.pgm | python '
a, x = one(sys.stdin.buffer)[0], next(npys("u1.npys"))
b = np.full((3 * 20, 4 * 17), 255)
for i in range(10):
    r, c = i // 4 * 20, i % 4 * 17
    b[r:r + 18, c:c + 15] = x[i].repeat(3, 0).repeat(3, 1)
assert (a == b[:-2, :-2]).all()'
	image-write -n 3 --columns 2 u1.npys >b.pgm
	[[ $(size b.pgm) == "11 by 13 " ]]
	# about square without --columns: 4 x 3 tiles
	[[ $(image-write u1.npys >c.pgm; size c.pgm) == "23 by 20 " ]]
	[[ $(image-write --columns 99 --gap 0 u1.npys >c.pgm; size c.pgm) == "50 by 6 " ]]
}

@test "scales: zero in the middle, common or per tile, clipped, given" {
	image-write --clip 0 --gap 0 --columns 1 f4.npys | image-read >common.npys
	image-write --clip 0 --gap 0 --columns 1 --contrast tile f4.npys | image-read >tile.npys
	image-write --range -2,1 --gap 0 --columns 1 f4.npys | image-read >range.npys
	image-write --clip 0.1 --gap 0 --columns 1 f4.npys | image-read >clip.npys
	python '
x = one("f4.npys").astype(float)
show = lambda m: np.rint(255 * np.clip((x + m) / (2 * m), 0, 1)).reshape(60, 5)
def same(name, y):
    d = abs(one(name + ".npys")[0] - y)
    return d.max() <= 1 and (d > 0).mean() < .02  # ties
assert same("common", show(abs(x).max()))
assert same("tile", show(abs(x).max((1, 2), keepdims=True)))
assert same("range", np.rint(255 * np.clip((x + 2) / 3, 0, 1)).reshape(60, 5))
assert same("clip", show(np.sort(abs(x).ravel())[299 - int(0.1 * 299)]))'
	# the ends are order statistics, as a full sort finds them: half of the clipped at either end where nothing is negative
	python '
r = np.random.default_rng(9)
for i, n in enumerate((1, 2, 5, 40, 333, 1500)):
    save(f"r{i}.npys", r.integers(0, 2**24, (1, n)).astype("f4"))
    save(f"s{i}.npys", np.arange(n, dtype="f4")[None])
    save(f"m{i}.npys", -r.integers(1, 2**24, (1, n)).astype("f4"))
save("constant.npys", np.full((1, 3), 4.)); save("sparse.npys", 3. * (np.arange(1000) == 17)[None])'
	for f in [rsm][0-5].npys constant.npys sparse.npys; do image-write --clip 0.1 $f | image-read >out.$f; done
	python '
import glob
for f in glob.glob("[rsm][0-5].npys"):
    x, y = one(f)[0].astype(float), one("out." + f)[0, 0].astype(float)
    order = np.sort(abs(x))
    off = int((.1 if f[0] == "m" else .05) * (len(x) - 1))
    high = order[-1 - off]
    low = -high if f[0] == "m" else order[off]
    expected = np.clip((x - low) / (high - low), 0, 1) * 255 if high > low else np.full(len(x), 127.5)
    assert abs(y - expected).max() <= .51, (f, y, expected)
assert set(one("out.constant.npys").ravel()) == {128} and one("out.sparse.npys").ravel().nonzero()[0].tolist() == [17]'
	# no value below zero: the smallest is black; bytes with a scale of their own are stretched
	python 'save("p.npys", np.array([[5.0, 7.0, 9.0]])); save("b.npys", np.array([[5, 7, 9]], "u1"))'
	[[ $(image-write p.npys | tail -c 3 | od -An -tu1) == "   0 128 255" ]]
	[[ $(image-write --contrast tile b.npys | tail -c 3 | od -An -tu1) == "   0 128 255" ]]
	[[ $(image-write b.npys | tail -c 3 | od -An -tu1) == "   5   7   9" ]]
	[[ $(image-write --range 5,10 b.npys | tail -c 3 | od -An -tu1) == "   0 102 204" ]]
}

@test "diverging colours: white at zero, red above, blue below, also where nothing is negative" {
	python 'save("d.npys", np.array([[-2.0, -1, 0, 1, 2]])); save("p.npys", np.array([[0.0, 1, 2]]))'
	image-write --colours diverging d.npys >d.ppm
	[[ $(head -c 2 d.ppm) == P6 ]]
	image-read --colour d.ppm | python '
r, g, b = one(sys.stdin.buffer)[0, :, 0].astype(int)
assert r[2] == g[2] == b[2] > 240
assert (np.diff(r[:3]) > 0).all() and (np.diff(b[2:]) < 0).all()
assert b[0] > r[0] + 50 and r[4] > b[4] + 50
grey = 0.299 * r + 0.587 * g + 0.114 * b
assert abs(grey[0] - grey[4]) < 15 and abs(grey[1] - grey[3]) < 15'
	image-write --colours diverging p.npys | image-read --colour >p3.npys
	image-read --colour d.ppm | tensor-get --slice ':,:,:,2:' | tensor-cmp - p3.npys
}

@test "colour batches, pairs of ON and OFF, kernels as rows of targets" {
	python '
r = np.random.default_rng(8)
save("c.npys", r.integers(0, 256, (2, 3, 4, 5)).astype("u1"))
save("k.npys", r.integers(0, 256, (4, 4, 3, 3)).astype("u1"))
save("o.npys", r.integers(0, 256, (5, 2, 3, 3)).astype("u1"))'
	image-write --gap 0 --columns 1 c.npys | image-read --colour | python '
a = one(sys.stdin.buffer)[0]
assert (a == np.concatenate(list(one("c.npys")), 1)).all()'
	image-write --gap 0 k.npys | image-read | python '
a = one(sys.stdin.buffer)[0]
assert (a == one("k.npys").transpose(0, 2, 1, 3).reshape(12, 12)).all()'
	[[ $(image-write --gap 0 o.npys >o.pgm; size o.pgm) == "6 by 15 " ]]
	[[ $(image-write --gap 0 --layout grid c.npys >c.pgm; size c.pgm) == "15 by 8 " ]]
	tensor-get --slice ':,:1' k.npys | image-write --gap 0 >1.pgm
	[[ $(size 1.pgm) == "6 by 6 " ]]
	errors "image-write -o out" <<-EOF
		--layout colour k.npys | 1 | record 0: .*colour
		--colours diverging c.npys | 1 | record 0: .*colour
	EOF
}

@test "several records are several pictures, read back in order" {
	cat u1.npys f4.npys u1.npys | image-write >all.pgm
	[[ $(size all.pgm) == "23 by 20 23 by 20 23 by 20 " ]]
	image-read all.pgm | tensor-info | grep -q '(3,20,23)'
	image-write u1.npys f4.npys u1.npys | cmp - all.pgm
}

@test "records that are no pictures" {
	python '
save("y.npys", np.arange(4)); save("s.npys", np.array(1.0)); save("r5.npys", np.zeros((1, 1, 1, 1, 1)))
save("e.npys", np.zeros((0, 3, 3))); save("n.npys", np.array([[[0.0]], [[np.nan]]]))
save("t.npys", np.linspace(0, 3, 2), np.ones((2, 3, 3)))'
	errors "image-write -o out" <<-EOF
		y.npys | 1 | no picture
		s.npys | 1 | record 0
		r5.npys | 1 | record 0
		e.npys | 1 | record 0: the record has no pixels
		n.npys | 1 | record 0: item 1
		--range 1,1 u1.npys | 2 | range
		--scale 0 u1.npys | 2 | scale
		--clip 1 u1.npys | 2 | clip
	EOF
	image-write t.npys >t.pgm   # an orientation kernel: angles, then maps
	[[ $(size t.pgm) == "7 by 3 " ]]
	image-write --clip 0.999999 --scale 1000 --gap 1000 -n 1 f4.npys >big.pgm
	[[ $(size big.pgm) == "5000 by 6000 " ]]
}

@test "common errors" {
	common_errors image-write f4.npys
}

@test "a name that ends in .png gets PNG; it holds one picture, and other formats are refused" {
	python 'save("a.npys", np.random.default_rng(1).integers(0, 256, (6, 7), "u1")); save("c.npys", np.random.default_rng(2).integers(0, 256, (1, 3, 4, 5), "u1"))'
	for f in a c; do
		image-write -o $f.png $f.npys
		[[ $(head -c 4 $f.png | tail -c 3) == PNG ]]
		cmp <(pngtopam $f.png) <(image-write $f.npys)
	done
	run --separate-stderr image-write -o b.png a.npys a.npys
	one_line 1 'b.png: a PNG file holds one picture'
	for name in b.jpg b.TIF; do
		run --separate-stderr image-write -o $name a.npys
		one_line 1 "$name: PNM and PNG are written"
	done
	run --separate-stderr env PATH="$V1PIPE_BUILD/bin" image-write -o b.png a.npys
	one_line 1 'b.png: pnmtopng, which netpbm installs'
	[[ -z $(ls -A | grep '^\.*b\.' || :) ]]
}

@test "--tiles: only the images that are shown are held" {
	dead-leaves -n 4 --size 64 >few.npys
	dead-leaves -n 4000 --size 64 --batch 4000 >many.npys
	tensor-get --record 0 many.npys >record.npys
	image-write --tiles 4 record.npys >many.pgm
	tensor-get --record 0 few.npys | image-write >few.pgm
	cmp few.pgm many.pgm
	most=$(python 'import resource, subprocess; subprocess.run(["image-write", "--tiles", "4", "record.npys", "-o", "x.pgm"], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)')
	echo "peak: $most KiB, the record as floats: 65536 KiB"
	[[ -n ${SAN-} || $most -lt 40000 ]]
	python '
x = np.random.default_rng(1).normal(size=(5, 4, 6, 6)).astype("f4")
save("x.npys", x); save("y.npys", x[:2])'
	cmp <(image-write --columns 4 --tiles 6 x.npys) <(image-write --columns 4 --tiles 6 y.npys)
}
