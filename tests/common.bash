# What every bats file loads:  load common
# Tools are on PATH; each test works in its own scratch folder.
bats_require_minimum_version 1.5.0
shopt -s extglob
top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
golden=$top/tests/golden
data=$V1PIPE_DATA
# variables of make check are none of a make that a test runs
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# pipe 'a | b': run it under pipefail; then $status, $output and $stderr are set. Binary belongs in files, not in $output.
pipe() {
	run --separate-stderr bash -o pipefail -c "$1"
}

# python CODE [ARG...]: NumPy is there as np, and npys(f) yields the records of an open binary file.
python() {
	"${PYTHON:?no Python with NumPy}" -c "import sys; sys.path.insert(0, '$top/tests')
from npys import *
$1" "${@:2}"
}

# needs_data NAME: skip where the development images are not there
needs_data() {
	[[ -e $data/$1 ]] || skip "no $1 among the development images"
}

# one_line STATUS PATTERN: the last run gave STATUS and one line "tool: ..." on stderr that matches PATTERN
one_line() {
	[[ $status -eq $1 ]] || { echo "status $status, expected $1: $stderr"; return 1; }
	[[ $(wc -l <<<"$stderr") -eq 1 ]] || { echo "not one line: $stderr"; return 1; }
	[[ $stderr == *": "*": "* && $stderr =~ $2 ]] || { echo "message: $stderr"; return 1; }
}

# errors [COMMAND] <<TABLE: each of its lines is "words | status | pattern". COMMAND with these words, which may redirect and
# hold pipes, ends as one_line says, and no file called out is there afterwards. Standard input is empty where no word says what.
errors() {
	local line failed=
	while IFS= read -r line; do
		line=" ${line##+([[:blank:]])}"
		pattern=${line##* | } line=${line% | *}
		run --separate-stderr bash -o pipefail -c "exec >stdout </dev/null; ${1-}${line% | *}"
		one_line "${line##* | }" "$pattern" && [[ ! -e out ]] || { echo "in:${line% | *}"; failed=1; }
	done
	[[ ! $failed ]]
}

# common_errors COMMAND INPUT: what every tool that reads a stream must do. COMMAND is run with stdin from INPUT.
common_errors() {
	head -c $(($(stat -c %s "$2") - 3)) "$2" >cut.npys
	errors "$1" <<-EOF
		--no-such-option <$2 | 2 | no-such-option
		| 1 | no record
		<cut.npys | 1 | got [0-9]+ of [0-9]+ bytes
		<$2 >/dev/full | 1 | No space left
		-o out <cut.npys | 1 | got [0-9]+ of [0-9]+ bytes
	EOF
	# nor is anything left under another name
	[[ -z $(ls -A | grep '^\.*out' || :) ]]
	# a closed pipe ends the tool without a word
	run --separate-stderr bash -c "trap '' PIPE; $1 <$2 | true; exit \${PIPESTATUS[0]}"
	[[ -z $stderr ]]
	# a pipe gives the same bytes as a file
	bash -o pipefail -c "cat $2 | $1 | cat >pipe.out"
	bash -c "$1 -o file.out <$2"
	cmp pipe.out file.out
}

# section PAGE NAME: the lines of a section
section() {
	awk -v name="$2" '/^\.Sh / { inside = substr($0, 5) == name; next } inside' "$1"
}

# blocks PAGE FOLDER: write the examples that are to be run to FOLDER/1.sh, 2.sh ...
blocks() {
	mkdir -p "$2"
	section "$1" EXAMPLES | awk -v folder="$2" '
		/^\.Bd -literal -offset indent$/ { inside = 1; file = folder "/" ++n ".sh"; next }
		/^\.Ed/ { if (inside) close(file); inside = 0; next }
		inside {
			gsub(/\\&/, ""); gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\\(ti/, "~"); gsub(/\\\(ha/, "^")
			gsub(/\\e/, "\\"); print >file
		}'
}
