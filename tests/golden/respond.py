"""Small networks, written by hand as safetensors, and what they answer, computed in double by NumPy.

    respond.py random DIR          model-*.safetensors (every propagation and l0), images.npys
    respond.py planted FILE        delta at l0, Gabors of known orientation and frequency at l1, no lateral weights
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from npys import save  # noqa: E402
from profiles import gabor  # noqa: E402
from weights import write  # noqa: E402

EPSILON = 1e-5


def save_model(path, tensors, **metadata):
    write(path, {n: tensors[n].astype("<f4") for n in sorted(tensors)}, {k: str(v) for k, v in metadata.items()})


def norm(t, name, channels, rng=None):
    t[name + ".weight"] = np.ones(channels)
    t[name + ".bias"] = np.zeros(channels)
    t[name + ".running_mean"] = np.zeros(channels)
    t[name + ".running_var"] = np.ones(channels)
    if rng is not None:
        t[name + ".bias"] = .2 * rng.standard_normal(channels)
        t[name + ".running_mean"] = .2 * rng.standard_normal(channels)
        t[name + ".running_var"] = rng.uniform(.5, 2, channels)
    if rng is not None and name.startswith("head"):
        t[name + ".weight"] = rng.uniform(.5, 2, channels)


def network(rng, filters=4, k0=5, k1=7, kl=5, classes=3):
    """Random tensors of every part, rounded to float."""
    t = {"input.mean": np.array([120.]), "input.sd": np.array([60.])}
    t["lgn.weight"] = rng.standard_normal((1, 1, k0, k0)) / k0
    t["v1.weight"] = rng.standard_normal((filters, 1, k1, k1)) / k1
    t["v1.rms"] = rng.uniform(.5, 2, filters)
    t["lateral.weight"] = .3 * rng.standard_normal((filters, filters, kl, kl)) / kl
    t["head.1.weight"] = rng.standard_normal((128, filters, 3, 3)) / np.sqrt(9 * filters)
    t["head.5.weight"] = rng.standard_normal((128, 128, 3, 3)) / np.sqrt(9 * 128)
    t["head.11.weight"] = rng.standard_normal((classes, 512)) / 10
    t["head.11.bias"] = rng.standard_normal(classes)
    norm(t, "lgn_norm", 1, rng)
    norm(t, "v1_norm", filters, rng)
    norm(t, "head.2", 128, rng)
    norm(t, "head.6", 128, rng)
    return {n: a.astype(np.float32).astype(float) for n, a in t.items()}


def conv(x, w):
    """x (n, C, h, w) with w (F, C, k, k): PyTorch's conv2d, 'same'."""
    k = w.shape[-1]
    p = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    out = 0
    for r in range(k):
        for c in range(k):
            part = p[:, :, r:r + x.shape[2], c:c + x.shape[3]]
            out = out + np.einsum("fc,nchw->nfhw", w[:, :, r, c], part)
    return out


def normalise(t, name, x):
    a = [t[name + "." + s][None, :, None, None] for s in ("weight", "bias", "running_mean", "running_var")]
    return (x - a[2]) / np.sqrt(a[3] + EPSILON) * a[0] + a[1]


def front(t, x, T, lgn="relu", propagation="recurrent"):
    """a (n, h, w), z, [h0..hT] (n, F, h, w) and the derivative masks of the propagations."""
    x = (np.asarray(x, float)[:, None] - t["input.mean"][0]) / t["input.sd"][0]
    a = normalise(t, "lgn_norm", conv(x, t["lgn.weight"]))
    a = np.maximum(a, 0) if lgn == "relu" else a
    z = normalise(t, "v1_norm", conv(a, t["v1.weight"]))
    h = [np.maximum(z, 0)]
    masks = [z > 0]
    for _ in range(T):
        k = conv(h[-1], t["lateral.weight"])
        s = z + k if propagation == "recurrent" else k
        masks.append(s > 0)
        h.append(np.maximum(s, 0) if propagation == "recurrent" else (h[-1] + np.maximum(s, 0)) / 2)
    return a[:, 0], z, h, masks


