# python/v1pipe.py. That streams and tables agree with the tools is tested throughout, since all tests read and write by it.
load common

needs() { # needs MODULE...: skip where Python lacks it
	for module in "$@"; do
		"$PYTHON" -c "import $module" 2>/dev/null || skip "no $module for $PYTHON"
	done
}

convert() {
	"$PYTHON" -m v1pipe convert "$@"
}

@test "big-endian, Fortran and cut-off streams; nothing is left of a path after a failure" {
	python '
a = np.arange(6.0).reshape(2, 3)
save("a.npys", a.T, a.astype(">f4"), np.array(1.5))
b = list(npys("a.npys"))
assert (b[0] == a.T).all() and b[1].dtype == "<f4" and (b[1] == a).all() and b[2].shape == () and b[2] == 1.5
open("cut.npys", "wb").write(open("a.npys", "rb").read()[:-1])
try:
    list(npys("cut.npys"))
except ValueError:
    sys.exit(0)
sys.exit(1)'
	[[ $(tensor-info a.npys | wc -l) -eq 4 ]]
}

@test "safetensors: what we write the tools read and the other way round, metadata too" {
	python '
r = np.random.default_rng(1)
t = {n: (100 * r.normal(size=s)).astype(n) for n, s in (("u1", (3,)), ("?", (2,)), ("<i8", (2, 2)), (">f4", (4, 3)), ("<f2", ()), ("<f8", (0, 2)))}
save_file(t, "m.safetensors", {"epochs": 3, "lgn": "relu"})
u = load_file("m.safetensors")
assert metadata("m.safetensors") == {"epochs": "3", "lgn": "relu"} and set(t) == set(u)
assert all(t[k].shape == u[k].shape and (t[k] == u[k]).all() for k in t)
# BF16: the upper half of a float
save_file({"x": np.array([0x3fc0, 0xc000], "<u2")}, "b.safetensors")
b = open("b.safetensors", "rb").read().replace(b"\"U16\", ", b"\"BF16\",")
open("b.safetensors", "wb").write(b)
assert (load_file("b.safetensors")["x"] == [1.5, -2]).all()
for name in t:
    save(name.strip("<>?") + "expected", t[name])' 
	for name in u1 i8 f2 f8; do
		tensor-get --name "$(tensor-info m.safetensors | cut -f 3 | grep "$name")" m.safetensors | cmp - "${name}expected"
	done
	[[ $(tensor-get --name x b.safetensors | python 'print(*one(sys.stdin.buffer))') == "1.5 -2.0" ]]
}

@test "the safetensors package reads what we write" {
	needs safetensors
	python '
from safetensors.numpy import load_file as theirs, save_file as write
t = {"a": np.arange(3.0), "b": np.ones((2, 2), "<f4"), "c": np.arange(3, dtype="u1")}
save_file(t, "a", {"x": "y"}); write(t, "b", {"x": "y"})
assert open("a", "rb").read() == open("b", "rb").read() and all((theirs("a")[k] == t[k]).all() for k in t)'
}

@test "a table goes to pandas as it is" {
	needs pandas
	printf 'filter\treason\tr\n0\t-\t.5\n1\tr\tnan\n' >t.tsv
	python '
import pandas
d = pandas.DataFrame(table("t.tsv"))
assert d.equals(pandas.read_csv("t.tsv", sep="\t").astype({"filter": float}))'
}

