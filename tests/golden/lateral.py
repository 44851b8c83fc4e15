"""Planted lateral kernels on random Gabor banks, and NumPy's own reading of the definitions, tap by tap.

lateral.py plant PREFIX KIND [n=16 k=9 seed=1 noise=0 centre=1.5 size=11 turn=0 mirror=0 gain=0 three=0]
    three=1: also PREFIX.lgn.npys, for C2, and PREFIX.c3.npys, that of rectified units in Gaussian images of spectrum 1/f^2;
    writes PREFIX.{lateral,v1,rms}.npys and PREFIX.tsv; KIND is a key of KINDS below. turn: quarter turns of the image;
    mirror=1: the image seen in a mirror, x -> -x; gain=1: channels rescaled at random, rms with them.
lateral.py batch KIND FIRST LAST [n=16 ...]
    the same for seeds FIRST to LAST - 1, as KIND-SEED.* in the working folder; kinds share banks and noise of a seed.
lateral.py check PREFIX TABLE [tolerance]
    compares TABLE (lateral-stats --rms -n 0) with the indices and counts of pairs computed here.
lateral.py profile PREFIX PROFILE TABLE
    compares PROFILE and TABLE (the same with -n 999 or so) with profiles, bands, chance and p from permutations drawn here.
lateral.py short PREFIX TABLE
    compares TABLE (--short-range, -n 999) likewise.
lateral.py gauges PREFIX LGN C3
    writes companions with which C2 and C3 are C1.
lateral.py beyond PREFIX PAIRS
    compares K_beyond_C and C1 to C3 of PAIRS (--pairs, 8 usable filters at most: then each is a fold) with a fit of its own.
"""
import os
import re
import sys
import numpy as np
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import npys

EDGES = [0, 1, 3, 6, 12, 24]


def gabor(u, k):
    c = np.arange(k) - (k - 1) / 2
    x, y = c[None, :] - u["x"], -c[:, None] - u["y"]
    a = -x * np.sin(u["theta"]) + y * np.cos(u["theta"])
    v = x * np.cos(u["theta"]) + y * np.sin(u["theta"])
    return np.exp(-a**2 / 2 / u["across"]**2 - v**2 / 2 / u["along"]**2) * np.cos(2 * np.pi * u["f"] * a + u["phase"])


def wrap(a):
    a = np.mod(a + np.pi / 2, np.pi) - np.pi / 2
    return np.where(a <= -np.pi / 2 + 1e-15, a + np.pi, a)


def taps(k):
    c = np.arange(k) - (k - 1) / 2
    return np.broadcast_arrays(c[None, :], -c[:, None])  # dx, dy of row r, column c


class Geometry:
    """(n, n, k, k) arrays of displacement, orientation difference, direction in i's frame; i is the first axis."""

    def __init__(self, units, k):
        g = lambda key: np.array([u[key] for u in units])
        th, x, y = g("theta"), g("x"), g("y")
        dx, dy = taps(k)
        n = len(units)
        self.off = ~np.eye(n, dtype=bool)
        self.dth = wrap(th[None, :] - th[:, None])[:, :, None, None] + np.zeros((n, n, k, k))
        self.X = dx + (x[None, :] - x[:, None])[:, :, None, None]
        self.Y = dy + (y[None, :] - y[:, None])[:, :, None, None]
        self.r = np.hypot(self.X, self.Y)
        self.thi = th[:, None, None, None]
        self.phi = np.arctan2(self.Y, self.X) - self.thi
        self.along, self.across = self.r * np.cos(self.phi), self.r * np.sin(self.phi)
        # <g_i, g_j(. - Delta)> by sums on a fine grid, not by the closed form
        self.units = units

    def overlap(self, i, j):
        u, v = self.units[i], self.units[j]
        t = np.arange(-36, 36.001, .5)
        gx, gy = np.meshgrid(t, t)

        def complex_gabor(w, theta, phase, X, Y):
            a, b = -X * np.sin(theta) + Y * np.cos(theta), X * np.cos(theta) + Y * np.sin(theta)
            return np.exp(-a**2 / 2 / w["across"]**2 - b**2 / 2 / w["along"]**2 + 1j * (2 * np.pi * w["f"] * a + phase))
        flip = np.cos(v["theta"] - u["theta"]) < 0
        theta, phase = (v["theta"] + np.pi, -v["phase"]) if flip else (v["theta"], v["phase"])
        a = complex_gabor(u, u["theta"], u["phase"], gx, gy)
        out = np.zeros(self.X.shape[2:], complex)
        for at in np.ndindex(out.shape):
            b = complex_gabor(v, theta, phase, gx - self.X[i, j][at], gy - self.Y[i, j][at])
            out[at] = np.vdot(a, b) / np.sqrt(np.vdot(a, a).real * np.vdot(b, b).real)
        return out


