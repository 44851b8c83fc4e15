"""Models with something wrong, and the lines that name file, tensor and reason."""
import numpy as np
from weights import load, write

NUMBERS = [("input.mean", np.nan, "nan, not a finite number"), ("input.sd", 0, "0, not above 0"), ("input.sd", -1, "-1, not above 0"),
           ("lgn.weight", np.inf, "inf, not a finite number"), ("v1_norm.weight", 0, "0, not 1"), ("v1_norm.weight", -1, "-1, not 1"),
           ("lgn_norm.weight", 1.5, "1.5, not 1"), ("lgn_norm.running_var", -.25, "-0.25, below 0"),
           ("v1_norm.running_var", np.nan, "nan, not a finite number"), ("v1.rms", -1, "-1, below 0"),
           ("head.2.running_var", -1, "-1, below 0"), ("lateral.weight", -np.inf, "-inf, not a finite number"),
           ("head.11.bias", np.nan, "nan, not a finite number")]
SHAPES = [("v1_norm.bias", (3,), "its shape is (3), not (4)"), ("v1_norm.bias", (4, 1), "its shape is (4, 1), not (4)"),
          ("head.5.weight", (128, 127, 3, 3), "its shape is (128, 127, 3, 3), not (128, 128, 3, 3)"),
          ("lateral.weight", (4, 4, 3, 5), "not the weights of a convolution with an odd square kernel")]
START = "train-v1 --filters 4 --k0 5 --k1 7 --kl 5 --crop 16 --holdout 0 one-size.npys -o out --init"


def models(path):
    """Files 0, 1 ... with another last number, another shape, or without v1.rms; prints a table for errors (common.bash)."""
    tensors, meta = load(path)
    cases = []
    for name, x, reason in NUMBERS:
        a = tensors[name].copy()
        a.flat[-1] = x
        cases.append((name, a, f"number {a.size - 1} is {reason}"))
    cases += [(name, np.zeros(shape, "<f4"), reason) for name, shape, reason in SHAPES]
    for i, (name, a, reason) in enumerate(cases):
        write(str(i), {**tensors, name: a}, meta)
        words = f"{i}: {name}: {reason}".replace("(", r"\(").replace(")", r"\)")
        print(f"v1-respond --model {i} images.npys | 1 | ^v1-respond: {words}")
        if i < len(NUMBERS):
            print(f"{START} {i} | 1 | ^train-v1: {words}")
    write("less", {k: a for k, a in tensors.items() if k != "v1.rms"}, meta)
    print("v1-respond --model less images.npys | 1 | less: .*v1.rms")
