/* SPDX-License-Identifier: Apache-2.0
 *
 * Terms are taken from the rarest on. As long as those that are left could alone lift a document
 * over the threshold, all documents of a term are looked at; of the terms behind, only documents
 * that the terms before have brought so far that it is still possible. What is left then is scored
 * in full. From time to time the documents with the highest sums are scored at once, which raises
 * the threshold.
 *
 * A pair of grams of a question occurs in a document no more often than either gram. So with the
 * sets of both it adds at most what the rarer there would add at the pair's weight, with one set
 * the same by that one, and without the first nothing; pairs are looked at in the end alone.
 */
#include "query/prune.h"

#define SEED_POSITIONS 8192u /* of the terms that give the first threshold; */
#define RAISE_FACTOR 4u      /* the next is tried for at so many times as many positions, */
#define SEED_FACTOR 2u       /* by so many times as many documents as there will be rows, */
#define SEED_DOCUMENTS 16u   /* or at least so many */
#define WINDOW 4096u         /* documents summed up at a time, so that they stay in the cache */
#define FEW 32u              /* documents are scored at once */
/* Sums have at most three roundings of 2^-53 for each of 2 · GS_QUERY_TERMS_MAX terms, relative to
 * the most that any document can have. */
#define SUM_SLACK 0x1p-36

typedef struct any_term {
    const gs_plan_node *node;
    uint64_t cost;
    double weight; // its own, and that of its pairs with terms that have no sets yet
    double rest;   // what this term and all behind it, and pairs of these, can add at most
    double *gains; // of each document of its set: its score for a weight of 1
} any_term;

/* A pair and its grams, as numbers of terms: the first is matched first. */
typedef struct any_pair {
    const gs_plan_node *node;
    uint32_t first, second;
} any_pair;

/* How far a window has come in the sets of a pair. */
typedef struct any_place {
    uint32_t first, second;
} any_place;

typedef struct any_state {
    gs_pruner *pruner;
    const gs_plan_node *any;
    gs_docset *sets;
    any_term *terms; // without the pairs, the rarest first
    any_pair *pairs;
    uint32_t count, pairs_count;
    uint32_t matched; // so many terms have their sets
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

static const gs_docset *set_of(const any_state *state, uint32_t term)
{
    return &state->sets[state->terms[term].node->id];
}

/* ---- terms --------------------------------------------------------------------------------- */

static uint32_t find_term(const any_state *state, const gs_plan_node *node)
{
    uint32_t t = 0;
    while (state->terms[t].node != node)
        t++;
    return t;
}

static gsearch_status order_terms(any_state *state, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    gs_arena *arena = &reader->work->batch;
    const gs_plan_node *any = state->any;
    state->terms = gs_arena_alloc(arena, any->children_count * sizeof(any_term));
    state->pairs = gs_arena_alloc(arena, any->children_count * sizeof(any_pair));
    if (!state->terms || !state->pairs)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < any->children_count; i++) {
        const gs_plan_node *child = any->children[i];
        if (child->parts[0])
            continue;
        any_term term = {.node = child, .weight = child->weight};
        term.rest = gs_score_most(child->weight);
        term.cost = gs_plan_estimate(child, reader->plan->snapshot, reader->segment);
        uint32_t at = state->count++;
        for (; at && state->terms[at - 1].cost > term.cost; at--)
            state->terms[at] = state->terms[at - 1];
        state->terms[at] = term;
    }
    for (uint32_t i = 0; i < any->children_count; i++) {
        const gs_plan_node *child = any->children[i];
        if (!child->parts[0])
            continue;
        uint32_t a = find_term(state, child->parts[0]), b = find_term(state, child->parts[1]);
        any_pair pair = {.node = child, .first = a < b ? a : b, .second = a < b ? b : a};
        state->pairs[state->pairs_count++] = pair;
        state->terms[pair.first].weight += child->weight;
        state->terms[pair.first].rest += gs_score_most(child->weight);
    }
    for (uint32_t t = state->count; t--;)
        state->terms[t].rest += rest_of(state, t + 1);
    state->slack = rest_of(state, 0) * SUM_SLACK;
    return GSEARCH_OK;
}

static gsearch_status match_next(any_state *state, const gs_docset *within, gsearch_error *err)
{
    const gs_reader *reader = state->pruner->reader;
    any_term *term = &state->terms[state->matched];
    GS_TRY(gs_match(state->pruner->reader, term->node, within, state->sets, err));
    const gs_docset *matches = set_of(state, state->matched++);
    term->gains = gs_arena_alloc(&reader->work->batch, matches->count * sizeof(double));
    if (!term->gains)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < matches->count; i++)
        term->gains[i] = gs_score_term(reader->plan->norm, 1, matches->tfs[i],
                                       gs_doctable_length(&reader->in->docs, matches->docs[i]));
    return GSEARCH_OK;
}

