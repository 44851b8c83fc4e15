# What the tests of both training programs share:  load training

# meta MODEL KEY: a value of its metadata
meta() {
	tensor-info --metadata "$1" | awk -F '\t' -v key="$2" '$2 == key { print $3 }'
}

# same_tensor NAME MODEL MODEL
same_tensor() {
	cmp <(tensor-get --name "$1" "$2") <(tensor-get --name "$1" "$3")
}

# same_run WHOLE PART: model, log but for the seconds, and snapshots
same_run() {
	cmp "$1" "$2" && diff <(cut -f 1-6,8- "$1.tsv") <(cut -f 1-6,8- "$2.tsv") || return 1
	for part in lgn v1 lateral rms; do cmp "$1.$part.npys" "$2.$part.npys" || return 1; done
}

# needs_torch: $torch is a Python that has it
needs_torch() {
	for torch in "$PYTHON" /usr/bin/python3; do
		! "$torch" -c 'import importlib.util as u; exit(not (u.find_spec("torch") and u.find_spec("numpy")))' || return 0
	done
	skip "no PyTorch (./setup bench)"
}
