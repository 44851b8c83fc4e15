# What the short and the long tests of compare-models share:  load models

# planted CODE: bank.npys, g.tsv, k.npys from CODE, which sets `density`, `noise`, `overlap`, F and size: the density and
# overlap / sd of the filters' correlations, rectified, each of sd 1, plus noise
planted() {
	python "
from plant import *
rng = np.random.default_rng(4)
F, size, noise, overlap = 16, 9, 1, 0
$1
units, profiles = bank(F, 11, rng)
k = plant(units, size, density, noise, rng)
if overlap:
    c = np.maximum(correlations(profiles, size), 0)
    k += overlap * c / c.std()
write(units, profiles, k)"
}
# value QUANTITY PART COLUMN of the comparison
value() {
	python 't = table("cmp.tsv"); q, p, c = sys.argv[1:]
print(*[t[c][i] for i in range(len(t["part"])) if t["part"][i] == p and t["quantity"][i] == q])' "$@"
}
compare() {
	compare-models -t g.tsv -f bank.npys -j 1 -n 10 -p 0 "$@" -o cmp.tsv k.npys 2>warning
	grep -q 'rms: not given' warning
}
