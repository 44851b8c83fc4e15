#!/usr/bin/env python3
"""fit.npys and fit.tsv, log.npys and log.tsv: profiles with noise and their fits by scipy.optimize.least_squares.

python3 tests/golden/fit.py FOLDER. The same models with plain parameters (no separation, no re-parameterisation), from
the planted parameters and from random starts; standard errors from SciPy's Jacobian."""
import os
import sys

import numpy as np
from scipy.optimize import least_squares

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import profiles  # noqa: E402
from npys import save  # noqa: E402

rng = np.random.default_rng(20261122)


def gabor(p, k):
    a, theta, phase, *rest = p
    f, across, along, x0, y0, c = rest
    return profiles.gabor(k, np.degrees(theta), np.degrees(phase), f, across, along, x0, y0, a, c)


def log(p, k):
    return profiles.log(k, *p)


def fit(model, y, starts):
    """The best of all starts; a Gabor function beyond the sampled band is another one's alias and does not count."""
    best = None
    for start in starts:
        o = least_squares(lambda p: (model(p, len(y)) - y).ravel(), start, method="lm", xtol=1e-15, ftol=1e-15,
                          gtol=1e-15, max_nfev=4000)
        if model is gabor and abs(o.x[3]) > .5:
            continue
        if best is None or o.cost < best.cost:
            best = o
    return best


def canonical(p):
    a, theta, phase, f, across, along, x0, y0, c = p
    if a < 0:
        a, phase = -a, phase + np.pi
    if f < 0:
        f, phase = -f, -phase
    turns = np.floor(theta / np.pi)
    theta -= turns * np.pi
    if turns % 2:
        phase = -phase
    phase = -((np.pi - phase) % (2 * np.pi) - np.pi)
    return np.array([a, theta, phase, f, abs(across), abs(along), x0, y0, c])


def planted(k):
    while True:
        nx, f = rng.uniform(.25, .8), rng.uniform(.1, .35)
        across, along = nx / f, nx / f * rng.uniform(.8, 1.8)
        x0, y0 = rng.uniform(-k / 3, k / 3, 2)
        if max(across, along) + max(abs(x0), abs(y0)) < k / 2 and across > .7:
            return np.array([rng.uniform(.5, 2), rng.uniform(0, np.pi), rng.uniform(-np.pi, np.pi), f, across, along,
                             x0, y0, rng.uniform(-.3, .3)])


def main(folder):
    k, bank, rows = 11, [], []
    for i in range(16):
        truth = planted(k)
        y = gabor(truth, k)
        y = y + rng.normal(size=y.shape) * np.sqrt(y.var() * [0, .02, .1, .3][i % 4])
        starts = [truth] + [truth * (1 + .2 * rng.normal(size=9)) for _ in range(8)]
        o = fit(gabor, y, starts)
        variance = 2 * o.cost / (k * k - 9)
        se = np.sqrt(np.diag(np.linalg.inv(o.jac.T @ o.jac)) * variance)
        p = canonical(o.x)
        bank.append(y)
        rows.append([np.degrees(p[1]), np.degrees(p[2]), p[3], p[4], p[5], p[6], p[7], p[0], p[8],
                     np.degrees(se[1]), np.degrees(se[2]), se[3], se[4], se[5], se[6], se[7], se[0], se[8],
                     2 * o.cost])
    save(f"{folder}/fit.npys", np.array(bank))
    names = "theta_deg phase_deg sf_cpp sigma_across_px sigma_along_px x0_px y0_px amplitude offset".split()
    with open(f"{folder}/fit.tsv", "w") as f:
        print(*names, *(n + "_se" for n in names), "sse", sep="\t", file=f)
        for r in rows:
            print(*(f"{v:.12g}" for v in r), sep="\t", file=f)

    k, bank, rows = 7, [], []
    for i in range(8):
        truth = np.array([rng.uniform(.5, 2) * (-1)**i, rng.uniform(.8, 1.5), *rng.uniform(-1, 1, 2), 0])
        y = log(truth, k)
        y = y + rng.normal(size=y.shape) * np.sqrt(y.var() * [0, .1][i // 4])
        fixed = fit(log, y, [truth[:4]] + [truth[:4] * (1 + .2 * rng.normal(size=4)) for _ in range(6)])
        free = fit(log, y, [truth] + [truth * (1 + .2 * rng.normal(size=5)) for _ in range(6)])
        r = [np.corrcoef(log(o.x, k).ravel(), y.ravel())[0, 1] for o in (fixed, free)]
        bank.append(y)
        rows.append([r[0], fixed.x[1], fixed.x[2], fixed.x[3], fixed.x[0], r[1]])
    save(f"{folder}/log.npys", np.array(bank))
    with open(f"{folder}/log.tsv", "w") as f:
        print("r", "sigma_px", "x0_px", "y0_px", "amplitude", "r_offset", sep="\t", file=f)
        for row in rows:
            print(*(f"{v:.12g}" for v in row), sep="\t", file=f)


main(sys.argv[1])
