# pipelines/gallery.mk: many banks by one rule. Names are safe: names.bats.
load common

@test "make gallery: a row per bank, as fit-gabor says; what is no bank has its reason; a page" {
	mkdir banks
	python '
from profiles import gabor
r = np.random.default_rng(1)
g = np.array([gabor(11, 22 * i, 40 * i, .2, 2, 2.4) for i in range(8)])
save("banks/gabors <b>.npy", g + .02 * r.normal(size=g.shape))
save("banks/noise.npys", r.normal(size=(3, 7, 7)))
save("banks/wide.npy", np.array([gabor((12, 16), 45, 0, .15, 2, 3)] * 2)[:, None])
save("banks/vector.npy", np.arange(5.))'
	printf 'P5 1 1 255 a' >banks/picture.pgm
	make -s -f "$top/pipelines/gallery.mk" gallery BANKS=banks OUT=out NAME=some BIN="$V1PIPE_BUILD/bin" SURROGATES=19
	run=out/study/gallery-some
	fit-gabor --surrogates 19 --compare c.tsv --passes p.tsv "banks/gabors <b>.npy" >g.tsv
	python '
t, g, c, p = table(sys.argv[1]), table("g.tsv"), table("c.tsv"), table("p.tsv")
assert t["bank"] == ["gabors <b>", "noise", "vector", "wide"], t["bank"]
assert t["filters"].tolist() == [8, 3, 0, 2] and t["accepted"][0] == g["accepted"].sum() == 8 and t["accepted"][2] == 0
at = [a == "surrogates" and b == .95 for a, b in zip(p["rule"], p["level"])].index(True)
assert np.isclose(t["surrogates_share"][0], p["surrogates_accepted"][at] / p["surrogates"][at]) and np.isnan(t["surrogates_share"][2])
for q in ("ringach_2d", "devalois_sf"):
    row = c["quantity"].index(q)
    assert all(t[q + s][0] == c[k][row] for s, k in (("", "value"), ("_low", "low"), ("_high", "high"), ("_chance", "chance"), ("_p", "p")))
assert t["note"][0] == "-" and "a filter bank is" in t["note"][2] and "study/" not in t["note"][2]' $run/gallery.tsv
	[[ $(grep -c . $run/points.tsv) -ge 10 && -s out/figures/some/gallery.pdf ]]
	grep -q 'gabors &lt;b&gt;' out/figures/some/index.html
	! grep -q 'gabors <b>' out/figures/some/index.html || false
	grep -q 'vector is no filter bank' out/figures/some/index.html
	# a list, relative to itself, in its order; the others' rows go; nothing is fitted again
	printf '# two\nnoise.npys\n\n%s/banks/gabors <b>.npy\n' "$PWD" >banks/list
	make -s -f "$top/pipelines/gallery.mk" gallery BANKS=banks/list OUT=out NAME=some BIN="$V1PIPE_BUILD/bin" SURROGATES=19 >log
	! grep -q '^fit ' log || { cat log; false; }
	[[ $(cut -f 1 $run/gallery.tsv | paste -s -d ,) == 'bank,noise,gabors <b>' ]]
	# other surrogates: fitted anew
	make -s -f "$top/pipelines/gallery.mk" gallery BANKS=banks/list OUT=out NAME=some BIN="$V1PIPE_BUILD/bin" SURROGATES=9 >log
	[[ $(grep -c '^fit ' log) -eq 2 ]]
	# no filter accepted: a page all the same
	echo noise.npys >banks/list
	make -s -f "$top/pipelines/gallery.mk" gallery BANKS=banks/list OUT=none BIN="$V1PIPE_BUILD/bin" SURROGATES=19
	[[ -s $(echo none/figures/gallery-list-*/index.html) && -s $(echo none/figures/gallery-list-*/gallery.svg) ]]
}

@test "make gallery: wrong use is one line" {
	mkdir empty
	echo no.npy >list
	for use in "|BANKS= is neither" "BANKS=empty|holds no filter bank" "BANKS=list|no.npy, named in list" "BANKS=list SURROGATES=\$(x)|only letters" \
		"BANKS=empty BANK=x|unknown variable; meant may be BANKS"; do
		run --separate-stderr make -s -f "$top/pipelines/gallery.mk" gallery ${use%|*}
		[[ $status -eq 2 && ${stderr_lines[0]} == "gallery: "*"${use#*|}"* ]] || { echo "$use: $stderr"; false; }
	done
}
