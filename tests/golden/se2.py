#!/usr/bin/env python3
"""Oracle for se2-kernel, written from the equations and independent of the C code: dense matrices on harmonics of
exp(i n theta) without rotated frames, scipy-free, and the inverse transform as an explicit sum over frequencies.
Writes se2-spectrum.tsv and se2-*.npys beside itself; tests/bench/se2.py times a vectorised NumPy resolvent."""
import os
import sys
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, ".."))
from npys import save


def generator(model, d11, d, wx, wy, N):
    """-L on the coefficients of exp(i n theta) at the spatial frequency (wx, wy): multiplication by
    i (w . (cos, sin)) or D11 (w . (cos, sin))^2 as Toeplitz matrices, plus D n^2."""
    n = np.arange(-N, N + 1)
    up, down = np.eye(2 * N + 1, k=-1), np.eye(2 * N + 1, k=1)  # times e^{i theta}, e^{-i theta}
    if model == "direction":
        w = (wx / 2) * (up + down) + (wy / 2j) * (up - down)
        return 1j * w + np.diag(d * n**2)
    up2, down2 = np.eye(2 * N + 1, k=-2), np.eye(2 * N + 1, k=2)
    w2 = (wx**2 - wy**2) / 4 * (up2 + down2) + 2 * wx * wy / 4j * (up2 - down2)
    return d11 * (w2 + (wx**2 + wy**2) / 2 * np.eye(2 * N + 1)) + np.diag(d * n**2)


def expm(m):
    """Taylor with scaling and squaring."""
    k = max(0, int(np.ceil(np.log2(np.abs(m).sum(0).max() + 1e-300))) + 6)
    x, term = np.eye(len(m), dtype=complex), np.eye(len(m), dtype=complex)
    for i in range(1, 19):
        term = term @ m / (2.0**k * i)
        x = x + term
    for _ in range(k):
        x = x @ x
    return x


def spectrum(model, d11, d, alpha, order, length, N, wx, wy):
    m = generator(model, d11, d, wx, wy, N)
    b = np.ones(2 * N + 1, complex)
    if length:
        return expm(-length * m) @ b
    for _ in range(order):
        b = np.linalg.solve(m + alpha * np.eye(2 * N + 1), alpha * b)
    return b


def kernel(model, d11, d, alpha, order, length, N, size, theta, side, folds, sigma, sigma_theta):
    """P(x, y, theta) on a (size, size) grid of step 1 by the sum over frequencies |k| <= folds side / 2."""
    half = folds * side // 2
    n = np.arange(-N, N + 1)
    x = np.arange(size) - (size - 1) / 2
    phase = np.exp(1j * np.outer(n, theta) - (n**2 * sigma_theta**2 / 2)[:, None])
    out = np.zeros((len(theta), size, size))
    for ky in range(-half, half + 1):
        for kx in range(0, half + 1):
            wx, wy = 2 * np.pi * kx / side, 2 * np.pi * ky / side
            g = np.exp(-(sigma**2) * (wx**2 + wy**2) / 2)
            if g < 1e-9:
                continue
            g *= (0.5 if abs(ky) == half else 1) * (0.5 if kx == half else 1) * (1 if kx == 0 else 2)
            f = spectrum(model, d11, d, alpha, order, length, N, wx, wy) @ phase
            wave = np.exp(1j * (wy * -x[:, None] + wx * x[None, :]))  # rows run down, y up
            out += g * (f[:, None, None] * wave).real
    return out / (2 * np.pi * side**2)


models = [
    ("direction", 1, 0.08, 0.25, 1, 0),
    ("direction", 1, 0.3, 0.5, 3, 0),
    ("direction", 1, 0.08, 0, 1, 10),
    ("diffusion", 1.5, 0.1, 0.3, 1, 0),
    ("diffusion", 1, 0.05, 0, 1, 4),
]


def main():
    rng = np.random.default_rng(5)
    with open(os.path.join(here, "se2-spectrum.tsv"), "w") as f:
        f.write("model\td11\td\talpha\torder\tlength\tharmonics\twx\twy\tn\tre\tim\n")
        for m in models:
            for _ in range(6):
                wx, wy = rng.uniform(-3, 3, 2) * rng.choice([0.1, 1])
                b = spectrum(*m, 40, wx, wy)
                for n in (-7, -2, -1, 0, 1, 2, 5):
                    f.write("\t".join(map(str, m)) + f"\t40\t{wx:.17g}\t{wy:.17g}\t{n}"
                            f"\t{b[40 + n].real:.12g}\t{b[40 + n].imag:.12g}\n")
    theta = np.array([-0.4, 0, 0.7, 1.9, 3.0, 4.4])
    for name, m, side in (("direction", ("direction", 1, 0.2, 1, 1, 0), 36),
                          ("diffusion", ("diffusion", 1, 0.2, 0, 1, 2), 24)):
        k = kernel(*m, 24, 9, theta, side, 2, 0.7, np.radians(5))
        save(os.path.join(here, f"se2-{name}.npys"), theta, k.astype("<f4"))


if __name__ == "__main__":
    main()
