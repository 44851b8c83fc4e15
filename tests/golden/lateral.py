"""Planted lateral kernels on random Gabor banks, and NumPy's own reading of the definitions, tap by tap.

lateral.py plant PREFIX KIND [n=16 k=9 seed=1 noise=0 centre=1.5 size=11 turn=0 mirror=0 gain=0 three=0]
    three=1: also PREFIX.lgn.npys, for C2, and PREFIX.c3.npys, that of rectified units in Gaussian images of spectrum 1/f^2;
    writes PREFIX.{lateral,v1,rms}.npys and PREFIX.tsv; KIND is a key of KINDS below. turn: quarter turns of the image;
    mirror=1: the image seen in a mirror, x -> -x; gain=1: channels rescaled at random, rms with them.
lateral.py batch KIND FIRST LAST [n=16 ...]
    the same for seeds FIRST to LAST - 1, as KIND-SEED.* in the working folder; kinds share banks and noise of a seed.
lateral.py check PREFIX TABLE [tolerance]
    compares TABLE (lateral-stats --rms) with the indices computed here.
"""
import os
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
    """Partial correlation given 1 and the others: complex vectors by complex least squares, r of real parts."""
    D = np.stack([np.ones(len(y)), *given], 1).astype(complex)
    res = lambda v: v - D @ np.linalg.lstsq(D, v.astype(complex), rcond=None)[0]
    a, b = res(y), res(x)
    return (a * b.conj()).sum().real / np.sqrt((abs(a)**2).sum() * (abs(b)**2).sum())


def mrqap(g, w):
    """From the definitions in lateral-stats(1); w non-negative."""
    alpha = np.arctan2(g.Y, g.X)
    there = g.r > 1e-9
    W = w.sum((2, 3))[g.off]
    A = (w * np.exp(2j * alpha) * there).sum((2, 3))[g.off]
    B = (w * np.exp(4j * alpha) * there).sum((2, 3))[g.off]
    th = np.array([u["theta"] for u in g.units])
    ph = np.array([u["phase"] for u in g.units])
    flip = np.cos(th[:, None] + g.dth[:, :, 0, 0] - th[None, :]) < 0
    P = np.cos(np.where(flip, -ph[None, :], ph[None, :]) - ph[:, None])[g.off]
    F = -np.abs(np.log2(frequencies(g)[None, :] / frequencies(g)[:, None]))[g.off]
    d = g.dth[:, :, 0, 0][g.off]
    ti, tj = np.broadcast_to(th[:, None], g.off.shape)[g.off], np.broadcast_to(th[None, :], g.off.shape)[g.off]
    c2 = np.cos(2 * d)
    return {"mrqap_orientation": partial(W, c2, F, P), "mrqap_frequency": partial(W, F, c2, P),
            "mrqap_phase": partial(W, P, c2, F), "mrqap_R_1": partial(A, np.exp(2j * tj), F, P),
            "mrqap_R_2": partial(B, np.exp(2j * (ti + tj)), F, P), "mrqap_coaxiality": partial(A, np.exp(2j * ti), F, P),
            "mrqap_concentration": partial(A, np.exp(1j * (2 * ti + d)), F, P)}


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


def angular(g, w):
    """value + chance, or value, of every index of a non-negative kernel, from its definition."""
    out = {}
    off = g.off[:, :, None, None]
    centres = np.radians(10) * np.arange(18)
    at = np.mod(np.rint(g.dth[:, :, 0, 0] / np.radians(10)).astype(int), 18)
    sums = w.sum((2, 3))
    m = np.array([sums[g.off & (at == b)].mean() if (g.off & (at == b)).any() else np.nan for b in range(18)])
    out["iso_orientation"] = np.nansum(m * np.cos(2 * centres)) / np.nansum(m)
    near = np.abs(g.dth) <= np.radians(35)
    out["share_35"] = (w * off * near).sum() / (w * off).sum()
    ranges = [("", g.r >= 0)] + [(f"[{a},{b})", (g.r >= a) & (g.r < b)) for a, b in zip(EDGES, EDGES[1:])]
    for name, mask in ranges:
        v = w * off * mask
        if not v.sum() > 0:
            continue
        for q in (0, 1, 2):
            out[f"R_{q}" + name] = (v * np.cos(2 * (g.dth - q * g.phi))).sum() / v.sum()
        out["coaxiality" + name] = (v * np.cos(2 * g.phi)).sum() / v.sum()
        out["concentration" + name] = (v * np.cos(2 * g.phi - g.dth)).sum() / v.sum()
    return out


def over_sizes(g, K):
    """R_0 and so on of signed weights, over the sum of their sizes."""
    out = {}
    for name, mask in [("", g.r >= 0)] + [(f"[{a},{b})", (g.r >= a) & (g.r < b)) for a, b in zip(EDGES, EDGES[1:])]:
        v = K * g.off[:, :, None, None] * mask
        if not np.abs(v).sum() > 0:
            continue
        angles = {f"R_{q}": 2 * (g.dth - q * g.phi) for q in (0, 1, 2)}
        angles |= {"coaxiality": 2 * g.phi, "concentration": 2 * g.phi - g.dth}
        for q, angle in angles.items():
            out[q + name] = (v * np.cos(angle)).sum() / np.abs(v).sum()
    return out


