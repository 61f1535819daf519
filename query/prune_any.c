/* SPDX-License-Identifier: Apache-2.0
 *
 * Terms are taken from the rarest on. As long as those that are left could alone lift a document
 * over the threshold, all documents of a term are looked at; of the terms behind, only documents
 * that the terms before have brought so far that it is still possible. What is left then is scored
 * in full. From time to time the documents with the highest sums are scored at once, which raises
 * the threshold.
 *
 * A pair of grams of a question stands where both grams do: once both are matched, their places are
 * intersected. Until then it adds at most what the rarer gram would add at the pair's weight.
 */
#include "query/prune.h"

#define SEED_POSITIONS 16384u /* the first threshold is looked for before terms have more; */
#define RAISE_FACTOR 4u       /* the next is tried for at so many times as many positions, */
#define SEED_FACTOR 2u        /* by so many times as many documents as there will be rows, */
#define SEED_DOCUMENTS 16u    /* or at least so many */
#define WINDOW 16384u         /* documents summed up at a time, so that they stay in the cache */
#define FEW 32u               /* documents are scored at once */
/* Sums have at most five roundings of 2^-53 for each of 2 · GS_QUERY_TERMS_MAX terms, relative to
 * the most that any document can have. */
#define SUM_SLACK 0x1p-36

typedef struct any_term {
    const gs_plan_node *node;
    uint64_t cost;
    double most;   // what it can add at most, at a weight of 1
    double rest;   // what this term and all behind it, and pairs of these, can add at most
    double *gains; // of each document of its set: its score at a weight of 1
} any_term;

/* A pair and its grams, as numbers of terms. */
typedef struct any_pair {
    const gs_plan_node *node;
    uint32_t first, second; // the rarer one first
    double *gains;
} any_pair;

/* What was matched, by node. Pairs are made of the places of their grams. */
typedef struct any_found {
    gs_docset *sets;
    gs_positions *places;
} any_found;

typedef struct any_state {
    gs_pruner *pruner;
    const gs_plan_node *any;
    any_found found;
    any_term *terms; // without the pairs, the rarest first
    any_pair *pairs;
    uint32_t count, pairs_count;
    uint32_t matched; // so many terms are matched, and all pairs of these
    double slack;     // more than all roundings of a sum
} any_state;

/* Documents, rising, and what they can have by the terms so far, with their pairs. */
typedef struct any_candidates {
    uint32_t *docs;
    double *sums;
    uint32_t count;
} any_candidates;

static double rest_of(const any_state *state, uint32_t term)
{
    return term < state->count ? state->terms[term].rest : 0;
}

static bool may_reach(const any_state *state, double sum)
{
    return sum + rest_of(state, state->matched) + state->slack >= state->pruner->threshold;
}

static const gs_docset *set_of(const any_state *state, const gs_plan_node *node)
{
    return &state->found.sets[node->id];
}

/* ---- terms --------------------------------------------------------------------------------- */

static uint32_t find_term(const any_state *state, const gs_plan_node *node)
{
    uint32_t t = 0;
    while (state->terms[t].node != node)
        t++;
    return t;
}

/* What any document can have of a term at most, at a weight of 1; impacts of a long list say it. */
static gsearch_status most_of(const gs_reader *reader, const gs_plan_node *node, double *out,
                              gsearch_error *err)
{
    *out = gs_score_most(1);
    if (node->slots_count != 1 || node->slots[0].sets[reader->segment].count != 1)
        return GSEARCH_OK;
    const gs_list *list = node->slots[0].sets[reader->segment].lists;
    gs_long_list blocks;
    uint8_t most = 0;
    if (!list->is_long)
        return GSEARCH_OK;
    GS_TRY(gs_long_list_open(&reader->in->postings, list, &blocks, err));
    for (uint32_t b = 0; b < blocks.blocks; b++) {
        uint8_t impact = gs_long_list_impact(&blocks, b);
        most = impact > most ? impact : most;
    }
    *out = gs_score_bound(1, gs_impact_share(most, reader->in->postings.norm, reader->plan->norm));
    return GSEARCH_OK;
}

