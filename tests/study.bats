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
	PYTHONPATH=$top/tests "$PYTHON" -c '
from npys import one
from weights import change
change("start.safetensors", "planted.safetensors", {"lgn.weight": one("fixtures/lgn.npys"), "v1.weight": one("fixtures/v1.npys")})'
}

small='--filters 16 --kl 5 --crop 24 --batch 20 --rate 0.001'
study() { # goal=... study: not all of the figures. So few permutations that the least p is met
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/study.mk" ${goal:-figures} OUT=out NAME=run IMAGES=200 PERMUTATIONS=3 BOOTSTRAP=19 \
		INVARIANCE=1 CONVERGENCE="$BATS_FILE_TMPDIR/convergence.tsv" SPLITS=2 PLANTINGS=2 GRATINGS='--size 33 --frequency 0.1:0.4:8 --phase 0:270:4' TRAIN="$small --epochs 2 --init $planted" "$@" >log 2>&1 || { tail -n 20 log; return 1; }
}

figures_are_there() {
	for name in "$@"; do
		[[ -s out/figures/run/$name.svg && -s out/figures/run/$name.pdf ]] || { echo "no $name"; return 1; }
		pngtopam <out/figures/run/$name.png >$name.pam
	done
	grep -q '</html>' out/figures/run/index.html
	! grep -qE 'src="[^d]' out/figures/run/index.html
	# what it links to is there
	(cd out/figures/run && ls -- $(grep -o 'href="[^"]*"' index.html | cut -d '"' -f 2 | sort -u) >/dev/null)
}

@test "the embedded data: figures and page are made, a second make does nothing, other options train anew" {
	study
	figures_are_there sample spectrum training lgn retinex nxny population passes tuning models
	run=out/study/dead-leaves/default/seed-101
	python 'import studies; studies.tuning_agrees(sys.argv[1])' $run
	[[ -s $run/train.npys && -s $run/val.npys && -s $run/stats.tsv && -s $run/compare.tsv && -s $run/field-curves.tsv ]]
	grep -q 'at least 1/(1 + 3), and 1/(1 + 1) where' out/figures/run/index.html
	before=$(stat -c %Y.%y $run/model.safetensors out/figures/run/index.html)
	study
	[[ $before == $(stat -c %Y.%y $run/model.safetensors out/figures/run/index.html) ]]
	touch "$tree/bin/train-v1" "$tree/bin/fit-gabor"
	study
	[[ $before == $(stat -c %Y.%y $run/model.safetensors out/figures/run/index.html) ]]
	# other options, and one more seed: the page answers over both, from the comparison of models too; a development seed is
	# called one
	[[ ! -e out/figures/run/seeds.tsv ]]
	study TRAIN="$small --epochs 1 --init $planted" SEEDS=2
	[[ $(tensor-info --metadata $run/model.safetensors | awk '$2 == "epochs" { print $3 }') == 1 ]]
	[[ $before != $(stat -c %Y.%y $run/model.safetensors out/figures/run/index.html) ]]
	python 'import studies; studies.seeds_are_combined("out/study/dead-leaves/default")'
	grep -q 'What came out, over 2 seeds' out/figures/run/index.html
	grep -q 'Seed 101 is fresh' out/figures/run/index.html
	[[ $(cut -f 1 out/figures/run/summary.tsv | paste -sd ' ') == 'run 101 102 mean halfwidth_95 n n_found' ]]
}

@test "a number is a finding only where p and its interval say so" {
	row() { printf '%s\t' "${@:1:8}"; printf '90\n'; }
	answer() { # KERNEL PART QUANTITY value low high chance p
		{ printf '%s\n' kernel part quantity value low high chance p n | paste -s; row "$@"; } >t.tsv
		bash -euc '. "$0/html"; . "$0/answers"; index t.tsv "$1" "$2" "$3"; echo "$verdict $text"' "$tree/share/v1pipe" "$@"
	}
	[[ $(answer K_beyond_C signed R_0 .04 .01 .07 0 .01) == "above 0.040 [0.010, 0.070], p = 0.01" ]]
	[[ $(answer K_beyond_C signed R_0 .04 -.01 .07 0 .01) == none* ]]
	[[ $(answer K_beyond_C signed R_0 .04 .01 .07 0 .06) == none* ]]
	[[ $(answer K_beyond_C signed R_0 -.04 -.07 -.01 0 .01) == below* ]]
	[[ $(answer K_beyond_C signed R_0 -.04 -.07 .01 0 .01) == none* ]]
	[[ $(answer K_beyond_C signed R_0 .04 nan nan 0 .01) == none* ]]
	# a chance that is not 0
	[[ $(answer K positive coaxiality .04 .01 .07 .02 .01) == none* ]]
	[[ $(answer K positive coaxiality .04 .03 .07 .02 .01) == 'above 0.040 [0.030, 0.070], chance 0.020,'* ]]
	[[ $(answer K positive R_2 nan nan nan nan nan) == undefined* ]]
}

