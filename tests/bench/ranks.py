#!/usr/bin/env python3
"""Training on several machines, on paper: ranks.py LEARNING [THREADS]; LEARNING is the program of learning.py.

A step's computation is measured here for the share of a batch each machine has; its communication is the model's:
latency a and bandwidth b of the network, per step
  gradients   4 bytes a weight, summed around a ring: 2 (P - 1) messages, of 1/P of the bytes each
  statistics  9 sums of at most 2 x 128 doubles (norms forward and back, the loss), by doubling: log2 P messages each
  crops       (P - 1) messages; what of this machine's share of the batch lies on others
Nothing overlaps. Strong scaling: the same batch on P machines; weak: a batch P times as large. Where train-v1-mpi is
built, 1 and 2 processes of one thread are measured too."""
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else len(os.sched_getaffinity(0))
NETWORKS = {"InfiniBand: 2 us, 12 GB/s": (2e-6, 12e9), "10 Gbit/s Ethernet: 25 us, 1.1 GB/s": (25e-6, 1.1e9)}
MACHINES = 1, 2, 4, 8, 16, 32, 64
STEPS = (("default: F 64, K1 9 x 9, T 1, 48 x 48, batch 64", 64, 7, 11, 9, 1, 48, 64),
         ("wide: F 64, K1 15 x 15, T 3, 64 x 64, batch 64", 64, 7, 11, 15, 3, 64, 64))
SUMS = 9


def weights(f, k0, k1, kl, classes=10):
    return k0 * k0 + 1 + f * (k1 * k1 + 1) + f * f * kl * kl + 128 * (9 * f + 2) + 128 * (9 * 128 + 2) + (512 + 1) * classes


def computation(program, shares, *network):
    """Seconds of a step by images in it, medians."""
    ours = subprocess.Popen([program, str(THREADS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    seconds = {}
    for n in shares:
        times = []
        for _ in range(6):
            print("train", *network, n, file=ours.stdin, flush=True)
            times.append(float(ours.stdout.readline().split()[0]) * n / 1e3)
        seconds[n] = statistics.median(times[1:])
    ours.stdin.close()
    ours.wait()
    return seconds


def communication(p, latency, bandwidth, gradients, share_bytes, filters):
    if p == 1:
        return 0.0
    ring = 2 * (p - 1) * (latency + gradients / p / bandwidth)
    small = SUMS * math.log2(p) * (latency + 16 * max(filters, 128) / bandwidth)
    crops = (p - 1) * latency + share_bytes * (p - 1) / p / bandwidth
    return ring + small + crops


def measured():
    """Images a second of train-v1-mpi on this machine, from its log: the second epoch's."""
    if not shutil.which("train-v1-mpi") or not shutil.which("mpirun"):
        print("train-v1-mpi is not built (make MPI=1): 1 and 2 processes are not measured\n")
        return
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory() as folder:
        data, log = os.path.join(folder, "data.npys"), os.path.join(folder, "log.tsv")
        subprocess.run(["dead-leaves", "-n", "512", "--size", "48", "-o", data], check=True)
        rates = []
        for p in 1, 2:
            subprocess.run(["mpirun", "-q", "-n", str(p), "train-v1-mpi", "-j", "1", "--epochs", "3", "--holdout", "0", "--log", log,
                            data, "-o", os.path.join(folder, "m")], check=True, env=environment)
            seconds = [float(line.split("\t")[6]) for line in open(log).read().splitlines()[1:]]
            os.remove(log)
            rates.append(512 / statistics.mean(b - a for a, b in zip(seconds, seconds[1:])))
    print(f"measured, default network, -j 1: 1 process {rates[0]:.1f} images/s, 2 processes {rates[1]:.1f}, "
          f"efficiency {rates[1] / rates[0] / 2:.2f}\n")


measured()
for name, f, k0, k1, kl, t, crop, batch in STEPS:
    seconds = computation(sys.argv[1], sorted({batch // p for p in MACHINES}), f, k0, k1, kl, t, crop)
    gradients = 4 * weights(f, k0, k1, kl)
    print(f"{name}; {THREADS} threads a machine; gradients {gradients / 1e6:.2f} MB")
    for network, (latency, bandwidth) in NETWORKS.items():
        print(f"  {network}")
        print(f"  {'P':>4s} {'images':>7s} {'compute':>9s} {'sum':>8s} {'images/s':>9s} {'strong':>7s} | {'sum':>8s} {'images/s':>9s} {'weak':>6s}")
        for p in MACHINES:
            share = batch // p
            strong = communication(p, latency, bandwidth, gradients, 4 * crop * crop * share, f)
            weak = communication(p, latency, bandwidth, gradients, 4 * crop * crop * batch, f)
            total, wide = seconds[share] + strong, seconds[batch] + weak
            print(f"  {p:4d} {share:7d} {1e3 * seconds[share]:6.1f} ms {1e3 * strong:5.2f} ms {batch / total:9.0f} "
                  f"{seconds[batch] / p / total:7.2f} | {1e3 * weak:5.2f} ms {p * batch / wide:9.0f} {seconds[batch] / wide:6.2f}")
    print()
