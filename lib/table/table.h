/*
 * Tables as text: tab-separated, one header row, units in the column's name, nan for undefined.
 * Writing keeps to the columns announced; reading finds columns by name.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table_out;

/* Open path (NULL or "-": standard output; a terminal is welcome) and write the header row; columns is a
 * space-separated list of names. NULL with a reason. */
struct table_out *table_create(const char *path, const char *columns)
    __attribute__((warn_unused_result));

/* The next cell of the row; a row that is full begins the next. Numbers: %.9g at least, "nan" for every NaN,
 * "inf"/"-inf". Text: "-" for NULL or ""; tabs and newlines are refused. Failures are kept for table_close. */
void table_real(struct table_out *table, double value);
void table_int(struct table_out *table, long long value);
void table_text(struct table_out *table, const char *value);

/* Several cells of numbers: TABLE_REALS(table, x, y, theta). */
void table_numbers(struct table_out *table, size_t count, const double *values);
#define TABLE_REALS(table, ...)                                                                    \
	table_numbers(table, sizeof((double[]){__VA_ARGS__}) / sizeof(double),                     \
	    (const double[]){__VA_ARGS__})

/* Degrees of an orientation in [0, 180), of a phase in (-180, 180], as printed: a value that
 * printing would round up to 180 becomes 0, one that it would round to -180 becomes 180. */
void table_orientation(struct table_out *table, double degrees);
void table_phase(struct table_out *table, double degrees);

/* Write out the complete rows, so that a reader sees them (a growing log). 0 or -1. */
int table_flush(struct table_out *table) __attribute__((warn_unused_result));

/* Check that the last row is whole and every write came through; rename; free. 0 or -1. */
int table_close(struct table_out *table) __attribute__((warn_unused_result));
void table_abandon(struct table_out *table);

/* A table in memory. */
struct table {
	size_t rows, columns;
	char **names; /* columns */
	char **cells; /* rows x columns, row-major */
	char *file;
	char *text; /* owns the strings */
};

/* Read a whole table: every row has as many cells as the header; a table of no rows is allowed. "-" is standard
 * input. 0 or -1 ("file: line 3: 5 cells, the header has 7"). */
int table_read(const char *path, struct table *table) __attribute__((warn_unused_result));
void table_free(struct table *table);

/* The column's number, or -1 with a reason. table_has: without a reason. */
int table_column(const struct table *table, const char *name) __attribute__((warn_unused_result));
bool table_has(const struct table *table, const char *name);

/* The whole column as doubles into x (rows); "nan" is NaN. A cell that is no number is an error
 * that names file, line and column. 0 or -1. */
int table_reals(const struct table *table, const char *name, double *x)
    __attribute__((warn_unused_result));

/* A cell as text. */
const char *table_cell(const struct table *table, size_t row, size_t column);

#endif
