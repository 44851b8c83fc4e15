# v1-respond: every number against NumPy (tests/golden/respond.py), and PyTorch where it is installed
load common

# reference CODE: respond.py is there as r, its random network as t, the two batches as images
reference() {
	python "sys.path.insert(0, '$golden')
import respond as r
t = r.network(np.random.default_rng(1))
images = [a for a in npys('images.npys') if a.ndim == 3]
def near(a, b, tolerance=2e-6):
    a, b = np.asarray(a, float), np.asarray(b, float)
    assert a.shape == b.shape, (a.shape, b.shape)
    e = np.linalg.norm(a - b) / np.linalg.norm(b)
    assert e <= tolerance, e
$1"
}

random() {
	"$PYTHON" "$golden/respond.py" random .
	m=model-relu-recurrent.safetensors
}

@test "the layers are NumPy's, for each l0, propagation and T; labels pass" {
	random
	for lgn in relu linear; do
		for p in recurrent average; do
			m=model-$lgn-$p.safetensors
			v1-respond --model $m -l lgn images.npys >a.npys
			v1-respond --model $m -T 0 images.npys >h0.npys
			v1-respond --model $m images.npys >h1.npys
			v1-respond --model $m -T 3 images.npys >h3.npys
			v1-respond --model $m --layer logits <images.npys >l.npys
			reference "
out = {k: list(npys(k + '.npys')) for k in ('a', 'h0', 'h1', 'h3', 'l')}
for i, x in enumerate(images):
    a, z, h, _ = r.front(t, x, 3, '$lgn', '$p')
    near(out['a'][2 * i], a)
    for T in (0, 1, 3):
        near(out['h%d' % T][2 * i], h[T])
    near(out['l'][2 * i], r.head(t, h[1]))
    for o in out.values():
        assert o[2 * i].dtype == '<f4' and o[2 * i + 1].tolist() == [[0, 1, 2, 0, 1, 2, 0], [2, 2, 1]][i]
        assert o[2 * i + 1].dtype == ['<i8', '<i4'][i]
"
		done
	done
}

