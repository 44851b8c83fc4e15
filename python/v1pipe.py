"""v1pipe from Python: streams of arrays, tables, models and the network. One file; needs NumPy, and only where used
PyTorch (Network, .pt and .pth files) and SciPy (.mat files). The manual is v1pipe-python(7).

    for a in npys(sys.stdin.buffer): ...    the records of a stream, from a file, a path or a real pipe
    save(sys.stdout.buffer, images, labels)
    table("gabor.tsv")                      {column: array}; pandas.DataFrame takes it as it is
    load_file, save_file, metadata          safetensors, without the package of that name
    Network.of("model.safetensors")         what train-v1 trained, as a PyTorch module
    run("fit-gabor", filters)               a tool, on arrays

    python3 -m v1pipe convert FILE [-o OUT] [--name NAME] [--type TYPE] [--shape N,N..] [--axes I,I..]
"""
import argparse
import functools
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import numpy as np

__all__ = ["npys", "one", "save", "table", "load_file", "save_file", "metadata", "convert", "run"]


class _Only:
    """A file of which NumPy sees read and write alone: it asks real files for their position, which pipes do not have."""

    def __init__(self, f, first=b""):
        self.f, self.first, self.write = f, first, getattr(f, "write", None)

    def read(self, n):
        head, self.first = self.first[:n], self.first[n:]
        return head + self.f.read(n - len(head)) if n > len(head) else head


def npys(f):
    """The records of an open binary file or pipe, or of a path, to its end; ValueError where it is cut off."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as opened:
            yield from npys(opened)
        return
    while first := f.read(1):
        yield np.lib.format.read_array(_Only(f, first))


def one(f):
    """The only record."""
    (a,) = npys(f)
    return a


def save(f, *arrays):
    """Write records to an open binary file or pipe, or to a path: little endian, C order, version 1.0."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "wb") as opened:
            return save(opened, *arrays)
    for a in arrays:
        a = np.asarray(a, order="C")
        np.lib.format.write_array(_Only(f), a.astype(a.dtype.newbyteorder("<"), copy=False), version=(1, 0))


def table(f):
    """A tab-separated table, a path or open text, as {column: array}; a list of texts where a cell is no number."""
    if isinstance(f, (str, os.PathLike)):
        with open(f) as opened:
            return table(opened)
    names, *rows = [line.rstrip("\n").split("\t") for line in f]
    out = {}
    for i, name in enumerate(names):
        cells = [r[i] for r in rows]
        try:
            out[name] = np.array([float(c) for c in cells])
        except ValueError:
            out[name] = cells
    return out


_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
          "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}


def _header(f, path):
    length = f.read(8)
    if len(length) < 8 or (n := int.from_bytes(length, "little")) > 100_000_000:
        raise ValueError(f"{path}: no safetensors file")
    return 8 + n, json.loads(f.read(n))


def load_file(path):
    """The tensors of a safetensors file as {name: array}; BF16 becomes float32."""
    out = {}
    with open(path, "rb") as f:
        start, header = _header(f, path)
        for name, t in header.items():
            if name == "__metadata__":
                continue
            if t["dtype"] not in _TYPES:
                raise ValueError(f"{path}: {name}: {t['dtype']} has no type in NumPy")
            begin, end = t["data_offsets"]
            f.seek(start + begin)
            a = np.frombuffer(bytearray(f.read(end - begin)), _TYPES[t["dtype"]]).reshape(t["shape"])
            out[name] = (a.astype("<u4") << 16).view("<f4") if t["dtype"] == "BF16" else a
    return out


def metadata(path):
    """The {key: text} of a safetensors file: train-v1's options, classes and accuracy."""
    with open(path, "rb") as f:
        return _header(f, path)[1].get("__metadata__", {})


