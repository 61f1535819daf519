/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the choice of trigrams. It depends on the lists alone, on counts and not on bytes, so that a
 * merged segment has the same ones as a fresh one.
 */
#include "common/segment/trigrams.h"

#include <stdlib.h>
#include <string.h>

#include "common/segment/terms.h"
#include "common/simd/kernels.h"

typedef struct gs_trigram_part {
    uint64_t gram;
    size_t begin, end; /* in the bytes */
    uint32_t count;
} gs_trigram_part;

void gs_trigrams_init(gs_trigrams *trigrams, const gs_mem *mem)
{
    *trigrams = (gs_trigrams){.mem = mem, .least = GS_TRIGRAM_BIGRAM_MIN};
    gs_buf_init(&trigrams->bytes, mem, SIZE_MAX);
}

void gs_trigrams_release(gs_trigrams *trigrams)
{
    gs_mem_free(trigrams->mem, trigrams->parts);
    gs_buf_release(&trigrams->bytes);
    *trigrams = (gs_trigrams){0};
}

/* ---- collecting ---- */

/* A block of a part: u32 first position · u8 bits · 256 packed gaps, of which the first and those
 * behind the last are 0. */
static void pack_pending(gs_trigrams *trigrams)
{
    uint32_t gaps[GS_BITPACK_NUMBERS] = {0}, all = 0;
    for (uint32_t i = 1; i < trigrams->pending_count; i++) {
        gaps[i] = trigrams->pending[i] - trigrams->pending[i - 1];
        all |= gaps[i];
    }
    trigrams->pending_count = 0;
    if (trigrams->bytes.len - trigrams->begin > GS_TRIGRAM_BYTES_MAX)
        return; // the list will not be kept
    unsigned bits = all ? 32 - (unsigned)__builtin_clz(all) : 0;
    size_t len = gs_bitpack_bytes(GS_BITPACK_NUMBERS, bits);
    gs_buf_u32(&trigrams->bytes, trigrams->pending[0]);
    gs_buf_u8(&trigrams->bytes, (uint8_t)bits);
    uint8_t *to = gs_buf_reserve(&trigrams->bytes, len);
    if (!to)
        return;
    gs_bitpack(gaps, bits, to);
    trigrams->bytes.len += len;
}

void gs_trigrams_add(gs_trigrams *trigrams, const uint32_t *positions, size_t count)
{
    trigrams->collected += count;
    while (count) {
        size_t room = GS_BITPACK_NUMBERS - trigrams->pending_count;
        size_t len = count < room ? count : room;
        memcpy(trigrams->pending + trigrams->pending_count, positions, len * sizeof(*positions));
        trigrams->pending_count += (uint32_t)len;
        positions += len;
        count -= len;
        if (trigrams->pending_count == GS_BITPACK_NUMBERS)
            pack_pending(trigrams);
    }
}

static int rarest_first(const void *a, const void *b)
{
    uint32_t left = ((const gs_trigram_part *)a)->count;
    uint32_t right = ((const gs_trigram_part *)b)->count;
    return (left > right) - (left < right);
}

/* How many positions a bigram must have so that those which have them leave a quarter free; sorts
 * `parts`, a copy. */
static uint32_t least_to_keep(const gs_trigrams *trigrams, gs_trigram_part *parts)
{
    size_t count = trigrams->parts_count, sum = trigrams->bytes.len, i = 0;
    memcpy(parts, trigrams->parts, count * sizeof(*parts));
    qsort(parts, count, sizeof(*parts), rarest_first);
    for (; i < count && sum > GS_TRIGRAM_BYTES_MAX / 4 * 3; i++)
        sum -= parts[i].end - parts[i].begin;
    return i ? parts[i - 1].count + 1 : trigrams->least;
}

/* Forgets the rarest bigrams, so many that it is seldom called. */
static void make_room(gs_trigrams *trigrams)
{
    gs_trigram_part *parts =
        gs_mem_alloc(trigrams->mem, trigrams->parts_count * sizeof(*parts));
    if (!parts) {
        trigrams->status = GSEARCH_NO_MEMORY;
        return;
    }
    trigrams->least = least_to_keep(trigrams, parts);
    gs_mem_free(trigrams->mem, parts);
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < trigrams->parts_count; i++) {
        gs_trigram_part part = trigrams->parts[i];
        size_t len = part.end - part.begin;
        if (part.count < trigrams->least)
            continue;
        memmove(trigrams->bytes.data + at, trigrams->bytes.data + part.begin, len);
        part.begin = at;
        part.end = at += len;
        trigrams->parts[kept++] = part;
    }
    trigrams->parts_count = kept;
    trigrams->bytes.len = at;
}

