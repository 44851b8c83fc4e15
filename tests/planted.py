"""A run's folder whose network has planted Gabors and a planted lateral kernel, for the tests of what K1 does."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden"))
import respond  # noqa: E402
from npys import save  # noqa: E402
from plant import write_table  # noqa: E402

THETA = np.array([p[0] for p in respond.PLANTED])


def axis(degrees):
    return (np.asarray(degrees) + 90) % 180 - 90


def folder(weights, kl=15):
    """weights(i, j, u, v, dtheta): of source j on target i at u along and v across the target's stripes, px; dtheta in deg."""
    t = respond.planted()
    F, h = len(THETA), kl // 2
    r, c = np.mgrid[:kl, :kl]
    k = np.zeros((F, F, kl, kl))
    for i in range(F):
        a = np.radians(THETA[i])
        u, v = (c - h) * np.cos(a) + (h - r) * np.sin(a), -(c - h) * np.sin(a) + (h - r) * np.cos(a)
        for j in range(F):
            k[i, j] = weights(i, j, u, v, axis(THETA[j] - THETA[i]))
    t["lateral.weight"] = k
    t["v1.rms"] = np.ones(F)
    respond.save_model("model.safetensors", t, **respond.METADATA, lgn="linear", propagation="recurrent")
    save("lateral.npys", k.astype("<f4"))
    save("rms.npys", np.ones(F, "<f4"))
    units = [dict(record=0, filter=i, accepted=1, reason="-", r=1, r2=1, theta_deg=p[0], phase_deg=(p[2] + 180) % 360 - 180,
                  sf_cpp=p[1], sigma_across_px=3, sigma_along_px=3, x0_px=0, y0_px=0, amplitude=1, offset=0, nx=3 * p[1],
                  ny=3 * p[1]) for i, p in enumerate(respond.PLANTED)]
    for name in "gabor.tsv", "units.tsv":
        write_table(name, units)
    return t