@test "logits are PyTorch's" {
	"$PYTHON" -c 'import torch' 2>/dev/null || skip "no PyTorch"
	random
	v1-respond --model $m --layer logits -T 2 images.npys >l.npys
	reference "
import torch
from torch import nn
head = nn.Sequential(nn.MaxPool2d(4), nn.Conv2d(4, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
    nn.MaxPool2d(2), nn.Conv2d(128, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
    nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(512, 3)).double().eval()
head.load_state_dict({k[5:]: torch.tensor(v) for k, v in t.items() if k.startswith('head.')}, strict=False)
norms = {n: nn.BatchNorm2d(c).double().eval() for n, c in (('lgn_norm', 1), ('v1_norm', 4))}
for n, m in norms.items():
    m.load_state_dict({k[len(n) + 1:]: torch.tensor(v) for k, v in t.items() if k.startswith(n + '.')}, strict=False)
conv = lambda x, n: nn.functional.conv2d(x, torch.tensor(t[n + '.weight']), padding=t[n + '.weight'].shape[-1] // 2)
for x, l in zip(images, list(npys('l.npys'))[::2]):
    x = (torch.tensor(x.astype(float))[:, None] - 120) / 60
    z = norms['v1_norm'](conv(torch.relu(norms['lgn_norm'](conv(x, 'lgn'))), 'v1'))
    h = torch.relu(z)
    for _ in range(2):
        h = torch.relu(z + conv(h, 'lateral'))
    near(l, head(h).detach().numpy())
"
}

@test "one image, one channel, no labels" {
	random
	python '
x = next(npys("images.npys"))
save("one.npys", x[0])
save("four.npys", x[:, None])'
	v1-respond --model $m images.npys >all.npys
	v1-respond --model $m one.npys >h.npys
	v1-respond --model $m -l lgn one.npys >a.npys
	v1-respond --model $m -l logits one.npys >l.npys
	v1-respond --model $m -l lgn four.npys >f.npys
	python '
assert one("h.npys").shape == (1, 4, 24, 32) and np.allclose(one("h.npys")[0], next(npys("all.npys"))[0], atol=1e-5)
assert one("a.npys").shape == (24, 32) and one("l.npys").shape == (1, 3) and one("f.npys").shape == (7, 1, 24, 32)
assert np.allclose(one("f.npys")[0, 0], one("a.npys"), atol=1e-5)'
}

@test "accuracy and confusion" {
	random
	v1-respond --model $m --accuracy a.tsv --confusion c.tsv images.npys
	v1-respond --model $m --accuracy - images.npys | cmp - a.tsv
	reference '
l = np.concatenate([r.head(t, r.front(t, x, 1)[2][1]) for x in images])
y = np.array([0, 1, 2, 0, 1, 2, 0, 2, 2, 1])
loss = np.log(np.exp(l).sum(1)) - l[np.arange(10), y]
a, c = table("a.tsv"), table("c.tsv")
assert a["class"].tolist() == [-1, 0, 1, 2] and a["images"].tolist() == [10, 3, 3, 4]
right = l.argmax(1) == y
assert a["correct"].tolist() == [right.sum()] + [right[y == k].sum() for k in range(3)]
near(a["loss"], [loss.mean()] + [loss[y == k].mean() for k in range(3)], 1e-5)
p, z2 = right.mean(), 1.959963984540054 ** 2
m, w = (p + z2 / 20) / (1 + z2 / 10), np.sqrt(z2 * p * (1 - p) / 10 + z2 ** 2 / 400) / (1 + z2 / 10)
near([a["low"][0], a["high"][0]], [m - w, m + w])
n = np.zeros((3, 3))
np.add.at(n, (y, l.argmax(1)), 1)
assert (c["images"].reshape(3, 3) == n).all() and c["class"].tolist() == [0] * 3 + [1] * 3 + [2] * 3 and c["answer"].tolist() == [0, 1, 2] * 3'
	# a table and responses in one pass
	v1-respond --model $m --accuracy b.tsv -l logits images.npys >l1
	v1-respond --model $m -l logits images.npys | cmp - l1
	cmp a.tsv b.tsv
}

@test "tuning: planted Gabors are found by gratings" {
	"$PYTHON" "$golden/respond.py" planted m.safetensors
	for size in 24 25; do
		stimuli --size $size --parameters p.tsv | v1-respond --model m.safetensors --stimuli p.tsv --tuning t.tsv
		check='
sys.path.insert(0, sys.argv[1])
import respond as r
t = table("t.tsv")
assert t["filter"].tolist() == list(range(8)) and set(t["T"]) == {1} and set(t["contrast"]) == {1}
for i, (theta, f, phase) in enumerate(r.PLANTED):
    d = (t["theta_deg"][i] - theta + 90) % 180 - 90
    # a rectified cosine: F1/F0 = pi/2; the amplitude spectrum is two Gaussians of s.d. 1/(2 pi 3 px), seen on a circle
    s = 1 / (2 * np.pi * 3)
    assert abs(d) < .15, d
    assert abs(t["sf_cpp"][i] - f) < .003, t["sf_cpp"][i]
    assert abs(t["modulation_ratio"][i] - np.pi / 2) < .045
    best = .05 * 2 ** (np.round(3 * np.log2(f / .05)) / 3)
    o = np.radians(np.arange(0, 180, 7.5) - theta)
    e = np.exp(-(best**2 + f**2 - 2 * best * f * np.cos(o)) / 2 / s**2) + np.exp(-(best**2 + f**2 + 2 * best * f * np.cos(o)) / 2 / s**2)
    cv = 1 - abs((e * np.exp(2j * o)).sum()) / e.sum()
    assert abs(t["cv"][i] - cv) < .02, (t["cv"][i], cv)
'
		python "$check" "$golden"
	done
}

@test "tuning: what no grating excites has none: a dead unit, one that only its bias moves, one that gratings silence" {
	python "
sys.path.insert(0, '$golden')
import respond as r
t = r.planted()
t['v1_norm.bias'][:4] = [-1e3, 50, 3, .01]
t['v1.weight'][1:3] *= 1e-9
t['lateral.weight'][2, 4, 2, 2] = -.05
r.save_model('m.safetensors', t, lgn='linear', propagation='recurrent', iterations=1)"
	stimuli --size 24 --parameters p.tsv | v1-respond --model m.safetensors --stimuli p.tsv --tuning t.tsv
	python '
t = table("t.tsv")
print(t["response"], t["blank"], t["cv"], t["osi"], file=sys.stderr)
none = ["cv", "osi", "theta_deg", "sf_cpp", "orientation_bandwidth_deg", "modulation_ratio", "sf_bandwidth_oct"]
assert all(np.isnan(t[c][:3]).all() for c in none)
assert t["blank"][0] == t["response"][0] == 0 and abs(t["blank"][1] - 50) < 1e-4 and abs(t["response"][1] - 50) < 1e-4
assert abs(t["blank"][2] - 3) < 1e-4 and 0 < t["response"][2] <= 3  # silenced, by some gratings only
assert abs(t["blank"][3] - .01) < 1e-4 and t["response"][3] > .1 and t["cv"][3] < 1 and t["osi"][3] > 0
assert not np.isnan(t["cv"][3:]).any() and np.abs(t["blank"][4:]).max() < 1e-4'
}

@test "covariance is NumPy's, over pairs inside, at T = 0 and in the lateral kernel's order" {
	random
	v1-respond --model $m --covariance 3 images.npys >c.npys
	v1-respond --model $m --covariance 3 -j 2 images.npys | cmp - c.npys
	reference '
R, F = 3, 4
h = [r.front(t, x, 0)[2][0] for x in images]
K = np.zeros((F, F, 7, 7))
for dr in range(-R, R + 1):
    for dc in range(-R, R + 1):
        a, b = [], []
        for x in h:
            H, W = x.shape[2:]
            ys, xs = slice(max(0, -dr), min(H, H - dr)), slice(max(0, -dc), min(W, W - dc))
            yd, xd = slice(max(0, dr), min(H, H + dr)), slice(max(0, dc), min(W, W + dc))
            a.append(x[:, :, ys, xs].transpose(1, 0, 2, 3).reshape(F, -1))
            b.append(x[:, :, yd, xd].transpose(1, 0, 2, 3).reshape(F, -1))
        a, b = np.concatenate(a, 1), np.concatenate(b, 1)
        K[:, :, dr + R, dc + R] = a @ b.T / a.shape[1] - np.outer(a.mean(1), b.mean(1))
c = one("c.npys")
assert c.dtype == "<f4"
near(c, K, 5e-6)'
}

@test "more propagations than in training: the kernel's gain is told where it is not below 1" {
	random
	for scale in .01 5; do
		python '
import json, struct
b = bytearray(open(sys.argv[1], "rb").read())
n = struct.unpack("<Q", b[:8])[0]
h = json.loads(b[8:8 + n])
begin, end = (8 + n + o for o in h["lateral.weight"]["data_offsets"])
k = np.frombuffer(bytes(b[begin:end]), "<f4").reshape(h["lateral.weight"]["shape"])
f = np.fft.fft2(k.astype("f8"), (64, 64)).transpose(2, 3, 0, 1)
scale = float(sys.argv[2])
b[begin:end] = (k * scale / np.linalg.norm(f, 2, (-2, -1)).max()).astype("<f4").tobytes()
open("scaled.safetensors", "wb").write(b)' "$m" $scale
		pipe "v1-respond --model scaled.safetensors -T 1 images.npys >out"
		[[ $status -eq 0 && -z $stderr ]]
		pipe "v1-respond --model scaled.safetensors -T 2 images.npys >out"
		[[ $status -eq 0 ]]
		if [[ $scale == 5 ]]; then
			one_line 0 '^v1-respond: -T 2: 1 in training, .* gain is 5(\.0[0-9]*)?, not below 1' ||
				one_line 0 'gain is 4\.9[0-9]*, not below 1'
		else
			[[ -z $stderr ]]
		fi
	done
}

@test "the iterated kernel: by one tap in closed form" {
	random
	python "
sys.path.insert(0, '$golden')
import respond as r
t = r.network(np.random.default_rng(1))
t['lateral.weight'][:] = 0
t['lateral.weight'][2, 1, 0, 3] = .7  # target 2, source 1, 2 px up and 1 px to the right of it
r.save_model('tap.safetensors', t, lgn='relu', propagation='recurrent', iterations=1)"
	v1-respond --model tap.safetensors --jacobian 2 images.npys >g.npys
	reference '
t["lateral.weight"][:] = 0
t["lateral.weight"][2, 1, 0, 3] = .7
same = [0, 0]
hit = [0, 0]
m = 0
x = images[0]
places = r.lattice(10, 24, 32, 5)[:7], [[(y, x) for y, x in p if y < 17 and x < 20] for p in r.lattice(10, 24, 32, 5)[7:]]
G, N = np.zeros((4, 4, 5, 5)), np.zeros((5, 5))
for x, ps in zip(images, places):
    _, z, h, masks = r.front(t, x, 1)
    for k, p in enumerate(ps):
        for y, c in p:
            for dr in range(-2, 3):
                for dc in range(-2, 3):
                    N[dr + 2, dc + 2] += 0 <= y + dr < x.shape[1] and 0 <= c + dc < x.shape[2]
            G[range(4), range(4), 2, 2] += masks[1][k, :, y, c]
            if y - 2 >= 0 and c + 1 < x.shape[2]:
                G[2, 1, 0, 3] += .7 * masks[1][k, 2, y, c] * masks[0][k, 1, y - 2, c + 1]
near(one("g.npys"), G / N)'
}

@test "the iterated kernel: the network's Jacobian, T = 0 to 3, both propagations" {
	random
	python '
x = next(npys("images.npys"))[:3, :16, :13]
save("small.npys", x)'
	for p in recurrent average; do
		for T in 0 1 2 3; do
			v1-respond --model model-relu-$p.safetensors -T $T --jacobian 3 small.npys >g.npys
			reference "
x = one('small.npys')
masks = r.front(t, x, $T, 'relu', '$p')[3]
near(one('g.npys'), r.jacobian(t, masks, r.lattice(3, 16, 13, 3 + 2 * $T + 1), 3, '$p'), 3e-6)"
		done
	done
}

@test "no result depends on -j, on files or on batches" {
	random
	for what in '-l lgn' '-l v1 -T 2' '-l logits' '--covariance 2' '--jacobian 2'; do
		v1-respond --model $m $what images.npys images.npys >a
		cat images.npys images.npys | v1-respond --model $m $what -j 2 >b
		cmp a b
	done
	python '
a, y, b, v = npys("images.npys")
save("cut.npys", a[:1], a[1:3], a[3:], b)'
	for what in '--covariance 2' '--jacobian 2'; do
		v1-respond --model $m $what images.npys >a
		v1-respond --model $m $what cut.npys >b
		tensor-cmp -r 1e-6 a b 2>/dev/null || python 'a, b = one("a"), one("b"); assert np.allclose(a, b, atol=1e-6, rtol=1e-5)'
	done
}

@test "what every stream tool must do" {
	random
	python 'a = next(npys("images.npys")); save("in.npys", a, a)'
	common_errors "v1-respond --model $m" in.npys
}

@test "wrong use" {
	random
	stimuli --size 16 -f 0.2 --parameters p.tsv >s.npys
	for words in '' "--model $m --covariance 2 --jacobian 2" "--model $m -l v1 --covariance 2" "--model $m --stimuli p.tsv" \
		"--model $m --tuning t" "--model $m --accuracy a -o x" "--model $m -l v2" "--model $m --covariance 65" \
		"--model $m --covariance 2 -T 1" "--model $m -l lgn -T 1"; do
		run --separate-stderr bash -c "v1-respond $words <images.npys >/dev/null"
		one_line 2 .
	done
	run --separate-stderr v1-respond --model none images.npys
	one_line 1 none
	run --separate-stderr v1-respond --model images.npys images.npys
	one_line 1 .
	python '
import json
d = bytearray(open("'$m'", "rb").read())
n = int.from_bytes(d[:8], "little")
a, b = (8 + n + x for x in json.loads(d[8:8 + n])["lateral.weight"]["data_offsets"])
d[a:b] = (1e3 * np.abs(np.frombuffer(d[a:b], "<f4"))).astype("<f4").tobytes()
open("unstable.safetensors", "wb").write(d)'
	run --separate-stderr bash -c "v1-respond --model unstable.safetensors -T 100 -l logits images.npys >/dev/null"
	[[ $stderr == *'largest gain is'* ]]
	stderr=$(tail -n 1 <<<"$stderr")
	one_line 1 'grow without bound'
}

@test "a table or an output over another file of the run" {
	random
	cp images.npys kept
	cp $m model
	ln -s images.npys soft
	: >p.tsv
	for words in "--accuracy ./images.npys images.npys" "--confusion soft images.npys" "--accuracy model images.npys" \
		"-l v1 -o x --accuracy ./x images.npys" "--accuracy t --confusion ./t images.npys" \
		"-l v1 -o soft images.npys" "--stimuli p.tsv --tuning ./p.tsv images.npys"; do
		run --separate-stderr v1-respond -m model $words
		one_line 2 'is to be read|is the file of --'
		[[ ! -e x && ! -e t ]]
	done
	cmp images.npys kept
	cmp model $m
	v1-respond -m model --accuracy /dev/null --confusion /dev/null images.npys
}

@test "data that do not fit" {
	random
	stimuli --size 16 -f 0.2 --parameters p.tsv >s.npys
	python '
a, y, b, v = npys("images.npys")
save("plain.npys", a)
save("late.npys", a, b, v)
save("colour.npys", np.zeros((2, 3, 20, 20), np.uint8))
save("tiny.npys", np.zeros((2, 9, 9), np.uint8))
save("class.npys", a, y + 1)
save("less.npys", a, np.arange(7))'
	for case in 'plain --accuracy.t labels' 'late --accuracy.t labels' 'colour -l.v1 channels' 'tiny -l.logits 9' \
		'class --accuracy.t label.3' 'tiny --covariance.9 small' 'less --stimuli.p.tsv.--tuning.t row.7'; do
		set -- $case
		words=${2//./ }
		run --separate-stderr bash -c "v1-respond --model $m ${words/p tsv/p.tsv} $1.npys >/dev/null"
		one_line 1 "${3//./ }"
	done
	[[ ! -e t ]]
	run --separate-stderr bash -c "v1-respond --model $m --stimuli images.npys --tuning t s.npys"
	one_line 1 .
	v1-respond --model $m --stimuli p.tsv --tuning t s.npys
	v1-respond --model $m tiny.npys >/dev/null
}

@test "memory does not grow with the stream" {
	random
	python '
x = next(npys("images.npys"))
save("long.npys", np.tile(x, (600, 1, 1)))'
	size() { /usr/bin/env python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"; }
	python 'x = one("long.npys"); save("middle.npys", x[:2100])'
	a=$(size v1-respond --model $m -l logits middle.npys)
	b=$(size v1-respond --model $m -l logits long.npys)
	((b < a + 20000))
	# nor with propagations: of 64 images in a call, 100 of them would be 300 MB
	b=$(size v1-respond --model model-relu-average.safetensors -T 100 middle.npys)
	a=$(size v1-respond --model model-relu-average.safetensors -T 2 middle.npys)
	((b < a + 20000))
}

@test "a model with something wrong is refused by name, for responses and as a start of training" {
	random
	python '
import json
d = open("'$m'", "rb").read()
n = int.from_bytes(d[:8], "little")
for name, x in (("v1.weight", np.nan), ("v1_norm.running_var", -1), ("v1_norm.weight", 0), ("lgn_norm.weight", -1), ("input.sd", 0)):
    b = bytearray(d)
    end = 8 + n + json.loads(d[8:8 + n])[name]["data_offsets"][1]
    b[end - 4:end] = np.array([x], "<f4").tobytes()
    open(name, "wb").write(b)
x, y, *_ = npys("images.npys")
save("one-size.npys", x, y)'
	for name in v1.weight v1_norm.running_var v1_norm.weight lgn_norm.weight input.sd; do
		run --separate-stderr bash -c "v1-respond --model $name images.npys >/dev/null"
		one_line 1 "^v1-respond: $name: $name: number [0-9]+ is [-a-z0-9]+, (not|below)"
		run --separate-stderr train-v1 --filters 4 --k0 5 --k1 7 --kl 5 --crop 16 --holdout 0 --init $name one-size.npys -o out
		one_line 1 "^train-v1: $name: $name: number [0-9]+ is [-a-z0-9]+, (not|below)"
	done
	[[ ! -e out ]]
}
