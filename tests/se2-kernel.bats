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

density() {
	python "import densities; densities.$1()"
}

@test "moments converge as the aperture says (1 to 4), the marginal of theta is a wrapped Laplace distribution (5)" {
	density moments
	density marginal
}

@test "errors and negative values fall with the harmonics at least as what the aperture leaves of them" {
	density harmonics
}

@test "source, target, undirected and symmetric kernels are the same process seen from elsewhere (8, 9)" {
	density frames
}

@test "mirror (9) and reversal (10) at turned angles, to second order of the aperture" {
	density turned
}

@test "simulated paths fill the cells as the kernels say, by chi squared" {
	density simulated
}

@test "at a fixed time mass and moments are known, and nothing lies beyond it (13)" {
	density fixed_times
}

@test "wide steps, narrow apertures and even grids: the values of a finer grid, or one line" {
	density finer
	errors "se2-kernel -o out" <<-EOF
		--sigma 0 -w 5 | 1 | at least about 0?.?0*[1-9]
		--sigma .001 --cell -w 5 | 1 | at least about 0?.?0*[1-9]
		--sigma 1e-9 --step 1e3 -w 5 | 1 | at least about 0?.?0*[1-9]
		--sigma-theta .2 | 2 | 1024 harmonics
	EOF
	# given harmonics cut what they cut; without, a narrow aperture takes as many as it needs, a wide one 60
	se2-kernel -w 9 -n 8 --sigma-theta 2 -o a.npys
	se2-kernel -w 9 -n 8 --sigma-theta 2 -N 150 -o b.npys
	cmp a.npys b.npys
	se2-kernel -w 9 -n 8 --sigma-theta 20 | cmp - <(se2-kernel -w 9 -n 8 --sigma-theta 20 -N 60)
	se2-kernel -w 5 -n 2 --sigma-theta 0 -N 20 -o k.npys
}

@test "integral curves of X1 + k X2" {
	se2-kernel -a .5 -D .04 -w 21 -H 15 -n 4 -p 2pi --step .5 --frame source \
		--curves fan.tsv -o k.npys
	python '
t = table("fan.tsv")
k, s, x, y, th = (t[c] for c in ("curvature_per_px", "s_px", "x_px", "y_px", "theta_deg"))
assert np.allclose(sorted(set(k)), np.linspace(-1, 1, 9) * np.sqrt(2 * .04 * .5))
bent = abs(k) > 0
assert np.allclose(x[bent], np.sin(k * s)[bent] / k[bent]) and np.allclose(y[bent], (1 - np.cos(k * s))[bent] / k[bent])
assert np.allclose(x[~bent], s[~bent]) and (y[~bent] == 0).all() and np.allclose(th, np.degrees(k * s))
assert s.min() == 0 and abs(x).max() == 5 and abs(y).max() <= 3.5  # the process leaves forwards; the grid ends there
ahead = (s > 0) & (abs(k * s) < 3)
assert np.allclose(th[ahead], 2 * np.degrees(np.arctan2(y, x))[ahead])  # cocircular
for n in set(t["curve"]):
    p = np.flatnonzero(t["curve"] == n)
    assert len(set(k[p])) == 1 and (np.diff(p) == 1).all() and (np.diff(s[p]) > 0).all() and np.diff(s[p]).max() <= .25 + 1e-9'
	# where the kernel has its mass: behind the target; on both sides without a front; nothing turns without diffusion
	se2-kernel -w 21 -n 4 -p 2pi -C target.tsv -o k.npys
	se2-kernel -w 21 -n 4 -C both.tsv -o k.npys
	se2-kernel -w 21 -n 4 -p 2pi -m diffusion -L 2 -C diffusion.tsv -o k.npys
	se2-kernel -w 21 -n 4 -D 0 -C straight.tsv -o k.npys
	python '
x = lambda f: (table(f)["x_px"].min(), table(f)["x_px"].max())
assert x("target.tsv") == (-10, 0) and x("both.tsv") == x("straight.tsv") == x("diffusion.tsv") == (-10, 10)
assert set(table("straight.tsv")["curve"]) == {0}
assert abs(table("both.tsv")["theta_deg"]).max() <= 90
assert np.isclose(table("diffusion.tsv")["curvature_per_px"].max(), np.sqrt(.08 / 2))'
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
	se2-kernel -m diffusion --sigma .05 --sigma-theta .3 -w 5 -n 2 --cell --step .5 -o k.npys
	python '
save("table.npys", np.zeros((2, 2)))
for i, a in enumerate(([0, .5, .4], [0, 1, 1], [0, 1, 3.2])):
    save(f"a{i}.npys", np.array(a))'
	errors "se2-kernel -o out" <<-EOF
		--alpha 0 | 2 | alpha
		-n 3 -A x.npys | 2 | count
		-A missing.npys | 1 | missing.npys
		-A table.npys | 1 | record \(T,\)
		-A a0.npys -w 3 | 1 | angle 2 .*must increase and stay within the period
		-A a1.npys -w 3 | 1 | angle 2 .*must increase and stay within the period
		-A a2.npys -w 3 | 1 | angle 2 .*must increase and stay within the period
		-l 5 -a .5 | 2 | alpha: .*length
		-l 5 -k 2 | 2 | order: .*length
		-L 2 | 2 | along: .*diffusion
		-S | 2 | symmetric: .*2pi
		-f source | 2 | frame: 
		-p 2pi -S -f target | 2 | frame: 
		-w 5 -C /dev/full | 1 | No space left
		--alpha 1e-4 | 1 | reaches
		operand | 2 | operand
	EOF
	se2-kernel -A a2.npys -p 2pi -w 3 -o k3.npys
	errors se2-kernel <<<'-w 5 >/dev/full | 1 | No space left'
}
