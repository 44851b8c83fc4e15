# What all tools share: the option table, the error path, atomic output. dead-leaves stands for all of them.
load common

leaves() {
	run --separate-stderr dead-leaves "$@"
}

@test "an option's argument may stand apart, after =, or after its letter; the last one wins" {
	dead-leaves --count 3 --size 8 >a
	dead-leaves --count=3 --size=8 >b
	dead-leaves -n3 --size 8 >c
	dead-leaves -n 500 --size 8 -n 3 >d
	cmp a b
	cmp a c
	cmp a d
}

@test "what is not an option, a number, in range or complete is usage: one line, exit 2" {
	errors dead-leaves <<-EOF
		--no-such | 2 | ^dead-leaves: --no-such: unknown option
		-q | 2 | ^dead-leaves: -q: unknown option
		--siz 8 | 2 | ^dead-leaves: --siz: unknown option; --size is one; see --help
		--puriyt 1 | 2 | --puriyt: unknown option; --purity is one;
		--cuont=3 | 2 | --cuont: unknown option; --count is one;
		--xyzzy | 2 | --xyzzy: unknown option; see --help
		--count | 2 | --count: needs an argument
		-n | 2 | -n: needs an argument
		--gratings=1 | 2 | --gratings: takes no argument
		-n 0 | 2 | out of range: 1 <= x
		--radius 3 | 2 | 1 of 2 numbers
		--radius 3,4,5 | 2 | more than 2 numbers
		--radius 3,,5 | 2 | not a number
		operand | 2 | one operand too many
	EOF
	cmp <(dead-leaves -h) <(dead-leaves --help)
	for bad in -5 +5 ' 5' 5x 1e3 '' 99999999999999999999; do
		echo "-n '$bad' | 2 | ^dead-leaves: -n: .*(whole number|too large|range)"
	done | errors dead-leaves
	for bad in nan inf x '' 0.5x; do
		echo "--purity '$bad' | 2 | ^dead-leaves: --purity: .*(not a number|out of range)"
	done | errors dead-leaves
	leaves operand
	[[ -z $output ]]
}

@test "--help, --version and --spec answer on standard output; a full disk is noticed even there" {
	for answer in --help --version --spec; do
		leaves $answer
		[[ $status -eq 0 && -n $output && -z $stderr ]]
		errors dead-leaves <<<"$answer >/dev/full | 1 | No space left"
	done
}

@test "binary is not written to a terminal" {
	command -v script >/dev/null || skip "no script(1) to make a terminal"
	run script -qec "dead-leaves -n 1 --size 8" /dev/null
	[[ $status -eq 2 && $output == *"binary data to a terminal"* ]]
}

@test "-o is whole or not there, keeps permissions, follows links and writes to FIFOs" {
	dead-leaves -n 2 --size 8 >expected
	dead-leaves -n 2 --size 8 -o new
	cmp new expected
	(umask 027; dead-leaves -n 2 --size 8 -o masked)
	[[ $(stat -c %a masked) == 640 ]]
	echo old >kept && chmod 604 kept && ln -s kept link
	dead-leaves -n 2 --size 8 -o link
	[[ -L link && $(stat -c %a kept) == 604 ]]
	cmp kept expected
	mkfifo fifo
	cat fifo >through &
	dead-leaves -n 2 --size 8 -o fifo
	wait $!
	[[ -p fifo ]]
	cmp through expected
	errors "dead-leaves -n 2 --size 8" <<-EOF
		-o no/such/folder | 1 | No such file
		-o . | 1 | .
	EOF
	[[ $(ls | grep -c '\.......$') -eq 0 ]]
}

@test "SIGTERM and SIGINT remove the temporary and leave the old file" {
	for signal in TERM INT HUP; do
		echo old >out
		# jobs in the background ignore SIGINT, and all under nohup SIGHUP
		env --default-signal=INT,HUP dead-leaves -n 1000000 -o out &
		pid=$!
		for i in $(seq 100); do
			[[ $(ls -A | grep -c '^out\.') -eq 1 ]] && break
			sleep 0.05
		done
		[[ $(ls -A | grep -c '^out\.') -eq 1 ]]
		kill -$signal $pid
		! wait $pid || false
		[[ $(ls -A | grep -c '^out\.') -eq 0 && $(cat out) == old ]]
	done
}

@test "closed standard descriptors are errors and nothing else" {
	run bash -c 'dead-leaves -n 1 --size 8 >&- 2>err'
	[[ $status -eq 1 && $(wc -l <err) -eq 1 ]]
	bash -c 'dead-leaves -n 1 --size 8 -o out <&- >&-'
	dead-leaves -n 1 --size 8 | cmp - out
}

@test "one file for two outputs is refused before anything is written" {
	dead-leaves -n 4 --size 16 -o leaves
	errors <<-EOF
		stimuli --size 16 --parameters out -o out | 2 | is the file of --parameters$
		whiten --spectrum - leaves | 2 | named for two outputs$
	EOF
}

@test "what a run reads is never taken for what a killed run left of its output" {
	dead-leaves -n 4 --size 16 -o kept
	whiten kept -o expected
	for named in "y.unfinished" "./y.unfinished" "link" "-- y.unfinished"; do
		cp kept y.unfinished && ln -sf y.unfinished link && rm -f y
		whiten -o y $named
		cmp y.unfinished kept
		cmp y expected
	done
	rm y
	whiten -o y <y.unfinished
	cmp y.unfinished kept
	cmp y expected
	# an option's file, and an output that is no option -o; a table
	python 'save("kernel", np.eye(3)); save("t.unfinished", np.eye(3))'
	cp t.unfinished t.kept
	lgn-filter --kernel t.unfinished -o t kept
	lgn-filter --kernel t.kept kept | cmp - t
	cmp t.unfinished t.kept
	whiten --spectrum=y kept -o x.unfinished
	whiten --spectrum=x x.unfinished | cmp - <(whiten x.unfinished)
	whiten x.unfinished --spectrum=/dev/stdout -o /dev/null | cmp - x
	# two outputs of which one would be the other's
	whiten kept -o a --spectrum a.unfinished
	cmp a expected
	cmp a.unfinished y
	# what is not there is not there
	errors whiten <<<'new.unfinished -o new | 1 | new.unfinished: No such file'
	# nothing else is left, and what no one names is taken over
	[[ -z $(compgen -G '*.??????') && ! -e new && ! -e new.unfinished ]]
	cp kept z.unfinished
	whiten kept -o z
	cmp z expected
	[[ ! -e z.unfinished ]]
}
