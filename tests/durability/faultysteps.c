/* SPDX-License-Identifier: Apache-2.0
 *
 * The linker gives __wrap_x what calls x from another file, and __real_x what x is. So a caller
 * sees each x fail; that x itself does, when it should, is for its own test.
 */
#include "tests/durability/faultysteps.h"

#include "common/base/arena.h"
#include "common/segment/container.h"
#include "common/segment/deletes.h"
#include "common/segment/postings.h"
#include "common/segment/segment.h"
#include "common/segment/segmentwriter.h"
#include "common/segment/store.h"
#include "common/segment/strings.h"
#include "common/segment/terms.h"
#include "indexer/batch.h"
#include "indexer/change.h"
#include "indexer/run.h"
#include "indexer/spill.h"
#include "query/budget.h"

// nothing but the linker calls these
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* Counts a step; true if it is the one that fails. */
static bool is_hit(atomic_uint *count, unsigned at)
{
    return gs_faults_here()->is_on && atomic_fetch_add(count, 1) + 1 == at;
}

static bool is_damaged(void)
{
    gs_faults *faults = gs_faults_here();
    return is_hit(&faults->pages, faults->page_at);
}

/* ---- searches ---- */

gsearch_status __real_gs_budget_spend(gs_budget *budget, uint64_t postings, gsearch_error *err);

gsearch_status __wrap_gs_budget_spend(gs_budget *budget, uint64_t postings, gsearch_error *err)
{
    gs_faults *faults = gs_faults_here();
    return is_hit(&faults->budgets, faults->budget_at)
               ? gs_fail(err, GSEARCH_TIMEOUT, GS_STEP_END)
               : __real_gs_budget_spend(budget, postings, err);
}

uint64_t __wrap_gs_clock_ns(void)
{
    return 1;
}

/* ---- arenas ---- */

void *__real_gs_arena_alloc(gs_arena *arena, size_t size);

void *__wrap_gs_arena_alloc(gs_arena *arena, size_t size)
{
    return gs_faults_allow() ? __real_gs_arena_alloc(arena, size) : NULL;
}

void *__real_gs_arena_calloc(gs_arena *arena, size_t count, size_t size);

void *__wrap_gs_arena_calloc(gs_arena *arena, size_t count, size_t size)
{
    return gs_faults_allow() ? __real_gs_arena_calloc(arena, count, size) : NULL;
}

char *__real_gs_arena_dup(gs_arena *arena, gs_bytes bytes);

char *__wrap_gs_arena_dup(gs_arena *arena, gs_bytes bytes)
{
    return gs_faults_allow() ? __real_gs_arena_dup(arena, bytes) : NULL;
}

/* ---- what a damaged page would spoil ---- */

gsearch_status __real_gs_container_check(gs_container *container, gs_bytes bytes,
                                         gsearch_error *err);

gsearch_status __wrap_gs_container_check(gs_container *container, gs_bytes bytes,
                                         gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_container_check(container, bytes, err);
}

gsearch_status __real_gs_container_load(gs_container *container, uint32_t id, bool needed,
                                        gs_bytes *out, gsearch_error *err);

gsearch_status __wrap_gs_container_load(gs_container *container, uint32_t id, bool needed,
                                        gs_bytes *out, gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_container_load(container, id, needed, out, err);
}

gsearch_status __real_gs_deletes_word_share(const gs_deletes *deletes, gs_bytes word, uint32_t *out,
                                            gsearch_error *err);

gsearch_status __wrap_gs_deletes_word_share(const gs_deletes *deletes, gs_bytes word, uint32_t *out,
                                            gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_deletes_word_share(deletes, word, out, err);
}

gsearch_status __real_gs_list_read(const gs_postings *postings, gs_decoder *decoder,
                                   const gs_list *list, uint32_t *out, gsearch_error *err);

gsearch_status __wrap_gs_list_read(const gs_postings *postings, gs_decoder *decoder,
                                   const gs_list *list, uint32_t *out, gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_list_read(postings, decoder, list, out, err);
}

gsearch_status __real_gs_long_list_block(const gs_long_list *list, uint32_t block,
                                         uint32_t out[GS_BLOCK_POSTINGS], uint32_t *count,
                                         gsearch_error *err);

gsearch_status __wrap_gs_long_list_block(const gs_long_list *list, uint32_t block,
                                         uint32_t out[GS_BLOCK_POSTINGS], uint32_t *count,
                                         gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_long_list_block(list, block, out, count, err);
}

gsearch_status __real_gs_long_list_open(const gs_postings *postings, const gs_list *list,
                                        gs_long_list *out, gsearch_error *err);

gsearch_status __wrap_gs_long_list_open(const gs_postings *postings, const gs_list *list,
                                        gs_long_list *out, gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_long_list_open(postings, list, out, err);
}

gsearch_status __real_gs_segment_key(const gs_segment *segment, uint32_t doc, gs_buf *out,
                                     gsearch_error *err);

gsearch_status __wrap_gs_segment_key(const gs_segment *segment, uint32_t doc, gs_buf *out,
                                     gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_segment_key(segment, doc, out, err);
}

gsearch_status __real_gs_store_read(const gs_store *store, gs_decoder *decoder, uint32_t doc,
                                    uint32_t from, uint32_t to, gs_stored *out, gsearch_error *err);

gsearch_status __wrap_gs_store_read(const gs_store *store, gs_decoder *decoder, uint32_t doc,
                                    uint32_t from, uint32_t to, gs_stored *out, gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_store_read(store, decoder, doc, from, to, out, err);
}

gsearch_status __real_gs_strings_get(const gs_strings *strings, uint32_t i, gs_buf *out,
                                     gsearch_error *err);