static gsearch_status order_terms(any_state *state, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    const gs_plan_node *any = state->any;
    for (uint32_t i = 0; i < any->children_count; i++) {
        const gs_plan_node *child = any->children[i];
        if (child->parts[0])
            continue;
        any_term term = {.node = child};
        GS_TRY(most_of(reader, child, &term.most, err));
        term.cost = gs_plan_estimate(child, reader->plan->snapshot, reader->segment);
        term.rest = child->weight * term.most;
        uint32_t at = state->count++;
        for (; at && state->terms[at - 1].cost > term.cost; at--)
            state->terms[at] = state->terms[at - 1];
        state->terms[at] = term;
    }
    for (uint32_t i = 0; i < any->children_count; i++) {
        const gs_plan_node *child = any->children[i];
        if (!child->parts[0])
            continue;
        uint32_t left = find_term(state, child->parts[0]);
        uint32_t right = find_term(state, child->parts[1]);
        any_pair pair = {.node = child,
                         .first = left < right ? left : right,
                         .second = left < right ? right : left};
        state->pairs[state->pairs_count++] = pair;
        state->terms[pair.first].rest += child->weight * state->terms[pair.first].most;
    }
    for (uint32_t t = state->count; t--;)
        state->terms[t].rest += rest_of(state, t + 1);
    state->slack = rest_of(state, 0) * SUM_SLACK;
    return GSEARCH_OK;
}

/* ---- matching ------------------------------------------------------------------------------ */

static gsearch_status match_term(gs_reader *reader, const gs_plan_node *node,
                                 const gs_docset *within, any_found *found, gsearch_error *err)
{
    if (node->node->kind != GS_NODE_PHRASE)
        return gs_match(reader, node, within, found->sets, err);
    GS_TRY(gs_match_phrase(reader, node, within, &found->places[node->id], err));
    return gs_match_documents(reader, node, &found->places[node->id], &found->sets[node->id], err);
}

/* Where the grams of a pair that were found stand together. */
static gsearch_status match_pair(gs_reader *reader, const gs_plan_node *pair, any_found *found,
                                 gsearch_error *err)
{
    gs_positions left = found->places[pair->parts[0]->id];
    gs_positions right = found->places[pair->parts[1]->id];
    uint32_t shift = pair->node->items_count - pair->parts[1]->node->items_count;
    bool is_left = left.count < right.count;
    gs_positions fewer = is_left ? left : right, both = {0};
    both.at = gs_arena_alloc(&reader->work->batch, fewer.count * sizeof(uint32_t));
    if (!both.at)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < fewer.count; i++) {
        both.at[both.count] = is_left ? fewer.at[i] : fewer.at[i] - shift;
        both.count += is_left || fewer.at[i] >= shift;
    }
    const gs_positions *more = is_left ? &right : &left;
    both.count = (uint32_t)reader->kernels->intersect(both.at, both.count, is_left ? shift : 0,
                                                      more->at, more->count);
    return gs_match_documents(reader, pair, &both, &found->sets[pair->id], err);
}

static gsearch_status find_gains(const any_state *state, const gs_plan_node *node, double **out,
                                 gsearch_error *err)
{
    const gs_reader *reader = state->pruner->reader;
    const gs_docset *matches = set_of(state, node);
    double *gains = gs_arena_alloc(&reader->work->batch, matches->count * sizeof(*gains));
    if (!gains)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < matches->count; i++)
        gains[i] = gs_score_term(reader->plan->norm, 1, matches->tfs[i],
                                 gs_doctable_length(&reader->in->docs, matches->docs[i]));
    *out = gains;
    return GSEARCH_OK;
}

static gsearch_status match_next(any_state *state, const gs_docset *within, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    uint32_t t = state->matched++;
    any_term *term = &state->terms[t];
    GS_TRY(match_term(reader, term->node, within, &state->found, err));
    GS_TRY(find_gains(state, term->node, &term->gains, err));
    for (uint32_t p = 0; p < state->pairs_count; p++) {
        any_pair *pair = &state->pairs[p];
        if (pair->second != t)
            continue;
        GS_TRY(match_pair(reader, pair->node, &state->found, err));
        GS_TRY(find_gains(state, pair->node, &pair->gains, err));
    }
    return GSEARCH_OK;
}

