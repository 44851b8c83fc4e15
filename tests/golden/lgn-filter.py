#!/usr/bin/env python3
"""Responses of lgn-filter's profiles by SciPy's direct correlation in double precision: lgn-filter.npys holds the
images (2, 20, 17), then for LoG 1.3 and DoG 0.8,1.6 the responses under the borders zero, mirror, periodic."""
import os
import sys
import numpy as np
from scipy.ndimage import correlate

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from npys import save


def grid(sigma):
    r = int(np.ceil(6 * sigma))
    i = np.arange(-r, r + 1)
    return i[:, None] ** 2 + i[None, :] ** 2


def log(sigma):
    rho2 = grid(sigma)
    g = np.exp(-rho2 / (2 * sigma**2))
    k = (1 - rho2 / (2 * sigma**2)) * g
    k -= k.sum() / g.sum() * g
    return k / k[k > 0].sum()


def dog(centre, surround):
    rho2 = grid(surround)
    c, s = np.exp(-rho2 / (2 * centre**2)), np.exp(-rho2 / (2 * surround**2))
    k = c / c.sum() - s / s.sum()
    return k / k[k > 0].sum()


i = np.arange(2 * 20 * 17)
x = (i * i * 7919 % 256).reshape(2, 20, 17).astype("u1")
out = [x]
for k in log(1.3), dog(0.8, 1.6):
    for mode in "constant", "reflect", "wrap":
        out.append(np.stack([correlate(a.astype("f8"), k, mode=mode) for a in x]).astype("f4"))
save(os.path.join(os.path.dirname(__file__), "lgn-filter.npys"), *out)
