load common
load tensors

@test "a row for each record, in NumPy's numbers" {
	python '
r = np.random.default_rng(1)
a = [r.normal(1e6, 1, (300, 40, 30)).astype("f4"), np.arange(7, dtype="u1"), np.float64(2.5), np.zeros((0, 3)),
     np.array([1.0, np.nan, 3.0, np.inf, -np.inf, np.nan])]
save("a.npys", *a)'
	tensor-info a.npys >t.tsv
	python '
t = table("t.tsv")
assert list(t) == "file record name dtype shape elements min max mean sd nan inf".split()
assert t["file"] == ["a.npys"] * 5 and t["name"] == ["-"] * 5
assert t["shape"] == ["(300,40,30)", "(7,)", "()", "(0,3)", "(6,)"] and t["dtype"] == ["<f4", "|u1", "<f8", "<f8", "<f8"]
for i, a in enumerate(npys("a.npys")):
    a = np.asarray(a, float).ravel()
    f = a[np.isfinite(a)]
    assert t["nan"][i] == np.isnan(a).sum() and t["inf"][i] == np.isinf(a).sum() and t["elements"][i] == a.size
    for name in ("min", "max", "mean", "std"):
        got = t["sd" if name == "std" else name][i]
        assert np.isnan(got) if not f.size else np.isclose(got, getattr(f, name)(), rtol=1e-9, atol=0), (i, name, got)'
}

@test "safetensors: names, types, shapes, numbers; from a pipe as from a file" {
	model
	tensor-info m.safetensors | tail -n +2 >file.tsv
	cat m.safetensors | tensor-info | tail -n +2 | sed 's/^-/m.safetensors/' | cmp - file.tsv
	tensor-info - <m.safetensors | tail -n +2 | sed 's/^-/m.safetensors/' | cmp - file.tsv
	[[ $(cut -f 2-5 file.tsv | head -n 3 | tr '\t\n' '  ') == "0 f64 F64 (2,2) 1 f32 F32 (2,3,4,4) 2 i64 I64 (3,) " ]]
	grep -q $'\tf8\tF8_E4M3\t(4,)\t4\tnan\tnan\tnan\tnan\t0\t0$' file.tsv
	grep -q $'\tbf16\tBF16\t(2,)\t2\t-2\t1\t-0.5\t1.5\t0\t0$' file.tsv
	grep -q $'\ttab\\\\there\t' file.tsv
}

@test "metadata" {
	model
	printf 'file\tkey\tvalue\nm.safetensors\tformat\tpt\nm.safetensors\tnote\ta\\tb\\nc\\\\d\n' | cmp - <(tensor-info --metadata m.safetensors)
	python 'save("a.npys", np.zeros(2))'
	errors tensor-info <<<'--metadata a.npys | 1 | a.npys: .*no metadata'
}

@test "several files, of both kinds" {
	model
	python 'save("a.npys", np.zeros(2), np.ones(3))'
	tensor-info a.npys m.safetensors a.npys | cut -f 1 | uniq -c | awk '{ print $1, $2 }' | tail -n +2 | tr '\n' ' ' >out.txt
	grep -qE '^2 a.npys [0-9]+ m.safetensors 2 a.npys $' out.txt
}

@test "what is neither" {
	for content in 'P5 1 1 255 a' 'x' '' '\x93NUMP'; do
		printf "$content" >bad
		errors "tensor-info -o out" <<-EOF
			bad | 1 | bad: 
			<bad | 1 | standard input: 
		EOF
	done
	errors <<-EOF
		tensor-info . | 1 | : 
		TMPDIR=/no/such/folder tensor-info <(printf "\x02\0\0\0\0\0\0\0{}") | 1 | /no/such/folder: cannot spool
	EOF
}

@test "common errors" {
	python 'save("a.npys", np.arange(24.0).reshape(2, 3, 4))'
	common_errors tensor-info a.npys
}