def closed_overlap(g):
    """The same for all pairs by Gaussian integrals (trusted after `check` compared a few with the sums)."""
    n = len(g.units)
    out = np.zeros(g.X.shape, complex)
    for i, u in enumerate(g.units):
        for j, v in enumerate(g.units):
            flip = np.cos(v["theta"] - u["theta"]) < 0
            th, ph = (v["theta"] + np.pi, -v["phase"]) if flip else (v["theta"], v["phase"])

            def cov(w, theta):
                R = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
                return R @ np.diag([w["along"]**2, w["across"]**2]) @ R.T
            P, Q = np.linalg.inv(cov(u, u["theta"])), np.linalg.inv(cov(v, th))
            ki = 2 * np.pi * u["f"] * np.array([-np.sin(u["theta"]), np.cos(u["theta"])])
            kj = 2 * np.pi * v["f"] * np.array([-np.sin(th), np.cos(th)])
            D = np.stack([g.X[i, j], g.Y[i, j]], -1)
            m = D @ (np.linalg.inv(P + Q) @ Q).T
            phase = ph - u["phase"] - D @ kj + m @ (kj - ki)
            form = np.linalg.inv(np.linalg.inv(P) + np.linalg.inv(Q))
            gain = 2 * (np.linalg.det(P) * np.linalg.det(Q))**.25 / np.sqrt(np.linalg.det(P + Q))
            gain *= np.exp(-(kj - ki) @ np.linalg.inv(P + Q) @ (kj - ki) / 2)
            out[i, j] = gain * np.exp(-np.einsum("...a,ab,...b", D, form, D) / 2 + 1j * phase)
    return out


def radial(g, s=3.):
    return np.exp(-g.r**2 / 2 / s**2)


def gains(g, rng):
    """Every filter its own, as a target and as a source."""
    n = len(g.units)
    return rng.uniform(.4, 1.6, (n, 1, 1, 1)) * rng.uniform(.4, 1.6, (1, n, 1, 1))


def frequencies(g):
    return np.array([u["f"] for u in g.units])


def partial(y, x, *given):
    """Partial correlation given 1 and the others."""
    D = np.stack([np.ones(len(y)), *given], 1)
    res = lambda v: v - D @ np.linalg.lstsq(D, v, rcond=None)[0]
    a, b = res(y), res(x)
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def mrqap(g, w):
    """From the definition in lateral-stats(1)."""
    W = w.sum((2, 3))[g.off]
    th = np.array([u["theta"] for u in g.units])
    ph = np.array([u["phase"] for u in g.units])
    flip = np.cos(th[:, None] + g.dth[:, :, 0, 0] - th[None, :]) < 0
    P = np.cos(np.where(flip, -ph[None, :], ph[None, :]) - ph[:, None])[g.off]
    F = -np.abs(np.log2(frequencies(g)[None, :] / frequencies(g)[:, None]))[g.off]
    return partial(W, np.cos(2 * g.dth[:, :, 0, 0][g.off]), F, P)


def correlations(bank, k):
    """C_ij(d) = sum_x psi_i(x) psi_j(x - d), unit norm."""
    n, s = bank.shape[:2]
    b = bank / np.sqrt((bank**2).sum((1, 2), keepdims=True))
    h = k // 2
    big = np.zeros((n, s + 2 * h, s + 2 * h))
    big[:, h:h + s, h:h + s] = b
    C = np.zeros((n, n, k, k))
    for r in range(k):
        for c in range(k):
            dx, dy = c - h, h - r
            # psi_j(x - d): image point x has column + dx, row - dy there
            moved = np.roll(np.roll(big, dx, 2), -dy, 1)[:, h:h + s, h:h + s]
            C[:, :, r, c] = np.einsum("iab,jab->ij", b, moved)
    return C


def laplacian(width=7, sigma=.9):
    """A filter before the bank that is not quite balanced, (width, width)."""
    dx, dy = taps(width)
    x = (dx**2 + dy**2) / 2 / sigma**2
    return np.exp(-x) * (1 - x) - .8 * np.mean(np.exp(-x) * (1 - x))


def through(bank, lgn):
    """Effective profiles: every filter convolved with lgn, zeros around."""
    n, s = bank.shape[:2]
    m = lgn.shape[0]
    out = np.zeros((n, s + m - 1, s + m - 1))
    for r in range(m):
        for c in range(m):
            out[:, r:r + s, c:c + s] += lgn[r, c] * bank
    return out