def save_file(tensors, path, metadata=None):
    """Write {name: array} as safetensors, in the reference library's order: larger numbers first, then by name."""
    names = {np.dtype(t): n for n, t in _TYPES.items() if n != "BF16"}
    arrays = {k: np.asarray(a, order="C") for k, a in tensors.items()}
    arrays = {k: a.astype(a.dtype.newbyteorder("<"), copy=False) for k, a in arrays.items()}
    order = sorted(arrays, key=lambda k: (-arrays[k].itemsize, k))
    header, at = {"__metadata__": {k: str(v) for k, v in metadata.items()}} if metadata else {}, 0
    for k in order:
        a = arrays[k]
        header[k] = {"dtype": names[a.dtype], "shape": a.shape, "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for k in order:
            f.write(arrays[k].tobytes())


# other programs' files


class _Arrays(pickle.Unpickler):
    """Pickled arrays and numbers, and nothing else: a pickle may otherwise run any program."""

    def find_class(self, module, name):
        if module.split(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"):
            return super().find_class(module, name)
        raise ValueError(f"it holds {module}.{name}, which is no array")


def _npy(f):
    """One NPY file, also what a stream refuses: Fortran order, big endian, objects."""
    start = f.tell()
    version = np.lib.format.read_magic(f)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    if read(f)[2].hasobject:
        return _Arrays(f, encoding="latin1").load()
    f.seek(start)
    return np.lib.format.read_array(f)


def _flat(x, name=""):
    """The arrays in nested dictionaries, lists, MATLAB structures and arrays of objects, their places joined by dots."""
    join = (name + ".{}" if name else "{}").format
    if hasattr(x, "detach"):  # a tensor of PyTorch's
        x = x.detach().cpu()
        x = (x.float() if "bfloat16" in str(x.dtype) else x).numpy()
    if isinstance(x, dict):
        return {k: a for key, y in x.items() for k, a in _flat(y, join(key)).items()}
    if isinstance(x, (list, tuple)) and not all(isinstance(y, (int, float)) for y in x):
        return _flat(dict(enumerate(x)), name)
    if isinstance(x, (str, bytes, type(None))):
        return {}
    try:
        a = np.asarray(x)
    except ValueError:
        return {}
    if a.dtype.names:
        return _flat({n: a[n] for n in a.dtype.names}, name)
    if a.dtype.hasobject:
        if a.size == 1:
            return _flat(a.item(), name)
        parts = [np.asarray(y) for y in a.ravel()]
        if len({y.shape for y in parts}) != 1 or any(y.dtype.kind not in "biuf" for y in parts):
            return _flat(dict(enumerate(a.ravel())), name)
        a = np.array(parts).reshape(a.shape + parts[0].shape)
    return {name: a} if a.dtype.kind in "biuf" else {}


def _read(path, dtype=None):
    """The file's arrays by name, and the order of its axes: C, or MATLAB's F."""
    with open(path, "rb") as f:
        magic = f.read(8)
        f.seek(0)
        if dtype:
            return {"": np.frombuffer(f.read(), dtype)}, "C"
        if magic[:6] == b"\x93NUMPY":
            records = []
            while f.peek(1):
                records.append(_npy(f))
            return _flat(records if len(records) > 1 else records[0]), "C"
        if magic[:6] == b"MATLAB":
            try:
                import scipy.io
            except ImportError:
                raise ValueError("a .mat file needs SciPy: python3-scipy") from None
            try:
                found = scipy.io.loadmat(f)
            except NotImplementedError:
                raise ValueError("MATLAB 7.3, an HDF5 file; in MATLAB: save -v7") from None
            return _flat({k: v for k, v in found.items() if k[:2] != "__"}), "F"
        zipped = magic[:2] == b"PK"
        if zipped:
            import zipfile
            with zipfile.ZipFile(f) as z:
                if not any(n.endswith("data.pkl") for n in z.namelist()):
                    out = {}
                    for n in z.namelist():
                        out.update(_flat(_npy(io.BytesIO(z.read(n))), n[:-4] if n.endswith(".npy") else n))
                    return out, "C"
            f.seek(0)
        if zipped or magic[:1] == b"\x80":
            try:
                import torch
            except ImportError:
                raise ValueError("a .pt or .pth file needs PyTorch: python3-torch") from None
            try:
                return _flat(torch.load(f, map_location="cpu", weights_only=True)), "C"
            except (pickle.UnpicklingError, RuntimeError) as e:
                raise ValueError("it holds more than tensors, and reading it could run a program; where it comes from:"
                                 f" torch.save(model.state_dict(), ...) ({str(e).splitlines()[-1]})") from None
    if magic[:4] == b"\x89HDF":
        raise ValueError("HDF5; with h5py: numpy.save of one of its arrays (MATLAB 7.3: save -v7)")
    if magic[8:] == b"" and len(magic) == 8 and 2 <= int.from_bytes(magic, "little") < os.path.getsize(path):
        return load_file(path), "C"
    raise ValueError("no .pt, .pth, .npz, .npy, .mat or safetensors file; raw numbers need --type and --shape")


def _plain(a):
    """An array of a type that streams have."""
    kind, size = a.dtype.kind, a.dtype.itemsize
    narrow = {("i", 1): "<i2", ("u", 4): "<i8", ("u", 8): "<i8", ("f", 16): "<f8"}.get((kind, size))
    if (kind, size) == ("u", 8) and a.size and a.max() >= 2**63:
        raise ValueError("numbers of 2^63 and more")
    return np.ascontiguousarray(a.astype(narrow or a.dtype.newbyteorder("<"), copy=False)).reshape(a.shape)


def convert(path, name=None, type=None, shape=None, axes=None):
    """The arrays of FILE by name; one array with `name`. `type`: raw numbers. First `shape`, in the file's order of
    axes (MATLAB's first axis is the fastest), then `axes`, a permutation."""
    tensors, order = _read(path, type)
    if name is not None:
        if name not in tensors:
            raise ValueError(f"no tensor {name}")
        tensors = {name: tensors[name]}
    for k, a in tensors.items():
        a = a.reshape(shape, order=order) if shape else a
        tensors[k] = _plain(a.transpose(axes) if axes else a)
    if not tensors:
        raise ValueError("no array of numbers")
    return tensors


def run(tool, *inputs, **options):
    """Run a tool. Inputs (arrays, or paths) are its operands, arrays together one stream; option=value becomes
    --option value (`_` for `-`; True: without a value; one letter: -n 5); arrays and {column: array} as values become
    files. Gives the list of records, a table, or else the bytes that it wrote; RuntimeError with its message."""
    with tempfile.TemporaryDirectory() as folder:
        def value(v, path):
            if isinstance(v, np.ndarray):
                save(path, v)
            elif hasattr(v, "items"):  # a table; repr gives back the same double
                columns = {k: [repr(float(x)) if not isinstance(x, str) else x for x in c] for k, c in v.items()}
                with open(path, "w") as f:
                    print(*columns, sep="\t", file=f)
                    for row in zip(*columns.values()):
                        print(*row, sep="\t", file=f)
            else:
                return str(v)
            return path

        command = [tool]
        for k, v in options.items():
            if v is not False and v is not None:
                command.append(("-" if len(k) == 1 else "--") + k.replace("_", "-"))
                command += [] if v is True else [value(v, os.path.join(folder, k))]
        stream = io.BytesIO()
        arrays = [a for a in inputs if not isinstance(a, (str, os.PathLike))]
        save(stream, *arrays)
        command += ["--", *map(str, inputs)] if not arrays else []
        done = subprocess.run(command, input=stream.getvalue(), capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip() or f"{tool}: status {done.returncode}")
    if done.stdout[:6] == b"\x93NUMPY":
        return list(npys(io.BytesIO(done.stdout)))
    try:
        text = done.stdout.decode()
    except UnicodeDecodeError:
        return done.stdout
    return table(io.StringIO(text)) if "\t" in text.partition("\n")[0] else done.stdout


@functools.lru_cache(None)
def _network():
    import torch
    import torch.nn as nn
    import torch.nn.functional as fn

    class Network(nn.Module):
        """train-v1's network (v1pipe(7)), with its names: images (n, 1, h, w) as the tools read them to logits
        (n, classes). After a call, `layers` holds a, z, h0, ht. Weights are a state dict of tensors or arrays."""

        def __init__(self, k0, f, k1, kl, classes, iterations, lgn="relu", propagation="recurrent", dropout=0.5):
            super().__init__()
            self.t, self.relu, self.average = iterations, lgn == "relu", propagation == "average"
            self.input = nn.Module()
            self.input.register_buffer("mean", torch.zeros(1))
            self.input.register_buffer("sd", torch.ones(1))
            self.lgn = nn.Conv2d(1, 1, k0, padding=k0 // 2, bias=False)
            self.lgn_norm = nn.BatchNorm2d(1)
            self.v1 = nn.Conv2d(1, f, k1, padding=k1 // 2, bias=False)
            self.v1.register_buffer("rms", torch.ones(f))
            self.v1_norm = nn.BatchNorm2d(f)
            self.lateral = nn.Conv2d(f, f, kl, padding=kl // 2, bias=False)
            self.head = nn.Sequential(
                nn.MaxPool2d(4), nn.Conv2d(f, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
                nn.MaxPool2d(2), nn.Conv2d(128, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
                nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(dropout), nn.Linear(512, classes))
            for n in self.lgn_norm, self.v1_norm:
                n.weight.requires_grad_(False)
            nn.init.zeros_(self.lateral.weight)

        @classmethod
        def of(cls, path):
            """The trained network of a model file, in evaluation mode."""
            t, meta = load_file(path), metadata(path)
            f, _, k1, _ = t["v1.weight"].shape
            net = cls(t["lgn.weight"].shape[2], f, k1, t["lateral.weight"].shape[2], t["head.11.weight"].shape[0],
                      int(meta["iterations"]), meta["lgn"], meta["propagation"])
            net.load_state_dict(t)
            return net.eval()

        def load_state_dict(self, state, strict=True):
            return super().load_state_dict({k: torch.as_tensor(v) for k, v in state.items()}, strict)

        def forward(self, x):
            x = (x - self.input.mean) / self.input.sd
            a = self.lgn_norm(self.lgn(x))
            if self.relu:
                a = fn.relu(a)
            z = self.v1_norm(self.v1(a))
            h = fn.relu(z)
            self.layers = {"a": a, "z": z, "h0": h}
            for _ in range(self.t):
                h = (h + fn.relu(self.lateral(h))) / 2 if self.average else fn.relu(z + self.lateral(h))
            self.layers["ht"] = h
            return self.head(h)

    return Network


def __getattr__(name):  # PyTorch takes seconds to load, so only who asks for the network pays
    if name == "Network":
        return _network()
    raise AttributeError(name)


def _main():
    numbers = lambda s: tuple(int(x) for x in s.split(","))  # noqa: E731
    p = argparse.ArgumentParser("v1pipe", description="Other programs' arrays to npys or safetensors.")
    c = p.add_subparsers(required=True, metavar="convert").add_parser("convert")
    c.add_argument("file")
    c.add_argument("-o", metavar="OUT", help="a name ending in .safetensors takes all tensors; else npys")
    c.add_argument("--name", help="this tensor alone")
    c.add_argument("--type", help="the file is raw numbers of this type, such as '<f4' or '>u2'")
    c.add_argument("--shape", type=numbers, help="in the file's order of axes; -1 once for what is left")
    c.add_argument("--axes", type=numbers, help="then a permutation: 3,2,0,1 of TensorFlow's filters")
    a = p.parse_args()
    try:
        tensors = convert(a.file, a.name, a.type, a.shape, a.axes)
        if a.o and a.o.endswith(".safetensors"):
            write = functools.partial(save_file, {k or "tensor": t for k, t in tensors.items()})
        elif len(tensors) > 1:
            lines = [f"  --name {k!r}\t{t.dtype.str}\t{t.shape}".replace(", ", ",") for k, t in tensors.items()]
            raise ValueError("\n".join([f"{len(tensors)} tensors; take one, or all by -o OUT.safetensors:", *lines]))
        else:
            write = functools.partial(_save_to, *tensors.values())
        if not a.o and sys.stdout.isatty():
            raise ValueError("not to a terminal: -o OUT")
        if not a.o or (os.path.exists(a.o) and not os.path.isfile(a.o)):
            write(a.o or sys.stdout.buffer)
        else:
            try:
                write(a.o + ".part")
                os.replace(a.o + ".part", a.o)
            finally:
                if os.path.exists(a.o + ".part"):
                    os.unlink(a.o + ".part")
        sys.stdout.flush()
    except (OSError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as e:
        sys.exit(f"v1pipe: {e.filename}: {e.strerror}" if isinstance(e, OSError) and e.filename else f"v1pipe: {a.file}: {e}")


def _save_to(array, f):
    save(f, array)


if __name__ == "__main__":
    _main()
