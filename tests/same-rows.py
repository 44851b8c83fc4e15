#!/usr/bin/env python3
"""Hold a table of lateral-stats against one of an earlier version, on the same kernel, seed and counts.

usage: same-rows.py EARLIER LATER [PERMUTATIONS BOOTSTRAP]
Every row of LATER must be in EARLIER with the same n and with its value to 1e-6. The random draws are the same, so interval,
chance and p should agree as well; where they do not, they must within Monte Carlo error: p and chance of so many permutations,
interval ends within a tenth of the interval's width. Columns c1 to c3 are held against EARLIER's rows of kernels C1 to C3; with
permutations these were less a mean over random permutations, and are less the exact mean now. Prints the largest differences."""
import sys
import numpy as np
from npys import table

KEY = "kernel", "part", "quantity"


def rows(path):
    t = table(path)
    return {tuple(t[k][i] for k in KEY): {c: t[c][i] for c in t if c not in KEY} for i in range(len(t["value"]))}


def main(earlier, later, permutations=0, bootstrap=0):
    old, new, n, bad = rows(earlier), rows(later), int(permutations), []
    worst, count, unheld = dict.fromkeys("value low high chance p c1 c2 c3".split(), 0.), 0, 0
    unequal = dict.fromkeys(worst, 0)
    for key, row in new.items():
        if key not in old:
            bad.append((key, "is not in the earlier table"))
            continue
        was = old[key]
        if was["n"] != row["n"]:
            bad.append((key, "n", was["n"], row["n"]))
        width = was["high"] - was["low"]
        refits = key[2] in ("Q_inv", "Q_unrotated", "Q_lead", "explained_C")
        drawn = max(n // 10 if refits else n, 1)
        near = {"value": 1e-6, "low": .1 * width, "high": .1 * width, "chance": .05 * max(width, .02),
                "p": 6 * np.sqrt(was["p"] * (1 - was["p"]) / drawn) + 1 / drawn}
        for c, tolerance in near.items():
            a, b = was[c], row[c]
            count += 1
            if np.isnan(a) and np.isnan(b):
                continue
            difference = abs(a - b)
            worst[c] = max(worst[c], difference)
            unequal[c] += not difference < 1e-6
            floor = 1e-4 if key[2] == "half_width_deg" else 1e-6  # deg: the end of a flat search
            if not difference <= np.fmax(tolerance, floor):
                bad.append((key, c, a, b))
        for c in "c1", "c2", "c3":
            was = old.get((c.upper(), *key[1:]))
            if not was or np.isnan(row[c]):
                unheld += not np.isnan(row[c])
                continue
            difference, count = abs(was["value"] - row[c]), count + 1
            worst[c] = max(worst[c], difference)
            unequal[c] += not difference < 1e-6
            if not difference < (1e-6 if n == 0 else 4 / np.sqrt(n) * .1):
                bad.append((key, c, was["value"], row[c]))
    for b in bad:
        print(*b)
    print(f"{later}: {len(new)} rows of {len(old)}, {count} numbers held, {unheld} of c1 to c3 new")
    print("  largest differences:", ", ".join(f"{c} {worst[c]:.2g} ({unequal[c]} over 1e-6)" for c in worst))
    return int(bool(bad))


sys.exit(main(*sys.argv[1:]))
