/* SPDX-License-Identifier: Apache-2.0
 *
 * One immutable segment file, open: its sections as typed views, reference-counted.
 */
#ifndef GS_SEGMENT_SEGMENT_H
#define GS_SEGMENT_SEGMENT_H

#include "common/segment/doctable.h"
#include "common/segment/store.h"
#include "common/segment/strings.h"
#include "common/segment/terms.h"

typedef struct gs_segment {
    gs_hash128 id;
    uint64_t file_bytes;
    gs_container *container;
    uint32_t analyzer;   /* version */
    char unicode[16];    /* version, as text */
    bool has_text;
    uint64_t text_bytes; /* of the documents, before compression */
    uint64_t postings_count, lists_count;
    gs_doctable docs;
    gs_strings keys;    /* by rank */
    gs_strings titles;  /* by document */
    gs_strings sources; /* paths of inputs, in document order; "" for documents from the library */
    const uint8_t *source_firsts; /* u32 a source: its first document */
    gs_terms terms;
    gs_terms trigrams;    /* 3.15; no words, no characters */
    uint32_t trigram_min; /* positions of both bigrams of every trigram that has a list; 0: none */
    gs_postings postings;
    gs_store store; /* documents == 0 if there is no stored text */
    /* private */
    const gs_mem *mem;
    uint32_t *by_rank;   /* atomic; made when first asked for */
    uint32_t references; /* atomic */
} gs_segment;

/* Opens with one reference. NOT_FOUND, CORRUPT, VERSION. The analyser's version is the caller's to
 * judge: this layer does not know language. */
GS_CHECKED gsearch_status gs_segment_open(gs_dir *dir, const gs_mem *mem, gs_hash128 id,
                                          uint64_t length, bool map, gs_segment **out,
                                          gsearch_error *err);
gs_segment *gs_segment_ref(gs_segment *segment);
void gs_segment_unref(gs_segment *segment);

/* Appends the id of document `doc`. */
GS_CHECKED gsearch_status gs_segment_key(const gs_segment *segment, uint32_t doc, gs_buf *out,
                                         gsearch_error *err);
/* The documents by rank: of equal ids, the one added first comes first. The first caller has it
 * made for all; it lives as long as the segment. Any thread. CORRUPT if two share a rank. */
GS_CHECKED gsearch_status gs_segment_by_rank(gs_segment *segment, const uint32_t **out,
                                             gsearch_error *err);
/* The document with this id, the last of them if there are several; `found` false if none (deleted
 * ones are found too). Any thread. */
GS_CHECKED gsearch_status gs_segment_find_key(gs_segment *segment, gs_bytes key,
                                              uint32_t *doc, bool *found, gsearch_error *err);
/* The number of the source that document `doc` came from. */
uint32_t gs_segment_source(const gs_segment *segment, uint32_t doc);

/* Bytes of the file by what they are for; what is left is the frame around them. */
typedef struct gs_segment_sizes {
    uint64_t lists;      /* POST SDIR */
    uint64_t dictionary; /* CHAR GRAM WORD */
    uint64_t documents;  /* DOCS COLS KEYS SRCS */
    uint64_t titles;     /* TITL */
    uint64_t text;       /* TEXT TDIR CKPT */
} gs_segment_sizes;
gs_segment_sizes gs_segment_sizes_of(const gs_segment *segment);

/* The classes of lists (3.10), and what a class takes beside its entries in the dictionary: a list
 * of one position that position, which stands there. */
typedef enum gs_list_class {
    GS_LIST_SINGLE,
    GS_LIST_SHORT,
    GS_LIST_LONG,
    GS_LIST_CLASSES
} gs_list_class;
typedef struct gs_list_counts {
    uint64_t lists, positions, bytes;
} gs_list_counts;
/* Adds what the segment has to `sums`. Goes through the whole dictionary. CORRUPT. */
GS_CHECKED gsearch_status gs_segment_count_lists(const gs_segment *segment,
                                                 gs_list_counts sums[GS_LIST_CLASSES],
                                                 gsearch_error *err);

/* "seg-<32 hex>.gss" */
void gs_segment_file_name(gs_hash128 id, char out[64]);

/* Checks every byte and every structure: sums, lists that decode, counts that agree. */
GS_CHECKED gsearch_status gs_segment_verify(gs_segment *segment, gsearch_error *err);

#endif
