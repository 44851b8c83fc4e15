# The order of the source: which module may know which.
load common

@test "no circle of units, no include against the order of modules, an opening comment in every .c file" {
	run "$PYTHON" "$BATS_TEST_DIRNAME/structure.py" "$BATS_TEST_DIRNAME/.."
	echo "$output"
	[[ $status -eq 0 ]]
}

@test "a circle, an include upwards and a missing comment are found" {
	mkdir -p lib/base lib/net tools
	echo '/* a */' | tee lib/base/a.c lib/base/b.c lib/net/c.c tools/t.c >/dev/null
	run "$PYTHON" "$BATS_TEST_DIRNAME/structure.py" .
	[[ $status -eq 0 && -z $output ]]
	printf '#include "base/b.h"\n' >lib/base/a.h
	printf '#include "base/a.h"\n#include "net/c.h"\n' >>lib/base/b.c
	echo 'int x;' >tools/t.c
	run "$PYTHON" "$BATS_TEST_DIRNAME/structure.py" .
	[[ $status -eq 1 && ${#lines[@]} -eq 3 ]]
	[[ $output == *"base/b includes net/c.h"*"tools/t.c: no opening comment"*"circle of units: base/a -> base/b -> base/a"* ]]
}
