# train-v1: learns what can be learnt, says the same whatever -j and interruptions, refuses what does not fit
load common
load training

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	PYTHONPATH=$BATS_TEST_DIRNAME "$PYTHON" -c 'import training; training.stripes()'
	export small="--filters 4 --k0 3 --k1 5 --kl 3 --crop 16 --batch 16"
	export stripes=$BATS_FILE_TMPDIR/data.npys other=$BATS_FILE_TMPDIR/other.npys
}

# stopped N COMMAND...: killed, as by kill -9, before the N-th call that changes files (tests/helper/stop.c)
stopped() {
	STOP_AT=$1 LD_PRELOAD=$V1PIPE_BUILD/helper/stop.so "${@:2}"
}

needs_stop() {
	[[ -e $V1PIPE_BUILD/helper/stop.so ]] || skip "no helper/stop.so (none with sanitisers)"
}

@test "learns to tell two orientations, and the model file has every tensor and the metadata" {
	train-v1 $small --epochs 6 --validate "$other" --log log.tsv "$stripes" >m.safetensors
	python 'import training; training.everything("log.tsv", "m.safetensors")'
}

@test "same seed, same bytes, whatever -j; another seed, other bytes" {
	train-v1 $small --epochs 1 -T 2 -j 1 "$stripes" >a
	train-v1 $small --epochs 1 -T 2 -j 2 - <"$stripes" -o b
	train-v1 $small --epochs 1 -T 2 -s 2 "$stripes" >c
	cmp a b
	run cmp -s a c
	[[ $status -eq 1 ]]
}

@test "degraded crops: the same bytes whatever -j, other crops in each epoch, validation on images as they are and degraded" {
	how="--noise .5 --occlude .1 --contrast .5,1.5"
	train-v1 $small --epochs 2 $how -j 1 --validate "$other" --log log.tsv "$stripes" -o a
	train-v1 $small --epochs 2 $how -j 3 --validate "$other" "$stripes" -o b
	cmp a b
	python '
t = table("log.tsv")
assert all(np.isfinite(t[k]).all() for k in ("val_loss", "degraded_loss", "degraded_accuracy")), t
assert (t["val_loss"] != t["degraded_loss"]).all()'
	train-v1 $small --epochs 1 --validate "$other" --log log.tsv "$stripes" -o c
	python 'assert np.isnan(table("log.tsv")["degraded_loss"]).all()'
	train-v1 $small --epochs 2 --rotate --holdout 0 -j 1 "$other" -o d
	train-v1 $small --epochs 2 --rotate --holdout 0 -j 2 "$other" -o e
	cmp d e
	errors "train-v1 $small --epochs 1 --rotate -o out" <<-EOF
		--crop 18 $other | 1 | --crop 17 does
		$stripes | 1 | too small for crops at every angle
	EOF
}

