"""whiten and lgn-filter against their definitions."""
import subprocess
import numpy as np
from npys import npys, one, save, table

MODES = {"zero": "constant", "mirror": "symmetric", "periodic": "wrap"}


def definition(x, k, border):
    """sum over a, b of k[a][b] x[r + a - (h - 1)//2][c + b - (w - 1)//2], in double precision."""
    (h, w), (rows, columns) = k.shape, x.shape[-2:]
    up, left = (h - 1) // 2, (w - 1) // 2
    p = np.pad(x, ((0, 0), (up, h - 1 - up), (left, w - 1 - left)), MODES[border])
    if h * w * x.size < 5e7:
        y = np.zeros(x.shape)
        for a in range(h):
            for b in range(w):
                y += k[a, b] * p[:, a : a + rows, b : b + columns]
        return y
    shape = p.shape[1:]  # nothing wraps around into the valid part
    return np.fft.irfft2(np.fft.rfft2(p) * np.conj(np.fft.rfft2(k, shape)), shape)[:, :rows, :columns]


def side(rng, n, largest):
    """A kernel's side: any up to the image, often 1, the image's own or beyond it."""
    return int(rng.choice([1, n, n + rng.integers(1, 2 * n + 1), *rng.integers(1, max(n, 2), 5)])) if n < largest else int(
        rng.integers(1, 90))


def compare(seed, small, large):
    """`small` cases of up to 40 px a side, `large` ones of 41 to 600; kernels full or a sum of a few products."""
    rng = np.random.default_rng(seed)
    for case in range(small + large):
        h, w = rng.integers(1, 41, 2) if case < small else rng.integers(41, 601, 2)
        kh, kw = side(rng, h, 41), side(rng, w, 41)
        k = rng.normal(size=(kh, kw))
        if case % 3 == 0:
            rank = rng.integers(1, 4)
            k = rng.normal(size=(kh, rank)) @ rng.normal(size=(rank, kw))
        x = rng.normal(size=(rng.integers(1, 6), h, w)).astype("f4")
        save("x.npys", x)
        save("k.npys", k)
        border = list(MODES)[case // 3 % 3]
        subprocess.run(["lgn-filter", "--kernel", "k.npys", "--border", border, "-o", "y.npys", "x.npys"], check=True)
        y = one("y.npys")
        error = np.abs(y - definition(x.astype("f8"), k, border)).max() / np.linalg.norm(k)
        assert y.shape == x.shape and error <= 1e-5, (seed, case, h, w, kh, kw, border, error)


def ring(path, low, high):
    """A table of spectra between two frequencies."""
    t = table(path)
    keep = (t["frequency_cpp"] >= low) & (t["frequency_cpp"] <= high)
    return {k: v[keep] for k, v in t.items()}


def slope(f, p):
    return np.polyfit(np.log(f), np.log(p), 1)[0]


def whitened(x, f0):
    """f exp(-(f/f0)^4) on the image reflected to twice its sides."""
    h, w = x.shape[-2:]
    p = np.concatenate([x, x[..., ::-1]], -1)
    p = np.concatenate([p, p[..., ::-1, :]], -2)
    f = np.hypot(np.fft.fftfreq(2 * h)[:, None], np.fft.rfftfreq(2 * w)[None])
    return np.fft.irfft2(np.fft.rfft2(p) * f * np.exp(-((f / f0) ** 4)), (2 * h, 2 * w))[..., :h, :w]


def white_and_back(images, white, back, transform):
    """ZCA without shrinkage of 900 images of 300 numbers in two records about labels: its covariance, inverse and matrices."""
    x, labels, x2 = npys(images)
    y, same, y2 = npys(white)
    assert (labels == same).all() and y.shape == x.shape
    x, y = np.concatenate([x, x2]).reshape(900, -1).astype("f8"), np.concatenate([y, y2]).reshape(900, -1)
    assert np.abs(np.cov(y.T) - np.eye(300)).max() < 1e-4
    b, _, b2 = npys(back)
    assert np.abs(np.concatenate([b, b2]).reshape(900, -1) - x).max() < 2e-4
    mean, w, inverse, variance = npys(transform)
    assert mean.shape == (3, 5, 20) and w.shape == inverse.shape == (300, 3, 5, 20) and variance.shape == (300,)
    values, vectors = np.linalg.eigh(np.cov(x.T))
    assert np.abs(variance[::-1] / values - 1).max() < 1e-6
    e = vectors / np.sqrt(values) @ vectors.T
    assert np.abs(w.reshape(300, 300) - e).max() < 1e-6 * np.abs(e).max()
    assert np.abs(w.reshape(300, 300) @ inverse.reshape(300, 300) - np.eye(300)).max() < 1e-6


def scrambled(images, scrambled):
    """Amplitudes and mean stay; the angles added are uniform over images at every frequency but those that are their own
    mirror image, and independent of the image, of other frequencies and of neighbouring images; channels turn together."""
    x, y = list(npys(images)), list(npys(scrambled))
    assert len(x) == len(y) and (y[1] == x[1]).all() and y[0].dtype == "<f4"
    for a, b in zip(x[:1] + x[2:], y[:1] + y[2:]):
        assert a.shape == b.shape
        A, B = np.abs(np.fft.fft2(a.astype("f8"))), np.abs(np.fft.fft2(b.astype("f8")))
        assert np.abs(A - B).max() <= 1e-5 * A.max(), np.abs(A - B).max() / A.max()
        assert np.abs(a.mean((-2, -1)) - b.mean((-2, -1))).max() <= 1e-5 * np.abs(a).max()
    turn = lambda a, b: np.angle(np.fft.fft2(b.astype("f8")) / np.fft.fft2(a.astype("f8")))
    t, n = turn(x[0], y[0]), 400
    own = np.zeros((16, 16), bool)
    own[::8, ::8] = True
    assert np.abs(t[:, 0, 0]).max() < 1e-4
    assert np.abs(np.sign(np.cos(t[:, own]))[:, 1:].mean(0)).max() < 4 / n**.5
    for m in 1, 2, 3:
        R = np.abs(np.exp(1j * m * t).mean(0))[~own]
        # each n R^2 is exponential: over 126 frequencies the largest stays below 12, their mean near 1
        assert n * (R**2).max() < 12 and abs(n * (R**2).mean() - 1) < .5, (m, n * (R**2).max(), n * (R**2).mean())
    z, image = np.exp(1j * t), np.exp(1j * np.angle(np.fft.fft2(x[0])))
    for a, b in ((z[:, 1, 2], z[:, 2, 1]), (z[:, 3, 5], z[:, 3, 11]), (z[:-1, 4, 4], z[1:, 4, 4]), (z[:, 5, 1], image[:, 5, 1])):
        assert max(np.abs((a * c).mean()) for c in (b, b.conj())) < 4 / n**.5
    t = turn(x[3], y[3])
    assert np.abs(np.exp(1j * t) - np.exp(1j * t[:, :1])).max() < 1e-3
