/* SPDX-License-Identifier: Apache-2.0
 *
 * A phrase: the places of its rarest list, kept where each other list of the cover has the place it
 * should. Short lists are decoded whole; of long ones only the blocks that a place falls into.
 */
#include "query/match.h"

#include "common/base/json.h"
#include "common/base/limits.h"

// places go through all lists so many at a time, so that they stay in the cache
#define CHUNK 4096u
// `within` is worth looking at where it has so many times fewer documents than a list has positions
#define WITHIN_RATIO 4u
// original text is read for so many matches at once, not farther apart than this; one reading costs
// as much as so many postings
#define EXACT_PLACES 256u
#define EXACT_REACH 8192u
#define EXACT_COST 2048u

static gs_list_set set_of(const gs_reader *reader, const gs_slot *slot)
{
    return slot->sets[reader->segment];
}

/* ---- reading lists ------------------------------------------------------------------------- */

/* The first index >= `from` of a number >= `wanted`. */
static uint32_t lower_bound(const uint32_t *list, uint32_t from, uint32_t count, uint32_t wanted)
{
    return gs_docset_seek(&(gs_docset){.docs = list, .count = count}, from, wanted);
}

/* Copies those of the positions that lie in documents of `within`, from number `*at` of these on,
 * which becomes the one that what follows the positions may lie in. `out` may be `positions`. */
static uint32_t copy_within(const gs_reader *reader, const gs_docset *within, uint32_t *at,
                            const uint32_t *positions, uint32_t count, uint32_t *out)
{
    const uint32_t *starts = reader->in->docs.starts;
    uint32_t kept = 0, i = 0;
    for (; *at < within->count; ++*at) {
        uint32_t doc = within->docs[*at];
        i = lower_bound(positions, i, count, starts[doc]);
        for (; i < count && positions[i] < starts[doc + 1]; i++)
            out[kept++] = positions[i];
        if (i == count)
            break;
    }
    return kept;
}

static bool is_wide(const gs_docset *within, const gs_list *list)
{
    return within->count >= list->count / WITHIN_RATIO;
}

/* The blocks of a long list that documents of `within` reach into, or all. */
static gsearch_status read_long(gs_reader *reader, const gs_list *list, const gs_docset *within,
                                uint32_t *out, uint32_t *count, gsearch_error *err)
{
    const uint32_t *starts = reader->in->docs.starts;
    gs_long_list blocks;
    GS_TRY(gs_long_list_open(&reader->in->postings, list, &blocks, err));
    uint32_t got = 0;
    for (uint32_t b = 0, at = 0; b < blocks.blocks; b++) {
        if (within) {
            uint32_t first = gs_long_list_first(&blocks, b);
            while (at < within->count && starts[within->docs[at] + 1] <= first)
                at++;
            if (at == within->count)
                break;
            b = gs_long_list_seek(&blocks, b, starts[within->docs[at]]);
        }
        uint32_t len;
        GS_TRY(gs_long_list_block(&blocks, b, out + got, &len, err));
        GS_TRY(gs_budget_spend(reader->budget, len, err));
        reader->budget->blocks++;
        got += within ? copy_within(reader, within, &at, out + got, len, out + got) : len;
    }
    *count = got;
    return GSEARCH_OK;
}

static gsearch_status read_short(gs_reader *reader, const gs_list *list, uint32_t *out,
                                 gsearch_error *err)
{
    GS_TRY(gs_budget_spend(reader->budget, list->count, err));
    return gs_list_read(&reader->in->postings, reader->work->decoder, list, out, err);
}

/* A short list that is read more than once, as each gram of a question is: decoded at the first
 * time. Which of two lists with one place in the table stays does not matter. */
#define MEMO_LISTS 256u

struct gs_memo {
    const uint32_t *positions[MEMO_LISTS];
    uint64_t places[MEMO_LISTS];
    uint32_t counts[MEMO_LISTS];
};

gsearch_status gs_memo_new(gs_reader *reader, gsearch_error *err)
{
    reader->memo = gs_arena_calloc(&reader->work->batch, 1, sizeof(*reader->memo));
    return reader->memo ? GSEARCH_OK : gs_fail_memory(err);
}

