load common

# models COUNT: kernels of every model, signed, phase-locked, excitatory and rectified (tests/unit/models.c)
@test "planted models: the right one wins where a winner is claimed, parameters lie in their intervals" {
	"$V1PIPE_BUILD/unit/models" 4 >tap || { cat tap; false; }
	grep '^#' tap >&3
}
