"""Units whose answers to gratings, and so whose tuning, are known in closed form."""
import numpy as np
from npys import save, table

PREFERRED, F0, SD = np.radians(37), .17, .04


def design(path, thetas=24, phases=8, odd=0, skip=0):
    """A table of gratings at 10 frequencies and two contrasts after another stimulus; theta, f, phase (rad) and contrast of each.
    odd: how far the second orientation is from its place, deg; skip: rows left out at the end."""
    rows = [(180 / thetas * t + odd * (t == 1), .05 * 2**(f / 3), 360 / phases * p, c)
            for c in (1, .5) for f in range(10) for t in range(thetas) for p in range(phases)]
    rows = rows[:len(rows) - skip]
    with open(path, "w") as out:
        print("kind", "theta_deg", "sf_cpp", "phase_deg", "contrast", sep="\t", file=out)
        print("mach", 90, "nan", "nan", 1, sep="\t", file=out)
        for r in rows:
            print("gratings", *(f"{x:.12g}" for x in r), sep="\t", file=out)
    theta, f, phase, contrast = np.array(rows).T
    return np.radians(theta), f, np.radians(phase), contrast


def write():
    """p.tsv and cells.npys: rectified, linear with an offset, deaf, untuned, von Mises in 2 theta, low-pass."""
    theta, f, phase, contrast = design("p.tsv")
    turn = np.cos(2 * (theta - PREFERRED))
    band, curve = np.exp(-.5 * ((f - F0) / SD)**2), np.exp(2 * (turn - 1))
    gain = band * curve
    x = np.stack([np.maximum(0, gain * np.cos(phase - 1)), gain * (1 + .5 * np.cos(phase)), 0 * f, band, curve, (1 + turn) / f], 1)
    x = x * np.where(contrast == 1, 1, .25)[:, None]
    save("cells.npys", np.concatenate([np.zeros((1, 6)), x]).astype("<f4"))


def half_width(curve):
    """Where a curve smoothed by (2/5, 1, 2/5) at 7.5 deg falls to 1/sqrt(2), deg."""
    x = np.linspace(0, np.pi / 2, 2000001)
    y = sum(w * curve(x + k * np.pi / 24) for k, w in ((-1, .4), (0, 1), (1, .4)))
    return np.degrees(x[np.argmax(y < y[0] / 2**.5)])


def check(path):
    t = table(path)
    a = {c: np.array(t[c]).reshape(2, 6) for c in t if not isinstance(t[c], list)}

    def near(column, unit, value, tolerance, group=slice(None)):
        assert np.abs(a[column][group, unit] - value).max() <= tolerance, (column, unit, a[column][group, unit], value)
    near("contrast", slice(None), np.array([[1], [.5]]), 0)
    angle = np.arange(1000) * 2 * np.pi / 1000
    cv = 1 - (np.exp(2 * np.cos(angle)) * np.cos(angle)).sum() / np.exp(2 * np.cos(angle)).sum()  # 1 - I1/I0
    # rectification leaves a cosine's F0 (1/pi) and F1 (1/2), up to the aliases of 8 phases
    for column, value, tolerance in ("cv", cv, 2e-3), ("theta_deg", 37, .2), ("sf_cpp", F0, 2e-3), ("modulation_ratio", np.pi / 2, .06):
        near(column, 0, value, tolerance)
    for column, value, tolerance in ("theta_deg", 37, 1e-5), ("sf_cpp", F0, 1e-6), ("modulation_ratio", .5, 1e-6), ("cv", cv, 1e-6):
        near(column, 1, value, tolerance)
    w = SD * np.log(2)**.5  # octaves between f0 -+ w, interpolated on thirds of an octave
    near("sf_bandwidth_oct", 1, np.log2((F0 + w) / (F0 - w)), .1)
    assert all(np.isnan(a[c][:, 2]).all() for c in ("cv", "theta_deg", "sf_cpp", "modulation_ratio")) and not a["response"][:, 2].any()
    near("cv", 3, 1, 1e-6)
    near("osi", 3, 0, 1e-6)
    assert np.isnan(a["orientation_bandwidth_deg"][:, 3]).all()
    near("osi", 4, (1 - np.exp(-4)) / (1 + np.exp(-4)), 1e-3)  # the grid's best orientation is half a degree off
    near("orientation_bandwidth_deg", 4, half_width(lambda x: np.exp(2 * np.cos(2 * x))), .01)
    near("sf_cpp", 5, .05, 1e-9)  # low-pass: no peak within, no bandwidth
    assert np.isnan(a["sf_bandwidth_oct"][:, 5]).all()
    near("orientation_bandwidth_deg", 5, half_width(lambda x: 1 + np.cos(2 * x)), .01)
    near("cv", 5, .5, 1e-6)


def refused():
    """Designs that do not serve, and one response."""
    save("one.npys", np.zeros((1, 1), "<f4"))
    design("few.tsv", 3)
    design("phases.tsv", 6, 2)
    design("odd.tsv", 6, 4, .1)
    design("missing.tsv", 6, 4, skip=1)
    for name, text in (("snake", "kind theta_deg sf_cpp phase_deg\nsnake 0 0.1 0\n"),
                       ("nan", "kind theta_deg sf_cpp phase_deg\ngratings 0 nan 0\n"), ("bare", "theta_deg phase_deg\n0 0\n")):
        with open(name + ".tsv", "w") as out:
            out.write(text.replace(" ", "\t"))