@test "by distance: what is found where, beside C1 to C3, and what of it remains" {
	{ printf '%s\n' kernel part quantity value low high chance p n c1 c2 c3 remains | paste -s
	printf 'K\tsigned\t%s\n' $'R_0\t.02\t-.01\t.05\t0\t.02\t90\t.1\tnan\t.3\t.01' $'R_0[0,1)\t.2\t.1\t.3\t0\t.001\t90\t.11\tnan\t.31\t.05' \
		$'R_0[1,3)\t.1\t-.1\t.3\t0\t.001\t90\t0\tnan\t0\t.1' $'R_0[3,6)\t-.2\t-.3\t-.1\t0\t.01\t90\t0\tnan\t0\t-.3'; } >t.tsv
	pages() { bash -euc '. "$0/html"; . "$0/answers"; "$@"' "$tree/share/v1pipe" "$@"; }
	[[ $(pages by_range t.tsv K signed R_0) == '<b>yes</b> at [0,1) (0.200) px; <b>the reverse</b> at [3,6) (-0.200) px; not shown at [1,3) px' ]]
	[[ $(pages by_range t.tsv K signed R_2) == '<b>not measured</b>' ]]
	pages what_remains t.tsv | grep -q 'overlap leaves: signed R_0\[0,1) 25 %; signed R_0\[3,6) 150 %\.'
	pages by_distance t.tsv | grep -q '<td><b>0.200 \[0.100, 0.300\]</b><br><small>C1 0.11, C3 0.31</small><br><small>25 % remains</small></td>'
	pages by_distance t.tsv | grep -q '<td>0.020 \[-0.010, 0.050\]<br><small>C1 0.10, C3 0.30</small></td>'
	[[ $(pages units_of t.tsv) == 10 ]]
}

@test "the tuning that a fit predicts is that of its Gabor function, odd, even and between, as filtered by gratings" {
	python 'import studies; studies.write_tuning()'
	"$tree/share/v1pipe/agreement" gabor.tsv tuning.tsv gratings.tsv >agreement.tsv
	python '
from studies import SHAPES, Tuning
a, tuning = table("agreement.tsv"), [Tuning(*shape) for shape in SHAPES]
assert np.allclose(a["osi"], [t.osi() for t in tuning], rtol=0, atol=1e-4), a["osi"]
assert np.allclose(a["cv"], [t.cv() for t in tuning], rtol=0, atol=1e-4), a["cv"]
assert a["osi"][0] > .9999'
}

@test "any filter bank: colour filters as a framework stores them give tables, figures and a page" {
	python '
from profiles import gabor
rng, F = np.random.default_rng(4), 24
def filter(theta):
    f, x0, y0 = rng.uniform(.15, .22), *rng.uniform(-.5, .5, 2)
    return gabor(11, theta, rng.uniform(-180, 180), f, .4 / f, .4 / f, x0, y0)
g = np.array([filter(7.5 * i) for i in range(F)])
w = g[:, None] * rng.uniform(.5, 1.5, (F, 3, 1, 1))
save("colour.npys", (w + .02 * rng.normal(size=w.shape)).astype("f4"))
save("noise.npys", rng.normal(size=(12, 7, 7)))'
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/bank.mk" figures OUT=out BANK=colour.npys NAME=run SURROGATES=39
	figures_are_there bank nxny population passes
	python '
t = table("out/study/bank-run/gabor.tsv")
d = (t["theta_deg"] - 7.5 * np.arange(24) + 90) % 180 - 90
assert (t["accepted"] == 1).all() and np.abs(d).max() < 1 and (t["spatial_share"] > .95).all()
assert len(table("out/study/bank-run/log.tsv")["r"]) == 24'
	grep -q '24 of 24 filters' out/figures/run/index.html
	# nothing to accept is a result too
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/bank.mk" noise/figures/run/{bank,nxny,population,passes}.svg OUT=noise \
		BANK=noise.npys NAME=run SURROGATES=19
	python 'assert (table("noise/study/bank-run/gabor.tsv")["accepted"] == 1).sum() < 3'
	! PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/bank.mk" figures BANK=nowhere.npys 2>log || false
	grep -q 'BANK=nowhere.npys is not a file' log
}

bank() { # bank VARIABLE=...: figures of a bank and its kernel, few of everything
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/bank.mk" figures SURROGATES=19 PERMUTATIONS=19 BOOTSTRAP=19 INVARIANCE=9 SPLITS=4 PLANTINGS=2 "$@"
}