static gsearch_status recall(gs_reader *reader, const gs_list *list, const uint32_t **out,
                             gsearch_error *err)
{
    gs_memo *memo = reader->memo;
    uint32_t at = (uint32_t)(list->place * 0x9e3779b97f4a7c15u >> 56);
    if (!memo->positions[at] || memo->places[at] != list->place ||
        memo->counts[at] != list->count) {
        size_t room = ((size_t)list->count + GS_BLOCK_POSTINGS) * sizeof(uint32_t);
        uint32_t *read = gs_arena_alloc(&reader->work->batch, room);
        if (!read)
            return gs_fail_memory(err);
        GS_TRY(read_short(reader, list, read, err));
        memo->positions[at] = read;
        memo->places[at] = list->place;
        memo->counts[at] = list->count;
    }
    *out = memo->positions[at];
    return GSEARCH_OK;
}

/* One list, or its part in `within`, into `out`, which has room for it and a block more. */
static gsearch_status read_list(gs_reader *reader, const gs_list *list, const gs_docset *within,
                                uint32_t *out, uint32_t *count, gsearch_error *err)
{
    if (within && is_wide(within, list))
        within = NULL;
    if (list->is_long)
        return read_long(reader, list, within, out, count, err);
    const uint32_t *positions = out;
    uint32_t at = 0;
    if (reader->memo && list->count > 1)
        GS_TRY(recall(reader, list, &positions, err));
    else
        GS_TRY(read_short(reader, list, out, err));
    *count = list->count;
    if (within)
        *count = copy_within(reader, within, &at, positions, list->count, out);
    else if (positions != out)
        memcpy(out, positions, list->count * sizeof(*out));
    return GSEARCH_OK;
}

#define RADIX_BITS 11u
#define RADIX_ROUNDS 3u /* of so many bits are 32 */

/* Sorts `count` numbers below `end` by the same number of bits in each round; they may end up in
 * `spare`. Returns where. */
static uint32_t *sort_positions(uint32_t *numbers, uint32_t *spare, uint32_t count, uint32_t end)
{
    uint32_t places[RADIX_ROUNDS][1u << RADIX_BITS] = {0};
    unsigned bits = 32 - (unsigned)__builtin_clz(end | 1);
    unsigned rounds = (bits + RADIX_BITS - 1) / RADIX_BITS, width = (bits + rounds - 1) / rounds;
    uint32_t size = 1u << width;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned r = 0; r < rounds; r++)
            places[r][numbers[i] >> r * width & (size - 1)]++;
    }
    for (unsigned r = 0; r < rounds; r++) {
        for (uint32_t i = 0, sum = 0; i < size; i++) {
            uint32_t here = places[r][i];
            places[r][i] = sum;
            sum += here;
        }
        for (uint32_t i = 0; i < count; i++)
            spare[places[r][numbers[i] >> r * width & (size - 1)]++] = numbers[i];
        uint32_t *sorted = spare;
        spare = numbers;
        numbers = sorted;
    }
    return numbers;
}

/* How many positions reading the set may give. Few documents are not worth room for a long list. */
static size_t most_within(const gs_reader *reader, const gs_list_set *set, const gs_docset *within)
{
    if (!within || set->count != 1 || !set->lists[0].is_long || is_wide(within, &set->lists[0]))
        return (size_t)set->positions;
    size_t most = 0;
    for (uint32_t i = 0; i < within->count && most < set->positions; i++)
        most += gs_doctable_length(&reader->in->docs, within->docs[i]);
    return most < set->positions ? most : (size_t)set->positions;
}

/* All positions of a slot, each once, rising; only those in `within` need be there. */
static gsearch_status read_set(gs_reader *reader, const gs_list_set *set, const gs_docset *within,
                               gs_positions *out, gsearch_error *err)
{
    if (set->positions > UINT32_MAX - GS_BLOCK_POSTINGS)
        return gs_corrupt(err, "lists of one term hold more positions than the segment");
    if (!within && set->positions > GS_QUERY_COST_MAX) // say so before making room for them
        return gs_budget_spend(reader->budget, set->positions, err);
    gs_arena *arena = &reader->work->batch;
    size_t room = (most_within(reader, set, within) + GS_BLOCK_POSTINGS) * sizeof(uint32_t);
    uint32_t *all = gs_arena_alloc(arena, room), count = 0;
    if (!all)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t len;
        GS_TRY(read_list(reader, &set->lists[i], within, all + count, &len, err));
        count += len;
    }
    gs_arena_shrink(arena, all, room, ((size_t)count + GS_BLOCK_POSTINGS) * sizeof(uint32_t));
    if (set->count > 1 && count) {
        uint32_t *spare = gs_arena_alloc(arena, (size_t)count * sizeof(uint32_t)), kept = 1;
        if (!spare)
            return gs_fail_memory(err);
        all = sort_positions(all, spare, count, reader->in->docs.positions);
        for (uint32_t i = 1; i < count; i++) {
            if (all[i] != all[kept - 1])
                all[kept++] = all[i];
        }
        count = kept;
    }
    *out = (gs_positions){.at = all, .count = count};
    return GSEARCH_OK;
}