@test "convert: NumPy's files that streams refuse" {
	python '
a = np.arange(24, dtype="<f4").reshape(2, 3, 4)
save("expected", a)
np.save("fortran.npy", np.asfortranarray(a)); np.save("big.npy", a.astype(">f4"))
o = np.empty(2, object); o[:] = list(a)
np.save("object.npy", o, allow_pickle=True)
np.savez("one.npz", a); np.savez_compressed("two.npz", x=a, y=a[0]); a.astype(">f4").tofile("raw")'
	for f in fortran.npy big.npy object.npy one.npz; do
		convert $f | cmp - expected
	done
	convert two.npz --name x -o x.npys
	cmp x.npys expected
	convert raw --type '>f4' --shape 2,3,-1 | cmp - expected
	[[ $(convert raw --type '>f4' --shape 2,3,4 --axes 2,0,1 | tensor-info | tail -n 1 | cut -f 5) == "(4,2,3)" ]]
	run --separate-stderr convert two.npz
	[[ $status -eq 1 && -z $output && $(wc -l <<<"$stderr") -eq 3 && $stderr == *"--name 'x'"*"(2,3,4)"* ]]
	convert two.npz -o m.safetensors
	tensor-get --name x m.safetensors | cmp - expected
	convert m.safetensors --name x | cmp - expected
	run --separate-stderr convert two.npz --name z -o z.npys
	one_line 1 'two.npz: no tensor z'
	[[ ! -e z.npys ]]
	head -c 150 big.npy >cut.npy
	run --separate-stderr convert cut.npy -o z.npys
	[[ $status -eq 1 && $stderr == "v1pipe: cut.npy: "* && ! -e z.npys && ! -e z.npys.part ]]
	echo text >text
	run --separate-stderr convert text
	one_line 1 '--type and --shape'
}

@test "convert: a pickle that would run a program is refused" {
	python '
import os, pickle
class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)
o = np.empty(1, object); o[0] = Evil()
np.save("evil.npy", o, allow_pickle=True)
open("evil.pt", "wb").write(pickle.dumps(Evil()))'
	run --separate-stderr convert evil.npy
	one_line 1 'evil.npy: it holds .*system'
	"$PYTHON" -c 'import torch' && {
		run --separate-stderr convert evil.pt
		one_line 1 'evil.pt: it holds more than tensors'
	}
	[[ ! -e ran ]]
}

@test "convert: PyTorch's files, nested, also in their old form" {
	needs torch
	python '
import torch
s = {"epoch": 3, "state": {"conv.weight": torch.arange(18.).reshape(2, 1, 3, 3), "half": torch.ones(2).bfloat16()}, "list": [torch.zeros(2)]}
torch.save(s, "a.pt"); torch.save(s, "b.pth", _use_new_zipfile_serialization=False)
save("expected", s["state"]["conv.weight"].numpy())'
	for f in a.pt b.pth; do
		convert $f --name state.conv.weight | cmp - expected
		run --separate-stderr convert $f
		[[ $(wc -l <<<"$stderr") -eq 5 && $stderr == *list.0* ]]
	done
}

@test "convert: MATLAB's files, its axes and structures" {
	needs scipy
	python '
import scipy.io
x = np.random.default_rng(1).normal(size=(5, 4, 3))  # 3 filters of 5 rows, 4 columns as MATLAB keeps them
scipy.io.savemat("m.mat", {"w": x, "net": {"columns": x.reshape(20, 3, order="F")}})
save("expected", x.transpose(2, 0, 1))'
	convert m.mat --name w --axes 2,0,1 | cmp - expected
	convert m.mat --name net.columns --shape 5,4,-1 --axes 2,0,1 | cmp - expected
}

@test "convert: other people's networks" {
	needs torch scipy
	needs_data networks
	d=$data/networks
	convert "$d/hgru.pt" --name model_state_dict.conv_feature_extractor.weight | cmp - "$d/hgru-bank.npy"
	convert "$d/hgru.pt" --name model_state_dict.hgru_unit.w_gate | cmp - "$d/hgru-lateral.npy"
	convert "$d/lian-simple.mat" --name simple.A_up --shape 16,16,2,100 --axes 3,2,0,1 >lian.npys
	python '
a, b = one("lian.npys"), np.load(sys.argv[1])
assert a.shape == (100, 2, 16, 16) and abs(a[:, 0] - a[:, 1] - b).max() < 1e-6 * abs(b).max()' "$d/lian-simple.npy"
}

