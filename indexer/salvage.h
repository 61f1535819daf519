/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch salvage`: what a damaged index still holds, as a new one.
 */
#ifndef GS_INDEXER_SALVAGE_H
#define GS_INDEXER_SALVAGE_H

#include "common/base/fail.h"
#include "common/base/mem.h"

typedef struct gs_salvage_options {
    const gs_mem *mem;
    /* Called for what is lost: a document by its id, a part of one ("the title of ID"), or a whole
     * file by its name. */
    void (*on_lost)(const char *what, const char *why, void *payload);
    void *payload;
} gs_salvage_options;

typedef struct gs_salvage_summary {
    uint64_t saved;      /* documents of the new index */
    uint64_t incomplete; /* of these, those without their id, title or date */
    uint64_t lost;       /* documents, those of a file that tells nothing not counted */
    uint64_t lost_files; /* likewise */
    bool stale; /* what was deleted or replaced may have come back */
    uint64_t generation; /* of the new index; 0 if nothing was saved and none was made */
} gs_salvage_summary;

/* Analyses every living document of the index in `from` whose stored text is whole into a new index
 * in the folder `to`, which is made if missing and must hold no index (BAD_ARGUMENT). Takes what
 * the newest manifest names; if that cannot be read or is missing, or a segment that it names tells
 * nothing, all segments and deletes files in the folder: of several versions of a document the one
 * written last stays, and the result is `stale`. A document whose id is lost gets the name of its
 * segment and its number there for one. OK also if something is lost; CORRUPT if nothing could be
 * saved, NO_INDEX if there is nothing to begin with. */
GS_CHECKED gsearch_status gs_salvage_run(const char *from, const char *to,
                                         const gs_salvage_options *options,
                                         gs_salvage_summary *out, gsearch_error *err);

#endif
