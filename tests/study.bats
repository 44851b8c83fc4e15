# The pipelines: a very small study of each kind of data, run by an installed copy outside the source tree.
load common

setup_file() {
	export tree=$BATS_FILE_TMPDIR/prefix
	make -s -C "$BATS_TEST_DIRNAME/.." install PREFIX="$tree" B="${V1PIPE_BUILD#"$(cd "$BATS_TEST_DIRNAME/.." && pwd)/"}" >&2
}

# a study so small that only its form can be tested, not its science
study() {
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/study.mk" figures OUT=out IMAGES=200 PERMUTATIONS=19 BOOTSTRAP=19 \
		SPLITS=2 TRAIN="${TRAIN:---filters 6 --k1 7 --kl 5 --crop 24 --epochs 2 --batch 20}" "$@" >log 2>&1 ||
		{ tail -n 20 log; return 1; }
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
	figures_are_there sample training lgn nxny models
	run=out/study/dead-leaves/default/seed-1
	[[ -s $run/train.npys && -s $run/val.npys && -s $run/stats.tsv && -s $run/compare.tsv && -s $run/field-curves.tsv ]]
	before=$(stat -c %Y.%y $run/model.safetensors out/figures/index.html)
	study
	[[ $before == $(stat -c %Y.%y $run/model.safetensors out/figures/index.html) ]]
	touch "$tree/bin/train-v1" "$tree/bin/fit-gabor"
	study
	[[ $before == $(stat -c %Y.%y $run/model.safetensors out/figures/index.html) ]]
	study TRAIN='--filters 4 --k1 7 --kl 5 --crop 24 --epochs 1 --batch 20'
	[[ $(tensor-info --metadata $run/model.safetensors | awk '$2 == "filters" { print $3 }') == 4 ]]
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
	study SEEDS=2 PRESET=ablations VARIANTS='as-is no-lateral' TRAIN='--filters 4 --k1 7 --kl 3 --crop 16 --epochs 1 --batch 20'
	figures_are_there ablations
	[[ $(awk 'END { print NR }' out/figures/summary.tsv) -eq 9 ]]
	grep -q '^mean/no-lateral' out/figures/summary.tsv
}

@test "DATA and PRESET that are not there are one clear line" {
	for wrong in DATA=photos DATA=images:no/such DATA=npys:a DATA=stl10:nowhere PRESET=fast; do
		! study $wrong
		grep -qE '^(prepare: .*: .*|.*PRESET=fast is not default)' log || { cat log; false; }
	done
}