@test "Network: strict names, logits equal v1-respond's to 1e-5" {
	needs torch
	"$PYTHON" "$golden/respond.py" random .
	for model in model-*.safetensors; do
		v1-respond --model $model --layer logits images.npys >ours.npys
		python '
import torch
from v1pipe import Network
torch.set_num_threads(1)
net, ours = Network.of(sys.argv[1]), [a for a in npys("ours.npys") if a.ndim == 2]
images = [a for a in npys("images.npys") if a.ndim == 3]
again = Network(5, 4, 7, 5, 3, 1)
again.load_state_dict(load_file(sys.argv[1]))
try:
    again.load_state_dict({k: a for k, a in load_file(sys.argv[1]).items() if k != "v1.rms"})
    sys.exit("not strict")
except RuntimeError:
    pass
assert len(ours) == 2
with torch.no_grad():
    for x, y in zip(images, ours):
        z = net(torch.from_numpy(x[:, None].astype("f4"))).numpy()
        assert y.shape == z.shape and (abs(y - z) <= 1e-5 * np.maximum(1, abs(z))).all(), abs(y - z).max()' $model
	done
}

@test "the tuning of a network in PyTorch, as the manual shows it, is that of its rates in the middle" {
	needs torch
	awk '/^Tuning of a convolutional/ { on = 1 } on && /^.Ed/ { exit } code; on && /^.Bd/ { code = 1 }' "$top/man/v1pipe-python.7" >example.py
	python '
import torch
torch.manual_seed(1)
exec(open("example.py").read())
p, middle = table("p.tsv"), rates[:, :, 15:17, 15:17].mean((2, 3))
keys = np.stack([p["theta_deg"], p["sf_cpp"]], 1)
grid, at = np.unique(keys, axis=0, return_inverse=True)
f0 = np.array([middle[at.ravel() == i].mean(0) for i in range(len(grid))])
best = f0.argmax(0)
assert len(tuning["cv"]) == 16 and np.allclose(tuning["response"], f0.max(0), rtol=1e-5)
for u in range(16):
    same = grid[:, 1] == grid[best[u], 1]
    z = (f0[same, u] * np.exp(2j * np.radians(grid[same, 0]))).sum() / f0[same, u].sum()
    assert abs(tuning["cv"][u] - 1 + abs(z)) < 1e-5, u'
}

@test "run: streams, tables, options, arrays as files, a tool's message as the exception" {
	python '
from v1pipe import run
x, labels = run("dead-leaves", n=20, seed=3)
assert x.shape == (20, 64, 64) and labels.shape == (20,)
(y,) = run("whiten", x)
assert y.shape == x.shape and abs(y.mean()) < 1
y, l = run("whiten", x, labels, method="none")
assert (y == x).all() and (l == labels).all()
assert run("image-write", x[0])[:2] == b"P5"
d = np.zeros((1, 5, 5), "<f4"); d[0, 2, 2] = 1
(z,) = run("lgn-filter", x, kernel=d)
assert np.abs(z - x).max() < 1e-3  # of 255, the rounding of the transforms
t = run("tensor-info", x)
assert t["shape"][0] == "(20,64,64)"
try:
    run("whiten", x, method="nonsense")
except RuntimeError as e:
    assert str(e).startswith("whiten: ") and "nonsense" in str(e)
else:
    sys.exit(1)'
}

@test "make install puts it where the manual says" {
	make -s -C "$top" install PREFIX="$PWD/tree" B="${V1PIPE_BUILD#"$top/"}" >&2
	grep -q 'share/v1pipe/python' "$top/man/v1pipe-python.7"
	cd tree
	PYTHONPATH=share/v1pipe/python "$PYTHON" -c 'import v1pipe; assert "tree/share" in __import__("os").path.abspath(v1pipe.__file__)'
}
