load common
load models

@test "the direction process is credited where it was planted beside overlap, the diffusion is worse than it" {
	se2-kernel -a .3 -D .06 --step .5 -w 61 -n 72 --sigma .757 -o g.npys
	planted 'density = sampled("g.npys", .5); noise = .7; overlap = 1; F = 20'
	compare
	cut -f 2-6,11 cmp.tsv | grep -E 'signed.(gain|lead|over|G[123]_over|.*_G1)'
	[[ $(value lead_G1 signed verdict) == credited && $(value G1_over_G2 signed verdict) == G1 ]]
	[[ $(value lead_G2 signed verdict) == 'worse than G1' && $(value lead_G3 signed verdict) == 'not credited' ]]
	head -n 1 cmp.tsv | grep -qx $'kernel\tpart\tquantity\tvalue\tlow\thigh\tchance\tp\tn\tshare\tverdict'
}

@test "the fan of integral curves is credited where it was planted, also as inhibition" {
	planted 'density = lambda u, v, d: -np.exp(3 * np.cos(2 * (d - 2 * np.arctan2(v, u))) - np.hypot(u, v) / 3)
noise = 1; overlap = 1; F = 20'
	compare
	cut -f 2-6,11 cmp.tsv | grep -E 'signed.(gain|lead|over|G[123]_over)'
	[[ $(value lead_G3 signed verdict) == credited && $(value G1_over_G3 signed verdict) == G3 ]]
	[[ $(value G2_over_G3 signed verdict) == G3 && $(value 'lead_G3[1.5,inf)' signed verdict) == credited ]]
}

@test "an elongated Gaussian beside overlap credits no group model" {
	planted 'density = elongated(3.5, 1.6, 1.5); overlap = 1; noise = .7; F = 18'
	compare
	python '
t = table("cmp.tsv")
leads = [v for q, v in zip(t["quantity"], t["verdict"]) if q.startswith("lead_")]
assert leads == ["not credited"] * 6, leads
low = dict(zip(t["quantity"], t["low"]))
assert low["gain_M1"] > 0 and low["gain_M1[1.5,inf)"] > 0, low'
}

@test "by themselves: an elongated Gaussian goes to M1 with its parameters, rectified correlations to M3" {
	planted 'density = elongated(3.5, 1.6, 1.5); noise = .5'
	compare --fields fields.tsv
	[[ $(value r_M1 signed verdict) == best && $(value r_G1 positive verdict) == worse ]]
	python '
v = [float(x) for x in sys.argv[1:]]
assert v[0] < np.sqrt(3.5**2 - .573) < v[1] and v[2] < 1.5 < v[3], v' \
		$(value sigma_along_M1 signed low) $(value sigma_along_M1 signed high) \
		$(value kappa_M1 signed low) $(value kappa_M1 signed high)
	assoc-field -t g.tsv k.npys -o field.tsv 2>/dev/null
	python '
f, k = table("fields.tsv"), table("field.tsv")
assert list(dict.fromkeys(f["kernel"])) == ["M0", "M1", "M2", "M3", "M5", "G1", "G2", "G3"] and set(f["filter"]) == {-1}
rows = lambda t, name: [i for i, p in enumerate(t["part"]) if p == "positive" and t["kernel"][i] == name and t["filter"][i] == -1]
v = lambda t, name: (t["coherence"] * np.exp(2j * np.radians(t["orientation_deg"])))[rows(t, name)]
far = np.hypot(k["x_px"], k["y_px"])[rows(k, "K")] >= 1.5
like = lambda a, b: (a * b.conj())[far].real.sum() / np.sqrt((abs(a[far])**2).sum() * (abs(b[far])**2).sum())
K, M1, G1 = v(k, "K"), v(f, "M1"), v(f, "G1")
assert like(K, M1) > .95 and like(K, M1) > like(K, G1) + .03, (like(K, M1), like(K, G1))'
	planted 'density = lambda u, v, d: rng.normal(size=u.shape); overlap = 1'
	compare
	[[ $(value r_M3 signed verdict) == best ]]
}

