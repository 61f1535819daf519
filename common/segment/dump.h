/* SPDX-License-Identifier: Apache-2.0
 *
 * Any byte of an index in words: what every file of the newest generation says, one fact a line, in
 * the order of the file. The same index gives the same text.
 */
#ifndef GS_SEGMENT_DUMP_H
#define GS_SEGMENT_DUMP_H

#include "common/base/buf.h"
#include "common/base/fail.h"
#include "common/base/file.h"

#define GS_DUMP_SAMPLE 20u /* rows of a table, if not all */

typedef struct gs_dump_options {
    const gs_mem *mem;
    bool all; /* every row, position and text, not the first GS_DUMP_SAMPLE of each */
    /* Takes the text piece by piece; what it returns ends the dump unless it is OK. */
    gsearch_status (*write)(gs_bytes text, void *payload, gsearch_error *err);
    void *payload;
} gs_dump_options;

/* Dumps the newest generation. What gs_manifest_load and opening its files return. */
GS_CHECKED gsearch_status gs_dump_index(gs_dir *dir, const gs_dump_options *options,
                                        gsearch_error *err);

#endif