/* ---- intersecting -------------------------------------------------------------------------- */

/* A list of the cover behind the first, and how far it has been used. */
typedef struct cover_list {
    const gs_slot *slot;
    uint32_t shift; // of its positions against the phrase's
    bool is_open;   // it is read when it is first needed
    bool is_long;
    gs_positions short_list;
    gs_long_list blocks;
    uint32_t at;        // place in the short list, or block
    uint32_t in_buffer; // so many positions of that block, from its first on, are in the buffer
    uint32_t buffer[GS_BLOCK_POSTINGS];
} cover_list;

static gsearch_status follower_open(gs_reader *reader, const gs_docset *within, cover_list *out,
                                    gsearch_error *err)
{
    gs_list_set set = set_of(reader, out->slot);
    out->is_open = true;
    out->shift = out->slot->offset;
    out->at = out->in_buffer = 0;
    out->is_long = set.count == 1 && set.lists[0].is_long;
    if (out->is_long)
        return gs_long_list_open(&reader->in->postings, &set.lists[0], &out->blocks, err);
    return read_set(reader, &set, within, &out->short_list, err);
}

static uint32_t follow_short(const gs_reader *reader, cover_list *follower, uint32_t *places,
                             uint32_t count)
{
    const gs_positions *list = &follower->short_list;
    uint32_t low = places[0] + follower->shift, high = places[count - 1] + follower->shift;
    uint32_t begin = lower_bound(list->at, follower->at, list->count, low);
    uint32_t end = lower_bound(list->at, begin, list->count, high + 1);
    follower->at = end;
    return (uint32_t)reader->kernels->intersect(places, count, follower->shift, list->at + begin,
                                                end - begin);
}

/* Has the buffer hold all positions of the block up to `wanted`. */
static gsearch_status load_block(gs_reader *reader, cover_list *follower, uint32_t block,
                                 uint32_t wanted, gsearch_error *err)
{
    uint32_t here = block == follower->at ? follower->in_buffer : 0;
    if (here && (follower->buffer[here - 1] >= wanted ||
                 here == gs_long_list_count(&follower->blocks, block)))
        return GSEARCH_OK;
    follower->at = block;
    GS_TRY(gs_long_list_until(&follower->blocks, block, wanted, follower->buffer,
                              &follower->in_buffer, err));
    reader->budget->blocks++;
    return gs_budget_spend(reader->budget, follower->in_buffer, err);
}

static gsearch_status follow_long(gs_reader *reader, cover_list *follower, uint32_t *places,
                                  uint32_t *count, gsearch_error *err)
{
    const gs_long_list *list = &follower->blocks;
    uint32_t kept = 0;
    for (uint32_t i = 0, end; i < *count; i = end) {
        uint32_t block = gs_long_list_seek(list, follower->at, places[i] + follower->shift);
        end = *count;
        if (block + 1 < list->blocks)
            end = lower_bound(places, i, *count,
                              gs_long_list_first(list, block + 1) - follower->shift);
        GS_TRY(load_block(reader, follower, block, places[end - 1] + follower->shift, err));
        uint32_t found = (uint32_t)reader->kernels->intersect(
            places + i, end - i, follower->shift, follower->buffer, follower->in_buffer);
        memmove(places + kept, places + i, found * sizeof(*places));
        kept += found;
    }
    *count = kept;
    return GSEARCH_OK;
}

/* Keeps of `places` (where the phrase might begin) those that all followers agree with. */
static gsearch_status follow(gs_reader *reader, const gs_docset *within, cover_list *followers,
                             uint32_t followers_count, gs_positions *places, gsearch_error *err)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < places->count && followers_count; i += CHUNK) {
        uint32_t *chunk = places->at + i;
        uint32_t count = places->count - i < CHUNK ? places->count - i : CHUNK;
        GS_TRY(gs_budget_spend(reader->budget, 0, err));
        for (uint32_t f = 0; f < followers_count && count; f++) {
            if (!followers[f].is_open)
                GS_TRY(follower_open(reader, within, &followers[f], err));
            if (followers[f].is_long)
                GS_TRY(follow_long(reader, &followers[f], chunk, &count, err));
            else
                count = follow_short(reader, &followers[f], chunk, count);
        }
        memmove(places->at + kept, chunk, count * sizeof(*chunk));
        kept += count;
    }
    if (followers_count)
        places->count = kept;
    return GSEARCH_OK;
}

