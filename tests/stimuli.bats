# stimuli: the known pictures, the table, and that nothing depends on -j
load common

@test "gratings: stripes along theta, y up, phase at the middle of the image" {
	stimuli --size 20 -c 0.5 --mean 100 -t 30 -f 0.1 -p 45 --parameters p.tsv >s.npys
	python '
x, y = npys("s.npys")
assert x.dtype == "<f4" and x.shape == (1, 20, 20) and y.tolist() == [0]
c = np.arange(20) - 9.5
X, Y = np.meshgrid(c, -c)
t = np.pi / 6
e = 100 * (1 + .5 * np.cos(2 * np.pi * .1 * (Y * np.cos(t) - X * np.sin(t)) + np.pi / 4))
assert np.abs(x[0] - e).max() < 1e-4, np.abs(x[0] - e).max()
p = table("p.tsv")
assert p["kind"] == ["gratings"] and abs(p["theta_deg"][0] - 30) < 1e-9
assert p["sf_cpp"][0] == .1 and p["phase_deg"][0] == 45 and p["diameter_px"][0] == np.inf and np.isnan(p["patch_px"][0])
'
}

@test "a disc ends a grating" {
	stimuli --size 24 -c 0.5 --mean 100 -t 30 -f 0.1 -p 57.29577951308232 -d 10 >s.npys
	python '
(x,) = next(npys("s.npys"))
assert x[0, 0] == x[0, 12] == x[12, 0] == 100
assert abs(x[12, 12] - 100 - 50 * np.cos(2 * np.pi * .1 * (-.25 - .5 * .75**.5) + 1)) < 1e-4'
}

@test "pixels of illusions are averages over their squares, at any angle" {
	for kind in mach cornsweet white contrast; do
		case $kind in
		mach | cornsweet) size='--width 7.3' ;;
		white) size='--patch 6.5 -f 0.1' ;;
		contrast) size='--patch 6.5' ;;
		esac
		stimuli -k $kind --size 24 -c 0.5 --mean 100 -t 0,90,45,17,90.001,163 $size --parameters p.tsv >s.npys
		python 'import drawing; drawing.areas(sys.argv[1], "s.npys", "p.tsv")' $kind
	done
}

@test "surround: a disc of one grating in another, which at no turn is one grating" {
	stimuli -k surround --size 21 -t 30 -f 0.2 -p 20 -d 9 --turn 0,90 --parameters p.tsv >s.npys
	stimuli --size 21 -t 30 -f 0.2 -p 20 -d 9,0 >g.npys
	stimuli --size 21 -t 120 -f 0.2 -p 20 -d 9,0 >h.npys
	python '
(s, _), (g, _), (h, _) = (list(npys(f + ".npys")) for f in "sgh")
assert np.abs(s[0] - g[1]).max() < 1e-4
assert np.abs(s[1] - (g[0] + h[1] - h[0])).max() < 1e-4 and np.abs(s[1] - s[0]).max() > 50
p = table("p.tsv")
assert p["turn_deg"].tolist() == [0, 90] and p["diameter_px"].tolist() == [9, 9]'
}

@test "--keep-middle: the middle element has its path orientation in both drawings, the others of the path turn" {
	stimuli -k snake -n 2 --path-angle 20 --length 5 -t 40 --size 96 --keep-middle --elements e.tsv >/dev/null
	python '
e = table("e.tsv")
for pair in 0, 2:
    a, b = (e["theta_deg"][(e["label"] == k) & (e["on_path"] == 1)] for k in (pair, pair + 1))
    assert a[2] == b[2] and abs(a[2] - 40) < 1e-9 and (a != b).sum() == 4'
}

@test "rows are labels, across batches; contrast is exact; the mean is the same" {
	stimuli --size 32 --parameters p.tsv >s.npys
	python '
r = list(npys("s.npys"))
assert [a.shape[0] for a in r[::2]] == [256] * 11 + [64] and all(a.dtype == "<i8" for a in r[1::2])
x, y = np.concatenate(r[::2]), np.concatenate(r[1::2])
p = table("p.tsv")
assert (y == np.arange(2880)).all() and (p["label"] == y).all()
assert len(set(p["theta_deg"])) == 24 and len(set(p["sf_cpp"])) == 10 and len(set(p["phase_deg"])) == 12
c = np.arange(32) - 15.5
X, Y = np.meshgrid(c, -c)
for i in range(0, 2880, 97):
    t, f, q = np.radians(p["theta_deg"][i]), p["sf_cpp"][i], np.radians(p["phase_deg"][i])
    e = 127.5 * (1 + np.cos(2 * np.pi * f * (Y * np.cos(t) - X * np.sin(t)) + q))
    assert np.abs(x[i] - e).max() < 2e-4
'
}

@test "a quarter turn of theta turns every illusion by a quarter" {
	for kind in mach cornsweet white contrast; do
		stimuli -k $kind --size 48 -t 0,90,20,110 --parameters p.tsv >s.npys
		python '
x, y = npys("s.npys")
assert np.abs(np.rot90(x[0]) - x[1]).max() < 1e-3 and np.abs(np.rot90(x[2]) - x[3]).max() < 1e-3
assert abs(x.mean() - 127.5) < .5
p = table("p.tsv")
assert np.isfinite([p[c][0] for c in ("light_x_px", "light_y_px", "dark_x_px", "dark_y_px")]).all()
assert abs(p["light_x_px"][1] + p["light_y_px"][0]) < 1e-9 and abs(p["light_y_px"][1] - p["light_x_px"][0]) < 1e-9
'
	done
}

