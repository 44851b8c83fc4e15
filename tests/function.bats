# What K1 is for: the scripts of pipelines/function.mk on planted networks whose answer is known
load common

# planted CODE: a run's folder here, its lateral kernel made by CODE, which calls planted.folder
planted() {
	python "import planted
r = np.random.default_rng(3)
$1"
}

@test "lesions: a kernel of like pairs alone is nothing without them, and all there without the unlike" {
	planted '
def like(i, j, u, v, d):
    return (i != j and abs(d) < 30) * .02 * r.normal(size=u.shape)
planted.folder(like)
save("val.npys", r.integers(0, 256, (12, 32, 32)).astype("u1"), np.arange(12) % 3)'
	"$top/pipelines/lesions" . 2 1 >lesions.tsv
	python '
t = table("lesions.tsv")
kinds = list(dict.fromkeys(t["images"]))
assert kinds == ["clean", "noise", "blur", "occlusion", "contrast"], kinds  # trained without noise: no row of images as seen
for kind in kinds:
    row = {l: i for i, (l, k) in enumerate(zip(t["lesion"], t["images"])) if k == kind}
    assert list(row) == "intact T=0 like unlike coaxial cocircular near far".split()
    get = lambda name, c: t[c][row[name]]
    assert get("like", "mass") == 1 and get("unlike", "mass") == 0 and abs(get("near", "mass") + get("far", "mass") - 1) < 2e-4
    assert get("like", "loss") == get("T=0", "loss") != get("intact", "loss") == get("unlike", "loss")
    assert get("like", "n") == 2 and abs(get("like", "random") - get("T=0", "accuracy")) < 1e-9 and get("like", "random_sd") < 1e-6
    assert get("unlike", "n") == 0 and np.isnan(get("unlike", "random")) and 0 < get("coaxial", "mass") < 1
intact = t["loss"][[l == "intact" for l in t["lesion"]]]
assert len(set(intact)) == 5, intact'
}
