"""Pictures that stimuli and dead-leaves draw, against what they promise."""
import numpy as np
from npys import npys, table


def pattern(kind, theta, p, i, x, y):
    """Luminance at points, -1 to 1, from the words of stimuli(1): width 7.3 px, patches of 6.5 px, bars of .1 cycles per px."""
    u, v = y * np.cos(theta) - x * np.sin(theta), x * np.cos(theta) + y * np.sin(theta)
    side = np.sign(u)
    value = {"mach": np.clip(2 * u / 7.3, -1, 1), "cornsweet": np.clip(1 - np.abs(u) / 7.3, 0, 1)**2 * side,
             "white": -np.sign(np.sin(.2 * np.pi * u)), "contrast": side}[kind]
    if kind in ("white", "contrast"):
        for name in "light", "dark":
            px, py = p[name + "_x_px"][i], p[name + "_y_px"][i]
            du, dv = u - py * np.cos(theta) + px * np.sin(theta), v - px * np.cos(theta) - py * np.sin(theta)
            value = np.where((np.abs(du) < (2.5 if kind == "white" else 3.25)) & (np.abs(dv) < 3.25), 0, value)
    return value


def areas(kind, images, parameters):
    """Images (n, 24, 24) of mean 100 and contrast .5: pixels are averages over their squares, by a midpoint rule of 64 x 64.
    Where an edge runs along a row of the rule, it is off by up to 1/64 of the step; mach has no edge."""
    p, (x, _) = table(parameters), npys(images)
    c = (np.arange(24 * 64) + .5) / 64 - 12
    X, Y = np.meshgrid(c, -c)
    error = np.array([a - 100 - 50 * pattern(kind, np.radians(p["theta_deg"][i]), p, i, X, Y).reshape(24, 64, 24, 64).mean((1, 3))
                      for i, a in enumerate(x)])
    assert np.abs(error).max() < (.02 if kind == "mach" else 1.7) and abs(error.mean()) < .02, (kind, np.abs(error).max(), error.mean())


def axial(a):
    """The size of a difference of orientations, deg."""
    return np.abs((a + 90) % 180 - 90)


def contours(elements, count, path=7, spacing=9, turn=30):
    """Snakes of elements 9 px apart with turns of 30 degrees, without jitter: the path is as asked for, passes through the
    middle, and is no denser than what surrounds it."""
    e, near = table(elements), {0: [], 1: []}
    for label in range(0, 2 * count, 2):
        own = e["label"] == label
        x, y, theta, on = (e[c][own] for c in ("x_px", "y_px", "theta_deg", "on_path"))
        assert on.tolist() == [1] * path + [0] * (len(on) - path)
        dx, dy = np.diff(x[:path]), np.diff(y[:path])
        assert np.abs(np.hypot(dx, dy) - spacing).max() < 1e-5 and np.abs(axial(np.diff(theta[:path])) - turn).max() < 1e-5
        # a step lies half-way between its two orientations
        assert np.abs(axial(np.degrees(np.arctan2(dy, dx)) - theta[:path - 1]) - turn / 2).max() < 1e-4
        assert abs(x[path // 2]) < 1e-9 > abs(y[path // 2])
        distance = np.hypot(x[:, None] - x, y[:, None] - y) + 1e9 * np.eye(len(x))
        assert distance.min() >= .85 * spacing - 1e-5
        inner = np.maximum(np.abs(x), np.abs(y)) < 50
        for k in near:
            near[k] += distance.min(1)[inner & (on == k)].tolist()
    assert abs(np.mean(near[1]) - np.mean(near[0])) < .4, (np.mean(near[1]), np.mean(near[0]))


def star():
    """Polar second moment of a pentagram about its centre by its squared area."""
    r = np.where(np.arange(11) % 2, (3 - 5**.5) / 2, 1)
    a, b, c = r[:-1], r[1:], np.cos(np.pi / 5)
    cross = a * b * np.sin(np.pi / 5)
    return (cross * (a * a + a * b * c + b * b) / 12).sum() / (cross.sum() / 2)**2


def shapes(images):
    """A leaf of radius 18 px before one that is larger than the image: areas are pi r^2, second moments those of the shapes."""
    expected = [1 / (2 * np.pi), 1 / 6, star(), 232 / 3 / 400, 1.36 / (2 * np.pi * .64), 17 / 48]
    x, y = (np.concatenate([r for r in npys(images) if r.ndim == n]) for n in (3, 1))
    n = x.shape[1]
    r, c = np.mgrid[:n, :n]
    found = [[] for _ in expected]
    for a, k in zip(x.astype(float) - x[:, :1, :1], y):
        front = a.flat[np.abs(a).argmax()]
        if a[[0, -1]].any() or a[:, [0, -1]].any() or abs(front) < 40 or ((a != 0) & (a != front)).sum() > 600:
            continue  # more than two leaves
        w = a / front
        moment = (w * (c**2 + r**2 + 1 / 6)).sum() - ((w * c).sum()**2 + (w * r).sum()**2) / w.sum()
        found[k].append([w.sum() / (np.pi * 18**2), moment / w.sum()**2 / expected[k]])
    for k, f in enumerate(found):
        assert len(f) >= 10 and np.abs(np.mean(f, 0) - 1).max() < .01, (k, len(f), np.mean(f, 0))


def texture(images, stretched):
    """Leaves larger than the image, of one grey level: rms 12, amplitudes 1/f, no orientation; stretched along x, power along y."""
    x = np.concatenate([r for r in npys(images) if r.ndim == 3]) - 128.
    assert abs(np.sqrt((x**2).mean()) - 12) < .6, np.sqrt((x**2).mean())
    n = x.shape[1]
    window = np.sin(np.pi * (np.arange(n) + .5) / n)**2
    f = np.fft.fftfreq(n)
    fx, fy = np.meshgrid(f, -f)
    rho, turn = np.hypot(fx, fy), np.arctan2(fy, fx)

    def power(x):
        return (np.abs(np.fft.fft2(x * np.outer(window, window)))**2).mean(0)

    def harmonic(p, m):  # f^2 weighs all octaves of a power 1/f^2 alike
        w = p * rho**2 * ((rho >= 3 / n) & (rho < .25))
        return (w * np.exp(1j * m * turn)).sum() / w.sum()
    p = power(x)
    rings = np.arange(3, 16)
    mean = [p[np.rint(n * rho) == k].mean() for k in rings]
    slope = np.polyfit(np.log(rings), np.log(mean), 1)[0]
    assert abs(slope + 2) < .2, slope
    assert all(abs(harmonic(p, m)) < .02 for m in (2, 4, 6, 8)), [harmonic(p, m) for m in (2, 4, 6, 8)]
    second = harmonic(power(np.concatenate([r for r in npys(stretched) if r.ndim == 3]) - 128.), 2)
    assert second.real < -.3 and abs(second.imag) < .05, second
