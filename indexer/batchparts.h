/* SPDX-License-Identifier: Apache-2.0
 *
 * What a batch holds, for batch.c, which fills it, and flush.c, which writes it out.
 */
#ifndef GS_INDEXER_BATCHPARTS_H
#define GS_INDEXER_BATCHPARTS_H

#include "common/segment/store.h"
#include "indexer/batch.h"
#include "indexer/inverter.h"

/* Who holds a character, counted while documents come in. */
typedef struct gs_batch_character {
    uint32_t last_document; /* number + 1 */
    uint32_t documents;
} gs_batch_character;

/* What only a growing batch needs. */
typedef struct gs_batch_work {
    gs_store_packer *packer;
    uint32_t *tokens;
    size_t tokens_count;
    uint32_t position; /* of tokens[0] */
    uint32_t run_base; /* where the words that are not yet in a run begin */
    uint32_t before;   /* the token in front of it */
    gs_words words;
    gs_inverter inverter;
    gs_batch_character *characters; /* GS_CHARACTERS_END */
    gs_buf source;                  /* the path that the next document comes from */
    bool source_is_new;
    gs_buf record, checkpoints;
} gs_batch_work;

/* A character of a finished batch. */
typedef struct gs_batch_frequency {
    uint32_t code_point, documents;
} gs_batch_frequency;

struct gs_batch {
    const gs_mem *mem;
    bool with_text;
    size_t memory_bytes;
    uint32_t documents;
    uint64_t positions; /* of finished documents, their separators included */
    gs_spill_file file;
    gs_spill records; /* u32 length · record, see gs_batch_record */
    gs_spill text;    /* as gs_store_packer gives it */
    gs_bins grams;
    gs_run *runs; /* of words */
    size_t runs_count, runs_capacity;
    gs_batch_frequency *frequencies; /* by code point, once finished */
    size_t frequencies_count;
    gs_batch_work *work; /* NULL once finished */
};

/* A record is a source or a document:
 *
 *     u8 0 · path
 *     u8 1 · varints: length, title positions, flags, date, text bytes, key bytes, title bytes,
 *     checkpoints · key · title · checkpoints: varint steps of position and byte */
#define GS_BATCH_RECORD_SOURCE 0u
#define GS_BATCH_RECORD_DOCUMENT 1u

#endif
