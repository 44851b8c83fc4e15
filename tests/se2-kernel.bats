load common

@test "agrees with the NumPy oracle: direction process and diffusion at given angles" {
	for name in direction diffusion; do
		case $name in
		direction) options='-a 1 -D .2' ;;
		diffusion) options='-m diffusion -l 2 -D .2' ;;
		esac
		# the kernel's own first record gives the angles
		se2-kernel $options -N 24 -w 9 --angles "$golden/se2-$name.npys" -p 2pi -f source -o k.npys
		python '
t, k = npys("k.npys")
u, g = npys(sys.argv[1])
assert k.shape == (6, 9, 9) and k.dtype == "<f4" and t.dtype == "<f8" and (t == u).all()
assert abs(k - g).max() < 1e-6 * g.max()' "$golden/se2-$name.npys"
	done
}

@test "writes angles and density of mass 1 over the period" {
	for p in pi 2pi; do
		se2-kernel -a 1 -w 41 -n 72 -p $p -o k.npys
		python '
t, k = npys("k.npys")
period = np.pi * int(sys.argv[1])
assert np.allclose(t, np.arange(72) * period / 72)
assert abs(k.sum() * period / 72 - 1) < 1e-4
assert k.min() > -1e-4 * k.max()' "$([[ $p == pi ]] && echo 1 || echo 2)"
	done
}

@test "seen from the target the sources lie behind it, in its own frame" {
	se2-kernel -a 1 -p 2pi -w 21 -o target.npys
	se2-kernel -a 1 -p 2pi -w 21 --frame source -o source.npys
	python '
_, a = npys("target.npys"); _, b = npys("source.npys")
assert (a == b[:, ::-1, ::-1]).all()
x = np.arange(21) - 10
assert (a.sum((0, 1)) * x).sum() < 0 < (b.sum((0, 1)) * x).sum()'
}

@test "undirected: S is the half sum of both directions and both ends" {
	se2-kernel -a .8 -D .2 -p 2pi -n 12 -w 17 -H 15 -o p.npys
	se2-kernel -a .8 -D .2 -p pi -n 6 -w 17 -H 15 -o s.npys
	python '
_, p = npys("p.npys"); _, s = npys("s.npys")
q = .5 * (p + p[:, ::-1, ::-1])
assert s.shape == (6, 15, 17) and abs(s - (q[:6] + q[6:])).max() < 1e-6 * s.max()'
}

@test "cocircular: sources of orientation theta lie about the axis theta / 2" {
	for m in '-a .3 -D .05' '-m diffusion -l 6 -D .05'; do
		se2-kernel $m -p pi -n 36 -w 41 -o s.npys
		python '
t, s = npys("s.npys")
y, x = 20 - np.mgrid[:41, :41][0], np.mgrid[:41, :41][1] - 20
r, phi = np.hypot(x, y), np.arctan2(y, x)
w = s * np.exp(-(r - 7) ** 2 / 8)
axis = np.angle((w * np.exp(2j * phi)).sum((1, 2))) / 2
theta = (t + np.pi / 2) % np.pi - np.pi / 2
near = abs(theta) < 1.2
assert abs(axis - theta / 2)[near].max() < np.radians(1), np.degrees(axis - theta / 2)'
	done
}

@test "no result depends on the number of threads" {
	for m in direction diffusion; do
		se2-kernel -m $m -w 33 -H 20 -j 1 -o one.npys
		se2-kernel -m $m -w 33 -H 20 -j 2 -o two.npys
		cmp one.npys two.npys
	done
}

@test "ends of ranges, bad options, bad angles" {
	se2-kernel -w 1 -H 1 -n 1 -N 1 -a 5 -D 0 --sigma 2 -o k.npys
	python 't, k = npys("k.npys"); assert k.shape == (1, 1, 1) and k > 0'
	se2-kernel -k 64 -a 8 -w 5 -n 2 -o k.npys
	se2-kernel --sigma 0 --sigma-theta 0 -w 5 -n 2 --cell --step .5 -o k.npys
	run --separate-stderr se2-kernel --alpha 0
	one_line 2 alpha
	run --separate-stderr se2-kernel -n 3 -A x.npys
	one_line 2 count
	run --separate-stderr se2-kernel -A missing.npys -o k2.npys
	one_line 1 missing.npys
	python 'save("a.npys", np.zeros((2, 2)))'
	run --separate-stderr se2-kernel -A a.npys -o k2.npys
	one_line 1 'record \(T,\)'
	run --separate-stderr se2-kernel --alpha 1e-4 -o k2.npys
	one_line 1 reaches
	[[ ! -e k2.npys ]]
	run --separate-stderr bash -c 'se2-kernel -w 5 >/dev/full'
	one_line 1 'No space left'
	run --separate-stderr se2-kernel operand
	one_line 2 operand
}
