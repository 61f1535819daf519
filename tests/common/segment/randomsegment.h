/* SPDX-License-Identifier: Apache-2.0
 *
 * A segment with random content that is known: documents and lists in plain arrays, to be written
 * and compared with what is read back.
 */
#ifndef GS_TESTS_RANDOMSEGMENT_H
#define GS_TESTS_RANDOMSEGMENT_H

#include "common/segment/segmentwriter.h"

typedef struct random_list {
    uint64_t gram;
    char word[24]; /* "" for grams */
    uint32_t *positions;
    uint32_t count;
} random_list;

typedef struct random_segment {
    uint32_t documents;
    uint32_t *starts; /* documents + 1 */
    uint32_t *title;  /* positions */
    char (*keys)[32]; /* all different */
    uint32_t grams, words;
    random_list *lists; /* grams, then words; some are empty */
} random_segment;

random_segment *random_segment_new(uint64_t seed, uint32_t documents, uint32_t grams,
                                   uint32_t words);
void random_segment_free(random_segment *random);

/* Positions are handed over in pieces of `piece`. The text of a document is as many digits as it
 * has positions; those from the middle on come from a second input. */
GS_CHECKED gsearch_status random_segment_write(const random_segment *random, gs_dir *dir,
                                               const gs_mem *mem, bool is_small, uint32_t piece,
                                               gs_container_name *out, gsearch_error *err);

static inline uint32_t random_segment_length(const random_segment *random, uint32_t doc)
{
    return random->starts[doc + 1] - random->starts[doc] - 1;
}

#endif