def rectified(bank, k):
    """cov(h_i(p), h_j(p + d)) / (rms_i rms_j) of h = relu(z), z the bank's responses to Gaussian images of spectrum 1/f^2:
    with rho the correlation of z_i and z_j, E h_i h_j = (sqrt(1 - rho^2) + rho (pi - arccos rho)) / 2 pi, rms^2 = 1/2."""
    n, s = bank.shape[:2]
    size = 48
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    big = np.zeros((n, size, size))
    big[:, (size - s) // 2:(size + s) // 2, (size - s) // 2:(size + s) // 2] = bank
    seen = np.fft.ifft2(np.fft.fft2(big) / np.maximum(f, 1 / size)).real
    rho = np.clip(correlations(seen, k), -1, 1)
    return (np.sqrt(1 - rho**2) + rho * (np.pi - np.arccos(rho)) - 1) / np.pi


def unit(x, g):
    return x / np.std(x[g.off])


KINDS = {
    "zero": lambda g, rng, C: 0 * g.r,
    "white": lambda g, rng, C: rng.standard_normal(g.r.shape),
    "effects": lambda g, rng, C: rng.standard_normal(g.r.shape) + 3 * rng.standard_normal((len(g.units), 1, 1, 1))
    + 3 * rng.standard_normal((1, len(g.units), 1, 1)),
    "iso": lambda g, rng, C: radial(g) * (.2 + np.exp(2 * (np.cos(2 * g.dth) - 1))),
    "signed": lambda g, rng, C: radial(g) * (np.exp(1.5 * (np.cos(2 * g.dth) - 1)) - .45),
    "gains": lambda g, rng, C: radial(g) * (.2 + gains(g, rng) * np.exp(2 * (np.cos(2 * g.dth) - 1))),
    # strength by likeness of frequency alone
    "frequency": lambda g, rng, C: radial(g) * (1.2 - np.abs(np.log2(frequencies(g)[None, :] / frequencies(g)[:, None])))[
        :, :, None, None],
    "cocircular": lambda g, rng, C: radial(g) * np.exp(2 * np.cos(2 * (g.dth - 2 * g.phi)) - 2),
    "coaxial": lambda g, rng, C: np.exp(-g.along**2 / 18 - g.across**2 / 3) * np.exp(np.cos(2 * g.dth) - 1),
    "source": lambda g, rng, C: radial(g) * np.exp(2 * np.cos(2 * (g.phi - g.dth)) - 2),
    "bisecting": lambda g, rng, C: radial(g) * np.exp(2 * np.cos(2 * g.phi - g.dth) - 2),
    "image": lambda g, rng, C: np.exp(-g.X**2 / 18 - g.Y**2 / 3),  # elongated along x whatever theta is
    "locked": lambda g, rng, C: np.abs(closed_overlap(g)) * (.3 + .7 * np.cos(np.angle(closed_overlap(g)))),
    "relu": lambda g, rng, C: np.maximum(C, 0),
    # scales that depend on overlap: gains of filters, noise that rises with C; and orientation beyond them
    "relu-gains": lambda g, rng, C: gains(g, rng) * np.maximum(C, 0),
    "relu-scatter": lambda g, rng, C: np.maximum(C, 0) + .5 * np.abs(C) * rng.standard_normal(C.shape),
    "relu-gains-iso": lambda g, rng, C: gains(g, rng) * np.maximum(C, 0) + .1 * np.cos(2 * g.dth),
    # a function of all three that is no sum of functions of each
    "joint": lambda g, rng, C: unit(np.maximum(g.C[0] - g.C[1], 0), g) + unit(np.maximum(g.C[0], 0) * g.C[2], g)
    + unit(np.hypot(g.C[0], g.C[1] - g.C[2]), g),
    "rectified": lambda g, rng, C: np.maximum(rng.standard_normal(g.r.shape), 0),
    "reciprocal": lambda g, rng, C: (lambda a: a + a.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])(
        rng.standard_normal(g.r.shape)),
}


def bank_of(n, rng, centre):
    units = []
    for _ in range(n):
        f = rng.uniform(.12, .25)
        across = rng.uniform(.35, .6) / f
        units.append(dict(theta=rng.uniform(0, np.pi), phase=rng.uniform(-np.pi, np.pi), f=f, across=across,
                          along=across * rng.uniform(1, 1.8), x=rng.uniform(-centre, centre), y=rng.uniform(-centre, centre)))
    return units


