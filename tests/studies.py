"""What a study's folder holds, read as the tests of the pipelines do."""
import numpy as np
from npys import npys, one, save, table

ANGLES = 7.5 * np.arange(24)  # degrees, the orientations of gratings


class Tuning:
    """Responses of a Gabor function to gratings of its own frequency, a turn away from its orientation, by filtering."""

    def __init__(self, nx, ny, phase_deg):
        self.u, self.v = np.meshgrid(np.arange(-8 * nx, 8 * nx + .01, .04), np.arange(-8 * ny, 8 * ny + .01, .04))
        self.g = np.exp(-self.u**2 / 2 / nx**2 - self.v**2 / 2 / ny**2) * np.cos(2 * np.pi * self.u + np.radians(phase_deg))

    def __call__(self, degrees):
        t = np.radians(np.atleast_1d(degrees))
        return np.array([abs((self.g * np.exp(2j * np.pi * (self.u * np.cos(a) + self.v * np.sin(a)))).sum()) for a in t])

    def cv(self):
        r = self(ANGLES)
        return 1 - abs((r * np.exp(2j * np.radians(ANGLES))).sum()) / r.sum()

    def osi(self):
        a, b = self([0, 90])
        return (a - b) / (a + b)


def tuning_agrees(run):
    """Measured tuning stands beside the fits: a row per filter and T; without propagation they agree."""
    a, s, g, t = (table(f"{run}/{name}.tsv") for name in ("agreement", "agreement-summary", "gabor", "tuning"))
    assert sorted(a["T"]) == [0] * 16 + [1] * 16 and len(t["T"]) == 32 and list(s["T"]) == [0, 1]
    for i in range(32):
        f = int(a["filter"][i])
        assert a["theta_deg"][i] == g["theta_deg"][f] and a["accepted"][i] == g["accepted"][f]
        (j,) = np.flatnonzero((t["filter"] == f) & (t["T"] == a["T"][i]))
        assert t["theta_deg"][j] == a["theta_measured_deg"][i] and t["cv"][j] == a["cv_measured"][i]
    d = (a["theta_measured_deg"] - a["theta_deg"] + 90) % 180 - 90
    assert np.abs(d - a["theta_difference_deg"]).max() < 1e-3
    here = (a["T"] == 0) & (a["accepted"] == 1)
    assert here.sum() > 8 and np.median(np.abs(d[here])) < 4
    assert np.median(np.abs(a["sf_difference_octaves"][here])) < .2
    assert abs(s["theta_median_deg"][0] - np.median(np.abs(d[here]))) < 1e-3 and s["n"][0] == here.sum()
    # the smoothed half-width and cv of one filter anew
    i = np.flatnonzero(here)[0]
    r = Tuning(*(g[c][int(a["filter"][i])] for c in ("nx", "ny", "phase_deg")))
    curve = lambda x: .4 * r(x - 7.5) + r(x) + .4 * r(x + 7.5)
    width = a["half_width_deg"][i]
    assert abs(curve(width) / curve(0) - 2**-.5) < 1e-3 and (curve(np.arange(0, width - .1, 1)) > curve(0) / 2**.5).all()
    assert abs(r.cv() - a["cv"][i]) < 1e-4


SHAPES = [(.25, .25, 90), (.25, .25, 0), (.3, .4, -60), (.5, .6, 90), (.22, .5, 135)]  # nx, ny, phase_deg


def write_tuning():
    """Tables as fit-gabor and v1-respond give them of SHAPES: gabor.tsv, tuning.tsv, gratings.tsv."""
    def write(name, head, rows):
        with open(name, "w") as f:
            for row in [head.split(), *rows]:
                print(*row, sep="\t", file=f)
    write("gabor.tsv", "filter accepted theta_deg phase_deg sf_cpp nx ny",
          [(i, 1, 20, q, .2, nx, ny) for i, (nx, ny, q) in enumerate(SHAPES)])
    write("tuning.tsv", "filter T theta_deg sf_cpp orientation_bandwidth_deg cv osi modulation_ratio",
          [(i, 0, 20, .2, 30, .5, .5, 1.5) for i in range(len(SHAPES))])
    write("gratings.tsv", "theta_deg", [(a,) for a in ANGLES])


def seeds_are_combined(root):
    """figures/seeds.tsv has the mean of both seeds' rows, whichever table they come from."""
    def row(path, *key):
        t = table(path)
        (i,) = [i for i, k in enumerate(zip(t["kernel"], t["part"], t["quantity"])) if k == key]
        return {c: t[c][i] for c in t}
    for name, *key in (("stats", "K_beyond_C", "signed", "R_0"), ("iterated", "K_iterated", "positive", "iso_orientation"),
                       ("compare", "K", "signed", "lead_G1")):
        one, two = (float(row(f"{root}/seed-{s}/{name}.tsv", *key)["value"]) for s in (101, 102))
        both = row("out/figures/run/seeds.tsv", *key)
        assert float(both["n"]) == 2 and abs(float(both["value"]) - (one + two) / 2) < 1e-9, (key, both)


def scrambled(run):
    """The controls' images: amplitudes stay, phases go, and not the same in training and validation images."""
    a, b, c, d = (next(npys(f"{run}/{v}/{p}.npys")).astype("f8") for v in ("as-is", "scrambled-images") for p in ("train", "val"))
    for x, y in (a, c), (b, d):
        A, B = (np.abs(np.fft.fft2(z)) for z in (x, y))
        assert np.abs(A - B).max() < 1e-5 * A.max() and np.abs(x - y).max() > 10
    turn = [np.angle(np.fft.fft2(y[0]) / np.fft.fft2(x[0]))[1:20, 1:20] for x, y in ((a, c), (b, d))]
    assert np.abs(np.exp(1j * (turn[0] - turn[1])).mean()) < .2