/* From positions of the slot at `offset` to where a phrase of `length` items would begin. */
static void rebase(gs_positions *places, uint32_t offset, uint32_t length, uint32_t positions)
{
    uint32_t *at = places->at, count = places->count;
    while (count && *at < offset) {
        at++;
        count--;
    }
    for (uint32_t i = 0; i < count && offset; i++)
        at[i] -= offset;
    while (count && positions - at[count - 1] < length)
        count--;
    *places = (gs_positions){.at = at, .count = count};
}

/* ---- what a place must fulfil beside ------------------------------------------------------- */

static gsearch_status keep_title(gs_reader *reader, uint32_t length, gs_positions *places,
                                 gsearch_error *err)
{
    const gs_doctable *docs = &reader->in->docs;
    uint32_t kept = 0, doc_end = 0, title_end = 0;
    GS_TRY(gs_budget_spend(reader->budget, places->count, err));
    for (uint32_t i = 0; i < places->count; i++) {
        uint32_t place = places->at[i];
        if (place >= doc_end) {
            uint32_t doc = gs_doctable_find(docs, place);
            doc_end = docs->starts[doc + 1];
            title_end = gs_doctable_title_end(docs, doc);
        }
        if (place < title_end && title_end - place >= length)
            places->at[kept++] = place;
    }
    places->count = kept;
    return GSEARCH_OK;
}

/* How many of the places from the first on can be read together: in one document, on one side of
 * the end of its title, and not far from one another. */
static uint32_t near_places(const gs_reader *reader, const uint32_t *places, uint32_t count,
                            uint32_t *doc)
{
    const gs_doctable *docs = &reader->in->docs;
    *doc = gs_doctable_find(docs, places[0]);
    uint32_t title_end = gs_doctable_title_end(docs, *doc), end = docs->starts[*doc + 1];
    if (places[0] < title_end)
        end = title_end;
    uint32_t near = 1;
    while (near < count && near < EXACT_PLACES && places[near] < end &&
           places[near] - places[0] < EXACT_REACH)
        near++;
    return near;
}

static gsearch_status keep_exact(gs_reader *reader, const gs_node *node, gs_positions *places,
                                 gsearch_error *err)
{
    gs_arena *scratch = &reader->work->scratch;
    uint32_t kept = 0;
    for (uint32_t i = 0, near; i < places->count; i += near) {
        bool same[EXACT_PLACES];
        gs_matches matches = {.positions = places->at + i, .length = node->items_count};
        near = near_places(reader, places->at + i, places->count - i, &matches.doc);
        matches.count = near;
        GS_TRY(gs_budget_spend(reader->budget, EXACT_COST, err));
        GS_TRY(gs_snippet_are_exact(reader->in, reader->work->decoder, scratch, &matches,
                                    node->exact_text, same, err));
        gs_arena_reset(scratch);
        for (uint32_t m = 0; m < near; m++) {
            if (same[m])
                places->at[kept++] = places->at[i + m];
        }
    }
    places->count = kept;
    return GSEARCH_OK;
}

void gs_match_trace_list(const gs_reader *reader, const gs_slot *slot)
{
    gs_list_set set = set_of(reader, slot);
    const char *kind = set.count > 1 ? "union" : set.lists[0].is_long ? "long" : "short";
    gs_buf_str(reader->trace, "{\"term\":");
    gs_json_string(reader->trace, slot->text);
    gs_buf_printf(reader->trace,
                  ",\"offset\":%u,\"kind\":\"%s\",\"lists\":%u,\"positions\":%llu}", slot->offset,
                  kind, set.count, (unsigned long long)set.positions);
}

static void trace_phrase(gs_reader *reader, const gs_plan_node *phrase, const gs_cover *cover,
                         const gs_positions *places, uint64_t blocks, uint64_t started)
{
    gs_buf *out = reader->trace;
    gs_buf_printf(out, "{\"step\":\"phrase\",\"segment\":%u,\"items\":%u,\"lists\":[",
                  reader->segment, phrase->node->items_count);
    for (uint32_t i = 0; i < cover->count; i++) {
        gs_buf_str(out, i ? "," : "");
        gs_match_trace_list(reader, cover->slots[i]);
    }
    gs_buf_printf(out, "],\"blocks\":%llu,\"matches\":%u,\"took_us\":%llu}\n",
                  (unsigned long long)(reader->budget->blocks - blocks), places->count,
                  (unsigned long long)((gs_clock_ns() - started) / 1000));
}

