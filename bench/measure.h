/* SPDX-License-Identifier: Apache-2.0
 *
 * Times and percentiles for the benchmarks.
 */
#ifndef GS_BENCH_MEASURE_H
#define GS_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Seconds of the monotonic clock. */
double gs_measure_now(void);

/* Prints one row: name, count, and p50 p95 p99 p99.9 and the mean of `seconds` in microseconds.
 * Sorts the array. */
void gs_measure_print(const char *name, double *seconds, size_t count);

void gs_measure_print_head(void);

/* The decimal digits that `text` begins with. */
size_t gs_measure_number(const char *text);

/* The next number of a fixed sequence, below `bound`. */
uint64_t gs_measure_random(uint64_t *state, uint64_t bound);

#endif