@test "turned bank and kernel: the same; mirrored: mirrored; rescaled channels: the same; tables combine row by row" {
	planted 'density = elongated(3, 1.5, 1); F = 10; size = 5'
	compare
	python '
from plant import *
rng = np.random.default_rng(4)
units, profiles = bank(10, 11, rng)
k = one("k.npys")
write_table("turned.tsv", turned(units)); save("turned.npys", np.rot90(k, axes=(2, 3)))
save("turned-bank.npys", np.rot90(profiles, axes=(1, 2)).astype("<f4"))
write_table("mirror.tsv", mirrored(units)); save("mirror.npys", k[:, :, ::-1])
s = 2 ** rng.uniform(-2, 2, 10)
save("scaled.npys", k * s[:, None, None, None] / s[:, None, None]); save("rms.npys", s)
save("mirror-bank.npys", profiles[:, ::-1].astype("<f4"))'
	for x in turned mirror; do
		compare-models -t $x.tsv -f $x-bank.npys -j 1 -n 10 -p 0 -o $x.out $x.npys 2>/dev/null
	done
	compare-models -t g.tsv -f bank.npys -r rms.npys -j 1 -n 10 -p 0 -o scaled.out scaled.npys
	combine-tables cmp.tsv turned.out -o both.tsv
	python '
c, *others = [table(f) for f in ("cmp.tsv", "turned.out", "mirror.out", "scaled.out")]
scores = np.array([q.startswith(("r_", "gain", "lead", "over", "ceiling")) or "_over_" in q for q in c["quantity"]])
assert scores.sum() > 60
for i, x in enumerate(others):
    assert x["quantity"] == c["quantity"]
    for q in "value", "low", "high", "chance", "n", "share":
        np.testing.assert_allclose(x[q][scores], c[q][scores], rtol=2e-3, atol=4e-4, err_msg=f"{i} {q}")
s, a, b = table("both.tsv"), c["value"], others[0]["value"]
known = ~np.isnan(a) & ~np.isnan(b)
assert s["quantity"] == c["quantity"] and (s["n"][known] == 2).all() and known.mean() > .9
np.testing.assert_allclose(s["value"][known], ((a + b) / 2)[known])'
}

@test "no result depends on the number of threads; M4 is read from a file that reaches as far as the taps" {
	planted 'density = elongated(3, 1.5, 1); F = 8; size = 5'
	se2-kernel -w 31 -n 6 -o m4.npys
	for j in 1 2; do
		compare-models --m4 m4.npys -t g.tsv -f bank.npys -n 5 -p 2 -j $j --fields f$j.tsv -o c$j.tsv k.npys 2>/dev/null
	done
	cmp c1.tsv c2.tsv
	cmp f1.tsv f2.tsv
	grep -q gain_M4 c1.tsv
	grep -c power_ c1.tsv | grep -qx 6
	se2-kernel -w 5 -n 6 -o small.npys
	run --separate-stderr compare-models -t g.tsv -f bank.npys --m4 small.npys -o c.tsv k.npys
	[[ $status -eq 1 && ${stderr##*$'\n'} == *'small.npys: reaches 2 px, the kernel'*'edge-field --radius'* && ! -e c.tsv ]]
}

@test "errors: streams, options" {
	planted 'density = elongated(3, 1.5, 1); F = 6; size = 5'
	python 'save("rms.npys", np.ones(6))'
	# fits of effective profiles need the filter before the bank
	awk -F'\t' -v OFS='\t' '{ print $0, NR == 1 ? "profile" : "effective" }' g.tsv >e.tsv
	errors compare-models <<-EOF
		-f bank.npys k.npys | 2 | table
		-t g.tsv k.npys | 2 | filters
		-t g.tsv -f bank.npys --splits 1 k.npys | 2 | splits
		-t g.tsv -f bank.npys -r rms.npys -o out k.npys | 1 | need 8
		-t g.tsv -f bank.npys -r rms.npys -o out | 1 | no record
		-t e.tsv -f bank.npys -r rms.npys -o out k.npys | 1 | e.tsv: row 1: .*--lgn
	EOF
}
