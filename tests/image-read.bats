load common

# images: a 5x7 grey ramp and a 6x4 colour one, in every format Netpbm has
setup() {
	cd "$BATS_TEST_TMPDIR"
	python '
g = (np.arange(35).reshape(5, 7) * 7).astype("u1")
c = (np.arange(72).reshape(6, 4, 3) * 37 % 256).astype("u1")
open("g.pgm", "wb").write(b"P5\n7 5\n255\n" + g.tobytes())
open("c.ppm", "wb").write(b"P6\n4 6\n255\n" + c.tobytes())'
}

@test "grey is luminance, rounded once, ties to even; colour is kept on request" {
	python '
r = np.random.default_rng(3)
c = r.integers(0, 256, (40, 50, 3)).astype("u1")
c[0, :3] = [[0, 0, 250], [2, 124, 98], [4, 2, 1]]          # sums 28500, 84558, 2484
open("c.ppm", "wb").write(b"P6 50 40 255\n" + c.tobytes())
np.save("c.npy", c)'
	image-read c.ppm >grey.npys
	image-read --colour c.ppm >colour.npys
	python '
c = np.load("c.npy").astype(int)
g = one("grey.npys")
assert g.dtype == np.uint8 and g.shape == (1, 40, 50)
assert (g[0] == np.rint((c @ [299, 587, 114]) / 1000)).all() and g[0, 0, 0] == 28
assert (one("colour.npys") == c.transpose(2, 0, 1)[None]).all()'
	# Netpbm uses the same weights but rounds sums of rounded products
	ppmtopgm c.ppm | image-read | tensor-cmp -a 1 - grey.npys
}

@test "plain and raw, PBM, PGM, PPM and PAM give the same numbers" {
	image-read g.pgm >g.npys
	image-read --colour c.ppm >c.npys
	pnmtoplainpnm g.pgm | image-read | tensor-cmp - g.npys
	pamtopam <g.pgm | image-read | tensor-cmp - g.npys
	pnmtoplainpnm c.ppm | image-read --colour | tensor-cmp - c.npys
	pamtopam <c.ppm | image-read --colour | tensor-cmp - c.npys
	pamstack -tupletype=RGB_ALPHA c.ppm <(pgmmake -maxval=255 0.5 4 6) | image-read --colour | tensor-cmp - c.npys
	pamthreshold -threshold=0.5 -simple g.pgm | pamtopnm >b.pbm
	[[ $(head -c 2 b.pbm) == P4 ]]
	python 'a = one("g.npys"); save("b.npys", (255 * (a >= 127.5)).astype("u1"))'
	image-read b.pbm | tensor-cmp - b.npys
	pnmtoplainpnm b.pbm | image-read | tensor-cmp - b.npys
	# a grey image among colours gets three equal planes
	image-read --colour g.pgm | tensor-get --slice 0,2 | tensor-cmp - <(tensor-get --slice 0 g.npys)
}

@test "other maximum values: brightness is sample * 255 / maxval" {
	python '
a = np.array([[0, 1, 50, 99, 100]])
open("100.pgm", "wb").write(b"P5 5 1 100\n" + a.astype("u1").tobytes())
b = np.array([[0, 1, 1000, 65534, 65535]])
open("65535.pgm", "wb").write(b"P5 5 1 65535\n" + b.astype(">u2").tobytes())
open("1000.ppm", "w").write("P3 1 1 1000\n500 250 1000\n")'
	image-read 100.pgm 65535.pgm 1000.ppm | python '
a, b, c = npys(sys.stdin.buffer)
assert a.dtype == np.uint8 and a.ravel().tolist() == [0, 3, 128, 252, 255]
assert b.dtype == np.float32 and np.array_equal(b.ravel(), (np.array([0, 1, 1000, 65534, 65535]) * 255 / np.float32(65535)).astype("f4"))
assert c.dtype == np.float32 and abs(c.item() - (0.299 * 127.5 + 0.587 * 63.75 + 0.114 * 255)) < 1e-4'
}

