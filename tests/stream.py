"""Filters on endless streams: endless(command, bytes) feeds images without end to a tool and checks that its output
comes while the input still goes on and that its memory stays what it was. Exit status 1 with a reason otherwise."""
import subprocess
import sys
import threading
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
