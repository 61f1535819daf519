/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the choice of trigrams. It depends on the lists alone, on counts and not on bytes, so that a
 * merged segment has the same ones as a fresh one. Start with gs_trigrams_find.
 */
#include "common/segment/trigrams.h"

#include <stdlib.h>
#include <string.h>

#include "common/segment/terms.h"
#include "common/simd/kernels.h"

typedef struct gs_trigram_part {
    uint64_t gram;
    size_t begin; /* in the positions */
    uint32_t count;
} gs_trigram_part;

void gs_trigrams_init(gs_trigrams *trigrams, const gs_mem *mem)
{
    *trigrams = (gs_trigrams){.mem = mem, .least = GS_TRIGRAM_BIGRAM_MIN};
}

void gs_trigrams_release(gs_trigrams *trigrams)
{
    gs_mem_free(trigrams->mem, trigrams->parts);
    gs_mem_free(trigrams->mem, trigrams->rows);
    gs_mem_free(trigrams->mem, trigrams->positions);
    *trigrams = (gs_trigrams){0};
}

/* ---- collecting ---- */

void gs_trigrams_add(gs_trigrams *trigrams, const uint32_t *positions, size_t count)
{
    if (trigrams->status || !count)
        return;
    if (!gs_mem_grow(trigrams->mem, (void **)&trigrams->positions, &trigrams->positions_capacity,
                     trigrams->positions_count + count, SIZE_MAX / sizeof(uint32_t),
                     sizeof(uint32_t))) {
        trigrams->status = GSEARCH_NO_MEMORY;
        return;
    }
    memcpy(trigrams->positions + trigrams->positions_count, positions, count * sizeof(uint32_t));
    trigrams->positions_count += count;
}

static int rarest_first(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* How many positions a bigram must have so that those which have them leave a quarter free. */
static uint32_t least_to_keep(const gs_trigrams *trigrams, uint32_t *counts)
{
    size_t count = trigrams->parts_count, sum = trigrams->positions_count, i = 0;
    for (size_t part = 0; part < count; part++)
        counts[part] = trigrams->parts[part].count;
    qsort(counts, count, sizeof(*counts), rarest_first);
    while (i < count && sum > GS_TRIGRAM_POSITIONS_MAX / 4 * 3)
        sum -= counts[i++];
    return i ? counts[i - 1] + 1 : trigrams->least;
}

/* Forgets the rarest bigrams, so many that it is seldom called. */
static void make_room(gs_trigrams *trigrams)
{
    uint32_t *counts = gs_mem_alloc(trigrams->mem, trigrams->parts_count * sizeof(*counts));
    if (!counts) {
        trigrams->status = GSEARCH_NO_MEMORY;
        return;
    }
    trigrams->least = least_to_keep(trigrams, counts);
    gs_mem_free(trigrams->mem, counts);
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < trigrams->parts_count; i++) {
        gs_trigram_part part = trigrams->parts[i];
        if (part.count < trigrams->least)
            continue;
        memmove(trigrams->positions + at, trigrams->positions + part.begin,
                part.count * sizeof(uint32_t));
        part.begin = at;
        at += part.count;
        trigrams->parts[kept++] = part;
    }
    trigrams->parts_count = kept;
    trigrams->positions_count = at;
}

static bool is_bigram(uint64_t gram)
{
    return gs_gram_second(gram) > GS_GRAM_STOP && (gram & GS_GRAM_CODE_POINT_MASK) == 0;
}

void gs_trigrams_end(gs_trigrams *trigrams, uint64_t gram)
{
    size_t count = trigrams->positions_count - trigrams->begin;
    if (!trigrams->status && is_bigram(gram) && count >= trigrams->least) {
        if (gs_mem_grow(trigrams->mem, (void **)&trigrams->parts, &trigrams->parts_capacity,
                        trigrams->parts_count + 1, SIZE_MAX / sizeof(gs_trigram_part),
                        sizeof(gs_trigram_part))) {
            trigrams->parts[trigrams->parts_count++] = (gs_trigram_part){
                .gram = gram, .begin = trigrams->begin, .count = (uint32_t)count};
            if (trigrams->positions_count > GS_TRIGRAM_POSITIONS_MAX)
                make_room(trigrams);
        } else {
            trigrams->status = GSEARCH_NO_MEMORY;
        }
    } else {
        trigrams->positions_count = trigrams->begin;
    }
    trigrams->begin = trigrams->positions_count;
}

/* ---- choosing ---- */

/* Three characters that occur. */
typedef struct gs_trigram_row {
    uint32_t left, right; /* parts */
    uint32_t rarer;       /* positions of the rarer of these */
    uint32_t count;
} gs_trigram_row;

/* The first part whose gram is not below `gram`. */
static size_t find_part(const gs_trigrams *trigrams, uint64_t gram)
{
    size_t low = 0, high = trigrams->parts_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trigrams->parts[middle].gram < gram)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for the positions of any part; NULL: no memory. */
