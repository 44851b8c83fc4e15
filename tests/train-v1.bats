# train-v1: learns what can be learnt, says the same whatever -j and interruptions, refuses what does not fit
load common

# classes 0 and 1: stripes across and along; noise; |u1 batches of 20
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	"$PYTHON" -c "import sys; sys.path.insert(0, '$BATS_TEST_DIRNAME')
from npys import *
r = np.random.default_rng(1)
def batch(n, size):
    y = np.arange(n) % 2
    t = np.arange(size)
    x = np.empty((n, size, size))
    for i in range(n):
        wave = np.sin(2 * np.pi * (t / 6 + r.random()))
        x[i] = wave[:, None] if y[i] == 0 else wave[None, :]
    return np.clip(128 + 60 * x + 20 * r.standard_normal(x.shape), 0, 255).astype(np.uint8), y.astype(np.int64)
save('data.npys', *[a for _ in range(6) for a in batch(20, 20)])
save('other.npys', *batch(30, 24))
" 
	export small="--filters 4 --k0 3 --k1 5 --kl 3 --crop 16 --batch 16"
	export stripes=$BATS_FILE_TMPDIR/data.npys other=$BATS_FILE_TMPDIR/other.npys
}

needs_torch() {
	/usr/bin/python3 -c 'import torch' 2>/dev/null || skip "no torch"
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
	python '
t = table("log.tsv")
assert list(t)[:7] == "epoch loss accuracy val_loss val_accuracy learning_rate seconds".split(), list(t)
assert (t["epoch"] == np.arange(6)).all() and t["loss"][-1] < t["loss"][0] and t["val_accuracy"][-1] > .9, t
import json
d = open("m.safetensors", "rb").read()
head = json.loads(d[8:8 + int.from_bytes(d[:8], "little")])
m = head.pop("__metadata__")
norm = lambda n: {n + s for s in (".weight", ".bias", ".running_mean", ".running_var")}
assert set(head) == {"input.mean", "input.sd", "lgn.weight", "v1.weight", "v1.rms", "lateral.weight", "head.1.weight", "head.5.weight", "head.11.weight", "head.11.bias"} | norm("lgn_norm") | norm("v1_norm") | norm("head.2") | norm("head.6"), set(head)
assert all(v["dtype"] == "F32" for v in head.values())
assert m["classes"] == "2" and m["filters"] == "4" and m["iterations"] == "1" and float(m["val_accuracy"]) == t["val_accuracy"][-1], m
assert not {"threads", "output", "log", "verbose", "resume"} & set(m), m
'
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
	run --separate-stderr train-v1 $small --crop 18 --epochs 1 --rotate "$other" -o f
	one_line 1 '--crop 17 does'
	run --separate-stderr train-v1 $small --epochs 1 --rotate "$stripes" -o f
	one_line 1 'too small for crops at every angle'
}

@test "a run that is killed and resumed gives the same model, log and snapshots" {
	opts="$small --epochs 3 --propagation average"
	train-v1 $opts --log whole.tsv --snapshots whole "$stripes" >whole.safetensors
	again="train-v1 $opts --checkpoint c --every 4 --resume --log part.tsv --snapshots part $stripes -o part.safetensors"
	for ((i = 1; i < 30; i++)); do
		bash -c "timeout -s KILL $((i / 10)).$((i % 10)) $again" 2>/dev/null && break
		# what is there is a whole checkpoint
		[[ ! -e c ]] || tensor-info c >/dev/null
	done
	$again
	cmp whole.safetensors part.safetensors
	diff <(cut -f 1-6,8- whole.tsv) <(cut -f 1-6,8- part.tsv)
	for part in lgn v1 lateral rms; do cmp whole.$part.npys part.$part.npys; done
	# the last record is what the model has
	python '
*_, lateral = npys("whole.lateral.npys")
assert lateral.shape == (4, 4, 3, 3) and len(list(npys("whole.rms.npys"))) == 3
assert [x.shape for x in npys("whole.lgn.npys")] == [(3, 3)] * 3
assert [x.shape for x in npys("whole.v1.npys")] == [(4, 5, 5)] * 3
save("last", lateral)
'
	tensor-get --name lateral.weight whole.safetensors >model
	tensor-cmp last model
}

