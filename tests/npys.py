"""npys for the tests: read records from anything that reads, write them to anything that writes."""
import sys
import numpy as np


class _Only:  # numpy asks real files for their position, which pipes do not have
    def __init__(self, f):
        self.read = getattr(f, "read", None)
        self.write = getattr(f, "write", None)


class _Peek:
    def __init__(self, f, first):
        self.f, self.first = f, first

    def read(self, n=-1):
        head, self.first = self.first[:n] if n >= 0 else self.first, self.first[n:] if n >= 0 else b""
        return head + self.f.read(n - len(head) if n >= 0 else -1) if n < 0 or len(head) < n else head


def npys(f):
    """The records of an open binary file or pipe (or a path), to its end."""
    f = open(f, "rb") if isinstance(f, str) else f
    while True:
        first = f.read(1)
        if not first:
            return
        yield np.lib.format.read_array(_Only(_Peek(f, first)))


def one(f):
    """The only record."""
    (a,) = npys(f)
    return a


def save(f, *arrays):
    """Write records to an open binary file, pipe or path."""
    own = isinstance(f, str)
    f = open(f, "wb") if own else f
    for a in arrays:
        np.lib.format.write_array(_Only(f), np.ascontiguousarray(a) if np.ndim(a) else np.asarray(a), version=(1, 0))
    if own:
        f.close()


def table(path):
    """A tab-separated table as {column: list}; numbers where every cell is one."""
    with open(path) as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    out = {}
    for i, name in enumerate(rows[0]):
        cells = [r[i] for r in rows[1:]]
        try:
            out[name] = np.array([float(c) for c in cells])
        except ValueError:
            out[name] = cells
    return out
