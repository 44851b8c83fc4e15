#!/usr/bin/env bats
# combine-tables: means over models, spread between and within, against their definitions
load common

setup() {
	cd "$BATS_TEST_TMPDIR"
	for s in 1 2 3 4; do
		"$PYTHON" "$golden/lateral.py" plant a iso n=8 k=5 noise=1 seed=$s
		lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -n 99 -b 50 -q 9 -s $s -o $s.tsv a.lateral.npys
	done
	lateral-stats -f a.v1.npys -t a.tsv -r a.rms.npys -n 0 -b 50 -q 9 -o none.tsv a.lateral.npys
}

@test "mean, Student interval, p, spread between and within, heterogeneity are what their definitions give" {
	combine-tables 1.tsv 2.tsv 3.tsv 4.tsv -o all.tsv
	[[ $(head -n 1 all.tsv) == $'kernel\tpart\tquantity\tvalue\tlow\thigh\tchance\tp\tn\tbetween_sd\twithin_sd\theterogeneity_p\tc1\tc2\tc3\tremains' ]]
	[[ $(cut -f 1-3 [1-4].tsv | sort -u) == "$(cut -f 1-3 all.tsv | sort)" ]]
	"$PYTHON" "$top/tests/indices.py" combined all.tsv 1.tsv 2.tsv 3.tsv 4.tsv
}

@test "a row without chance in one model has none, and no test; what has its chance taken out has" {
	combine-tables 1.tsv none.tsv -o all.tsv
	"$PYTHON" "$top/tests/indices.py" holds all.tsv 'v("K","positive","coaxiality") != 0 and np.isnan(p("K","positive","coaxiality"))' 'p("K","positive","R_0") > 0'
}

@test "errors" {
	errors combine-tables <<-EOF
		1.tsv | 2 | .
		1.tsv a.tsv | 1 | a.tsv.*kernel
		1.tsv gone.tsv | 1 | gone.tsv
		1.tsv 2.tsv --no-such-option | 2 | no-such-option
		1.tsv 2.tsv >/dev/full | 1 | No space left
		1.tsv a.tsv -o out | 1 | a.tsv
	EOF
}