static bool is_bigram(uint64_t gram)
{
    return gs_gram_second(gram) > GS_GRAM_STOP && (gram & GS_GRAM_CODE_POINT_MASK) == 0;
}

/* Keeps the list that was collected as a part. */
static void keep_part(gs_trigrams *trigrams, uint64_t gram)
{
    if (!gs_mem_grow(trigrams->mem, (void **)&trigrams->parts, &trigrams->parts_capacity,
                     trigrams->parts_count + 1, SIZE_MAX / sizeof(gs_trigram_part),
                     sizeof(gs_trigram_part))) {
        trigrams->status = GSEARCH_NO_MEMORY;
        return;
    }
    trigrams->parts[trigrams->parts_count++] =
        (gs_trigram_part){.gram = gram,
                          .begin = trigrams->begin,
                          .end = trigrams->bytes.len,
                          .count = (uint32_t)trigrams->collected};
    if (trigrams->bytes.len > GS_TRIGRAM_BYTES_MAX)
        make_room(trigrams);
}

void gs_trigrams_end(gs_trigrams *trigrams, uint64_t gram)
{
    bool wanted = is_bigram(gram) && trigrams->collected >= trigrams->least;
    if (wanted && trigrams->pending_count)
        pack_pending(trigrams);
    if (trigrams->bytes.status)
        trigrams->status = trigrams->bytes.status;
    if (!trigrams->status && wanted &&
        trigrams->bytes.len - trigrams->begin <= GS_TRIGRAM_BYTES_MAX)
        keep_part(trigrams, gram);
    else
        trigrams->bytes.len = trigrams->begin;
    trigrams->begin = trigrams->bytes.len;
    trigrams->collected = trigrams->pending_count = 0;
}

/* ---- choosing ---- */

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

/* Room for two parts, unpacked, and for what they have in common. */
typedef struct pair_room {
    uint32_t *left, *right, *both;
    size_t part; /* that is in `left` */
} pair_room;

static void close_room(const gs_trigrams *trigrams, pair_room *room)
{
    gs_mem_free(trigrams->mem, room->left);
    gs_mem_free(trigrams->mem, room->right);
    gs_mem_free(trigrams->mem, room->both);
}

static gsearch_status open_room(const gs_trigrams *trigrams, pair_room *room, gsearch_error *err)
{
    uint32_t most = 0;
    for (size_t i = 0; i < trigrams->parts_count; i++)
        most = trigrams->parts[i].count > most ? trigrams->parts[i].count : most;
    size_t bytes = ((size_t)most + GS_BITPACK_NUMBERS) * sizeof(uint32_t);
    *room = (pair_room){.left = gs_mem_alloc(trigrams->mem, bytes),
                        .right = gs_mem_alloc(trigrams->mem, bytes),
                        .both = gs_mem_alloc(trigrams->mem, bytes),
                        .part = SIZE_MAX};
    if (!trigrams->status && room->left && room->right && room->both)
        return GSEARCH_OK;
    close_room(trigrams, room);
    return gs_fail_memory(err);
}

static void unpack(const gs_trigrams *trigrams, size_t number, uint32_t *out)
{
    const gs_trigram_part *part = &trigrams->parts[number];
    for (size_t at = part->begin; at < part->end; out += GS_BITPACK_NUMBERS) {
        const uint8_t *block = trigrams->bytes.data + at;
        unsigned bits = block[4];
        gs_kernels_active()->unpack(block + 5, bits, gs_load_u32(block), out);
        at += 5 + gs_bitpack_bytes(GS_BITPACK_NUMBERS, bits);
    }
}

/* Positions of part `left` where `right` stands one further on, into room->both; how many. */
static uint32_t intersect(const gs_trigrams *trigrams, size_t left, size_t right, pair_room *room)
{
    uint32_t count = trigrams->parts[left].count;
    if (room->part != left)
        unpack(trigrams, left, room->left);
    room->part = left;
    unpack(trigrams, right, room->right);
    memcpy(room->both, room->left, count * sizeof(*room->both));
    return (uint32_t)gs_kernels_active()->intersect(room->both, count, 1, room->right,
                                                    trigrams->parts[right].count);
}

typedef gsearch_status (*pair_visit)(const gs_trigrams *trigrams, size_t left, size_t right,
                                     void *payload, gsearch_error *err);

