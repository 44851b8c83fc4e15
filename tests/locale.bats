# A locale with a decimal comma: the pipelines' scripts, their makefiles and figures, and the manuals' examples give the bytes that
# they give in the C locale. Some awks read 0.155 as 0 there.
load common

setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	export LOCPATH=$BATS_FILE_TMPDIR/locales fixtures=$BATS_FILE_TMPDIR/fixtures
	mkdir -p "$LOCPATH"
	localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8" >&2 || :
	"$PYTHON" "$top/tests/fixtures.py" "$fixtures"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	[[ $(LC_ALL=de_DE.UTF-8 locale decimal_point 2>/dev/null) == , ]] ||
		skip "no localedef or no source of de_DE (Debian: locales)"
}

# both COMMAND...: its standard output and what it makes in a folder, in both locales
both() {
	for locale in C de_DE.UTF-8; do
		rm -rf "$locale"
		mkdir "$locale"
		(cd "$locale" && LC_ALL=$locale "$@" >stdout 2>stderr </dev/null) || { tail -n 5 "$locale/stderr"; return 1; }
	done
	# a log has seconds, a PDF its date
	diff -rq -x stderr -x log.tsv -x '*.pdf' C de_DE.UTF-8 || { diff -r C de_DE.UTF-8 | head -n 20 | cut -c 1-200; return 1; }
	[[ -s C/stdout || -n $(find C -type f -size +0 ! -name stdout ! -name stderr) ]]
}

# numbers as tables have them
inputs() {
	python '
rng = np.random.default_rng(5)
def write(name, columns, rows):
    with open(name, "w") as f:
        for row in [columns.split()] + rows:
            print(*[x if isinstance(x, (str, int)) else f"{x:.9g}" for x in row], sep="\t", file=f)
F = 12
write("gabor.tsv", "filter accepted theta_deg phase_deg sf_cpp nx ny", [[i, 1, 15.25 * i % 180, 20.5 * i - 90, .15 + .01 * i, .3, .4] for i in range(F)])
write("tuning.tsv", "filter T theta_deg sf_cpp orientation_bandwidth_deg cv osi modulation_ratio",
      [[i, T, (15.25 * i + 2.75 + T) % 180, .16 + .01 * i, 20.5 + i, .5 + .01 * i, .6, 1.5] for T in (0, 1) for i in range(F)])
write("gratings.tsv", "theta_deg", [[7.5 * i] for i in range(24)])
for s in (1, 2, 3):
    d = f"run/seed-{s}"
    __import__("os").makedirs(d)
    write(d + "/log.tsv", "epoch loss accuracy val_loss val_accuracy", [[9, 1.25, .5, 1.5, .125 + .01 * s]])
    write(d + "/lgn-fit.tsv", "r symmetry sigma_px accepted reason r_matched_95 symmetry_matched_95", [[.975, .95, 1.25 + .1 * s, 1, "-", .8, .75]])
    write(d + "/gabor.tsv", "filter accepted", [[0, 1], [1, 0]])
    write(d + "/passes.tsv", "rule level surrogates surrogates_accepted", [["surrogates", .95, 100, 5]])
    write(d + "/stats.tsv", "kernel part quantity value low high chance p n",
          [["K", "positive", "iso_orientation", .155 + .01 * s, .05, .25, .0125, .0025, 90], ["K_beyond_C", "signed", "R_0", .05, .01 * s, .1, 0, .04, 90]])
    write(d + "/field.tsv", "filter part x_px y_px orientation_deg coherence",
          [[-1, p, x + .5, y + .25, rng.uniform(0, 180), rng.uniform()] for p in ("positive", "negative") for x in range(-3, 4) for y in range(-3, 4)])
y, x = np.mgrid[3:-4:-1, -3:4]
s = ((x - .3)**2 + (y + .2)**2) / (2 * .9**2)
save("lgn.npys", (-(1 - s) * np.exp(-s)).astype("f4")[None, None])
save("lateral.npys", rng.normal(size=(F, F, 5, 5)).astype("f4"))'
	fit-log --null 0 lgn.npys -o fit.tsv
}

@test "scripts of the pipelines" {
	inputs
	p=$top/pipelines
	both "$p/agreement" ../gabor.tsv ../tuning.tsv ../gratings.tsv
	grep -q '[0-9]\.[0-9]' C/stdout
	cp C/stdout agreement.tsv
	both "$p/agreement-summary" ../agreement.tsv
	both "$p/summary" ../run/seed-{1,2,3}
	both "$p/likeness" ../run/seed-{1,2,3}
	both "$p/retinex" ../lgn.npys ../fit.tsv maps profiles
	both "$p/kernels" ../lateral.npys ../gabor.tsv text
	for row in 'K positive iso_orientation' 'K_beyond_C signed R_0'; do
		both bash -euc 'p=$0; run=$1; export LC_ALL=C; . "$p/html"; . "$p/answers"; index "$run/stats.tsv" $2; echo "$verdict $text"' \
			"$p" ../run/seed-1 "$row"
		[[ $(<C/stdout) == 'above 0.'* ]]
	done
	# whatever is begun by itself sets its locale, but Python, which reads numbers in none; html and answers are read by those that do
	for script in $(grep -lE 'awk|sort|printf|seq' "$p"/*); do
		[[ $(head -n 1 "$script") != *python3 ]] || continue
		case ${script##*/} in
		html | answers | rule | function-page | figures.mk | filters.mk | kernel.mk | *.gp) ;;
		*.mk) grep -qx 'export LC_ALL := C' "$script" ;;
		*) grep -qx 'export LC_ALL=C' "$script" ;;
		esac || { echo "$script sets no locale"; false; }
	done
}

@test "makefiles and figures: a filter bank" {
	both make -s -f "$top/pipelines/bank.mk" figures BANK="$fixtures/v1.npys" LGN="$fixtures/lgn.npys" SURROGATES=3 NAME=run
	grep -q '[0-9]\.[0-9]' C/figures/run/index.html
}

@test "examples of the manuals that read numbers" {
	mkdir path && ln -s "$PYTHON" path/python3
	for page in $(grep -lE '^[^.].*(awk|sort -|gnuplot|printf)' "$top"/man/*.[157]); do
		blocks "$page" "blocks/${page##*/}"
		for block in $(ls "blocks/${page##*/}" | sort -n); do
			{ echo "# $block"; cat "blocks/${page##*/}/$block"; } >>"blocks/${page##*/}.sh"
		done
		[[ ! -e blocks/${page##*/}.sh ]] || PATH=$PWD/path:$PATH both bash -euo pipefail "$PWD/blocks/${page##*/}.sh" || { echo "${page##*/}"; false; }
	done
}