gsearch_status __wrap_gs_strings_get(const gs_strings *strings, uint32_t i, gs_buf *out,
                                     gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_strings_get(strings, i, out, err);
}

gsearch_status __real_gs_terms_find_gram(const gs_terms *terms, uint64_t gram, gs_list *out,
                                         gsearch_error *err);

gsearch_status __wrap_gs_terms_find_gram(const gs_terms *terms, uint64_t gram, gs_list *out,
                                         gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_terms_find_gram(terms, gram, out, err);
}

gsearch_status __real_gs_terms_find_word(const gs_terms *terms, gs_bytes word, gs_list *out,
                                         gsearch_error *err);

gsearch_status __wrap_gs_terms_find_word(const gs_terms *terms, gs_bytes word, gs_list *out,
                                         gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_terms_find_word(terms, word, out, err);
}

gsearch_status __real_gs_terms_next(gs_terms_iterator *iterator, bool *more, gsearch_error *err);

gsearch_status __wrap_gs_terms_next(gs_terms_iterator *iterator, bool *more, gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_terms_next(iterator, more, err);
}

gsearch_status __real_gs_terms_seek_gram(gs_terms_iterator *iterator, const gs_terms *terms,
                                         uint64_t gram, gsearch_error *err);

gsearch_status __wrap_gs_terms_seek_gram(gs_terms_iterator *iterator, const gs_terms *terms,
                                         uint64_t gram, gsearch_error *err)
{
    return is_damaged() ? gs_corrupt(err, GS_STEP_DAMAGE)
                        : __real_gs_terms_seek_gram(iterator, terms, gram, err);
}

/* ---- what may need memory, be there room this time or not ---- */

gsearch_status __real_gs_batch_add(gs_batch *batch, const gs_document *document,
                                   gsearch_error *err);

gsearch_status __wrap_gs_batch_add(gs_batch *batch, const gs_document *document, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_batch_add(batch, document, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_batch_cut(gs_batch *batch, gsearch_error *err);

gsearch_status __wrap_gs_batch_cut(gs_batch *batch, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_batch_cut(batch, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_batch_finish(gs_batch *batch, gsearch_error *err);

gsearch_status __wrap_gs_batch_finish(gs_batch *batch, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_batch_finish(batch, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_batch_source(gs_batch *batch, gs_bytes path, gsearch_error *err);

gsearch_status __wrap_gs_batch_source(gs_batch *batch, gs_bytes path, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_batch_source(batch, path, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_change_find(gs_change *change, size_t from, size_t to, gs_bytes id,
                                     size_t *segment, uint32_t *doc, gsearch_error *err);

gsearch_status __wrap_gs_change_find(gs_change *change, size_t from, size_t to, gs_bytes id,
                                     size_t *segment, uint32_t *doc, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_change_find(change, from, to, id, segment, doc, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_run_next(gs_run_reader *reader, bool *more, gsearch_error *err);

gsearch_status __wrap_gs_run_next(gs_run_reader *reader, bool *more, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_run_next(reader, more, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_run_positions(gs_run_reader *reader, uint32_t *out, size_t capacity,
                                       size_t *count, gsearch_error *err);

gsearch_status __wrap_gs_run_positions(gs_run_reader *reader, uint32_t *out, size_t capacity,
                                       size_t *count, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_run_positions(reader, out, capacity, count, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_segment_add_gram(gs_segment_writer *writer, uint64_t gram,
                                          const uint32_t *positions, const uint16_t *marks,
                                          uint32_t count, gsearch_error *err);

gsearch_status __wrap_gs_segment_add_gram(gs_segment_writer *writer, uint64_t gram,
                                          const uint32_t *positions, const uint16_t *marks,
                                          uint32_t count, gsearch_error *err)
{
    if (!gs_faults_allow())
        return gs_fail_memory(err);
    return __real_gs_segment_add_gram(writer, gram, positions, marks, count, err);
}

gsearch_status __real_gs_segment_add_list(gs_segment_writer *writer, bool is_word, uint64_t gram,
                                          gs_bytes word, gsearch_error *err);

gsearch_status __wrap_gs_segment_add_list(gs_segment_writer *writer, bool is_word, uint64_t gram,
                                          gs_bytes word, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_segment_add_list(writer, is_word, gram, word, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_segment_add_positions(gs_segment_writer *writer, const uint32_t *positions,
                                               size_t count, gsearch_error *err);

gsearch_status __wrap_gs_segment_add_positions(gs_segment_writer *writer, const uint32_t *positions,
                                               size_t count, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_segment_add_positions(writer, positions, count, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_spill_reader_fill(gs_spill_reader *reader, size_t need,
                                           gsearch_error *err);

gsearch_status __wrap_gs_spill_reader_fill(gs_spill_reader *reader, size_t need, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_spill_reader_fill(reader, need, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_spill_reader_get(gs_spill_reader *reader, void *out, size_t len,
                                          gsearch_error *err);

gsearch_status __wrap_gs_spill_reader_get(gs_spill_reader *reader, void *out, size_t len,
                                          gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_spill_reader_get(reader, out, len, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_spill_relieve(gs_spill *spill, gsearch_error *err);

gsearch_status __wrap_gs_spill_relieve(gs_spill *spill, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_spill_relieve(spill, err)
                             : gs_fail_memory(err);
}

gsearch_status __real_gs_spill_seal(gs_spill *spill, gsearch_error *err);

gsearch_status __wrap_gs_spill_seal(gs_spill *spill, gsearch_error *err)
{
    return gs_faults_allow() ? __real_gs_spill_seal(spill, err)
                             : gs_fail_memory(err);
}