/* The weight of a matched term and of its pairs with terms that are not. */
static double weight_of(const any_state *state, uint32_t term)
{
    double weight = state->terms[term].node->weight;
    for (uint32_t p = 0; p < state->pairs_count; p++) {
        if (state->pairs[p].first == term && state->pairs[p].second >= state->matched)
            weight += state->pairs[p].node->weight;
    }
    return weight;
}

/* ---- candidates ---------------------------------------------------------------------------- */

/* What adds to sums, and how far a window has come in it. */
typedef struct any_addend {
    const gs_docset *matches;
    const double *gains;
    double weight;
    uint32_t next;
} any_addend;

/* Documents summed up at a time. */
typedef struct any_window {
    uint32_t begin;
    double sums[WINDOW];
    uint64_t touched[WINDOW / 64];
} any_window;

static void add_to_window(any_window *window, any_addend *addend)
{
    const gs_docset *matches = addend->matches;
    for (; addend->next < matches->count; addend->next++) {
        uint32_t place = matches->docs[addend->next] - window->begin;
        if (place >= WINDOW)
            break;
        window->sums[place] += addend->weight * addend->gains[addend->next];
        window->touched[place / 64] |= 1ull << place % 64;
    }
}

/* Moves the documents of the window that may reach the threshold behind the candidates. */
static void empty_window(const any_state *state, any_window *window, any_candidates *out)
{
    for (uint32_t w = 0; w < WINDOW / 64; w++) {
        for (uint64_t bits = window->touched[w]; bits; bits &= bits - 1) {
            uint32_t place = 64 * w + (uint32_t)__builtin_ctzll(bits);
            if (may_reach(state, window->sums[place])) {
                out->docs[out->count] = window->begin + place;
                out->sums[out->count++] = window->sums[place];
            }
            window->sums[place] = 0;
        }
        window->touched[w] = 0;
    }
}

static uint32_t list_addends(const any_state *state, any_addend *out)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < state->matched; t++)
        out[count++] = (any_addend){.matches = set_of(state, state->terms[t].node),
                                    .gains = state->terms[t].gains,
                                    .weight = weight_of(state, t)};
    for (uint32_t p = 0; p < state->pairs_count; p++) {
        const any_pair *pair = &state->pairs[p];
        if (pair->second < state->matched)
            out[count++] = (any_addend){.matches = set_of(state, pair->node),
                                        .gains = pair->gains,
                                        .weight = pair->node->weight};
    }
    return count;
}

/* The documents of all terms matched so far that may reach the threshold. */
static gsearch_status gather(const any_state *state, any_candidates *out, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    gs_arena *arena = &reader->work->batch;
    any_window *window = gs_arena_calloc(arena, 1, sizeof(*window));
    any_addend *addends = gs_arena_alloc(arena, state->any->children_count * sizeof(*addends));
    if (!window || !addends)
        return gs_fail_memory(err);
    uint32_t count = list_addends(state, addends);
    uint64_t room = 0;
    for (uint32_t a = 0; a < count; a++)
        room += addends[a].matches->count;
    room = room < reader->in->docs.count ? room : reader->in->docs.count;
    *out = (any_candidates){
        .docs = gs_arena_alloc(arena, room * sizeof(uint32_t)),
        .sums = gs_arena_alloc(arena, room * sizeof(double)),
    };
    if (!out->docs || !out->sums)
        return gs_fail_memory(err);
    for (uint64_t begin = 0; begin < reader->in->docs.count; begin += WINDOW) {
        window->begin = (uint32_t)begin;
        for (uint32_t a = 0; a < count; a++)
            add_to_window(window, &addends[a]);
        empty_window(state, window, out);
    }
    return GSEARCH_OK;
}

static void add_to_candidates(any_candidates *candidates, const gs_docset *matches,
                              const double *gains, double weight)
{
    for (uint32_t c = 0, at = 0; c < candidates->count; c++) {
        at = gs_docset_seek(matches, at, candidates->docs[c]);
        if (at == matches->count)
            break;
        if (matches->docs[at] == candidates->docs[c])
            candidates->sums[c] += weight * gains[at];
    }
}

