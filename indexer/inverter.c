/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the sorting of postings. Keys are 32 bits: 0 for breaks, rank of the first character times R
 * plus rank of the second (0 at a seam) for grams, and behind all of them the words by rank. Ranks
 * follow code points and bytes, so sorted keys are dictionary order. The sort is stable: positions
 * of a list stay rising. Start with gs_inverter_run.
 */
#include "indexer/inverter.h"

#include "common/segment/terms.h"

#define CHARACTERS_MAX 60000u /* of one run: their square leaves room for the words in 32 bits */
#define RADIX_BITS_MAX 11u
#define PASSES_MAX 3u

static bool is_character(uint32_t token)
{
    return token < GS_CHARACTERS_END;
}

static bool is_word(uint32_t token)
{
    return token & GS_TOKEN_U32_WORD;
}

gsearch_status gs_inverter_init(gs_inverter *inverter, const gs_mem *mem, size_t capacity,
                                gsearch_error *err)
{
    *inverter = (gs_inverter){.mem = mem, .capacity = capacity};
    inverter->pairs = gs_mem_alloc(mem, capacity * sizeof(uint64_t));
    inverter->spare = gs_mem_alloc(mem, capacity * sizeof(uint64_t));
    inverter->seen = gs_mem_alloc(mem, GS_CHARACTERS_END / 8);
    inverter->ranks = gs_mem_alloc(mem, GS_CHARACTERS_END * sizeof(uint16_t));
    // the token behind the last one taken may bring one more
    inverter->characters = gs_mem_alloc(mem, (CHARACTERS_MAX + 2) * sizeof(uint32_t));
    if (inverter->pairs && inverter->spare && inverter->seen && inverter->ranks &&
        inverter->characters)
        return GSEARCH_OK;
    gs_inverter_release(inverter);
    return gs_fail_memory(err);
}

void gs_inverter_release(gs_inverter *inverter)
{
    gs_mem_free(inverter->mem, inverter->pairs);
    gs_mem_free(inverter->mem, inverter->spare);
    gs_mem_free(inverter->mem, inverter->seen);
    gs_mem_free(inverter->mem, inverter->ranks);
    gs_mem_free(inverter->mem, inverter->characters);
    *inverter = (gs_inverter){0};
}

/* Returns 1 if the character was not seen before. */
static uint32_t mark(uint64_t *seen, uint32_t token)
{
    if (!is_character(token))
        return 0;
    uint64_t bit = 1ull << (token & 63);
    uint32_t is_new = !(seen[token >> 6] & bit);
    seen[token >> 6] |= bit;
    return is_new;
}

/* Marks the characters of the slice and tells how many of its tokens fit. */
static size_t mark_characters(gs_inverter *inverter, const gs_token_slice *slice)
{
    memset(inverter->seen, 0, GS_CHARACTERS_END / 8);
    uint32_t characters = 0;
    size_t pairs = 0;
    size_t i = 0;
    uint32_t before = slice->before;
    for (; i < slice->count; i++) {
        uint32_t token = slice->tokens[i];
        // a character behind a word may be in two lists
        pairs += is_character(token) && is_word(before) ? 2 : 1;
        characters += mark(inverter->seen, token);
        if (pairs > inverter->capacity || characters > CHARACTERS_MAX)
            return i;
        before = token;
    }
    mark(inverter->seen, slice->after);
    return i;
}

static void rank_characters(gs_inverter *inverter)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < GS_CHARACTERS_END / 64; i++) {
        for (uint64_t bits = inverter->seen[i]; bits; bits &= bits - 1) {
            uint32_t code_point = i * 64 + (uint32_t)__builtin_ctzll(bits);
            inverter->ranks[code_point] = (uint16_t)++rank;
            inverter->characters[rank] = code_point;
        }
    }
    inverter->characters_count = rank;
}

