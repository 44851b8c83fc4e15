#!/usr/bin/env python3
"""The network in PyTorch (python/v1pipe.py), compared with train-v1's and helper/network's.

usage: net.py logits IN MODEL...     logits (n, classes) of the images in IN as npys on standard output, of one model after the
                                other
       net.py tensors PROGRAM...     every tensor of PROGRAM (tests/helper/network, double-network) against the module in
                                double; ends with status 1 where one is further off than it may be
       net.py cycle PEAK STEPS RISE...  the rates of a cycle, a line each, of one cycle after the other
       net.py follow IN STEPS RATE RISE:MOMENTUM DIR... [RISE:MOMENTUM DIR...]...
                                train on from each DIR/first as train-v1 --lateral-decay 0.001 does, without dropout, all images of
                                IN in each step; DIR/losses, and DIR/theirs: parameters and running statistics as npys
"""
import sys, os
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy as np
import torch
import torch.nn.functional as fn
from npys import npys, save
from v1pipe import Network
from weights import NAMES, RUNNING, write


def decay_of(name):
    """train-v1's defaults, with --lateral-decay 0.001; norms and biases have none."""
    if "norm" in name or name.endswith("bias") or name.split(".")[1] in "26":
        return 0.0
    return {"lgn": 5e-3, "v1": 2e-3, "lateral": 1e-3, "head": 5e-4}[name.split(".")[0]]


def follow(images, steps, rate, rise, momentum, folder):
    net = Network.of(os.path.join(folder, "first")).train()
    net.head[10].p = 0.0
    optimiser = torch.optim.SGD([{"params": [net.get_parameter(k)], "weight_decay": decay_of(k)} for k in NAMES],
                                lr=rate, momentum=momentum, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=rate, total_steps=steps, pct_start=rise,
                                                   cycle_momentum=False)
    records = list(npys(images))
    x = torch.from_numpy(np.concatenate(records[::2]).astype(np.float32))[:, None]
    labels = torch.from_numpy(np.concatenate(records[1::2]).astype(np.int64))
    with open(os.path.join(folder, "losses"), "w") as losses:
        for _ in range(steps):
            optimiser.zero_grad()
            loss = fn.cross_entropy(net(x), labels)
            loss.backward()
            optimiser.step()
            schedule.step()
            print(loss.item(), file=losses)
    state = net.state_dict()
    save(os.path.join(folder, "theirs"), *(state[k].numpy() for k in NAMES + RUNNING))


def cycle(peak, rise, steps):
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=peak)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=peak, total_steps=steps, pct_start=rise, cycle_momentum=False)
    for _ in range(steps):
        print(repr(schedule.get_last_lr()[0]))
        optimiser.step()
        if _ + 1 < steps:
            schedule.step()


# k0, F, k1, kl, images, height, width; iterations, propagation, l0
CASES = [(*shape, t, propagation, "relu") for shape in ((3, 5, 5, 5, 4, 17, 31), (7, 16, 11, 9, 3, 20, 18))
         for propagation in ("recurrent", "average") for t in range(4)]
CASES += [(7, 1, 5, 23, 3, 30, 33, 3, "recurrent", "relu"), (5, 33, 13, 15, 2, 22, 20, 2, "recurrent", "linear"),
          (5, 33, 13, 15, 2, 22, 20, 2, "average", "linear"), (7, 64, 11, 21, 2, 18, 17, 1, "recurrent", "relu"),
          (21, 3, 3, 3, 2, 30, 30, 1, "recurrent", "linear")]
MARGIN = 2e-6


def random_network(rng, k0, f, k1, kl, iterations, propagation, lgn):
    """Weights that single precision holds, rectified about half the time, K1 a gain near 1."""
    net = Network(k0, f, k1, kl, 3, iterations, lgn, propagation, 0.0)
    with torch.no_grad():
        for name, p in net.state_dict().items():
            if "num_batches" in name:
                continue
            x = rng.standard_normal(tuple(p.shape))
            if name.endswith("running_var"):
                x = x * x + 0.5
            elif name in ("lgn_norm.weight", "v1_norm.weight", "v1.rms"):
                x = np.ones_like(x)
            elif name == "lateral.weight":
                x *= 0.5 / (np.sqrt(f) * kl)
            elif p.dim() == 4:
                x /= np.sqrt(x[0].size)
            p.copy_(torch.from_numpy(x.astype(np.float32)))
        net.input.mean.fill_(110.5)
        net.input.sd.fill_(47.25)
    return net


def write_model(path, net):
    write(path, {name: p.numpy().astype("<f4") for name, p in net.state_dict().items() if "num_batches" not in name},
          {"iterations": str(net.t), "lgn": "relu" if net.relu else "linear",
           "propagation": "average" if net.average else "recurrent"})


