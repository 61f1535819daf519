/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns which lists a token stands in (FORMAT 3), and the sorting of words, which is stable, so that
 * positions of a list stay rising. Start with gs_inverter_add.
 */
#include "indexer/inverter.h"

#include "common/segment/terms.h"

#define RADIX_BITS 8u
#define RADIX (1u << RADIX_BITS)

static bool is_character(uint32_t token)
{
    return token < GS_CHARACTERS_END;
}

static bool is_word(uint32_t token)
{
    return token & GS_TOKEN_U32_WORD;
}

gsearch_status gs_inverter_init(gs_inverter *inverter, const gs_mem *mem, gs_bins *bins,
                                size_t capacity, gsearch_error *err)
{
    *inverter = (gs_inverter){.mem = mem, .bins = bins, .capacity = capacity};
    inverter->pairs = gs_mem_alloc(mem, capacity * sizeof(uint64_t));
    inverter->spare = gs_mem_alloc(mem, capacity * sizeof(uint64_t));
    if (inverter->pairs && inverter->spare)
        return GSEARCH_OK;
    gs_inverter_release(inverter);
    return gs_fail_memory(err);
}

void gs_inverter_release(gs_inverter *inverter)
{
    gs_mem_free(inverter->mem, inverter->pairs);
    gs_mem_free(inverter->mem, inverter->spare);
    *inverter = (gs_inverter){0};
}

gsearch_status gs_inverter_add(gs_inverter *inverter, const gs_token_slice *slice,
                               gsearch_error *err)
{
    gs_bins *bins = inverter->bins;
    uint32_t before = slice->before, position = slice->position;
    for (size_t i = 0; i < slice->count; i++, position++) {
        uint32_t token = slice->tokens[i];
        if (is_character(token)) {
            uint32_t after = i + 1 < slice->count ? slice->tokens[i + 1] : slice->after;
            uint32_t second = is_character(after)            ? after
                              : after == GS_TOKEN_U32_BREAK ? GS_GRAM_STOP
                                                            : GS_GRAM_SEAM;
            if (is_word(before) && second != GS_GRAM_SEAM)
                GS_TRY(gs_bins_add(bins, token, GS_GRAM_SEAM, position, err));
            GS_TRY(gs_bins_add(bins, token, second, position, err));
        } else if (is_word(token)) {
            uint64_t number = token & ~GS_TOKEN_U32_WORD;
            inverter->pairs[inverter->pairs_count++] = number << 32 | position;
        } else if (token == GS_TOKEN_U32_BREAK && !is_character(before)) {
            GS_TRY(gs_bins_add(bins, 0, 0, position, err));
        }
        before = token;
    }
    return GSEARCH_OK;
}

static void scatter(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t places[RADIX] = {0};
    for (size_t i = 0; i < count; i++)
        places[from[i] >> shift & (RADIX - 1)]++;
    for (size_t digit = 0, place = 0; digit < RADIX; digit++) {
        size_t here = places[digit];
        places[digit] = place;
        place += here;
    }
    for (size_t i = 0; i < count; i++)
        to[places[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* Sorts by rank, keeping equal ones in order, in as few passes as `words` need. */
static void sort_pairs(gs_inverter *inverter, const gs_words *words)
{
    for (size_t i = 0; i < inverter->pairs_count; i++) {
        uint64_t pair = inverter->pairs[i];
        uint64_t rank = words->words[pair >> 32].rank;
        inverter->pairs[i] = rank << 32 | (uint32_t)pair;
    }
    for (unsigned shift = 32; words->count >> (shift - 32); shift += RADIX_BITS) {
        scatter(inverter->pairs, inverter->spare, inverter->pairs_count, shift);
        uint64_t *sorted = inverter->spare;
        inverter->spare = inverter->pairs;
        inverter->pairs = sorted;
    }
}

gsearch_status gs_inverter_run(gs_inverter *inverter, const gs_words *words, uint32_t base,
                               gs_run *run, gsearch_error *err)
{
    sort_pairs(inverter, words);
    run->base = base;
    const uint64_t *pairs = inverter->pairs;
    for (size_t begin = 0, end; begin < inverter->pairs_count; begin = end) {
        uint32_t rank = (uint32_t)(pairs[begin] >> 32);
        for (end = begin + 1; end < inverter->pairs_count && pairs[end] >> 32 == rank; end++)
            ;
        gs_bytes word = gs_words_get(words, words->order[rank]);
        GS_TRY(gs_run_add(run, word, pairs + begin, end - begin, err));
    }
    inverter->pairs_count = 0;
    return gs_run_end(run, err);
}