@test "concatenated images, from a pipe as from a file; a change of size or type starts a batch" {
	python 'open("16.pgm", "wb").write(b"P5 7 5 65535\n" + bytes(70))'
	cat g.pgm g.pgm c.ppm c.ppm c.ppm g.pgm 16.pgm 16.pgm >all.pnm
	image-read all.pnm >file.npys
	cat all.pnm | image-read >pipe.npys
	image-read - <all.pnm >redirected.npys
	cmp file.npys pipe.npys
	cmp file.npys redirected.npys
	image-read g.pgm g.pgm c.ppm c.ppm c.ppm g.pgm 16.pgm 16.pgm | cmp - file.npys
	[[ $(tensor-info file.npys | tail -n +2 | cut -f 4,5 | tr '\t\n' '  ') == "|u1 (2,5,7) |u1 (3,6,4) |u1 (1,5,7) <f4 (2,5,7) " ]]
	# with one size they are one batch of one type at most
	image-read --size 4 --crop 4 g.pgm c.ppm g.pgm | tensor-info | grep -q '(3,4,4)'
}

@test "batches end after 500 images and before 2^23 numbers" {
	python '
open("many.pgm", "wb").write(b"P5 2 1 255\nab" * 1203)
open("large.pgm", "wb").write((b"P5 2048 2048 255\n" + bytes(1 << 22)) * 3)'
	[[ $(image-read many.pgm | tensor-info | tail -n +2 | cut -f 5 | tr '\n' ' ') == "(500,1,2) (500,1,2) (203,1,2) " ]]
	[[ $(image-read large.pgm | tensor-info | tail -n +2 | cut -f 5 | tr '\n' ' ') == "(2,2048,2048) (1,2048,2048) " ]]
	image-read -n 1100 many.pgm | tensor-info | tail -n 1 | grep -q '(100,1,2)'
	# an endless stream is stopped by -n
	while cat g.pgm; do :; done 2>/dev/null | image-read -n 3 | tensor-info | grep -q '(3,5,7)'
}

@test "folders: all below, byte order, other files and hidden ones passed over" {
	mkdir -p d/b d/B/deep d/.hidden
	python '
for i, name in enumerate("10.pgm 9.PGM B/deep/x.pnm a.ppm b/1.pam b/2.pbm b.pgm".split()):
    open("d/" + name, "wb").write(b"P5 1 1 255\n" + bytes([i + 1]))'
	cp g.pgm d/.hidden/x.pgm
	cp g.pgm d/.x.pgm
	echo text >d/README
	# 10 < 9 < B/ < a < b/ < b.pgm
	[[ $(image-read d | python 'print(*one(sys.stdin.buffer).ravel())') == "1 2 3 4 5 6 7" ]]
	cp d/9.PGM named
	[[ $(image-read named d/b | python 'print(*one(sys.stdin.buffer).ravel())') == "2 5 6" ]]
	mkdir empty
	ln -s .. d/b/ring
	errors "image-read -o out" <<-EOF
		empty | 1 | empty: no PNM, PAM, JPEG or PNG file
		d | 1 | .
	EOF
}

@test "--label-dirs: parent folders in byte order are classes; --classes lists them" {
	mkdir -p a/dog a/Cat b/dog b/ape
	for d in a/dog a/Cat b/dog b/ape; do cp g.pgm $d/1.pgm; cp g.pgm $d/2.pgm; done
	image-read --label-dirs --classes c.tsv b a >x.npys
	python '
x, y = npys("x.npys")
assert x.shape == (8, 5, 7) and y.dtype == np.uint8 and y.tolist() == [1, 1, 2, 2, 0, 0, 2, 2], y'
	printf 'label\tfolder\timages\n0\tCat\t2\n1\tape\t2\n2\tdog\t4\n' | cmp - c.tsv
	# one class, also from inside the folder
	(cd a/dog && image-read --label-dirs --classes ../../d.tsv . 1.pgm ./2.pgm ../Cat/1.pgm >../../y.npys)
	python 'assert [a.tolist() for a in npys("y.npys")][1] == [1, 1, 1, 1, 0]'
	grep -q $'^1\tdog\t4$' d.tsv
	# every batch has its labels
	cp c.ppm a/dog/0.ppm
	image-read --label-dirs a | tensor-info | tail -n +2 | cut -f 5 | tr '\n' ' ' | grep -qx '(2,5,7) (2,) (1,6,4) (1,) (2,5,7) (2,) '
	errors "image-read -o out" <<-EOF
		--label-dirs - <g.pgm | 2 | standard input
		--classes x.tsv g.pgm | 2 | label-dirs
	EOF
}

