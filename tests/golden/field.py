"""What assoc-field computes, by NumPy in double from the definitions: the canonical field of a lateral kernel, and the
co-occurrence of edges in images.

    field.py field TABLE KERNEL FIELD     prints the largest differences of FIELD, assoc-field's table: coherence, weight,
                                          n_effective (relative), orientation (rad)
    field.py edges IMAGES M4              prints the number of edges and the largest difference of M4
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from npys import npys, one, table


def canonical(t, K, part, filt):
    """Numerator of the positive or negative part for one target or all (-1): sums (k, k) of weight, weight e^(2i dtheta),
    squares of a pair's weight, and of the density of pairs."""
    theta, F, k = np.radians(t["theta_deg"]), len(t["theta_deg"]), K.shape[2]
    h, s, width = k // 2, .7, np.pi / 18
    pairs = [(i, j) for i in range(F) for j in range(F) if i != j and filt in (-1, i)]
    d = np.array([(theta[j] - theta[i] + np.pi / 2) % np.pi - np.pi / 2 for i, j in pairs])
    # density of the pairs' dtheta, a mean of wrapped Gaussians in units of the uniform one
    rho = np.array([sum(np.exp(-(d - x + m * np.pi)**2 / 2 / width**2).sum() for m in range(-2, 3)) for x in d])
    rho *= np.pi / len(d) / width / np.sqrt(2 * np.pi)
    g = np.arange(-h, h + 1)
    X, Y = np.meshgrid(g, -g)
    row, column = np.mgrid[:k, :k]
    S, V, Q, B = np.zeros((k, k)), np.zeros((k, k), complex), np.zeros((k, k)), np.zeros((k, k))
    for (i, j), angle, density in zip(pairs, d, rho):
        x, y = column - h + t["x0_px"][j] - t["x0_px"][i], h - row + t["y0_px"][j] - t["y0_px"][i]
        u, v = x * np.cos(theta[i]) + y * np.sin(theta[i]), -x * np.sin(theta[i]) + y * np.cos(theta[i])
        w = np.maximum(K[i, j] * (1 if part == "positive" else -1), 0)
        a, b = np.zeros((k, k)), np.zeros((k, k))
        for frame in (1, -1):
            p, q = X[..., None] - frame * u.ravel(), Y[..., None] - frame * v.ravel()
            G = np.exp(-(p**2 + q**2) / 2 / s**2) * (abs(p) <= 3 * s) * (abs(q) <= 3 * s)
            a += (G * w.ravel()).sum(-1) / 2 / density
            b += G.sum(-1) / 2 / density
        S, V, Q, B = S + a, V + a * np.exp(2j * angle), Q + a * a, B + b
    return S, V, Q, B


def check_field(table_file, kernel, field):
    t, K, f = table(table_file), one(kernel).astype(float), table(field)
    k, part = K.shape[2], np.array(f["part"])
    worst, seen = np.zeros(4), 0
    for p in ("positive", "negative"):
        for filt in (-1, 0, 3):
            S, V, Q, B = canonical(t, K, p, filt)
            at = (part == p) & (f["filter"] == filt)
            c, w, n, o = (f[name][at].reshape(k, k) for name in ("coherence", "weight", "n_effective", "orientation_deg"))
            ok = S * S / Q >= 10
            assert (np.isnan(c) == ~ok).all() and (np.isnan(o) == ~ok).all()
            seen += ok.sum()
            errors = (abs(c - abs(V) / S)[ok], abs(w * B / S - 1), abs(n * Q / S**2 - 1),
                      abs(np.angle(np.exp(2j * np.radians(o)) * V.conj() / abs(V)))[ok] / 2)
            worst = np.maximum(worst, [e.max() if e.size else 0 for e in errors])
    print(*worst, seen)


ANGLES, SIZE, MARGIN = 18, 13, 6


