/* lateral-lesion: a lateral kernel without a class of its weights. See lib/kernel/lesion.h. */
#include <math.h>
#include "base/tool.h"
#include "kernel/lesion.h"
#include "npys/npys.h"

static struct units_files from;
static struct lesion lesion;
static int kind, sign;
static double angle;
static bool verbose;
static const char *output;

static const struct opt options[] = {
    OPT_CHOICE('k', "kind", &kind, "like", LESION_WORDS, "which weights to remove"),
    OPT_CHOICE(0, "sign", &sign, "both", LESION_SIGN_WORDS, "of the weights"),
    OPT_REAL(0, "mass", &lesion.mass, NULL, ABOVE(0, 1), "share",
	"of the kernel's mass to remove (all of the class)"),
    OPT_REAL(0, "angle", &angle, "30", OPEN(0, 90), "deg", "how far like orientations may differ"),
    OPT_REAL(0, "distance", &lesion.distance, "3", OPEN(0, INFINITY), "px", "from near to far"),
    OPT_TEXT('t', "table", &from.table, NULL, "file", "fit-gabor's table of the units"),
    OPT_TEXT('r', "rms", &from.rms, NULL, "file", "rms of the units, for the gauge"),
    OPT_SEED(&lesion.seed),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE(NULL, GIVEN("table")),
    OPT_RULE("angle", ONE_OF("kind", "like,unlike,coaxial,cocircular")),
    OPT_RULE("distance", ONE_OF("kind", "near,far")),
    OPT_RULE("seed", GIVEN("mass")),
    OPT_RULES_END,
};
static const struct tool tool = {"lateral-lesion",
    "a lateral kernel without a class of its weights", "[file]", 0, 1, options, rules};

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct npys_array kernel = {0};
	struct units set = {0};
	struct lesion_result result;
	lesion.kind = (size_t)kind;
	lesion.sign = (enum lesion_sign)sign;
	lesion.angle = angle * M_PI / 180;
	if (!(lesion.mass > 0))
		lesion.mass = INFINITY;
	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	tool_check(units_read_kernel(in, &kernel));
	npys_close_in(in);
	tool_check(units_read_files(&kernel, &from, &set));
	if (!from.rms)
		tool_warn("--rms: not given: the mass of a weight is its size as it is");
	tool_check(lesion_apply(&set, &lesion, kernel.x, &result));
	if (verbose)
		tool_warn("%zu weights set to 0: %.4g of the kernel's mass; the class has %.4g",
		    result.taps, result.removed, result.in_class);
	struct npys_out *out = tool_need(npys_create(output));
	struct npys_header header;
	tool_check(npys_shape(&header, NPYS_F4, kernel.header.rank, kernel.header.shape));
	tool_check(npys_begin(out, &header));
	tool_check(npys_write_double(out, kernel.x, header.items));
	tool_check(npys_close(out));
	npys_array_free(&kernel);
	units_free(&set);
	return STATUS_OK;
}
