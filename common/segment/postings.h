/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.10: lists of segment-wide positions in three classes. One position stands in the
 * dictionary itself; short lists are gap-coded back to back, 512 gaps a chunk, their size classes
 * compressed with zstd; lists of `long_min` positions and more are cut into blocks of up to 256
 * with a skip table in front, coded in four bits a gap and what is left of it, or bit-packed if the
 * list has GS_PACKED_MIN positions.
 */
#ifndef GS_SEGMENT_POSTINGS_H
#define GS_SEGMENT_POSTINGS_H

#include "common/segment/bm25.h"
#include "common/segment/container.h"
#include "common/segment/decoder.h"

/* What the dictionary says of a list. */
typedef struct gs_list {
    uint32_t count;     /* positions; 0: no such list */
    uint32_t documents; /* documents that hold at least one of them */
    uint64_t place;     /* count 1: the position; short: first gap; long: offset in POST */
    bool is_long;
} gs_list;

/* ---- writing: used by segmentwriter.c ---- */

struct gs_doctable;

#define GS_USUAL_FREQUENCIES 4u

/* Builds one long list piece by piece. */
typedef struct gs_long_writer {
    const struct gs_doctable *docs;
    bool packed; /* to be set before the first position: the list will have GS_PACKED_MIN of them */
    gs_bm25_norm norm;  /* of the segment: impacts are under it */
    double norms[256];  /* gs_bm25_at the least length of each code, */
    uint8_t shares[GS_USUAL_FREQUENCIES][256]; /* and the impacts of frequencies from 1 on there */
    gs_buf firsts, offsets, bits, impacts, counts; /* as in the file, a column each */
    gs_buf payload;
    uint32_t count, documents; /* so far; `documents` without those of copied blocks */
    uint32_t last_doc;         /* of the positions that came without marks */
    /* the document of the last position: its weighted frequency so far, the code of its length, and
     * the units of its first and last position */
    uint32_t run_frequency, run_length;
    size_t run_unit, last_unit;
} gs_long_writer;

void gs_long_writer_init(gs_long_writer *writer, const gs_mem *mem, const struct gs_doctable *docs);
void gs_long_writer_release(gs_long_writer *writer);
/* Strictly rising. A piece begins a block, and one that does not fill its last leaves it so. */
void gs_long_writer_add(gs_long_writer *writer, const uint32_t *positions, uint32_t count);
/* The same where the caller knows the marks of gs_doctable_mark. */
void gs_long_writer_add_marked(gs_long_writer *writer, const uint32_t *positions,
                               const uint16_t *marks, uint32_t count);
/* Appends the list to `out` and empties the writer; errors arrive there. */
void gs_long_writer_finish(gs_long_writer *writer, gs_buf *out);

/* Collects gaps of short lists and writes a chunk into `out` whenever 512 are together. */
typedef struct gs_short_writer {
    uint32_t waiting[GS_CHUNK_GAPS];
    uint32_t filled;
    uint64_t gaps;   /* in all so far: the place of the next list */
    uint32_t before; /* in this list: the position before */
    gs_frame_encoder *encoder;
    gs_buf *sizes; /* appended: u32 bytes of each chunk */
} gs_short_writer;

GS_CHECKED gsearch_status gs_short_writer_init(gs_short_writer *writer, const gs_mem *mem,
                                               gs_buf *sizes, gsearch_error *err);
void gs_short_writer_release(gs_short_writer *writer);
/* Starts a list; its place is writer->gaps. Then pieces of it. */
void gs_short_writer_start(gs_short_writer *writer);
void gs_short_writer_add(gs_short_writer *writer, const uint32_t *positions, uint32_t count,
                         gs_buf *out);
void gs_short_writer_flush(gs_short_writer *writer, gs_buf *out);

/* ---- reading ---- */

/* Everything a reader of lists needs, views into one segment. */
typedef struct gs_postings {
    gs_container *container;
    uint64_t owner;      /* not 0; from the content, so that a decoder tells segments apart */
    gs_bytes post;       /* POST */
    const uint8_t *sdir; /* u64 a chunk: where it starts in POST */
    uint64_t gaps;       /* of all short lists; SDIR has a row for every 512 of them */
    uint32_t long_min;   /* at least 2 */
    uint32_t positions;  /* of the segment: every position is below */
    gs_bm25_norm norm;   /* of the segment: impacts are under it */
} gs_postings;