/* Visits each two parts with at least `least` positions that overlap in a character, in order. */
static gsearch_status each_pair(const gs_trigrams *trigrams, uint32_t least, pair_visit visit,
                                void *payload, gsearch_error *err)
{
    const gs_trigram_part *parts = trigrams->parts;
    for (size_t left = 0; left < trigrams->parts_count; left++) {
        uint32_t second = gs_gram_second(parts[left].gram);
        if (parts[left].count < least)
            continue;
        for (size_t right = find_part(trigrams, gs_gram(second, 0, 0));
             right < trigrams->parts_count && gs_gram_first(parts[right].gram) == second; right++) {
            if (parts[right].count >= least)
                GS_TRY(visit(trigrams, left, right, payload, err));
        }
    }
    return GSEARCH_OK;
}

/* Three characters that may occur. */
typedef struct trigram_pair {
    uint32_t left, right; // parts
    uint32_t rarer;       // positions of the rarer of these
} trigram_pair;

typedef struct pair_array {
    trigram_pair *list;
    size_t count, capacity;
} pair_array;

static gsearch_status add_pair(const gs_trigrams *trigrams, size_t left, size_t right,
                               void *payload, gsearch_error *err)
{
    pair_array *pairs = payload;
    uint32_t a = trigrams->parts[left].count, b = trigrams->parts[right].count;
    if (!gs_mem_grow(trigrams->mem, (void **)&pairs->list, &pairs->capacity, pairs->count + 1,
                     SIZE_MAX / sizeof(*pairs->list), sizeof(*pairs->list)))
        return gs_fail_memory(err);
    pairs->list[pairs->count++] = (trigram_pair){
        .left = (uint32_t)left, .right = (uint32_t)right, .rarer = a < b ? a : b};
    return GSEARCH_OK;
}

static int most_frequent_first(const void *a, const void *b)
{
    uint32_t left = ((const trigram_pair *)a)->rarer, right = ((const trigram_pair *)b)->rarer;
    return (left < right) - (left > right);
}

/* Takes pairs, the most frequent ones first, for as long as their trigrams have room in `left`. */
static uint32_t fill_share(const gs_trigrams *trigrams, const pair_array *pairs, uint64_t left,
                           pair_room *room)
{
    uint32_t least = 0;
    for (size_t begin = 0, end; begin < pairs->count; begin = end) {
        uint64_t sum = 0; // those of equal rank come together or not at all
        uint32_t rarer = pairs->list[begin].rarer;
        for (end = begin; end < pairs->count && pairs->list[end].rarer == rarer; end++)
            sum += intersect(trigrams, pairs->list[end].left, pairs->list[end].right, room);
        if (sum > left)
            break;
        left -= sum;
        least = sum || least ? rarer : 0;
    }
    return least;
}

gsearch_status gs_trigrams_choose(const gs_trigrams *trigrams, uint64_t postings, uint32_t *least,
                                  gsearch_error *err)
{
    pair_room room;
    pair_array pairs = {0};
    GS_TRY(open_room(trigrams, &room, err));
    gsearch_status status = each_pair(trigrams, trigrams->least, add_pair, &pairs, err);
    if (!status && pairs.count)
        qsort(pairs.list, pairs.count, sizeof(*pairs.list), most_frequent_first);
    if (!status)
        *least = fill_share(trigrams, &pairs, postings / GS_TRIGRAM_SHARE, &room);
    gs_mem_free(trigrams->mem, pairs.list);
    close_room(trigrams, &room);
    return status;
}

typedef struct trigram_visitor {
    gs_trigram_visit visit;
    void *payload;
    pair_room room;
} trigram_visitor;

static gsearch_status visit_trigram(const gs_trigrams *trigrams, size_t left, size_t right,
                                    void *payload, gsearch_error *err)
{
    trigram_visitor *self = payload;
    uint64_t a = trigrams->parts[left].gram, b = trigrams->parts[right].gram;
    uint32_t count = intersect(trigrams, left, right, &self->room);
    uint64_t gram = gs_gram(gs_gram_first(a), gs_gram_second(a), gs_gram_second(b));
    return count ? self->visit(gram, self->room.both, count, self->payload, err) : GSEARCH_OK;
}

gsearch_status gs_trigrams_each(const gs_trigrams *trigrams, uint32_t least,
                                gs_trigram_visit visit, void *payload, gsearch_error *err)
{
    trigram_visitor self = {.visit = visit, .payload = payload};
    GS_TRY(open_room(trigrams, &self.room, err));
    gsearch_status status = each_pair(trigrams, least, visit_trigram, &self, err);
    close_room(trigrams, &self.room);
    return status;
}
