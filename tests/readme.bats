# The README: its table is that of v1pipe(7), its two commands exist, its pipelines run.
load common

@test "the tool table is the one of v1pipe(7): make readme" {
	"$top/tests/readme-table" "$top/man/v1pipe.7" "$top/README.md" | diff "$top/README.md" -
}

@test "the two commands are real, and CI runs the second" {
	grep -qx './setup && make figures' "$top/README.md"
	grep -qx './setup && make check' "$top/README.md"
	make -n -C "$top" figures >/dev/null
	grep -q './setup && make.* check' "$top/.ci/run"
}

@test "every link and picture of the README is there" {
	grep -oE '\]\([^)]*\)' "$top/README.md" | tr -d '])(' | while read -r file; do
		[[ -e $top/$file ]] || { echo "$file"; exit 1; }
	done
}

@test "the pipelines run" {
	"$PYTHON" "$top/tests/fixtures.py" .
	python '
w = np.random.default_rng(1).normal(size=(4, 3, 11, 11)).astype("<f4")
save_file({"features.0.weight": w}, "alexnet.safetensors")'
	mkdir bin && ln -s "$(command -v "$PYTHON")" bin/python3
	awk '/^```sh$/ { inside = 1; n++; next } /^```/ { inside = 0 } inside { print > (n ".sh") }' "$top/README.md"
	[[ $(ls ?.sh | wc -l) -eq 5 ]]
	for i in 1 2 3 4 5; do
		PATH="$PWD/bin:$PATH" bash -euo pipefail $i.sh >$i.out 2>$i.err || { cat $i.sh $i.err; false; }
	done
	[[ $(head -c 2 a.pgm) == P5 && $(cat 3.out) == "(64, 64, 64) float32 "* ]]
	[[ $(wc -l <gabor.tsv) -eq 5 && $(wc -l <tuning.tsv) -eq 9 && $(wc -l <field.tsv) -gt 100 ]]
}