/* The gain of a term in a document, looked for from `*at` on; 0 if it does not occur there. */
static double gain_in(const any_state *state, uint32_t term, uint32_t doc, uint32_t *at)
{
    const gs_docset *matches = set_of(state, term);
    *at = gs_docset_seek(matches, *at, doc);
    bool occurs = *at < matches->count && matches->docs[*at] == doc;
    return occurs ? state->terms[term].gains[*at] : 0;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* ---- candidates ---------------------------------------------------------------------------- */

/* Documents summed up at a time. */
typedef struct any_window {
    uint32_t begin;
    double sums[WINDOW];
    double gains[WINDOW]; // of the second of a pair, while it is looked at
    uint64_t touched[WINDOW / 64];
} any_window;

/* Whether what follows in the set lies in the window. */
static bool is_in(const any_window *window, const gs_docset *matches, uint32_t i)
{
    return i < matches->count && matches->docs[i] - window->begin < WINDOW;
}

static void add_term(const any_state *state, uint32_t t, any_window *window, uint32_t *next)
{
    const gs_docset *matches = set_of(state, t);
    const any_term *term = &state->terms[t];
    for (; is_in(window, matches, *next); ++*next) {
        uint32_t place = matches->docs[*next] - window->begin;
        window->sums[place] += term->weight * term->gains[*next];
        window->touched[place / 64] |= 1ull << place % 64;
    }
}

/* Takes off what a pair was thought to add where its second occurs less often than its first, or
 * not at all. */
static void narrow_pair(const any_state *state, const any_pair *pair, any_window *window,
                        any_place *next)
{
    const gs_docset *firsts = set_of(state, pair->first), *others = set_of(state, pair->second);
    const double *gains = state->terms[pair->first].gains;
    const double *other_gains = state->terms[pair->second].gains;
    uint32_t begin = next->second;
    for (; is_in(window, others, next->second); next->second++)
        window->gains[others->docs[next->second] - window->begin] = other_gains[next->second];
    for (; is_in(window, firsts, next->first); next->first++) {
        uint32_t place = firsts->docs[next->first] - window->begin;
        double gain = gains[next->first];
        window->sums[place] -= pair->node->weight * (gain - least(gain, window->gains[place]));
    }
    for (uint32_t i = begin; i < next->second; i++)
        window->gains[others->docs[i] - window->begin] = 0;
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

/* The documents of all terms matched so far that may reach the threshold. */
static gsearch_status gather(const any_state *state, any_candidates *out, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    gs_arena *arena = &reader->work->batch;
    uint64_t room = 0;
    for (uint32_t t = 0; t < state->matched; t++)
        room += set_of(state, t)->count;
    room = room < reader->in->docs.count ? room : reader->in->docs.count;
    any_window *window = gs_arena_calloc(arena, 1, sizeof(*window));
    uint32_t *next = gs_arena_calloc(arena, state->matched, sizeof(*next));
    any_place *next_pairs = gs_arena_calloc(arena, state->pairs_count, sizeof(*next_pairs));
    *out = (any_candidates){
        .docs = gs_arena_alloc(arena, room * sizeof(uint32_t)),
        .sums = gs_arena_alloc(arena, room * sizeof(double)),
    };
    if (!window || !next || !next_pairs || !out->docs || !out->sums)
        return gs_fail_memory(err);
    for (uint64_t begin = 0; begin < reader->in->docs.count; begin += WINDOW) {
        window->begin = (uint32_t)begin;
        for (uint32_t t = 0; t < state->matched; t++)
            add_term(state, t, window, &next[t]);
        for (uint32_t p = 0; p < state->pairs_count; p++) {
            if (state->pairs[p].second < state->matched)
                narrow_pair(state, &state->pairs[p], window, &next_pairs[p]);
        }
        empty_window(state, window, out);
    }
    return GSEARCH_OK;
}

/* The same for candidates. */
static void narrow(const any_state *state, const any_pair *pair, any_candidates *candidates)
{
    uint32_t first = 0, second = 0;
    for (uint32_t c = 0; c < candidates->count; c++) {
        double gain = gain_in(state, pair->first, candidates->docs[c], &first);
        if (gain > 0)
            candidates->sums[c] -=
                pair->node->weight *
                (gain - least(gain, gain_in(state, pair->second, candidates->docs[c], &second)));
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
    uint32_t term = state->matched - 1, at = 0;
    for (uint32_t c = 0; c < candidates->count; c++)
        candidates->sums[c] +=
            state->terms[term].weight * gain_in(state, term, candidates->docs[c], &at);
    for (uint32_t p = 0; p < state->pairs_count; p++) {
        if (state->pairs[p].second == term)
            narrow(state, &state->pairs[p], candidates);
    }
    keep_reaching(state, candidates);
}

/* ---- scoring ------------------------------------------------------------------------------- */

/* The documents of `within` that hold both parts of a pair: only there can it be. */
static gsearch_status match_pair(any_state *state, const gs_plan_node *pair,
                                 const gs_docset *within, gs_docset *sets, gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    gs_docset both = {0};
    GS_TRY(gs_docset_and(reader, within, &sets[pair->parts[0]->id], &both, err));
    GS_TRY(gs_docset_and(reader, &both, &sets[pair->parts[1]->id], &both, err));
    if (both.count)
        GS_TRY(gs_match(reader, pair, &both, sets, err));
    return GSEARCH_OK;
}

/* Scores `docs` in full. `sets` has what the terms that were matched gave. */
static gsearch_status score(any_state *state, const uint32_t *docs, uint32_t count, gs_docset *sets,
                            gs_topk *onto, gsearch_error *err)
{
    gs_pruner *pruner = state->pruner;
    gs_docset within = {.docs = docs, .count = count};
    if (!count)
        return GSEARCH_OK;
    for (uint32_t t = state->matched; t < state->count; t++)
        GS_TRY(gs_match(pruner->reader, state->terms[t].node, &within, sets, err));
    for (uint32_t p = 0; p < state->pairs_count; p++)
        GS_TRY(match_pair(state, state->pairs[p].node, &within, sets, err));
    sets[state->any->id] = sets[pruner->root->id] = within; // each holds a term
    return gs_prune_score(pruner, sets, &within, onto, err);
}

/* Scores the candidates with the highest sums, for a higher threshold. */
static gsearch_status raise(any_state *state, const any_candidates *candidates, uint64_t capacity,
                            gsearch_error *err)
{
    gs_reader *reader = state->pruner->reader;
    gs_arena *arena = &reader->work->batch;
    uint64_t wanted = capacity * SEED_FACTOR;
    gs_topk favoured, kept;
    wanted = wanted < SEED_DOCUMENTS ? SEED_DOCUMENTS : wanted;
    if (candidates->count < wanted)
        return GSEARCH_OK;
    GS_TRY(gs_topk_init(&favoured, arena, wanted, GSEARCH_SORT_SCORE, &reader->in->docs, err));
    GS_TRY(gs_topk_init(&kept, arena, capacity, GSEARCH_SORT_SCORE, &reader->in->docs, err));
    for (uint32_t c = 0; c < candidates->count; c++)
        gs_topk_push(&favoured, candidates->sums[c], candidates->docs[c]);
    uint32_t *docs = gs_arena_alloc(arena, wanted * sizeof(*docs)), count = 0;
    gs_docset *sets = gs_arena_alloc(arena, reader->plan->nodes_count * sizeof(*sets));
    if (!docs || !sets)
        return gs_fail_memory(err);
    for (uint32_t c = 0; c < candidates->count && count < wanted; c++) {
        if (candidates->sums[c] >= favoured.hits[0].score)
            docs[count++] = candidates->docs[c];
    }
    memcpy(sets, state->sets, reader->plan->nodes_count * sizeof(*sets));
    return score(state, docs, count, sets, &kept, err);
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

gsearch_status gs_prune_any(gs_pruner *pruner, const gs_plan_node *any, gs_topk *best, bool *done,
                            gsearch_error *err)
{
    gs_reader *reader = pruner->reader;
    any_state state = {.pruner = pruner, .any = any};
    any_candidates candidates = {0};
    if (!all_are_terms(any))
        return GSEARCH_OK;
    state.sets =
        gs_arena_calloc(&reader->work->batch, reader->plan->nodes_count, sizeof(*state.sets));
    if (!state.sets)
        return gs_fail_memory(err);
    GS_TRY(gs_memo_new(reader, err));
    GS_TRY(order_terms(&state, err));
    uint64_t positions = 0, raise_at = SEED_POSITIONS;
    uint32_t gathered = 0;
    while (rest_of(&state, state.matched) >= pruner->threshold && state.matched < state.count) {
        positions += state.terms[state.matched].cost;
        GS_TRY(match_next(&state, NULL, err));
        if (positions < raise_at)
            continue;
        raise_at = RAISE_FACTOR * positions;
        gathered = state.matched;
        GS_TRY(gather(&state, &candidates, err));
        GS_TRY(raise(&state, &candidates, best->capacity, err));
    }
    pruner->terms = state.count;
    pruner->whole = state.matched;
    if (gathered < state.matched) {
        GS_TRY(gather(&state, &candidates, err));
        if (state.matched < state.count || state.pairs_count) // else sums are scores
            GS_TRY(raise(&state, &candidates, best->capacity, err));
    }
    keep_reaching(&state, &candidates);
    while (state.matched < state.count && candidates.count > FEW) {
        gs_docset within = {.docs = candidates.docs, .count = candidates.count};
        GS_TRY(match_next(&state, &within, err));
        sieve(&state, &candidates);
    }
    GS_TRY(score(&state, candidates.docs, candidates.count, state.sets, best, err));
    *done = true;
    return GSEARCH_OK;
}
