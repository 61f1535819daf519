/* SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap of list heads, smallest first.
 */
#include "indexer/termheap.h"

gsearch_status gs_term_heap_init(gs_term_heap *heap, const gs_mem *mem, size_t sources,
                                 gsearch_error *err)
{
    *heap = (gs_term_heap){.mem = mem};
    heap->heads = gs_mem_calloc(mem, sources ? sources : 1, sizeof(*heap->heads));
    return heap->heads ? GSEARCH_OK : gs_fail_memory(err);
}

void gs_term_heap_release(gs_term_heap *heap)
{
    gs_mem_free(heap->mem, heap->heads);
    *heap = (gs_term_heap){0};
}

static bool comes_before(const gs_term_head *a, const gs_term_head *b)
{
    if (a->is_word != b->is_word)
        return b->is_word;
    if (!a->is_word)
        return a->gram != b->gram ? a->gram < b->gram : a->source < b->source;
    int order = gs_bytes_compare(a->word, b->word);
    return order ? order < 0 : a->source < b->source;
}

void gs_term_heap_push(gs_term_heap *heap, gs_term_head head)
{
    size_t at = heap->count++;
    while (at && comes_before(&head, &heap->heads[(at - 1) / 2])) {
        heap->heads[at] = heap->heads[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->heads[at] = head;
}

void gs_term_heap_replace(gs_term_heap *heap, gs_term_head head)
{
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count && comes_before(&heap->heads[child + 1], &heap->heads[child]))
            child++;
        if (child >= heap->count || !comes_before(&heap->heads[child], &head))
            break;
        heap->heads[at] = heap->heads[child];
        at = child;
    }
    heap->heads[at] = head;
}

void gs_term_heap_pop(gs_term_heap *heap)
{
    heap->count--;
    if (heap->count)
        gs_term_heap_replace(heap, heap->heads[heap->count]);
}