def signed(g, K):
    out = {}
    o = closed_overlap(g)
    M, x = np.abs(o), o.real
    flip = K.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    out["reciprocity"] = np.corrcoef(K[g.off].ravel(), flip[g.off].ravel())[0, 1]
    ranges = [("", g.r >= 0)] + [(f"[{a},{b})", (g.r >= a) & (g.r < b)) for a, b in zip(EDGES, EDGES[1:])]
    for name, mask in ranges:
        at = mask & g.off[:, :, None, None]
        if at.sum() < 10:
            continue
        D = np.stack([np.ones(at.sum()), M[at]], 1)
        res = lambda v: v - D @ np.linalg.lstsq(D, v, rcond=None)[0]
        a, b = res(K[at]), res(x[at])
        out["phase_locked" + name] = (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
    n, k = K.shape[0], K.shape[2]
    r = g.r.reshape(n, n, -1)
    t = r.argmin(2)
    use = g.off & (r.min(2) < 1)
    near = np.take_along_axis(K.reshape(n, n, -1), t[:, :, None], 2)[:, :, 0]
    c = np.cos(2 * g.dth[:, :, 0, 0])
    out["short_range"] = np.corrcoef(near[use], c[use])[0, 1]
    d = np.cos(np.angle(np.take_along_axis(o.reshape(n, n, -1), t[:, :, None], 2)[:, :, 0]))
    D = np.stack([np.ones(use.sum()), c[use], d[use]], 1)
    out["ring_mean"], out["ring_orientation"], out["ring_phase"] = np.linalg.lstsq(D, near[use], rcond=None)[0]
    out["short_range_phase"] = partial(near[use], d[use], c[use])
    out["phase_blind"] = partial(K[g.off].ravel(), M[g.off].ravel(), x[g.off].ravel())
    return out


def check(prefix, table, tolerance=1e-6):
    units, accepted = read_units(prefix + ".tsv")
    keep = accepted > 0
    K, rms = npys.one(prefix + ".lateral.npys").astype(float), npys.one(prefix + ".rms.npys").astype(float)
    keep &= rms > 0
    K = (K * rms[None, :, None, None] / np.where(rms > 0, rms, 1)[:, None, None, None])[keep][:, keep]
    units = [u for u, a in zip(units, keep) if a]
    g = Geometry(units, K.shape[2])
    for i, j in [(0, 1), (1, 0), (2, 0)]:
        assert np.abs(g.overlap(i, j) - closed_overlap(g)[i, j]).max() < 1e-6
    t = npys.table(table)
    got = {(t["kernel"][i], t["part"][i], t["quantity"][i]): (t["value"][i], t["chance"][i]) for i in range(len(t["value"]))}
    C = correlations(npys.one(prefix + ".v1.npys").astype(float)[keep], K.shape[2])
    count = 0
    for kernel, w in (("K", K), ("C1", C)):
        expected = {("positive", q): v for q, v in angular(g, np.maximum(w, 0)).items()}
        expected |= {("negative", q): v for q, v in angular(g, np.maximum(-w, 0)).items()} if (w < 0).any() else {}
        expected |= {("positive", q): v for q, v in mrqap(g, np.maximum(w, 0)).items()}
        expected |= {("negative", q): v for q, v in mrqap(g, np.maximum(-w, 0)).items()} if (w < 0).any() else {}
        expected |= {("signed", q): v for q, v in signed(g, w).items()
                     if kernel == "K" or q not in ("reciprocity", "phase_blind")}
        if kernel == "K":
            expected |= {("signed", q): v for q, v in (over_sizes(g, w) | mrqap(g, w)).items()}
            expected["signed", "r_C1"] = np.corrcoef(w[g.off].ravel(), C[g.off].ravel())[0, 1]
        for (part, q), v in expected.items():
            value, chance = got[kernel, part, q]
            if q.startswith(("R_", "iso")):
                value += chance
            if not abs(value - v) <= tolerance:
                sys.exit(f"{kernel} {part} {q}: {value}, NumPy gives {v}")
            count += 1
    print(count, "indices agree")


if __name__ == "__main__":
    options = lambda words: {a: float(b) for a, b in (x.split("=") for x in words)}
    if sys.argv[1] == "batch":
        for seed in range(int(sys.argv[3]), int(sys.argv[4])):
            plant(f"{sys.argv[2]}-{seed}", sys.argv[2], seed=seed, **options(sys.argv[5:]))
    elif sys.argv[1] == "plant":
        plant(sys.argv[2], sys.argv[3], **options(sys.argv[4:]))
    else:
        check(sys.argv[2], sys.argv[3], *[float(x) for x in sys.argv[4:]])
