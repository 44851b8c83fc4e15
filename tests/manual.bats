# The manuals: options and --spec hold each other, --help fits the terminal, mandoc has no complaint, examples run.
load common

setup_file() {
	export top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	export tools=$(cd "$top/tools" && ls -- *.c | sed 's/\.c$//')
	# those of an optional build may be missing
	export built=$(for tool in $tools; do [[ $tool == *-mpi && ! -e $V1PIPE_BUILD/bin/$tool ]] || echo "$tool"; done)
}

@test "every tool has a page and tests, and v1pipe(7) names every tool and no other" {
	for tool in $tools; do
		[[ -e $top/man/$tool.1 ]] || { echo "$tool: no page"; failed=1; }
		[[ -e $top/tests/$tool.bats ]] || { echo "$tool: no tests"; failed=1; }
	done
	named=$(sed -n 's/^\.It Xr \([^ ]*\) 1 Ta .*/\1/p' "$top/man/v1pipe.7" | sort)
	diff <(printf '%s\n' $tools | sort) <(printf '%s\n' $named) || { echo "v1pipe(7) (>) and tools (<) differ"; failed=1; }
	[[ -z ${failed-} ]]
}

@test "each page has its sections in order" {
	for page in "$top"/man/*.1; do
		name=$(basename "$page" .1)
		found=$(sed -n 's/^\.Sh //p' "$page" |
			grep -xE 'NAME|SYNOPSIS|DESCRIPTION|OPTIONS|STREAMS|EXIT STATUS|EXAMPLES|SEE ALSO' | paste -sd ,)
		[[ $found == "NAME,SYNOPSIS,DESCRIPTION,OPTIONS,STREAMS,EXIT STATUS,EXAMPLES,SEE ALSO" ]] ||
			{ echo "$name: $found"; failed=1; }
		grep -qx ".Dt ${name^^} 1" "$page" && grep -qx '.Os v1pipe' "$page" && grep -q '^\.Dd ' "$page" &&
			section "$page" SYNOPSIS | grep -q '^\.Nm' || { echo "$name: .Dd, .Dt, .Os or .Nm"; failed=1; }
	done
	[[ -z ${failed-} ]]
}

@test "the options of each page are those of the tool, both ways" {
	for tool in $built; do
		[[ -e $top/man/$tool.1 ]] || continue
		# one "letter name argument" each; of a choice the page may say the words or one word for them
		"$tool" --spec | awk -F '\t' 'NR > 1 { print $1, $2, $3 == "choice" ? "word" : $6 }' | sort >spec
		section "$top/man/$tool.1" OPTIONS | sed -n 's/^\.It Fl //p' |
			sed -E 's/^([^-]) , Fl -/\1 /; s/^-/- /; s/ Ar / /' | awk '
			NR == FNR { if ($3 == "word") choice[$2] = 1; next }
			{ print $1, $2, $2 in choice && NF == 3 ? "word" : NF == 2 ? "-" : $3 }' spec - | sort >page
		diff spec page || { echo "$tool: --spec (<) and page (>) differ"; failed=1; }
	done
	[[ -z ${failed-} ]]
}

@test "--help goes to standard output, status 0, in lines of at most 80 columns" {
	for tool in $built; do
		run --separate-stderr "$tool" --help
		[[ $status -eq 0 && -z $stderr && $output == "usage: $tool "* ]] || { echo "$tool: $stderr"; failed=1; }
		[[ $(wc -L <<<"$output") -le 80 ]] || { echo "$tool: lines of --help are too long"; failed=1; }
		run --separate-stderr "$tool" --version
		[[ $status -eq 0 && $output == "$tool (v1pipe) "* ]] || { echo "$tool: --version"; failed=1; }
	done
	[[ -z ${failed-} ]]
}

@test "mandoc has no warning for any page" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for page in "$top"/man/*; do
		mandoc -Tlint -W warning "$page" || failed=1
	done
	[[ -z ${failed-} ]]
}

# mandoc_text PAGE COLUMNS, groff_text PAGE COLUMNS: the page as a terminal shows it, without overstrikes.
mandoc_text() { mandoc -Tutf8 -O width="$2" "$1" | sed $'s/.\b//g'; }
groff_text() { groff -k -ww -mandoc -Tutf8 -P-cbou -rLL="$2n" "$1"; }

@test "mandoc and groff show every page within 80 columns, and groff loses nothing that mandoc shows" {
	command -v mandoc >/dev/null || skip "no mandoc"
	command -v groff >/dev/null || skip "no groff"
	export LC_ALL=C.UTF-8
	# letters and signs alone: blanks, quotation marks and hyphens are the formatter's; so are the first and last line
	letters() { sed '1d;$d' | sed "s/[“”‘’\"'–—−‐-]//g; s/\xc2\xa0//g" | tr -d '[:space:]' | fold -w 60; }
	for page in "$top"/man/*; do
		name=$(basename "$page")
		mandoc_text "$page" 80 | grep -n '.\{81,\}' && { echo "$name: too wide in mandoc"; failed=1; }
		groff_text "$page" 80 >text 2>complaints
		grep -n '.\{81,\}' text && { echo "$name: too wide in groff"; failed=1; }
		[[ ! -s complaints ]] || { echo "$name: groff says"; head -n 5 complaints; failed=1; }
		diff <(mandoc_text "$page" 1000 | letters) <(groff_text "$page" 1000 2>/dev/null | letters) >differences ||
			{ echo "$name: mandoc (<) and groff (>) differ"; head -n 4 differences; failed=1; }
	done
	[[ -z ${failed-} ]]
}

@test "every example in the manuals runs" {
	# examples say python3: the one that has NumPy
	mkdir path && ln -s "$PYTHON" path/python3
	named=$(sed -n 's/^\.It Xr \([^ ]*\) 1 Ta .*/\1/p' "$top/man/v1pipe.7")
	for page in "$top"/man/*; do
		name=$(basename "$page")
		blocks "$page" "blocks/$name"
		mkdir "scratch.$name" # a page starts from files that it makes
		for block in $(ls "blocks/$name" | sort -n); do
			missing=
			for tool in $named; do
				if grep -qwF -- "$tool" "blocks/$name/$block" && ! command -v "$tool" >/dev/null; then
					missing+=" $tool"
				fi
			done
			if [[ $missing ]]; then
				echo "# $name: example ${block%.sh} needs$missing" >&3
				continue
			fi
			# an example that reads standard input for want of an operand would wait: it gets none
			(cd "scratch.$name" && PATH=$PWD/../path:$PATH timeout 60 bash -euo pipefail \
				"../blocks/$name/$block" </dev/null >../out 2>&1) ||
				{ echo "$name: example ${block%.sh}, status $?:"; cat "blocks/$name/$block"; tail -n 5 out; failed=1; }
		done
		rm -rf "scratch.$name"
	done
	[[ -z ${failed-} ]]
}

@test "every page of section 1 has an example that is run" {
	for page in "$top"/man/*.1; do
		blocks "$page" "blocks/$(basename "$page")"
		[[ -e blocks/$(basename "$page")/1.sh ]] || { echo "$page: no example"; failed=1; }
	done
	[[ -z ${failed-} ]]
}