@test "killed before any of its calls that change files and resumed: the same bytes, whatever the options" {
	needs_stop
	train-v1 $small --epochs 1 "$stripes" -o first
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
		for ((n = 1 + 5 * i; n <= calls; n += 25)); do
			rm -f c c.* part*
			run stopped $n $again
			[[ $status -eq 137 ]] || { echo "call $n of $calls: status $status"; return 1; }
			[[ ! -e c ]] || tensor-info c >/dev/null
			# once more, in what it does when it goes on
			run stopped 9 $again
			$again
			# nothing is left of what two such ends left unfinished
			[[ -z $(compgen -G 'c.*' || compgen -G 'part.unfinished' || compgen -G 'part.??????') ]]
			cmp whole part
			diff <(cut -f 1-6,8- whole.tsv) <(cut -f 1-6,8- part.tsv)
			for part in lgn v1 lateral rms; do cmp whole.$part.npys part.$part.npys; done
		done
	done
}

@test "a checkpoint is a temporary, synced, renamed, its folder synced; what it counts on is synced before" {
	needs_stop
	mkdir saved logs
	STOP_LIST=$PWD/calls LD_PRELOAD=$V1PIPE_BUILD/helper/stop.so train-v1 $small --epochs 2 --every 4 \
		--checkpoint saved/c --log logs/l --snapshots logs/s "$stripes" -o m
	python '
import os
here = os.getcwd()
calls = [line.rstrip("\n").replace(here + "/", "").split(" ", 1) for line in open("calls")]
renames = [i for i, c in enumerate(calls) if c == ["rename", "saved/c"]]
assert len(renames) == 4, calls # at the start, after 4 and 8 of 12 steps, at the end
before = 0
for i in renames:
    part = calls[before:i + 2]
    at = lambda call, start: next(k for k, c in enumerate(part) if c[0] == call and c[1].startswith(start))
    made = at("open", "saved/c.")
    for name in ("l", "s.lgn.npys", "s.v1.npys", "s.lateral.npys", "s.rms.npys"):
        assert at("fsync", "logs/" + name) < made
    assert made < at("fflush", "saved/c.") < at("fsync", "saved/c.") < at("rename", "saved/c") < len(part) - 1, part
    assert part[-1] == ["fsync", "saved"], part
    before = i + 2
# entries of files that are new
assert calls[:renames[0]].count(["fsync", "logs"]) == 5, calls
'
}

@test "--resume with a log that is gone is refused, and makes none" {
	train-v1 $small --epochs 1 --checkpoint c --log l "$stripes" -o m
	rm l
	run --separate-stderr train-v1 $small --epochs 1 --checkpoint c --resume --log l "$stripes" -o m
	one_line 1 'l: has less than the [0-9]+ bytes'
	[[ ! -e l ]]
}

@test "a checkpoint of other options, other data, or damaged, is refused" {
	c="--checkpoint c --resume"
	train-v1 $small --epochs 1 $c "$stripes" >m
	run --separate-stderr train-v1 $small --epochs 2 $c "$stripes" -o n
	one_line 1 'epochs was 1, now it is 2'
	run --separate-stderr train-v1 $small --epochs 1 $c "$other" -o n
	one_line 1 '(images|data_hash) was'
	train-v1 $small --epochs 1 $c "$stripes" >n
	cmp m n
	printf '\x7f' | dd of=c bs=1 seek=$(($(stat -c %s c) - 2)) conv=notrunc status=none
	run --separate-stderr train-v1 $small --epochs 1 $c "$stripes" -o n
	one_line 1 'damaged'
	cp m c
	run --separate-stderr train-v1 $small --epochs 1 $c "$stripes" -o n
	one_line 1 'not a checkpoint'
	cmp m n
}

