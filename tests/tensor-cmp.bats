load common
load tensors

same() { run --separate-stderr tensor-cmp "$@"; [[ $status -eq 0 && -z $stderr && -z $output ]]; }
differ() { # differ PATTERN ARGUMENT...
	run --separate-stderr tensor-cmp "${@:2}"
	one_line 1 "$1"
}

@test "equal, within a tolerance, beyond it" {
	python '
a = np.arange(24.0).reshape(2, 3, 4)
save("a.npys", a); save("z.npys", -0.0 * a); save("0.npys", 0 * a)
b = a.copy(); b[1, 2, 1] += 0.01; b[1, 2, 3] -= 0.02
save("b.npys", b)'
	same a.npys a.npys
	same 0.npys z.npys
	same -a 0.0201 a.npys b.npys
	same -r 0.001 a.npys b.npys
	differ 'a.npys b.npys differ: record 0: \[1,2,1\] is 21 and 21.01; 2 of 24 numbers differ, by up to 0.02' a.npys b.npys
	differ '\[1,2,3\].*1 of 24' -a 0.015 a.npys b.npys
	differ '\[1,2,3\]' -r 0.0005 a.npys b.npys
	same -a 0.01 -r 0.0005 a.npys b.npys
	# the tolerance goes with the second: |100 - 110| <= 0.095 * 110, not 0.095 * 100
	python 'save("c.npys", np.array([100.0])); save("d.npys", np.array([110.0]))'
	same -r 0.095 c.npys d.npys
	differ 'record 0' -r 0.095 d.npys c.npys
	# the ends of the ranges
	same -a 1e308 -r 1e308 a.npys b.npys
	differ 'record 0' -a 0 -r 0 a.npys b.npys
}

@test "NaN never passes; infinities equal only themselves" {
	python '
for name, v in dict(nan=np.nan, inf=np.inf, ninf=-np.inf, one=1.0).items(): save(name + ".npys", np.array([0.0, v]))'
	differ '\[1\] is nan and nan' nan.npys nan.npys
	differ '\[1\]' -a 1e300 -r 1 nan.npys nan.npys
	differ '\[1\]' -a 1e300 -r 1 nan.npys one.npys
	differ '\[1\]' -a 1e300 -r 1 one.npys nan.npys
	same inf.npys inf.npys
	same ninf.npys ninf.npys
	differ '\[1\]' -a 1e300 -r 1 inf.npys ninf.npys
	differ '\[1\]' -a 1e300 -r 1 inf.npys one.npys
	differ '\[1\]' -a 1e300 -r 1 one.npys inf.npys
}

@test "number, type and shape must match" {
	python '
save("a.npys", np.zeros((2, 3), "<f4")); save("b.npys", np.zeros((3, 2), "<f4")); save("c.npys", np.zeros((2, 3)))
save("d.npys", np.zeros((2, 3), "<f4"), np.zeros(2)); save("e.npys", np.zeros((1, 2, 3), "<f4"))
save("f.npys", np.array(1.0)); save("g.npys", np.array(2.0)); save("h.npys", np.zeros((0, 3), "<f4"))'
	differ 'record 0: shapes \(2,3\) and \(3,2\)' a.npys b.npys
	differ 'record 0: shapes' a.npys e.npys
	differ 'record 0: types <f4 and <f8' -a 1 a.npys c.npys
	differ 'record 1: only in the second' a.npys d.npys
	differ 'record 1: only in the first' d.npys a.npys
	differ 'record 0: \[\] is 1 and 2' f.npys g.npys
	same h.npys h.npys
}

@test "standard input, and long records" {
	python '
r = np.random.default_rng(1)
a = r.normal(size=(700, 30, 10)); save("a.npys", a, a)
a[699, 29, 9] += 1e-9; save("b.npys", a, a)'
	cat a.npys | tensor-cmp - a.npys
	cat a.npys | tensor-cmp a.npys -
	differ 'record 0: \[699,29,9\] .*1 of 210000' a.npys b.npys
	same -a 1e-8 a.npys b.npys
	errors tensor-cmp <<<'- - <a.npys | 2 | standard input'
}

@test "safetensors: by name, whatever the order" {
	python '
from weights import write
x, y = np.float32([[1, 2], [3, 4]]), np.float32([5, 6])
for name, tensors in dict(a=dict(x=x, y=y), b=dict(y=y, x=x), c=dict(x=x, y=y + 1), d=dict(x=x), e=dict(x=x, z=y),
                          f=dict(x=x.ravel(), y=y), g={}).items():
    write(name, tensors)'
	same a b
	cat b | tensor-cmp a -
	differ 'y: \[0\] is 5 and 6; 2 of 2' a c
	same -a 1 a c
	differ 'y: only in the first' a d
	differ 'y: only in the second' d a
	differ 'y: only in the first' a e
	differ 'x: shapes \(2,2\) and \(4,\)' a f
	same g g
	differ 'x: only in the second' g a
	model m.safetensors
	python 'save("a.npys", np.zeros(2))'
	errors tensor-cmp <<-EOF
		m.safetensors m.safetensors | 2 | F8_E4M3
		a a.npys | 2 | one is npys
		a.npys a | 2 | one is npys
	EOF
}

@test "trouble is 2" {
	python 'save("a.npys", np.zeros(20))'
	head -c 200 a.npys >cut.npys
	: >empty
	errors tensor-cmp <<-EOF
		a.npys cut.npys | 2 | cut.npys: record 0: cut off
		cut.npys a.npys | 2 | cut.npys: record 0: cut off
		a.npys empty | 2 | empty: no record
		a.npys missing | 2 | No such file
		a.npys | 2 | operands
		a.npys a.npys a.npys | 2 | one operand too many
		--no-such a.npys a.npys | 2 | no-such
		--atol -1 a.npys a.npys | 2 | atol
		-r nan a.npys a.npys | 2 | -r
		-r inf a.npys a.npys | 2 | -r
	EOF
}

@test "differences and relative tolerances beyond the range of doubles" {
	python 'save("a", np.array([1.7e308, 1e308])); save("b", np.array([-1.7e308, 1e308]))'
	run tensor-cmp -r 1.9 a b
	[[ $status -eq 1 ]]
	tensor-cmp -r 2.1 a b
	tensor-cmp -r 1e300 a b
}
