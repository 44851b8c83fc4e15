# The pipelines: a very small study of each kind of data, run by an installed copy outside the source tree.
load common

# A study this small learns nothing, and without accepted filters there is nothing to measure: so it starts from a network
# whose filters are planted Gabors, and only its form is tested.
setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	export tree=$BATS_FILE_TMPDIR/prefix planted=$BATS_FILE_TMPDIR/planted.safetensors
	make -s -C "$top" install PREFIX="$tree" B="${V1PIPE_BUILD#"$top/"}" >&2
	cd "$BATS_FILE_TMPDIR"
	"$PYTHON" "$top/tests/fixtures.py" fixtures
	dead-leaves -n 60 | train-v1 --filters 16 --kl 5 --crop 24 --epochs 1 --batch 20 -o start.safetensors
	"$PYTHON" -c '
import json, struct, sys
sys.path.insert(0, sys.argv[1])
from npys import one
b = bytearray(open("start.safetensors", "rb").read())
n = struct.unpack("<Q", b[:8])[0]
h = json.loads(b[8:8 + n])
for name, a in ("lgn.weight", one("fixtures/lgn.npys")), ("v1.weight", one("fixtures/v1.npys")):
    begin, end = h[name]["data_offsets"]
    b[8 + n + begin:8 + n + end] = a.astype("<f4").tobytes()
open("planted.safetensors", "wb").write(b)' "$top/tests"
}

small='--filters 16 --kl 5 --crop 24 --batch 20 --rate 0.001'
study() {
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/study.mk" figures OUT=out IMAGES=200 PERMUTATIONS=19 BOOTSTRAP=19 \
		SPLITS=2 TRAIN="$small --epochs 2 --init $planted" "$@" >log 2>&1 || { tail -n 20 log; return 1; }
}

figures_are_there() {
	for name in "$@"; do
		[[ -s out/figures/$name.svg && -s out/figures/$name.pdf ]] || { echo "no $name"; return 1; }
		pngtopam <out/figures/$name.png >$name.pam
	done
	grep -q '</html>' out/figures/index.html
	! grep -qE 'src="[^d]' out/figures/index.html
}

@test "the embedded data: figures and page are made, a second make does nothing, other options train anew" {
	study
	figures_are_there sample spectrum training lgn retinex nxny models
	run=out/study/dead-leaves/default/seed-1
	[[ -s $run/train.npys && -s $run/val.npys && -s $run/stats.tsv && -s $run/compare.tsv && -s $run/field-curves.tsv ]]
	before=$(stat -c %Y.%y $run/model.safetensors out/figures/index.html)
	study
	[[ $before == $(stat -c %Y.%y $run/model.safetensors out/figures/index.html) ]]
	touch "$tree/bin/train-v1" "$tree/bin/fit-gabor"
	study
	[[ $before == $(stat -c %Y.%y $run/model.safetensors out/figures/index.html) ]]
	study TRAIN="$small --epochs 1 --init $planted"
	[[ $(tensor-info --metadata $run/model.safetensors | awk '$2 == "epochs" { print $3 }') == 1 ]]
	[[ $before != $(stat -c %Y.%y $run/model.safetensors out/figures/index.html) ]]
}

@test "npys, folders of images and STL-10 files give the same study as the images they hold" {
	# 48 images of 64x64 in two classes, in all three forms
	dead-leaves -n 240 --classes 2 >train.npys
	dead-leaves -n 40 --classes 2 --first 240 >val.npys
	python '
import os
x, y = npys("train.npys")
for k in range(2):
    os.makedirs(f"photos/class{k}")
for i, (a, k) in enumerate(zip(x, y)):
    open(f"photos/class{k}/{i:04d}.pgm", "wb").write(b"P5 64 64 255\n" + a.tobytes())
os.makedirs("stl10")
big = np.kron(x, np.ones((1, 3, 3), "u1"))[:, :96, :96]
np.repeat(big.transpose(0, 2, 1)[:, None], 3, 1).tofile("stl10/train_X.bin")
(y + 1).astype("u1").tofile("stl10/train_y.bin")'
	study DATA="npys:$PWD/train.npys,$PWD/val.npys"
	cmp out/study/npys-*/default/seed-1/train.npys train.npys
	study DATA="images:$PWD/photos"
	tensor-get --record 0 out/study/images-*/default/seed-1/val.npys >a.npys
	python 'assert one("a.npys").shape == (24, 64, 64)'
	study DATA="stl10:$PWD/stl10"
	tensor-get --record 0 out/study/stl10-*/default/seed-1/train.npys >a.npys
	python 'assert one("a.npys").shape == (216, 64, 64)'
	figures_are_there training lgn nxny
}

@test "photographs go through the whole study" {
	needs_data natural10/val.npys
	study DATA="npys:$data/natural10/val.npys,$data/natural10/val.npys"
	figures_are_there sample training lgn nxny models
}

@test "several seeds are summarised with an interval, ablations compared" {
	study SEEDS=2 PRESET=ablations VARIANTS='as-is linear-lgn' TRAIN="$small --epochs 1 --init $planted"
	figures_are_there ablations
	[[ $(awk 'END { print NR }' out/figures/summary.tsv) -eq 9 ]]
	grep -q '^mean/linear-lgn' out/figures/summary.tsv
}

@test "DATA and PRESET that are not there are one clear line" {
	for wrong in DATA=photos DATA=images:no/such DATA=npys:a DATA=stl10:nowhere PRESET=fast; do
		! study $wrong
		grep -qE '^(prepare: .*: .*|.*PRESET=fast is not default)' log || { cat log; false; }
	done
}

@test "illusions: a planted LoG answers as its fit does, and as is known of round profiles" {
	python '
y, x = np.mgrid[3:-4:-1, -3:4]
s = ((x - .3)**2 + (y + .2)**2) / (2 * .9**2)
save("lgn.npys", (-(1 - s) * np.exp(-s)).astype("f4")[None, None])' # OFF-centre: turned
	fit-log --null 0 lgn.npys -o fit.tsv
	"$tree/share/v1pipe/retinex" lgn.npys fit.tsv maps profiles >retinex.tsv
	python '
t = table("retinex.tsv")
assert t["illusion"] == ["contrast", "mach", "cornsweet", "white"]
assert (t["r_balanced"] > .999).all() and np.abs(t["psi0_illusion"] / t["log_illusion"] - 1).max() < .1, t
assert (t["log_illusion"][:3] > .01).all() and t["log_illusion"][3] < -.01
# from the definition: the grey patch on the dark side, 16 px a side, about (16, 0) in 64 x 64
maps = np.loadtxt("maps", max_rows=64 * 64)
where = lambda px: (np.abs(maps[:, 0] - px) < 8) & (np.abs(maps[:, 1]) < 8)
assert (np.abs(maps[where(16), 2] - 127.5) < 1e-3).all()
assert abs(maps[where(16), 4].mean() - maps[where(-16), 4].mean() - t["log_illusion"][0]) < 1e-6'
}