@test "the test patches of white and contrast are equal, their neighbours are not" {
	for kind in white contrast; do
		stimuli -k $kind --parameters p.tsv >s.npys
		python '
x, y = npys("s.npys")
p = table("p.tsv")
at = lambda n, d=0: x[0][int(31.5 - p[n + "_y_px"][0]) + d, int(31.5 + p[n + "_x_px"][0])]
assert abs(at("light") - 127.5) < 1e-4 and abs(at("dark") - 127.5) < 1e-4
assert abs(at("light", 12)) < 1e-4 and abs(at("dark", 12) - 255) < 1e-4  # both lie on what makes them light and dark
'
	done
}

@test "snakes: with and without contour differ only in the path's orientations; ladders lie across" {
	for kind in snake ladder; do
		stimuli -k $kind -n 3 --path-angle 0,40 --size 96 --length 5 -s 7 --parameters p.tsv --elements $kind.tsv >s.npys
	done
	python '
p, s, l = table("p.tsv"), table("snake.tsv"), table("ladder.tsv")
assert p["present"].tolist() == [1, 0] * 6 and p["path_angle_deg"].tolist() == [0] * 6 + [40] * 6
for pair in range(6):
    a, b = s["label"] == 2 * pair, s["label"] == 2 * pair + 1
    assert (s["x_px"][a] == s["x_px"][b]).all() and (s["on_path"][a].sum() == 5)
    off = s["on_path"][a] == 0
    assert (s["theta_deg"][a][off] == s["theta_deg"][b][off]).all() and (s["theta_deg"][a][~off] != s["theta_deg"][b][~off]).all()
    d = (l["theta_deg"][a] - s["theta_deg"][a])[~off] % 180
    assert np.abs(d - 90).max() < 1e-6
assert len(set(s["x_px"][s["element"] == 8])) == 6
'
}

@test "contours: spacing, turns, orientations; the path is not denser than its surroundings" {
	stimuli -k snake -n 40 --path-angle 30 --length 7 --elements e.tsv >s.npys
	python 'import drawing; drawing.contours("e.tsv", 40)'
}

@test "a snake's Gabor elements are where the table says" {
	stimuli -k snake -n 1 --path-angle 30 -t 20 -c 0.4 --elements e.tsv --random-phase >s.npys
	python '
x, y = npys("s.npys")
e = table("e.tsv")
c = np.arange(128) - 63.5
X, Y = np.meshgrid(c, -c)
p = np.zeros((128, 128))
for i in np.flatnonzero(e["label"] == 0):
    t, q, dx, dy = np.radians(e["theta_deg"][i]), np.radians(e["phase_deg"][i]), X - e["x_px"][i], Y - e["y_px"][i]
    g = np.exp(-(dx**2 + dy**2) / 8)
    p += g * (np.cos(2 * np.pi * .25 * (dy * np.cos(t) - dx * np.sin(t)) + q) - np.cos(q) * np.exp(-2 * np.pi**2 * .25))
assert np.abs(x[0] - 127.5 * (1 + .4 * p)).max() < 5e-3
assert len(set(e["phase_deg"])) > 50 and abs(x[0].mean() - 127.5) < .15
'
}

@test "seeds differ, threads do not" {
	stimuli -k snake -n 40 -s 1 >a
	stimuli -k snake -n 40 -s 1 -j 2 >b
	stimuli -k snake -n 40 -s 2 >c
	cmp a b
	! cmp -s a c || false
}

@test "lists: enumerations, steps, octaves" {
	stimuli -t 10,20,35.5 -f 0.1:0.4:3 -p 0 --size 16 --parameters p.tsv >/dev/null
	python '
p = table("p.tsv")
assert sorted(set(p["theta_deg"].round(9))) == [10, 20, 35.5] and np.allclose(sorted(set(p["sf_cpp"])), [.1, .2, .4])'
	for bad in '10,' ',10' '1:2' '1:2:0' '1:2:2.5' 'x' '10 20' '0:180:3' '1e999' '1:2:1'; do
		echo "-t '$bad' | 2 | theta"
	done | errors stimuli
	errors stimuli <<<'-f 0:0.4:3 | 2 | equal ratios'
}

@test "wrong use: one line and status 2" {
	for word in '--patch 5' '--jitter 3' '-n 2' '--path-angle 20' '--elements f' '--random-phase' '-s 2'; do
		echo "-k gratings $word | 2 | needs --kind (snake or ladder|white or contrast)$"
	done | errors stimuli
	errors stimuli <<-EOF
		--no-such-option | 2 | no-such-option
		-k spiral | 2 | spiral
		operand | 2 | operand
		-k mach -d 5 | 2 | diameter: needs --kind gratings or surround$
		-k snake --random-phase -p 0 | 2 | random-phase: not together with --phase$
		-k white --size 20 | 2 | patch: 16 px does not fit
		-k cornsweet --size 12 | 2 | width
		-f 0.6 | 2 | outside
		-c 1.5 | 2 | outside
	EOF
}

@test "a path that does not fit, a full disk and a closed pipe" {
	errors stimuli <<-EOF
		-k snake --size 48 --path-angle 0 -o out | 1 | does not fit
		>/dev/full | 1 | No space left
	EOF
	run --separate-stderr bash -c "trap '' PIPE; stimuli | true; exit \${PIPESTATUS[0]}"
	[[ -z $stderr ]]
}

@test "ends of ranges" {
	stimuli --size 4 -t 0 -f 0.5 -p 359,-359 -c 0.001 >a
	stimuli -k contrast --size 4 --patch 2 -t 179.99 >a
	stimuli -k snake --size 64 --length 1 --path-angle 90 --spacing 64 --jitter 90 -n 1 --sigma 0.1 >a
	stimuli -k mach --width 0.001 >a
	stimuli -k white -f 0.5 --patch 1 -t 45 >a
}
