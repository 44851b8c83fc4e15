load common
load models

# lines of tests/study/models.c with a group model credited, of all lines
credited() {
	awk '$4 == "all" { n++; for (i = 10; i <= NF; i += 6) if ($i == 1) { c++; break } } END { print c + 0, n }' "$1"
}

# V1PIPE_KERNELS (100) kernels of each kind: no more credited than 99.9 % of binomials of .05 are
@test "overlap, and overlap with M0, M1 or M2, credit a group model in at most 5 per cent of kernels" {
	local count=${V1PIPE_KERNELS:-100} kind
	for kind in none M0 M1 M2; do
		"$V1PIPE_BUILD/study/models" "$kind" .3 1 "$count" >"$kind.tsv"
		read -r some all < <(credited "$kind.tsv")
		echo "# $kind: $some of $all" >&3
		python 'from math import comb
some, n = map(int, sys.argv[1:])
assert sum(comb(n, k) * .05**k * .95**(n - k) for k in range(some)) < .999' "$some" "$all"
	done
}

@test "a planted group model is credited and the others are not" {
	for planted in "G1 .43" "G3 .23"; do
		"$V1PIPE_BUILD/study/models" $planted 1 8 >"planted.tsv"
		awk -v g="${planted%% *}" '$4 == "all" { n++; for (i = 5; i < NF; i += 6) { right += $i == g && $(i + 5) == 1; wrong += $i != g && $(i + 5) == 1 } }
			END { print g ": right " right ", wrong " wrong + 0 " of " n; exit !(right >= .8 * n && wrong <= .25 * n) }' planted.tsv
	done
}

@test "overlap alone and noise alone credit no group model, and no model gains over them" {
	for overlap in 1.5 0; do
		planted "density = lambda u, v, d: rng.normal(size=u.shape); overlap = $overlap; F = 18"
		compare
		python '
t = table("cmp.tsv")
assert [v for q, v in zip(t["quantity"], t["verdict"]) if q.startswith("lead_")] == ["not credited"] * 6
gains = {q: low for q, low in zip(t["quantity"], t["low"]) if q.startswith("gain_")}
assert len(gains) == 14 and max(gains.values()) < .003, gains'
	done
	[[ $(value r_M3 signed verdict) != best ]]
}

@test "power: an effect that is planted above it is credited" {
	planted 'density = lambda u, v, d: rng.normal(size=u.shape); overlap = .4; F = 16; size = 7'
	compare -p 10
	[[ $(value lead_G3 signed verdict) == 'not credited' ]]
	least=$(value power_G3 signed value)
	awk "BEGIN { exit !($least > .02 && $least < .4) }"
	planted "rng = np.random.default_rng(8); overlap = .4; F = 16; size = 7; s = 1.5 * $least
noise = np.sqrt(1.16 * (1 / s**2 - 1) / 1.16)
density = lambda u, v, d: np.exp(3 * np.cos(2 * (d - 2 * np.arctan2(v, u))) - np.hypot(u, v) / 3)"
	compare
	[[ $(value lead_G3 signed verdict) == credited ]]
}
