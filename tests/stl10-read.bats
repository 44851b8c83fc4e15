load common

# planted FILE N: N images whose red grows downwards and green to the right, of number k in blue
planted() {
	python '
n = int(sys.argv[2]); x = np.zeros((n, 3, 96, 96), np.uint8)      # (n, plane, column, row)
x[:, 0] = 2 * np.arange(96)[None, None, :]                        # red: 2 row
x[:, 1] = np.arange(96)[None, :, None]                            # green: column
x[:, 2] = np.arange(n)[:, None, None]
x.tofile(sys.argv[1])' "$1" "$2"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	planted X.bin 45
	python 'np.uint8(1 + np.arange(45) % 3 * 4).tofile("y.bin")'
}

@test "rows, columns and colours are where they belong" {
	stl10-read X.bin y.bin | python '
x, y = npys(sys.stdin.buffer)
r, c, k = np.ogrid[:96, :96, :45]
expected = np.rint((299 * 2 * r + 587 * c + 114 * k) / 1000).transpose(2, 0, 1)
assert x.dtype == np.uint8 and (x == expected).all()
assert y.dtype == np.uint8 and (y == np.arange(45) % 3 * 4).all()'
}

@test "photographs in the layout, as another reader sees them" {
	needs_data stl10-layout
	stl10-read "$data/stl10-layout/train_X.bin" "$data/stl10-layout/train_y.bin" | python '
x, y = npys(sys.stdin.buffer)
expected = np.load(sys.argv[1] + "/expected_gray_first4.npy")
assert x.shape == (200, 96, 96) and (x[:4] == expected).all()
assert (y == np.fromfile(sys.argv[1] + "/train_y.bin", np.uint8) - 1).all()' "$data/stl10-layout"
}

@test "--size averages areas of the unrounded grey" {
	for size in 48 64 7 96 192; do
		stl10-read X.bin --size $size | python '
(x,) = npys(sys.stdin.buffer)
n = int(sys.argv[1])
W = np.zeros((n, 96))                     # share of input j in output i
for i in range(n):
    for j in range(96):
        W[i, j] = max(0, min((i + 1) * 96, (j + 1) * n) - max(i * 96, j * n)) / 96
r, c, k = np.ogrid[:96, :96, :45]
g = ((299 * 2 * r + 587 * c + 114 * k) / 1000).transpose(2, 0, 1)
e = W @ g @ W.T
assert x.shape == e.shape and abs(x - e).max() < .5001' $size
	done
}

@test "without labels the stream has none; batches are as long as asked" {
	stl10-read --batch 20 <X.bin | python '
assert [r.shape for r in npys(sys.stdin.buffer)] == [(20, 96, 96), (20, 96, 96), (5, 96, 96)]'
	stl10-read --batch 20 X.bin y.bin | python '
assert [len(r) for r in npys(sys.stdin.buffer)] == [20, 20, 20, 20, 5, 5]'
	# any of the two from a pipe, any batch length: the same images
	cat X.bin | stl10-read - y.bin >a.npys
	cat y.bin | stl10-read X.bin - >b.npys
	stl10-read X.bin y.bin -o c.npys
	cmp a.npys c.npys
	cmp b.npys c.npys
}

@test "--part parts each class: one in ten, every image once" {
	planted many.bin 200
	python 'np.uint8(1 + np.arange(200) // 100).tofile("two.bin")'
	stl10-read many.bin two.bin -o all.npys
	stl10-read many.bin two.bin --part train -o train.npys
	stl10-read many.bin two.bin --part validation -o val.npys
	stl10-read many.bin --part validation -o unlabelled.npys
	python '
(a, la), (t, lt), (v, lv), (u,) = [list(npys(f + ".npys")) for f in ("all", "train", "val", "unlabelled")]
assert np.bincount(lv).tolist() == [10, 10] and np.bincount(lt).tolist() == [90, 90] and len(u) == 20
number = lambda x: x[:, 0, 0].astype(int) * 1000 // 114 // 1    # blue, roughly: orders the images
both = np.concatenate([t, v]); key = lambda x: sorted(i.tobytes() for i in x)
assert key(both) == key(a)
# one of every ten consecutive images of a class
for k in range(2):
    kept = {i.tobytes() for i in v[lv == k]}
    where = [i for i, x in enumerate(a[la == k]) if x.tobytes() in kept]
    assert len(where) >= 10 and {i // 10 for i in where} == set(range(10))'
}

@test "other sides by --side" {
	python 'np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 2, 2).tofile("small.bin")'
	stl10-read --side 2 small.bin | python '
(x,) = npys(sys.stdin.buffer)
b = np.arange(24).reshape(2, 3, 2, 2)
e = np.rint((299 * b[:, 0] + 587 * b[:, 1] + 114 * b[:, 2]) / 1000).transpose(0, 2, 1)
assert (x == e).all()'
}

@test "what is wrong with the data is said in one line, status 1" {
	head -c 100000 X.bin >cut.bin
	head -c 44 y.bin >short.bin
	cat y.bin y.bin >long.bin
	python 'y = np.fromfile("y.bin", np.uint8); y[7] = 11; y.tofile("eleven.bin"); y[7] = 0; y.tofile("zero.bin")'
	errors stl10-read <<-EOF
		/dev/null | 1 | no image
		nothing.bin | 1 | nothing.bin: No such file
		. | 1 | directory
		cut.bin | 1 | cut.bin: image 3: got 17056 of 27648 bytes
		cut.bin -o out | 1 | cut.bin: image 3: got 17056 of 27648 bytes
		X.bin short.bin | 1 | short.bin: 44 labels for the 45 images of X.bin
		X.bin long.bin | 1 | long.bin: 90 labels for the 45 images
		- short.bin < <(cat X.bin) | 1 | only 44 labels
		- long.bin < <(cat X.bin) | 1 | more labels than the 45 images
		X.bin eleven.bin -o out | 1 | eleven.bin: label 7: 11 is not one of 1..10
		X.bin zero.bin -o out | 1 | zero.bin: label 7: 0 is not one of 1..10
	EOF
	head -c 27648 X.bin >single.bin
	part=$(stl10-read --part train single.bin >/dev/null 2>&1 && echo validation || echo train)
	errors stl10-read <<<"--part $part single.bin | 1 | no image in this part"
}

@test "wrong usage, status 2; output that cannot be written, status 1" {
	for words in "- -" "--size 0" "--size x" "--part test" "--side 0" "--batch 0" "a b c" --no-such-option; do
		echo "$words | 2 | ."
	done | errors stl10-read
	errors stl10-read <<<'X.bin >/dev/full | 1 | No space left'
	run --separate-stderr bash -c 'trap "" PIPE; cat X.bin X.bin X.bin | stl10-read | head -c 1 >/dev/null; exit ${PIPESTATUS[1]}'
	[[ -z $stderr ]]
}

@test "memory is a batch, not a file" {
	[[ $V1PIPE_BUILD != *-san ]] || skip "instrumented build"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat X.bin X.bin X.bin X.bin; done >long.bin   # 60 MB
	(ulimit -v 40000; stl10-read --batch 100 long.bin -o /dev/null)
}
