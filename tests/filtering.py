"""lgn-filter against the definition on images and kernels of random sizes."""
import subprocess
import numpy as np
from npys import one, save

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