@test "the rate of a cycle that rises in a single step; files that would overwrite each other" {
	train-v1 $small --epochs 2 --batch 1000 --rise 0.5 "$stripes" >m # 2 steps
	for files in "--checkpoint c -o c" "--log c --checkpoint c" "--checkpoint - -o m" "--log - -o m"; do
		run --separate-stderr train-v1 $small --epochs 1 $files "$stripes"
		one_line 2 'is the file of|not a stream'
	done
	cp "$stripes" mine
	run --separate-stderr train-v1 $small --epochs 1 --log mine mine -o m
	one_line 2 'is to be read'
	ln -s mine soft
	ln mine hard
	for log in ./mine soft hard; do
		run --separate-stderr train-v1 $small --epochs 1 --log $log mine -o m
		one_line 2 'is to be read'
	done
	cp mine p.v1.npys
	run --separate-stderr train-v1 $small --epochs 1 --snapshots p p.v1.npys -o m
	one_line 2 '--snapshots: p.v1.npys is to be read'
	run --separate-stderr train-v1 $small --epochs 1 --snapshots q --log q.lgn.npys mine -o m
	one_line 2 '--log: q.lgn.npys is the file of --snapshots'
	run --separate-stderr train-v1 $small --epochs 1 --checkpoint ./z mine -o z
	one_line 2 '--output: z is the file of --checkpoint'
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
	run --separate-stderr train-v1 $small --epochs 1 --resume --checkpoint d "$stripes" -o n
	one_line 1 'init_hash was .* now it is not there'
}

@test "--init takes tensors over, --freeze keeps them, --lateral-from delays the kernel" {
	train-v1 $small --epochs 1 -T 0 "$stripes" >first
	tensor-get --name lateral.weight first >zero
	python 'assert not one("zero").any()'
	train-v1 $small --epochs 1 --init first --freeze lgn,v1 --log gain.tsv "$stripes" >second
	for t in lgn.weight v1.weight v1_norm.bias v1_norm.running_mean; do
		tensor-get --name $t first >was
		tensor-get --name $t second >is
		cmp was is
	done
	tensor-get --name lateral.weight second >k
	python 'assert one("k").any()'
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
	tensor-get --name v1_norm.running_var fifth >variance
	tensor-get --name v1_norm.bias fifth >bias
	python '
first = lambda name: list(npys(name))[0]
for prefix, lgn in ("f", True), ("g", False):
    for part, frozen in ("lgn", lgn), ("v1", True), ("lateral", False):
        a, b = npys(f"{prefix}.{part}.npys")
        assert (a == b).all() == frozen and (part == "lateral" or a.std() > .01), (prefix, part)
assert (first("f.v1.npys") == first("g.v1.npys")).all() and (first("f.lgn.npys") != first("g.lgn.npys")).any()
# 14 of 20 px are of batches: far from the 1 that a norm starts from, and no bias was learnt
assert (np.abs(np.log(one("variance"))) > .5).all() and not one("bias").any()'
	train-v1 $small --epochs 2 --lateral-from 1 --snapshots s "$stripes" >third
	python 'a, b = npys("s.lateral.npys"); assert not a.any() and b.any()'
	train-v1 $small --epochs 1 --freeze lateral "$stripes" >fourth
	tensor-get --name lateral.weight fourth >k
	cmp k zero
	run --separate-stderr train-v1 $small --filters 5 --init first "$stripes" -o x
	one_line 1 'v1.weight: its shape is \(4, 1, 5, 5\), not \(5, 1, 5, 5\)'
}

@test "--shuffle-labels: as many of each class, nothing to learn, the same by the same seed" {
	train-v1 $small --epochs 6 --holdout 0 "$stripes" >learnt
	train-v1 $small --epochs 6 --holdout 0 --shuffle-labels "$stripes" >dealt
	train-v1 $small --epochs 6 --holdout 0 --shuffle-labels -j 2 "$stripes" | cmp - dealt
	meta() { tensor-info --metadata "$1" | awk -F '\t' -v name="$2" '$2 == name { print $3 }'; }
	[[ $(meta dealt shuffle-labels) == true && $(meta learnt shuffle-labels) == false ]]
	[[ $(meta dealt data_hash) == $(meta learnt data_hash) ]]
	# 112 crops of 120 in an epoch: chance is .5 +- .05
	awk -v a="$(meta learnt accuracy)" -v b="$(meta dealt accuracy)" 'BEGIN { print a, b; exit !(a > .9 && b > .3 && b < .7) }'
}

