# lateral-lesion: classes of weights by their definition in NumPy; equal masses; what is left untouched
load common

# kernel: a random bank of 9 units (one rejected), kernel (9, 9, 7, 7) and rms
kernel() {
	python '
import plant
r = np.random.default_rng(7)
units, _ = plant.bank(9, 9, r)
units[4]["accepted"], units[4]["reason"] = 0, "r"
plant.write_table("units.tsv", units)
save("rms.npys", r.uniform(.5, 2, 9))
save("k.npys", r.normal(size=(9, 9, 7, 7)).astype("f4"))'
}

# check CODE: k, rms and the taps (i, j, r, c) of usable pairs with dtheta, x, y, phi, distance (deg, px), mass |K~|;
# after(FILE): which of them a lesion has set to 0
check() {
	python "
u = table('units.tsv')
k, rms = one('k.npys').astype(float), one('rms.npys')
full = k.astype('f4')
ok = [i for i in range(9) if u['accepted'][i] == 1]
i, j, r, c = (a.ravel() for a in np.meshgrid(range(9), range(9), range(7), range(7), indexing='ij'))
use = (i != j) & np.isin(i, ok) & np.isin(j, ok)
i, j, r, c = i[use], j[use], r[use], c[use]
axis = lambda a: (a + 90) % 180 - 90
dtheta = axis(u['theta_deg'][j] - u['theta_deg'][i])
x = c - 3 + u['x0_px'][j] - u['x0_px'][i]
y = 3 - r + u['y0_px'][j] - u['y0_px'][i]
phi = np.degrees(np.arctan2(y, x)) - u['theta_deg'][i]
distance = np.hypot(x, y)
mass = np.abs(k[i, j, r, c]) * rms[j] / rms[i]
def after(path):
    a = one(path)
    assert a.shape == k.shape and a.dtype == '<f4'
    gone = (a == 0) & (full != 0)
    assert (a[~gone] == full[~gone]).all()
    assert gone.sum() == gone[i, j, r, c].sum()   # nothing elsewhere
    return gone[i, j, r, c]
$1"
}

lesion() {
	lateral-lesion --table units.tsv --rms rms.npys "$@" k.npys
}

@test "every class is that of its definition, and no other weight changes" {
	kernel
	for kind in like unlike coaxial cocircular near far; do lesion --kind $kind >$kind.npys; done
	lesion --kind like --angle 12 >narrow.npys
	lesion --kind near --distance 2 --sign positive >positive.npys
	lesion --kind far --distance 2 --sign negative >negative.npys
	check "
for kind, wanted in dict(like=abs(dtheta) < 30, unlike=abs(dtheta) > 60,
        coaxial=(abs(dtheta) < 30) & (abs(axis(phi)) < 30) & (distance >= 1.5),
        cocircular=(abs(axis(dtheta - 2 * phi)) < 30) & (distance >= 1.5), near=distance < 3, far=distance >= 3,
        narrow=abs(dtheta) < 12, positive=(distance < 2) & (full[i, j, r, c] > 0),
        negative=(distance >= 2) & (full[i, j, r, c] < 0)).items():
    assert (after(kind + '.npys') == wanted).all(), kind
    assert 0 < wanted.sum() < wanted.size"
}

@test "--mass removes that share of the kernel's mass in every class, in another order with another seed" {
	kernel
	for kind in like far random; do lesion --kind $kind --mass .2 -v >$kind.npys 2>$kind.txt; done
	lesion --kind random --mass .2 -s 2 >other.npys
	check "
for kind in 'like', 'far', 'random', 'other':
    gone = after(kind + '.npys')
    removed = mass[gone].sum() / mass.sum()
    assert .2 <= removed < .2 + mass.max() / mass.sum(), removed
    if kind != 'other':
        words = open(kind + '.txt').read().split()
        assert int(words[1]) == gone.sum() and abs(float(words[6]) - removed) < 1e-4, words
assert (after('random.npys') != after('other.npys')).any() and not after('like.npys')[abs(dtheta) >= 30].any()"
}

@test "a lesion of all weights is a network without lateral propagation; the model's own kernel changes nothing" {
	"$PYTHON" "$golden/respond.py" random .
	m=model-relu-recurrent.safetensors
	tensor-get --name lateral.weight $m -o k.npys
	v1-respond --model $m -T 2 images.npys >a
	v1-respond --model $m -T 2 --lateral k.npys images.npys | cmp - a
	python 'save("zero.npys", 0 * one("k.npys")); save("wide.npys", np.zeros((4, 4, 9, 9), "f4"))'
	v1-respond --model $m -T 0 images.npys >b
	v1-respond --model $m -T 2 --lateral zero.npys images.npys | tensor-cmp - b
	run cmp -s a b
	[[ $status -eq 1 ]]
	run --separate-stderr v1-respond --model $m --lateral wide.npys images.npys
	one_line 1 "not \(4, 4, 5, 5\), as the model's lateral kernel"
}

@test "errors" {
	kernel
	common_errors "lateral-lesion --table units.tsv --rms rms.npys" k.npys
	run --separate-stderr lateral-lesion --kind near k.npys
	one_line 2 table
	run --separate-stderr lateral-lesion --table units.tsv --kind near --angle 20 k.npys
	one_line 2 angle
	run --separate-stderr lateral-lesion --table units.tsv --rms rms.npys --kind like --mass .9 k.npys
	one_line 1 'less than 0.9'
	run --separate-stderr lateral-lesion --table units.tsv k.npys -o x
	[[ $status -eq 0 && $stderr == *"--rms: not given"* ]]
}
