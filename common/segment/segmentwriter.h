/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes one segment: first all documents, then all lists in dictionary order, then the text.
 * The bytes depend on what is given and on nothing else.
 */
#ifndef GS_SEGMENT_SEGMENTWRITER_H
#define GS_SEGMENT_SEGMENTWRITER_H

#include "common/segment/segment.h"

typedef struct gs_segment_writer gs_segment_writer;

typedef struct gs_segment_options {
    uint32_t analyzer;   /* version */
    const char *unicode; /* version */
    bool has_text;
    bool small; /* no lists in blocks, and none of trigrams: zstd over all of them */
} gs_segment_options;

GS_CHECKED gsearch_status gs_segment_create(gs_dir *dir, const gs_mem *mem,
                                            const gs_segment_options *options,
                                            gs_segment_writer **out, gsearch_error *err);
void gs_segment_abort(gs_segment_writer *writer);

/* ---- 1. documents, in position order ---- */

/* Documents from now on come from this input ("" for the library). */
GS_CHECKED gsearch_status gs_segment_add_source(gs_segment_writer *writer, gs_bytes path,
                                                gsearch_error *err);

typedef struct gs_doc_record {
    gs_bytes key;   /* unique in the segment: NOT checked here */
    gs_bytes title; /* as shown */
    uint32_t length; /* positions, the separator behind the document not counted */
    uint32_t title_positions;
    uint32_t flags; /* GS_DOC_… */
    uint32_t date;
    uint64_t text_bytes;
} gs_doc_record;

/* LIMIT when the segment is full (positions or documents): nothing was added. */
GS_CHECKED gsearch_status gs_segment_add_document(gs_segment_writer *writer,
                                                  const gs_doc_record *record, gsearch_error *err);
/* A restart point of the document added last: `position` from the start of the document, `byte` in
 * its text; rising. */
void gs_segment_add_checkpoint(gs_segment_writer *writer, gs_checkpoint checkpoint);

GS_CHECKED gsearch_status gs_segment_documents_done(gs_segment_writer *writer, gsearch_error *err);

/* ---- 2. lists: grams by number (first the breaks), then words bytewise ---- */

/* Every CJK character, rising, with the number of documents that hold it; at the latest before the
 * first gram that begins with it. */
GS_CHECKED gsearch_status gs_segment_add_character(gs_segment_writer *writer, uint32_t code_point,
                                                   uint32_t documents, gsearch_error *err);
/* The documents added, once they are done; as long as the writer. */
const gs_doctable *gs_segment_docs(const gs_segment_writer *writer);
/* Adds the list of a gram that lies in memory; strictly rising, at least one position. `marks` are
 * those of gs_doctable_mark, a mark a position. */
GS_CHECKED gsearch_status gs_segment_add_gram(gs_segment_writer *writer, uint64_t gram,
                                              const uint32_t *positions, const uint16_t *marks,
                                              uint32_t count, gsearch_error *err);
/* What a list is of. */
typedef struct gs_term {
    bool is_word;
    uint64_t gram; /* else */
    gs_bytes word;
} gs_term;
/* The same for any list, by one who knows how many documents hold it. */
GS_CHECKED gsearch_status gs_segment_add_whole(gs_segment_writer *writer, const gs_term *term,
                                               const uint32_t *positions, uint32_t count,
                                               uint32_t documents, gsearch_error *err);
/* Starts a list; `word` is looked at only if `is_word`. Its positions follow, strictly rising, in
 * any number of calls; the next list or gs_segment_lists_done ends it. A list without positions
 * leaves no trace. */
GS_CHECKED gsearch_status gs_segment_add_list(gs_segment_writer *writer, bool is_word,
                                              uint64_t gram, gs_bytes word, gsearch_error *err);
/* Says, right behind gs_segment_add_list, how many positions the list will have. */
void gs_segment_expect(gs_segment_writer *writer, uint32_t positions);
GS_CHECKED gsearch_status gs_segment_add_positions(gs_segment_writer *writer,
                                                   const uint32_t *positions, size_t count,
                                                   gsearch_error *err);
/* The same, for one who knows how many documents hold them; none of these, and none of those to
 * come, is the document of another piece. */
GS_CHECKED gsearch_status gs_segment_add_counted(gs_segment_writer *writer,
                                                 const uint32_t *positions, size_t count,
                                                 uint32_t documents, gsearch_error *err);
/* Takes over the blocks of a long list with their bounds, every position `shift` more. It has at
 * least GS_PACKED_MIN positions, or it is known how many the new list will have; this segment is
 * not a small one. CORRUPT. */
GS_CHECKED gsearch_status gs_segment_add_blocks(gs_segment_writer *writer,
                                                const gs_long_list *list, uint32_t shift,
                                                uint32_t documents, gsearch_error *err);
GS_CHECKED gsearch_status gs_segment_lists_done(gs_segment_writer *writer, gsearch_error *err);

/* ---- 3. text blocks as gs_store_packer wrote them, in document order ---- */

GS_CHECKED gsearch_status gs_segment_add_text_block(gs_segment_writer *writer,
                                                    uint32_t documents_begun, gs_bytes stored,
                                                    gsearch_error *err);

/* Publishes "seg-<id>.gss" and frees the writer in every case. The folder is not yet synced. */
GS_CHECKED gsearch_status gs_segment_finish(gs_segment_writer *writer, gs_container_name *out,
                                            gsearch_error *err);

#endif
