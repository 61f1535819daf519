/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking up the grams of phrases, once a query in all segments, and choosing among them.
 *
 * Positions inside a document are consecutive and documents are kept apart by a position that is in
 * no list, so a phrase is proved by any set of slots that covers all its items.
 */
#include "query/plan.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "query/expand.h"

// opening a list costs about as much as reading so many positions
#define LIST_COST 32u
// of a long list, a block is read only where the rarest list has a position: at most so much each
#define TOUCH_COST 64u
#define BREAK_SHOWN 0x3002u // what a break looks like in gs_plan_explain

void gs_plan_start(gs_plan *plan, gs_arena *arena, const gs_snapshot *snapshot)
{
    *plan = (gs_plan){
        .norm = gs_bm25_norm_of(snapshot->documents, snapshot->total_length),
        .snapshot = snapshot,
        .arena = arena,
    };
}

/* ---- looking up ---------------------------------------------------------------------------- */

static gsearch_status set_one(const gs_plan *plan, gs_list_set *set, const gs_list *list,
                              gsearch_error *err)
{
    if (!list->count)
        return GSEARCH_OK;
    gs_list *copy = gs_arena_alloc(plan->arena, sizeof(*copy));
    if (!copy)
        return gs_fail_memory(err);
    *copy = *list;
    *set = (gs_list_set){.lists = copy, .count = 1, .positions = list->count};
    return GSEARCH_OK;
}

static gsearch_status find_word(const gs_plan *plan, gs_bytes word, gs_slot *slot,
                                gsearch_error *err)
{
    for (uint32_t i = 0; i < plan->snapshot->segments_count; i++) {
        const gs_snapshot_segment *part = &plan->snapshot->segments[i];
        gs_list list;
        uint32_t share = 0;
        GS_TRY(gs_terms_find_word(&part->segment->terms, word, &list, err));
        GS_TRY(set_one(plan, &slot->sets[i], &list, err));
        if (!list.count)
            continue;
        GS_TRY(gs_deletes_word_share(part->deletes, word, &share, err));
        slot->sets[i].documents = list.documents - share;
        slot->documents += slot->sets[i].documents;
    }
    return GSEARCH_OK;
}

static gsearch_status set_text(const gs_plan *plan, gs_slot *slot, const gs_item *items,
                               uint32_t count, gsearch_error *err)
{
    uint8_t text[3 * 4];
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++)
        len += gs_utf8_encode(items[i].kind == GS_TOKEN_BREAK ? BREAK_SHOWN : items[i].code_point,
                              text + len);
    char *copy = gs_arena_dup(plan->arena, gs_bytes_of(text, len));
    if (!copy)
        return gs_fail_memory(err);
    slot->text = gs_bytes_of(copy, len);
    return GSEARCH_OK;
}

static void take_gram(gs_slot *slot, uint64_t gram)
{
    slot->gram = gram;
    slot->is_gram = true;
}

/* Says which lists the slot that begins at item `i` is read from, and finds those of no gram. */
static gsearch_status fill_slot(gs_plan *plan, const gs_node *node, uint32_t i, gs_slot *slot,
                                gsearch_error *err)
{
    const gs_item *item = &node->items[i];
    if (item->kind == GS_TOKEN_BREAK) {
        take_gram(slot, GS_GRAM_BREAK); // never ranked
        return set_text(plan, slot, item, 1, err);
    }
    if (item->kind == GS_TOKEN_WORD) {
        slot->text = item->word;
        slot->is_ranked = true;
        if (node->prefix && i + 1 == node->items_count)
            return gs_expand_word(plan->snapshot, plan->arena, item->word, slot->sets,
                                  &slot->documents, err);
        return find_word(plan, item->word, slot, err);
    }
    GS_TRY(set_text(plan, slot, item, slot->length, err));
    bool next_is_break = i + 1 < node->items_count && item[1].kind == GS_TOKEN_BREAK;
    if (slot->length == 2 && !next_is_break) {
        slot->is_ranked = true;
        take_gram(slot, gs_gram(item->code_point, item[1].code_point, 0));
        return GSEARCH_OK;
    }
    if (!i || item[-1].kind != GS_TOKEN_CJK) { // else the bigram before has its weight
        slot->is_ranked = true;
        slot->documents = gs_snapshot_character_documents(plan->snapshot, item->code_point);
    }
    if (next_is_break)
        take_gram(slot, gs_gram(item->code_point, GS_GRAM_STOP, 0));
    else if (i + 1 < node->items_count || (i && item[-1].kind == GS_TOKEN_WORD))
        take_gram(slot, gs_gram(item->code_point, GS_GRAM_SEAM, 0));
    else
        return gs_expand_character(plan->snapshot, plan->arena, item->code_point, slot->sets, err);
    return GSEARCH_OK;
}

