/* Checkpoints: what is loaded is what was saved, to the bit; damage anywhere and other settings are refused. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/random.h"
#include "net/checkpoint.h"
#include "check.h"

static const struct network_options options = {
    .k0 = 3, .filters = 2, .k1 = 3, .kl = 3, .iterations = 1, .classes = 2};

static void fill(struct network *net, struct optimiser *optimiser)
{
	size_t count;
	real *velocity = optimiser_velocity(optimiser, &count);
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		struct rng rng = rng_start(1, RNG_TEST, 0, i);
		bool ones = strcmp(t->name, "lgn_norm.weight") == 0 ||
			    strcmp(t->name, "v1_norm.weight") == 0;
		for (size_t j = 0; j < t->elements && !ones;
		     j++) /* norms without a learned scale keep it */
			t->x[j] = (real)(0.5 + rng_uniform(&rng));
	}
	struct rng rng = rng_start(1, RNG_TEST, 1, 0);
	for (size_t j = 0; j < count; j++)
		velocity[j] = (real)rng_normal(&rng);
}

static bool same_state(
    const struct network *a, const struct network *b, struct optimiser *u, struct optimiser *v)
{
	size_t count;
	const real *x = optimiser_velocity(u, &count), *y = optimiser_velocity(v, &count);
	bool same = memcmp(x, y, count * sizeof *x) == 0;
	for (size_t i = 0; i < network_tensors(a); i++) {
		const struct network_tensor *t = network_tensor(a, i);
		same =
		    same && memcmp(t->x, network_tensor(b, i)->x, t->elements * sizeof *t->x) == 0;
	}
	return same;
}

static void overwrite(const char *path, long at, int with)
{
	FILE *file = fopen(path, "r+b");
	if (file && fseek(file, at, SEEK_SET) == 0)
		putc(with, file);
	if (file)
		fclose(file);
}

static int byte_at(const char *path, long at)
{
	FILE *file = fopen(path, "rb");
	int byte = file && fseek(file, at, SEEK_SET) == 0 ? getc(file) : EOF;
	if (file)
		fclose(file);
	return byte;
}

int main(void)
{
	char path[] = "/tmp/v1pipe-checkpoint.XXXXXX";
	int descriptor = mkstemp(path);
	struct network *net = network_create(&options, 1), *other = network_create(&options, 1);
	struct optimiser *optimiser = optimiser_create(net), *another = optimiser_create(other);
	struct settings settings = {0}, changed = {0}, fewer = {0};
	const struct checkpoint at = {123, 0.1, 45, 67, 1e-300, {8, 9, 10, 11, SIZE_MAX / 3}};
	struct checkpoint got = {0};
	CHECK(descriptor >= 0 && settings_add(&settings, "rate", "%g", 0.1) == 0 &&
	      settings_add(&settings, "epochs", "%d", 3) == 0 &&
	      settings_add(&changed, "rate", "%g", 0.1) == 0 &&
	      settings_add(&changed, "epochs", "%d", 4) == 0 &&
	      settings_add(&fewer, "rate", "%g", 0.1) == 0);
	fill(net, optimiser);
	unlink(path);
	CHECK(checkpoint_load(path, other, another, &settings, &got) == 0); /* none yet */
	CHECK(checkpoint_save(path, net, optimiser, &settings, &at) == 0);
	CHECK(checkpoint_load(path, other, another, &settings, &got) == 1);
	CHECK(same_state(net, other, optimiser, another));
	CHECK(got.step == at.step && got.loss == at.loss && got.correct == at.correct &&
	      got.seen == at.seen && got.seconds == at.seconds &&
	      memcmp(got.length, at.length, sizeof at.length) == 0);
	CHECK(checkpoint_load(path, other, another, &changed, &got) < 0 &&
	      strstr(err_reason(), "epochs was 3, now it is 4"));
	CHECK(checkpoint_load(path, other, another, &fewer, &got) < 0 &&
	      strstr(err_reason(), "epochs was 3"));
	/* a bit of any byte: every 997th of the whole file, and those of the head */
	FILE *file = fopen(path, "rb");
	long length = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
	if (file)
		fclose(file);
	size_t tried = 0, accepted = 0, harmless = 0;
	for (long i = 0; i < length; i += i < 3000 ? 7 : 9973) {
		int byte = byte_at(path, i);
		overwrite(path, i, byte ^ 4);
		int status = checkpoint_load(path, other, another, &settings, &got);
		/* spaces and such in the head may change without changing what is read */
		if (status == 1 && same_state(net, other, optimiser, another) &&
		    got.step == at.step)
			harmless++;
		else
			accepted += status >= 0;
		overwrite(path, i, byte);
		tried++;
	}
	printf("# %zu bytes changed, %zu of them meant the same\n", tried, harmless);
	CHECK(tried > 400 && accepted == 0 && harmless < tried / 20);
	CHECK(checkpoint_load(path, other, another, &settings, &got) == 1);
	CHECK(truncate(path, length - 1) == 0 &&
	      checkpoint_load(path, other, another, &settings, &got) < 0);
	unlink(path);
	close(descriptor);
	settings_free(&settings);
	settings_free(&changed);
	settings_free(&fewer);
	optimiser_free(optimiser);
	optimiser_free(another);
	network_free(net);
	network_free(other);
	return check_end();
}
