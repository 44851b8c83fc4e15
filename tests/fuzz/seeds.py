#!/usr/bin/env python3
"""Write the fuzz targets' first inputs: small streams and models of every kind, and some that must be refused."""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy as np
from io import BytesIO
from npys import save

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def write(kind, name, data):
    os.makedirs(os.path.join(here, kind), exist_ok=True)
    with open(os.path.join(here, kind, name), "wb") as f:
        f.write(data)


def stream(*arrays):
    f = BytesIO()
    save(f, *arrays)
    return f.getvalue()


def header(text, version=(1, 0), data=b""):
    text = text.encode()
    length = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


r = np.random.default_rng(1)
for t in "u1", "?", "<u2", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8":
    write("npys", "type-" + np.dtype(t).name, stream(r.integers(0, 2, (3, 4)).astype(t)))
x = r.integers(0, 256, (2, 4, 5)).astype("u1")
write("npys", "labelled", stream(x, np.array([0, 1], "u1"), x[:1], np.array([1], "i8")))
write("npys", "channels", stream(r.normal(size=(2, 3, 2, 2)).astype("f4")))
write("npys", "scalar", stream(np.float64(3)))
write("npys", "empty-axis", stream(np.zeros((0, 3)), np.zeros((3, 0))))
write("npys", "nan", stream(np.array([[1, np.nan], [np.inf, 0]], "f4")))
write("npys", "cut", stream(x)[:-3])
write("npys", "cut-header", stream(x)[:40])
write("npys", "big-endian", stream(np.ones(3, "<f4")).replace(b"<f4", b">f4"))
write("npys", "fortran", stream(np.ones((2, 3))).replace(b"False", b"True "))
text = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }\n"
write("npys", "version2", header(text % "1,", (2, 0), b"\0\0\x80?"))
write("npys", "version3", header(text % "1,", (3, 0), b"\0\0\x80?"))
write("npys", "other-order", header("{'shape': (2,), 'descr': '|u1', 'fortran_order': False}\n", data=b"ab"))
write("npys", "huge", header(text % "4294967296, 4294967296, 4294967296"))
write("npys", "large", header(text % "1099511627776, 64", data=bytes(64)))


def model(head, data=b"", length=None):
    head = (head if isinstance(head, str) else json.dumps(head)).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


for t, n in ("F16", 2), ("BF16", 2), ("F32", 4), ("F64", 8), ("I8", 1), ("U8", 1), ("I16", 2), ("U16", 2), ("I32", 4), (
    "U32", 4), ("I64", 8), ("U64", 8), ("BOOL", 1), ("F8_E4M3", 1), ("F8_E5M2", 1):
    write("model", "type-" + t, model({"x": tensor(t, [2, 3], 0, 6 * n)}, bytes(range(6 * n))))
two = {"__metadata__": {"seed": "1", "name": "é"}, "a": tensor("F32", [1], 0, 4), "b.c": tensor("F64", [], 4, 12)}
write("model", "two", model(two, bytes(12)))
write("model", "empty", model({}))
write("model", "no-elements", model({"x": tensor("F32", [0, 3], 0, 0)}))
write("model", "gap", model({"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 8, 12)}, bytes(12)))
write("model", "overlap", model({"a": tensor("F32", [1], 0, 4), "b": tensor("F32", [1], 0, 4)}, bytes(4)))
write("model", "short", model({"a": tensor("F32", [4], 0, 16)}, bytes(9)))
write("model", "overflow", model({"a": tensor("F32", [1 << 62, 4], 0, 16)}, bytes(16)))
write("model", "long-header", model({}, length=1 << 63))
write("model", "duplicate", model('{"a": %s, "a": %s}' % ((json.dumps(tensor("U8", [1], 0, 1)),) * 2), b"a"))
write("model", "bad-utf8", struct.pack("<Q", 6) + b'{"\xff":1}')
write("model", "metadata-number", model('{"__metadata__": {"a": 1}}'))

for name, text, samples in (("pgm", "P5 5 2 255\n", bytes(range(10))), ("ppm16", "P6 5 2 65535\n", bytes(range(60))),
                            ("pbm", "P4 5 2\n", b"\xa8\x50"), ("plain", "P3 2 1 100 # comment\n", b"0 50 100 1 2 3\n"),
                            ("pam", "P7\nWIDTH 5\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n", bytes(30))):
    write("pnm", name, text.encode() + samples)
write("pnm", "two", b"P5 1 1 255\naP5 1 1 255\nb")
write("table", "fits", b"theta_deg\tsf_cpp\treason\n0\t0\tnan\n1\t.1\tnan\n2\t.2\t-\n")
write("table", "empty", b"theta_deg\tsf_cpp\n")
for i, text in enumerate(("0:8,:,3", "-1", "1::3", "...,0", "1,2,-3", " 1 : 3 , : , 2 ", "100:", "1,1,1,1", "0:2:0", "+1")):
    write("slice", str(i), text.encode())
