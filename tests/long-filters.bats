# whiten and lgn-filter on 1 GiB and on random sizes, and what the short tests check of them in small.
load common

@test "1 GiB in one record: the first images come out at once, memory stays what it was" {
	python 'save("x.npys", np.random.default_rng(8).normal(size=(300, 7, 7)))'
	whiten --method zca --save t.npys x.npys
	python '
from stream import constant
for command, planes in (
    ("lgn-filter --log 1.5", 1),
    ("lgn-filter --dog 2,4 --border mirror --rectify both -j 2", 2),
    ("whiten", 1),
    ("whiten -j 2", 1),
    ("whiten --method lcn", 1),
    ("whiten --method zca --apply t.npys --spectrum s.tsv", 1),
):
    memory, seconds = constant(command.split(), 1 << 30, 64, planes)
    print(f"# {command}: {memory:.1f} MiB, {seconds:.1f} s", file=sys.stderr)
'
}

@test "400 random sizes of images and kernels under all borders" {
	python '
from filtering import compare
compare(seed=11, small=380, large=20)'
}