/* CORRUPT unless the tables of the segment have room for such a list. The dictionary checks what it
 * gives, so that callers may allocate by its count. */
GS_CHECKED gsearch_status gs_list_check(const gs_postings *postings, const gs_list *list,
                                        gsearch_error *err);

/* Has memory fetch what reading the list begins with, and does not wait for it. */
void gs_list_expect(const gs_postings *postings, const gs_list *list);

/* The whole list into `out`, which has room for count + GS_BLOCK_POSTINGS positions. CORRUPT if it
 * does not rise strictly below `positions`. */
GS_CHECKED gsearch_status gs_list_read(const gs_postings *postings, gs_decoder *decoder,
                                       const gs_list *list, uint32_t *out, gsearch_error *err);

/* The same for a short list that the dictionary gave, every position `shift` more. They must not go
 * over 2^32. */
GS_CHECKED gsearch_status gs_short_list_read(const gs_postings *postings, gs_decoder *decoder,
                                             const gs_list *list, uint32_t shift, uint32_t *out,
                                             gsearch_error *err);

/* A long list, block by block. */
typedef struct gs_long_list {
    const gs_postings *postings;
    uint32_t count, blocks;
    const uint8_t *firsts;  /* u32 a block: its first position */
    const uint8_t *offsets; /* u32 a block: where it starts in `payload`, in units of 32 bytes if it
                               is packed; else in bytes, and one more row for the end */
    const uint8_t *bits;    /* u8 a block: width of its gaps, or GS_CODED_BITS + highest class */
    const uint8_t *impacts; /* u8 a unit, GS_BLOCK_UNITS a block: gs_impact_share */
    const uint8_t *counts;  /* u8 a block: its positions, less 1; together they are `count` */
    gs_bytes payload;
} gs_long_list;

GS_CHECKED gsearch_status gs_long_list_open(const gs_postings *postings, const gs_list *list,
                                            gs_long_list *out, gsearch_error *err);

static inline uint32_t gs_long_list_first(const gs_long_list *list, uint32_t block)
{
    return gs_load_u32(list->firsts + 4 * (size_t)block);
}

static inline uint32_t gs_long_list_count(const gs_long_list *list, uint32_t block)
{
    return list->counts[block] + 1u;
}

/* The highest impact of a block. */
static inline uint8_t gs_long_list_impact(const gs_long_list *list, uint32_t block)
{
    const uint8_t *units = list->impacts + GS_BLOCK_UNITS * (size_t)block;
    uint8_t most = 0;
    for (unsigned u = 0; u < GS_BLOCK_UNITS; u++)
        most = units[u] > most ? units[u] : most;
    return most;
}

/* What the list takes in POST: its table and its packed blocks. */
uint64_t gs_long_list_bytes(const gs_long_list *list);

/* The last block whose first position is <= `position`, looking from `from` on (a block known to
 * be at or before it); `from` itself if even that begins later. */
uint32_t gs_long_list_seek(const gs_long_list *list, uint32_t from, uint32_t position);

/* Decodes a block into `out` (room for GS_BLOCK_POSTINGS) and gives the number of positions. */
GS_CHECKED gsearch_status gs_long_list_block(const gs_long_list *list, uint32_t block,
                                             uint32_t out[GS_BLOCK_POSTINGS], uint32_t *count,
                                             gsearch_error *err);

/* The same up to `wanted` at least: what lies behind may be left out. */
GS_CHECKED gsearch_status gs_long_list_until(const gs_long_list *list, uint32_t block,
                                             uint32_t wanted, uint32_t out[GS_BLOCK_POSTINGS],
                                             uint32_t *count, gsearch_error *err);

/* Appends the blocks of `list`, every position `shift` more. They begin behind all positions so
 * far, in another document. Blocks of the writer's kind are copied as they are: CORRUPT, with
 * nothing added, if the table cannot be right; what is in them is not looked at. Coded ones are
 * packed for a packed list; CORRUPT leaves the writer in a state to be released. */
GS_CHECKED gsearch_status gs_long_writer_copy(gs_long_writer *writer, const gs_long_list *list,
                                              uint32_t shift, gsearch_error *err);

/* Document lengths in a byte, rounded down: exact to 31, then four leading bits. */
uint8_t gs_length_code(uint32_t length);
uint32_t gs_length_floor(uint8_t code);

#endif
