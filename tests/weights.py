"""Model files (safetensors) read by python/v1pipe.py, and written in any order and type."""
import json
import numpy as np
from npys import load_file, metadata

TYPES = {"<f2": "F16", "<f4": "F32", "<f8": "F64", "|i1": "I8", "<i2": "I16", "<i4": "I32", "<i8": "I64", "|u1": "U8",
         "<u2": "U16", "<u4": "U32", "<u8": "U64", "|b1": "BOOL"}

# the network's parameters that learn, and its running statistics
NAMES = ("lgn.weight lgn_norm.bias v1.weight v1_norm.bias lateral.weight head.1.weight head.2.weight head.2.bias head.5.weight "
         "head.6.weight head.6.bias head.11.weight head.11.bias").split()
RUNNING = [n + s for n in ("lgn_norm", "v1_norm", "head.2", "head.6") for s in (".running_mean", ".running_var")]


def load(path):
    """{name: array}, {key: value} of a file."""
    return load_file(path), metadata(path)


def write(path, tensors, metadata=None, pad=8):
    """tensors: {name: array, or (type, array) where the type is none of NumPy's}; the header is a multiple of `pad` bytes."""
    head, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, a in tensors.items():
        kind, a = a if isinstance(a, tuple) else (None, np.asarray(a))
        head[name] = {"dtype": kind or TYPES[a.dtype.str], "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % pad)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + data)


def change(path, to, tensors):
    """The model at path with other numbers in some tensors."""
    old, meta = load(path)
    write(to, {**old, **{name: np.asarray(a, "<f4").reshape(old[name].shape) for name, a in tensors.items()}}, meta)
