/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.12 to 3.14: the stored text, in zstd blocks of about 32 KiB. A block holds whole
 * documents, or a piece of one that is larger.
 */
#ifndef GS_SEGMENT_STORE_H
#define GS_SEGMENT_STORE_H

#include "common/segment/postings.h"

/* ---- writing ---- */

/* Packs documents into blocks. Where blocks end depends only on the documents added since the last
 * flush, so callers flush at places that do not depend on threads or memory. */
typedef struct gs_store_packer gs_store_packer;

gs_store_packer *gs_store_packer_new(const gs_mem *mem, int level); /* NULL: no memory */
void gs_store_packer_free(gs_store_packer *packer);
/* Adds a document; finished blocks are appended to `out` as
 * u32 documents begun in the block · u32 stored bytes · the bytes. */
GS_CHECKED gsearch_status gs_store_packer_add(gs_store_packer *packer, gs_bytes text,
                                              gs_bytes fields, gs_buf *out, gsearch_error *err);
GS_CHECKED gsearch_status gs_store_packer_flush(gs_store_packer *packer, gs_buf *out,
                                                gsearch_error *err);

/* ---- reading ---- */

typedef struct gs_store {
    gs_container *container;
    gs_bytes text; /* TEXT */
    const uint8_t *directory; /* 12 bytes a block: u64 offset, u32 first document; and one more */
    uint32_t blocks;
    uint32_t documents;
    const uint8_t *checkpoints; /* 8 bytes each: u32 position, u32 byte; by position */
    uint32_t checkpoints_count;
} gs_store;

GS_CHECKED gsearch_status gs_store_open(gs_container *container, gs_bytes text, gs_bytes directory,
                                        gs_bytes checkpoints, uint32_t documents, gs_store *out,
                                        gsearch_error *err);

/* The same without a directory that can be read: it is made anew, into `directory`, by going from
 * block to block, and ends where one is damaged. So `documents` are those up to there. */
GS_CHECKED gsearch_status gs_store_recover(gs_container *container, gs_bytes text,
                                           gs_decoder *decoder, gs_buf *directory, gs_store *out,
                                           gsearch_error *err);

/* What is stored of a document. */
typedef struct gs_stored {
    gs_bytes text;   /* text_from onwards; until the next call with this decoder */
    uint32_t text_from;
    uint32_t text_len; /* of the whole text */
    gs_bytes fields; /* JSON object, empty if none; only if all of the text was asked for */
} gs_stored;

/* Reads the text bytes [from, to) of `doc` and perhaps more around them; to = UINT32_MAX: all.
 * CORRUPT. */
GS_CHECKED gsearch_status gs_store_read(const gs_store *store, gs_decoder *decoder, uint32_t doc,
                                        uint32_t from, uint32_t to, gs_stored *out,
                                        gsearch_error *err);

/* Reads every document and checks that blocks, directory and checkpoints agree. CORRUPT. */
GS_CHECKED gsearch_status gs_store_verify(const gs_store *store, gs_decoder *decoder,
                                          gsearch_error *err);

/* The last place at or before `position` where analysis of the document that starts at position
 * `doc_start` can resume: byte offset in its text and position. Byte 0 and `text_start` if none. */
typedef struct gs_checkpoint {
    uint32_t position;
    uint32_t byte;
} gs_checkpoint;
gs_checkpoint gs_store_checkpoint(const gs_store *store, uint32_t text_start, uint32_t position);

#endif
