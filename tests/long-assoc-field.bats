load common

# simulate N CODE: for seeds 1..N a bank and a kernel by CODE (which sets `density`), compared; the rows of part signed
# over all taps are gathered in all.tsv with a column seed
simulate() {
	rm -f all.tsv
	for ((seed = 1; seed <= $1; seed++)); do
		python "
from plant import *
rng = np.random.default_rng([9, $seed])
noise, F, size = 1.5, 24, 9
$2
units, profiles = bank(F, 11, rng)
write(units, profiles, plant(units, size, density, noise, rng))"
		assoc-field -t g.tsv -f bank.npys -n 50 -b 200 --compare cmp.tsv -o /dev/null k.npys 2>/dev/null
		awk -v seed="$seed" 'BEGIN { FS = OFS = "\t" } NR == 1 && seed == 1 { print "seed", $0 }
			$2 == "signed" && $3 !~ /\[/ { print seed, $0 }' cmp.tsv >>all.tsv
	done
}

# covered QUANTITY TRUTH: the 95 % intervals hold the truth as often as chance allows for that many seeds
covered() {
	python '
t = table("all.tsv")
q, truth = sys.argv[1], float(sys.argv[2])
rows = [i for i, name in enumerate(t["quantity"]) if name == q]
low, high, value = (t[c][rows] for c in ("low", "high", "value"))
n, hits = len(rows), int(((low <= truth) & (truth <= high)).sum())
print(q, "median", np.median(value), "covered", hits, "of", n)
assert abs(np.median(value) / truth - 1) < .1
assert hits >= .95 * n - 3 * np.sqrt(n * .05 * .95)' "$@" >&3
}

@test "G1: it wins, and its parameters lie in their intervals" {
	se2-kernel -a .4 -D .08 --step .5 -w 61 -n 72 --sigma .757 -o g.npys
	simulate 40 'density = sampled("g.npys", .5)'
	covered alpha_G1 .4
	covered D_G1 .08
	python '
t = table("all.tsv")
v = [t["verdict"][i] for i, q in enumerate(t["quantity"]) if q == "lead_G1"]
assert "behind" not in v and v.count("ahead") > 20, v'
}

@test "no false lead of the group models: elongated Gaussians, noise" {
	for code in 'density = elongated(3, 1.5, 1.5)' 'density = lambda u, v, d: rng.normal(size=u.shape)'; do
		simulate 40 "$code"
		python '
t = table("all.tsv")
p = np.array([t["p"][i] for i, q in enumerate(t["quantity"]) if q.startswith("lead_G")])
print("lead at .05:", (p <= .05).sum(), "of", p.size)
assert (p <= .05).sum() <= .05 * p.size + 3 * np.sqrt(p.size * .05 * .95)' >&3
	done
}