def edge_list(x):
    """(row, column, angle) of the local maxima of the fixed bank's amplitude in an image, and the image's area."""
    h, w = x.shape
    i = np.arange(SIZE) - SIZE // 2
    X, Y = np.meshgrid(i, -i)
    padded = np.pad(x.astype(float), MARGIN, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIZE, SIZE))
    A = np.empty((ANGLES, h, w))
    for a in range(ANGLES):
        t = np.pi * a / ANGLES
        u, v = -X * np.sin(t) + Y * np.cos(t), X * np.cos(t) + Y * np.sin(t)
        envelope = np.exp(-u**2 / 2 / 1.7**2 - v**2 / 2 / 2.2**2)
        even, odd = envelope * np.cos(2 * np.pi * .2 * u), envelope * np.sin(2 * np.pi * .2 * u)
        even, odd = (g - envelope * g.sum() / envelope.sum() for g in (even, odd))
        A[a] = np.hypot(np.einsum("rcij,ij->rc", windows, even), np.einsum("rcij,ij->rc", windows, odd))
    inside = A[:, MARGIN:h - MARGIN, MARGIN:w - MARGIN]
    least = np.sqrt((inside.max(0)**2).mean())
    found = []
    for r in range(MARGIN, h - MARGIN):
        for c in range(MARGIN, w - MARGIN):
            a = A[:, r, c].argmax()
            if A[a, r, c] < least:
                continue
            t = np.pi * a / ANGLES
            beside = []
            for sign in (1, -1):  # one px across the stripes, y up
                y, z = r - sign * np.cos(t), c - sign * np.sin(t)
                p, q = int(np.floor(y)), int(np.floor(z))
                e, f = y - p, z - q
                beside.append((1 - e) * ((1 - f) * A[a, p, q] + f * A[a, p, q + 1])
                              + e * ((1 - f) * A[a, p + 1, q] + f * A[a, p + 1, q + 1]))
            if A[a, r, c] > max(beside):
                found.append((r, c, a))
    return np.array(found), (h - 2 * MARGIN, w - 2 * MARGIN)


def co_occurrence(images, radius):
    """log of pairs seen against expected (ANGLES, 2 radius + 1, 2 radius + 1), both plus 1/2: pixel pairs in image axes are
    counted, then shared among the target's frame's four nearest points, in both its frames."""
    reach = int(np.ceil(radius * np.sqrt(2))) + 1
    side, size = 2 * reach + 1, 2 * radius + 1
    together, alone = np.zeros((ANGLES, ANGLES, side, side)), np.zeros(ANGLES)
    overlap, area, edges = np.zeros((side, side)), 0, 0
    gap = abs(np.arange(side) - reach)
    for x in images:
        e, (h, w) = edge_list(x)
        np.add.at(alone, e[:, 2], 1)
        d = e[None, :, :2] - e[:, None, :2]
        a, b = np.nonzero((abs(d).max(-1) <= reach) & (abs(d).max(-1) > 0))
        np.add.at(together, (e[a, 2], e[b, 2], d[a, b, 0] + reach, d[a, b, 1] + reach), 1)
        overlap += np.outer(np.maximum(h - gap, 0), np.maximum(w - gap, 0))
        area, edges = area + h * w, edges + len(e)
    seen, expected = np.zeros((ANGLES, size, size)), np.zeros((ANGLES, size, size))
    for i in range(ANGLES):
        t = np.pi * i / ANGLES
        source = (np.arange(ANGLES) + i) % ANGLES  # at relative angle 0, 1, ...
        for r in range(side):
            for c in range(side):
                if r == c == reach:
                    continue
                x, y = c - reach, reach - r
                for frame in (1, -1):
                    column = frame * (x * np.cos(t) + y * np.sin(t)) + radius
                    row = radius - frame * (y * np.cos(t) - x * np.sin(t))
                    for q in (int(np.floor(row)), int(np.floor(row)) + 1):
                        for p in (int(np.floor(column)), int(np.floor(column)) + 1):
                            share = (1 - abs(row - q)) * (1 - abs(column - p)) / 2
                            if 0 <= p < size and 0 <= q < size and share > 0:
                                seen[:, q, p] += share * together[i, source, r, c]
                                expected[:, q, p] += share * alone[i] * alone[source] * overlap[r, c] / area**2
    return np.log((seen + .5) / (expected + .5)), edges


def check_edges(images, m4):
    x, (theta, k) = next(npys(images)), npys(m4)
    assert np.allclose(theta, np.arange(ANGLES) * np.pi / ANGLES)
    expected, edges = co_occurrence(x, k.shape[1] // 2)
    print(edges, abs(k - expected).max(), expected.std())


if __name__ == "__main__":
    {"field": check_field, "edges": check_edges}[sys.argv[1]](*sys.argv[2:])
