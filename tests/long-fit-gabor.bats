# fit-gabor on 1,000 planted Gabors at each of four noise levels: bias and spread against the Cramer-Rao bound; comparisons
# of many banks against their chance
load common

@test "planted banks: exact without noise, efficient with it, the global optimum in more than 99 %" {
	python '
import profiles
rng = np.random.default_rng(17)
k, n = 11, 1000
def gabor(p):
    a, t, q, f, across, along, x0, y0, c = p
    return profiles.gabor(k, np.degrees(t), np.degrees(q), f, across, along, x0, y0, a, c).ravel()
P = []
while len(P) < n:
    f, nx = rng.uniform(.06, .42), rng.uniform(.25, .9)
    across, along = nx / f, nx / f * rng.uniform(.7, 2)
    p = [1, rng.uniform(0, np.pi), rng.uniform(-np.pi, np.pi), f, across, along, *rng.uniform(-5.5, 5.5, 2), 0]
    s, t = abs(np.sin(p[1])), abs(np.cos(p[1]))
    if across > .5 and abs(p[6]) + max(across * s, along * t) < 5.5 and abs(p[7]) + max(across * t, along * s) < 5.5:
        P.append(p)
P = np.array(P)
clean = np.array([gabor(p) for p in P])
bound = np.empty((n, 9))
for j, p in enumerate(P):  # sd of each parameter for noise of sd 1
    J = np.stack([(gabor(p + d) - gabor(p - d)) / 2e-6 for d in 1e-6 * np.eye(9)], 1)
    bound[j] = np.sqrt(np.diag(np.linalg.inv(J.T @ J)))
save("truth.npys", P, bound)
for level in (0, .1, .2, .3):
    sd = np.sqrt(clean.var(axis=1, keepdims=True) * level / (1 - level))
    y = clean + sd * rng.normal(size=clean.shape)
    save(f"bank{level}.npys", y.reshape(n, k, k))
    save(f"sse{level}.npys", ((y - clean)**2).sum(1), sd[:, 0])
'
	for level in 0 0.1 0.2 0.3; do
		fit-gabor --surrogates 0 --gabor-only bank$level.npys >fit$level.tsv
	done
	python '
P, bound = npys("truth.npys")
names = "amplitude theta_deg phase_deg sf_cpp sigma_across_px sigma_along_px x0_px y0_px offset".split()
scale = np.array([1, 180 / np.pi, 180 / np.pi, 1, 1, 1, 1, 1, 1])
period = [0, 180, 360, 0, 0, 0, 0, 0, 0]
for level in ("0", "0.1", "0.2", "0.3"):
    t, (noise, sd) = table(f"fit{level}.tsv"), npys(f"sse{level}.npys")
    D = np.stack([t[m] - P[:, i] * scale[i] for i, m in enumerate(names)], 1)
    for i in (1, 2):
        D[:, i] = (D[:, i] + period[i] / 2) % period[i] - period[i] / 2
    found = t["noise"]**2 * (121 - 9)
    if level == "0":
        missed = found > 1e-16
        assert np.abs(D[~missed][:, [0, 3, 4, 5, 6, 7, 8]]).max() < 1e-6 and np.abs(D[~missed][:, 1]).max() < .01
        assert np.abs(D[~missed][:, 2]).max() < 1e-4
    else:
        missed = found > noise * (1 + 1e-9)  # worse than the truth: certainly not the global optimum
        Z = D[~missed] / (bound[~missed] * sd[~missed, None] * scale)
        print(f"# noise {level} of the power, missed {missed.mean():.4f}; deviation in units of the Cramer-Rao bound:",
              file=sys.stderr)
        for i, m in enumerate(names):
            print(f"#   {m:16} bias {Z[:, i].mean():+.3f}  median {np.median(Z[:, i]):+.3f}  rms {np.sqrt((Z[:, i]**2).mean()):.2f}"
                  f"  robust spread {np.diff(np.percentile(Z[:, i], [15.87, 84.13]))[0] / 2:.3f}", file=sys.stderr)
            spread = np.diff(np.percentile(Z[:, i], [15.87, 84.13]))[0] / 2
            assert .85 < spread < 1 + 1.5 * float(level) and abs(np.median(Z[:, i])) < 2 * float(level), (level, m, spread, np.median(Z[:, i]))
        # the standard errors that the tool gives are about the bound
        ratio = t["theta_deg_se"] / (bound[:, 1] * sd * 180 / np.pi)
        assert .9 < np.nanmedian(ratio) < 1.1, (np.nanmedian(ratio), np.isnan(ratio).sum())
        if level == "0.1":
            assert np.median(np.abs(D[:, 1])) < 1
    assert missed.mean() < .01, (level, missed.mean())
'
}

@test "compared with as many surrogates: of 120 banks of 8 Gabors among 64 white filters angles have p <= .05 in about 5 %" {
	python '
from fitting import uniform_banks
p, u = uniform_banks(120, 64, 99)
for q in (2, 3, 4, 5):
    for x in (p[:, q], u[:, q]):
        print(f"# quantity {q}: p <= .05 in {np.mean(x <= .05):.3f}, <= .2 in {np.mean(x <= .2):.3f}", file=sys.stderr)
        assert np.mean(x <= .05) < .125 and np.mean(x <= .2) < .33, q'  # binomial: 1 in 1000 each
}

@test "banks that networks learned: less than 1 % of optima are missed by more than .003 in r, against 40 random starts of SciPy" {
	/usr/bin/python3 -c 'import scipy' 2>/dev/null || skip "no SciPy"
	needs_data networks
	python '
for name in ("hgru-bank", "sdpc-stl-bank", "lian-simple"):
    save(name + ".npys", np.load(sys.argv[1] + "/" + name + ".npy").astype(float))' "$data/networks"
	for bank in hgru-bank sdpc-stl-bank lian-simple; do
		fit-gabor --surrogates 0 --gabor-only --profiles $bank.profiles.npys $bank.npys >$bank.tsv
	done
	PYTHONPATH=$golden:$PYTHONPATH PYTHON=/usr/bin/python3 python '
from optima import best_r
missed, rng = [], np.random.default_rng(3)
for name in ("hgru-bank", "sdpc-stl-bank", "lian-simple"):
    r = table(name + ".tsv")["r"]
    missed += [best_r(y, rng) > found + .003 for y, found in zip(one(name + ".profiles.npys"), r)]
print(f"# missed: {sum(missed)} of {len(missed)}", file=sys.stderr)
assert len(missed) == 189 and np.mean(missed) < .01, np.flatnonzero(missed)'
}
