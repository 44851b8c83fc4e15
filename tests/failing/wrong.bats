# Deliberately failing: runner.bats proves with it that a failure is seen. make check does not run it by itself.
@test "one that holds" {
	true
}

@test "one that does not hold" {
	false
}

@test "one that is skipped" {
	skip "to see it counted"
}
