/* Tables as text: see table.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/output.h"
#include "table/table.h"

struct table_out {
	struct output *out;
	size_t columns, cell; /* cell: of the current row */
	char reason[ERR_MAX]; /* the first failure */
};

static void keep(struct table_out *table, int status)
{
	if (status < 0 && !table->reason[0])
		snprintf(table->reason, sizeof table->reason, "%s", err_reason());
}

struct table_out *table_create(const char *path, const char *columns)
{
	struct table_out *table = mem_alloc(1, sizeof *table);
	if (!table)
		return NULL;
	table->out = output_open(path, false);
	if (!table->out) {
		free(table);
		return NULL;
	}
	FILE *f = output_stream(table->out);
	for (const char *c = columns; *c; table->columns++) {
		size_t n = strcspn(c, " ");
		fprintf(f, "%s%.*s", table->columns ? "\t" : "", (int)n, c);
		c += n + strspn(c + n, " ");
	}
	putc('\n', f);
	return table;
}

/* The separator after what was just printed. */
static void end_cell(struct table_out *table)
{
	table->cell = (table->cell + 1) % table->columns;
	putc(table->cell ? '\t' : '\n', output_stream(table->out));
}

#define DIGITS 12

void table_real(struct table_out *table, double value)
{
	FILE *f = output_stream(table->out);
	if (isnan(value))
		fputs("nan", f);
	else if (isinf(value))
		fputs(value < 0 ? "-inf" : "inf", f);
	else
		fprintf(f, "%.*g", DIGITS, value);
	end_cell(table);
}

/* the number that a reader of the cell has */
static double printed(double value)
{
	char text[64];
	snprintf(text, sizeof text, "%.*g", DIGITS, value);
	return strtod(text, NULL);
}

void table_orientation(struct table_out *table, double degrees)
{
	degrees -= 180 * floor(degrees / 180);
	table_real(table, printed(degrees) >= 180 ? 0 : degrees);
}

void table_phase(struct table_out *table, double degrees)
{
	degrees -= 360 * ceil(degrees / 360 - .5);
	table_real(table, printed(degrees) <= -180 ? 180 : degrees);
}

void table_numbers(struct table_out *table, size_t count, const double *values)
{
	for (size_t i = 0; i < count; i++)
		table_real(table, values[i]);
}

void table_int(struct table_out *table, long long value)
{
	fprintf(output_stream(table->out), "%lld", value);
	end_cell(table);
}

void table_text(struct table_out *table, const char *value)
{
	if (!value || !*value)
		value = "-";
	if (strpbrk(value, "\t\n\r"))
		keep(table, err_set("%s: a tab or newline in the cell '%s'",
				output_name(table->out), value));
	fputs(value, output_stream(table->out));
	end_cell(table);
}

int table_flush(struct table_out *table)
{
	return output_flush(table->out);
}

int table_close(struct table_out *table)
{
	if (table->cell)
		keep(table, err_set("%s: the last row has %zu of %zu cells",
				output_name(table->out), table->cell, table->columns));
	if (table->reason[0]) {
		err_set("%s", table->reason);
		table_abandon(table);
		return -1;
	}
	int status = output_close(table->out);
	free(table);
	return status;
}

void table_abandon(struct table_out *table)
{
	if (!table)
		return;
	output_abandon(table->out);
	free(table);
}

/* ---- reading ---- */

#define TABLE_BYTES_MAX ((size_t)1 << 30)

/* The whole file as text. */
static char *read_text(const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *f = standard ? stdin : fopen(path, "rb");
	void *text = NULL;
	size_t capacity = 0, size = 0, n;
	if (!f) {
		err_errno("%s", path);
		return NULL;
	}
	do {
		if (mem_grow(&text, &capacity, size + 65536, 1) < 0)
			goto fail;
		n = fread((char *)text + size, 1, capacity - size - 1, f);
		/* what is no table is known before all of it has come */
		if (memchr((char *)text + size, '\0', n)) {
			err_set("%s: a zero byte: not a table", path);
			goto fail;
		}
		size += n;
		if (size > TABLE_BYTES_MAX) {
			err_set("%s: a table of more than %zu bytes", path, TABLE_BYTES_MAX);
			goto fail;
		}
	} while (n);
	if (ferror(f)) {
		err_errno("%s", path);
		goto fail;
	}
	((char *)text)[size] = '\0';
	if (!standard)
		fclose(f);
	return text;
fail:
	free(text);
	if (!standard)
		fclose(f);
	return NULL;
}

/* Cut a line into cells in place; gives their number and the next line (NULL at the end). */
static int split_line(
    char *line, char ***cells, size_t *capacity, size_t *count, size_t *in_line, char **next)
{
	char *end = line + strcspn(line, "\n");
	*next = *end ? end + 1 : NULL;
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	*in_line = 0;
	for (char *c = line; c; (*in_line)++) {
		char *tab = strchr(c, '\t');
		if (tab)
			*tab = '\0';
		if (mem_grow((void **)cells, capacity, *count + 1, sizeof **cells) < 0)
			return -1;
		(*cells)[(*count)++] = c;
		c = tab ? tab + 1 : NULL;
	}
	return 0;
}

int table_read(const char *path, struct table *table)
{
	size_t capacity = 0, count = 0, cells, line = 1;
	char *next;
	memset(table, 0, sizeof *table);
	table->file = mem_text("%s", strcmp(path, "-") == 0 ? "standard input" : path);
	table->text = table->file ? read_text(path) : NULL;
	if (!table->text)
		goto fail;
	if (!table->text[0]) {
		err_set("%s: no header row: an empty table", table->file);
		goto fail;
	}
	if (split_line(table->text, &table->names, &capacity, &count, &table->columns, &next) < 0)
		goto fail;
	capacity = count = 0;
	while (next && *next) {
		if (split_line(next, &table->cells, &capacity, &count, &cells, &next) < 0)
			goto fail;
		line++;
		if (cells != table->columns) {
			err_set("%s: line %zu: %zu cells, the header has %zu", table->file, line,
			    cells, table->columns);
			goto fail;
		}
		table->rows++;
	}
	return 0;
fail:
	table_free(table);
	return -1;
}

void table_free(struct table *table)
{
	free(table->names);
	free(table->cells);
	free(table->file);
	free(table->text);
	memset(table, 0, sizeof *table);
}

bool table_has(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->columns; i++) {
		if (strcmp(table->names[i], name) == 0)
			return true;
	}
	return false;
}

int table_column(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->columns; i++) {
		if (strcmp(table->names[i], name) == 0)
			return (int)i;
	}
	return err_set("%s: no column %s", table->file, name);
}

int table_reals(const struct table *table, const char *name, double *x)
{
	int column = table_column(table, name);
	if (column < 0)
		return -1;
	for (size_t i = 0; i < table->rows; i++) {
		char *end;
		const char *cell = table_cell(table, i, (size_t)column);
		x[i] = strtod(cell, &end);
		if (end == cell || *end || isspace((unsigned char)*cell))
			return err_set("%s: line %zu: column %s: '%s' is not a number", table->file,
			    i + 2, name, cell);
	}
	return 0;
}

const char *table_cell(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->columns + column];
}