def plant(prefix, kind, n=16, k=9, seed=1, noise=0, centre=1.5, size=11, turn=0, mirror=0, gain=0, rejected=0, three=0):
    n, k, size, turn = int(n), int(k), int(size), int(turn)
    rng = np.random.default_rng([int(seed), 7])
    units = bank_of(n, rng, centre)
    bank = np.array([gabor(u, size) for u in units])
    g = Geometry(units, k)
    lgn = laplacian()
    g.C = [correlations(bank, k)]
    if three or kind == "joint":
        g.C += [correlations(through(bank, lgn), k), rectified(through(bank, lgn), k)]
    K = KINDS[kind](g, rng, g.C[0])
    K = K + noise * np.std(K[g.off]) * rng.standard_normal(K.shape)
    for _ in range(turn):  # the image turns counter-clockwise
        bank, K, lgn = np.rot90(bank, 1, (1, 2)), np.rot90(K, 1, (2, 3)), np.rot90(lgn)
        g.C = [np.rot90(c, 1, (2, 3)) for c in g.C]
        for u in units:
            u["x"], u["y"], u["theta"] = -u["y"], u["x"], u["theta"] + np.pi / 2
            if u["theta"] >= np.pi:
                u["theta"], u["phase"] = u["theta"] - np.pi, -u["phase"]
    if mirror:
        bank, K, lgn = bank[:, :, ::-1], K[:, :, :, ::-1], lgn[:, ::-1]
        g.C = [c[:, :, :, ::-1] for c in g.C]
        for u in units:  # u -> -u with theta -> pi - theta: x -> -x keeps y; carrier (-sin, cos) -> (-sin', cos')
            u["x"], u["theta"], u["phase"] = -u["x"], np.mod(np.pi - u["theta"], np.pi), -u["phase"]
    rms = np.ones(n)
    if gain:  # h_i -> s_i h_i leaves K_ij rms_j / rms_i
        rms = np.exp(np.random.default_rng([99, int(seed)]).uniform(-2, 2, n))
        K = K * rms[:, None, None, None] / rms[None, :, None, None]
    order = ["record", "filter", "accepted", "reason", "r", "r2", "theta_deg", "phase_deg", "sf_cpp", "sigma_across_px",
             "sigma_along_px", "x0_px", "y0_px", "amplitude", "offset", "nx", "ny"]
    with open(prefix + ".tsv", "w") as f:
        print(*order, sep="\t", file=f)
        for i, u in enumerate(units):
            ok = i >= int(rejected)
            row = [0, i, int(ok), "-" if ok else "r", 1, 1, np.degrees(u["theta"]), np.degrees(u["phase"]), u["f"], u["across"],
                   u["along"], u["x"], u["y"], 1, 0, u["across"] * u["f"], u["along"] * u["f"]]
            print(*[c if isinstance(c, str) else repr(float(c)) if isinstance(c, float) else c for c in row],
                  sep="\t", file=f)
    npys.save(prefix + ".lateral.npys", K)
    npys.save(prefix + ".v1.npys", bank)
    npys.save(prefix + ".rms.npys", rms)
    if len(g.C) > 1:
        npys.save(prefix + ".lgn.npys", lgn)
        npys.save(prefix + ".c3.npys", g.C[2] * rms[:, None, None, None] * rms[None, :, None, None])


def read_units(tsv):
    t = npys.table(tsv)
    return [dict(theta=np.radians(t["theta_deg"][i]), phase=np.radians(t["phase_deg"][i]), f=t["sf_cpp"][i],
                 across=t["sigma_across_px"][i], along=t["sigma_along_px"][i], x=t["x0_px"][i], y=t["y0_px"][i])
            for i in range(len(t["x0_px"]))], t["accepted"]


def ranges(g):
    return [("", g.r >= 0)] + [(f"[{a},{b})", (g.r >= a) & (g.r < b)) for a, b in zip(EDGES, EDGES[1:])]


def von_mises(m, pairs):
    """Least squares of m = b + a e^{kappa (cos 2 x - 1)} over bins of 10 deg: gives the curve, half-width in deg."""
    x = np.radians(10) * np.arange(18)
    use = pairs > 0

    def fit(kappa):
        D = np.stack([np.ones(18), np.exp(kappa * (np.cos(2 * x) - 1))], 1)
        s = np.sqrt(pairs[use])
        c = np.linalg.lstsq(D[use] * s[:, None], m[use] * s, rcond=None)[0]
        return (pairs[use] * (m[use] - D[use] @ c)**2).sum(), c, D @ c
    low, high = np.log(.01), np.log(30)
    for _ in range(6):  # a finer grid about the best of the last
        t = np.linspace(low, high, 49)
        at = np.argmin([fit(np.exp(x))[0] for x in t])
        low, high = t[max(at - 1, 0)], t[min(at + 1, 48)]
    kappa = np.exp(t[at])
    _, (b, a), curve = fit(kappa)
    half = np.degrees(np.arccos(1 + np.log((1 + np.exp(-2 * kappa)) / 2) / kappa) / 2) if a > 0 and kappa >= .35 else np.nan
    return curve, half


def bins_of(dth):
    return np.mod(np.rint(dth / np.radians(10)).astype(int), 18)


