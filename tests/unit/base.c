/* The small parts: memory, threads, random numbers, paths, spools, tables, circular and Student's statistics. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/threads.h"
#include "npys/npys.h"
#include "stats/circular.h"
#include "stats/student.h"
#include "table/table.h"
#include "check.h"

static void memory(void)
{
	size_t product;
	CHECK(mem_multiply(SIZE_MAX / 4, 3, &product) < 0);
	CHECK(mem_multiply(6, 7, &product) == 0 && product == 42);
	CHECK(!mem_alloc(SIZE_MAX / 2, 16));
	void *memory = mem_alloc(3, 5);
	CHECK(memory && (uintptr_t)memory % 64 == 0);
	free(memory);
}

static int square(size_t i, size_t worker, void *argument)
{
	(void)worker;
	((double *)argument)[i] = (double)(i * i);
	return 0;
}

static int fail_from_7(size_t i, size_t worker, void *argument)
{
	(void)worker;
	(void)argument;
	return i >= 7 ? err_set("item %zu", i) : 0;
}

/* worker indexes scratch, which no two items may have at once; a loop within */
static int with_scratch(size_t i, size_t worker, void *argument)
{
	size_t *scratch = argument, before = scratch[worker]++;
	double inner[16];
	int status = par_for(16, 4, square, inner);
	if (scratch[worker] != before + 1 || inner[15] != 225)
		return err_set("item %zu: scratch of worker %zu was another's too", i, worker);
	return status;
}

static void threads(void)
{
	double x[1000], y[1000];
	CHECK(par_for(1000, 2, square, x) == 0 && par_for(1000, 1, square, y) == 0);
	CHECK(memcmp(x, y, sizeof x) == 0 && x[31] == 961);
	for (size_t i = 0; i < 20; i++)
		CHECK(par_for(100, 1 + i % 4, fail_from_7, NULL) < 0 &&
		      strcmp(err_reason(), "item 7") == 0);
	/* loops of all sizes on changing numbers of threads, more than there are CPUs: each item once */
	for (size_t i = 0; i < 2000; i++) {
		size_t scratch[8] = {0}, done = 0, n = i % 37, t = 1 + i % 8;
		CHECK(par_for(n, t, with_scratch, scratch) == 0);
		for (size_t k = 0; k < 8; k++) {
			done += scratch[k];
			CHECK(k < t || scratch[k] == 0);
		}
		CHECK(done == n);
	}
}

