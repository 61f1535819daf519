/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores are summed term by term in query order, whatever order the terms were evaluated in.
 */
#include "query/rank.h"

#define RANKED_TOGETHER 64u // the least score to reach stays for so many

static gsearch_status visit_terms(gs_reader *reader, const gs_plan_node *node,
                                  const gs_docset *sets, const gs_docset *allowed,
                                  gs_rank_visit visit, void *payload, gsearch_error *err)
{
    gs_docset here = *allowed;
    switch (node->node->kind) {
    case GS_NODE_PHRASE:
    case GS_NODE_NEAR:
        return visit(reader, node, &sets[node->id], allowed, payload, err);
    case GS_NODE_NOT:
    case GS_NODE_DATE:
        return GSEARCH_OK;
    case GS_NODE_AND: // in the root's own set there is nothing to take away
        if (sets[node->id].docs != allowed->docs)
            GS_TRY(gs_docset_and(reader, allowed, &sets[node->id], &here, err));
        break;
    case GS_NODE_OR:
        break;
    }
    for (uint32_t i = 0; i < node->children_count && here.count; i++)
        GS_TRY(visit_terms(reader, node->children[i], sets, &here, visit, payload, err));
    return GSEARCH_OK;
}

gsearch_status gs_rank_terms(gs_reader *reader, const gs_plan_node *root, const gs_docset *sets,
                             gs_rank_visit visit, void *payload, gsearch_error *err)
{
    return visit_terms(reader, root, sets, &sets[root->id], visit, payload, err);
}

typedef struct summing {
    const gs_docset *hits;
    double *scores;
} summing;

static gsearch_status add_term(gs_reader *reader, const gs_plan_node *term,
                               const gs_docset *matches, const gs_docset *allowed, void *payload,
                               gsearch_error *err)
{
    const summing *sum = payload;
    const gs_doctable *table = &reader->in->docs;
    gs_bm25_norm norm = reader->plan->norm;
    GS_TRY(gs_budget_spend(reader->budget, 0, err));
    for (uint32_t i = 0, j = 0, at = 0; i < matches->count && j < allowed->count;) {
        uint32_t doc = matches->docs[i];
        if (doc < allowed->docs[j]) {
            i = gs_docset_seek(matches, i, allowed->docs[j]);
        } else if (doc > allowed->docs[j]) {
            j = gs_docset_seek(allowed, j, doc);
        } else {
            at = allowed->docs == sum->hits->docs ? j : gs_docset_seek(sum->hits, at, doc);
            sum->scores[at] +=
                gs_score_term(norm, term->weight, matches->tfs[i], gs_doctable_length(table, doc));
            i++;
            j++;
        }
    }
    return GSEARCH_OK;
}

gsearch_status gs_rank_scores(gs_reader *reader, const gs_plan_node *root, const gs_docset *sets,
                              double **out, gsearch_error *err)
{
    summing sum = {.hits = &sets[root->id]};
    sum.scores = gs_arena_calloc(&reader->work->batch, sum.hits->count, sizeof(double));
    if (!sum.scores)
        return gs_fail_memory(err);
    GS_TRY(gs_rank_terms(reader, root, sets, add_term, &sum, err));
    *out = sum.scores;
    return GSEARCH_OK;
}

/* A term that is the whole query: most documents are found to be too bad without a division. */
static void push_term(const gs_reader *reader, const gs_plan_node *term, const gs_docset *matches,
                      gs_topk *best)
{
    const gs_doctable *table = &reader->in->docs;
    const gs_bm25_norm norm = reader->plan->norm;
    for (uint32_t from = 0, count; from < matches->count; from += count) {
        const uint32_t *docs = matches->docs + from, *tfs = matches->tfs + from;
        uint32_t reaching[RANKED_TOGETHER];
        gs_reach least = gs_score_reach(norm, term->weight, gs_topk_least(best));
        count = matches->count - from;
        count = count < RANKED_TOGETHER ? count : RANKED_TOGETHER;
        size_t kept = reader->kernels->reach(table->starts, docs, tfs, count, &least, reaching);
        for (size_t k = 0; k < kept; k++) {
            uint32_t doc = docs[reaching[k]], length = gs_doctable_length(table, doc);
            gs_topk_push(best, gs_score_term(norm, term->weight, tfs[reaching[k]], length), doc);
        }
    }
}

gsearch_status gs_rank_best(gs_reader *reader, const gs_plan_node *root, const gs_docset *sets,
                            gs_topk *best, gsearch_error *err)
{
    const gs_docset *found = &sets[root->id];
    if (found->tfs) {
        push_term(reader, root, found, best);
        return gs_budget_spend(reader->budget, 0, err);
    }
    double *scores;
    GS_TRY(gs_rank_scores(reader, root, sets, &scores, err));
    for (uint32_t i = 0; i < found->count; i++)
        gs_topk_push(best, scores[i], found->docs[i]);
    return GSEARCH_OK;
}
