#!/usr/bin/env python3
"""Training against FFTW with OpenBLAS and against PyTorch, on the same work: learning.py PROGRAM [THREADS].

First PROGRAM and PROGRAM-fftw, which differ in the convolution of several channels only: whole training steps on one
thread, interleaved, the least processor time, which other processes disturb less than the clock. Then, where torch is
installed, PyTorch.

Each line is the median of interleaved runs, in ms per image: ours, PyTorch's, how many times faster. Both have the same
images, but for the largest kernel, where PyTorch has fewer, as its line says (its time is linear in them).
Then peak memory of processes of their own on the same batch, and the cost by the kernel's size and by images, as tables
and a figure beside PROGRAM. Status 1 where a line is slower than asked for, where memory is larger than PyTorch's, or
where the cost is not flat in the kernel's size or not linear in images."""
import os
import statistics
import subprocess
import sys
import time

threads = int(sys.argv[2]) if len(sys.argv) > 2 else len(os.sched_getaffinity(0))
os.environ["OMP_NUM_THREADS"] = str(threads)
ROUNDS = int(os.environ.get("ROUNDS", 5))


class Program:
    """Answers commands with milliseconds per image, elapsed and of all threads' processor time."""

    def __init__(self, path, threads):
        self.process = subprocess.Popen([path, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *command):
        print(*command, file=self.process.stdin, flush=True)
        return tuple(map(float, self.process.stdout.readline().split()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare_engines():
    engines = [Program(sys.argv[1], 1), Program(sys.argv[1] + "-fftw", 1)]
    print(f"{'step, 48 x 48, batch 64, 1 thread, ms of CPU per image':56s} {'ours':>7s} {'FFTW':>7s} {'ratio':>7s}")
    for f, kl, t in (32, 9, 1), (64, 9, 1), (64, 15, 1), (64, 23, 1):
        times = [[], []]
        for round in range(ROUNDS + 1):  # the first makes plans
            for engine, own in zip(engines, times):
                own.append(engine.ask("train", f, 7, 11, kl, t, 48, 64)[1])
        a, b = (min(own[1:]) for own in times)
        print(f"{f'{f} filters, K1 {kl} x {kl}':56s} {a:7.2f} {b:7.2f} {b / a:7.2f}", flush=True)
    print()
    for engine in engines:
        engine.end()


compare_engines()
try:
    import torch
    import torch.nn.functional as fn
except ImportError:
    print("learning: no torch (./setup bench installs it): not compared with PyTorch", file=sys.stderr)
    sys.exit(77)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from net import Network  # noqa: E402

torch.set_num_threads(threads)
ours = Program(sys.argv[1], threads)


def ask(*command):
    return ours.ask(*command)[0]


def timed(f, n):
    start = time.perf_counter()
    f()
    return 1e3 * (time.perf_counter() - start) / n


failed = False


FLAT = 2.0  # largest/smallest time of kernels 3 x 3 to 31 x 31
LINEAR = 0.2  # relative distance of a time by images from its line


def compare(name, command, step, n, least):
    """One line; n: PyTorch's images. Failed where it is not at least so many times PyTorch."""
    global failed
    ask(*command), step()  # plans, caches
    times = [(ask(*command), timed(step, n)) for _ in range(ROUNDS)]
    m, p = (statistics.median(t) for t in zip(*times))
    failed |= not p / m >= least
    images = f"{command[-1]}/{n}" if n != command[-1] else f"{n}"
    print(f"{name:48s} {images:>8s} {m:9.2f} {p:9.1f} {p / m:8.1f} {least:8d}", flush=True)


print(f"{'ms per image, ' + str(threads) + ' threads':48s} {'images':>8s} {'ours':>9s} {'PyTorch':>9s} {'times':>8s} {'at least':>8s}")
for k, n, least in (5, 32, 4), (9, 32, 6), (15, 32, 35), (21, 8, 70):
    x = torch.rand(n, 64, 64, 64, requires_grad=True)
    w = torch.rand(64, 64, k, k, requires_grad=True)
    g = torch.rand(n, 64, 64, 64)

    def step():
        x.grad = w.grad = None
        fn.conv2d(x, w, padding=k // 2).backward(g)

    compare(f"64 -> 64 channels, 64 x 64, {k} x {k}", ("conv", 64, 64, k, 32), step, n, least)

for name, f, k1, kl, t, crop, batch, n, least in (
        ("step, K1 15 x 15, T 3, 64 x 64, batch 32", 64, 11, 15, 3, 64, 32, 32, 18),
        ("step, default: K1 9 x 9, T 1, 48 x 48, batch 64", 64, 11, 9, 1, 48, 64, 64, 4),
        ("step, no K1, 64 x 64, batch 64", 64, 11, 9, 0, 64, 64, 64, 3)):
    net = Network(7, f, k1, kl, 10, t)
    optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-4, momentum=0.9, nesterov=True)
    x, y = torch.rand(n, 1, crop, crop), torch.arange(n) % 10

    def step():
        optimiser.zero_grad()
        fn.cross_entropy(net(x), y).backward()
        optimiser.step()

    compare(name, ("train", f, 7, k1, kl, t, crop, batch), step, n, least)


def high_water(pid):
    """Peak resident memory of a process that is alive, in MB. ru_maxrss would have that of its parent before exec."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def our_peak(*network):
    process = subprocess.Popen([sys.argv[1], str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for _ in range(2):
        print("train", *network, file=process.stdin, flush=True)
        process.stdout.readline()
    mb = high_water(process.pid)
    process.stdin.close()
    process.wait()
    return mb


def their_peak(code, *arguments):
    process = subprocess.Popen([sys.executable, "-c", code + "\ninput()", *map(str, arguments)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdout.readline()  # it is done
    mb = high_water(process.pid)
    process.communicate("\n")
    return mb


THEIRS = """
import sys
import torch
import torch.nn.functional as fn
sys.path.insert(0, sys.argv[1])
from v1pipe import Network
threads, steps, f, k0, k1, kl, t, crop, n = map(int, sys.argv[2:])
torch.set_num_threads(threads)
net = Network(k0, f, k1, kl, 10, t)
optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-4, momentum=0.9, nesterov=True)
x, y = torch.rand(n, 1, crop, crop), torch.arange(n) % 10
for _ in range(steps):
    optimiser.zero_grad()
    fn.cross_entropy(net(x), y).backward()
    optimiser.step()
print("done", flush=True)
"""
PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python")

print(f"\n{'peak memory of a training process, MB':44s} {'ours':>9s} {'PyTorch':>9s} {'ours/its':>8s}")
idle = their_peak("import torch; print('done', flush=True)")
for name, network, steps in (("default: K1 9 x 9, T 1, 48 x 48, batch 64", (64, 7, 11, 9, 1, 48, 64), 2),
                             ("no K1, 64 x 64, batch 64", (64, 7, 11, 9, 0, 64, 64), 2),
                             ("K1 15 x 15, T 3, 64 x 64, batch 32", (64, 7, 11, 15, 3, 64, 32), 1)):
    a, b = our_peak(*network), their_peak(THEIRS, PYTHON, threads, steps, *network)
    failed |= a > b
    print(f"{name:44s} {a:9.0f} {b:9.0f} {a / b:8.2f}{'' if a <= b else '   larger than PyTorch'}", flush=True)
print(f"PyTorch, imported only: {idle:.0f} MB")

folder = os.path.dirname(os.path.abspath(sys.argv[1]))


def curve(name, points):
    """Median seconds of 64 -> 64 channels, 64 x 64, at (kernel, images); also written to a table."""
    times = {p: [] for p in points}
    for _ in range(ROUNDS + 1):  # interleaved, so that what the machine does else falls on all alike
        for k, n in points:
            times[k, n].append(ask("conv", 64, 64, k, n) * n / 1e3)
    times = {p: statistics.median(t[1:]) for p, t in times.items()}
    with open(os.path.join(folder, name), "w") as table:
        print("kernel_px\timages\tseconds\tms_per_image", file=table)
        for (k, n), t in times.items():
            print(f"{k}\t{n}\t{t:.6g}\t{1e3 * t / n:.6g}", file=table)
            print(f"{k:2d} x {k:2d} px {n:4d} images {1e3 * t:9.2f} ms {1e3 * t / n:7.2f} ms per image", flush=True)
    return times


print("\ncost by size of the kernel: 64 -> 64 channels, 64 x 64, forward and both gradients")
by_kernel = curve("kernels.tsv", [(k, 32) for k in range(3, 32, 2)])
t = list(by_kernel.values())
flat = max(t) / min(t)
failed |= not flat <= FLAT
print(f"3 x 3 to 31 x 31: largest/smallest {flat:.2f} (at most {FLAT}), 31 x 31/3 x 3 {t[-1] / t[0]:.2f} (direct sums: {31 ** 2 / 9:.0f})")

print("\ncost by images: 9 x 9 px")
by_images = curve("images.tsv", [(9, n) for n in (1, 2, 4, 8, 16, 32, 64, 128)])
n = [n for _, n in by_images]
t = list(by_images.values())
# t = a + b n, of least relative error
w = [1 / x for x in t]
s0, s1, s2 = (sum(v * v * m ** e for v, m in zip(w, n)) for e in (0, 1, 2))
r0, r1 = (sum(v * v * x * m ** e for v, x, m in zip(w, t, n)) for e in (0, 1))
b = (s0 * r1 - s1 * r0) / (s0 * s2 - s1 * s1)
a = (r0 - b * s1) / s0
worst = max(abs(x / (a + b * m) - 1) for x, m in zip(t, n))
failed |= not worst <= LINEAR
print(f"time = {1e3 * a:.1f} ms + {1e3 * b:.2f} ms an image, within {100 * worst:.0f} % (at most {100 * LINEAR:.0f}); "
      f"128 images cost {t[-1] / t[-3]:.2f} times 32 (linear: 4)")

try:
    subprocess.run(["gnuplot", "-e", f"folder = '{folder}'; constant = {1e3 * a}; slope = {1e3 * b}",
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), "learning.gp")], check=True)
    print(f"figure: {folder}/learning.svg; tables: kernels.tsv, images.tsv beside it")
except (OSError, subprocess.CalledProcessError) as error:
    print(f"no figure: {error}")
ours.end()
sys.exit(failed)
