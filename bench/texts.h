/* SPDX-License-Identifier: Apache-2.0
 *
 * The texts of an index, as they were given, in an order and an amount that benchmarks can rely on.
 */
#ifndef GS_BENCH_TEXTS_H
#define GS_BENCH_TEXTS_H

#include "common/base/bytes.h"

typedef struct gs_bench_texts {
    gs_bytes *list; /* zero-terminated */
    size_t count;
    uint64_t bytes; /* of all together */
} gs_bench_texts;

/* As many texts as make `bytes` (or a little more), a title as the first line. They come shuffled,
 * so that each beginning of the list is a fair sample of the whole, and always in the same order.
 * When the index has no more, they come again as variants: in every fourth sentence each CJK
 * character is another, by a bijection that is new in each round. So the text keeps the
 * distribution of its grams, and new ones go on appearing as in text that is not repeated. Ends
 * the program with a message if it cannot. The texts live until then. */
gs_bench_texts gs_bench_texts_read(const char *dir, uint64_t bytes);

#endif
