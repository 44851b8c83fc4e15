# The stream as NumPy and the shell see it; bytes are tested in unit/npys.c.
load common

# what NumPy writes is listed as NumPy sees it
@test "every type and shape that NumPy writes and we read" {
	python '
r = np.random.default_rng(1)
arrays = [(100 * r.normal(size=s)).astype(t) for t in ("u1", "b1", "<u2", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8")
          for s in ((), (3,), (2, 3), (1, 2, 3, 4), (0,), (2, 0, 3))]
save("all.npys", *arrays)
with open("numpy.tsv", "w") as f:
    for i, a in enumerate(arrays):
        print(i, a.dtype.str, str(a.shape).replace(" ", ""), a.size, sep="\t", file=f)'
	tensor-info all.npys | tail -n +2 | cut -f 2,4-6 >ours.tsv
	diff ours.tsv numpy.tsv
}

@test "np.save appended to a file is a stream; spare blanks, versions 2 and 3" {
	python '
with open("a.npys", "wb") as f:
    np.save(f, np.arange(6, dtype="<f4").reshape(2, 3))
    np.save(f, np.arange(4))
    np.lib.format.write_array(f, np.ones(2, "<f4"), version=(2, 0))
    np.lib.format.write_array(f, np.ones(3, "<f4"), version=(3, 0))'
	[[ $(tensor-info a.npys | tail -n +2 | cut -f 5 | tr '\n' ' ') == "(2,3) (4,) (2,) (3,) " ]]
}

@test "a round trip through our writer gives NumPy's numbers" {
	python '
r = np.random.default_rng(2)
save("a.npys", *[(50 * r.normal(size=(5, 4, 3))).astype(t) for t in ("u1", "b1", "<u2", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8")],
     np.array([np.nan, np.inf, -0.0]), np.array(2.5))'
	tensor-get a.npys >b.npys
	python '
for a, b in zip(npys("a.npys"), npys("b.npys"), strict=True):
    assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), (a, b)'
	# and np.load reads the first record of what we wrote
	python 'assert np.load("b.npys").shape == (5, 4, 3)'
}

@test "Python reads and writes real pipes" {
	python 'save(sys.stdout.buffer, np.arange(12.0).reshape(3, 4), np.arange(3))' |
		tensor-get | python '
a, b = npys(sys.stdin.buffer)
assert a.shape == (3, 4) and (b == np.arange(3)).all()'
}

# the programs printed in npys(5) are the ones that are run here
program() { # program NAME SECTION-MARK: the literal block that contains the mark
	python '
import re, sys
text = open(sys.argv[1]).read()
blocks = re.findall(r"^\.Bd -(?:literal|unfilled)[^\n]*\n(.*?)^\.Ed", text, re.S | re.M)
(block,) = [b for b in blocks if sys.argv[2] in b]
print(block.replace("\\e", "\\").replace("\\&", "").replace("\\(aq", chr(39)), end="")' "$top/man/npys.5" "$1"
}

@test "the C filter of npys(5) compiles without a warning, halves a stream and refuses a cut one" {
	program 'int main(void)' >half.c
	[[ $(wc -l <half.c) -lt 60 ]]
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -o half half.c
	python '
save("a.npys", np.arange(24, dtype="<f4").reshape(2, 3, 4), np.float32(8), np.zeros((0, 2), "<f4"))'
	./half <a.npys >b.npys
	python '
for a, b in zip(npys("a.npys"), npys("b.npys"), strict=True):
    assert a.shape == b.shape and (a / 2 == b).all()'
	head -c 150 a.npys >cut.npys
	run ./half <cut.npys
	[[ $status -eq 1 ]]
	python 'save("d.npys", np.zeros(3))'
	run ./half <d.npys
	[[ $status -eq 1 ]]
	! ./half <a.npys >/dev/full 2>/dev/null || false
	[[ $(./half </dev/null | wc -c) -eq 0 ]]
}

@test "the Python reader and writer of npys(5) work on real pipes" {
	program 'def records' >stream.py
	cat >double.py <<'EOF'
import sys
from stream import records, write
for a in records(sys.stdin.buffer):
    write(sys.stdout.buffer, 2 * a)
EOF
	python 'save("a.npys", np.arange(6.0).reshape(2, 3), np.arange(4), np.array(1.5))'
	cat a.npys | "$PYTHON" double.py | cat >b.npys
	python '
for a, b in zip(npys("a.npys"), npys("b.npys"), strict=True):
    assert a.shape == b.shape and (2 * a == b).all()'
	head -c 200 a.npys >cut.npys
	run bash -c 'cat cut.npys | "$PYTHON" double.py >/dev/null'
	[[ $status -ne 0 ]]
}

@test "NumPy's remedies in our messages work" {
	python '
a = np.arange(6, dtype="<f4").reshape(2, 3)
np.save("fortran.npy", a.T)
np.save("big.npy", a.astype(">f4"))
np.save("fields.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<f4")]))
np.save("object.npy", np.array([1, 2], object), allow_pickle=True)
np.save("complex.npy", np.ones(2, complex))'
	errors tensor-info <<-EOF
		fortran.npy | 1 | fortran.npy: record 0: .*np.ascontiguousarray
		big.npy | 1 | big.npy: record 0: .*newbyteorder
		fields.npy | 1 | fields.npy: record 0: .*structured
		object.npy | 1 | object.npy: record 0: .*astype
		complex.npy | 1 | complex.npy: record 0: .*astype
	EOF
	python '
