/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch verify`: every byte of an index against its checksums, every structure against itself,
 * and, if asked, the lists against the text they were made from.
 */
#ifndef GS_INDEXER_AUDIT_H
#define GS_INDEXER_AUDIT_H

#include "common/base/fail.h"
#include "common/base/mem.h"

typedef struct gs_audit_finding {
    const char *file;      /* its name in the folder */
    gsearch_status status; /* OK, or what is wrong */
    const char *message;   /* if it is wrong */
    uint64_t bytes;
} gs_audit_finding;

typedef struct gs_audit_options {
    const gs_mem *mem;
    /* An empty folder in which the stored text is analysed again, to be compared; NULL: it is not.
     */
    const char *scratch;
    /* Called for every file. */
    void (*report)(const gs_audit_finding *finding, void *payload);
    void *payload;
} gs_audit_options;

typedef struct gs_audit_summary {
    uint64_t generation; /* the newest usable one */
    uint32_t files, damaged;
    uint64_t bytes;
    uint64_t documents; /* compared with their text, if there is `scratch` */
    uint64_t lists;     /* likewise */
} gs_audit_summary;

/* Verifies what the kept generations name. OK with `damaged` 0 if all is well; CORRUPT (or VERSION,
 * ANALYZER, …: the first thing wrong) if not, the summary being filled either way. NO_INDEX. */
GS_CHECKED gsearch_status gs_audit_verify(const char *path, const gs_audit_options *options,
                                          gs_audit_summary *out, gsearch_error *err);

#endif
