#!/usr/bin/env python3
"""whiten and lgn-filter against scipy.signal.fftconvolve and NumPy's FFT on the same streams. Both read a stream of u1 batches from a file and write <f4 batches to /dev/null; the peer's time begins after its
imports, the tools' with the start of the process. Runs are interleaved, and the best of each is shown, since other
work on the machine only ever adds. ratio, ratio_j2: of wall times, on one thread and two (the peers have one);
ratio_cpu: of CPU times on one thread. Status 1 where the larger of ratio and ratio_cpu is below FLOOR."""
import os
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy as np
from npys import npys, save

RUNS = 5


def log(sigma):
    r = int(np.ceil(6 * sigma))
    i = np.arange(-r, r + 1)
    rho2 = i[:, None] ** 2 + i[None] ** 2
    g = np.exp(-rho2 / (2 * sigma**2))
    k = (1 - rho2 / (2 * sigma**2)) * g
    k -= k.sum() / g.sum() * g
    return (k / k[k > 0].sum()).astype("f4")


def fftconvolve(kernel):
    from scipy.signal import fftconvolve

    turned = kernel[::-1, ::-1][None]
    return lambda x: fftconvolve(x.astype("f4"), turned, mode="same", axes=(1, 2))


def numpy_whiten(reflect):
    def run(x):
        h, w = x.shape[1:]
        x = x.astype("f4")
        if reflect:  # the same thing
            x = np.concatenate([x, x[..., ::-1]], -1)
            x = np.concatenate([x, x[..., ::-1, :]], -2)
        f = np.hypot(np.fft.fftfreq(x.shape[1])[:, None], np.fft.rfftfreq(x.shape[2])[None])
        y = np.fft.irfft2(np.fft.rfft2(x) * (f * np.exp(-((f / 0.4) ** 4))), x.shape[1:])
        return y[:, :h, :w]

    return run


def local_contrast(sigma):
    from scipy.signal import fftconvolve

    r = int(np.ceil(6 * sigma))
    g = np.exp(-(np.arange(-r, r + 1) ** 2) / (2 * sigma**2))
    g = (np.outer(g, g) / g.sum() ** 2).astype("f4")[None]

    def blur(x):
        return fftconvolve(np.pad(x, ((0, 0), (r, r), (r, r)), "symmetric"), g, mode="valid", axes=(1, 2))

    def run(x):
        x = x.astype("f4")
        v = x - blur(x)
        s = np.sqrt(np.maximum(blur(v * v), 0))
        return v / np.maximum(s, s.mean((1, 2), keepdims=True))

    return run


PEERS = {
    "log1.5": lambda: fftconvolve(log(1.5)),
    "log4": lambda: fftconvolve(log(4)),
    "psi0": lambda: fftconvolve(np.random.default_rng(1).normal(size=(7, 7)).astype("f4")),
    "any31": lambda: fftconvolve(np.random.default_rng(1).normal(size=(31, 31)).astype("f4")),
    "periodic": lambda: numpy_whiten(False),
    "reflected": lambda: numpy_whiten(True),
    "lcn": lambda: local_contrast(2),
}

FLOOR = 1

# what is run, and its peer
TASKS = [
    ("lgn-filter --log 1.5", "log1.5"),
    ("lgn-filter --log 4", "log4"),
    ("lgn-filter --kernel psi0.npys", "psi0"),
    ("lgn-filter --kernel any31.npys", "any31"),
    ("whiten", "periodic"),  # not the same thing: the period's jump is in its result
    ("whiten", "reflected"),
    ("whiten --method lcn", "lcn"),
]
SIZES = ("64x64", (4000, 64, 64)), ("256x256", (250, 256, 256)), ("481x321", (100, 481, 321))


def peer(name, path):
    run = PEERS[name]()
    start, cpu = time.perf_counter(), time.process_time()
    with open(path, "rb") as f, open(os.devnull, "wb") as out:
        for x in npys(f):
            save(out, run(x).astype("f4"))
    print(time.perf_counter() - start, time.process_time() - cpu)


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def compare(folder):
    rng = np.random.default_rng(2)
    good = True
    print("images\tcommand\tpeer\tpeer_s\tours_s\tours_j2_s\tratio\tratio_j2\tratio_cpu")
    for name, shape in SIZES:
        path = os.path.join(folder, name)
        save(path, *np.array_split(rng.integers(0, 256, shape, dtype="u1"), 8))
        for command, other in TASKS:
            ours, two, theirs = [], [], []
            words = [w if not w.endswith(".npys") else os.path.join(folder, w) for w in command.split()]
            for _ in range(RUNS):
                ours.append(timed([*words, path]))
                two.append(timed([*words, "-j", "2", path]))
                out = subprocess.run([sys.executable, __file__, other, path], check=True, stdout=subprocess.PIPE)
                theirs.append(tuple(map(float, out.stdout.split())))
            (a, a_cpu), (b, _), (c, c_cpu) = (
                [min(v) for v in zip(*times)] for times in (ours, two, theirs)
            )
            print(name, command, other, f"{c:.3f}\t{a:.3f}\t{b:.3f}\t{c / a:.1f}\t{c / b:.1f}\t{c_cpu / a_cpu:.1f}",
                  sep="\t", flush=True)
            good &= max(c / a, c_cpu / a_cpu) >= FLOOR
    return good


def main():
    try:
        import scipy.signal  # noqa: F401
    except ImportError:
        print("bench-filters: skipped, no SciPy: ./setup bench")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for n, name in (7, "psi0"), (31, "any31"):
            save(os.path.join(folder, name + ".npys"), np.random.default_rng(1).normal(size=(n, n)).astype("f4"))
        good = compare(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(peer(*sys.argv[1:]) if len(sys.argv) > 1 else main())
