/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments written by hand, some of which do not fit the text they store: whole in themselves, and
 * only a comparison with the text can tell.
 */
#ifndef GS_TESTS_FORGERY_H
#define GS_TESTS_FORGERY_H

#include "common/segment/segment.h"

#define GS_FORGERY_ZHENG 0x653fu // 政
#define GS_FORGERY_WU 0x52a1u    // 务
#define GS_FORGERY_GONG 0x516cu  // 公

/* What stands in the segment of one document, `a`. */
typedef struct gs_forgery {
    const char *text;
    uint32_t length, title_positions;
    uint32_t first, second; /* of the only bigram */
    uint32_t bigram_at, seam_at;
    uint32_t frequency; /* of the first character */
} gs_forgery;

/* The truth for the text 政务. */
extern const gs_forgery gs_forgery_honest;

/* Writes the segment into `dir` and opens it. */
gs_segment *gs_forgery_write(gs_dir *dir, const gs_forgery *claims);

#endif
