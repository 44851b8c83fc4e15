# The layout of the C files.
load common

@test "every C file is as make format leaves it" {
	formatter=$(command -v clang-format-14 || command -v clang-format) || skip "no clang-format"
	[[ $("$formatter" --version) == *"version 14."* ]] || skip "clang-format is not version 14"
	cd "$top"
	find lib tools tests -name '*.[ch]' -exec "$formatter" --dry-run --ferror-limit=1 {} + 2>&1 |
		sed -n 's/:[0-9]*:[0-9]*: warning.*//p' >"$BATS_TEST_TMPDIR/differ"
	[[ ! -s $BATS_TEST_TMPDIR/differ ]] || { echo "make format changes:"; cat "$BATS_TEST_TMPDIR/differ"; false; }
}
