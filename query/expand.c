/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking the dictionaries of all segments side by side.
 */
#include "query/expand.h"

#include "common/base/limits.h"

static bool begins(gs_bytes word, gs_bytes prefix)
{
    return word.len >= prefix.len && memcmp(word.ptr, prefix.ptr, prefix.len) == 0;
}

/* One segment's place in the walk. */
typedef struct term_walker {
    gs_terms_iterator iterator;
    bool more;
} term_walker;

static gsearch_status walker_next(term_walker *walker, gs_bytes prefix, gsearch_error *err)
{
    GS_TRY(gs_terms_next(&walker->iterator, &walker->more, err));
    walker->more = walker->more && begins(walker->iterator.word, prefix);
    return GSEARCH_OK;
}

/* The least word that any walker stands at; false at the end. */
static bool least_word(const term_walker *walkers, uint32_t count, gs_bytes *out)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        if (walkers[i].more && (!found || gs_bytes_compare(walkers[i].iterator.word, *out) < 0)) {
            *out = walkers[i].iterator.word;
            found = true;
        }
    }
    return found;
}

/* Takes the lists of `word` and moves the walkers that stand at it. */
static gsearch_status take_word(const gs_snapshot *snapshot, term_walker *walkers, gs_bytes prefix,
                                gs_completion *completion, gs_list *lists, gsearch_error *err)
{
    completion->documents = 0;
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        lists[i] = (gs_list){0};
        if (!walkers[i].more || !gs_bytes_equal(walkers[i].iterator.word, completion->word))
            continue;
        uint32_t share;
        GS_TRY(gs_deletes_word_share(snapshot->segments[i].deletes, completion->word, &share, err));
        lists[i] = walkers[i].iterator.list;
        completion->documents += lists[i].documents - share;
        GS_TRY(walker_next(&walkers[i], prefix, err));
    }
    return GSEARCH_OK;
}

gsearch_status gs_expand_each(const gs_snapshot *snapshot, gs_arena *arena, gs_bytes prefix,
                              gs_expand_visit visit, void *payload, gsearch_error *err)
{
    uint32_t segments = snapshot->segments_count;
    if (prefix.len > GS_QUERY_PREFIX_BYTES_MAX) // terms of long words are only so far their text
        return gs_fail(err, GSEARCH_LIMIT, "beginning of a word to complete: at most %u bytes",
                       GS_QUERY_PREFIX_BYTES_MAX);
    term_walker *walkers = gs_arena_calloc(arena, segments, sizeof(*walkers));
    gs_list *lists = gs_arena_calloc(arena, segments, sizeof(*lists));
    if (!walkers || !lists)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < segments; i++) {
        GS_TRY(gs_terms_seek_word(&walkers[i].iterator, &snapshot->segments[i].segment->terms,
                                  prefix, err));
        GS_TRY(walker_next(&walkers[i], prefix, err));
    }
    uint8_t copy[GS_TERM_BYTES_MAX + 1];
    for (gs_bytes word = {0}; least_word(walkers, segments, &word);) {
        if (word.len > GS_TERM_BYTES_MAX)
            return gs_corrupt(err, "WORD: a word of %zu bytes", word.len);
        memcpy(copy, word.ptr, word.len); // its iterator moves on
        gs_completion completion = {.word = gs_bytes_of(copy, word.len)};
        GS_TRY(take_word(snapshot, walkers, prefix, &completion, lists, err));
        if (completion.documents)
            GS_TRY(visit(&completion, lists, payload, err));
    }
    return GSEARCH_OK;
}

typedef struct collector {
    const gs_snapshot *snapshot;
    gs_list **lists; // a row of GS_QUERY_COMPLETIONS_MAX a segment, made when first needed
    gs_arena *arena;
    gs_list_set *sets;
    uint64_t documents;
    uint32_t words;
    gs_bytes prefix;
} collector;

static gsearch_status collect(const gs_completion *completion, const gs_list *lists, void *payload,
                              gsearch_error *err)
{
    collector *all = payload;
    if (++all->words > GS_QUERY_COMPLETIONS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "%.*s* stands for more than %u words: type more of it",
                       (int)all->prefix.len, (const char *)all->prefix.ptr,
                       GS_QUERY_COMPLETIONS_MAX);
    all->documents += completion->documents;
    for (uint32_t i = 0; i < all->snapshot->segments_count; i++) {
        if (!lists[i].count)
            continue;
        if (!all->lists[i])
            all->lists[i] = gs_arena_alloc(all->arena, GS_QUERY_COMPLETIONS_MAX * sizeof(gs_list));
        if (!all->lists[i])
            return gs_fail_memory(err);
        gs_list_set *set = &all->sets[i];
        all->lists[i][set->count++] = lists[i];
        set->lists = all->lists[i];
        set->positions += lists[i].count;
    }
    return GSEARCH_OK;
}

gsearch_status gs_expand_word(const gs_snapshot *snapshot, gs_arena *arena, gs_bytes prefix,
                              gs_list_set *sets, uint64_t *documents, gsearch_error *err)
{
    collector all = {.snapshot = snapshot, .arena = arena, .sets = sets, .prefix = prefix};
    all.lists = gs_arena_calloc(arena, snapshot->segments_count, sizeof(gs_list *));
    if (!all.lists)
        return gs_fail_memory(err);
    GS_TRY(gs_expand_each(snapshot, arena, prefix, collect, &all, err));
    *documents = all.documents;
    return GSEARCH_OK;
}

/* Puts a list behind the others of `set`, whose array doubles in the arena. */
static gsearch_status set_push(gs_list_set *set, uint32_t *capacity, gs_arena *arena,
                               const gs_list *list, gsearch_error *err)
{
    if (set->count == *capacity) {
        uint32_t larger = *capacity ? *capacity * 2 : 64;
        gs_list *lists = gs_arena_alloc(arena, larger * sizeof(*lists));
        if (!lists)
            return gs_fail_memory(err);
        if (set->count)
            memcpy(lists, set->lists, set->count * sizeof(*lists));
        set->lists = lists;
        *capacity = larger;
    }
    ((gs_list *)set->lists)[set->count++] = *list;
    set->positions += list->count;
    return GSEARCH_OK;
}

gsearch_status gs_expand_character(const gs_snapshot *snapshot, gs_arena *arena,
                                   uint32_t code_point, gs_list_set *sets, gsearch_error *err)
{
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        gs_terms_iterator iterator;
        uint32_t capacity = 0;
        bool more;
        GS_TRY(gs_terms_seek_gram(&iterator, &snapshot->segments[i].segment->terms,
                                  gs_gram(code_point, 0, 0), err));
        for (;;) {
            GS_TRY(gs_terms_next(&iterator, &more, err));
            if (!more || iterator.is_word || gs_gram_first(iterator.gram) != code_point)
                break;
            if ((iterator.gram & GS_GRAM_CODE_POINT_MASK) == 0) // a trigram adds no position
                GS_TRY(set_push(&sets[i], &capacity, arena, &iterator.list, err));
        }
    }
    return GSEARCH_OK;
}
