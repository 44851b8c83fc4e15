#!/usr/bin/env python3
"""lateral-stats on 64 filters of 21 x 21. usage: lateral.py PROGRAM (bench/lateral)
10,000 permutations behind tuning and direction for both parts of the kernel, on one thread, against a vectorised NumPy
version: given the sums over taps of every pair it evaluates R_0, R_1, R_2 and coaxiality by range and the iso-orientation
index, quadratic forms as matrix products over 500 permutations at once, the profile by
bincount. The library's time holds also half-widths. Values agree to 1e-6. Then
the whole tool with 10,000 permutations and 2,000 bootstrap samples on two threads.
Status 1 where NumPy is faster, or the whole takes a minute."""
import os
import resource
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, ".."), os.path.join(here, "..", "golden")]
import numpy as np
import lateral
from npys import one, table

N, WIDTH, PERMUTATIONS, SAMPLES, MINUTE, BATCH = 64, 21, 10000, 2000, 60, 500


def run(*options):
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["lateral-stats", "-f", "a.v1.npys", "-t", "a.tsv", "-r", "a.rms.npys", "-o", "out.tsv", *options,
                    "a.lateral.npys"], check=True)
    wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


class Sums:
    """Of a non-negative kernel: sums over the taps of each pair, by range; row 0: all."""

    def __init__(self, g, w):
        alpha, there = np.arctan2(g.Y, g.X), g.r > 1e-9
        w = w * g.off[:, :, None, None]
        masks = [g.r >= 0] + [(g.r >= a) & (g.r < b) for a, b in zip(lateral.EDGES, lateral.EDGES[1:])]
        self.W = [(w * m).sum((2, 3)) for m in masks]
        self.A = [(w * m * there * np.exp(2j * alpha)).sum((2, 3)) for m in masks]
        self.B = [(w * m * there * np.exp(4j * alpha)).sum((2, 3)) for m in masks]
        self.total = np.array([W.sum() for W in self.W])


def evaluate(sums, theta, orders, off):
    """The statistics of each row of orders: (orders, .)."""
    z = np.exp(2j * theta)[orders]
    dth = lateral.wrap(theta[None, :] - theta[:, None])
    out = []
    for W, A, B, total in zip(sums.W, sums.A, sums.B, sums.total):
        if not total > 0:
            continue
        out += [(np.conj(z) @ W * z).real.sum(1) / total, (np.conj(A).sum(0) * z).real.sum(1) / total,
                (z @ np.conj(B) * z).real.sum(1) / total, (A.sum(1) * np.conj(z)).real.sum(1) / total]
    bins = np.where(off, np.mod(np.rint(dth / np.radians(10)).astype(int), 18), 18)
    b = bins[orders[:, :, None], orders[:, None, :]] + 19 * np.arange(len(orders))[:, None, None]
    m = np.bincount(b.ravel(), np.broadcast_to(sums.W[0], b.shape).ravel(), 19 * len(orders)).reshape(-1, 19)[:, :18]
    m = m / np.bincount(bins.ravel(), minlength=19)[:18]
    out.append((m * np.cos(2 * np.radians(10) * np.arange(18))).sum(1) / m.sum(1))
    return np.array(out).T


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        lateral.plant("a", "signed", n=N, k=WIDTH, noise=1)
        units, _ = lateral.read_units("a.tsv")
        g = lateral.Geometry(units, WIDTH)
        K = one("a.lateral.npys").astype(float)
        sums = [Sums(g, np.maximum(sign * w, 0)) for w in (K,) for sign in (1, -1)]
        theta = np.array([u["theta"] for u in units])
        # the same statistics of the kernel itself
        run("-n", "0", "-b", "0", "-q", "0")
        t = table("out.tsv")
        at = {(a, b, c): i for i, (a, b, c) in enumerate(zip(t["kernel"], t["part"], t["quantity"]))}
        theirs = evaluate(sums[0], theta, np.arange(N)[None, :], g.off)[0]
        # R_0, R_1, R_2 less their mean over all permutations, which means of z = e^{2i theta} and its products give
        z, total = np.exp(2j * theta), sums[0].total[0]
        chance = [(abs(z.sum())**2 - N) / (N * (N - 1)), (z.mean() * np.conj(sums[0].A[0]).sum()).real / total,
                  ((z.sum()**2 - (z**2).sum()) / (N * (N - 1)) * np.conj(sums[0].B[0]).sum()).real / total]
        for name, value in [*zip(["R_0", "R_1", "R_2"], theirs[:3] - chance), ("coaxiality", theirs[3])]:
            ours = t["value"][at["K", "positive", name]]
            if not abs(ours - value) < 1e-6:
                sys.exit(f"{name}: {ours}, NumPy gives {value}")

        rng = np.random.default_rng(1)
        began = time.process_time()
        for s in sums:
            for _ in range(PERMUTATIONS // BATCH):
                evaluate(s, theta, rng.permuted(np.tile(np.arange(N), (BATCH, 1)), axis=1), g.off)
        numpy_seconds = time.process_time() - began
        ours = min(float(subprocess.run([program, "a.lateral.npys", "a.tsv", "a.rms.npys", str(PERMUTATIONS)], check=True,
                                        capture_output=True).stdout) for _ in range(3))
        print(f"{PERMUTATIONS} permutations, tuning and direction: {ours:.2f} s; NumPy {np.__version__}: {numpy_seconds:.2f} s, "
              f"{numpy_seconds / ours:.1f} times as long")
        cpus = min(2, len(os.sched_getaffinity(0)))
        wall, cpu = run("-j", str(cpus), "-n", str(PERMUTATIONS), "-b", str(SAMPLES))
        print(f"all defaults, {PERMUTATIONS} permutations, {SAMPLES} bootstrap samples, {cpus} threads: {wall:.1f} s, "
              f"{cpu:.1f} s of CPU time")
    return int(not wall < MINUTE or not numpy_seconds > ours)


sys.exit(main())
