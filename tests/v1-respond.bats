# v1-respond: every number against NumPy (tests/golden/respond.py), and PyTorch where it is installed
load common

# reference CODE: respond.py is there as r, its random network as t, the two batches as images
reference() {
	python "sys.path.insert(0, '$golden')
import respond as r
t = r.network(np.random.default_rng(1))
images = [a for a in npys('images.npys') if a.ndim == 3]
near = r.near
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

@test "--middle: the responses in the middle of each image" {
	random
	v1-respond --model $m -T 2 --middle middle.tsv -l v1 images.npys >h.npys
	python '
t = table("middle.tsv")
h = [a for a in npys("h.npys") if a.ndim == 4]
e = np.concatenate([h[0][:, :, 11:13, 15:17].mean((2, 3)), h[1][:, :, 8:9, 9:11].mean((2, 3))])
assert t["image"].tolist() == np.repeat(np.arange(10), 4).tolist() and t["filter"].tolist() == [0, 1, 2, 3] * 10
assert np.abs(t["response"].reshape(10, 4) - e).max() < 1e-5 * e.max()'
}

@test "accuracy and confusion" {
	random
	v1-respond --model $m --accuracy a.tsv --confusion c.tsv images.npys
	v1-respond --model $m --accuracy - images.npys | cmp - a.tsv
	reference '
l = np.concatenate([r.head(t, r.front(t, x, 1)[2][1]) for x in images])
y = np.array([0, 1, 2, 0, 1, 2, 0, 2, 2, 1])
r.check_accuracy(table("a.tsv"), table("c.tsv"), l, y)'
	# a table and responses in one pass
	v1-respond --model $m --accuracy b.tsv -l logits images.npys >l1
	v1-respond --model $m -l logits images.npys | cmp - l1
	cmp a.tsv b.tsv
}

@test "tuning: planted Gabors are found by gratings" {
	"$PYTHON" "$golden/respond.py" planted m.safetensors
	for size in 24 25; do
		stimuli --size $size --parameters p.tsv | v1-respond --model m.safetensors --stimuli p.tsv --tuning t.tsv
		python 'sys.path.insert(0, sys.argv[1]); import respond; respond.check_planted(table("t.tsv"))' "$golden"
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

@test "--responses: units of von Mises tuning, Gaussian in frequency, with a given F1/F0, in closed form" {
	stimuli --size 8 --parameters p.tsv -o /dev/null
	python '
t, kappa = table("p.tsv"), np.array([.2, .5, 1, 2, 4])
mu, m, width = np.array([0, 30, 45, 97.5, 172.5]), np.array([0, .3, 1, 1.5, np.pi / 2]), np.array([.03, .04, .05, .06, .08])
theta, phase, f = (np.array(t[c])[:, None] for c in ("theta_deg", "phase_deg", "sf_cpp"))
curve = np.exp(kappa * (np.cos(np.radians(2 * (theta - mu))) - 1))
h = 9 * curve * np.exp(-(f - .17)**2 / 2 / width**2) * (1 + m * np.cos(np.radians(phase - 20 * mu)))
save("h.npys", h)
save("batches.npys", h[:700], h[700:701], h[701:])
order = np.random.default_rng(1).permutation(len(h))
save("labelled.npys", h[order[:900]], order[:900], h[order[900:]], order[900:].astype("<i4"))
# in space: the middle four are averaged
save("space.npys", np.repeat(np.repeat(h[:, :, None, None], 6, 2), 5, 3))'
	v1-respond --responses h.npys --stimuli p.tsv --tuning t.tsv
	for other in batches labelled space; do
		v1-respond --responses - --stimuli p.tsv --tuning other.tsv <$other.npys
		python '
a, b = table("t.tsv"), table("other.tsv")
assert all(np.allclose(a[c], b[c], rtol=2e-5, atol=1e-6, equal_nan=True) for c in a)'
	done
	python '
t, kappa = table("t.tsv"), np.array([.2, .5, 1, 2, 4])
mu, m, width = np.array([0, 30, 45, 97.5, 172.5]), np.array([0, .3, 1, 1.5, np.pi / 2]), np.array([.03, .04, .05, .06, .08])
bessel = lambda n: np.array([np.mean(np.cos(n * a) * np.exp(k * np.cos(a))) for k in kappa])
a = np.arange(200000) * 2 * np.pi / 200000
def near(name, x, tolerance=2e-6):
    assert np.abs(t[name] - x).max() < tolerance, (name, t[name], x)
near("cv", 1 - bessel(1) / bessel(0))
near("osi", np.tanh(kappa))
near("modulation_ratio", m)
near("sf_cpp", .17, 1e-4)
d = (t["theta_deg"] - mu + 90) % 180 - 90
assert np.abs(d).max() < 1e-4, d
# the smoothed curve, its half width by a fine grid
x, step = np.linspace(0, 90, 900001), 7.5
for k, w in zip(kappa, t["orientation_bandwidth_deg"]):
    c = sum(g * np.exp(k * np.cos(np.radians(2 * (x + s)))) for g, s in ((1, 0), (.4, step), (.4, -step)))
    below = x[c <= c[0] / np.sqrt(2)]
    assert abs(w - below[0]) < 1e-3 if len(below) else np.isnan(w), (k, w)
f = np.unique(table("p.tsv")["sf_cpp"])
for s, w in zip(width, t["sf_bandwidth_oct"]):
    r = np.exp(-(f - .17)**2 / 2 / s**2)
    best, side = r.argmax(), []
    for way in (-1, 1):
        i = best
        while 0 <= i < len(f) and r[i] > r[best] / np.sqrt(2):
            i += way
        side.append(np.interp(r[best] / np.sqrt(2), [r[i], r[i - way]], np.log2([f[i], f[i - way]])) if 0 <= i < len(f) else np.nan)
    assert abs(w - (side[1] - side[0])) < 1e-4 or np.isnan(w) and np.isnan(side[1] - side[0]), (s, w, side)
assert np.isnan(t["T"]).all() and np.isnan(t["blank"]).all() and (t["filter"] == np.arange(5)).all()
assert (t["contrast"] == 1).all()'
}

@test "--responses: of a network of ours its own table, but for T and the blank" {
	"$PYTHON" "$golden/respond.py" planted m.safetensors
	for size in 12 13; do
		stimuli --size $size --parameters p.tsv >s.npys
		v1-respond --model m.safetensors --stimuli p.tsv --tuning own.tsv s.npys
		v1-respond --model m.safetensors s.npys | v1-respond --responses - --stimuli p.tsv --tuning again.tsv
		cmp <(cut -f 1,3-12 own.tsv) <(cut -f 1,3-12 again.tsv)
		[[ $(wc -l <own.tsv) -gt 4 ]]
	done
}

@test "--responses: what does not fit is refused by record" {
	stimuli --size 8 -f 0.2 --parameters p.tsv -o /dev/null
	python '
n = len(table("p.tsv")["sf_cpp"])
h = np.random.default_rng(1).random((n, 3))
save("h.npys", h); save("long.npys", h, h[:1]); save("short.npys", h[1:]); save("other.npys", h[:9], h[:, :2])
save("flat.npys", h[:, 0]); save("last.npys", np.zeros((n, 4, 4, 3))); save("mixed.npys", h[:9], np.arange(9), h[9:])
save("late.npys", h[:9], h[9:], np.arange(9, n)); save("label.npys", h, np.arange(n) - 1); save("nan.npys", h / 0.)'
	errors "v1-respond --stimuli p.tsv --tuning out" <<-EOF
		--responses long.npys | 1 | long.npys: record 1: label [0-9]+: p.tsv has [0-9]+ rows
		--responses short.npys | 1 | p.tsv: row [0-9]+: nothing was measured with it
		--responses other.npys | 1 | other.npys: record 1: 2 units; the records before have 3
		--responses flat.npys | 1 | flat.npys: record 0: responses are .responses, units. or
		--responses last.npys | 1 | last.npys: record 0: probably .responses, h, w, units.: in NumPy a.transpose
		--responses mixed.npys | 1 | mixed.npys: record 2: [0-9]+ responses without labels
		--responses late.npys | 1 | late.npys: record 2: labels, but the responses before have none
		--responses label.npys | 1 | label.npys: record 0: label -1: rows count from 0
		--responses nan.npys | 1 | nan.npys: record 0
		--responses no.npys | 1 | no.npys
		--responses h.npys h.npys | 2 | no images beside --responses
		--responses h.npys -T 1 | 2 | iterations: not together with --responses
		--responses h.npys --model m | 2 | responses: not together with --model
		| 2 | model
	EOF
	errors v1-respond <<-EOF
		--responses h.npys | 2 | responses: needs --tuning
		--responses h.npys --stimuli p.tsv --tuning ./h.npys | 2 | h.npys
	EOF
}

@test "covariance is NumPy's, over pairs inside, at T = 0 and in the lateral kernel's order, for any radius and -j" {
	random
	for radius in 0 3 7; do
		v1-respond --model $m --covariance $radius images.npys >c.npys
		v1-respond --model $m --covariance $radius -j 3 images.npys | cmp - c.npys
		reference "
c = one('c.npys')
assert c.dtype == '<f4' and (c == c.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]).all()
near(c, r.covariance([r.front(t, x, 0)[2][0] for x in images], $radius), 5e-6)"
	done
}

@test "more propagations than in training: the kernel's gain is told where it is not below 1" {
	random
	for scale in .01 5; do
		python '
from weights import change, load
k = load(sys.argv[1])[0]["lateral.weight"]
f = np.fft.fft2(k.astype("f8"), (64, 64)).transpose(2, 3, 0, 1)
change(sys.argv[1], "scaled.safetensors", {"lateral.weight": k * float(sys.argv[2]) / np.linalg.norm(f, 2, (-2, -1)).max()})' "$m" $scale
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
places = r.lattice(10, 24, 32, 5)[:7], [[(y, x) for y, x in p if y < 17 and x < 20] for p in r.lattice(10, 24, 32, 5)[7:]]
G, N = np.zeros((4, 4, 5, 5)), np.zeros((5, 5))
for x, ps in zip(images, places):
    masks = r.front(t, x, 1)[3]
    for k, y, c in ((k, y, c) for k, p in enumerate(ps) for y, c in p):
        d = np.arange(-2, 3)
        N += np.outer((0 <= y + d) & (y + d < x.shape[1]), (0 <= c + d) & (c + d < x.shape[2]))
        G[range(4), range(4), 2, 2] += masks[1][k, :, y, c]
        if y >= 2 and c + 1 < x.shape[2]:
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
	python '
from weights import change, load
m = sys.argv[1]
change(m, "unstable.safetensors", {"lateral.weight": 1e3 * np.abs(load(m)[0]["lateral.weight"])})' $m
	errors v1-respond <<-EOF
		images.npys | 2 | .
		--model $m --covariance 2 --jacobian 2 images.npys | 2 | .
		--model $m -l v1 --covariance 2 images.npys | 2 | .
		--model $m --stimuli p.tsv images.npys | 2 | .
		--model $m --tuning t images.npys | 2 | .
		--model $m --accuracy a -o x images.npys | 2 | .
		--model $m -l v2 images.npys | 2 | .
		--model $m --covariance 65 images.npys | 2 | .
		--model $m --covariance 2 -T 1 images.npys | 2 | .
		--model $m -l lgn -T 1 images.npys | 2 | .
		--model none images.npys | 1 | none
		--model images.npys images.npys | 1 | .
		--model unstable.safetensors -T 100 -l logits images.npys 2>&1 >stdout | tee all | tail -n 1 >&2 | 1 | grow without bound
	EOF
	grep -q 'largest gain is' all
}

@test "a table or an output over another file of the run" {
	random
	cp images.npys kept
	cp $m model
	ln -s images.npys soft
	: >p.tsv
	errors "v1-respond -m model" <<-EOF
		--accuracy ./images.npys images.npys | 2 | is to be read
		--confusion soft images.npys | 2 | is to be read
		--accuracy model images.npys | 2 | is the file of --
		-l v1 -o out --accuracy ./out images.npys | 2 | is the file of --
		--accuracy out --confusion ./out images.npys | 2 | is the file of --
		-l v1 -o soft images.npys | 2 | is to be read
		--stimuli p.tsv --tuning ./p.tsv images.npys | 2 | is the file of --
	EOF
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
	errors "v1-respond --model $m" <<-EOF
		plain.npys --accuracy out | 1 | labels
		late.npys --accuracy out | 1 | labels
		colour.npys -l v1 | 1 | channels
		tiny.npys -l logits | 1 | 9
		class.npys --accuracy out | 1 | label.3
		tiny.npys --covariance 9 | 1 | small
		less.npys --stimuli p.tsv --tuning out | 1 | row.7
		s.npys --stimuli images.npys --tuning out | 1 | .
	EOF
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

@test "a model with something wrong is refused by file, tensor and reason, for responses and as a start of training" {
	random
	python 'import broken; broken.models(sys.argv[1])' $m >table
	python 'x, y, *_ = npys("images.npys"); save("one-size.npys", x, y)'
	errors <table
	[[ $(wc -l <table) -eq 31 ]]
}

@test "tuning in closed form: von Mises curves, rectified and linear cosines, deaf, untuned and low-pass units" {
	python 'import tuned; tuned.write()'
	v1-respond --responses cells.npys --stimuli p.tsv --tuning t.tsv
	python 'import tuned; tuned.check("t.tsv")'
}

@test "gratings that do not serve are refused" {
	python 'import tuned; tuned.refused()'
	errors "v1-respond --responses one.npys --tuning out --stimuli" <<-EOF
		few.tsv | 1 | 3 orientations
		phases.tsv | 1 | 2 phases
		odd.tsv | 1 | not equally spaced over
		missing.tsv | 1 | phases
		snake.tsv | 1 | no gratings
		nan.tsv | 1 | sf_cpp
		bare.tsv | 1 | sf_cpp
	EOF
}
