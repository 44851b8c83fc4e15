"""train-v1's data, log and model as its tests look at them."""
import numpy as np
from npys import npys, one, save, table
from weights import NAMES, RUNNING, load


def stripes():
    """data.npys: 6 |u1 batches of 20 images of 20 px, noisy stripes across (class 0) or along (1); other.npys: 30 of 24 px."""
    r = np.random.default_rng(1)

    def batch(n, size):
        y = np.arange(n) % 2
        t = np.arange(size)
        x = np.empty((n, size, size))
        for i in range(n):
            wave = np.sin(2 * np.pi * (t / 6 + r.random()))
            x[i] = wave[:, None] if y[i] == 0 else wave[None, :]
        return np.clip(128 + 60 * x + 20 * r.standard_normal(x.shape), 0, 255).astype(np.uint8), y.astype(np.int64)

    save("data.npys", *[a for _ in range(6) for a in batch(20, 20)])
    save("other.npys", *batch(30, 24))


def everything(log, model):
    """The log's columns, the model's tensors and metadata after 6 epochs that learn."""
    t = table(log)
    assert list(t)[:7] == "epoch loss accuracy val_loss val_accuracy learning_rate seconds".split(), list(t)
    assert (t["epoch"] == np.arange(6)).all() and t["loss"][-1] < t["loss"][0] and t["val_accuracy"][-1] > .9, t
    tensors, m = load(model)
    names = NAMES + RUNNING + ["input.mean", "input.sd", "v1.rms", "lgn_norm.weight", "v1_norm.weight"]
    assert set(tensors) == set(names) and all(a.dtype == "<f4" for a in tensors.values()), set(tensors)
    assert m["classes"] == "2" and m["filters"] == "4" and m["iterations"] == "1" and float(m["val_accuracy"]) == t["val_accuracy"][-1], m
    assert not {"threads", "output", "log", "verbose", "resume"} & set(m), m


def durable(calls, saves, files):
    """Each checkpoint saved/c is a temporary, synced, renamed, its folder synced; what it counts on is synced before."""
    import os
    calls = [line.rstrip("\n").replace(os.getcwd() + "/", "").split(" ", 1) for line in open(calls)]
    renames = [i for i, c in enumerate(calls) if c == ["rename", "saved/c"]]
    assert len(renames) == saves, calls
    before = 0
    for i in renames:
        part = calls[before:i + 2]
        at = lambda call, start: next(k for k, c in enumerate(part) if c[0] == call and c[1].startswith(start))
        made = at("open", "saved/c.")
        assert all(at("fsync", name) < made for name in files)
        assert made < at("fflush", "saved/c.") < at("fsync", "saved/c.") < at("rename", "saved/c") < len(part) - 1, part
        assert part[-1] == ["fsync", "saved"], part
        before = i + 2
    # entries of files that are new
    assert calls[:renames[0]].count(["fsync", os.path.dirname(files[0])]) == len(files), calls


def moments(model, data):
    """input.* are the pixels' mean and sd, v1.rms is the root mean square of h0, over all images."""
    from golden.respond import front
    t, _ = load(model)
    x = np.concatenate([a for a in npys(data) if a.ndim == 3]).astype(float)
    assert abs(t["input.mean"] - x.mean()) < 1e-3 and abs(t["input.sd"] - x.std()) < 1e-3
    h0 = front(t, x, 0)[2][0]
    assert np.abs(np.sqrt((h0 * h0).mean((0, 2, 3))) / t["v1.rms"] - 1).max() < 1e-4


def gain(kernel):
    """The largest singular value of the kernel's transform over all frequencies, searched nearer and nearer."""
    K = one(kernel).astype(float)
    d = np.arange(K.shape[-1]) - K.shape[-1] // 2
    x, y, span = np.linspace(0, np.pi, 101), np.linspace(-np.pi, np.pi, 201), np.pi / 100
    for _ in range(5):
        M = np.einsum("ijrc,xc,yr->xyij", K, np.exp(1j * np.outer(x, d)), np.exp(1j * np.outer(y, d)), optimize=True)
        g = np.linalg.norm(M, 2, axis=(2, 3))
        i, j = np.unravel_index(g.argmax(), g.shape)
        x, y, span = x[i] + span * np.linspace(-1, 1, 21), y[j] + span * np.linspace(-1, 1, 21), span / 10
    return g.max()


def followed(folder):
    """Losses of 24 steps (log.tsv) and the model after them (ours) are those of net.py follow (losses, theirs)."""
    t, losses = table(folder + "/log.tsv"), np.loadtxt(folder + "/losses")
    assert len(losses) == 24 and np.all(np.abs(t["loss"] - losses) <= 1e-3 * losses + 1e-4), (folder, t["loss"], losses)
    ours, theirs = load(folder + "/ours")[0], dict(zip(NAMES + RUNNING, npys(folder + "/theirs"), strict=True))
    for k, x in theirs.items():
        # a mean by the spread of what it is the mean of; biases of norms by the one they shift
        scale = np.sqrt(theirs[k[:-4] + "var"]) if k.endswith("mean") else np.ones_like(x) if k.endswith("bias") else x
        # 1e-6 as a rule; at larger rates rounding grows, a unit at its threshold falls the other way
        far = np.linalg.norm(ours[k] - x)
        assert far <= 1e-3 * np.linalg.norm(scale), (folder, k, far, np.linalg.norm(scale))


def misfits():
    """Data that train-v1 refuses, one file each."""
    r = np.random.default_rng(0)
    x, y = r.integers(0, 256, (20, 20, 20)).astype(np.uint8), np.arange(20) % 2
    few = np.array([0] * 19 + [1])
    for name, arrays in dict(
            one_class=(x, y * 0), gap=(x, y * 2), few=(x, few), sizes=(x, y, x[:, :18], y), small=(x[:, :15, :15], y),
            unlabelled=(x,), later=(x, y, x), colour=(np.stack([x, x, x], 1), y), flat=(x * 0 + 7, y),
            types=(x, y, x.astype(np.float32), y), nan=(np.where(x == 7, np.nan, x).astype(np.float32), y),
            narrow=(x[:, :16, :16], y)).items():
        save(name, *arrays)