/* How many items the slot at item `i` covers; 0 if the one before covers it. */
static uint32_t slot_length(const gs_node *node, uint32_t i)
{
    const gs_item *item = &node->items[i];
    bool after_character = i && item[-1].kind == GS_TOKEN_CJK;
    gs_token_kind next = i + 1 < node->items_count ? item[1].kind : GS_TOKEN_WORD;
    if (item->kind == GS_TOKEN_WORD)
        return 1;
    if (item->kind == GS_TOKEN_BREAK)
        return after_character ? 0 : 1;
    if (next == GS_TOKEN_CJK || next == GS_TOKEN_BREAK)
        return 2;
    return after_character ? 0 : 1;
}

static gsearch_status add_slot(gs_plan *plan, gs_plan_node *out, uint32_t offset, uint32_t length,
                               gs_slot **added, gsearch_error *err)
{
    if (++plan->slots_count > GS_QUERY_GRAMS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "the query has more than %u grams and words",
                       GS_QUERY_GRAMS_MAX);
    gs_slot *slot = &out->slots[out->slots_count++];
    *slot = (gs_slot){.offset = offset, .length = length};
    slot->sets =
        gs_arena_calloc(plan->arena, plan->snapshot->segments_count, sizeof(*slot->sets));
    *added = slot;
    return slot->sets ? GSEARCH_OK : gs_fail_memory(err);
}

/* The lists of a trigram in the segments that have one of every trigram as frequent as this may be:
 * it is known not to occur where they have none. `known` false if no segment is such. */
static gsearch_status fill_trigram(gs_plan *plan, const gs_item *items, const gs_slot *left,
                                   const gs_slot *right, gs_slot *slot, bool *known,
                                   gsearch_error *err)
{
    uint64_t gram = gs_gram(items->code_point, items[1].code_point, items[2].code_point);
    *known = false;
    for (uint32_t i = 0; i < plan->snapshot->segments_count; i++) {
        const gs_segment *in = plan->snapshot->segments[i].segment;
        uint64_t a = left->sets[i].positions, b = right->sets[i].positions;
        gs_list list;
        slot->sets[i].is_unknown = !in->trigram_min || (a < b ? a : b) < in->trigram_min;
        if (slot->sets[i].is_unknown)
            continue;
        *known = true;
        GS_TRY(gs_terms_find_gram(&in->trigrams, gram, &list, err));
        GS_TRY(set_one(plan, &slot->sets[i], &list, err));
    }
    GS_TRY(set_text(plan, slot, items, 3, err));
    return GSEARCH_OK;
}

/* Adds the trigrams of a phrase that has its other slots, each behind the bigram it begins with. */
static gsearch_status add_trigrams(gs_plan *plan, gs_plan_node *out, gsearch_error *err)
{
    const gs_node *node = out->node;
    gs_plan_node all = {0};
    all.slots = gs_arena_alloc(plan->arena, 2 * (size_t)out->slots_count * sizeof(*all.slots));
    if (!all.slots)
        return gs_fail_memory(err);
    for (uint32_t s = 0; s < out->slots_count; s++) {
        const gs_slot *left = &out->slots[s], *right = left + 1;
        uint32_t i = left->offset;
        all.slots[all.slots_count++] = *left;
        if (s + 1 == out->slots_count || left->length != 2 || right->length != 2 ||
            right->offset != i + 1 || node->items[i + 1].kind != GS_TOKEN_CJK ||
            node->items[i + 2].kind != GS_TOKEN_CJK)
            continue;
        gs_slot *slot = NULL;
        bool known;
        GS_TRY(add_slot(plan, &all, i, 3, &slot, err));
        GS_TRY(fill_trigram(plan, &node->items[i], left, right, slot, &known, err));
        all.slots_count -= !known;
    }
    out->slots = all.slots;
    out->slots_count = all.slots_count;
    return GSEARCH_OK;
}

static gsearch_status add_phrase(gs_plan *plan, gs_plan_node *out, gsearch_error *err)
{
    const gs_node *node = out->node;
    out->slots = gs_arena_calloc(plan->arena, node->items_count, sizeof(*out->slots));
    if (!out->slots)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < node->items_count; i++) {
        uint32_t length = slot_length(node, i);
        gs_slot *slot = NULL;
        if (!length)
            continue;
        GS_TRY(add_slot(plan, out, i, length, &slot, err));
        GS_TRY(fill_slot(plan, node, i, slot, err));
    }
    return GSEARCH_OK;
}

