# Nothing in a name of a file is ever read by make, a shell or gnuplot; a variable that no pipeline has is an error.
load common

evil=("a b" "a'b" 'a"b' 'a;touch pwned;b' 'a$(touch pwned)b' 'a$(shell touch pwned)b' 'a`touch pwned`b' 'a&touch pwned&b' 'a|touch pwned'
	'a>pwned' 'a#b' 'a%b' 'a=b' 'a:b' 'a*?[b]' 'a\b' 'a$b$$' '-n' '--' '~' '!a' $'a\nb' "a'.system('touch pwned').'b" "';touch pwned;'"
	'";touch pwned;"' '${shell touch pwned}')

setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_FILE_TMPDIR"
	"$PYTHON" -c "import sys; sys.path.insert(0, '$top/tests')
from npys import *
save('bank.npys', np.random.default_rng(1).normal(size=(3, 7, 7)))"
	dead-leaves -n 12 >images.npys
}

# nothing was run that a name holds
unharmed() {
	[[ -z $(find . -name 'pwned*') && ! -e $top/pwned ]] || { echo "a name was run"; return 1; }
}

@test "every variable of the pipelines with every character that means something to make, a shell or gnuplot" {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	for name in "${evil[@]}"; do
		here=$PWD/run
		mkdir -p "$here/in/$name" "$here/tmp/$name" && cd "$here"
		cp "$BATS_FILE_TMPDIR/bank.npys" "in/$name/$name.npys"
		cp "$BATS_FILE_TMPDIR/images.npys" "in/$name/images"
		ln -s "$V1PIPE_BUILD/bin" "in/$name/bin"
		ln -s "$top/pipelines" "in/$name/pipelines"
		# relative names, so that one may begin with a dash
		cd in
		TMPDIR="$here/tmp/$name" make -s -f "$PWD/$name/pipelines/bank.mk" tables BANK="$name/$name.npys" LGN="$name/$name.npys" \
			OUT="$name" BIN="$name/bin" SURROGATES=1 -n >../log 2>&1 || { echo "bank: $name"; cat ../log; false; }
		TMPDIR="$here/tmp/$name" make -s -f "$PWD/$name/pipelines/study.mk" figures DATA="npys:$name/images,$name/images" \
			OUT="$name" BIN="$name/bin" PRESET=default -n >../log 2>&1 || { echo "study: $name"; cat ../log; false; }
		printf '%s\n' "$PWD/$name/$name.npys" >"$name/list"
		# a name of two lines cannot stand in a list
		banks=$name/list
		[[ $name != *$'\n'* ]] || banks=$name
		TMPDIR="$here/tmp/$name" make -s -f "$PWD/$name/pipelines/gallery.mk" gallery BANKS="$banks" OUT="$name" BIN="$name/bin" \
			SURROGATES=1 -n >../log 2>&1 || { echo "gallery: $name"; cat ../log; false; }
		[[ -e $name/study/.pipelines/study.mk && -e $name/study/.bin/train-v1 ]]
		cd "$here/.."
		unharmed || { echo "by $name"; false; }
		rm -rf "$here"
	done
}

@test "a study and a bank's figures are made under names of such characters, whole; an installed copy leaves nothing behind" {
	name='a b'"'"'"$(touch pwned)`touch pwned`$(shell touch pwned);touch pwned;#%=:&|*\\'
	make -s -C "$top" install PREFIX="$PWD/$name" B="${V1PIPE_BUILD#"$top/"}"
	mkdir in out
	cp "$BATS_FILE_TMPDIR/bank.npys" "in/$name.npys"
	cp "$BATS_FILE_TMPDIR/images.npys" "in/$name"
	make -s -f "$name/share/v1pipe/bank.mk" figures BANK="in/$name.npys" OUT="out/$name" BIN="$name/bin" SURROGATES=1
	make -s -f "$name/share/v1pipe/gallery.mk" gallery BANKS=in OUT="gallery/$name" BIN="$name/bin" SURROGATES=1
	[[ $(cut -f 2 "gallery/$name"/study/gallery-*/gallery.tsv | paste -s -d ,) == filters,3 && -s $(ls "gallery/$name"/figures/*/index.html) ]]
	[[ -s $(ls "out/$name"/figures/*/index.html) && -s $(ls "out/$name"/figures/*/population.pdf) ]]
	make -s -f "$name/share/v1pipe/study.mk" study/npys-in-"$(printf %s "$PWD/in/$name
$PWD/in/$name" | cksum | cut -d ' ' -f 1)"/default/seed-101/sample.png DATA="npys:in/$name,in/$name" OUT="out/$name" BIN="$name/bin"
	[[ -s $(ls "out/$name"/study/npys-in-*/default/seed-101/sample.png) ]]
	make -s -C "$top" uninstall PREFIX="$PWD/$name" B="${V1PIPE_BUILD#"$top/"}"
	[[ -z $(find "$name" ! -type d) && -z $(find "$name" -name v1pipe) ]]
	unharmed
}

@test "a variable that a pipeline does not have is an error that names the one which may be meant, and so is a word with a metacharacter" {
	for wrong in SEED=5:SEEDS seeds=5:SEEDS BANKS=x:DATA KERNEL=x:BIN; do
		run --separate-stderr make -s -f "$top/pipelines/study.mk" figures "${wrong%:*}"
		[[ $status -eq 2 && ${stderr_lines[0]} == "study: ${wrong%%=*}: unknown variable;"*"${wrong##*:}"* ]]
	done
	for variable in PRESET SEEDS FIRST_SEED IMAGES TRAIN PERMUTATIONS GRATINGS VARIANTS; do
		for word in '$(touch pwned)' '$(shell touch pwned)' '`touch pwned`' ';touch pwned' "'" '"' '#' '*'; do
			run --separate-stderr make -s -f "$top/pipelines/study.mk" figures "$variable=$word"
			[[ $status -eq 2 && ${stderr_lines[0]} == "study: $variable=$word: only "* ]]
		done
	done
	unharmed
	[[ ! -e study && ! -e figures ]]
}