gsearch_status gs_match_phrase(gs_reader *reader, const gs_plan_node *phrase,
                               const gs_docset *within, gs_positions *out, gsearch_error *err)
{
    const gs_node *node = phrase->node;
    gs_arena *arena = &reader->work->batch;
    uint64_t blocks = reader->budget->blocks, started = reader->trace ? gs_clock_ns() : 0;
    gs_positions places = {0};
    gs_cover cover;
    GS_TRY(gs_plan_cover(phrase, reader->segment, arena, &cover, err));
    if (cover.count) {
        const gs_slot *first = cover.slots[0];
        gs_list_set set = set_of(reader, first);
        GS_TRY(read_set(reader, &set, within, &places, err));
        rebase(&places, first->offset, node->items_count, reader->in->docs.positions);
    }
    if (places.count && cover.count > 1) {
        uint32_t count = cover.count - 1;
        cover_list *followers = gs_arena_alloc(arena, count * sizeof(*followers));
        if (!followers)
            return gs_fail_memory(err);
        for (uint32_t f = 0; f < count; f++) {
            followers[f].slot = cover.slots[f + 1];
            followers[f].is_open = false;
        }
        GS_TRY(follow(reader, within, followers, count, &places, err));
    }
    if (places.count && node->field == GS_FIELD_TITLE)
        GS_TRY(keep_title(reader, node->items_count, &places, err));
    if (places.count && node->exact)
        GS_TRY(keep_exact(reader, node, &places, err));
    if (reader->trace)
        trace_phrase(reader, phrase, &cover, &places, blocks, started);
    *out = places;
    return GSEARCH_OK;
}

/* ---- by document --------------------------------------------------------------------------- */

static gsearch_status keep_spans(gs_reader *reader, gs_positions places, uint32_t length,
                                 uint32_t *firsts, gs_docset *out, gsearch_error *err)
{
    gs_span *spans = gs_arena_alloc(&reader->work->batch, places.count * sizeof(*spans));
    if (!spans)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < places.count; i++)
        spans[i] = (gs_span){.position = places.at[i], .length = length};
    out->spans = spans;
    out->firsts = firsts;
    return GSEARCH_OK;
}

/* Takes deleted documents and their places away; returns how many documents are left. */
static uint32_t keep_live(const gs_reader *reader, gs_positions *places, uint32_t *docs,
                          uint32_t *firsts, uint32_t count)
{
    uint32_t kept = 0, at = 0;
    for (uint32_t d = 0; d < count; d++) {
        uint32_t begin = firsts[d], here = firsts[d + 1] - begin;
        if (gs_deletes_has(reader->deletes, docs[d]))
            continue;
        if (at < begin)
            memmove(places->at + at, places->at + begin, here * sizeof(uint32_t));
        docs[kept] = docs[d];
        firsts[kept++] = at;
        at += here;
    }
    firsts[kept] = places->count = at;
    return kept;
}

gsearch_status gs_match_documents(gs_reader *reader, const gs_plan_node *phrase,
                                  gs_positions *places, gs_docset *out, gsearch_error *err)
{
    *out = (gs_docset){0};
    if (!places->count)
        return GSEARCH_OK;
    const gs_doctable table = reader->in->docs; // a copy: nothing that is written can change it
    const uint32_t *at = places->at;
    uint32_t length = phrase->node->items_count;
    size_t bytes = ((size_t)places->count + 1) * sizeof(uint32_t);
    uint32_t *docs = gs_arena_alloc(&reader->work->batch, bytes);
    uint32_t *firsts = gs_arena_alloc(&reader->work->batch, bytes);
    if (!docs || !firsts)
        return gs_fail_memory(err);
    uint32_t count = (uint32_t)reader->kernels->group(table.starts, table.coarse, table.shift,
                                                      at, places->count, docs, firsts);
    firsts[count] = places->count;
    if (reader->deletes)
        count = keep_live(reader, places, docs, firsts, count);
    uint32_t *tfs = gs_arena_alloc(&reader->work->batch, ((size_t)count + 1) * sizeof(*tfs));
    if (!tfs)
        return gs_fail_memory(err);
    for (uint32_t d = 0; d < count; d++)
        tfs[d] = gs_match_weigh(&table, docs[d], at + firsts[d], firsts[d + 1] - firsts[d], length);
    *out = (gs_docset){.docs = docs, .count = count, .tfs = tfs};
    return reader->keep_spans ? keep_spans(reader, *places, length, firsts, out, err) : GSEARCH_OK;
}