def angular(g, w, whole=None):
    """Every index of a non-negative kernel, from its definition; less its expectation over permutations where that is one,
    in closed form (of iso_orientation, expectation of the numerator over that of the denominator). Of w that is a rest of a kernel
    `whole` the denominators are those of the sizes of `whole`."""
    out = {}
    whole = np.abs(w if whole is None else whole)
    off = g.off[:, :, None, None]
    centres = np.radians(10) * np.arange(18)
    at = bins_of(g.dth[:, :, 0, 0])
    pairs = np.array([(g.off & (at == b)).sum() for b in range(18)])
    m, sizes = (np.array([x.sum((2, 3))[g.off & (at == b)].mean() if pairs[b] else np.nan for b in range(18)]) for x in (w, whole))
    out["iso_orientation"] = (np.nansum(m * np.cos(2 * centres)) - np.nansum(m) * np.cos(2 * centres)[pairs > 0].mean()) / np.nansum(sizes)
    out["half_width_deg"] = von_mises(m, pairs)[1]
    z = np.exp(2j * np.array([u["theta"] for u in g.units]))
    n = len(z)
    both = (z[:, None] * z[None, :])[g.off].mean()
    chance = {0: (z[:, None].conj() * z[None, :])[g.off].mean().real, 1: z.mean(), 2: both}
    alpha = np.arctan2(g.Y, g.X)
    for name, mask in ranges(g):
        v = w * off * mask
        size = (whole * off * mask).sum()
        if not size > 0:
            continue
        far = v * (g.r > 1e-9)
        for q in (0, 1, 2):
            some = v if q == 0 else far
            expected = (some * np.exp(2j * q * alpha)).sum().conj() * chance[q] / size
            out[f"R_{q}" + name] = (some * np.cos(2 * (g.dth - q * g.phi))).sum() / size - expected.real
        out["coaxiality" + name] = (far * np.cos(2 * g.phi)).sum() / size
    return out


def bin_means(at, w, use):
    """Mean of w and how many pairs, by bin."""
    pairs = np.bincount(at[use], minlength=18)
    with np.errstate(invalid="ignore"):
        return np.bincount(at[use], w[use], 18) / pairs, pairs


def permuted(g, w, count, rng):
    """The profile (count, 18) and the indices that stand in the table as they are, when orientations move."""
    th = np.array([u["theta"] for u in g.units])
    v = w * g.off[:, :, None, None]
    W, A = v.sum((2, 3)), (v * (g.r > 1e-9) * np.exp(2j * np.arctan2(g.Y, g.X))).sum((2, 3))
    m, out = np.empty((count, 18)), {q: np.empty(count) for q in ("coaxiality", "R_0", "R_1")}
    for k in range(count):
        o = th[rng.permutation(len(th))]
        d = wrap(o[None, :] - o[:, None])
        m[k] = bin_means(bins_of(d), W, g.off)[0]
        out["coaxiality"][k] = (A * np.exp(-2j * o[:, None])).real.sum() / W.sum()
        out["R_0"][k] = (W * np.cos(2 * d)).sum() / W.sum()
        out["R_1"][k] = (A.conj() * np.exp(2j * o[None, :])).real.sum() / W.sum()
    return m, out


def over_sizes(g, K):
    """R_0 and so on of signed weights, over the sum of their sizes; R less their expectation over permutations."""
    out = {}
    up, down = angular(g, np.maximum(K, 0)), angular(g, np.maximum(-K, 0))
    for name, mask in ranges(g):
        v = K * g.off[:, :, None, None] * mask
        a, b = np.maximum(v, 0).sum(), np.maximum(-v, 0).sum()
        for q in ("R_0", "R_1", "R_2", "coaxiality"):
            if a + b > 0:
                out[q + name] = (a * up.get(q + name, 0) - b * down.get(q + name, 0)) / (a + b)
    return out


