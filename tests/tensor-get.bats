load common
load tensors

@test "without options a stream is copied to the byte" {
	python '
r = np.random.default_rng(2)
save("a.npys", r.normal(size=(300, 20, 20)), np.arange(300, dtype="<i8") + 2**60, np.float32([np.nan, np.inf]), np.zeros((3, 0)))'
	tensor-get a.npys | cmp - a.npys
	cat a.npys | tensor-get | cmp - a.npys
}

@test "slices as NumPy takes them" {
	python '
r = np.random.default_rng(3)
save("a.npys", r.integers(0, 1000, (9, 7, 5, 4)).astype("<i2"))'
	for s in 0:8,:,3 0 -1 2:5 :3 -3: ::2 1::3 8:2 5:5 100: :-100 ... ...,0 0,... 1:3,...,::2 :,:,:,: 1,2,3,-4 -9,-7:-1:2 \
		' 1 : 3 , : , 2 ' ::9 +1 ...,1:2,: 3,:,1:0; do
		tensor-get --slice "$s" a.npys >b.npys
		python '
a, b = one("a.npys"), one("b.npys")
e = eval("a[" + sys.argv[1].strip().replace("+", "") + "]")
assert b.dtype == a.dtype and b.shape == e.shape and (b == e).all(), (sys.argv[1], b.shape, e.shape)' "$s"
	done
	python 'save("v.npys", np.arange(200000.0)); save("s.npys", np.array(3.0))'
	tensor-get --slice 5:199999:7 v.npys >b.npys
	python 'assert (one("b.npys") == np.arange(200000.0)[5:199999:7]).all()'
	tensor-get --slice -3 v.npys | python 'assert one(sys.stdin.buffer).shape == ()'
	tensor-get --slice ... s.npys | cmp - s.npys
}

@test "records by number; the rest of the stream is read" {
	python 'save("a.npys", np.zeros((2, 2)), np.arange(3), np.ones(4))'
	tensor-get --record 1 a.npys | python 'assert (one(sys.stdin.buffer) == np.arange(3)).all()'
	cat a.npys | tensor-get --record 2 --slice 1 | python 'assert one(sys.stdin.buffer) == 1'
	# the writer of a long stream is not cut off
	for i in $(seq 200); do cat a.npys; done >long.npys
	pipe 'cat long.npys | tensor-get --record 0 >x.npys'
	[[ $status -eq 0 ]]
	head -c 300 a.npys >cut.npys
	errors "tensor-get -o out" <<-EOF
		--record 3 a.npys | 1 | a.npys: no record 3
		--record 0 cut.npys | 1 | cut off
	EOF
}

@test "every type of safetensors comes out exactly" {
	model
	for f in *.expected; do
		name=${f%.expected}
		tensor-get --name "$name" m.safetensors >a.npys
		cat m.safetensors | tensor-get --name "$name" | cmp - a.npys
		python '
a, e = one("a.npys"), one(sys.argv[1])
wider = {"i8": "<i2", "u32": "<i8", "u64": "<i8"}
assert a.dtype.str == wider.get(sys.argv[1].split(".")[0], e.dtype.str) and a.shape == e.shape and (a == e).all(), (a, e)' "$f"
	done
	tensor-get --name f32 --slice 1,:,::2 m.safetensors | python '
assert (one(sys.stdin.buffer) == one("f32.expected")[1, :, ::2]).all()'
	tensor-get --record 1 m.safetensors | cmp - f32.expected
}

@test "safetensors: choosing, and what cannot be read" {
	model
	python '
from weights import write
write("u64", {"big": np.array([2**63], "<u8")})
write("one", {"a": np.float32([1, 2])})
save("a.npys", np.zeros(2))'
	errors "tensor-get -o out" <<-EOF
		m.safetensors | 1 | m.safetensors: .*17 tensors.*--name.*tensor-info
		--name f33 m.safetensors | 1 | no tensor f33
		--name f8 m.safetensors | 1 | f8: .*F8_E4M3
		--record 17 m.safetensors | 1 | no record 17
		u64 | 1 | big: .*<i8
		--name a a.npys | 1 | a.npys: .*no names
	EOF
	# the only tensor needs no name
	tensor-get one | python 'assert one(sys.stdin.buffer).tolist() == [1, 2]'
}

@test "slices that are wrong" {
	python 'save("a.npys", np.zeros((2, 3)))'
	for s in '' , 1, a 1:2:0 ::-1 1.5 '[0]' ...,... 1:2:3:4 99999999999999999999 1,1,1,1,1,1,1,1,1,1 - ..; do
		echo "--slice '$s' a.npys | 2 | slice"
	done | errors "tensor-get -o out"
	for s in 2 -3 :,3 0,0,0 :,:,: ...,:,:,:; do
		echo "--slice $s a.npys | 1 | a.npys: record 0: "
	done | errors "tensor-get -o out"
	errors "tensor-get -o out" <<-EOF
		--record 0 --name x a.npys | 2 | record
		a.npys a.npys | 2 | operand
	EOF
}

@test "--take gives items in the listed order, as NumPy does; what is not there is an error" {
	python 'save("a.npys", np.arange(24, dtype="<i2").reshape(4, 3, 2), np.arange(5.0))'
	tensor-get --take 3,0,0,1 a.npys >b.npys
	python 'a, b = npys("a.npys"); c, d = npys("b.npys"); i = [3, 0, 0, 1]; assert (c == a[i]).all() and c.dtype == a.dtype and (d == b[i]).all()'
	tensor-get --take 3:0:4 --record 0 a.npys >b.npys
	python 'a, _ = npys("a.npys"); assert (one("b.npys") == a[::-1]).all()'
	errors "tensor-get -o out a.npys" <<-EOF
		--take 0.5 | 2 | take
		--take -1 | 2 | take
		--take x | 2 | take
		--take '' | 2 | take
		--take 0 --slice 0 | 2 | slice
		--take 1,4 | 1 | record 0: no item 4 among 4
	EOF
}

@test "common errors" {
	python 'save("a.npys", np.arange(24.0).reshape(2, 3, 4))'
	common_errors tensor-get a.npys
	common_errors 'tensor-get --slice 0:1,::2' a.npys
}