static gsearch_status add_node(gs_plan *plan, const gs_node *node, gs_plan_node **out,
                               gsearch_error *err)
{
    gs_plan_node *added = gs_arena_calloc(plan->arena, 1, sizeof(*added));
    if (!added)
        return gs_fail_memory(err);
    *added = (gs_plan_node){.node = node, .id = plan->nodes_count++};
    *out = added;
    if (node->kind == GS_NODE_PHRASE)
        return add_phrase(plan, added, err);
    if (node->kind == GS_NODE_NEAR && node->children_count > GS_QUERY_NEAR_TERMS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "NEAR has more than %u terms", GS_QUERY_NEAR_TERMS_MAX);
    added->children_count = node->children_count;
    added->children = gs_arena_calloc(plan->arena, node->children_count, sizeof(gs_plan_node *));
    if (!added->children)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < node->children_count; i++)
        GS_TRY(add_node(plan, node->children[i], &added->children[i], err));
    return GSEARCH_OK;
}

static bool is_bigram(const gs_slot *slot)
{
    return gs_gram_second(slot->gram) > GS_GRAM_STOP;
}

/* Collects the slots of grams, of `node` and all below it. */
static void collect_grams(const gs_plan_node *node, gs_slot **slots, uint32_t *count)
{
    for (uint32_t s = 0; s < node->slots_count; s++) {
        if (node->slots[s].is_gram)
            slots[(*count)++] = &node->slots[s];
    }
    for (uint32_t i = 0; i < node->children_count; i++)
        collect_grams(node->children[i], slots, count);
}

/* Finds the lists of all grams: together, since each look into a dictionary waits for memory. */
static gsearch_status find_grams(gs_plan *plan, const gs_plan_node *root, gsearch_error *err)
{
    uint32_t count = 0;
    gs_slot **slots = gs_arena_alloc(plan->arena, plan->slots_count * sizeof(gs_slot *));
    uint64_t *grams = gs_arena_alloc(plan->arena, plan->slots_count * sizeof(*grams));
    if (!slots || !grams)
        return gs_fail_memory(err);
    collect_grams(root, slots, &count);
    for (uint32_t s = 0; s < count; s++)
        grams[s] = slots[s]->gram;
    for (uint32_t i = 0; i < plan->snapshot->segments_count; i++) {
        const gs_snapshot_segment *part = &plan->snapshot->segments[i];
        gs_list *lists = gs_arena_alloc(plan->arena, count * sizeof(*lists));
        if (!lists)
            return gs_fail_memory(err);
        GS_TRY(gs_terms_find_grams(&part->segment->terms, grams, count, lists, err));
        for (uint32_t s = 0; s < count; s++) {
            if (!lists[s].count)
                continue;
            slots[s]->sets[i] =
                (gs_list_set){.lists = &lists[s], .count = 1, .positions = lists[s].count};
            gs_list_expect(&part->segment->postings, &lists[s]);
            if (is_bigram(slots[s])) {
                uint32_t share = gs_deletes_gram_share(part->deletes, grams[s]);
                slots[s]->sets[i].documents = lists[s].documents - share;
                slots[s]->documents += slots[s]->sets[i].documents;
            }
        }
    }
    return GSEARCH_OK;
}

/* Sets the weights of `node` and all below it, and finds trigrams. */
static gsearch_status finish_node(gs_plan *plan, gs_plan_node *node, gsearch_error *err)
{
    uint64_t all = plan->snapshot->documents;
    for (uint32_t s = 0; s < node->slots_count; s++) {
        uint64_t documents = node->slots[s].documents;
        if (node->slots[s].is_ranked)
            node->weight += gs_score_idf(all, documents < all ? documents : all);
    }
    for (uint32_t i = 0; i < node->children_count; i++) {
        GS_TRY(finish_node(plan, node->children[i], err));
        node->weight += node->children[i]->weight;
    }
    return node->slots_count ? add_trigrams(plan, node, err) : GSEARCH_OK;
}

gsearch_status gs_plan_add(gs_plan *plan, const gs_node *node, gs_plan_node **out,
                           gsearch_error *err)
{
    GS_TRY(add_node(plan, node, out, err));
    GS_TRY(find_grams(plan, *out, err));
    return finish_node(plan, *out, err);
}

/* ---- choosing ------------------------------------------------------------------------------ */

static uint64_t reading_cost(const gs_list_set *set, uint64_t rarest)
{
    uint64_t cost = set->positions;
    if (set->count == 1 && set->lists[0].is_long && cost > rarest * TOUCH_COST)
        cost = rarest * TOUCH_COST;
    return cost + (uint64_t)set->count * LIST_COST;
}

