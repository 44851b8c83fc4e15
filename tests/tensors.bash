# What the tests of the tensor tools share:  load tensors

# model [FILE]: safetensors of many types, the data not aligned, made from the format's description alone
model() {
	python '
import json, struct
r = np.random.default_rng(4)
bf = lambda *x: (np.array(x, "<f4").view("<u4") >> 16).astype("<u2")
tensors = {"f64": ("F64", r.normal(size=(2, 2))), "f32": ("F32", r.normal(size=(2, 3, 4, 4)).astype("<f4")),
           "i64": ("I64", np.array([-1, 0, 2**53 + 1])), "f8": ("F8_E4M3", np.arange(4, dtype="u1")),
           "bf16": ("BF16", bf(1, -2)), "f16": ("F16", np.array([0.5, 65504, 1e-7], "<f2")),
           "bool": ("BOOL", np.array([True, False])), "i8": ("I8", np.array([-128, 127], "i1")),
           "u8": ("U8", np.array([[0, 255]], "u1")), "i16": ("I16", np.array([-5], "<i2")), "u16": ("U16", np.array([65535], "<u2")),
           "i32": ("I32", np.array([-2**31], "<i4")), "u32": ("U32", np.array([2**32 - 1], "<u4")),
           "u64": ("U64", np.array([2**63 - 1], "<u8")), "scalar": ("F32", np.array(7, "<f4")), "none": ("F32", np.zeros((0, 3), "<f4")),
           "tab\there": ("U8", np.zeros(1, "u1"))}
header, data = {"__metadata__": {"note": "a\tb\nc\\d", "format": "pt"}}, b""
for name, (dtype, a) in tensors.items():
    header[name] = {"dtype": dtype, "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
    data += a.tobytes()
    if dtype not in ("F8_E4M3",) and "\t" not in name:
        save(f"{name}.expected", a if dtype != "BF16" else np.array([1, -2], "<f4"))
text = json.dumps(header).encode()
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + data)' "${1:-m.safetensors}"
}
