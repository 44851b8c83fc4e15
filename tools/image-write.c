/* image-write: the records of an npys stream as pictures, PNM mosaics of tiles in grey or colour. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/number.h"
#include "base/tool.h"
#include "image/mosaic.h"
#include "npys/npys.h"
#include "pnm/pnm.h"

enum layout { LAYOUT_AUTO, LAYOUT_COLOUR, LAYOUT_GRID };

static const char *output;
static int contrast, colours, layout;
static size_t tiles_max, columns, gap, scale;
static bool has_tiles, has_range, has_columns;
static double range[2], clip;
static const struct opt options[] = {
    OPT_CHOICE(
	0, "contrast", &contrast, "common", "common,tile", "one scale for all tiles or one each"),
    OPT_REALS_GIVEN(0, "range", range, 2, &has_range, ANY, "low,high",
	"ends of the scale (default: from the data)"),
    OPT_REAL(
	0, "clip", &clip, "0.005", BELOW(0, 1), "share", "share of the values outside the scale"),
    OPT_CHOICE(
	0, "colours", &colours, "grey", "grey,diverging", "grey, or blue, white at zero, red"),
    OPT_CHOICE(
	0, "layout", &layout, "auto", "auto,colour,grid", "what the second of four axes means"),
    OPT_COUNT_GIVEN(
	'n', "tiles", &tiles_max, &has_tiles, AT_LEAST(1), "number", "first tiles only"),
    OPT_COUNT_GIVEN(0, "columns", &columns, &has_columns, AT_LEAST(1), "number", "tiles in a row"),
    OPT_COUNT(0, "gap", &gap, "1", CLOSED(0, 1000), "px", "between tiles"),
    OPT_COUNT(
	0, "scale", &scale, "1", CLOSED(1, 1000), "px", "side of the square that shows a value"),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct tool tool = {
    "image-write", "show tensors as PNM or PNG pictures", "[file ...]", 0, SIZE_MAX, options, NULL};

static void refuse(const struct npys_in *in, const char *why)
{
	err_set("%s: record %zu: %s", npys_file(in), npys_record(in), why);
	tool_fail();
}

static void write_picture(struct pnm_out *out, const struct mosaic *mosaic)
{
	const struct pnm_header header = {.h = mosaic->height,
	    .w = mosaic->width,
	    .c = mosaic->planes,
	    .maxval = 255,
	    .kind = mosaic->planes == 3 ? PNM_PPM : PNM_PGM};
	tool_check(pnm_begin(out, &header));
	float *row = tool_need(mem_alloc(mosaic->planes * mosaic->width, sizeof *row));
	for (size_t i = 0; i < mosaic->height; i++) {
		mosaic_row(mosaic, i, row);
		tool_check(pnm_write_row(out, row));
	}
	free(row);
}

/* How a record of 2 to 4 axes is laid out: tiles of c planes, and tiles in a row where its shape says that. */
static void lay_out(const struct npys_header *h, size_t *tiles, size_t *c, size_t *in_row)
{
	*c = 1;
	*in_row = 0;
	*tiles = h->rank == 2 ? 1 : h->shape[0];
	if (h->rank < 4)
		return;
	if (layout == LAYOUT_COLOUR || (layout == LAYOUT_AUTO && h->shape[1] == 3)) {
		*c = 3;
	} else {
		*tiles *= h->shape[1];
		*in_row = h->shape[1] > 1 ? h->shape[1] : 0;
	}
}

/* Draw the current record; what is shown of it is in memory, and the rest is passed over. */
static void draw(struct npys_in *in, const struct npys_header *h, struct pnm_out *out)
{
	static void *x; /* kept from record to record */
	static size_t room;
	struct mosaic mosaic;
	struct mosaic_style style = {.per_tile = contrast == 1,
	    .diverging = colours == 1,
	    .fixed = has_range,
	    .low = range[0],
	    .high = range[1],
	    .clip = clip,
	    .gap = gap,
	    .zoom = scale};
	size_t tiles, c;
	lay_out(h, &tiles, &c, &style.columns);
	if (h->rank == 4 && layout == LAYOUT_COLOUR && h->shape[1] != 3)
		refuse(in, "--layout colour needs (N, 3, H, W)");
	if (has_columns)
		style.columns = columns;
	if (has_tiles && tiles_max < tiles)
		tiles = tiles_max;
	/* bytes are brightness already */
	if (h->type == NPYS_U1 && contrast == 0 && colours == 0 && !has_range) {
		style.fixed = true;
		style.high = 255;
	}
	size_t items = h->items;
	if (h->rank > 2 && items > 0) {
		size_t of_item = h->rank == 3 ? 1 : h->shape[1] / c;
		items = size_min(items, of_item ? (tiles + of_item - 1) / of_item : 0);
	}
	tool_check(mem_grow(&x, &room, items * h->item + 1, sizeof(float)));
	tool_check(npys_read_float(in, x, items));
	if (mosaic_make(
		&mosaic, &style, x, tiles, c, h->shape[h->rank - 2], h->shape[h->rank - 1]) < 0)
		refuse(in, err_reason());
	write_picture(out, &mosaic);
	mosaic_free(&mosaic);
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv), drawn = 0;
	struct npys_header h;
	if (has_range && !(range[0] < range[1]))
		tool_usage("--range: the low end must lie below the high one");
	struct pnm_out *out = tool_need(pnm_create(output));
	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	while (tool_check(npys_next(in, &h))) {
		if (h.rank == 1)
			continue;
		if (h.rank < 2 || h.rank > 4)
			refuse(in, "pictures are made of (H, W), (N, H, W) or (N, C, H, W)");
		draw(in, &h, out);
		drawn++;
	}
	if (!drawn)
		refuse(in, "only labels: there is no picture to draw");
	npys_close_in(in);
	tool_check(pnm_close(out));
	return STATUS_OK;
}