@test "--label-dirs with more than 256 classes writes <i4" {
	python '
import os
for i in range(1000, 1300):
    os.makedirs(f"d/{i}")
    os.link("g.pgm", f"d/{i}/1.pgm")'
	image-read --label-dirs --size 5 --crop 5 d | python '
x, y = npys(sys.stdin.buffer)
assert y.dtype == np.int32 and (y == np.arange(300)).all()'
}

@test "--part: the two parts make the whole, one in ten of each class, whatever the order of classes" {
	mkdir -p d/a d/b
	python '
for k, c in enumerate("ab"):
    for i in range(100):
        open(f"d/{c}/{i:03}.pgm", "wb").write(b"P5 2 1 255\n" + bytes([i, k]))'
	for p in all train validation; do image-read --label-dirs --part $p d >$p.npys; done
	python '
(x, y), (xt, yt), (xv, yv) = (tuple(npys(p + ".npys")) for p in ("all", "train", "validation"))
assert np.bincount(yv).tolist() == [10, 10] and np.bincount(yt).tolist() == [90, 90]
for k in range(2):
    v, t = xv[yv == k, 0, 0], xt[yt == k, 0, 0]
    assert (v // 10 == np.arange(10)).all()
    assert sorted([*v, *t]) == list(range(100))
assert len(set(v % 10)) > 1'
	# without labels all images are one class: the first hundred are those of class 0
	image-read --part validation d | tensor-get --slice :10 | tensor-cmp - <(tensor-get --record 0 --slice :10 validation.npys)
	run --separate-stderr image-read --part validation -o x.npys g.pgm g.pgm
	[[ $status -eq 0 ]] || one_line 1 'no image of this part'
}

@test "--size is the mean over areas with the sides' ratio kept, --crop the centre" {
	python '
r = np.random.default_rng(5)
a = r.integers(0, 256, (60, 90)).astype("u1")
open("a.pgm", "wb").write(b"P5 90 60 255\n" + a.tobytes())
np.save("a.npy", a)'
	image-read --size 20 a.pgm >s.npys
	image-read --size 20 --crop 20 a.pgm >sc.npys
	image-read --crop 31 a.pgm >c.npys
	image-read --size 120 a.pgm >l.npys
	image-read --size 60 a.pgm >same.npys
	python '
a = np.load("a.npy").astype(float)
s = np.rint(a.reshape(20, 3, 30, 3).mean((1, 3)))
assert (one("s.npys")[0] == s).all() and (one("sc.npys")[0] == s[:, 5:25]).all()
assert (one("c.npys")[0] == a[14:45, 29:60]).all()
assert (one("l.npys")[0] == a.repeat(2, 0).repeat(2, 1)).all() and (one("same.npys")[0] == a).all()'
	# any ratio against Netpbm, which averages areas too
	image-read --size 37 a.pgm >o.npys
	pamscale -xsize=56 -ysize=37 -nomix a.pgm >/dev/null
	pamscale -linear -xsize=56 -ysize=37 a.pgm | image-read | tensor-cmp -a 1 - o.npys
	errors image-read <<<'--crop 61 -o out a.pgm | 1 | a.pgm: image 0: 60 rows of 90 pixels are too small for a crop of 61'
	# of colours, grey first or size first is the same
	image-read --size 3 c.ppm >a.npys
	image-read --colour --size 3 c.ppm | python '
c = one(sys.stdin.buffer).astype(float)[0]
assert abs(np.tensordot([0.299, 0.587, 0.114], c, 1) - one("a.npys")[0]).max() <= 1'
}

@test "photographs against another reader of the format" {
	needs_data photos
	image-read "$data"/photos/100075.pgm "$data"/photos/138078.ppm >x.npys
	python '
def pnm(path):
    magic, size, maxval, data = open(path, "rb").read().split(b"\n", 3)
    w, h = map(int, size.split())
    return np.frombuffer(data, np.uint8).reshape(h, w, -1).astype(int)
a, b = npys("x.npys")
p = sys.argv[1] + "/photos/"
assert (a[0] == pnm(p + "100075.pgm")[:, :, 0]).all()
assert (b[0] == np.rint(pnm(p + "138078.ppm") @ [299, 587, 114] / 1000)).all()' "$data"
}

@test "broken images: one line that names file and image" {
	while IFS= read -r line; do
		printf "${line% | *}" >bad.pgm
		errors "image-read -o out" <<<"bad.pgm | 1 | bad.pgm: ${line##* | }" || { echo "$line"; return 1; }
	done <<-'EOF'
		 | image 0: no image
		\x20\n | image 0: no image
		hello | image 0: 
		P5 | image 0: 
		P5 2 2 | image 0: 
		P5 2 2 255\nabc | image 0: row 1 of 2: 
		P5 2 2 255\nabcdxyz | image 1: 
		P5 0 2 255\n | image 0: 
		P5 -2 2 255\n | image 0: 
		P5 2 2 0\nabcd | image 0: 
		P5 2 2 65536\nabcdefgh | image 0: 
		P2 2 1 100\n50 101\n | image 0: row 0 of 1: 
		P2 2 1 100\n50\n | image 0: row 0 of 1: 
		P5 2000000 1 255\n | image 0: 1 rows of 2000000 pixels are more than
		P5 1000000 1000000 255\n | image 0: .* more than
		P5 2147483647 2147483647 255\n | image 0: 
		P5 99999999999 1 255\n | image 0: 
		P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE odd\nENDHDR\nab | image 0: .*depth 2
		P7\nWIDTH 1\nHEIGHT 1\nDEPTH 60000\nMAXVAL 255\nENDHDR\nab | image 0: .*depth 60000
	EOF
	# a header that claims 2^28 pixels takes no memory for them
	printf 'P5 16384 16384 255\nabc' >bad.pgm
	[[ $V1PIPE_BUILD == *-san ]] || errors <<<'ulimit -v 300000; image-read bad.pgm -o out | 1 | bad.pgm: image 0: row 0 of 16384'
}

@test "bad options, a full disk, a closed pipe, an output that is not finished" {
	errors image-read <<-EOF
		--no-such-option | 2 | no-such-option
		--size 0 | 2 | size
		--crop 65537 | 2 | crop
		-n 0 | 2 | -n
		--part test | 2 | part
		-o out /no/such/file.pgm | 1 | /no/such/file.pgm: No such file
		g.pgm >/dev/full | 1 | No space left
		<<<"P5 1 1 255 a" --size 65536 -o out | 1 | more than the
		<<<"P5 2 2 255" -o out | 1 | row
	EOF
	[[ -z $(ls -A | grep '^\.*out' || :) ]]
	run --separate-stderr bash -c "trap '' PIPE; image-read g.pgm | true; exit \${PIPESTATUS[0]}"
	[[ -z $stderr ]]
	image-read -o file.npys g.pgm
	image-read <g.pgm | cmp - file.npys
}

@test "PNG: 8 and 16 bit, grey, colour, palette, alpha" {
	python '
from pictures import png
r = np.random.default_rng(1)
g, c, a = r.integers(0, 256, (5, 7), "u1"), r.integers(0, 256, (5, 7, 3), "u1"), r.integers(0, 256, (5, 7, 1), "u1")
w, p = r.integers(0, 65536, (5, 7), "u2"), r.integers(0, 256, (200, 3), "u1")
i = r.integers(0, 200, (5, 7), "u1")
for n, b in ("g", png(g, 0)), ("ga", png(np.dstack([g, a]), 4)), ("c", png(c, 2)), ("ca", png(np.dstack([c, a]), 6)), ("p", png(i, 3, p.ravel())), ("w", png(w, 0)):
    open(n + ".png", "wb").write(b)
for n, x in ("g", g), ("ga", g), ("c", c), ("ca", c), ("p", p[i]), ("w", (w / 65535 * 255).astype("f4")):
    save(n + ".npys", (x.transpose(2, 0, 1) if x.ndim == 3 else np.stack([x] * 3))[None])'
	for f in g ga c ca p; do image-read --colour $f.png | cmp - $f.npys; done
	image-read --colour w.png | tensor-cmp -a 1e-4 w.npys -
	cat c.png | image-read --colour | cmp - c.npys
	# a name says nothing of a file that is named itself
	mv c.png c.data
	image-read --colour c.data | cmp - c.npys
}

@test "JPEG: grey, colour, CMYK, and every orientation of EXIF" {
	python '
from pictures import *
y, x = np.mgrid[:16, :24]
c = np.stack([10 * x, 15 * y, 0 * x + 90], -1).astype("u1")
open("c.ppm", "wb").write(b"P6 24 16 255\n" + c.tobytes())
open("g.pgm", "wb").write(b"P5 24 16 255\n" + c[..., 0].tobytes())
open("k.jpg", "wb").write(jpeg_cmyk(200, 100, 50, 255))'
	pnmtojpeg -quality 100 c.ppm >c.jpg 2>/dev/null
	pnmtojpeg g.pgm >g.jpg 2>/dev/null
	for f in c g; do
		image-read --colour $f.jpg | cmp - <(jpegtopnm $f.jpg 2>/dev/null | image-read --colour)
	done
	image-read --colour c.jpg | tensor-cmp -a 20 - <(image-read --colour c.ppm)
	image-read --colour k.jpg | python '(a,) = npys(sys.stdin.buffer); assert (abs(a[0].reshape(3, -1).T.astype(int) - [200, 100, 50]) <= 1).all(), a'
	python '
from pictures import *
for i in range(1, 9):
    open(f"{i}.jpg", "wb").write(exif(open("c.jpg", "rb").read(), i, "<>"[i % 2]))'
	image-read --colour c.jpg >c.npys
	image-read --colour [1-8].jpg >turned.npys
	python '
a = one("c.npys")[0].transpose(1, 2, 0)
t = a.swapaxes(0, 1)
upright = [a, a[:, ::-1], a[::-1, ::-1], a[::-1], t, np.rot90(a, -1), t[::-1, ::-1], np.rot90(a)]
got = [x.transpose(1, 2, 0) for b in npys("turned.npys") for x in b]
assert len(got) == 8 and all(np.array_equal(x, y) for x, y in zip(got, upright))'
}

@test "a broken picture is named, or with --skip-broken passed over and counted; its class and number go to the next" {
	mkdir -p in/a in/b
	python '
from pictures import png
x = np.random.default_rng(1).integers(0, 256, (9, 8, 8), "u1")
for i, n in enumerate("a/1 a/2 a/3 b/1 b/2".split()):
    open(f"in/{n}.png", "wb").write(png(x[i], 0))
save("good.npys", x[[0, 2, 3]])'
	head -c 90 in/a/2.png >cut && mv cut in/a/2.png
	echo text >in/b/2.png
	run --separate-stderr image-read --label-dirs -o out.npys in
	one_line 1 'in/a/2.png: broken or cut off: pngtopam: '
	[[ ! -e out.npys ]]
	run --separate-stderr bash -c 'image-read --label-dirs --skip-broken -o out.npys in'
	[[ $status -eq 0 && $stderr == "image-read: files passed over: 2, the first: in/a/2.png: "* ]]
	python '
x, l = npys("out.npys")
assert (x == one("good.npys")).all() and list(l) == [0, 0, 1]'
	# a JPEG that is cut off would be a picture of full size, half of it grey
	pnmtojpeg "$data"/photos/100075.pgm 2>/dev/null | head -c 9000 >cut.jpg || skip "no photographs"
	[[ $(jpegtopnm cut.jpg 2>/dev/null | head -c 2) == P5 ]]
	run --separate-stderr image-read cut.jpg
	[[ $status -eq 1 && -z $output ]]
	run --separate-stderr image-read --skip-broken cut.jpg
	one_line 1 'cut.jpg: .*no file could be read'
	run --separate-stderr env PATH="$V1PIPE_BUILD/bin" image-read in/a/1.png
	one_line 1 'in/a/1.png: pngtopam, which netpbm installs: '
}

@test "--type: one type for the stream, whatever the depth of a file" {
	printf 'P5 1 1 255\n\100' >8.pgm
	printf 'P5 1 1 65535\n\100\200' >16.pgm
	[[ $(image-read 8.pgm 16.pgm | tensor-info | wc -l) -eq 3 ]]
	image-read --type u1 8.pgm 16.pgm | python 'a = one(sys.stdin.buffer); assert a.dtype == "u1" and (a.ravel() == 64).all()'
	image-read --type f4 8.pgm 16.pgm | python 'a = one(sys.stdin.buffer); assert a.dtype == "f4" and (a.ravel() == np.float32([64, 0x4080 * 255 / 65535])).all()'
}

@test "PAM of a bitmap with opacity; FIFOs and sockets of a folder are no images" {
	mkdir d
	printf 'P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE_ALPHA\nENDHDR\n\1\0\0\1' >d/a.pam
	mkfifo d/b.pgm
	python 'import socket; socket.socket(socket.AF_UNIX).bind("d/c.pgm")'
	timeout 20 image-read d | python 'assert one(sys.stdin.buffer).tolist() == [[[255, 0]]]'
}