static void keep_reaching(const any_state *state, any_candidates *candidates)
{
    uint32_t kept = 0;
    for (uint32_t c = 0; c < candidates->count; c++) {
        candidates->docs[kept] = candidates->docs[c];
        candidates->sums[kept] = candidates->sums[c];
        kept += may_reach(state, candidates->sums[c]);
    }
    candidates->count = kept;
}

/* Adds the term matched last and keeps those that may still reach the threshold. */
static void sieve(const any_state *state, any_candidates *candidates)
{
    uint32_t t = state->matched - 1;
    const any_term *term = &state->terms[t];
    add_to_candidates(candidates, set_of(state, term->node), term->gains, weight_of(state, t));
    for (uint32_t p = 0; p < state->pairs_count; p++) {
        const any_pair *pair = &state->pairs[p];
        if (pair->second != t)
            continue;
        const any_term *first = &state->terms[pair->first];
        double weight = pair->node->weight;
        add_to_candidates(candidates, set_of(state, pair->node), pair->gains, weight);
        if (pair->first != t) // what it was thought to add
            add_to_candidates(candidates, set_of(state, first->node), first->gains, -weight);
    }
    keep_reaching(state, candidates);
}

/* ---- scoring ------------------------------------------------------------------------------- */

/* Scores `docs` in full. */
static gsearch_status score(const any_state *state, const uint32_t *docs, uint32_t count,
                            gs_topk *onto, gsearch_error *err)
{
    gs_pruner *pruner = state->pruner;
    gs_arena *arena = &pruner->reader->work->batch;
    gs_docset within = {.docs = docs, .count = count};
    uint32_t nodes = pruner->reader->plan->nodes_count;
    any_found found = {.sets = gs_arena_alloc(arena, nodes * sizeof(*found.sets)),
                       .places = gs_arena_alloc(arena, nodes * sizeof(*found.places))};
    if (!found.sets || !found.places)
        return gs_fail_memory(err);
    if (!count)
        return GSEARCH_OK;
    memcpy(found.sets, state->found.sets, nodes * sizeof(*found.sets));
    memcpy(found.places, state->found.places, nodes * sizeof(*found.places));
    for (uint32_t t = state->matched; t < state->count; t++)
        GS_TRY(match_term(pruner->reader, state->terms[t].node, &within, &found, err));
    for (uint32_t p = 0; p < state->pairs_count; p++) {
        if (state->pairs[p].second >= state->matched)
            GS_TRY(match_pair(pruner->reader, state->pairs[p].node, &found, err));
    }
    found.sets[state->any->id] = found.sets[pruner->root->id] = within; // each holds a term
    return gs_prune_score(pruner, found.sets, &within, onto, err);
}

/* The least of the `wanted` highest sums. */
static gsearch_status find_least(const any_state *state, const any_candidates *candidates,
                                 uint64_t wanted, double *out, gsearch_error *err)
{
    const gs_reader *reader = state->pruner->reader;
    gs_topk favoured;
    GS_TRY(gs_topk_init(&favoured, &reader->work->batch, wanted, GSEARCH_SORT_SCORE,
                        &reader->in->docs, err));
    for (uint32_t c = 0; c < candidates->count; c++) {
        if (candidates->sums[c] >= gs_topk_least(&favoured))
            gs_topk_push(&favoured, candidates->sums[c], candidates->docs[c]);
    }
    *out = gs_topk_least(&favoured);
    return GSEARCH_OK;
}

/* Scores the candidates with the highest sums, for a higher threshold. */
static gsearch_status raise(const any_state *state, const any_candidates *candidates,
                            uint64_t capacity, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    gs_arena *arena = &reader->work->batch;
    uint64_t wanted = capacity * SEED_FACTOR;
    double least = 0;
    gs_topk kept;
    wanted = wanted < SEED_DOCUMENTS ? SEED_DOCUMENTS : wanted;
    if (candidates->count < wanted)
        return GSEARCH_OK;
    GS_TRY(find_least(state, candidates, wanted, &least, err));
    GS_TRY(gs_topk_init(&kept, arena, capacity, GSEARCH_SORT_SCORE, &reader->in->docs, err));
    uint32_t *docs = gs_arena_alloc(arena, wanted * sizeof(*docs)), count = 0;
    if (!docs)
        return gs_fail_memory(err);
    for (uint32_t c = 0; c < candidates->count && count < wanted; c++) {
        if (candidates->sums[c] >= least)
            docs[count++] = candidates->docs[c];
    }
    return score(state, docs, count, &kept, err);
}