class Nearest:
    """How near the network's rectifiers are to their thresholds, and pools' largest numbers to their second, by the
    spread of what they look at: where rounding could make another branch."""

    def __enter__(self):
        self.relu, self.pool, self.least = fn.relu, fn.max_pool2d, np.inf
        fn.relu, fn.max_pool2d = self.see, self.see_pool
        return self

    def __exit__(self, *_):
        fn.relu, fn.max_pool2d = self.relu, self.pool

    def see(self, x, inplace=False):
        y = x.detach()
        self.least = min(self.least, (y.abs().min() / y.std()).item()) if y.std() > 0 else self.least
        return self.relu(x)

    def see_pool(self, x, size, *rest, **more):
        y = x.detach().unfold(2, size, size).unfold(3, size, size).flatten(-2)
        two = y.topk(2).values
        gap = (two[..., 0] - two[..., 1])[two[..., 0] > 0]  # among zeros there is no gradient to go wrong
        if gap.numel():
            self.least = min(self.least, (gap.min() / y.std()).item())
        return self.pool(x, size, *rest, **more)


def reference(net, x):
    """By the names that the programs give: layers, logits, adjoint, loss, gradients, statistics, gain; and the margin."""
    out = {}
    n = len(x)
    x = torch.from_numpy(x)[:, None]
    with Nearest() as nearest:
        net.eval()
        out["logits"] = net(x)
        out.update(net.layers)
        z = net.layers["z"].detach().requires_grad_(True)
        h = fn.relu(z)
        for _ in range(net.t):
            h = (h + fn.relu(net.lateral(h))) / 2 if net.average else fn.relu(z + net.lateral(h))
        h.backward(torch.from_numpy((np.arange(h.numel()) * 7919 % 1024) / 1024 - 0.5).reshape(h.shape))
        out["adjoint"] = z.grad
        net.zero_grad()
        net.train()
        loss = fn.cross_entropy(net(x), torch.arange(n) % 3)
        loss.backward()
    out["loss"] = loss.reshape(1)
    for name in NAMES:
        p = net.get_parameter(name)
        out["gradient:" + name] = torch.zeros_like(p) if p.grad is None else p.grad
    for name in RUNNING:
        out["statistic:" + name] = net.state_dict()[name]
    return {name: v.detach().numpy().ravel() for name, v in out.items()}, nearest.least


def tensors(programs):
    """Images are drawn until no unit of the reference is within MARGIN of where it would take another branch: then both
    sides take the same ones, and what differs is arithmetic. Without that a unit at its threshold now and then falls the
    other way in single precision, as it does between two runs of PyTorch with other numbers of threads."""
    import subprocess
    torch.set_num_threads(1)
    worst, failed = {}, False
    for case, (k0, f, k1, kl, n, h, w, t, propagation, lgn) in enumerate(CASES):
        for draw in range(200):
            rng = np.random.default_rng((case, draw))
            net = random_network(rng, k0, f, k1, kl, t, propagation, lgn)
            write_model("tensors.safetensors", net)
            x = rng.integers(0, 256, (n, h, w)).astype(np.float64)
            expected, margin = reference(net.double(), x)
            if margin >= MARGIN:
                break
        else:
            sys.exit(f"case {case}: no draw without units at their thresholds")
        x.tofile("tensors.f64")
        for program in programs:
            tolerance = 1e-10 if "double" in os.path.basename(program) else 1e-4
            out = subprocess.run([program, "tensors.safetensors", "tensors.f64", str(n), str(h), str(w)],
                                 stdout=subprocess.PIPE, check=True).stdout
            seen, at = set(), 0
            while at < len(out):
                end = out.index(b"\n", at)
                name, count = out[at:end].decode().split()
                at = end + 1 + 8 * int(count)
                got = np.frombuffer(out[end + 1:at])
                if name not in expected:
                    continue
                seen.add(name)
                r = expected[name]
                assert got.shape == r.shape, name
                norm = np.linalg.norm(r)
                far = np.linalg.norm(got - r) / (norm if norm > 0 else 1)
                key = os.path.basename(program), name
                worst[key] = max(worst.get(key, 0), far)
                if not far <= tolerance:
                    failed = True
                    print(f"{program}: {CASES[case]}: {name}: {far:.3g}")
            if seen != set(expected):
                sys.exit(f"{program}: no {set(expected) - seen}")
    for (program, name), far in sorted(worst.items()):
        print(f"{program}\t{name}\t{far:.2g}")
    return failed


if __name__ == "__main__":
    if sys.argv[1] == "logits":
        for net in map(Network.of, sys.argv[3:]):
            with torch.no_grad():
                for x in npys(sys.argv[2]):
                    if x.ndim == 3:
                        save(sys.stdout.buffer, net(torch.from_numpy(x.astype(np.float32))[:, None]).numpy())
    elif sys.argv[1] == "follow":
        for word in sys.argv[5:]:
            if ":" in word:
                rise, momentum = map(float, word.split(":"))
            else:
                follow(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), rise, momentum, word)
    elif sys.argv[1] == "tensors":
        sys.exit(tensors(sys.argv[2:]))
    elif sys.argv[1] == "cycle":
        for rise in sys.argv[4:]:
            cycle(float(sys.argv[2]), float(rise), int(sys.argv[3]))
    else:
        sys.exit(__doc__)