@test "v1.rms is the root mean square of h0 over the training images" {
	train-v1 $small --epochs 1 --holdout 0 "$stripes" >m
	for t in lgn.weight lgn_norm.bias lgn_norm.running_mean lgn_norm.running_var v1.weight v1_norm.bias \
		v1_norm.running_mean v1_norm.running_var v1.rms input.mean input.sd; do
		tensor-get --name $t m >$t
	done
	python '
x = np.concatenate([a for a in npys(sys.argv[1]) if a.ndim == 3]).astype(float)
g = {n: one(n).astype(float) for n in "lgn.weight lgn_norm.bias lgn_norm.running_mean lgn_norm.running_var v1.weight v1_norm.bias v1_norm.running_mean v1_norm.running_var v1.rms input.mean input.sd".split()}
assert abs(g["input.mean"] - x.mean()) < 1e-3 and abs(g["input.sd"] - x.std()) < 1e-3
x = (x - g["input.mean"]) / g["input.sd"]
def conv(x, w):
    r = w.shape[0] // 2
    p = np.pad(x, ((0, 0), (r, r), (r, r)))
    return sum(w[i, j] * p[:, i:i + x.shape[1], j:j + x.shape[2]] for i in range(w.shape[0]) for j in range(w.shape[0]))
def norm(x, n, i):
    return (x - g[n + ".running_mean"][i]) / np.sqrt(g[n + ".running_var"][i] + 1e-5) + g[n + ".bias"][i]
a = np.maximum(norm(conv(x, g["lgn.weight"][0, 0]), "lgn_norm", 0), 0)
for f in range(4):
    h = np.maximum(norm(conv(a, g["v1.weight"][f, 0]), "v1_norm", f), 0)
    assert abs(np.sqrt((h * h).mean()) / g["v1.rms"][f] - 1) < 1e-4
' "$stripes"
}

@test "PyTorch loads the model and gives the same logits" {
	needs_torch
	command -v v1-respond >/dev/null || skip "no v1-respond"
	python 'save("x", next(npys(sys.argv[1])))' "$other"
	for p in recurrent average; do
		train-v1 $small --epochs 1 -T 2 --propagation $p "$stripes" >$p.safetensors
		v1-respond --model $p.safetensors --layer logits x >>ours
	done
	/usr/bin/python3 "$golden/net.py" logits x {recurrent,average}.safetensors | cat >theirs
	tensor-cmp -r 1e-4 -a 1e-4 ours theirs
	[[ $(tensor-info ours | wc -l) -eq 3 ]]
}

@test "PyTorch gives today what the golden data of the network say" {
	needs_torch
	OMP_NUM_THREADS=1 /usr/bin/python3 "$golden/net.py" golden .
	tensor-cmp -r 1e-9 -a 1e-11 net.npys "$golden/net.npys"
	tensor-cmp -r 1e-7 -a 1e-9 net-trajectory.npys "$golden/net-trajectory.npys"
}

@test "layers, logits, adjoint, loss, every gradient and statistic are PyTorch's, whole tensors, T = 0..3, both propagations" {
	needs_torch
	# relative to each tensor's norm 1e-4, in the double build 1e-10; see net.py for units at their thresholds
	OMP_NUM_THREADS=1 /usr/bin/python3 "$golden/net.py" tensors "$V1PIPE_BUILD"/helper/{,double-}network
}