static bool all_are_terms(const gs_plan_node *any)
{
    for (uint32_t i = 0; i < any->children_count; i++) {
        gs_node_kind kind = any->children[i]->node->kind;
        if (kind != GS_NODE_PHRASE && kind != GS_NODE_NEAR)
            return false;
    }
    return true;
}

/* Room for what will be known. */
static gsearch_status state_init(any_state *state, gs_pruner *pruner, const gs_plan_node *any,
                                 gsearch_error *err)
{
    gs_arena *arena = &pruner->reader->work->batch;
    uint32_t nodes = pruner->reader->plan->nodes_count, children = any->children_count;
    *state = (any_state){
        .pruner = pruner,
        .any = any,
        .found.sets = gs_arena_calloc(arena, nodes, sizeof(*state->found.sets)),
        .found.places = gs_arena_calloc(arena, nodes, sizeof(*state->found.places)),
        .terms = gs_arena_alloc(arena, children * sizeof(*state->terms)),
        .pairs = gs_arena_alloc(arena, children * sizeof(*state->pairs)),
    };
    if (!state->found.sets || !state->found.places || !state->terms || !state->pairs)
        return gs_fail_memory(err);
    return gs_memo_new(pruner->reader, err);
}

/* Matches terms in all documents for as long as those that are left could reach the threshold. */
static gsearch_status find_candidates(any_state *state, uint64_t capacity, any_candidates *out,
                                      gsearch_error *err)
{
    uint64_t positions = 0, raise_at = SEED_POSITIONS;
    uint32_t gathered = 0;
    while (state->matched < state->count &&
           rest_of(state, state->matched) >= state->pruner->threshold) {
        positions += state->terms[state->matched].cost;
        if (positions < raise_at || gathered == state->matched) {
            GS_TRY(match_next(state, NULL, err));
            continue;
        }
        raise_at = RAISE_FACTOR * positions; // before a long list: it may not be needed then
        gathered = state->matched;
        GS_TRY(gather(state, out, err));
        GS_TRY(raise(state, out, capacity, err));
        positions -= state->terms[state->matched].cost;
    }
    if (gathered < state->matched) {
        GS_TRY(gather(state, out, err));
        if (state->matched < state->count) // else sums are scores
            GS_TRY(raise(state, out, capacity, err));
    }
    keep_reaching(state, out);
    return GSEARCH_OK;
}

gsearch_status gs_prune_any(gs_pruner *pruner, const gs_plan_node *any, gs_topk *best, bool *done,
                            gsearch_error *err)
{
    any_state state;
    any_candidates candidates = {0};
    if (!all_are_terms(any))
        return GSEARCH_OK;
    GS_TRY(state_init(&state, pruner, any, err));
    GS_TRY(order_terms(&state, err));
    GS_TRY(find_candidates(&state, best->capacity, &candidates, err));
    pruner->terms = state.count;
    pruner->whole = state.matched;
    while (state.matched < state.count && candidates.count > FEW) {
        gs_docset within = {.docs = candidates.docs, .count = candidates.count};
        GS_TRY(match_next(&state, &within, err));
        sieve(&state, &candidates);
    }
    if (state.matched == state.count) { // sums are scores, but for roundings
        double least = 0;
        GS_TRY(find_least(&state, &candidates, best->capacity, &least, err));
        least -= state.slack;
        pruner->threshold = least > pruner->threshold ? least : pruner->threshold;
        keep_reaching(&state, &candidates);
    }
    GS_TRY(score(&state, candidates.docs, candidates.count, best, err));
    *done = true;
    return GSEARCH_OK;
}
