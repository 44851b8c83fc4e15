# The layout of the C files.
load common

@test "every C file is as make format leaves it" {
	formatter=$(command -v clang-format-14 || command -v clang-format) || skip "no clang-format"
	[[ $("$formatter" --version) == *"version 14."* ]] || skip "clang-format is not version 14"
	cd "$top"
	find lib tools tests -name '*.[ch]' | while read -r file; do
		"$formatter" "$file" | cmp -s - "$file" || echo "$file"
	done >"$BATS_TEST_TMPDIR/differ"
	[[ ! -s $BATS_TEST_TMPDIR/differ ]] || { echo "make format changes:"; cat "$BATS_TEST_TMPDIR/differ"; false; }
}