def signed(g, K):
    out = {}
    o = closed_overlap(g)
    M, x = np.abs(o), o.real
    flip = K.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    out["reciprocity"] = np.corrcoef(K[g.off].ravel(), flip[g.off].ravel())[0, 1]
    for name, mask in ranges(g):
        at = mask & g.off[:, :, None, None]
        if at.sum() < 10:
            continue
        D = np.stack([np.ones(at.sum()), M[at]], 1)
        res = lambda v: v - D @ np.linalg.lstsq(D, v, rcond=None)[0]
        a, b = res(K[at]), res(x[at])
        out["phase_locked" + name] = (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
    near, use, _ = nearest(g, K)
    out["short_range"] = np.corrcoef(near[use], np.cos(2 * g.dth[:, :, 0, 0])[use])[0, 1]
    return out


def nearest(g, K):
    """(n, n): the weight at the tap nearest Delta = 0, whether that is within 1 px, and the relative phase there."""
    n = len(K)
    r = g.r.reshape(n, n, -1)
    at = r.argmin(2)[:, :, None]
    take = lambda x: np.take_along_axis(x.reshape(n, n, -1), at, 2)[:, :, 0]
    return take(K), g.off & (r.min(2) < 1), np.angle(take(closed_overlap(g)))


def counts(g):
    """Ordered pairs i != j with a tap in the range; of those with one within 1 px of Delta = 0."""
    out = {name: int((g.off & mask.any((2, 3))).sum()) for name, mask in ranges(g)}
    return out, int((g.off & (g.r.min((2, 3)) < 1)).sum())


def read(prefix):
    """Geometry, K~, the filters of the units that take part, and which they are."""
    units, accepted = read_units(prefix + ".tsv")
    keep = accepted > 0
    K, rms = npys.one(prefix + ".lateral.npys").astype(float), npys.one(prefix + ".rms.npys").astype(float)
    keep &= rms > 0
    K = (K * rms[None, :, None, None] / np.where(rms > 0, rms, 1)[:, None, None, None])[keep][:, keep]
    return Geometry([u for u, a in zip(units, keep) if a], K.shape[2]), K, npys.one(prefix + ".v1.npys").astype(float)[keep], keep


def indices(g, w):
    """Every index of a kernel by part and quantity."""
    out = {("signed", q): v for q, v in (signed(g, w) | over_sizes(g, w)).items()}
    out["signed", "mrqap_orientation"] = mrqap(g, w)
    for part, v in (("positive", np.maximum(w, 0)), ("negative", np.maximum(-w, 0))):
        if v.any():
            near, use, _ = nearest(g, v)
            out |= {(part, q): x for q, x in angular(g, v).items()}
            out[part, "mrqap_orientation"] = mrqap(g, v)
            out[part, "short_range"] = np.corrcoef(near[use], np.cos(2 * g.dth[:, :, 0, 0])[use])[0, 1]
    return out


def check(prefix, table, tolerance=1e-6):
    g, K, bank, _ = read(prefix)
    for i, j in [(0, 1), (1, 0), (2, 0)]:
        assert np.abs(g.overlap(i, j) - closed_overlap(g)[i, j]).max() < 1e-6
    t = npys.table(table)
    got = {(t["kernel"][i], t["part"][i], t["quantity"][i]): {c: t[c][i] for c in ("value", "n", "c1")} for i in range(len(t["value"]))}
    compared = re.compile(r"iso_orientation|short_range|(R_[012]|coaxiality)(\[.*)?")
    count = 0
    for column, w in (("value", K), ("c1", correlations(bank, K.shape[2]))):
        for (part, q), v in indices(g, w).items():
            if column == "c1" and not compared.fullmatch(q):
                continue
            x = got["K", part, q][column]
            near = .01 if q == "half_width_deg" else tolerance  # the end of a flat search, in deg
            if not (abs(x - v) <= near or np.isnan(x) and np.isnan(v)):
                sys.exit(f"{column} {part} {q}: {x}, NumPy gives {v}")
            count += 1
    pairs, near = counts(g)
    for (kernel, part, q), row in got.items():
        right = near if q.startswith("short_range") else pairs[q[q.index("["):] if "[" in q else ""]
        if row["n"] != right:
            sys.exit(f"{kernel} {part} {q}: n is {row['n']}, NumPy counts {right}")
        if not compared.fullmatch(q) and not np.isnan(row["c1"]):
            sys.exit(f"{kernel} {part} {q}: C1 has a value there")
    print(count, "indices agree, and n in", len(got), "rows")


def within(x, drawn, name):
    """x against a function of permutations `drawn` (N): 6 standard errors of a mean, and of the rank of a quantile, for 999."""
    N = len(drawn)
    error = np.sqrt(1 / N + 1 / 999)
    if name == "chance":
        low, high = drawn.mean() - 6 * drawn.std() * error, drawn.mean() + 6 * drawn.std() * error
    else:
        rank = 6 * np.sqrt(.025 * .975) * error
        q = .025 if name == "chance_low" else .975
        low, high = np.quantile(drawn, np.clip([q - rank, q + rank], 0, 1))
    return low - 1e-9 <= x <= high + 1e-9


def hold(where, row, want, drawn):
    """A row of bins: exact columns, then chance and its band against other permutations."""
    for c, v in want.items():
        if not (abs(row[c] - v) <= (1e-4 if c == "fit" else 1e-6) * max(1, abs(v)) or np.isnan(row[c]) and np.isnan(v)):
            sys.exit(f"{where} {c}: {row[c]}, NumPy gives {v}")
    drawn = drawn[~np.isnan(drawn)]
    bands = ("chance", "chance_low", "chance_high") if len(drawn) > 1000 and drawn.std() > 0 else ()
    for c in bands:
        if not within(row[c], drawn, c):
            sys.exit(f"{where} {c}: {row[c]} is not near NumPy's")
    return len(want) + len(bands)


def rows_of(file, **keys):
    """Rows of a table as dicts, those that have these words."""
    t = npys.table(file)
    names = list(t)
    for values in zip(*t.values()):
        row = dict(zip(names, values))
        if all(row[k] == v for k, v in keys.items()):
            yield row


def profile(prefix, file, table):
    g, K, bank, _ = read(prefix)
    centre = {round(10 * b - (180 if b > 9 else 0)): b for b in range(18)}
    count, rng, N = 0, np.random.default_rng(8), 2000
    for part in "positive", "negative":
        w = np.maximum(K if part == "positive" else -K, 0)
        m, pairs = bin_means(bins_of(g.dth[:, :, 0, 0]), w.sum((2, 3)), g.off)
        fit = von_mises(m, pairs)[0]
        drawn, moved = permuted(g, w, N, rng)
        for row in rows_of(file, kernel="K", part=part):
            b = centre[round(row["dtheta_deg"])]
            count += hold(f"{part} {row['dtheta_deg']}", row, {"pairs": pairs[b], "mean": m[b], "fit": fit[b]}, drawn[:, b])
        index = angular(g, w)
        for row in rows_of(table, kernel="K", part=part):
            q = row["quantity"]
            if q not in moved:
                continue
            x = moved[q]
            less = x.mean() if q.startswith("R_") else 0
            slack = 6 * x.std() * np.sqrt(1 / N + 1 / 999)
            if not abs(row["chance"] - (x.mean() - less)) <= slack or not abs(row["value"] - index[q]) <= slack:
                sys.exit(f"{part} {q}: {row['value']}, {row['chance']}; NumPy: {index[q]}, {x.mean() - less}")
            observed = index[q] + less
            p = (1 + (np.abs(x - x.mean()) >= abs(observed - x.mean())).sum()) / (1 + N)
            if not abs(row["p"] - p) <= 6 * np.sqrt(p * (1 - p) * (1 / N + 1 / 999)) + 2e-3:
                sys.exit(f"{part} {q}: p {row['p']}, NumPy {p}")
            count += 1
    print(count, "numbers agree")


def short(prefix, file):
    g, K, bank, _ = read(prefix)
    rng, N, count = np.random.default_rng(9), 2000, 0
    near, use, dphase = nearest(g, K)
    c1 = nearest(g, correlations(bank, K.shape[2]))[0]
    th, ph = (np.array([u[q] for u in g.units]) for q in ("theta", "phase"))
    end = np.where(np.cos(th[:, None] + g.dth[:, :, 0, 0] - th[None, :]) < 0, -1, 1)
    gap = dphase - (end * ph[None, :] - ph[:, None])  # what the place of the tap gives
    bins = {"orientation": lambda o: bins_of(wrap(th[o][None, :] - th[o][:, None])),
            "phase": lambda o: np.mod(np.rint((end * ph[o][None, :] - ph[o][:, None] + gap) / np.radians(20)).astype(int), 18)}
    for against, step in ("orientation", 10), ("phase", 20):
        own = bins[against](np.arange(len(th)))
        m, pairs = bin_means(own, near, use)
        overlap = bin_means(own, c1, use)[0]
        drawn = np.array([bin_means(bins[against](rng.permutation(len(th))), near, use)[0] for _ in range(N)])
        for row in rows_of(file, kernel="K", against=against):
            b = round(row["angle_deg"] / step) % 18
            count += hold(f"{against} {row['angle_deg']}", row, {"pairs": pairs[b], "mean": m[b], "c1": overlap[b]}, drawn[:, b])
    print(count, "numbers agree")


def spline_knots(c, shares):
    a = np.sort(np.abs(c))
    out, last = [], 0
    for x in [np.quantile(a, s) for s in shares] + [a[-1]]:
        if x > last + 1e-3 * a[-1]:
            out.append(x)
            last = x
    return np.array([-x for x in out[::-1]] + [0] + out)


def hats(c, at):
    """Linear splines, (taps, knots)."""
    return np.stack([np.interp(c, at, e) for e in np.eye(len(at))], 1)


FINE = [.5, .8, .93, .98, .995]  # knots of splines in one confound


def joint(C):
    """Columns of the smooth of confounds (taps) each, and how many of them are not shrunk (lateral-stats(1), K_beyond_C)."""
    without = lambda c, at: np.delete(hats(c, at), len(at) // 2, 1)
    rest = [C[0]] + [c - np.stack(C[:s], 1) @ np.linalg.lstsq(np.stack(C[:s], 1), c, rcond=None)[0]
                     for s, c in enumerate(C) if s]
    sums = [np.ones((len(C[0]), 1))] + [without(c, spline_knots(c, FINE)) for c in C]
    more = [without(u, spline_knots(u, FINE)) for u in rest[1:]]
    if len(C) > 1:
        product = np.ones((len(C[0]), 1))
        for u in rest:
            product = (product[:, :, None] * hats(u, spline_knots(u, [.8]))[:, None, :]).reshape(len(u), -1)
        more.append(product)
    return np.hstack(sums + more), sums[0].shape[1] + sums[1].shape[1]


def bends(at, columns):
    """A row for each knot of s_1 but 0 and the ends: its value at the next knot outwards less that of the line through this one
    and the next inwards, by the coefficients of 1 and s_1."""
    zero, rows = len(at) // 2, []
    for q in range(1, len(at) - 1):
        out = q + np.sign(q - zero)
        if q != zero:
            step = (at[out] - at[q]) / (at[q] - at[2 * q - out])
            row = np.zeros(len(at))
            row[[out, q, 2 * q - out]] = 1, -1 - step, step
            rows.append(np.r_[0, np.delete(row, zero), np.zeros(columns - len(at))])
    return np.array(rows).reshape(-1, columns)


def residual(K, C, off):
    """K_beyond_C of (n, n, k, k) arrays with every filter a fold of its own."""
    n, k = K.shape[0], K.shape[2]
    i, j = np.nonzero(off)
    y = K[i, j].reshape(-1)
    X, free = joint([c[i, j].reshape(-1) for c in C])
    ti, tj = np.repeat(i, k * k), np.repeat(j, k * k)
    effects = np.hstack([np.eye(n)[ti], np.eye(n)[tj]])
    bend = .5 * bends(spline_knots(C[0][i, j].reshape(-1), FINE), X.shape[1] + 2 * n)
    out = np.zeros(len(y))

    def fit(train):
        D = np.hstack([X, effects])[train]
        reached = np.abs(D).sum(0) > 0
        prior = np.r_[np.zeros(free), np.where(reached[free:X.shape[1]], 2., 0), np.zeros(2 * n)]
        more = np.vstack([np.diag(prior), bend[~(bend[:, ~reached] != 0).any(1)]])
        c = np.linalg.lstsq(np.vstack([D, more]), np.r_[y[train], np.zeros(len(more))], rcond=1e-9)[0]
        return c[:X.shape[1]], c[X.shape[1]:].reshape(2, n)
    whole = fit(np.full(len(y), True))[1]
    whole = whole - whole.mean(1, keepdims=True)
    for a in range(n):
        for b in range(a):
            own = [a, b]
            f, others = fit(~np.isin(ti, own) & ~np.isin(tj, own))
            test = np.isin(ti, own) & np.isin(tj, own)
            level = np.delete(others - whole, own, axis=1).mean(1).sum()
            out[test] = y[test] - X[test] @ f - level
    full = np.zeros(K.shape)
    full[i, j] = out.reshape(-1, k, k)
    return full


def beyond(prefix, pairs, table):
    g, K, bank, keep = read(prefix)
    k = K.shape[2]
    C = [correlations(bank, k)]
    if os.path.exists(prefix + ".c3.npys"):
        rms = npys.one(prefix + ".rms.npys").astype(float)[keep]
        C += [correlations(through(bank, npys.one(prefix + ".lgn.npys")), k),
              npys.one(prefix + ".c3.npys")[keep][:, keep] / rms[:, None, None, None] / rms[None, :, None, None]]
    t = npys.table(pairs)
    for s, c in enumerate(C):
        assert np.allclose(t[f"C{s + 1}"], c[g.off].ravel(), atol=1e-9), s
    want = residual(K, C, g.off)[g.off].ravel()
    worst = np.abs(t["K_beyond_C"] - want).max() / want.std()
    print("largest difference", worst, "of the residual's sd; sd over K's", want.std() / K[g.off].std())
    if not worst < 1e-4:
        sys.exit("K_beyond_C differs")
    t, count = npys.table(table), 0
    got = {(k, p, q): x for k, p, q, x in zip(t["kernel"], t["part"], t["quantity"], t["remains"])}
    for part, w in (("positive", np.maximum(K, 0)), ("negative", np.maximum(-K, 0)), ("signed", K)):
        for q, want in angular(g, residual(w, C, g.off), w).items():
            x = got.pop(("K", part, q), np.nan)
            if q == "half_width_deg" or part == "signed" and q == "iso_orientation":
                continue
            if not abs(x - want) < 1e-5:
                sys.exit(f"remains {part} {q}: {x}, NumPy gives {want}")
            count += 1
    if not all(np.isnan(x) for x in got.values()):
        sys.exit("remains has a value where nothing is compared")
    print(count, "remainders agree")


def gauges(prefix, point, c3):
    """A filter before the bank that changes nothing, and C1 as a covariance, for C2 and C3 that are C1."""
    C, rms = correlations(npys.one(prefix + ".v1.npys"), npys.one(prefix + ".lateral.npys").shape[2]), npys.one(prefix + ".rms.npys")
    npys.save(point, np.eye(3)[1][:, None] * np.eye(3)[1])
    npys.save(c3, C * rms[:, None, None, None] * rms[None, :, None, None])


if __name__ == "__main__":
    options = lambda words: {a: float(b) for a, b in (x.split("=") for x in words)}
    if sys.argv[1] == "batch":
        for seed in range(int(sys.argv[3]), int(sys.argv[4])):
            plant(f"{sys.argv[2]}-{seed}", sys.argv[2], seed=seed, **options(sys.argv[5:]))
    elif sys.argv[1] == "plant":
        plant(sys.argv[2], sys.argv[3], **options(sys.argv[4:]))
    elif sys.argv[1] == "check":
        check(sys.argv[2], sys.argv[3], *[float(x) for x in sys.argv[4:]])
    else:
        {"profile": profile, "beyond": beyond, "short": short, "gauges": gauges}[sys.argv[1]](*sys.argv[2:])