@test "killed before any of its calls that change files and resumed: the same bytes, whatever the options" {
	needs_stop
	train-v1 $small --epochs 1 "$stripes" -o first
	# every 45th call with each of these
	sets=("--propagation average" "--init first --freeze lgn,v1" "--lateral-from 1 -T 2" "--validate $other --rise 0.6"
		"-T 0 --no-flip --momentum 0.5 --holdout 0" "--noise .3 --occlude .1 --contrast .5,2")
	for ((i = 0; i < ${#sets[@]}; i++)); do
		opts="$small --epochs 2 ${sets[i]}"
		train-v1 $opts --log whole.tsv --snapshots whole "$stripes" -o whole
		again="train-v1 $opts --checkpoint c --every 4 --resume --log part.tsv --snapshots part $stripes -o part"
		rm -f c c.* part* calls
		STOP_LIST=$PWD/calls LD_PRELOAD=$V1PIPE_BUILD/helper/stop.so $again
		calls=$(wc -l <calls)
		[[ $calls -gt 40 ]]
		for ((n = 1 + 7 * i; n <= calls; n += 45)); do
			rm -f c c.* part*
			run stopped $n $again
			[[ $status -eq 137 ]] || { echo "call $n of $calls: status $status"; return 1; }
			[[ ! -e c ]] || tensor-info c >/dev/null
			# once more, in what it does when it goes on
			run stopped 9 $again
			$again
			# nothing is left of what two such ends left unfinished
			[[ -z $(compgen -G 'c.*' || compgen -G 'part.unfinished' || compgen -G 'part.??????') ]]
			same_run whole part
		done
	done
}

@test "a checkpoint is a temporary, synced, renamed, its folder synced; what it counts on is synced before" {
	needs_stop
	mkdir saved logs
	STOP_LIST=$PWD/calls LD_PRELOAD=$V1PIPE_BUILD/helper/stop.so train-v1 $small --epochs 2 --every 4 \
		--checkpoint saved/c --log logs/l --snapshots logs/s "$stripes" -o m
	# at the start, after 4 and 8 of 12 steps, at the end
	python 'import training; training.durable("calls", 4, "logs/l logs/s.lgn.npys logs/s.v1.npys logs/s.lateral.npys logs/s.rms.npys".split())'
}

@test "snapshots are of the start and of each epoch; the last is what the model has" {
	train-v1 $small --epochs 2 --propagation average --snapshots s "$stripes" >m
	python '
from weights import load
*_, lateral = npys("s.lateral.npys")
assert (lateral == load("m")[0]["lateral.weight"]).all() and len(list(npys("s.rms.npys"))) == 2
assert [x.shape for x in npys("s.lgn.npys")] == [(3, 3)] * 2 and [x.shape for x in npys("s.v1.npys")] == [(4, 5, 5)] * 2'
}

@test "a checkpoint of other options or data, damaged, or whose log is gone, is refused" {
	c="--checkpoint c --resume"
	train-v1 $small --epochs 1 $c --log l "$stripes" >m
	cp m model
	mv l kept
	errors "train-v1 $small -o out $c" <<-EOF
		--epochs 1 --log l $stripes | 1 | l: is missing; it had [0-9]+ bytes
		--epochs 2 $stripes | 1 | epochs was 1, now it is 2
		--epochs 1 $other | 1 | (images|data_hash) was
		--epochs 1 --checkpoint model $stripes | 1 | not a checkpoint
	EOF
	[[ ! -e l ]]
	mv kept l
	train-v1 $small --epochs 1 $c --log l "$stripes" | cmp - m
	printf '\x7f' | dd of=c bs=1 seek=$(($(stat -c %s c) - 2)) conv=notrunc status=none
	errors "train-v1 $small -o out $c" <<<"--epochs 1 --log l $stripes | 1 | damaged"
	cmp m model
}

@test "the rate of a cycle that rises in a single step; files that would overwrite each other" {
	train-v1 $small --epochs 2 --batch 1000 --rise 0.5 "$stripes" >m # 2 steps
	cp "$stripes" mine
	ln -s mine soft
	ln mine hard
	cp mine p.v1.npys
	errors "train-v1 $small --epochs 1" <<-EOF
		--checkpoint c -o c $stripes | 2 | is the file of
		--log c --checkpoint c $stripes | 2 | is the file of
		--checkpoint - -o out $stripes | 2 | standard input or output will not do
		--log - -o out $stripes | 2 | standard input or output will not do
		--log mine mine -o out | 2 | is to be read
		--log ./mine mine -o out | 2 | is to be read
		--log soft mine -o out | 2 | is to be read
		--log hard mine -o out | 2 | is to be read
		--snapshots p p.v1.npys -o out | 2 | --snapshots: p.v1.npys is to be read
		--snapshots q --log q.lgn.npys mine -o out | 2 | --snapshots: q.lgn.npys is the file of --log
		--checkpoint ./z mine -o z | 2 | --output: z is the file of --checkpoint
	EOF
	cmp mine "$stripes"
	cmp p.v1.npys "$stripes"
	# what its output would be called until it is whole is another file of the run
	cp mine n.unfinished
	train-v1 $small --epochs 2 --batch 1000 --rise 0.5 n.unfinished -o n
	cmp n.unfinished mine
	cmp n m
	train-v1 $small --epochs 2 --batch 1000 --rise 0.5 --log o.unfinished mine -o o
	[[ $(wc -l <o.unfinished) -eq 3 ]]
	cmp o m
	# a setting that the run no longer has
	train-v1 $small --epochs 1 --init m --checkpoint d "$stripes" -o n
	errors "train-v1 $small --epochs 1" <<<"--resume --checkpoint d $stripes -o out | 1 | init_hash was .* now it is not there"
}

@test "--init takes tensors over, --freeze keeps them, --lateral-from delays the kernel" {
	train-v1 $small --epochs 1 -T 0 "$stripes" >first
	python 'from weights import load; assert not load("first")[0]["lateral.weight"].any()'
	train-v1 $small --epochs 1 --init first --freeze lgn,v1 --log gain.tsv "$stripes" >second
	for t in lgn.weight v1.weight v1_norm.bias v1_norm.running_mean; do same_tensor $t first second; done
	! same_tensor lateral.weight first second || false
	# more propagations: the gain is told, which one epoch brought above 1 or not
	gain=$(tail -n 1 gain.tsv | cut -f 11)
	run --separate-stderr train-v1 $small --epochs 1 --init second -T 2 "$stripes" -o more
	if awk -v g="$gain" 'BEGIN { exit !(g >= 1) }'; then
		one_line 0 "second: -T 2: 1 in training, .* gain is ${gain:0:3}"
	else
		[[ $status -eq 0 && -z $stderr ]]
	fi
	# without --init the filters are the seed's own, under norms that know their responses
	train-v1 $small --epochs 2 --freeze lgn,v1 --snapshots f "$stripes" >fifth
	train-v1 $small --epochs 2 --freeze v1 --snapshots g "$stripes" >sixth
	python '
from weights import load
first, fifth = lambda name: list(npys(name))[0], load("fifth")[0]
for prefix, lgn in ("f", True), ("g", False):
    for part, frozen in ("lgn", lgn), ("v1", True), ("lateral", False):
        a, b = npys(f"{prefix}.{part}.npys")
        assert (a == b).all() == frozen and (part == "lateral" or a.std() > .01), (prefix, part)
assert (first("f.v1.npys") == first("g.v1.npys")).all() and (first("f.lgn.npys") != first("g.lgn.npys")).any()
# 14 of 20 px are of batches: far from the 1 that a norm starts from, and no bias was learnt
assert (np.abs(np.log(fifth["v1_norm.running_var"])) > .5).all() and not fifth["v1_norm.bias"].any()'
	train-v1 $small --epochs 2 --lateral-from 1 --snapshots s "$stripes" >third
	python 'a, b = npys("s.lateral.npys"); assert not a.any() and b.any()'
	train-v1 $small --epochs 1 --freeze lateral "$stripes" >fourth
	same_tensor lateral.weight first fourth
	errors "train-v1 $small" <<<"--filters 5 --init first $stripes -o out | 1 | v1.weight: its shape is \(4, 1, 5, 5\), not \(5, 1, 5, 5\)"
}

@test "--shuffle-labels: as many of each class, nothing to learn, the same by the same seed" {
	train-v1 $small --epochs 6 --holdout 0 "$stripes" >learnt
	train-v1 $small --epochs 6 --holdout 0 --shuffle-labels "$stripes" >dealt
	train-v1 $small --epochs 6 --holdout 0 --shuffle-labels -j 2 "$stripes" | cmp - dealt
	[[ $(meta dealt shuffle-labels) == true && $(meta learnt shuffle-labels) == false ]]
	[[ $(meta dealt data_hash) == $(meta learnt data_hash) ]]
	# 112 crops of 120 in an epoch: chance is .5 +- .05
	awk -v a="$(meta learnt accuracy)" -v b="$(meta dealt accuracy)" 'BEGIN { print a, b; exit !(a > .9 && b > .3 && b < .7) }'
}

@test "v1.rms is the root mean square of h0 over the training images" {
	train-v1 $small --epochs 1 --holdout 0 "$stripes" >m
	python 'import training; training.moments("m", sys.argv[1])' "$stripes"
}

@test "PyTorch loads the model and gives the same logits" {
	needs_torch
	python 'save("x", next(npys(sys.argv[1])))' "$other"
	for p in recurrent average; do
		train-v1 $small --epochs 1 -T 2 --propagation $p "$stripes" >$p.safetensors
		v1-respond --model $p.safetensors --layer logits x >>ours
	done
	"$torch" "$golden/net.py" logits x {recurrent,average}.safetensors | cat >theirs
	tensor-cmp -r 1e-4 -a 1e-4 ours theirs
	[[ $(tensor-info ours | wc -l) -eq 3 ]]
}

@test "layers, logits, adjoint, loss, every gradient and statistic are PyTorch's, whole tensors, T = 0..3, both propagations" {
	needs_torch
	# relative to each tensor's norm 1e-4, in the double build 1e-10; see net.py for units at their thresholds
	OMP_NUM_THREADS=1 "$torch" "$golden/net.py" tensors "$V1PIPE_BUILD"/helper/{,double-}network
}

@test "--rise: the rates are PyTorch's OneCycleLR" {
	needs_torch
	for rise in 0.07 0.3 0.5 0.9; do
		# one step an epoch, so the log has every rate
		train-v1 $small --epochs 17 --batch 1000 --rate 0.03 --rise $rise --log $rise.tsv "$stripes" >m
	done
	"$torch" "$golden/net.py" cycle 0.03 17 0.07 0.3 0.5 0.9 >rates 2>/dev/null
	python 'theirs = np.loadtxt("rates").reshape(4, 17)
for rise, rates in zip(("0.07", "0.3", "0.5", "0.9"), theirs):
    ours = table(rise + ".tsv")["learning_rate"]
    assert len(ours) == 17 and np.allclose(ours, rates, rtol=1e-8, atol=0), (rise, ours, rates)'
}

@test "lateral_gain is the largest singular value over all frequencies" {
	for kl in 1 3 9 15; do
		train-v1 --filters 5 --k0 1 --k1 1 --kl $kl --crop 20 --propagation average --freeze lateral --epochs 1 --batch 1000 \
			--log log.tsv --snapshots s "$stripes" >m
		python '
import training
ours, theirs = table("log.tsv")["lateral_gain"][0], training.gain("s.lateral.npys")
assert abs(ours / theirs - 1) < 1e-6, (ours, theirs)'
	done
	# also where no propagation uses the kernel
	train-v1 $small --epochs 1 --propagation average --log a.tsv "$stripes" -o a
	train-v1 $small --epochs 1 -T 0 --init a --log b.tsv "$stripes" -o b
	diff <(tail -n 1 a.tsv | cut -f 11) <(tail -n 1 b.tsv | cut -f 11)
}

@test "progress: images done and a second, time left, epoch and loss" {
	run --separate-stderr train-v1 $small --epochs 2 -v "$stripes" -o m
	[[ $status -eq 0 ]]
	# a file gets the last line only, of so short a run
	[[ $stderr =~ train:\ 192\ of\ 192\ images,\ [0-9.e+]+\ images/s ]]
	command -v script >/dev/null || skip "no script"
	run script -qec "train-v1 $small --epochs 100 -j 1 -v $stripes -o m" /dev/null
	[[ $output =~ train:\ [0-9]+\ of\ 9600\ images,\ [0-9.e+]+\ images/s,\ [0-9]+\ s\ left,\ epoch\ [0-9]+\ \(the\ last\ is\ 99\),\ loss\ [0-9.]+ ]]
}

@test "the manual's gnuplot example follows a log that grows, from before it is there" {
	command -v gnuplot >/dev/null || skip "no gnuplot"
	plot=$(sed -n '/^gnuplot - /,/^END$/{//!p}' "$top/man/train-v1.1")
	[[ $plot == *'log.tsv'* ]]
	train-v1 $small --epochs 1 --log trained.tsv "$stripes" -o m
	# dots on a text terminal; a state of the log stays until it is drawn
	timeout 120 gnuplot - <<<"${plot/pause 5/pause 0.2}" >drawn 2>errors 3>&- &
	job=$!
	wait_for() { for ((i = 0; i < 300; i++)); do sleep 0.1; ! "$@" || return 0; done; return 1; }
	drawn() { tr -dc '\f' <drawn | wc -c; } # a page each
	drawings() { [[ $(drawn) -gt $1 ]]; }
	wait_for drawings 1
	head -n 1 trained.tsv >log.tsv
	wait_for drawings $(($(drawn) + 2))
	printf '%s\n' "0 1 .1 1 .2" "1 1 .1 1 .6" | tr ' ' '\t' >>log.tsv
	wait_for drawings $(($(drawn) + 2))
	printf '%s\n' "2 1 .1 1 .7" "3 1 .1 1 .9" "20 1 .1 1 .9" | tr ' ' '\t' >>log.tsv
	wait_for drawings $(($(drawn) + 2))
	kill -0 $job # it still draws
	kill $job
	wait $job || :
	run ! grep -i 'line 0:.*\(invalid\|no data\)' errors
	# nothing, a little, more of the curve
	python '
curve = [page.count("#") for page in open("drawn").read().split("\f")[1:-1]]
assert curve[0] == 0 and len(set(curve)) >= 3 and curve == sorted(curve), curve'
}

@test "a run that is stopped says where it is saved and how to go on; one that had ended says so and writes the same model" {
	dead-leaves -n 40 --classes 2 --size 24 >few.npys
	command="train-v1 -j 1 --filters 4 --k1 5 --kl 3 --crop 20 --batch 8 --checkpoint run --resume few.npys -o model"
	$command --epochs 1000000 --every 1 2>said &
	job=$!
	for ((i = 0; i < 300; i++)); do sleep 0.1; [[ ! -e run ]] || break; done
	kill $job
	wait $job || status=$?
	[[ $status -eq 143 && ! -e model ]]
	[[ $(<said) == "train-v1: stopped: the run is saved in run; the same command with --resume goes on" ]]
	rm run
	run --separate-stderr $command --epochs 1
	[[ $status -eq 0 && -z $stderr ]]
	mv model first
	run --separate-stderr $command --epochs 1
	[[ $status -eq 0 && $stderr == "train-v1: run: this run had ended; its model is written again" ]]
	cmp model first
}

@test "held out are the images that image-read --part validation reads" {
	python '
import os
r = np.random.default_rng(5)
for c in "ab":
    os.makedirs("photos/" + c)
    for i in range(37):
        x = np.clip(r.integers(20, 230) + 20 * r.standard_normal((18, 18)), 0, 255).astype(np.uint8)
        with open("photos/%s/%02d.pgm" % (c, i), "wb") as f:
            f.write(b"P5\n18 18\n255\n" + x.tobytes())'
	read="image-read --label-dirs photos"
	$read | train-v1 $small --epochs 1 --log all.tsv >all
	$read --part train | train-v1 $small --epochs 1 --holdout 0 >part
	$read --part validation >val.npys
	for t in input.mean input.sd; do same_tensor $t all part; done
	v1-respond -m all --accuracy val.tsv val.npys
	python '
a, b = table("all.tsv"), table("val.tsv")
assert b["images"][0] in (6, 7, 8) and abs(a["val_accuracy"][0] - b["accuracy"][0]) < 1e-6 and abs(a["val_loss"][0] - b["loss"][0]) < 1e-4, (a, b)'
}

@test "images are spooled: a data limit far below their size, a folder that is full or not there" {
	python '
x = np.random.default_rng(1).integers(0, 256, (1000, 32, 32)).astype(np.uint8)
save("big", *[a for _ in range(50) for a in (x, np.arange(1000) % 2)])'
	opts="--filters 1 --k0 1 --k1 1 --kl 1 --crop 16 --batch 200 --epochs 1 --holdout 0 -j 1"
	[[ $(stat -c %s big) -gt 51000000 ]]
	if [[ -e $V1PIPE_BUILD/helper/stop.so ]]; then # the sanitisers' own memory does not fit
		(ulimit -d 30000; train-v1 $opts big -o m)
		# the limit is one
		run bash -c "ulimit -d 30000; train-v1 $opts --filters 64 --k1 9 --crop 64 -T 3 big -o n"
		[[ $status -eq 1 ]]
	fi
	mkdir full
	errors <<-EOF
		TMPDIR=/no/folder train-v1 $opts big -o out | 1 | /no/folder: cannot spool here: No such file
		trap '' XFSZ; ulimit -f 1000; TMPDIR=$PWD/full train-v1 $opts big -o out | 1 | spool in $PWD/full: File too large
	EOF
}

@test "24 steps follow PyTorch's from the same model, T = 0..3, both propagations; other rises and momenta" {
	needs_torch
	python 'x, y = (next(it) for it in [npys(sys.argv[1])] * 2); save("x", x, y)' "$stripes"
	for p in recurrent average; do
		for t in 0 1 2 3; do
			opts="$small --crop 20 --batch 20 --holdout 0 --propagation $p -T $t"
			mkdir $p$t
			train-v1 $opts --epochs 2 x -o $p$t/first
			# all images in each step, so their order does not matter
			train-v1 $opts --epochs 24 --init $p$t/first --no-flip --dropout 0 --lateral-decay 0.001 --rate 0.002 --log $p$t/log.tsv x -o $p$t/ours
		done
	done
	mkdir other4
	cp recurrent1/first other4/first
	train-v1 $small --crop 20 --batch 20 --holdout 0 -T 1 --epochs 24 --init other4/first --no-flip --dropout 0 --lateral-decay 0.001 --rate 0.002 \
		--rise 0.55 --momentum 0.6 --log other4/log.tsv x -o other4/ours
	OMP_NUM_THREADS=1 "$torch" "$golden/net.py" follow x 24 0.002 0.3:0.9 recurrent? average? 0.55:0.6 other4
	python 'import training; [training.followed(f) for f in sys.argv[1:]]' recurrent? average? other4
}

@test "data that do not fit: one line each" {
	python 'import training; training.misfits()'
	head -c 5000 "$stripes" >cut
	errors "train-v1 $small --epochs 1 -o out" <<-EOF
		one_class | 1 | only one class
		gap | 1 | none of class 1
		few | 1 | validation images: none of class|training images: none of class
		sizes | 1 | 20 x 18|18 x 20
		small | 1 | smaller than crops of 16
		small --crop 16 | 1 | too small|smaller than
		unlabelled | 1 | labels
		later | 1 | labels
		colour | 1 | channels
		flat | 1 | same value
		types | 1 | some records
		nan | 1 | record 0
		/dev/null | 1 | no record
		$stripes --crop 100 | 1 | crops of 100
		$stripes --kl 17 | 1 | smaller than a kernel of 17
		--validate few gap | 1 | none of class 1
		<cut | 1 | got [0-9]+ of [0-9]+ bytes
		--crop 20 --k1 19 --validate narrow $stripes | 1 | validation images: 16 x 16 px, smaller than a kernel of 19
		--crop 20 --kl 17 --validate narrow $stripes | 1 | validation images: 16 x 16 px, smaller than a kernel of 17
	EOF
	# where nothing is propagated its kernel may be larger
	train-v1 $small --epochs 1 --kl 17 -T 0 "$stripes" >m
	train-v1 $small --crop 20 --kl 17 -T 0 --epochs 1 --validate narrow "$stripes" >m
}

@test "divergence stops with a clear line, and the last good checkpoint is there" {
	errors "train-v1 $small -o out $stripes" <<-EOF
		--epochs 9 --rate 100 --lateral-decay 50 -T 8 --checkpoint c --every 1 | 1 | epoch [0-9]+, step [0-9]+: the (loss is|weights are no longer) .*diverges at --rate 100; c has the state before it
	EOF
	# losses that are large, not infinite: they too stop the run, and before the next checkpoint
	for every in 1 3; do
		rm -f c
		errors "train-v1 $small -o out $stripes" <<-EOF
			--epochs 4 --rate 30 --checkpoint c --every $every | 1 | step [0-9]+: the loss is [0-9.e+]+, by chance 0.69: training diverges at --rate 30; c has
			--epochs 4 --rate 30 | 1 | training diverges at --rate 30$
		EOF
		# whose loss is one that training goes on from
		train-v1 $small --epochs 1 --rate 0.01 --init c --log good.tsv "$stripes" -o good
		python 't = table("good.tsv"); assert t["loss"][0] < 20, t'
	done
}

@test "options: wrong ones, and ends of ranges" {
	for words in "--k1 4" "--k1 0" --resume "--every 3" "--freeze lgn,head" "--freeze lgn," "--freeze ,lgn" "--freeze lgn,,v1" \
		"--lateral-from 2 --epochs 2" "--lateral-from 30" "--validate $other --holdout 4" "-T 0 --lateral-from 1" "--momentum 1" \
		"--dropout 1" "--crop 15" "--batch 1" --no-such-option; do
		echo "$words | 2 | ."
	done | errors "train-v1 -o out $stripes"
	train-v1 --filters 1 --k0 1 --k1 1 --kl 1 --crop 16 --batch 2 --epochs 1 --dropout 0 --momentum 0 --no-flip --holdout 0 \
		--lgn linear "$other" >m
	train-v1 --filters 17 --k0 3 --k1 3 --kl 3 --crop 20 --batch 1000 --epochs 1 "$stripes" >m
	# what cannot be written is known before the work, before any data even
	mkdir folder
	errors "train-v1 $small --epochs 1" <<-EOF
		$stripes >/dev/full | 1 | No space left
		--log /dev/full $stripes -o out | 1 | No space left
		--checkpoint /dev/full $stripes -o out | 1 | No space left
		no-data -o /no/folder/m | 1 | /no/folder/m: 
		no-data -o folder | 1 | folder: 
		no-data -o out --checkpoint /no/folder/m | 1 | /no/folder/m: 
		no-data -o out --checkpoint folder | 1 | folder: 
	EOF
	if script --version >/dev/null 2>&1; then
		run script -qec "train-v1 $small no-data" /dev/null
		[[ $status -eq 2 && $output == *"binary data to a terminal"* ]]
	fi
}

# long_blocks PAGE FOLDER: the examples that manual.bats does not run, to FOLDER/1.sh, 2.sh ...
long_blocks() {
	mkdir -p "$2"
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE ALSO/p' "$1" | awk -v folder="$2" '
		/^\.Bd -unfilled -offset indent$/ { inside = 1; file = folder "/" ++n ".sh"; next }
		/^\.Ed/ { if (inside) close(file); inside = 0; next }
		inside { gsub(/\\e/, "\\"); print >file }'
}

# small_tools FOLDER: the same tools for a few steps of tiny networks (the last of repeated options wins); what a cluster
# has, as far as the examples use it, runs the command once
small_tools() {
	mkdir -p "$1"
	for tool in train-v1 train-v1-mpi; do
		path=$(command -v $tool) || continue
		printf '#!/bin/sh\necho "%s $*" >>"%s"\nexec %s "$@" --epochs 1 --filters 2 --k0 1 --k1 3 --batch 64\n' $tool "$PWD/ran" "$path" >"$1/$tool"
	done
	printf '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"\n' >"$1/srun"
	printf '#!/bin/sh\n:\n' >"$1/gnuplot"
	chmod +x "$1"/*
}

@test "the manuals' longer examples, of make, GNU parallel, mpirun and Slurm, run with tiny networks" {
	small_tools path
	dead-leaves -n 120 --size 32 --classes 3 -o leaves.npys
	cp leaves.npys train.npys
	python '
x, y = list(npys("leaves.npys"))[:2]
for part in ("train", "test"):
    big = np.repeat(np.repeat(x, 3, 1), 3, 2)
    np.repeat(big[:, None], 3, 1).transpose(0, 1, 3, 2).astype(np.uint8).tofile(part + "_X.bin")
    (y + 1).astype(np.uint8).tofile(part + "_y.bin")'
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
	export SLURM_JOB_ID=7 SLURM_ARRAY_TASK_ID=3
	missing=()
	for page in train-v1 train-v1-mpi; do
		long_blocks "$top/man/$page.1" $page
		[[ $(ls $page | wc -l) -ge 3 ]]
		cp leaves.npys train.npys
		cp leaves.npys val.npys
		rm -rf kept && mkdir kept
		mv run-* kept 2>/dev/null || : # checkpoints of the other page's examples, on other data
		for i in $(seq $(ls $page | wc -l)); do
			block=$page/$i.sh
			if grep -q '^all:' $block; then
				cp $block Makefile
				rm -f model-* # of GNU parallel's example, which make would not train again
				continue
			fi
			bash -n $block
			! grep '^#SBATCH' $block | grep -vE '^#SBATCH( --(nodes|ntasks-per-node|cpus-per-task|time|array|requeue|open-mode)(=[^ ]+)?)+$' || false
			for tool in parallel mpirun train-v1-mpi; do
				! grep -qw "^$tool\|\(srun\|mpirun\).*$tool" $block || command -v $tool >/dev/null || { missing+=($tool); continue 2; }
			done
			sed -i "s|/local/|$PWD/local/|" $block
			(PATH=$PWD/path:$PATH && bash -euo pipefail $block && wait) >out 2>&1 </dev/null ||
				{ cat $block out; return 1; }
		done
	done
	[[ ! ${missing[*]} ]] || echo "# not run for want of ${missing[*]}" >&3
	for s in 1 2 3 4 5; do [[ -e model-$s.safetensors && -e kept/run-$s ]]; done
	[[ -e filters.safetensors ]]
	# what was read out of the manual is what it means: five seeds by make
	[[ $(grep -c '^train-v1 -j 1 -s [1-5] --checkpoint' ran) -eq 5 ]]
}
