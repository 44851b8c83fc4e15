#!/usr/bin/env python3
"""optima.npys and optima.tsv: profiles that are no clean Gabor functions, and the largest r of a Gabor function for each that
scipy.optimize.least_squares finds from 40 random starts within fit-gabor's bounds.

python3 tests/golden/optima.py FOLDER [BANK]. Record 0 is a bank that train-v1 learned from dead leaves (of BANK, else as
it is in FOLDER), record 1 smoothed noise."""
import os
import sys

import numpy as np
from scipy.optimize import least_squares

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from npys import npys, one, save  # noqa: E402

STARTS = 40


def best_r(y, rng, starts=STARTS):
    """The largest r of a Gabor function for the profile y (k, k). Plain parameters but for logarithms of f and both widths:
    x0, y0, theta, log f, log sigma_across, log sigma_along, and the amplitudes of cosine and sine, offset."""
    k = len(y)
    i = np.arange(k) - (k - 1) / 2
    X, Y = (a.ravel() for a in np.meshgrid(i, -i))
    z = (y - y.mean()).ravel() / y.std()

    def parts(p):
        x, v, s, c = X - p[0], Y - p[1], np.sin(p[2]), np.cos(p[2])
        u, v = v * c - x * s, x * c + v * s
        e = np.exp(-u**2 / 2 * np.exp(-2 * p[4]) - v**2 / 2 * np.exp(-2 * p[5]))
        w = 2 * np.pi * np.exp(p[3])
        return u, v, e * np.cos(w * u), e * np.sin(w * u), w, s, c

    def residual(p):
        _, _, even, odd, *_ = parts(p)
        return p[6] * even + p[7] * odd + p[8] - z

    def jacobian(p):
        u, v, even, odd, w, s, c = parts(p)
        value, turned = p[6] * even + p[7] * odd, p[7] * even - p[6] * odd
        by_u, by_v = w * turned - u * np.exp(-2 * p[4]) * value, -v * np.exp(-2 * p[5]) * value
        return np.stack([s * by_u - c * by_v, -c * by_u - s * by_v, -v * by_u + u * by_v, w * u * turned,
                         u**2 * np.exp(-2 * p[4]) * value, v**2 * np.exp(-2 * p[5]) * value, even, odd, np.ones_like(u)], 1)

    far = k / 2 + 1
    low = np.array([-far, -far, -np.inf, -np.log(8 * k), np.log(.5), np.log(.5), -np.inf, -np.inf, -np.inf])
    high = np.array([far, far, np.inf, np.log(.65), np.log(k), np.log(k), np.inf, np.inf, np.inf])
    best = np.inf
    for _ in range(starts):
        p = rng.uniform(np.where(np.isfinite(low), low, 0), np.where(np.isfinite(high), high, np.pi))
        *_, even, odd, _, _, _ = parts(p)
        p[6:] = np.linalg.lstsq(np.stack([even, odd, np.ones_like(even)], 1), z, rcond=None)[0]
        o = least_squares(residual, p, jac=jacobian, bounds=(low, high), max_nfev=300)
        # beyond the band's edge it is another one's alias
        if np.exp(o.x[3]) <= .5 / (np.sin(o.x[2])**8 + np.cos(o.x[2])**8)**.125:
            best = min(best, 2 * o.cost)
    return np.sqrt(max(0, 1 - best / z.size))


def main(folder, bank=None):
    learned = one(bank) if bank else next(npys(f"{folder}/optima.npys"))
    rng = np.random.default_rng(20261201)
    f = np.fft.fftfreq(29)
    smooth = np.fft.ifft2(np.fft.fft2(rng.normal(size=(40, 29, 29))) * np.exp(-2 * np.pi**2 * (f[:, None]**2 + f**2))).real
    records = [learned.astype("<f4"), smooth[:, 10:-10, 10:-10].astype("<f4")]
    with open(f"{folder}/optima.tsv", "w") as t:
        print("record", "filter", "r", sep="\t", file=t)
        for i, r in enumerate(records):
            for j, y in enumerate(r):
                print(i, j, f"{best_r(y.astype(float), rng):.6f}", sep="\t", file=t)
    save(f"{folder}/optima.npys", *records)


if __name__ == "__main__":
    main(*sys.argv[1:])