/* Writes the pairs of the slice in position order and returns their number. */
static size_t make_pairs(const gs_inverter *inverter, const gs_token_slice *slice,
                         const gs_words *words)
{
    const uint16_t *ranks = inverter->ranks;
    uint32_t base = inverter->characters_count + 1;
    uint64_t *out = inverter->pairs;
    uint32_t before = slice->before;
    for (size_t i = 0; i < slice->count; i++) {
        uint64_t position = slice->position + (uint32_t)i;
        uint32_t token = slice->tokens[i];
        if (is_character(token)) {
            uint32_t after = i + 1 < slice->count ? slice->tokens[i + 1] : slice->after;
            uint32_t seam = ranks[token] * base;
            bool in_gram = is_character(after);
            *out++ = (uint64_t)(in_gram ? seam + ranks[after] : seam) << 32 | position;
            if (in_gram && is_word(before))
                *out++ = (uint64_t)seam << 32 | position;
        } else if (is_word(token)) {
            uint32_t rank = words->words[token & ~GS_TOKEN_U32_WORD].rank;
            *out++ = (uint64_t)(base * base + rank) << 32 | position;
        } else if (token == GS_TOKEN_U32_BREAK) {
            *out++ = position;
        }
        before = token;
    }
    return (size_t)(out - inverter->pairs);
}

static void scatter(const uint64_t *from, uint64_t *to, size_t count, unsigned shift,
                    uint32_t radix, uint32_t *places)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t pair = from[i];
        to[places[pair >> shift & (radix - 1)]++] = pair;
    }
}

/* Sorts by key, keeping equal keys in order, in as few passes as `key_max` needs. */
static void sort_pairs(gs_inverter *inverter, size_t count, uint32_t key_max)
{
    unsigned bits = key_max ? 32 - (unsigned)__builtin_clz(key_max) : 1;
    unsigned passes = (bits + RADIX_BITS_MAX - 1) / RADIX_BITS_MAX;
    unsigned radix_bits = (bits + passes - 1) / passes;
    uint32_t radix = 1u << radix_bits;
    uint32_t places[PASSES_MAX][1u << RADIX_BITS_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t key = (uint32_t)(inverter->pairs[i] >> 32);
        for (unsigned pass = 0; pass < passes; pass++)
            places[pass][key >> pass * radix_bits & (radix - 1)]++;
    }
    for (unsigned pass = 0; pass < passes; pass++) {
        uint32_t place = 0;
        for (uint32_t digit = 0; digit < radix; digit++) {
            uint32_t here = places[pass][digit];
            places[pass][digit] = place;
            place += here;
        }
        scatter(inverter->pairs, inverter->spare, count, 32 + pass * radix_bits, radix,
                places[pass]);
        uint64_t *sorted = inverter->spare;
        inverter->spare = inverter->pairs;
        inverter->pairs = sorted;
    }
}

static gs_run_term term_of(const gs_inverter *inverter, uint32_t key, const gs_words *words)
{
    uint32_t base = inverter->characters_count + 1;
    if (key >= base * base) {
        uint32_t number = words->order[key - base * base];
        return (gs_run_term){.is_word = true, .word = gs_words_get(words, number)};
    }
    if (key < base)
        return (gs_run_term){.gram = GS_GRAM_BREAK};
    uint32_t second = key % base;
    return (gs_run_term){.gram = gs_gram(inverter->characters[key / base],
                                         second ? inverter->characters[second] : 0, 0)};
}

static gsearch_status write_lists(const gs_inverter *inverter, size_t count, const gs_words *words,
                                  gs_run *run, gsearch_error *err)
{
    gs_run_writer writer = {.run = run};
    const uint64_t *pairs = inverter->pairs;
    for (size_t begin = 0, end; begin < count; begin = end) {
        uint32_t key = (uint32_t)(pairs[begin] >> 32);
        for (end = begin + 1; end < count && pairs[end] >> 32 == key; end++)
            ;
        gs_run_term term = term_of(inverter, key, words);
        GS_TRY(gs_run_add(&writer, &term, pairs + begin, end - begin, err));
    }
    return gs_run_end(&writer, err);
}

gsearch_status gs_inverter_run(gs_inverter *inverter, const gs_token_slice *slice,
                               const gs_words *words, gs_run *run, size_t *taken,
                               gsearch_error *err)
{
    gs_token_slice part = *slice;
    part.count = mark_characters(inverter, slice);
    if (part.count < slice->count)
        part.after = slice->tokens[part.count];
    rank_characters(inverter);
    run->base = part.position;
    size_t pairs = make_pairs(inverter, &part, words);
    uint32_t base = inverter->characters_count + 1;
    sort_pairs(inverter, pairs, base * base + words->count);
    GS_TRY(write_lists(inverter, pairs, words, run, err));
    *taken = part.count;
    return GSEARCH_OK;
}