@test "--rise: the rates are PyTorch's OneCycleLR" {
	needs_torch
	for rise in 0.07 0.3 0.5 0.9; do
		# one step an epoch, so the log has every rate
		train-v1 $small --epochs 17 --batch 1000 --rate 0.03 --rise $rise --log $rise.tsv "$stripes" >m
	done
	/usr/bin/python3 "$golden/net.py" cycle 0.03 17 0.07 0.3 0.5 0.9 >rates 2>/dev/null
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
K = one("s.lateral.npys").astype(float)
k = K.shape[-1]
d = np.arange(k) - k // 2
def gains(x, y):
    """at all frequencies (x, y)"""
    M = np.einsum("ijrc,xc,yr->xyij", K, np.exp(1j * np.outer(x, d)), np.exp(1j * np.outer(y, d)), optimize=True)
    return np.linalg.norm(M, 2, axis=(2, 3))
x, y, span = np.linspace(0, np.pi, 101), np.linspace(-np.pi, np.pi, 201), np.pi / 100
for _ in range(5): # nearer and nearer to the largest
    g = gains(x, y)
    i, j = np.unravel_index(g.argmax(), g.shape)
    x, y, span = x[i] + span * np.linspace(-1, 1, 21), y[j] + span * np.linspace(-1, 1, 21), span / 10
ours = table("log.tsv")["lateral_gain"][0]
assert abs(ours / g.max() - 1) < 1e-6, (k, ours, g.max())
'
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
pages = open("drawn").read().split("\f")[1:-1]
curve = [sum(line.count("#") for line in p.splitlines()) for p in pages]
assert curve[0] == 0 and len(set(curve)) >= 3 and curve == sorted(curve), curve
'
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
            f.write(b"P5\n18 18\n255\n" + x.tobytes())
'
	read="image-read --label-dirs photos"
	$read | train-v1 $small --epochs 1 --log all.tsv >all
	$read --part train | train-v1 $small --epochs 1 --holdout 0 >part
	$read --part validation >val.npys
	for t in input.mean input.sd; do
		tensor-get --name $t all >a
		tensor-get --name $t part >b
		cmp a b
	done
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
	run --separate-stderr env TMPDIR=/no/folder train-v1 $opts big -o n
	one_line 1 '/no/folder: cannot spool here: No such file'
	mkdir full
	run --separate-stderr bash -c "trap '' XFSZ; ulimit -f 1000; TMPDIR=$PWD/full train-v1 $opts big -o n"
	one_line 1 "spool in $PWD/full: File too large"
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
			train-v1 $opts --epochs 24 --init $p$t/first --no-flip --dropout 0 --rate 0.002 --log $p$t/log.tsv x -o $p$t/ours
		done
	done
	mkdir other4
	cp recurrent1/first other4/first
	train-v1 $small --crop 20 --batch 20 --holdout 0 -T 1 --epochs 24 --init other4/first --no-flip --dropout 0 --rate 0.002 \
		--rise 0.55 --momentum 0.6 --log other4/log.tsv x -o other4/ours
	OMP_NUM_THREADS=1 /usr/bin/python3 "$golden/net.py" follow x 24 0.002 0.3:0.9 recurrent? average? 0.55:0.6 other4
	python '
import json, os
names = "lgn.weight lgn_norm.bias v1.weight v1_norm.bias lateral.weight head.1.weight head.2.weight head.2.bias head.5.weight head.6.weight head.6.bias head.11.weight head.11.bias".split()
names += [a + b for a in ("lgn_norm", "v1_norm", "head.2", "head.6") for b in (".running_mean", ".running_var")]
for folder in sys.argv[1:]:
    t, losses = table(folder + "/log.tsv"), np.loadtxt(folder + "/losses")
    assert len(losses) == 24 and np.all(np.abs(t["loss"] - losses) <= 1e-3 * losses + 1e-4), (folder, t["loss"], losses)
    d = open(folder + "/ours", "rb").read()
    n = int.from_bytes(d[:8], "little")
    head = json.loads(d[8:8 + n])
    theirs = dict(zip(names, npys(folder + "/theirs")))
    assert len(theirs) == len(names)
    for k, x in theirs.items():
        b, e = head[k]["data_offsets"]
        far = np.linalg.norm(np.frombuffer(d[8 + n + b:8 + n + e], "<f4").reshape(x.shape) - x)
        # a mean by the spread of what it is the mean of; biases of norms by the one they shift
        scale = np.sqrt(theirs[k[:-4] + "var"]) if k.endswith("mean") else np.ones_like(x) if k.endswith("bias") else x
        # 1e-6 as a rule; at larger rates rounding grows, a unit at its threshold falls the other way
        assert far <= 1e-3 * np.linalg.norm(scale), (folder, k, far, np.linalg.norm(scale))
' recurrent? average? other4
}

