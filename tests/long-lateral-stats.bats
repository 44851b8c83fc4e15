#!/usr/bin/env bats
# False positives of every p of lateral-stats: V1PIPE_KERNELS (1,000) simulated kernels of each kind, 24 filters, 9 x 9 taps,
# 199 permutations (39 for Q), level .05.
load common

# simulate KIND NOISE: all tables, without header, in KIND.p; one kernel per seed
simulate() {
	for half in 0 1; do
		for ((s = half; s < ${V1PIPE_KERNELS:-1000}; s += 2)); do
			"$PYTHON" "$golden/lateral.py" plant "$1$half" "$1" n=24 k=9 noise="$2" seed=$s
			lateral-stats -f "$1$half.v1.npys" -t "$1$half.tsv" -r "$1$half.rms.npys" -n 199 -b 0 -q 39 -j 1 -s $((s + 1)) \
				"$1$half.lateral.npys" 2>/dev/null | tail -n +2
		done >"$1$half.p" &
	done
	wait
	cat "$1"[01].p >"$1.p"
}

# nominal FILE KERNEL...: no p of these kernels rejects more often than .05, as far as so many kernels can tell. The rates of
# some 60 quantities per kernel are looked at, so each is held against the 99.9 % point of its binomial law.
nominal() {
	python '
from math import comb
rows = {}
for line in open(sys.argv[1]):
    k, part, q, value, low, high, chance, p, n = line.split("\t")
    if k in sys.argv[2:] and q != "self_share":
        rows.setdefault((k, part, q), []).append(float(p))
assert len(rows) > 50, len(rows)
bad = []
for key, p in sorted(rows.items()):
    total, hits = len(p), int((np.array(p) <= .05).sum())  # nan: no rejection
    tail = 1 - sum(comb(total, h) * .05**h * .95**(total - h) for h in range(hits))
    print(*key, total, hits / total, sep="\t")
    if tail < .001:
        bad.append((key, hits / total))
if bad:
    sys.exit(f"above the nominal level: {bad}")' "$@"
}

@test "white noise is null for every p" {
	simulate white 0
	nominal white.p K K_beyond_C
}

@test "row and column effects are null for every p" {
	simulate effects 0
	nominal effects.p K
}

@test "relu(C) and noise is null beyond C, and not before" {
	simulate relu 1
	nominal relu.p K_beyond_C
	awk -F'\t' '$1 == "K" && $2 == "positive" && $3 == "R_0" {n++; hit += $8 <= .05} END {print hit / n; exit !(hit > .9 * n)}' relu.p
}
