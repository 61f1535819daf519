/* SPDX-License-Identifier: Apache-2.0
 *
 * From a query tree to the lists that can answer it: which grams and words a phrase may be read
 * from, what they weigh, and for one segment the cheapest set of them that covers the phrase.
 *
 *     phrase   政 务 公 开 2017 年
 *     slots    政务            bigrams, one at each pair of CJK items
 *                 务公
 *                    公开
 *                       2017   the word
 *                            年  a single character: its seam list
 *     政务公  trigrams, where a segment has lists of them
 *     Before a break a character and the break are one slot, the stops of the character.
 */
#ifndef GS_QUERY_PLAN_H
#define GS_QUERY_PLAN_H

#include "query/index.h"
#include "query/parse.h"
#include "query/score.h"

/* The lists of one segment that together are one slot: none, one, or many whose union it is. */
typedef struct gs_list_set {
    const gs_list *lists;
    uint32_t count;
    uint64_t positions; /* of all lists */
    uint64_t documents; /* of a bigram or a whole word: live ones that hold it */
    bool is_unknown;    /* this segment has no lists of the kind, which says nothing */
} gs_list_set;

typedef struct gs_slot {
    uint32_t offset;   /* the first item that it covers, */
    uint32_t length;   /* and how many: 2 for a bigram or a stop, 3 for a trigram, else 1 */
    gs_bytes text;     /* for gs_plan_explain: UTF-8 */
    gs_list_set *sets; /* one a segment */
    bool is_gram;      /* its lists are those of `gram` */
    bool is_ranked;    /* its idf is part of the weight: */
    uint64_t gram;
    uint64_t documents; /* live ones that hold it, in all segments */
} gs_slot;

typedef struct gs_plan_node gs_plan_node;
struct gs_plan_node {
    const gs_node *node;
    uint32_t id;             /* below gs_plan.nodes_count */
    gs_plan_node **children; /* as in the query */
    uint32_t children_count;
    gs_slot *slots; /* PHRASE: by offset, shorter ones first; so their ends do not fall either */
    uint32_t slots_count;
    double weight; /* PHRASE, NEAR: the sum of the idfs */
    const gs_plan_node *parts[2]; /* match=any, a pair: its grams, each of which stands wherever it
                                     does; else NULL */
};

typedef struct gs_plan {
    gs_plan_node *root;
    uint32_t nodes_count;
    uint32_t slots_count; /* of all phrases */
    gs_bm25_norm norm;
    const gs_snapshot *snapshot;
    gs_arena *arena;
} gs_plan;

/* An empty plan, to add nodes to. */
void gs_plan_start(gs_plan *plan, gs_arena *arena, const gs_snapshot *snapshot);

/* Plans `node` and all below it. LIMIT if there are too many grams or completions. */
GS_CHECKED gsearch_status gs_plan_add(gs_plan *plan, const gs_node *node, gs_plan_node **out,
                                      gsearch_error *err);

/* The reading order of a phrase in one segment. */
typedef struct gs_cover {
    const gs_slot **slots; /* the rarest first, then by what they cost */
    uint32_t count;        /* 0: one of its grams is not in the segment, nothing matches */
} gs_cover;

/* The cheapest cover of the phrase that contains its rarest slot. */
GS_CHECKED gsearch_status gs_plan_cover(const gs_plan_node *phrase, uint32_t segment,
                                        gs_arena *arena, gs_cover *out, gsearch_error *err);

/* A guess at how many positions evaluating `node` starts from. */
uint64_t gs_plan_estimate(const gs_plan_node *node, const gs_snapshot *snapshot, uint32_t segment);

#endif