def pool(x, k):
    n, c, h, w = x.shape
    return x[:, :, :h // k * k, :w // k * k].reshape(n, c, h // k, k, w // k, k).max((3, 5))


def halves(n):
    return [slice(i * n // 2, -(-(i + 1) * n // 2)) for i in range(2)]


def head(t, h):
    x = np.maximum(normalise(t, "head.2", conv(pool(h, 4), t["head.1.weight"])), 0)
    x = np.maximum(normalise(t, "head.6", conv(pool(x, 2), t["head.5.weight"])), 0)
    x = np.stack([np.stack([x[:, :, r, c].mean((2, 3)) for c in halves(x.shape[3])], -1)
                  for r in halves(x.shape[2])], -2)
    return x.reshape(len(x), -1) @ t["head.11.weight"].T + t["head.11.bias"]


def jacobian(t, masks, positions, R, propagation="recurrent"):
    """G (F, F, 2R+1, 2R+1) from the whole matrix d hT / d z of each image, averaged over positions[image]."""
    K = t["lateral.weight"]
    F, k = K.shape[0], K.shape[2]
    n, _, h, w = masks[0].shape
    M = np.zeros((F, h, w, F, h, w))  # the lateral convolution as a matrix
    for r in range(k):
        for c in range(k):
            dr, dc = r - k // 2, c - k // 2
            for y in range(max(0, -dr), min(h, h - dr)):
                for x in range(max(0, -dc), min(w, w - dc)):
                    M[:, y, x, :, y + dr, x + dc] = K[:, :, r, c]
    M = M.reshape(F * h * w, -1)
    G, N = np.zeros((F, F, 2 * R + 1, 2 * R + 1)), np.zeros((2 * R + 1, 2 * R + 1))
    for m in range(n):
        J = np.diag(masks[0][m].ravel().astype(float))
        for mask in masks[1:]:
            if propagation == "recurrent":
                J = mask[m].ravel()[:, None] * (np.eye(len(M)) + M @ J)
            else:
                J = (J + mask[m].ravel()[:, None] * (M @ J)) / 2
        J = J.reshape(F, h, w, F, h, w)
        for y, x in positions[m]:
            for r in range(-R, R + 1):
                for c in range(-R, R + 1):
                    if 0 <= y + r < h and 0 <= x + c < w:
                        G[:, :, r + R, c + R] += J[:, y, x, :, y + r, x + c]
                        N[r + R, c + R] += 1
    return G / N


def lattice(n, h, w, spacing):
    """The places v1-respond --jacobian visits in each of n images (lib/net/jacobian.h)."""
    out = []
    for m in range(1, n + 1):
        r = int(min(spacing, h) * (m * .7548776662466927 % 1))
        c = int(min(spacing, w) * (m * .5698402910980532 % 1))
        out.append([(y, x) for y in range(r, h, spacing) for x in range(c, w, spacing)])
    return out


PLANTED = [(0, .12, 0), (22, .15, 90), (45, .2, 45), (77.5, .13, 180), (90, .25, 30), (121, .16, 270), (150, .18, 10),
           (175, .22, 120)]  # theta_deg, sf_cpp, phase_deg; envelopes of 3 px


def planted():
    t = network(np.random.default_rng(5), filters=len(PLANTED), k0=3, k1=19)
    t["lgn.weight"][:] = 0
    t["lgn.weight"][0, 0, 1, 1] = 1
    for i, (theta, f, phase) in enumerate(PLANTED):
        t["v1.weight"][i, 0] = gabor(19, theta, phase, f, 3, 3)
    t["lateral.weight"][:] = 0
    for n in ("lgn_norm", "v1_norm"):
        norm(t, n, 1 if n == "lgn_norm" else len(PLANTED))
    t["input.mean"][:], t["input.sd"][:] = 127.5, 127.5
    return t


def near(a, b, tolerance=2e-6):
    a, b = np.asarray(a, float), np.asarray(b, float)
    assert a.shape == b.shape, (a.shape, b.shape)
    e = np.linalg.norm(a - b) / np.linalg.norm(b)
    assert e <= tolerance, e


def covariance(h, R):
    """(F, F, 2R+1, 2R+1) of maps [(n, F, height, width)]: a place with the one displaced from it, over pairs inside."""
    F = h[0].shape[1]
    K = np.zeros((F, F, 2 * R + 1, 2 * R + 1))
    for dr in range(-R, R + 1):
        for dc in range(-R, R + 1):
            def part(x, sign):  # where the place itself (1) or the displaced one (-1) lies
                H, W = x.shape[2:]
                y, c = sign * dr, sign * dc
                inside = x[:, :, max(0, -y):min(H, H - y), max(0, -c):min(W, W - c)]
                return inside.transpose(1, 0, 2, 3).reshape(F, -1)
            a, b = (np.concatenate([part(x, sign) for x in h], 1) for sign in (1, -1))
            K[:, :, dr + R, dc + R] = a @ b.T / a.shape[1] - np.outer(a.mean(1), b.mean(1))
    return K


def check_accuracy(a, c, logits, y):
    """Tables of accuracy, with Wilson's interval, and confusion of 10 images of 3 classes."""
    loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(10), y]
    right = logits.argmax(1) == y
    assert a["class"].tolist() == [-1, 0, 1, 2] and a["images"].tolist() == [10, 3, 3, 4]
    assert a["correct"].tolist() == [right.sum()] + [right[y == k].sum() for k in range(3)]
    near(a["loss"], [loss.mean()] + [loss[y == k].mean() for k in range(3)], 1e-5)
    p, z2 = right.mean(), 1.959963984540054 ** 2
    m, w = (p + z2 / 20) / (1 + z2 / 10), np.sqrt(z2 * p * (1 - p) / 10 + z2 ** 2 / 400) / (1 + z2 / 10)
    near([a["low"][0], a["high"][0]], [m - w, m + w])
    n = np.zeros((3, 3))
    np.add.at(n, (y, logits.argmax(1)), 1)
    assert (c["images"].reshape(3, 3) == n).all()
    assert c["class"].tolist() == [0] * 3 + [1] * 3 + [2] * 3 and c["answer"].tolist() == [0, 1, 2] * 3


def check_planted(t):
    """Tuning of planted(): a rectified cosine has F1/F0 = pi/2; the amplitude spectrum is two Gaussians, seen on a circle."""
    assert t["filter"].tolist() == list(range(8)) and set(t["T"]) == {1} and set(t["contrast"]) == {1}
    s, f = 1 / (2 * np.pi * 3), np.array([p[1] for p in PLANTED])
    d = (t["theta_deg"] - [p[0] for p in PLANTED] + 90) % 180 - 90
    assert np.abs(d).max() < .15 and np.abs(t["sf_cpp"] - f).max() < .003 and np.abs(t["modulation_ratio"] - np.pi / 2).max() < .045
    for i, (theta, f, _) in enumerate(PLANTED):
        best = .05 * 2 ** (np.round(3 * np.log2(f / .05)) / 3)
        o = np.radians(np.arange(0, 180, 7.5) - theta)
        e = sum(np.exp(-(best**2 + f**2 + sign * 2 * best * f * np.cos(o)) / 2 / s**2) for sign in (-1, 1))
        cv = 1 - abs((e * np.exp(2j * o)).sum()) / e.sum()
        assert abs(t["cv"][i] - cv) < .02, (t["cv"][i], cv)


METADATA = dict(version="0.1", iterations=1)
KINDS = [(lgn, p) for lgn in ("relu", "linear") for p in ("recurrent", "average")]

if __name__ == "__main__":
    if sys.argv[1] == "random":
        rng = np.random.default_rng(1)
        t = network(rng)
        for lgn, p in KINDS:
            save_model(f"{sys.argv[2]}/model-{lgn}-{p}.safetensors", t, **METADATA, lgn=lgn, propagation=p)
        images = [rng.integers(0, 256, (n, h, w)).astype(np.uint8) for n, h, w in ((7, 24, 32), (3, 17, 20))]
        save(f"{sys.argv[2]}/images.npys", images[0], np.array([0, 1, 2, 0, 1, 2, 0]), images[1], np.array([2, 2, 1], "<i4"))
    else:
        save_model(sys.argv[2], planted(), **METADATA, lgn="linear", propagation="recurrent")
