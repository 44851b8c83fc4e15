"""What lateral-stats.bats and combine-tables.bats claim of tables. usage: indices.py CLAIM [ARGUMENT...]; fails where it does not hold."""
import math
import re
import sys
import numpy as np
from npys import one, save, table


class Rows:
    """Rows of a table by kernel, part and quantity."""

    def __init__(self, path):
        self.table = table(path)
        self.at = {k: i for i, k in enumerate(zip(*(self.table[c] for c in ("kernel", "part", "quantity"))))}

    def row(self, *key):
        return {c: self.table[c][self.at[key]] for c in self.table}


def holds(path, *conditions):
    """v(kernel, part, quantity) is a value, p(...) its p, row(...) all columns."""
    rows = Rows(path)
    names = {"np": np, "row": rows.row, "v": lambda *k: rows.row(*k)["value"], "p": lambda *k: rows.row(*k)["p"]}
    for condition in conditions:
        assert eval(condition, names), "not so: " + condition


def five_numbers(path):
    """Every row has value, interval, chance and p; chance is 0 where value is less its chance; the primary endpoint is first."""
    rows = Rows(path)
    first = list(rows.at)[0]
    assert first == ("K_beyond_C", "signed", "R_0"), first
    for key in rows.at:
        row = rows.row(*key)
        five = [row[c] for c in ("value", "low", "high", "chance", "p")]
        if key[2] == "half_width_deg" and np.isnan(five[0]):
            continue
        assert not np.isnan(five).any() and 0 < five[4] <= 1 and five[1] <= five[0] <= five[2], (key, five)
        assert not key[2].startswith(("iso_orientation", "R_")) or five[3] == 0, key
        overlaps = [row[c] for c in ("c1", "c2", "c3")]
        remains = key[0] == "K" and key[2].startswith(("iso_orientation", "R_", "coaxiality"))
        assert np.isnan(row["remains"]) == (not remains), key
        compared = key[0] == "K" and key[2].startswith(("iso_orientation", "R_", "coaxiality", "short_range"))
        assert np.isnan(overlaps).all() == (not compared) and (not compared or not np.isnan(overlaps).any()), (key, overlaps)
    assert len(rows.at) <= 200


def left_over(joint, single, noisy):
    """Of a joint function of C1 to C3 hardly anything is left, more with C1 alone; of noise nearly all."""
    a, one_, b = table(joint), table(single), table(noisy)
    left = a["K_beyond_C"].var() / a["K"].var()
    kept = np.corrcoef(b["K"] - a["K"], b["K_beyond_C"])[0, 1]
    assert left < .005 and one_["K_beyond_C"].var() / one_["K"].var() > 10 * left and kept > .995, (left, kept)


def same(a, b, tolerance="1e-5"):
    """Two tables agree in words and numbers."""
    a, b = table(a), table(b)
    for c in a:
        equal = a[c] == b[c] if isinstance(a[c], list) else np.allclose(a[c], b[c], rtol=float(tolerance), atol=.1 * float(tolerance), equal_nan=True)
        assert equal, c


def turned(own, other):
    """Tables of a kernel and of the same seen turned or in a mirror."""
    a, b = Rows(own), Rows(other)
    for key in a.at:
        x, y = a.row(*key), b.row(*key)
        # image axes turn; which phase a filter is given depends on the end its angle is counted from: permuted phases turn with it
        exact = () if key[2].startswith("Q_") else ("value",) if "phase" in key[2] else ("value", "chance", "p")
        for c in exact:
            assert abs(x[c] - y[c]) <= 1e-4 or np.isnan(x[c]), (key, c, x[c], y[c])
        assert key[2] != "Q_inv" or abs(x["value"] - y["value"]) < .03, (key, x["value"], y["value"])


def turned_profile(own, other, sign):
    """m(dtheta) of one is m(sign dtheta) of the other."""
    a, b = table(own), table(other)
    mean = lambda t: {(k, q, round(d)): m for k, q, d, m in zip(t["kernel"], t["part"], t["dtheta_deg"], t["mean"])}
    a, b = mean(a), mean(b)
    for (k, q, d), m in a.items():
        m = m - b[k, q, 90 if d == 90 else int(sign) * d]
        assert k != "K" or abs(m) < 1e-9 or np.isnan(m), (k, q, d, m)


def slips():
    """Kernels of prefix a with rows up, ends exchanged, targets and sources exchanged."""
    K = one("a.lateral.npys")
    save("rows.lateral.npys", K[:, :, ::-1])
    save("ends.lateral.npys", K[:, :, ::-1, ::-1])
    save("target.lateral.npys", K.transpose(1, 0, 2, 3))
    save("carrier.lateral.npys", K)


def responses(pairs):
    """C1 is the covariance of responses to white noise, read as conv2d reads a kernel: column to the right, row down."""
    from numpy.lib.stride_tricks import sliding_window_view as windows
    bank = one("a.v1.npys")
    bank = bank / np.sqrt((bank**2).sum((1, 2), keepdims=True))
    x = np.random.default_rng(5).standard_normal((700, 700))
    h = np.einsum("yxab,iab->iyx", windows(x, (9, 9)), bank, optimize=True)
    t, units, err, n = table(pairs), table("a.tsv"), [], h.shape[1]
    for i, j, dx, dy, c in zip(t["i"].astype(int), t["j"].astype(int), t["dx_px"], t["dy_px"], t["C1"]):
        col = round(dx - units["x0_px"][j] + units["x0_px"][i])
        row = -round(dy - units["y0_px"][j] + units["y0_px"][i])
        err.append((h[i, 4:n - 4, 4:n - 4] * h[j, 4 + row:n - 4 + row, 4 + col:n - 4 + col]).mean() - c)
    assert len(err) == 20 * 25 and np.abs(err).max() < .04, np.abs(err).max()


