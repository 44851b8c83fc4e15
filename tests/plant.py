"""Random Gabor banks with off-centre profiles, and lateral kernels planted on them, for the tests."""
import numpy as np
from npys import npys, save
from profiles import gabor

COLUMNS = ("record filter accepted reason r r2 theta_deg phase_deg sf_cpp sigma_across_px sigma_along_px x0_px y0_px "
           "amplitude offset nx ny").split()


def bank(filters, size, rng, off=.8):
    """Parameters (a list of dicts) and profiles (filters, size, size)."""
    units, profiles = [], []
    for i in range(filters):
        u = dict(record=0, filter=i, accepted=1, reason="-", r=1, r2=1, theta_deg=rng.uniform(0, 180),
                 phase_deg=rng.uniform(-180, 180), sf_cpp=rng.uniform(.12, .25),
                 sigma_across_px=rng.uniform(1.3, 2), sigma_along_px=rng.uniform(1.6, 2.6),
                 x0_px=off * rng.normal(), y0_px=off * rng.normal(), amplitude=1, offset=0)
        u["nx"], u["ny"] = u["sigma_across_px"] * u["sf_cpp"], u["sigma_along_px"] * u["sf_cpp"]
        units.append(u)
        profiles.append(gabor(size, u["theta_deg"], u["phase_deg"], u["sf_cpp"], u["sigma_across_px"], u["sigma_along_px"],
                              u["x0_px"], u["y0_px"]))
    return units, np.array(profiles)


def write_table(path, units):
    with open(path, "w") as f:
        f.write("\t".join(COLUMNS) + "\n")
        for u in units:
            f.write("\t".join(str(u[c]) for c in COLUMNS) + "\n")


def turned(units):
    """The bank turned by 90 degrees; np.rot90 turns the kernel."""
    out = []
    for u in units:
        theta, phase = u["theta_deg"] + 90, u["phase_deg"]
        if theta >= 180:
            theta, phase = theta - 180, -phase
        out.append(dict(u, theta_deg=theta, phase_deg=phase, x0_px=-u["y0_px"], y0_px=u["x0_px"]))
    return out


def mirrored(units):
    """y -> -y; kernel[:, :, ::-1]. theta becomes 180 - theta, seen from the other end: u turns round twice."""
    return [dict(u, theta_deg=(180 - u["theta_deg"]) % 180, phase_deg=u["phase_deg"] if u["theta_deg"] > 0
                 else -u["phase_deg"], y0_px=-u["y0_px"]) for u in units]


def plant(units, size, density, noise, rng):
    """Kernel (F, F, size, size): density(u, v, dtheta) in the targets' frames at unit sd, plus noise."""
    F, h = len(units), size // 2
    r, c = np.mgrid[:size, :size]
    k = np.zeros((F, F, size, size))
    for i, a in enumerate(units):
        for j, b in enumerate(units):
            x, y = c - h + b["x0_px"] - a["x0_px"], h - r + b["y0_px"] - a["y0_px"]
            t, d = np.radians(a["theta_deg"]), np.radians(b["theta_deg"] - a["theta_deg"])
            d = (d + np.pi / 2) % np.pi - np.pi / 2
            k[i, j] = density(x * np.cos(t) + y * np.sin(t), -x * np.sin(t) + y * np.cos(t), d)
    return k / k.std() + noise * rng.normal(size=k.shape)


def sampled(path, step):
    """density() from an orientation kernel of period pi and uniform angles, linear between samples."""
    theta, k = npys(path)
    T, n = len(theta), k.shape[1]

    def density(u, v, d):
        c, r, a = u / step + (n - 1) / 2, (n - 1) / 2 - v / step, d % np.pi * T / np.pi
        c0, r0, a0 = (np.floor(z).astype(int) for z in (c, r, a))
        out = 0
        for p in range(8):
            i, j, l = r0 + p % 2, c0 + p // 2 % 2, a0 + p // 4
            inside = (i >= 0) & (i < n) & (j >= 0) & (j < n)
            w = (1 - abs(r - i)) * (1 - abs(c - j)) * (1 - abs(a - l))
            out = out + inside * w * k[l % T, np.clip(i, 0, n - 1), np.clip(j, 0, n - 1)]
        return out

    return density


def elongated(along, across, kappa):
    """M1 without aperture"""
    return lambda u, v, d: np.exp(-u**2 / 2 / along**2 - v**2 / 2 / across**2 + kappa * (np.cos(2 * d) - 1))


def write(units, profiles, kernel):
    write_table("g.tsv", units)
    save("bank.npys", profiles.astype("<f4"))
    save("k.npys", kernel.astype("<f4"))


def correlations(profiles, size):
    """C1 (F, F, size, size): sum over x of psi_i(x) psi_j(x - d), filters at unit norm."""
    e = profiles / np.sqrt((profiles**2).sum((1, 2), keepdims=True))
    h = size // 2
    big = np.pad(e, ((0, 0), (h, h), (h, h)))
    k = np.zeros((len(e), len(e), size, size))
    for dy in range(-h, h + 1):
        for dx in range(-h, h + 1):  # psi_j(x - d): right by dx, up by dy
            k[:, :, h - dy, h + dx] = np.tensordot(big, np.roll(big, (-dy, dx), (1, 2)), ([1, 2], [1, 2]))
    return k
