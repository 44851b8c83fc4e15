load common

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