@test "the lateral kernel of any network: with images, without, where few filters pass; a page each, none overwritten" {
	mkdir x y photos
	python '
from profiles import gabor
rng, F = np.random.default_rng(4), 12
g = np.array([gabor(9, 15 * i, 90, .2, 2, 2, 0, 0) for i in range(F)])
i = np.arange(F)
like = np.cos(2 * np.pi * (i[:, None] - i) / F)[:, :, None, None]
save("x/b.npy", g.astype("f4")); save("y/b.npy", rng.normal(size=(6, 9, 9)).astype("f4"))
save("k.npy", (like * np.ones((5, 5)) + .1 * rng.normal(size=(F, F, 5, 5))).astype("f4"))
save("other.npy", rng.normal(size=(6, 6, 5, 5)).astype("f4")); save("even.npy", np.ones((F, F, 4, 4), "f4"))'
	dead-leaves -n 40 | tensor-get --record 0 >images.npys
	bank BANK=x/b.npy KERNEL=k.npy
	bank BANK=y/b.npy KERNEL=other.npy 2>log
	[[ $(ls -d figures/b-* | wc -l) -eq 2 ]]
	page=figures/b-$(realpath x/b.npy | tr -d '\n' | cksum | cut -d ' ' -f 1)
	[[ -s $page/field.png && -s $page/models.svg && -s $page/kernels.pdf && -s $page/orientation.svg ]]
	grep -q 'C3, the covariance of responses, is left out' $page/index.html
	# few filters: what there is, and a sentence
	few=$(ls -d figures/b-* | grep -v "^$page\$")
	grep -q 'filters are accepted. Fields need 2' $few/index.html
	[[ -s $few/bank.svg && ! -e $few/models.svg ]]
	bank BANK=x/b.npy KERNEL=k.npy IMAGES=images.npys NAME=images
	grep -q 'rms of the rectified responses to IMAGES' figures/images/index.html
	python '
w, r, x = one("study/bank-images/profiles.npys").astype(float), one("study/bank-images/measured-rms.npys"), one("images.npys").astype(float)
x = np.pad((x - x.mean()) / x.std(), ((0, 0), (4, 4), (4, 4)))
windows = np.lib.stride_tricks.sliding_window_view(x, (9, 9), (1, 2))
h = np.maximum(np.tensordot(windows, w[3], 2), 0)
assert abs(np.sqrt((h * h).mean()) / r[3] - 1) < 1e-4
c = table("study/bank-images/compare.tsv")
assert not np.isnan(c["value"][c["quantity"].index("r_M4")])'
	[[ -s study/bank-images/c3.npys && ! -e study/bank-${page#figures/}/c3.npys ]]
	for wrong in other.npy even.npy; do
		! bank BANK=x/b.npy KERNEL=$wrong NAME=wrong 2>log || false
		grep -q 'is no lateral kernel of 12 filters.*target first' log
	done
	! bank BANK=x/b.npy IMAGES=images.npys 2>log || false
	grep -q 'RMS and IMAGES belong to a KERNEL' log
}

@test "another network: hGRU, its bank and its horizontal kernel" {
	needs_data networks
	PATH="$tree/bin:$PATH" make -s -f "$tree/share/v1pipe/bank.mk" figures NAME=hgru PERMUTATIONS=99 BOOTSTRAP=49 INVARIANCE=9 SURROGATES=99 SPLITS=4 PLANTINGS=2 \
		BANK="$data/networks/hgru-bank.npy" KERNEL="$data/networks/hgru-lateral.npy"
	grep -q '6 of 25 filters' figures/hgru/index.html
	[[ -s figures/hgru/field.svg && -s figures/hgru/orientation.svg && ! -e figures/hgru/models.svg ]]
}

# the results follow from the images, the seed and the options alone
@test "npys, folders of images and STL-10 files give a study the images they hold" {
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
	images() { # DATA: the images of its study
		name=$(PATH="$tree/bin:$PATH" DATA=$1 "$tree/share/v1pipe/prepare" name)
		run=out/study/$name/default/seed-101
		goal="$run/train.npys $run/val.npys" study DATA="$1"
	}
	images "npys:$PWD/train.npys,$PWD/val.npys"
	cmp $run/train.npys train.npys
	cmp $run/val.npys val.npys
	images "images:$PWD/photos"
	image-read --label-dirs --part validation photos | cmp - $run/val.npys
	python 'assert next(npys(sys.argv[1])).shape == (24, 64, 64)' $run/val.npys
	images "stl10:$PWD/stl10"
	python 'assert next(npys(sys.argv[1])).shape == (216, 64, 64)' $run/train.npys
}

@test "photographs go through the whole study" {
	needs_data natural10/val.npys
	goal=tables study DATA="npys:$data/natural10/val.npys,$data/natural10/val.npys"
	[[ -s $(echo out/study/npys-*/default/seed-101/stats.tsv) ]]
}

@test "several seeds are summarised with an interval, ablations compared" {
	goal=out/figures/run/variants.svg study SEEDS=2 PRESET=ablations VARIANTS='as-is linear-lgn' TRAIN="$small --epochs 1 --init $planted"
	[[ $(awk 'END { print NR }' out/figures/run/summary.tsv) -eq 13 ]]
	for row in mean halfwidth_95 n n_found; do
		grep -q "^$row/linear-lgn" out/figures/run/summary.tsv
	done
}

@test "controls: the same network on a disc, images without phases, filters that stay random" {
	study PRESET=controls VARIANTS='as-is disc scrambled-images random-v1' IMAGES=100 TRAIN="$small --epochs 1 --init $planted"
	figures_are_there variants
	run=out/study/dead-leaves/controls/seed-101
	cmp $run/as-is/model.safetensors $run/disc/model.safetensors
	cmp $run/as-is/train.npys $run/random-v1/train.npys
	python '
import studies
run = sys.argv[1]
studies.scrambled(run)
# frozen as it started: planted
assert (next(npys(f"{run}/random-v1/snapshot.v1.npys")) == one(sys.argv[2]).reshape(16, 11, 11).astype("f4")).all()
t = table("out/figures/run/summary.tsv")
assert t["run"] == ["101/" + v for v in ("as-is", "disc", "scrambled-images", "random-v1")]
share, iso = t["accepted_share"], t["iso_excitatory"]
assert share[0] == share[1] and iso[0] != iso[1]' $run "$BATS_FILE_TMPDIR/fixtures/v1.npys"
	# what the disc leaves out, is left out: as lateral-stats says
	awk -F '\t' '$1 == "K" && $2 == "signed" && $3 == "reciprocity" { print $4 }' $run/as-is/stats.tsv $run/disc/stats.tsv >reciprocity
	[[ $(sort -u reciprocity | wc -l) -eq 2 ]]
	# random filters are read by what they have most of
	python '
t = table(sys.argv[1] + "/random-v1/units.tsv")
g = table(sys.argv[1] + "/random-v1/gabor.tsv")
outside = np.array(["outside" in r or "constant" in r for r in g["reason"]])
assert ((t["accepted"] == 1) == ~outside).all() and (t["theta_deg"] == g["theta_deg"]).all()' $run
}

@test "a summary leaves nan out, says of how many, and counts findings" {
	local iso=(.1 .2 nan) p=(.02 .04 nan) low=(.05 -.1 nan)
	for seed in 1 2 3; do
		mkdir -p run/seed-$seed
		printf 'epoch\ta\tb\tc\taccuracy\n9\t0\t0\t0\t0.%s\n' $seed >run/seed-$seed/log.tsv
		printf 'r\tsymmetry\tsigma_px\taccepted\n0.9\t1\t2\t1\n' >run/seed-$seed/lgn-fit.tsv
		printf 'accepted\n1\n0\n' >run/seed-$seed/gabor.tsv
		printf 'kernel\tpart\tquantity\tvalue\tlow\thigh\tp\tn\nK\tpositive\tiso_orientation\t%s\t%s\t.3\t%s\t90\n' "${iso[seed - 1]}" "${low[seed - 1]}" "${p[seed - 1]}" \
			>run/seed-$seed/stats.tsv
	done
	"$tree/share/v1pipe/summary" run/seed-{1,2,3} >summary.tsv
	python '
lines = [l.rstrip("\n").split("\t") for l in open("summary.tsv")]
rows = {l[0]: dict(zip(lines[0], l)) for l in lines[1:]}
assert all(len(l) == len(lines[0]) for l in lines)
at = lambda row, column: float(rows[row][column])
assert np.isclose(at("mean", "iso_excitatory"), .15) and at("n", "iso_excitatory") == 2
assert np.isclose(at("halfwidth_95", "iso_excitatory"), 12.706 * .05)
assert np.isclose(at("mean", "val_accuracy"), .2) and at("n", "val_accuracy") == 3
assert at("n", "Q_inv") == 0 and np.isnan(at("mean", "Q_inv"))
found = "iso_excitatory_found"
assert [at(r, found) for r in "123"][:2] == [1, 0] and at("n_found", found) == 1 and at("n", found) == 2 and np.isnan(at("mean", found))
assert at("1", "units") == 10'
}

@test "DATA and PRESET that are not there are one clear line" {
	for wrong in DATA=photos DATA=images:no/such DATA=npys:a DATA=stl10:nowhere PRESET=fast; do
		! study $wrong || false
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
