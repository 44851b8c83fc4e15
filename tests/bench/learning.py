#!/usr/bin/env python3
"""Training against PyTorch on the same work: learning.py PROGRAM [THREADS]. Needs torch.

Each line is the median of interleaved runs, in ms per image: ours, PyTorch's, how many times faster. PyTorch gets fewer
images a run where it is slow (its time is linear in them). Floor: the same transforms and products alone."""
import os
import statistics
import subprocess
import sys
import time

threads = int(sys.argv[2]) if len(sys.argv) > 2 else len(os.sched_getaffinity(0))
os.environ["OMP_NUM_THREADS"] = str(threads)
try:
    import torch
    import torch.nn.functional as fn
except ImportError:
    print("learning: no torch (./setup bench installs it): nothing to compare with", file=sys.stderr)
    sys.exit(77)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from net import Network  # noqa: E402

torch.set_num_threads(threads)
ours = subprocess.Popen([sys.argv[1], str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                        env={**os.environ, "OMP_WAIT_POLICY": "passive"})
ROUNDS = int(os.environ.get("ROUNDS", 5))


def ask(*command):
    ours.stdin.write(" ".join(map(str, command)) + "\n")
    ours.stdin.flush()
    return float(ours.stdout.readline())


def timed(f, n):
    start = time.perf_counter()
    f()
    return 1e3 * (time.perf_counter() - start) / n


def compare(name, command, step, n, floor=None):
    ask(*command), step()  # plans, caches
    a, b, c = [], [], []
    for _ in range(ROUNDS):
        a.append(ask(*command))
        b.append(timed(step, n))
        if floor:
            c.append(ask(*floor))
    m, p = statistics.median(a), statistics.median(b)
    text = f"{name:44s} {m:9.2f} {p:9.1f} {p / m:8.1f}"
    print(text + (f" {m / statistics.median(c):8.2f}" if floor else ""), flush=True)


print(f"{'ms per image, ' + str(threads) + ' threads':44s} {'ours':>9s} {'PyTorch':>9s} {'times':>8s} {'/floor':>8s}")
for k, n in (5, 32), (9, 32), (15, 4), (21, 2):
    x = torch.rand(n, 64, 64, 64, requires_grad=True)
    w = torch.rand(64, 64, k, k, requires_grad=True)
    g = torch.rand(n, 64, 64, 64)

    def step():
        fn.conv2d(x, w, padding=k // 2).backward(g)

    compare(f"64 -> 64 channels, 64 x 64, {k} x {k}", ("conv", 64, 64, k, 32), step, n, ("floor", 64, 64, k, 32))

for name, f, k1, kl, t, crop, batch, n in (
        ("step, K1 15 x 15, T 3, 64 x 64, batch 32", 64, 11, 15, 3, 64, 32, 2),
        ("step, default: K1 9 x 9, T 1, 48 x 48, batch 64", 64, 11, 9, 1, 48, 64, 16),
        ("step, no K1, 64 x 64, batch 64", 64, 11, 9, 0, 64, 64, 16)):
    net = Network(7, f, k1, kl, 10, t)
    optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-4, momentum=0.9, nesterov=True)
    x, y = torch.rand(n, 1, crop, crop), torch.arange(n) % 10

    def step():
        optimiser.zero_grad()
        fn.cross_entropy(net(x), y).backward()
        optimiser.step()

    compare(name, ("train", f, 7, k1, kl, t, crop, batch), step, n)

print("\nms per image by kernel size (64 -> 64 channels, 64 x 64, batch 32), and by images (9 x 9)")
for k in range(3, 32, 4):
    ask("conv", 64, 64, k, 32)
    print(f"{k} x {k}: {statistics.median(ask('conv', 64, 64, k, 32) for _ in range(3)):.2f}", flush=True)
for n in 1, 2, 8, 32, 128:
    ask("conv", 64, 64, 9, n)
    print(f"{n} images: {statistics.median(ask('conv', 64, 64, 9, n) for _ in range(3)):.2f}", flush=True)
