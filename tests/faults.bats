# Every allocation that fails: the output is the same, or there is one line with a reason, status 1 (tensor-cmp: 2), and no output
# under its final name but what grows (a log, with its seconds, snapshots, a checkpoint). Small jobs; each allocation after the start of main fails once by itself and once with all after it.
# Here a sample of at most FAULTS_SAMPLE of them each; make check-long has FAULTS_SAMPLE=0, all.
load common

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	python "
rng = np.random.default_rng(3)
save('bank.npys', rng.normal(size=(3, 7, 7)).astype('f4'))
y, x = np.mgrid[2:-3:-1, -2:3]
s = (x**2 + y**2) / 2
save('lgn.npys', ((1 - s) * np.exp(-s)).astype('f4')[None, None])
save('lateral.npys', rng.normal(size=(4, 4, 3, 3)).astype('f4'))
open('a.pgm', 'wb').write(b'P5 20 20 255\n' + bytes(rng.integers(0, 256, 400).astype('u1')))
open('X.bin', 'wb').write(bytes(rng.integers(0, 256, 2 * 3 * 96 * 96).astype('u1')))
open('y.bin', 'wb').write(bytes([1, 2]))
"
	dead-leaves -n 12 --classes 2 --size 32 >images.npys
	train-v1 -j 1 --filters 8 --kl 3 --crop 24 --epochs 1 --batch 4 --validate images.npys -o model.safetensors images.npys
	tensor-get --name v1.weight model.safetensors | tensor-get --slice :,0 -o v1.npys
	tensor-get --name lateral.weight model.safetensors -o k.npys
	tensor-get --name v1.rms model.safetensors -o rms.npys
	fit-gabor -j 1 --surrogates 0 v1.npys | awk 'NR > 1 { $3 = 1 } { $1 = $1; print }' FS='\t' OFS='\t' >gabor.tsv
	stimuli --kind gratings --size 16 --frequency 0.1:0.2:2 --phase 0:270:4 --parameters gratings.tsv -o gratings.npys
}