static uint32_t *new_room(const gs_trigrams *trigrams)
{
    uint32_t most = 0;
    for (size_t i = 0; i < trigrams->parts_count; i++)
        most = trigrams->parts[i].count > most ? trigrams->parts[i].count : most;
    return gs_mem_alloc(trigrams->mem, ((size_t)most + GS_BLOCK_POSTINGS) * sizeof(uint32_t));
}

/* Positions of `left` where `right` stands one further on, into `out`. */
static uint32_t intersect(const gs_trigrams *trigrams, const gs_trigram_part *left,
                          const gs_trigram_part *right, uint32_t *out)
{
    memcpy(out, trigrams->positions + left->begin, left->count * sizeof(*out));
    return (uint32_t)gs_kernels_active()->intersect(
        out, left->count, 1, trigrams->positions + right->begin, right->count);
}

/* Adds the rows of all trigrams that begin with part `left`. */
static gsearch_status find_rows(gs_trigrams *trigrams, size_t left, uint32_t least, uint32_t *room,
                                gsearch_error *err)
{
    const gs_trigram_part *parts = trigrams->parts;
    uint32_t second = gs_gram_second(parts[left].gram);
    for (size_t right = find_part(trigrams, gs_gram(second, 0, 0));
         right < trigrams->parts_count && gs_gram_first(parts[right].gram) == second; right++) {
        if (parts[right].count < least)
            continue;
        uint32_t count = intersect(trigrams, &parts[left], &parts[right], room);
        if (!count)
            continue;
        if (!gs_mem_grow(trigrams->mem, (void **)&trigrams->rows, &trigrams->rows_capacity,
                         trigrams->rows_count + 1, SIZE_MAX / sizeof(gs_trigram_row),
                         sizeof(gs_trigram_row)))
            return gs_fail_memory(err);
        bool is_left = parts[left].count < parts[right].count;
        trigrams->rows[trigrams->rows_count++] = (gs_trigram_row){
            .left = (uint32_t)left,
            .right = (uint32_t)right,
            .rarer = is_left ? parts[left].count : parts[right].count,
            .count = count,
        };
    }
    return GSEARCH_OK;
}

gsearch_status gs_trigrams_find(gs_trigrams *trigrams, uint32_t least, gsearch_error *err)
{
    uint32_t *room = trigrams->status ? NULL : new_room(trigrams);
    gsearch_status status = room ? GSEARCH_OK : gs_fail_memory(err);
    trigrams->rows_count = 0;
    for (size_t left = 0; left < trigrams->parts_count && !status; left++) {
        if (trigrams->parts[left].count >= least)
            status = find_rows(trigrams, left, least, room, err);
    }
    gs_mem_free(trigrams->mem, room);
    return status;
}

static int most_frequent_first(const void *a, const void *b)
{
    uint32_t left = ((const gs_trigram_row *)a)->rarer;
    uint32_t right = ((const gs_trigram_row *)b)->rarer;
    return (left < right) - (left > right);
}

gsearch_status gs_trigrams_choose(const gs_trigrams *trigrams, uint64_t postings, uint32_t *least,
                                  gsearch_error *err)
{
    size_t count = trigrams->rows_count;
    gs_trigram_row *rows = gs_mem_alloc(trigrams->mem, count * sizeof(*rows));
    if (!rows)
        return gs_fail_memory(err);
    if (count) {
        memcpy(rows, trigrams->rows, count * sizeof(*rows));
        qsort(rows, count, sizeof(*rows), most_frequent_first);
    }
    uint64_t left = postings / GS_TRIGRAM_SHARE;
    *least = 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
        uint64_t sum = 0; // those of equal rank come together or not at all
        for (end = begin; end < count && rows[end].rarer == rows[begin].rarer; end++)
            sum += rows[end].count;
        if (sum > left)
            break;
        left -= sum;
        *least = rows[begin].rarer;
    }
    gs_mem_free(trigrams->mem, rows);
    return GSEARCH_OK;
}

gsearch_status gs_trigrams_each(const gs_trigrams *trigrams, uint32_t least,
                                gs_trigram_visit visit, void *payload, gsearch_error *err)
{
    uint32_t *room = new_room(trigrams);
    gsearch_status status = room ? GSEARCH_OK : gs_fail_memory(err);
    for (size_t i = 0; i < trigrams->rows_count && !status; i++) {
        const gs_trigram_row *row = &trigrams->rows[i];
        const gs_trigram_part *left = &trigrams->parts[row->left];
        const gs_trigram_part *right = &trigrams->parts[row->right];
        if (row->rarer < least)
            continue;
        uint64_t gram = gs_gram(gs_gram_first(left->gram), gs_gram_second(left->gram),
                                gs_gram_second(right->gram));
        status = visit(gram, room, intersect(trigrams, left, right, room), payload, err);
    }
    gs_mem_free(trigrams->mem, room);
    return status;
}
