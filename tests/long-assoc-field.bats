load common

# models COUNT: kernels of every model, signed, phase-locked, excitatory and rectified (tests/unit/models.c)
@test "planted models: the right one wins where a winner is claimed, parameters lie in their intervals" {
	"$V1PIPE_BUILD/unit/models" 4 >tap || { cat tap; false; }
	grep '^#' tap >&3
}

# V1PIPE_KERNELS (1,000) kernels of each kind, of M1 in four shapes: a second a kernel
@test "no group model leads by more than chance where weights are noise, row and column effects, relu(C1) with noise or M1" {
	local kernels=${V1PIPE_KERNELS:-1000} kind count
	for kind in white effects 'relu(C1)' M1; do
		count=$kernels
		[ "$kind" = M1 ] && count=$(((kernels + 3) / 4))
		"$V1PIPE_BUILD/unit/models" "$count" leads "$kind" >tap || {
			grep -v ^ok tap
			false
		}
		grep '^#.*leads' tap >&3
	done
}
