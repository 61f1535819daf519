/* SPDX-License-Identifier: Apache-2.0
 *
 * Queries for the benchmarks: random phrases of the indexed text itself.
 */
#ifndef GS_BENCH_PHRASES_H
#define GS_BENCH_PHRASES_H

#include "gsearch/gsearch.h"

/* Draws `count` phrases of `least` to `most` CJK characters that stand together in the stored text
 * of the index; the caller frees each and the array. NULL if the index has no such text. */
char **gs_phrases_draw(const char *dir, size_t count, unsigned least, unsigned most, uint64_t seed);

#endif