def one_c(path):
    """C1, C2 and C3 are the same."""
    t = table(path)
    assert np.isfinite(t["c1"]).sum() > 50
    assert np.allclose(t["c1"], t["c2"], atol=1e-6, equal_nan=True) and np.allclose(t["c1"], t["c3"], atol=1e-6, equal_nan=True)


def by_frequency(path):
    """A bank where orientation follows frequency."""
    lines = [line.rstrip("\n").split("\t") for line in open(path)]
    at = {c: i for i, c in enumerate(lines[0])}
    f = np.array([float(line[at["sf_cpp"]]) for line in lines[1:]])
    for line, rank, e in zip(lines[1:], f.argsort().argsort(), np.random.default_rng(1).normal(0, 6, len(f))):
        line[at["theta_deg"]] = str((rank * 80 / len(f) + e) % 180)
    open(path, "w").write("\n".join("\t".join(line) for line in lines) + "\n")


def disc(own, other):
    """Corners of a's kernel and of its C1 are out; b's kernel never had them."""
    a, b = table(own), table(other)
    assert (a["K"] == b["K"]).all() and (a["K"] == 0).any() and (a["C1"] != b["C1"]).any()


def pairs(path):
    """Rows of --pairs hold the kernel of prefix a in its gauge."""
    t, K, rms = table(path), one("a.lateral.npys"), one("a.rms.npys")
    K = K * rms[None, :, None, None] / rms[:, None, None, None]
    assert np.allclose(t["K"], K[~np.eye(4, dtype=bool)].ravel()) and np.isnan(t["C2"]).all()
    assert (np.abs(t["dtheta_deg"]) <= 90).all() and (np.abs(t["dphase_deg"]) <= 180).all()


def combined(path, *models):
    """Mean, Student interval, p, spread between and within, and heterogeneity of four models of 8 filters each."""
    all_, models = Rows(path), [Rows(m) for m in models]
    t3, t7 = 3.182446305, 2.364624252  # Student's .975 quantiles with 3 and 7 degrees
    seen = 0
    for key in all_.at:
        got = all_.row(*key)
        rows = [m.row(*key) for m in models if key in m.at and not np.isnan(m.row(*key)["value"])]
        assert got["n"] == len(rows), key
        if len(rows) < 4:
            continue
        x, low, high, chance = (np.array([r[c] for r in rows]) for c in ("value", "low", "high", "chance"))
        half, error = t3 * x.std(ddof=1) / 2, (high - low) / 2 / t7
        within = np.mean(error**2)
        want = {"value": x.mean(), "low": x.mean() - half, "high": x.mean() + half, "chance": chance.mean(),
                "within_sd": np.sqrt(within), "between_sd": np.sqrt(np.maximum(x.var(ddof=1) - within, 0))}
        q = ((x - np.average(x, weights=1 / error**2))**2 / error**2).sum() if (error > 0).all() else np.nan
        # chi-squared and Student with 3 degrees in closed form
        want["heterogeneity_p"] = math.erfc(math.sqrt(q / 2)) + math.sqrt(2 * q / math.pi) * math.exp(-q / 2)
        effect = x - chance
        u = abs(effect.mean()) / (effect.std(ddof=1) / 2) / np.sqrt(3) if effect.std() > 1e-12 else np.nan
        want["p"] = 1 - 2 / np.pi * (np.arctan(u) + u / (1 + u * u))
        want |= {c: np.mean([r[c] for r in rows]) for c in ("c1", "c2", "c3", "remains")}
        seen += not np.isnan(want["remains"])
        for c, v in want.items():
            assert np.isclose(got[c], v, atol=1e-9, equal_nan=True), (key, c, got[c], v)
    assert seen > 20


def rows_without_header(path, pattern):
    """Columns of rows whose quantity matches, by kernel, part and quantity: tables of many kernels in one file."""
    rows = {}
    for line in open(path):
        k, part, q, *numbers = line.split("\t")
        if re.fullmatch(pattern, q):
            rows.setdefault((k, part, q), []).append([float(x) for x in numbers[:5]])
    return {key: np.array(r).T for key, r in rows.items()}


def nominal(path, kernel, pattern):
    """No p rejects more often than .05, as far as so many kernels can tell: all rows of a call have one limit together."""
    rows = {key: r[4] for key, r in rows_without_header(path, pattern).items() if key[0] == kernel}
    assert len(rows) > 3, len(rows)
    bad, rates = [], []
    for key, p in sorted(rows.items()):
        assert key[2] == "half_width_deg" or not np.isnan(p).any(), key  # a profile may have no half-width
        total, hits = len(p), int((p <= .05).sum())
        tail = 1 - sum(math.comb(total, h) * .05**h * .95**(total - h) for h in range(hits))
        print(*key, total, hits / total, sep="\t")
        rates.append(hits / total)
        if tail < .01 / len(rows):
            bad.append((key, hits / total))
    print("mean", np.mean(rates), "largest", np.max(rates), "of", len(rates))
    assert not bad, f"above the nominal level: {bad}"


def covers(path, least, pattern):
    """The intervals of the matching quantities hold the mean of all estimates at least that often."""
    rows, bad = rows_without_header(path, pattern), []
    assert rows
    for key, (v, low, high, _, _) in sorted(rows.items()):
        ok = ((low <= v.mean()) & (v.mean() <= high)).mean()
        print(*key, "covers", ok, "width over 3.92 sd", (high - low).mean() / 3.92 / v.std(), sep="\t")
        if ok < float(least) - 3 * np.sqrt(.05 * .95 / len(v)):
            bad.append((key, ok))
    assert not bad, f"too narrow: {bad}"


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
