# What the tests of the tensor tools share:  load tensors

# model [FILE]: safetensors of many types, the data not aligned, made from the format's description alone
model() {
	python '
from weights import write
r = np.random.default_rng(4)
tensors = {"f64": r.normal(size=(2, 2)), "f32": r.normal(size=(2, 3, 4, 4)).astype("<f4"), "i64": np.array([-1, 0, 2**53 + 1]),
           "f8": ("F8_E4M3", np.arange(4, dtype="u1")), "bf16": ("BF16", np.array([0x3f80, 0xc000], "<u2")),
           "f16": np.array([0.5, 65504, 1e-7], "<f2"), "bool": np.array([True, False]), "i8": np.array([-128, 127], "i1"),
           "u8": np.array([[0, 255]], "u1"), "i16": np.array([-5], "<i2"), "u16": np.array([65535], "<u2"),
           "i32": np.array([-2**31], "<i4"), "u32": np.array([2**32 - 1], "<u4"), "u64": np.array([2**63 - 1], "<u8"),
           "scalar": np.array(7, "<f4"), "none": np.zeros((0, 3), "<f4"), "tab\there": np.zeros(1, "u1")}
write(sys.argv[1], tensors, {"note": "a\tb\nc\\d", "format": "pt"}, pad=1)
for name, a in {**tensors, "bf16": np.array([1, -2], "<f4")}.items():
    if name not in ("f8", "tab\there"):
        save(f"{name}.expected", a)' "${1:-m.safetensors}"
}