typedef struct cover_step {
    uint64_t own;  // cost of reading this slot
    uint64_t cost; // of the cheapest slots that cover everything up to this one's end, with it
    uint32_t before;
    bool chosen;
} cover_step;

/* Puts the chosen slots into reading order: the driver, then by their cost. */
static void order_cover(const gs_plan_node *phrase, const cover_step *steps, uint32_t driver,
                        gs_cover *out)
{
    out->slots[out->count++] = &phrase->slots[driver];
    for (uint32_t s = 0; s < phrase->slots_count; s++) {
        if (!steps[s].chosen || s == driver)
            continue;
        uint32_t at = out->count++;
        for (; at > 1 && steps[out->slots[at - 1] - phrase->slots].own > steps[s].own; at--)
            out->slots[at] = out->slots[at - 1];
        out->slots[at] = &phrase->slots[s];
    }
}

/* The rarest slot of the phrase in a segment; `*empty` if one is not there at all. */
static uint32_t find_driver(const gs_plan_node *phrase, uint32_t segment, bool *empty)
{
    uint32_t driver = 0;
    *empty = false;
    for (uint32_t s = 0; s < phrase->slots_count; s++) {
        const gs_list_set *set = &phrase->slots[s].sets[segment];
        if (set->is_unknown)
            continue; // never the first one
        *empty |= !set->positions;
        if (set->positions < phrase->slots[driver].sets[segment].positions)
            driver = s;
    }
    return driver;
}

static uint32_t end_of(const gs_slot *slot)
{
    return slot->offset + slot->length;
}

gsearch_status gs_plan_cover(const gs_plan_node *phrase, uint32_t segment, gs_arena *arena,
                             gs_cover *out, gsearch_error *err)
{
    uint32_t count = phrase->slots_count;
    bool empty;
    uint32_t driver = find_driver(phrase, segment, &empty);
    *out = (gs_cover){0};
    if (empty)
        return GSEARCH_OK;
    cover_step *steps = gs_arena_calloc(arena, count, sizeof(*steps));
    out->slots = gs_arena_alloc(arena, count * sizeof(gs_slot *));
    if (!steps || !out->slots)
        return gs_fail_memory(err);
    uint64_t rarest = phrase->slots[driver].sets[segment].positions;
    for (uint32_t s = 0; s < count; s++) {
        const gs_slot *slot = &phrase->slots[s];
        steps[s].before = s;
        steps[s].cost = UINT64_MAX;
        if (slot->sets[segment].is_unknown)
            continue;
        steps[s].own = s == driver ? 0 : reading_cost(&slot->sets[segment], rarest);
        uint64_t best = slot->offset ? UINT64_MAX : 0;
        for (uint32_t t = s; slot->offset && t-- && end_of(&phrase->slots[t]) >= slot->offset;) {
            if (steps[t].cost < best) {
                best = steps[t].cost;
                steps[s].before = t;
            }
        }
        if (best < UINT64_MAX)
            steps[s].cost = best + steps[s].own;
    }
    // the last item is covered by the last slot, and by a trigram if one stands before it
    uint32_t s = count - 1;
    if (s && end_of(&phrase->slots[s - 1]) == end_of(&phrase->slots[s]) &&
        steps[s - 1].cost < steps[s].cost)
        s--;
    for (;; s = steps[s].before) {
        steps[s].chosen = true;
        if (steps[s].before == s)
            break;
    }
    steps[driver].chosen = true;
    order_cover(phrase, steps, driver, out);
    return GSEARCH_OK;
}

uint64_t gs_plan_estimate(const gs_plan_node *node, const gs_snapshot *snapshot, uint32_t segment)
{
    uint64_t least = UINT64_MAX, sum = 0;
    for (uint32_t s = 0; s < node->slots_count; s++) {
        const gs_list_set *set = &node->slots[s].sets[segment];
        least = !set->is_unknown && set->positions < least ? set->positions : least;
    }
    for (uint32_t i = 0; i < node->children_count; i++) {
        uint64_t child = gs_plan_estimate(node->children[i], snapshot, segment);
        least = child < least ? child : least;
        sum = child > UINT64_MAX - sum ? UINT64_MAX : sum + child;
    }
    switch (node->node->kind) {
    case GS_NODE_NOT:
        return UINT64_MAX; // after all that say what is there
    case GS_NODE_DATE:
        return snapshot->segments[segment].segment->docs.count;
    case GS_NODE_OR:
        return sum;
    default:
        return least;
    }
}
