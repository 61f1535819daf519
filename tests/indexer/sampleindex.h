/* SPDX-License-Identifier: Apache-2.0
 *
 * A small index with a history: several segments, deleted documents, two generations.
 */
#ifndef GS_TESTS_SAMPLEINDEX_H
#define GS_TESTS_SAMPLEINDEX_H

#include <stddef.h>
#include <stdint.h>

#define GS_SAMPLE_COMMITS 4u
#define GS_SAMPLE_DOCUMENTS 40u /* added by each commit */

/* Makes the index in `dir`. Each commit but the first also replaces a document of the one before
 * and deletes another. */
void gs_sample_index_make(const char *dir);

/* Where a chunk of the first segment of the newest generation is, or the whole file if `chunk` is
 * 0. The name of the file, to be freed. */
char *gs_sample_index_place(const char *dir, unsigned chunk, uint64_t *offset, uint64_t *length);

/* Turns over a bit in the middle of a chunk of the first segment of the newest generation, or of
 * the whole file if `chunk` is 0. The name of the file, to be freed. */
char *gs_sample_index_damage(const char *dir, unsigned chunk);

#endif
