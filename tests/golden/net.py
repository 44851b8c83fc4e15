#!/usr/bin/env python3
"""The network in PyTorch (python/v1pipe.py): golden data for tests/unit/network.c, live comparisons for train-v1's tests.

usage: net.py golden DIR        write DIR/net.npys
       net.py logits IN MODEL...     logits (n, classes) of the images in IN as npys on standard output, of one model after the
                                other
       net.py tensors PROGRAM...     every tensor of PROGRAM (tests/helper/network, double-network) against the module in
                                double; ends with status 1 where one is further off than it may be
       net.py cycle PEAK STEPS RISE...  the rates of a cycle, a line each, of one cycle after the other
       net.py follow IN STEPS RATE RISE:MOMENTUM DIR... [RISE:MOMENTUM DIR...]...
                                train on from each DIR/first with train-v1's defaults, but without dropout, all images of
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


SHAPE = dict(k0=3, f=5, k1=5, kl=5, classes=3)


def formula(i, count):
    """Numbers in [-1/2, 1/2) that both sides can make: a hash of the position, exact in double."""
    k = np.arange(1, count + 1, dtype=np.uint64)
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        x = (k + np.uint64(1000003 * i)) * step
        x = (x ^ (x >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return (x >> np.uint64(11)).astype(np.float64) / 2.0 ** 53 - 0.5


def prepare(net):
    """The golden weights, by formula: the test makes the same ones."""
    with torch.no_grad():
        for i, name in enumerate(NAMES):
            p = net.get_parameter(name)
            w = formula(i, p.numel()).reshape(p.shape)
            if name in ("head.2.weight", "head.6.weight"):
                w = 1 + w
            elif name == "lateral.weight":
                w = w / 5
            p.copy_(torch.from_numpy(w))
        net.input.mean.fill_(0.1)
        net.input.sd.fill_(0.6)


def golden(folder):
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    records = []
    n, h, w = 5, 19, 18
    x = torch.from_numpy(formula(100, n * h * w).reshape(n, 1, h, w))
    labels = torch.arange(n) % SHAPE["classes"]
    for lgn in "relu", "linear":
        for propagation in "recurrent", "average":
            for t in range(4):
                net = Network(**SHAPE, iterations=t, lgn=lgn, propagation=propagation, dropout=0.0)
                prepare(net)
                loss = fn.cross_entropy(net(x), labels)
                loss.backward()
                state = net.state_dict()
                # every gradient, then what the batch left in the running statistics
                out = [loss.detach().numpy().reshape(1)]
                for name in NAMES:
                    g = net.get_parameter(name).grad
                    g = torch.zeros_like(net.get_parameter(name)) if g is None else g
                    out.append(probe(g.numpy()))
                out += [state[name].numpy() for name in RUNNING]
                net.eval()
                logits = net(x)
                out += [probe(net.layers[k].detach().numpy()) for k in ("a", "z", "h0", "ht")]
                out.append(logits.detach().numpy().ravel())
                # adjoint of z -> hT at the evaluated activations
                z = net.layers["z"].detach().requires_grad_(True)
                hh = fn.relu(z)
                for _ in range(t):
                    hh = (hh + fn.relu(net.lateral(hh))) / 2 if net.average else fn.relu(z + net.lateral(hh))
                d = torch.from_numpy(formula(200, hh.numel()).reshape(hh.shape))
                hh.backward(d)
                out.append(probe(z.grad.numpy()))
                records.append(np.concatenate([np.ravel(o) for o in out]))
    save(os.path.join(folder, "net.npys"), *records)

    save(os.path.join(folder, "net-trajectory.npys"),
         *(trajectory(t, p) for p in ("recurrent", "average") for t in range(4)))


def trajectory(t, propagation):
    """SGD with Nesterov's momentum, decays per layer, one cycle of 24 steps, 10 images each."""
    net = Network(**SHAPE, iterations=t, propagation=propagation, dropout=0.0)
    prepare(net)
    decay = lambda name: {"lgn": 5e-3, "v1": 2e-3, "lateral": 1e-3, "head": 5e-4}[name.split(".")[0]] if name.endswith("weight") and name.split(".")[1] not in "26" else 0.0
    groups = [{"params": [net.get_parameter(k)], "weight_decay": decay(k) if k.count("norm") == 0 else 0.0} for k in NAMES]
    optimiser = torch.optim.SGD(groups, lr=0.02, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.02, total_steps=24, cycle_momentum=False)
    x = torch.from_numpy(formula(300, 10 * 16 * 16).reshape(10, 1, 16, 16))
    labels = torch.arange(10) % 3
    out = []
    for step in range(24):
        optimiser.zero_grad()
        loss = fn.cross_entropy(net(x), labels)
        loss.backward()
        optimiser.step()
        schedule.step()
        out.append(loss.item())
    out = [np.array(out)] + [probe(net.get_parameter(k).detach().numpy()) for k in NAMES]
    return np.concatenate([np.ravel(o) for o in out])


def decay_of(name):
    """train-v1's defaults; norms and biases have none."""
    if "norm" in name or name.endswith("bias") or name.split(".")[1] in "26":
        return 0.0
    return {"lgn": 5e-3, "v1": 2e-3, "lateral": 2e-3, "head": 5e-4}[name.split(".")[0]]


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


def probe(x, limit=40):
    """What is kept of a large tensor: some of its numbers, its norm, and its projections on two known vectors."""
    x = np.ravel(x).astype(np.float64)
    pick = x if x.size <= limit else x[(np.arange(limit) * 7919) % x.size]
    return np.concatenate([pick, [np.sqrt((x * x).sum()), (x * formula(400, x.size)).sum(), (x * formula(401, x.size)).sum()]])


if __name__ == "__main__":
    if sys.argv[1] == "golden":
        golden(sys.argv[2])
    elif sys.argv[1] == "logits":
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