@test "data that do not fit: one line each" {
	python '
r = np.random.default_rng(0)
x, y = r.integers(0, 256, (20, 20, 20)).astype(np.uint8), np.arange(20) % 2
save("one-class", x, y * 0)
save("gap", x, y * 2)
save("few", x, np.array([0] * 19 + [1]))
save("rare", x, np.array([0] * 19 + [1]))
save("sizes", x, y, x[:, :18], y)
save("small", x[:, :15, :15], y)
save("unlabelled", x)
save("later", x, y, x)
save("colour", np.stack([x, x, x], 1), y)
save("flat", x * 0 + 7, y)
save("types", x, y, x.astype(np.float32), y)
save("nan", np.where(x == 7, np.nan, x).astype(np.float32), y)
'
	try() {
		run --separate-stderr bash -c "train-v1 $small --epochs 1 $3 -o out <$1"
		one_line 1 "$2"
		[[ ! -e out ]]
	}
	try one-class 'only one class'
	try gap 'none of class 1'
	try few 'validation images: none of class|training images: none of class'
	try sizes '20 x 18|18 x 20'
	try small 'smaller than crops of 16'
	try small 'too small|smaller than' '--crop 16'
	try unlabelled 'labels'
	try later 'labels'
	try colour 'channels'
	try flat 'same value'
	try types 'some records'
	try nan 'record 0'
	try /dev/null 'no record'
	try "$stripes" 'crops of 100' '--crop 100'
	try "$stripes" 'smaller than a kernel of 17' '--kl 17'
	run --separate-stderr train-v1 $small --epochs 1 --validate rare -o out gap
	one_line 1 'none of class 1'
	head -c 5000 "$stripes" >cut
	try cut 'got [0-9]+ of [0-9]+ bytes'
	train-v1 $small --epochs 1 --kl 17 -T 0 "$stripes" >m
	# validation too sees whole kernels only
	python 'x, y = next(npys(sys.argv[1])), np.arange(20) % 2; save("narrow", x[:, :16, :16], y)' "$stripes"
	run --separate-stderr train-v1 $small --crop 20 --k1 19 --epochs 1 --validate narrow "$stripes" -o out
	one_line 1 'validation images: 16 x 16 px, smaller than a kernel of 19'
	run --separate-stderr train-v1 $small --crop 20 --kl 17 --epochs 1 --validate narrow "$stripes" -o out
	one_line 1 'validation images: 16 x 16 px, smaller than a kernel of 17'
	train-v1 $small --crop 20 --kl 17 -T 0 --epochs 1 --validate narrow "$stripes" >m
}

@test "divergence stops with a clear line, and the last good checkpoint is there" {
	run --separate-stderr bash -c "train-v1 $small --epochs 9 --rate 100 --lateral-decay 50 -T 8 --checkpoint c --every 1 -o out $stripes"
	one_line 1 'epoch [0-9]+, step [0-9]+: the (loss is|weights are no longer) .*diverges at --rate 100; c has the state before it'
	[[ ! -e out ]]
	# losses that are large, not infinite: they too stop the run, and before the next checkpoint
	for every in 1 3; do
		rm -f c
		run --separate-stderr train-v1 $small --epochs 4 --rate 30 --checkpoint c --every $every --log l "$stripes" -o out
		one_line 1 'step [0-9]+: the loss is [0-9.e+]+, by chance 0.69: training diverges at --rate 30; c has'
		[[ ! -e out ]]
		# whose loss is one that training goes on from
		train-v1 $small --epochs 1 --rate 0.01 --init c --log good.tsv "$stripes" -o good
		python 't = table("good.tsv"); assert t["loss"][0] < 20, t'
	done
	run --separate-stderr train-v1 $small --epochs 4 --rate 30 "$stripes" -o out
	one_line 1 'training diverges at --rate 30$'
}

@test "options: wrong ones, and ends of ranges" {
	try() {
		run --separate-stderr train-v1 "$@" "$stripes" -o out
		one_line 2 .
	}
	try --k1 4
	try --k1 0
	try --resume
	try --every 3
	try --freeze lgn,head
	try --freeze lgn,
	try --freeze ,lgn
	try --freeze lgn,,v1
	try --lateral-from 2 --epochs 2
	try --lateral-from 30
	try --validate "$other" --holdout 4
	try -T 0 --lateral-from 1
	try --momentum 1
	try --dropout 1
	try --crop 15
	try --batch 1
	try --no-such-option
	train-v1 --filters 1 --k0 1 --k1 1 --kl 1 --crop 16 --batch 2 --epochs 1 --dropout 0 --momentum 0 --no-flip --holdout 0 \
		--lgn linear "$other" >m
	train-v1 --filters 17 --k0 3 --k1 3 --kl 3 --crop 20 --batch 1000 --epochs 1 "$stripes" >m
	run --separate-stderr bash -c "train-v1 $small --epochs 1 $stripes >/dev/full"
	one_line 1 'No space left'
	for full in '--log /dev/full' '--checkpoint /dev/full'; do
		run --separate-stderr bash -c "train-v1 $small --epochs 1 $full $stripes -o out"
		one_line 1 'No space left'
		[[ ! -e out ]]
	done
	# what cannot be written is known before the work, before any data even
	mkdir folder
	for where in /no/folder/m folder; do
		run --separate-stderr train-v1 $small no-data -o $where
		one_line 1 "$where: "
		run --separate-stderr train-v1 $small no-data -o m --checkpoint $where
		one_line 1 "$where: "
	done
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
