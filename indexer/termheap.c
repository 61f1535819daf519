/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of list heads, smallest first.
 */
#include "indexer/termheap.h"

#include "common/base/bytes.h"

#define WORDS (1ull << 63) /* keys of words, behind those of grams */

gsearch_status gs_term_heap_init(gs_term_heap *heap, const gs_mem *mem, size_t sources,
                                 gsearch_error *err)
{
    *heap = (gs_term_heap){.mem = mem};
    heap->heads = gs_mem_calloc(mem, sources ? sources : 1, sizeof(*heap->heads));
    heap->places = gs_mem_calloc(mem, sources ? sources : 1, sizeof(*heap->places));
    return heap->heads && heap->places ? GSEARCH_OK : gs_fail_memory(err);
}

void gs_term_heap_release(gs_term_heap *heap)
{
    gs_mem_free(heap->mem, heap->heads);
    gs_mem_free(heap->mem, heap->places);
    *heap = (gs_term_heap){0};
}

/* A gram itself; of a word the first bits. */
static uint64_t key_of(const gs_term_head *head)
{
    if (!head->is_word)
        return head->gram;
    uint8_t first[8] = {0};
    memcpy(first, head->word.ptr, head->word.len < 8 ? head->word.len : 8);
    return WORDS | __builtin_bswap64(gs_load_u64(first)) >> 1;
}

static bool comes_before(const gs_term_heap *heap, gs_term_place a, gs_term_place b)
{
    int order = 0;
    if (a.key != b.key)
        return a.key < b.key;
    if (a.key >= WORDS)
        order = gs_bytes_compare(heap->heads[a.source].word, heap->heads[b.source].word);
    return order ? order < 0 : a.source < b.source;
}

static gs_term_place place_of(gs_term_heap *heap, gs_term_head head)
{
    heap->heads[head.source] = head;
    return (gs_term_place){.key = key_of(&head), .source = head.source};
}

void gs_term_heap_push(gs_term_heap *heap, gs_term_head head)
{
    gs_term_place place = place_of(heap, head), *places = heap->places;
    size_t at = heap->count++;
    while (at && comes_before(heap, place, places[(at - 1) / 2])) {
        places[at] = places[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    places[at] = place;
}

/* Puts `place` where the top was. */
static void sift(gs_term_heap *heap, gs_term_place place)
{
    gs_term_place *places = heap->places;
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count && comes_before(heap, places[child + 1], places[child]))
            child++;
        if (child >= heap->count || !comes_before(heap, places[child], place))
            break;
        places[at] = places[child];
        at = child;
    }
    places[at] = place;
}

void gs_term_heap_replace(gs_term_heap *heap, gs_term_head head)
{
    sift(heap, place_of(heap, head));
}

void gs_term_heap_pop(gs_term_heap *heap)
{
    heap->count--;
    if (heap->count)
        sift(heap, heap->places[heap->count]);
}
