load common

# models COUNT: kernels of every model, signed, phase-locked, excitatory and rectified (tests/unit/models.c)
@test "planted models: the right one wins where a winner is claimed, parameters lie in their intervals" {
	"$V1PIPE_BUILD/unit/models" 4 >tap || { cat tap; false; }
	grep '^#' tap >&3
}

# V1PIPE_KERNELS (1,000) kernels of each, four shapes of M1: a second a kernel
@test "no group model leads where weights are relu(C1) and noise, or M1" {
	local kernels=${V1PIPE_KERNELS:-1000}
	"$V1PIPE_BUILD/unit/models" "$kernels" leads 'relu(C1)' >tap || { cat tap; false; }
	"$V1PIPE_BUILD/unit/models" $(((kernels + 3) / 4)) leads M1 >>tap || { cat tap; false; }
	grep '^#.*leads' tap >&3
}