np.save("a.npy", np.ascontiguousarray(np.load("fortran.npy")))
b = np.load("big.npy")
np.save("b.npy", b.astype(b.dtype.newbyteorder("<")))
np.save("c.npy", np.load("fields.npy")["x"])
np.save("d.npy", np.load("object.npy", allow_pickle=True).astype("<f4"))'
	for f in a b c d; do tensor-info $f.npy >/dev/null; done
}

@test "a stream cut at any of its last bytes is noticed; at a record's end it is not" {
	python 'save("a.npys", np.zeros(2, "<f4"), np.zeros(2, "<f4"))'
	size=$(stat -c %s a.npys)
	for cut in 1 7 9 12 70 $((size / 2 - 1)) $((size / 2 + 1)) $((size / 2 + 7)) $((size - 1)); do
		head -c $cut a.npys >cut.npys
		errors tensor-info <<<'-o out cut.npys | 1 | cut.npys: record [01]: cut off: got [0-9]+ of [0-9]+ bytes'
	done
	head -c $((size / 2)) a.npys | tensor-info >/dev/null
	errors tensor-info <<<'-o out < <(cat a.npys; echo) | 1 | record 2: .*not NPY'
}

@test "no locale changes how numbers are read or written" {
	python 'save("a.npys", np.full((1000, 2), 0.5))'
	LC_ALL=de_DE.UTF-8 tensor-info a.npys | tail -n 1 | cut -f 5-9 >out.txt
	[[ $(tr '\t' ' ' <out.txt) == "(1000,2) 2000 0.5 0.5 0.5" ]]
}

@test "other programs' files are recognised, and the remedy is a command" {
	python '
np.savez("a.npz", np.ones(3))
save_file({"x": np.ones((2, 1, 5, 5), "<f4"), "y": np.ones(3)}, "m.safetensors")
open("p.pt", "wb").write(b"\x80\x02ab" + bytes(20))
open("v5.mat", "wb").write(b"MATLAB 5.0 MAT-file, Platform: x" + bytes(96))
open("v7.mat", "wb").write(b"\x89HDF\r\n\x1a\n" + bytes(20))
open("p.png", "wb").write(b"\x89PNG\r\n\x1a\n" + bytes(20))'
	while IFS='|' read -r file said; do
		for tool in whiten tensor-info; do
			[[ $file$tool != m.safetensorstensor-info ]] || continue
			run --separate-stderr $tool $file
			one_line 1 "$file: $said $file\$"
			run --separate-stderr bash -c "cat $file | $tool"
			one_line 1 "standard input: $said FILE\$"
		done
	done <<-EOF2
		a.npz|a .npz, .pt or .pth file, not an npys stream: python3 -m v1pipe convert
		p.pt|a .pt, .pth or pickle file, not an npys stream: python3 -m v1pipe convert
		v5.mat|a .mat file, not an npys stream: python3 -m v1pipe convert
		v7.mat|an HDF5 file, not an npys stream: python3 -m v1pipe convert
		p.png|a PNG image, not an npys stream: image-read
		m.safetensors|a model, not an npys stream: tensor-info lists its tensors, take one by tensor-get --name NAME
	EOF2
	"$PYTHON" -m v1pipe convert a.npz | tensor-info
}

@test "labels that are no integers, and channels last: the message is NumPy's remedy" {
	python '
x = np.zeros((5, 8, 8), "u1")
save("labels.npys", x, np.zeros(5)); save("last.npys", np.zeros((5, 8, 9, 3), "u1")); save("bank.npys", np.ones((6, 7, 7, 3)))'
	run --separate-stderr whiten labels.npys
	one_line 1 "labels.npys: record 1: labels are integers; .*a.astype\('i4'\)"
	run --separate-stderr whiten last.npys
	one_line 1 'last.npys: record 0: \(N, H, W, C\).*a.transpose\(0, 3, 1, 2\)'
	run --separate-stderr fit-gabor bank.npys
	one_line 1 'bank.npys: record 0: .*a.transpose\(0, 3, 1, 2\)'
}
