/* SPDX-License-Identifier: Apache-2.0
 *
 * Each phrase begins at a random position of a random document, so that long documents and common
 * words are drawn as often as they are in the text.
 */
#include "bench/phrases.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "common/text/analyzer.h"
#include "query/index.h"

#define TOKENS 64u
#define TOKENS_READ 400u /* of a document before another one is tried */

/* A phrase out of one document, as its own bytes; NULL if the place drawn has none. */
static char *draw_from(gs_bytes text, unsigned length, uint64_t *seed)
{
    gs_analyzer analyzer;
    gs_token tokens[TOKENS];
    uint32_t start = 0, end = 0;
    unsigned run = 0;
    size_t from = text.len > 4096 ? (size_t)gs_measure_random(seed, text.len - 2048) : 0;
    while (from < text.len && (text.ptr[from] & 0xc0) == 0x80)
        from++;
    gs_bytes piece = gs_bytes_of(text.ptr + from, text.len - from);
    gs_analyzer_start(&analyzer, piece, 0, 0);
    size_t skip = from ? 1 : (size_t)gs_measure_random(seed, 40);
    for (size_t seen = 0; seen < TOKENS_READ;) {
        size_t count = gs_analyzer_next(&analyzer, tokens, TOKENS);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++, seen++) {
            bool plain = tokens[i].kind == GS_TOKEN_CJK && seen >= skip &&
                         (run == 0 || tokens[i].byte_start == end);
            if (run == 0)
                start = tokens[i].byte_start;
            run = plain ? run + 1 : 0;
            end = tokens[i].byte_end;
            if (run == length)
                return gs_mem_dup(NULL, gs_bytes_of(piece.ptr + start, end - start));
        }
    }
    return NULL;
}

static char *draw(const gs_snapshot *snapshot, gs_decoder *decoder, unsigned least, unsigned most,
                  uint64_t *seed)
{
    for (unsigned tries = 0; tries < 10000; tries++) {
        const gs_segment *segment =
            snapshot->segments[gs_measure_random(seed, snapshot->segments_count)].segment;
        if (!segment->has_text || !segment->docs.positions)
            continue;
        uint32_t position = (uint32_t)gs_measure_random(seed, segment->docs.positions);
        uint32_t doc = gs_doctable_find(&segment->docs, position);
        gs_stored stored;
        if (gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, NULL))
            return NULL;
        unsigned length = least + (unsigned)gs_measure_random(seed, most - least + 1);
        char *phrase = draw_from(stored.text, length, seed);
        if (phrase)
            return phrase;
    }
    return NULL;
}

char **gs_phrases_draw(const char *dir, size_t count, unsigned least, unsigned most, uint64_t seed)
{
    gsearch_index *index;
    if (gsearch_index_open(dir, NULL, &index, NULL))
        return NULL;
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_decoder *decoder = gs_decoder_new(NULL);
    char **phrases = calloc(count + 1, sizeof(*phrases));
    bool good = phrases && decoder && snapshot->segments_count;
    for (size_t i = 0; i < count && good; i++) {
        phrases[i] = draw(snapshot, decoder, least, most, &seed);
        good = phrases[i] != NULL;
    }
    gs_decoder_free(decoder);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    if (good)
        return phrases;
    for (size_t i = 0; phrases && i < count; i++)
        free(phrases[i]);
    free(phrases);
    return NULL;
}
