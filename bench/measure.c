/* SPDX-License-Identifier: Apache-2.0
 *
 * One clock and one way to print for all benchmarks.
 */
#include "bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double gs_measure_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double percentile(const double *sorted, size_t count, double share)
{
    size_t at = (size_t)(share * (double)count);
    return sorted[at < count ? at : count - 1] * 1e6;
}

void gs_measure_print_head(void)
{
    printf("%-20s %7s %9s %9s %9s %9s %9s\n", "microseconds", "n", "p50", "p95", "p99", "p99.9",
           "mean");
}

void gs_measure_print(const char *name, double *seconds, size_t count)
{
    double sum = 0;
    qsort(seconds, count, sizeof(*seconds), by_value);
    for (size_t i = 0; i < count; i++)
        sum += seconds[i];
    printf("%-20s %7zu %9.1f %9.1f %9.1f %9.1f %9.1f\n", name, count,
           percentile(seconds, count, 0.50), percentile(seconds, count, 0.95),
           percentile(seconds, count, 0.99), percentile(seconds, count, 0.999),
           sum / (double)count * 1e6);
}

size_t gs_measure_number(const char *text)
{
    size_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (size_t)(*text - '0');
    return number;
}

uint64_t gs_measure_random(uint64_t *state, uint64_t bound)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % bound;
}