static void forks(void)
{
	for (size_t i = 0; i < 20; i++) {
		double x[1000];
		int status = -1;
		CHECK(par_for(1000, 1 + i % 4, square, x) == 0); /* workers wake, work or sleep */
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			for (size_t j = 2; j < 7; j++)
				if (par_for(1000, j, square, x) < 0 || x[999] != 998001)
					_exit(1);
			_exit(0);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
}

/* counter and key all zero, and the digits of pi */
static void known_answers(void)
{
	struct rng zero = {.used = 4};
	CHECK(rng_bits(&zero) == 0x6627e8d5 && rng_bits(&zero) == 0xe169c58d &&
	      rng_bits(&zero) == 0xbc57ac4c && rng_bits(&zero) == 0x9b00dbd8);
	struct rng pi = {.key = {0xa4093822, 0x299f31d0},
	    .counter = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
	    .used = 4};
	CHECK(rng_bits(&pi) == 0xd16cfe09 && rng_bits(&pi) == 0x94fdcceb &&
	      rng_bits(&pi) == 0x5001e420 && rng_bits(&pi) == 0x24126ea1);
}

static void moments(void)
{
	enum { N = 200000 };
	struct rng rng = rng_start(7, RNG_TEST, 3, 5);
	double mean = 0, square_mean = 0, fourth = 0;
	size_t counts[6] = {0};
	for (size_t i = 0; i < N; i++) {
		double x = rng_normal(&rng);
		mean += x / N;
		square_mean += x * x / N;
		fourth += x * x * x * x / N;
		counts[rng_below(&rng, 6)]++;
	}
	/* five standard errors of each */
	CHECK_CLOSE(mean, 0, 5 / sqrt(N));
	CHECK_CLOSE(square_mean, 1, 5 * sqrt(2. / N));
	CHECK_CLOSE(fourth, 3, 5 * sqrt(96. / N));
	double chi2 = 0;
	for (size_t k = 0; k < 6; k++)
		chi2 += ((double)counts[k] - N / 6.) * ((double)counts[k] - N / 6.) / (N / 6.);
	CHECK(chi2 < 25.7); /* 5 degrees of freedom, p = 1e-4 */
}

static void streams(void)
{
	struct rng a = rng_start(1, RNG_TEST, 0, 0), b = rng_start(1, RNG_TEST, 0, 1);
	struct rng c = rng_start(1, RNG_TEST, 1, 0), d = rng_start(1, RNG_NULL, 0, 0);
	struct rng e = rng_start((uint64_t)1 << 32 | 1, RNG_TEST, 0, 0), again = a;
	uint32_t x = rng_bits(&a);
	CHECK(x != rng_bits(&b) && x != rng_bits(&c) && x != rng_bits(&d) && x != rng_bits(&e));
	CHECK(x == rng_bits(&again));
	size_t order[50], seen[50] = {0};
	rng_permutation(&again, order, 50);
	for (size_t i = 0; i < 50; i++)
		CHECK(seen[order[i]]++ == 0);
}

static void touch(const char *path)
{
	FILE *file = fopen(path, "w");
	CHECK(file && fclose(file) == 0);
}

static void paths(void)
{
	char folder[] = "/tmp/v1pipe-paths.XXXXXX";
	if (!CHECK(mkdtemp(folder) && chdir(folder) == 0))
		return;
	touch("a");
	touch("b");
	CHECK(symlink("a", "soft") == 0 && link("a", "hard") == 0 && mkdir("sub", 0777) == 0 &&
	      mkfifo("fifo", 0666) == 0);
	CHECK(paths_same("a", "a") && paths_same("a", "./a") && paths_same("a", "sub/../a"));
	CHECK(paths_same("a", "soft") && paths_same("hard", "soft") && !paths_same("a", "b"));
	CHECK(paths_same("new", "new") && paths_same("new", "./new") &&
	      paths_same("sub/new", "sub/../sub/new"));
	CHECK(!paths_same("new", "sub/new") && !paths_same("new", "newer") &&
	      !paths_same("a", "new"));
	CHECK(!paths_same("fifo", "fifo") && !paths_same("/dev/null", "/dev/null"));
	CHECK(symlink("nowhere", "dangling") == 0 && paths_same("dangling", "nowhere") &&
	      paths_same("./dangling", "sub/../nowhere") && !paths_same("dangling", "new"));
	const struct paths_use uses[] = {{"--log", "./a"}, {NULL, "-"}, {"--output", "new"},
	    {NULL, "soft"}, {"--checkpoint", "sub/../new"}};
	paths_name(uses, 3);
	CHECK(paths_claim(NULL, uses[0].path) == 0 && paths_claim(NULL, uses[2].path) == 0 &&
	      paths_claim("--log", "./a") == 0);
	paths_name(uses, 5);
	CHECK(paths_claim(NULL, uses[0].path) < 0 &&
	      strstr(err_reason(), "--log: ./a is to be read") && err_status() == STATUS_USAGE);
	CHECK(paths_claim(NULL, uses[2].path) < 0 &&
	      strstr(err_reason(), "--output: new is the file of --checkpoint"));
	paths_name(NULL, 0);
	CHECK(paths_claim("--snapshots", "sub/../a") < 0 &&
	      strstr(err_reason(), "--snapshots: sub/../a is the file of --log"));
	CHECK(paths_claim("--output", NULL) == 0 && paths_claim("--output", "-") == 0 &&
	      paths_claim("--log", "/dev/stdout") < 0 &&
	      strstr(err_reason(), "standard output: named for two outputs"));
	CHECK(paths_claim("--x", "/dev/null") == 0 && paths_claim("--y", "/dev/null") == 0);
	CHECK(unlink("dangling") == 0);
	static const char *const names[] = {"a", "b", "soft", "hard", "fifo"};
	for (size_t i = 0; i < 5; i++)
		unlink(names[i]);
	CHECK(rmdir("sub") == 0 && rmdir(folder) == 0);
}

static void spools(void)
{
	struct npys_out *out = npys_spool();
	float x[300][50], y[300][50];
	for (size_t i = 0; i < 300 * 50; i++)
		x[i / 50][i % 50] = (float)i;
	if (!CHECK(out))
		return;
	for (size_t record = 0; record < 20; record++)
		CHECK(npys_put_float(out, 2, (size_t[]){300, 50}, x[0]) == 0);
	struct npys_in *in = npys_replay(out);
	if (!CHECK(in))
		return;
	struct npys_header header;
	size_t records = 0;
	while (npys_next(in, &header) == 1) {
		memset(y, 0, sizeof y);
		CHECK(header.rank == 2 && header.items == 300 && header.item == 50);
		CHECK(npys_read_float(in, y[0], 300) == 0 && !memcmp(x, y, sizeof x));
		records++;
	}
	CHECK(records == 20);
	CHECK(npys_next(in, &header) == 0);
	npys_close_in(in);
	/* a record that is not whole cannot be replayed; nor can a spool of nothing be read */
	out = npys_spool();
	CHECK(out && npys_shape(&header, NPYS_F4, 1, (size_t[]){5}) == 0 &&
	      npys_begin(out, &header) == 0);
	CHECK(!npys_replay(out));
	out = npys_spool();
	in = out ? npys_replay(out) : NULL;
	CHECK(in && npys_next(in, &header) == -1);
	npys_close_in(in);
}

static void angles(void)
{
	const double nearly = 180 * (1 - 1e-14);
	/* degrees, as an orientation, as a phase */
	const double cases[][3] = {{0, 0, 0}, {nearly, 0, 180}, {-1e-12, 0, -1e-12}, {180, 0, 180},
	    {-180, 0, 180}, {-nearly, 180 - nearly, 180}, {179.5, 179.5, 179.5}, {-30, 150, -30},
	    {270, 90, -90}, {360 + 12.5, 12.5, 12.5}, {NAN, NAN, NAN}};
	enum { ROWS = sizeof cases / sizeof *cases };
	char file[] = "table-XXXXXX";
	double orientation[ROWS], phase[ROWS];
	struct table table;
	int descriptor = mkstemp(file);
	CHECK(descriptor >= 0 && close(descriptor) == 0);
	struct table_out *out = table_create(file, "orientation phase");
	for (size_t i = 0; i < ROWS; i++) {
		table_orientation(out, cases[i][0]);
		table_phase(out, cases[i][0]);
	}
	CHECK(table_close(out) == 0 && table_read(file, &table) == 0 && table.rows == ROWS);
	CHECK(table_reals(&table, "orientation", orientation) == 0 &&
	      table_reals(&table, "phase", phase) == 0);
	for (size_t i = 0; i + 1 < ROWS; i++) {
		CHECK(orientation[i] >= 0 && orientation[i] < 180 && phase[i] > -180 &&
		      phase[i] <= 180);
		CHECK_CLOSE(orientation[i], cases[i][1], 1e-9);
		CHECK_CLOSE(phase[i], cases[i][2], 1e-9);
	}
	CHECK(isnan(orientation[ROWS - 1]) && isnan(phase[ROWS - 1]));
	table_free(&table);
	unlink(file);
}

static void circular(void)
{
	/* 0 and 90 deg cancel; 170 and 10 deg have the mean 0, not 90 */
	double cross[] = {0, M_PI / 2}, near[] = {170 * M_PI / 180, 10 * M_PI / 180};
	CHECK_CLOSE(axial_mean(2, cross, NULL).length, 0, 1e-15);
	CHECK_CLOSE(sin(axial_mean(2, near, NULL).angle), 0, 1e-12);
	CHECK_CLOSE(axial_mean(2, near, NULL).length, cos(20 * M_PI / 180), 1e-12);
	double weights[] = {3, 1};
	CHECK_CLOSE(axial_mean(2, cross, weights).length, .5, 1e-15);
	CHECK(isnan(axial_mean(0, NULL, NULL).length));

	double even[12];
	for (size_t i = 0; i < 12; i++)
		even[i] = ((double)i + .5) * M_PI / 12;
	double same[] = {1, 1 + M_PI, 1 - M_PI};
	CHECK(axial_mean(12, even, NULL).p > .9 && axial_mean(3, same, NULL).p < .06);

	/* a planted von Mises profile, unequal weights */
	double x[18], y[18], w[18];
	for (size_t i = 0; i < 18; i++) {
		x[i] = (double)i * M_PI / 18;
		y[i] = .7 + 2 * exp(3 * (cos(2 * x[i]) - 1));
		w[i] = 1 + (double)(i % 3);
	}
	struct axial_tuning tuning = axial_tuning(18, x, y, w);
	CHECK_CLOSE(tuning.kappa, 3, 1e-4);
	CHECK_CLOSE(tuning.a, 2, 1e-4);
	CHECK_CLOSE(tuning.b, .7, 1e-4);
	double peak = 1, trough = exp(-6);
	CHECK_CLOSE(exp(3 * (cos(2 * tuning.half_width) - 1)), (peak + trough) / 2, 1e-4);
	/* a trough at 0 or a profile without a narrow peak has no half-width; a constant has no profile */
	for (size_t i = 0; i < 18; i++)
		y[i] = 1 - .5 * exp(3 * (cos(2 * x[i]) - 1));
	CHECK(isnan(axial_tuning(18, x, y, w).half_width));
	for (size_t i = 0; i < 18; i++)
		y[i] = 1 + .5 * exp(.2 * (cos(2 * x[i]) - 1));
	CHECK(isnan(axial_tuning(18, x, y, w).half_width));
	for (size_t i = 0; i < 18; i++)
		y[i] = 1;
	CHECK(isnan(axial_tuning(18, x, y, w).kappa));
}

static void student(void)
{
	/* one degree is Cauchy's distribution, two has a closed form */
	for (double t = -5; t <= 5; t += .5) {
		CHECK_CLOSE(student_above(t, 1), .5 - atan(t) / M_PI, 1e-12);
		CHECK_CLOSE(student_above(t, 2), .5 - t / (2 * sqrt(2 + t * t)), 1e-12);
		CHECK_CLOSE(student_above(t, 1e6), .5 * erfc(t / sqrt(2)), 1e-5);
	}
	CHECK_CLOSE(student_quantile(.025, 10), 2.2281388520, 1e-9);
	CHECK_CLOSE(student_quantile(.025, 99), 1.9842169515, 1e-9);
	CHECK_CLOSE(student_quantile(.975, 10), -2.2281388520, 1e-9);
	CHECK_CLOSE(student_quantile(.5, 3), 0, 1e-12);
	CHECK_CLOSE(student_above(40, 99), 0, 1e-60);

	/* a known variance, and that of 4 splits */
	const double x[5] = {1, 3, 2, NAN, 2};
	struct split_mean m = split_mean(5, x, .5, 3);
	double error = sqrt(.5 + 1. / 4 * (2. / 3));
	CHECK_CLOSE(m.value, 2, 1e-15);
	CHECK_CLOSE(m.high - 2, 3.1824463053 * error, 1e-8);
	CHECK_CLOSE(2 - m.low, 3.1824463053 * error, 1e-8);
	CHECK_CLOSE(m.p, student_above(2 / error, 3), 1e-15);
	m = split_mean(1, x, .5, 3);
	CHECK(isnan(m.value) && isnan(m.low) && isnan(m.p));
}

int main(void)
{
	TEST(memory,
	    "products that overflow and memory that is not there are noticed; memory is aligned");
	TEST(threads, "each item once, the first failure's reason, scratch of one worker only, the "
		      "same with any threads");
	TEST(forks, "a child has none of the workers, and its loops end all the same");
	TEST(known_answers, "the published test vectors of Philox 4x32-10");
	TEST(moments,
	    "moments of normal numbers and counts of small ones, within five standard errors");
	TEST(streams, "streams differ by seed, use and number, and repeat; a permutation is one");
	TEST(
	    spools, "what was spooled comes back, record after record; what is not whole does not");
	TEST(angles, "angles in tables lie in the range of orientations and of phases");
	TEST(circular, "axial means, entropy and tuning have their closed forms");
	TEST(student, "Student's t has its closed forms and tabled values; means of splits");
	TEST(paths, "one file by two names, and files that a run may not both read and write");
	return check_end();
}
