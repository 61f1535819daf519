/* SPDX-License-Identifier: Apache-2.0
 *
 * The index that damage is tried on: some 80 KiB on the disk in memory, with every kind of file and
 * every section in use, pages of 16 KiB that hold nothing but lists or text, two generations, and
 * requests whose answers a slow search has confirmed.
 */
#ifndef GS_TESTS_REFERENCE_H
#define GS_TESTS_REFERENCE_H

#include "common/base/buf.h"
#include "gsearch/gsearch.h"
#include "tests/durability/disk.h"

#define GS_REFERENCE_FILES_MAX 32u
#define GS_REFERENCE_REQUESTS 14u

typedef struct gs_reference_file {
    char name[GS_DISK_NAME_MAX];
    uint8_t *data;
    size_t len;
} gs_reference_file;

typedef struct gs_reference {
    gs_reference_file files[GS_REFERENCE_FILES_MAX]; /* of the kept generations; no LOCK */
    size_t files_count;
    gs_reference_file older[GS_REFERENCE_FILES_MAX]; /* of those before, which are removed */
    size_t older_count;
    size_t bytes;                             /* of `files` */
    uint64_t newest;                          /* generation; the one before is kept, too */
    gs_buf answers[2][GS_REFERENCE_REQUESTS]; /* of the newest and of the one before */
} gs_reference;

/* Fails the test if an answer is not what a scan of all documents gives. */
void gs_reference_make(gs_reference *reference);
void gs_reference_free(gs_reference *reference);

/* Puts the whole index on the disk. The bytes are borrowed: they may be changed in place. */
void gs_reference_put(const gs_reference *reference);

/* Asks request `number` and appends all of the answer but for the time it took. */
gsearch_status gs_reference_ask(gsearch_index *index, unsigned number, gs_buf *out,
                                uint64_t *generation, gsearch_error *error);

static inline bool gs_reference_is_manifest(const char *name)
{
    return name[0] == 'm';
}

#endif
