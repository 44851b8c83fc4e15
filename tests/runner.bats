# The runner itself: a failure, a crash, a test that stops early and an empty one must each be seen.
load common

@test "a deliberately failing file gives status 1 and is counted" {
	run "$top/tests/run" 1 "$top/tests/failing/wrong.bats"
	[[ $status -eq 1 ]]
	[[ ${lines[-1]} == "1 passed, 1 failed, 1 skipped" ]]
}

program() {
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod +x "$1"
}

@test "a program that crashes, stops before its plan, lies about its status or runs nothing is a failure" {
	program crash 'echo "ok 1 - first"; kill -SEGV $$'
	program early 'echo "ok 1 - first"; echo 1..2'
	program silent ':'
	program status 'echo "ok 1 - first"; echo 1..1; exit 3'
	for p in crash early silent status; do
		run "$top/tests/run" 1 "./$p"
		[[ $status -eq 1 && ${lines[-1]} == *" 1 failed, "* ]] || { echo "$p: $output"; false; }
	done
	program good 'echo "ok 1 - first"; echo 1..1'
	run "$top/tests/run" 1 ./good
	[[ $status -eq 0 && ${lines[-1]} == "1 passed, 0 failed, 0 skipped" ]]
}

@test "several files at once are counted together, whatever the number of jobs" {
	program good 'echo "ok 1 - first"; echo 1..1'
	program other 'echo "ok 1 - first"; echo "ok 2 - second"; echo 1..2'
	run "$top/tests/run" 2 ./good ./other "$top/tests/failing/wrong.bats"
	[[ $status -eq 1 && ${lines[-1]} == "4 passed, 1 failed, 1 skipped" ]]
}
