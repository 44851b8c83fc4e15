"""Filters on endless streams: endless(command, bytes) feeds images without end to a tool and checks that its output
comes while the input still goes on and that its memory stays what it was. Exit status 1 with a reason otherwise."""
import subprocess
import sys
import threading
import time
import numpy as np
from npys import _Only


def _memory(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


def endless(command, total, shape=(64, 64), records=False):
    """One endless record, or endless records of 50 images with labels; total: bytes of output to read."""
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    x = np.random.default_rng(1).integers(0, 256, (50, *shape), dtype="u1")

    def feed():
        try:
            if not records:
                h = {"descr": "|u1", "fortran_order": False, "shape": (10**9, *shape)}
                np.lib.format.write_array_header_1_0(_Only(p.stdin), h)
            while True:
                if records:
                    np.lib.format.write_array(_Only(p.stdin), x, version=(1, 0))
                    np.lib.format.write_array(_Only(p.stdin), np.zeros(50, "u1"), version=(1, 0))
                else:
                    p.stdin.write(x.tobytes())
        except (BrokenPipeError, ValueError):
            pass  # the tool has ended: nobody reads its output any more

    threading.Thread(target=feed, daemon=True).start()
    got, early = 0, None
    while got < total:
        piece = p.stdout.read(1 << 16)
        if not piece:
            sys.exit(f"{command[0]} ended after {got} bytes")
        got += len(piece)
        if early is None and got > total // 4:
            early = _memory(p.pid)
    late = _memory(p.pid)
    p.stdout.close()
    p.wait(timeout=10)
    if not late <= early + 8:
        sys.exit(f"{command[0]}: {early} MiB after a quarter, {late} MiB at the end")


def constant(command, total, most, planes=1, shape=(64, 64)):
    """`total` bytes of u1 images in one record, which become `planes` times as many numbers: the first come out before a
    tenth has gone in, all come out, and the most memory ever held is below `most` MiB and, but for 1 MiB, what it was
    after an eighth. Gives that memory in MiB and the seconds it took."""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    piece = np.random.default_rng(2).integers(0, 256, 1 << 20, dtype="u1").tobytes()
    images, rest = divmod(total, shape[0] * shape[1])
    assert rest == 0 and total % len(piece) == 0
    last = threading.Event()  # so that the tool is still there when its memory is read
    fed = 0

    def feed():
        nonlocal fed
        try:
            h = {"descr": "|u1", "fortran_order": False, "shape": (images, *shape)}
            np.lib.format.write_array_header_1_0(_Only(p.stdin), h)
            for i in range(total // len(piece)):
                if i == total // len(piece) - 1:
                    last.wait()
                view = memoryview(piece)
                while view:
                    view = view[p.stdin.write(view) :]
                fed += len(piece)
            p.stdin.close()
        except BrokenPipeError:
            pass  # reported by the status

    threading.Thread(target=feed, daemon=True).start()
    got, first, early, late = 0, None, None, None
    header = 128
    while data := p.stdout.read(1 << 20):
        got += len(data)
        if first is None and got > header:
            first = fed
        if early is None and got > total * planes * 4 // 8:
            early = _memory(p.pid)
        # what is held back in buffers and in the last piece is less than 20 MiB
        if late is None and got > total * planes * 4 - planes * (20 << 20):
            late = _memory(p.pid)
            last.set()
    status = p.wait(timeout=10)
    if status or got != header + total * planes * 4:
        sys.exit(f"{command}: status {status}, {got} bytes")
    if not first <= total / 10:
        sys.exit(f"{command}: nothing came out before {first} bytes had gone in")
    if not (late <= most and late <= early + 1):
        sys.exit(f"{command}: {early} MiB after an eighth, {late} MiB at the end, at most {most}")
    return late, time.perf_counter() - start
