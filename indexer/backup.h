/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch backup`: the newest generation of an index in another folder.
 */
#ifndef GS_INDEXER_BACKUP_H
#define GS_INDEXER_BACKUP_H

#include "common/base/fail.h"
#include "common/base/mem.h"

typedef struct gs_backup_summary {
    uint64_t generation, files, bytes;
} gs_backup_summary;

/* Copies the newest generation of the index in `from` to the folder `to`, which is made if missing
 * and must hold no index (BAD_ARGUMENT). The source may be searched and written meanwhile. The copy
 * is an index once its manifest is there, which comes last. */
GS_CHECKED gsearch_status gs_backup_run(const char *from, const char *to, const gs_mem *mem,
                                        gs_backup_summary *out, gsearch_error *err);

#endif