# fault STATUS COMMAND...: COMMAND writes to the folder out and to standard output
fault() {
	local wrong=$1 total step mode n status
	shift
	[[ -e $V1PIPE_BUILD/helper/fail.so ]] || skip "not with sanitisers, which have their own allocator"
	run_at() { # N MODE
		rm -rf out && mkdir out
		status=0
		env FAIL_AT="$1" ${2:+FAIL_ON=1} ${3:+FAIL_COUNT=$3} LD_PRELOAD="$V1PIPE_BUILD/helper/fail.so" "${@:4}" >stdout 2>stderr </dev/null || status=$?
	}
	same_checkpoint() {
		[[ ! -e whole/out/grown.checkpoint ]] || tensor-cmp out/grown.checkpoint whole/out/grown.checkpoint >/dev/null
	}
	cp "$BATS_FILE_TMPDIR"/* . 2>/dev/null || :
	run_at 0 '' count "$@"
	[[ $status -eq 0 ]] || { cat stderr; return 1; }
	total=$(<count)
	rm -rf whole && mkdir whole && cp -r out stdout whole
	step=1
	if [[ ${FAULTS_SAMPLE:-8} -gt 0 ]]; then step=$((total / ${FAULTS_SAMPLE:-8} + 1)); fi
	for mode in '' on; do
		for ((n = 1; n <= total; n += step)); do
			run_at "$n" "$mode" '' "$@"
			# log and checkpoint hold the seconds of the run; the checkpoint's tensors are compared
			if [[ $status -eq 0 ]] && cmp -s stdout whole/stdout &&
				diff -rq -x grown.log -x grown.checkpoint out whole/out >/dev/null && same_checkpoint; then
				continue
			fi
			[[ $status -eq $wrong && $(wc -l <stderr) -eq 1 && $(<stderr) == "$1: "*": "* && -z $(ls -A out | grep -v '^grown\.' || :) ]] ||
				{ echo "$* allocation $n of $total${mode:+ and all after it}: status $status"; head -n 3 stderr; ls -A out; FAULTS=1; }
		done
	done
	[[ -z ${FAULTS-} ]]
}

@test "training, responses, models" {
	fault 1 train-v1 -j 1 --filters 2 --kl 3 --crop 20 --epochs 2 --batch 6 --validate images.npys --log out/grown.log --snapshots out/grown --checkpoint out/grown.checkpoint -o out/m images.npys
	fault 1 v1-respond -j 1 --model model.safetensors images.npys -o out/r
	fault 1 v1-respond -j 1 --model model.safetensors --jacobian 1 images.npys -o out/r
	fault 1 v1-respond -j 1 --model model.safetensors --stimuli gratings.tsv --tuning out/t gratings.npys
	fault 1 tensor-get --name v1.weight model.safetensors -o out/x
	fault 1 tensor-get --take 2,0 bank.npys -o out/x
	fault 1 tensor-info model.safetensors -o out/x
	fault 2 tensor-cmp bank.npys bank.npys
}

@test "images and filters" {
	fault 1 dead-leaves -j 1 -n 3 --size 24 -o out/x
	fault 1 stimuli --kind gratings --size 16 --frequency 0.1:0.2:2 --parameters out/p -o out/x
	fault 1 image-read a.pgm -o out/x
	fault 1 image-write -o out/x images.npys
	fault 1 stl10-read --size 64 X.bin y.bin -o out/x
	fault 1 image-degrade -j 1 --noise 3 -o out/x images.npys
	fault 1 whiten -j 1 --spectrum out/s -o out/x images.npys
	fault 1 whiten -j 1 --method zca --patch 3 -o out/x images.npys
	fault 1 lgn-filter -j 1 --log 1 -o out/x images.npys
}

@test "fits, fields, statistics, kernels" {
	fault 1 fit-gabor -j 1 --lgn lgn.npys --surrogates 2 --fitted out/f --passes out/p --compare out/c bank.npys -o out/x
	fault 1 fit-log -j 1 --null 2 bank.npys -o out/x
	fault 1 assoc-field -j 1 --table gabor.tsv --rms rms.npys --curves out/c k.npys -o out/x
	fault 1 compare-models -j 1 --table gabor.tsv --rms rms.npys --filters v1.npys --fields out/f -n 2 k.npys -o out/x
	fault 1 edge-field -j 1 images.npys -o out/x
	fault 1 lateral-lesion --table gabor.tsv --rms rms.npys k.npys -o out/x
	fault 1 lateral-stats -j 1 --filters v1.npys --table gabor.tsv --rms rms.npys -n 3 -b 3 -q 1 k.npys -o out/x
	fault 1 se2-kernel -j 1 -n 8 -w 9 -N 4 -o out/x
}

@test "an output is no other file of the run, whatever leads to it" {
	dead-leaves -n 4 --size 16 -o leaves
	cp leaves kept
	ln -s nowhere dangling
	ln -s leaves soft
	errors <<-EOF
		stimuli --size 16 --parameters ./p -o p | 2 | is the file of --parameters
		whiten leaves --spectrum ./s -o s | 2 | is the file of --spectrum
		whiten leaves --spectrum nowhere -o dangling | 2 | is the file of --spectrum
		whiten leaves -o soft | 2 | is to be read
		whiten leaves -o ./leaves | 2 | is to be read
		se2-kernel -n 4 -w 5 --curves x -o ./x | 2 | is the file of --curves
	EOF
	cmp leaves kept
	[[ ! -e p && ! -e s && ! -e nowhere ]]
}

@test "outputs: a descriptor is what the shell opened, a link to nothing is followed, the longest name, no set-id bits, a mount point" {
	dead-leaves -n 2 --size 8 -o expected
	{ echo before; dead-leaves -n 2 --size 8 -o /dev/stdout; echo after; } >all
	cmp all <(echo before; cat expected; echo after)
	{ echo before >&3; dead-leaves -n 2 --size 8 -o /dev/fd/3; echo after >&3; } 3>all
	cmp all <(echo before; cat expected; echo after)
	run --separate-stderr dead-leaves -n 2 --size 8 -o /dev/fd/77
	one_line 1 'Bad file descriptor'
	ln -s there link
	dead-leaves -n 2 --size 8 -o link
	[[ -L link ]] && cmp there expected
	long=$(printf 'n%.0s' {1..255})
	dead-leaves -n 2 --size 8 -o "$long"
	cmp "$long" expected
	run --separate-stderr dead-leaves -n 2 --size 8 -o "n$long"
	one_line 1 'name too long'
	: >set && chmod 6755 set
	dead-leaves -n 2 --size 8 -o set
	[[ $(stat -c %a set) == 755 ]]
	if (echo old >mounted && : >over && unshare -m bash -c 'mount --bind over mounted') 2>/dev/null; then
		unshare -m bash -euc 'mount --bind over mounted; dead-leaves -n 2 --size 8 -o mounted; cmp mounted expected'
		cmp over expected
	fi
	[[ -z $(compgen -G '*.unfinished') ]]
}

@test "two runs with one log: the second is refused" {
	dead-leaves -n 40 --classes 2 --size 32 -o images
	(exec 9>>log && flock 9 && run --separate-stderr train-v1 --filters 2 --kl 3 --crop 20 --epochs 1 --log log images -o m &&
		one_line 1 'log: another run is writing it')
	[[ ! -s log && ! -e m ]]
}

@test "several outputs come together or not at all" {
	dead-leaves -n 4 --size 16 -o leaves
	mkdir full
	# the second output cannot be written to its end
	run --separate-stderr bash -c 'ulimit -f 1; trap "" XFSZ; whiten leaves --spectrum s -o w'
	[[ $status -eq 1 && ! -e s && ! -e w ]]
	# beside a stream a table is there before the stream's end, for those that read both
	stimuli --kind gratings --size 16 --frequency 0.1:0.2:2 --phase 0:270:4 --parameters p | { head -c 1 >/dev/null; cp p early; cat >/dev/null; }
	cmp p early
}

@test "memory and time grow with what came, not with what a header claims" {
	python '
import struct
for name, shape in ("tall", "(1, 10000, 10000)"), ("many", "(100000000,)"), ("wide", f"({2**29}, {2**30})"), ("deep", f"(1, 1, {2**20}, {2**20})"):
    text = ("{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": " + shape + "}").encode()
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + text.ljust(117) + b"\n")'
	for tool in tensor-info whiten 'whiten --method zca' 'lgn-filter --log 1' image-degrade image-write fit-log fit-gabor train-v1 \
		"v1-respond --model $BATS_FILE_TMPDIR/model.safetensors" 'tensor-get --slice 0'; do
		for claim in tall many wide deep; do
			python '
import os, resource, subprocess
# of a shell, so that the kilobytes are not those of this Python before it became the tool
p = subprocess.run(["sh", "-c", "exec " + sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=20)
kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
assert p.returncode in (1, 2) and p.stderr.count(b"\n") == 1, (sys.argv[1], p)
assert kb < 100000 or "SAN" in os.environ, (sys.argv[1], kb)' "$tool $claim"
		done
	done
}

@test "endless input that is no table or no model is refused; accepted is 0 or 1" {
	for endless in '/dev/zero' '<(yes)'; do
		run --separate-stderr timeout 20 bash -c "v1-respond --model $endless images.npys"
		one_line 1 'not a regular file'
	done
	run --separate-stderr timeout 20 lateral-stats --rms "$BATS_FILE_TMPDIR/rms.npys" --filters "$BATS_FILE_TMPDIR/v1.npys" --table /dev/zero "$BATS_FILE_TMPDIR/k.npys"
	one_line 1 'a zero byte: not a table'
	awk -F '\t' -v OFS='\t' 'NR == 2 { $3 = 2 } { print }' "$BATS_FILE_TMPDIR/gabor.tsv" >two.tsv
	run --separate-stderr lateral-stats --rms "$BATS_FILE_TMPDIR/rms.npys" --filters "$BATS_FILE_TMPDIR/v1.npys" --table two.tsv "$BATS_FILE_TMPDIR/k.npys"
	one_line 1 'row 1: accepted is 0 or 1, not 2'
}

@test "tools start where no thread can be created" {
	[[ $(id -u) == 0 ]] && command -v setpriv prlimit >/dev/null || skip "needs root, prlimit and setpriv"
	[[ -z ${V1PIPE_BUILD##*-san} ]] && skip "not with sanitisers"
	chmod 755 . # of another user
	for tool in "$V1PIPE_BUILD"/bin/*; do
		[[ $tool == *-mpi ]] || cp "$tool" . # whose folders may be the owner's alone
	done
	for tool in ./*; do
		run --separate-stderr prlimit --nproc=1 setpriv --reuid=54321 --clear-groups "/proc/self/fd/9" --version 9<"$tool"
		[[ $status -eq 0 && -z $stderr && $output == *' (v1pipe) '* ]] || { echo "$tool: $stderr"; false; }
	done
}

@test "a PNM header that ends in CR LF is refused, not read a byte off" {
	printf 'P5\r\n4 2\r\n255\r\n12345678' >crlf.pgm
	printf 'P5\n4 2\n255\n\n2345678' >lf.pgm # a first pixel that is 10
	for words in crlf.pgm '- <crlf.pgm' 'lf.pgm crlf.pgm'; do
		run --separate-stderr bash -c "image-read $words -o out"
		one_line 1 'CR LF'
		[[ ! -e out ]]
	done
	image-read lf.pgm -o out
	python 'assert one("out").ravel()[0] == 10 or next(npys("out")).ravel()[0] == 10'
}
