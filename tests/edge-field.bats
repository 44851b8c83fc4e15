load common

@test "edges of lines are collinear, of circles cocircular" {
	python '
rng = np.random.default_rng(1)
r, c = np.mgrid[:96, :96]
lines, circles = [], []
for i in range(30):
    t, s = rng.uniform(0, np.pi), rng.uniform(-25, 25)
    d = (c - 48) * np.sin(t) - (48 - r) * np.cos(t) - s
    lines.append(1 / (1 + np.exp(-2 * d)))
    x, y, R = *rng.uniform(30, 66, 2), rng.uniform(10, 26)
    circles.append(1 / (1 + np.exp(-2 * (np.hypot(c - x, r - y) - R))))
noise = .02 * rng.normal(size=(30, 96, 96))
save("lines.npys", (np.array(lines) + noise).astype("<f4"), np.arange(30))
save("circles.npys", (np.array(circles) + noise).astype("<f4"))'
	for s in lines circles; do
		edge-field $s.npys -o $s.m4.npys
	done
	python '
for name in "lines", "circles":
    t, k = npys(name + ".m4.npys")
    assert k.shape == (18, 17, 17) and np.allclose(t, np.arange(18) * np.pi / 18)
    assert np.abs(k - k[:, ::-1, ::-1]).max() < 1e-5
    y, x = 8 - np.mgrid[:17, :17][0], np.mgrid[:17, :17][1] - 8
    phi = np.arctan2(y, x)
    for i, j in ((8, 13), (8, 3), (7, 13), (9, 13), (6, 15), (6, 1)):  # radius 13 px and more
        best = t[k[:, i, j].argmax()]
        cocircular = abs((best - 2 * phi[i, j] + np.pi / 2) % np.pi - np.pi / 2)
        if name == "circles" or phi[i, j] == 0 or i == 8:
            assert cocircular < np.radians(16), (name, i, j, np.degrees(best), np.degrees(2 * phi[i, j]))
            assert k[:, i, j].max() > 1
    if name == "lines":  # beside a line there is none
        assert k[0, 8, 13] > 1 > k[0, 3, 8]'
	# white noise: no excess beyond the reach of the filters
	python 'save("noise.npys", np.random.default_rng(0).normal(size=(16, 64, 64)).astype("<f4"))'
	edge-field -R 8 noise.npys -o noise.m4.npys
	python 't, k = npys("noise.m4.npys"); n = k.shape[1] // 2
far = np.hypot(*(np.mgrid[:2 * n + 1, :2 * n + 1] - n)) > 5.5
assert abs(k.mean(0)[far]).mean() < .15'
}

@test "edge co-occurrence is NumPy's, whatever the number of threads; colours are added, labels skipped" {
	python '
rng = np.random.default_rng(2)
x = rng.normal(size=(3, 40, 46))
for _ in range(2):  # smoothed, so that edges have neighbours
    x = (x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, -1, 1) + np.roll(x, -1, 2)) / 5
x = x.astype("<f4")
save("images.npys", x, np.arange(3)); save("colours.npys", np.stack([x / 4, x / 4, x / 2], 1))'
	edge-field -R 3 -j 1 images.npys -o m4.npys
	edge-field -R 3 -j 2 <images.npys >other.npys
	cmp m4.npys other.npys
	read -r edges error spread < <("$PYTHON" "$golden/field.py" edges images.npys m4.npys)
	echo "edges $edges, error $error, spread $spread"
	awk "BEGIN { exit !($edges > 200 && $spread > .3 && $error < 1e-5) }"
	edge-field -R 3 colours.npys | tensor-cmp --atol 1e-4 - m4.npys
}

@test "errors: streams, options, images that are too small or have no edge" {
	python 'save("images.npys", np.random.default_rng(0).normal(size=(2, 20, 20)).astype("<f4"))
save("small.npys", np.zeros((2, 12, 20), "<f4")); save("even.npys", np.zeros((2, 20, 20), "<f4"))'
	common_errors "edge-field -j 1 -R 2" images.npys
	run --separate-stderr edge-field --radius 0 images.npys
	one_line 2 radius
	run --separate-stderr edge-field small.npys
	one_line 1 'at least 16 px'
	run --separate-stderr edge-field even.npys -o none.npys
	one_line 1 'none found'
	[[ ! -e none.npys ]]
}
