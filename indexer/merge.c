/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the way from segments to one segment. A segment without deleted documents moves by adding a
 * constant to its positions and copying its text blocks and the blocks of its long lists; from
 * others each document and position is looked at. Start with gs_merge_segments; the policy is at
 * the end.
 */
#include "indexer/merge.h"

#include <stdio.h>

#include "common/segment/deletes.h"
#include "common/segment/segmentwriter.h"
#include "indexer/batch.h"
#include "indexer/characters.h"
#include "indexer/termheap.h"

#define DELETED UINT32_MAX /* in merge_source.starts */
#define NO_GRAM UINT64_MAX
#define CHARACTER_ROW_BYTES 8u
#define FORGET_BYTES (16ull << 20) /* of inputs read, before their memory is given back */

/* One input. */
typedef struct merge_source {
    gs_segment *segment;
    gs_deletes *deletes; /* NULL if nothing is deleted */
    uint32_t shift;      /* of all its positions, without deletes */
    uint32_t *starts;    /* where each document starts in the output, with deletes */
    gs_decoder *decoder; /* one a source: it keeps the chunk read last, and lists come in order */
    gs_gram_row rows[GS_GRAMS_BLOCK + 1]; /* a block of its grams, NO_GRAM behind the last */
    uint32_t row, block;     /* the next of these; the block behind them */
    gs_terms_iterator words;
    gs_list list;            /* its part of the list that is being written */
} merge_source;

typedef struct merge {
    const gs_mem *mem;
    merge_source *sources;
    size_t sources_count;
    gs_segment_writer *writer;
    uint32_t documents; /* that stay */
    bool has_text;
    bool small; /* no lists in blocks */
    uint64_t *grams;      /* the next of each source; NO_GRAM: it has no more */
    gs_term_heap heap;    /* of words; grams are compared one by one, which is faster */
    merge_source **parts; /* those that have the list being written, in order, and room for one */
    size_t parts_count;
    bool has_deletes; /* any of the sources */
    gs_characters characters;
    uint32_t *positions;
    size_t positions_capacity;
    uint64_t read_bytes; /* since memory was given back */
} merge;

static bool is_deleted(const merge_source *source, uint32_t doc)
{
    return source->deletes && gs_deletes_has(source->deletes, doc);
}

/* Inputs may be mapped and are read once: without this all of them would pile up in memory. */
static void note_read(merge *all, uint64_t bytes)
{
    all->read_bytes += bytes;
    if (all->read_bytes < FORGET_BYTES)
        return;
    all->read_bytes = 0;
    for (size_t i = 0; i < all->sources_count; i++)
        gs_container_forget(all->sources[i].segment->container);
}

/* ---- opening ---- */

static gsearch_status open_deletes(merge_source *source, gs_dir *dir, const gs_mem *mem,
                                   const gs_manifest_segment *input, bool map,
                                   gsearch_error *err)
{
    if (!input->deletes.length)
        return GSEARCH_OK;
    char name[64], hex[33];
    gs_hash128_text(input->deletes.id, hex);
    snprintf(name, sizeof(name), "del-%s.gsd", hex);
    GS_TRY(gs_deletes_open(dir, mem, name, input->deletes.length, input->deletes.id,
                           input->segment.id, source->segment->docs.count, map,
                           &source->deletes, err));
    source->starts = gs_mem_alloc(mem, source->segment->docs.count * sizeof(*source->starts));
    return source->starts ? GSEARCH_OK : gs_fail_memory(err);
}

/* All inputs were made by the same analyser and agree on whether they have text. */
static gsearch_status check_alike(const gs_segment *first, const gs_segment *segment,
                                  gsearch_error *err)
{
    if (segment->analyzer != first->analyzer || strcmp(segment->unicode, first->unicode))
        return gs_fail(err, GSEARCH_ANALYZER,
                       "the segments were made by different analysers: build the index again");
    if (segment->has_text != first->has_text)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "segments with and without stored text cannot be merged");
    return GSEARCH_OK;
}

static gsearch_status open_sources(merge *all, gs_dir *dir, const gs_manifest_segment *inputs,
                                   size_t inputs_count, bool map, gsearch_error *err)
{
    all->sources = gs_mem_calloc(all->mem, inputs_count, sizeof(*all->sources));
    if (!all->sources)
        return gs_fail_memory(err);
    for (size_t i = 0; i < inputs_count; i++) {
        merge_source *source = &all->sources[i];
        GS_TRY(gs_segment_open(dir, all->mem, inputs[i].segment.id, inputs[i].segment.length, map,
                               &source->segment, err));
        all->sources_count++;
        source->decoder = gs_decoder_new(all->mem);
        if (!source->decoder)
            return gs_fail_memory(err);
        GS_TRY(check_alike(all->sources[0].segment, source->segment, err));
        GS_TRY(open_deletes(source, dir, all->mem, &inputs[i], map, err));
        all->has_deletes |= source->deletes != NULL;
    }
    all->has_text = all->sources[0].segment->has_text;
    all->grams = gs_mem_alloc(all->mem, inputs_count * sizeof(*all->grams));
    all->parts = gs_mem_alloc(all->mem, (inputs_count + 1) * sizeof(*all->parts));
    return all->grams && all->parts ? GSEARCH_OK : gs_fail_memory(err);
}

/* Says where every document goes. */
static gsearch_status place_documents(merge *all, gsearch_error *err)
{
    uint64_t next = 0, documents = 0;
    for (size_t i = 0; i < all->sources_count; i++) {
        merge_source *source = &all->sources[i];
        const gs_doctable *docs = &source->segment->docs;
        source->shift = (uint32_t)next;
        if (!source->deletes) {
            next += docs->positions;
            documents += docs->count;
        }
        for (uint32_t doc = 0; source->deletes && doc < docs->count; doc++) {
            bool gone = is_deleted(source, doc);
            source->starts[doc] = gone ? DELETED : (uint32_t)next;
            next += gone ? 0 : docs->starts[doc + 1] - docs->starts[doc];
            documents += !gone;
        }
        if (next > GS_SEGMENT_POSITIONS_MAX || documents > GS_SEGMENT_DOCUMENTS_MAX)
            return gs_fail(err, GSEARCH_LIMIT,
                           "together the segments are over %u positions or %d documents",
                           GS_SEGMENT_POSITIONS_MAX, GS_SEGMENT_DOCUMENTS_MAX);
    }
    all->documents = (uint32_t)documents;
    return GSEARCH_OK;
}

static void close_merge(merge *all)
{
    for (size_t i = 0; i < all->sources_count; i++) {
        merge_source *source = &all->sources[i];
        gs_mem_free(all->mem, source->starts);
        gs_decoder_free(source->decoder);
        if (source->deletes)
            gs_deletes_unref(source->deletes);
        gs_segment_unref(source->segment);
    }
    gs_mem_free(all->mem, all->sources);
    gs_mem_free(all->mem, all->grams);
    gs_mem_free(all->mem, all->parts);
    gs_mem_free(all->mem, all->positions);
    gs_term_heap_release(&all->heap);
    gs_characters_release(&all->characters);
}

/* ---- documents ---- */

/* The bytes of text that a document stands for in the segment's sum. Where nobody asks for single
 * documents the first one stands for all; where texts are not stored the share is estimated. */
static gsearch_status count_text(const merge_source *source, uint32_t doc, uint64_t *out,
                                 gsearch_error *err)
{
    const gs_segment *segment = source->segment;
    if (!source->deletes) {
        *out = doc ? 0 : segment->text_bytes;
    } else if (segment->has_text) {
        gs_stored stored;
        GS_TRY(gs_store_read(&segment->store, source->decoder, doc, 0, 0, &stored, err));
        *out = stored.text_len;
    } else {
        uint64_t total = segment->docs.total_length;
        uint32_t length = gs_doctable_length(&segment->docs, doc);
        *out = total ? (uint64_t)((double)segment->text_bytes / (double)total * length) : 0;
    }
    return GSEARCH_OK;
}

static void copy_checkpoints(merge *all, const gs_segment *segment, uint32_t doc, uint32_t *next)
{
    const gs_store *store = &segment->store;
    uint32_t start = segment->docs.starts[doc], end = segment->docs.starts[doc + 1];
    for (; *next < store->checkpoints_count; ++*next) {
        const uint8_t *row = store->checkpoints + 8 * (size_t)*next;
        uint32_t position = gs_load_u32(row);
        if (position >= end)
            break;
        if (position >= start)
            gs_segment_add_checkpoint(all->writer, (gs_checkpoint){.position = position - start,
                                                                   .byte = gs_load_u32(row + 4)});
    }
}

/* Strings of the document at hand, and where they come from. */
typedef struct document_parts {
    gs_buf key, title, path, last_path;
    bool has_path;
    uint32_t source_number; /* of the last document of this segment; UINT32_MAX: none yet */
    uint32_t checkpoint;    /* the next one of this segment */
} document_parts;

static gsearch_status copy_path(merge *all, const gs_segment *segment, uint32_t doc,
                                document_parts *parts, gsearch_error *err)
{
    uint32_t number = gs_segment_source(segment, doc);
    if (number == parts->source_number)
        return GSEARCH_OK;
    parts->source_number = number;
    gs_buf_reset(&parts->path);
    GS_TRY(gs_strings_get(&segment->sources, number, &parts->path, err));
    gs_bytes path = gs_buf_view(&parts->path);
    if (parts->has_path && gs_bytes_equal(path, gs_buf_view(&parts->last_path)))
        return GSEARCH_OK;
    gs_buf_reset(&parts->last_path);
    gs_buf_bytes(&parts->last_path, path);
    if (parts->last_path.status)
        return gs_fail_memory(err);
    parts->has_path = true;
    return gs_segment_add_source(all->writer, path, err);
}

static gsearch_status copy_document(merge *all, const merge_source *source, uint32_t doc,
                                    document_parts *parts, gsearch_error *err)
{
    const gs_segment *segment = source->segment;
    const gs_doctable *docs = &segment->docs;
    GS_TRY(copy_path(all, segment, doc, parts, err));
    gs_buf_reset(&parts->key);
    gs_buf_reset(&parts->title);
    GS_TRY(gs_segment_key(segment, doc, &parts->key, err));
    GS_TRY(gs_strings_get(&segment->titles, doc, &parts->title, err));
    gs_doc_record record = {
        .key = gs_buf_view(&parts->key),
        .title = gs_buf_view(&parts->title),
        .length = gs_doctable_length(docs, doc),
        .title_positions = (uint32_t)gs_column_get(&docs->title, doc),
        .flags = (uint32_t)gs_column_get(&docs->flags, doc),
        .date = (uint32_t)gs_column_get(&docs->date, doc),
    };
    GS_TRY(count_text(source, doc, &record.text_bytes, err));
    GS_TRY(gs_segment_add_document(all->writer, &record, err));
    if (all->has_text)
        copy_checkpoints(all, segment, doc, &parts->checkpoint);
    return GSEARCH_OK;
}

static gsearch_status copy_documents(merge *all, gsearch_error *err)
{
    document_parts parts = {0};
    gs_buf *bufs[] = {&parts.key, &parts.title, &parts.path, &parts.last_path};
    for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
        gs_buf_init(bufs[i], all->mem, SIZE_MAX);
    gsearch_status status = GSEARCH_OK;
    for (size_t i = 0; i < all->sources_count && !status; i++) {
        const merge_source *source = &all->sources[i];
        parts.source_number = UINT32_MAX;
        parts.checkpoint = 0;
        for (uint32_t doc = 0; doc < source->segment->docs.count && !status; doc++)
            if (!is_deleted(source, doc))
                status = copy_document(all, source, doc, &parts, err);
    }
    for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
        gs_buf_release(bufs[i]);
    return status ? status : gs_segment_documents_done(all->writer, err);
}

/* ---- lists ---- */

static gsearch_status sum_characters(merge *all, const merge_source *source, gsearch_error *err)
{
    const gs_terms *terms = &source->segment->terms;
    for (uint32_t i = 0; i < terms->chars_count; i++) {
        const uint8_t *row = terms->chars + (size_t)i * CHARACTER_ROW_BYTES;
        uint32_t code_point = gs_load_u32(row);
        uint32_t documents = gs_load_u32(row + sizeof(code_point));
        uint32_t share = gs_deletes_character_share(source->deletes, code_point);
        if (code_point >= GS_CHARACTERS_END || share > documents)
            return gs_corrupt(err, "%s: U+%X has a wrong count of documents",
                              gs_container_name_of(source->segment->container), code_point);
        all->characters.documents[code_point] += documents - share;
    }
    return GSEARCH_OK;
}

/* Moves a source on to its next gram. */
static gsearch_status next_gram(merge *all, merge_source *source, gsearch_error *err)
{
    const gs_terms *terms = &source->segment->terms;
    uint64_t before = source->rows[source->row++].gram;
    if (source->rows[source->row].gram == NO_GRAM && source->block < terms->gram_blocks) {
        uint32_t count;
        GS_TRY(gs_terms_read_block(terms, source->block, source->rows, &count, err));
        if (source->block++ && source->rows[0].gram <= before)
            return gs_corrupt(err, "%s: grams do not rise",
                              gs_container_name_of(source->segment->container));
        source->rows[count].gram = NO_GRAM;
        source->row = 0;
    }
    all->grams[source - all->sources] = source->rows[source->row].gram;
    return GSEARCH_OK;
}

/* Moves a source that is on top of the heap, or not in it yet, on to its next word. */
static gsearch_status next_word(merge *all, merge_source *source, bool is_first,
                                gsearch_error *err)
{
    bool more;
    GS_TRY(gs_terms_next(&source->words, &more, err));
    gs_term_head head = {
        .is_word = true, .source = (uint32_t)(source - all->sources), .word = source->words.word};
    if (more && is_first)
        gs_term_heap_push(&all->heap, head);
    else if (more)
        gs_term_heap_replace(&all->heap, head);
    else if (!is_first)
        gs_term_heap_pop(&all->heap);
    return GSEARCH_OK;
}

static gsearch_status open_lists(merge *all, gsearch_error *err)
{
    GS_TRY(gs_term_heap_init(&all->heap, all->mem, all->sources_count, err));
    GS_TRY(gs_characters_init(&all->characters, all->mem, err));
    for (size_t i = 0; i < all->sources_count; i++) {
        merge_source *source = &all->sources[i];
        GS_TRY(sum_characters(all, source, err));
        source->rows[1].gram = NO_GRAM; // it goes to the first block
        GS_TRY(next_gram(all, source, err));
        GS_TRY(gs_terms_seek_word(&source->words, &source->segment->terms, gs_bytes_of("", 0),
                                  err));
        GS_TRY(next_word(all, source, true, err));
    }
    return GSEARCH_OK;
}

/* Moves positions to their place in the output, in place; returns how many stay. */
static size_t move_positions(const merge_source *source, uint32_t *positions, size_t count)
{
    if (!source->deletes) {
        for (size_t i = 0; i < count; i++)
            positions[i] += source->shift;
        return count;
    }
    const gs_doctable *docs = &source->segment->docs;
    size_t kept = 0;
    uint32_t end = 0, from = 0, to = DELETED;
    for (size_t i = 0; i < count; i++) {
        if (positions[i] >= end) {
            uint32_t doc = gs_doctable_find(docs, positions[i]);
            from = docs->starts[doc];
            end = docs->starts[doc + 1];
            to = source->starts[doc];
        }
        if (to != DELETED)
            positions[kept++] = positions[i] - from + to;
    }
    return kept;
}

/* Positions of a source that are in their place; how many documents hold those of its whole list is
 * known if none is deleted, and given with the first of them. */
static gsearch_status add_positions(merge *all, const merge_source *source,
                                    const uint32_t *positions, size_t count, bool first,
                                    gsearch_error *err)
{
    if (source->deletes)
        return gs_segment_add_positions(all->writer, positions, count, err);
    return gs_segment_add_counted(all->writer, positions, count,
                                  first ? source->list.documents : 0, err);
}

/* Whether a list moves by its blocks, which must become packed ones or be packed already, unless it
 * is known how many positions there will be. Each merge may leave a block with few positions where
 * two lists meet; a list with many of them is cut anew. */
static bool keeps_blocks(const merge *all, const merge_source *source, const gs_long_list *list)
{
    return !source->deletes && !all->small &&
           (list->count >= GS_PACKED_MIN || !all->has_deletes) &&
           list->count / list->blocks >= GS_BLOCK_POSTINGS / 2;
}

static gsearch_status copy_long_list(merge *all, const merge_source *source, gsearch_error *err)
{
    gs_long_list list;
    GS_TRY(gs_long_list_open(&source->segment->postings, &source->list, &list, err));
    if (keeps_blocks(all, source, &list))
        return gs_segment_add_blocks(all->writer, &list, source->shift, source->list.documents,
                                     err);
    uint32_t positions[GS_BLOCK_POSTINGS];
    for (uint32_t block = 0; block < list.blocks; block++) {
        uint32_t count;
        GS_TRY(gs_long_list_block(&list, block, positions, &count, err));
        if (count && positions[count - 1] >= source->segment->docs.positions)
            return gs_corrupt(err, "%s: a list ends behind the last document",
                              gs_container_name_of(source->segment->container));
        size_t kept = move_positions(source, positions, count);
        GS_TRY(add_positions(all, source, positions, kept, block == 0, err));
    }
    return GSEARCH_OK;
}

/* Room for so many positions and what reading them may write behind. */
static gsearch_status make_room(merge *all, size_t positions, gsearch_error *err)
{
    return gs_mem_grow(all->mem, (void **)&all->positions, &all->positions_capacity,
                       positions + GS_BLOCK_POSTINGS, SIZE_MAX / sizeof(uint32_t),
                       sizeof(uint32_t))
               ? GSEARCH_OK
               : gs_fail_memory(err);
}

static gsearch_status copy_short_list(merge *all, const merge_source *source, gsearch_error *err)
{
    const gs_list *list = &source->list;
    GS_TRY(make_room(all, list->count, err));
    GS_TRY(gs_list_read(&source->segment->postings, source->decoder, list, all->positions, err));
    size_t kept = move_positions(source, all->positions, list->count);
    return add_positions(all, source, all->positions, kept, true, err);
}

/* Parts of which none is long, of sources without deletes: most lists are so. */
static gsearch_status copy_short_parts(merge *all, const gs_term *term, uint32_t positions,
                                       gsearch_error *err)
{
    uint32_t documents = 0;
    GS_TRY(make_room(all, positions, err));
    uint32_t *out = all->positions;
    for (size_t i = 0; i < all->parts_count; i++) {
        const merge_source *source = all->parts[i];
        const gs_list *list = &source->list;
        if (list->count == 1)
            *out = (uint32_t)list->place + source->shift;
        else
            GS_TRY(gs_short_list_read(&source->segment->postings, source->decoder, list,
                                      source->shift, out, err));
        out += list->count;
        documents += list->documents;
    }
    return gs_segment_add_whole(all->writer, term, all->positions, positions, documents, err);
}

/* Writes the list of the parts taken. */
static gsearch_status copy_list(merge *all, const gs_term *term, gsearch_error *err)
{
    uint32_t positions = 0; // no more than the segments have together, whose positions fit
    bool has_long = false;
    for (size_t i = 0; i < all->parts_count; i++) {
        positions += all->parts[i]->list.count;
        has_long |= all->parts[i]->list.is_long;
    }
    note_read(all, positions * (uint64_t)sizeof(uint32_t));
    if (!all->has_deletes && !has_long)
        return copy_short_parts(all, term, positions, err);
    GS_TRY(gs_segment_add_list(all->writer, term->is_word, term->gram, term->word, err));
    if (!all->has_deletes)
        gs_segment_expect(all->writer, positions);
    for (size_t i = 0; i < all->parts_count; i++) {
        const merge_source *source = all->parts[i];
        GS_TRY(source->list.is_long ? copy_long_list(all, source, err)
                                    : copy_short_list(all, source, err));
    }
    return GSEARCH_OK;
}

static uint64_t least_gram(const merge *all)
{
    uint64_t least = NO_GRAM;
    for (size_t i = 0; i < all->sources_count; i++)
        least = all->grams[i] < least ? all->grams[i] : least;
    return least;
}

/* Takes the parts of the next gram; no branch guesses which sources have it. */
static gsearch_status take_gram(merge *all, uint64_t gram, gsearch_error *err)
{
    all->parts_count = 0;
    for (size_t i = 0; i < all->sources_count; i++) {
        all->parts[all->parts_count] = &all->sources[i];
        all->parts_count += all->grams[i] == gram;
    }
    for (size_t i = 0; i < all->parts_count; i++) {
        merge_source *source = all->parts[i];
        source->list = source->rows[source->row].list;
        GS_TRY(next_gram(all, source, err));
    }
    return GSEARCH_OK;
}

static gsearch_status copy_grams(merge *all, gsearch_error *err)
{
    gs_term term = {0};
    while ((term.gram = least_gram(all)) != NO_GRAM) {
        GS_TRY(take_gram(all, term.gram, err));
        GS_TRY(copy_list(all, &term, err));
    }
    return GSEARCH_OK;
}

static gsearch_status copy_words(merge *all, gsearch_error *err)
{
    uint8_t bytes[GS_TERM_BYTES_MAX];
    while (all->heap.count) {
        gs_bytes first = gs_term_heap_top(&all->heap)->word;
        memcpy(bytes, first.ptr, first.len);
        gs_term term = {.is_word = true, .word = {bytes, first.len}};
        all->parts_count = 0;
        do {
            merge_source *source = &all->sources[gs_term_heap_top(&all->heap)->source];
            source->list = source->words.list;
            all->parts[all->parts_count++] = source;
            GS_TRY(next_word(all, source, false, err));
        } while (all->heap.count && gs_bytes_equal(gs_term_heap_top(&all->heap)->word, term.word));
        GS_TRY(copy_list(all, &term, err));
    }
    return GSEARCH_OK;
}

static gsearch_status copy_lists(merge *all, gsearch_error *err)
{
    GS_TRY(open_lists(all, err));
    GS_TRY(gs_characters_give(&all->characters, GS_CHARACTERS_END, all->writer, err));
    GS_TRY(copy_grams(all, err));
    GS_TRY(copy_words(all, err));
    return gs_segment_lists_done(all->writer, err);
}

/* ---- text ---- */

static gsearch_status copy_blocks(merge *all, const gs_segment *segment, gsearch_error *err)
{
    const gs_store *store = &segment->store;
    for (uint32_t i = 0; i < store->blocks; i++) {
        const uint8_t *row = store->directory + 12 * (size_t)i;
        uint64_t begin = gs_load_u64(row), end = gs_load_u64(row + 12);
        uint32_t first = gs_load_u32(row + 8), next = gs_load_u32(row + 20);
        if (begin > end || end > store->text.len || first > next)
            return gs_corrupt(err, "%s: text block %u has a wrong place",
                              gs_container_name_of(segment->container), i);
        gs_bytes stored = {store->text.ptr + begin, (size_t)(end - begin)};
        GS_TRY(gs_container_check(segment->container, stored, err));
        GS_TRY(gs_segment_add_text_block(all->writer, next - first, stored, err));
        note_read(all, stored.len);
    }
    return GSEARCH_OK;
}

/* Gives the blocks in `packed` to the writer and empties it. */
static gsearch_status give_blocks(merge *all, gs_buf *packed, gsearch_error *err)
{
    gs_cursor cursor = gs_cursor_of(gs_buf_view(packed));
    while (gs_cursor_left(&cursor)) {
        uint32_t documents = gs_cursor_u32(&cursor);
        gs_bytes stored = gs_cursor_bytes(&cursor, gs_cursor_u32(&cursor));
        GS_TRY(gs_segment_add_text_block(all->writer, documents, stored, err));
    }
    gs_buf_reset(packed);
    return GSEARCH_OK;
}

static gsearch_status pack_documents(merge *all, const merge_source *source,
                                     gs_store_packer *packer, gs_buf *packed, gsearch_error *err)
{
    const gs_segment *segment = source->segment;
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        if (is_deleted(source, doc))
            continue;
        gs_stored stored;
        GS_TRY(gs_store_read(&segment->store, source->decoder, doc, 0, UINT32_MAX, &stored, err));
        GS_TRY(gs_store_packer_add(packer, stored.text, stored.fields, packed, err));
        note_read(all, stored.text.len);
        GS_TRY(give_blocks(all, packed, err));
    }
    GS_TRY(gs_store_packer_flush(packer, packed, err));
    return give_blocks(all, packed, err);
}

static gsearch_status pack_again(merge *all, const merge_source *source, gsearch_error *err)
{
    gs_store_packer *packer = gs_store_packer_new(all->mem, GS_TEXT_LEVEL);
    if (!packer)
        return gs_fail_memory(err);
    gs_buf packed;
    gs_buf_init(&packed, all->mem, SIZE_MAX);
    gsearch_status status = pack_documents(all, source, packer, &packed, err);
    gs_buf_release(&packed);
    gs_store_packer_free(packer);
    return status;
}

static gsearch_status copy_text(merge *all, gsearch_error *err)
{
    for (size_t i = 0; i < all->sources_count && all->has_text; i++) {
        const merge_source *source = &all->sources[i];
        if (source->deletes)
            GS_TRY(pack_again(all, source, err));
        else
            GS_TRY(copy_blocks(all, source->segment, err));
    }
    return GSEARCH_OK;
}

/* ---- the whole ---- */

static gsearch_status copy_parts(merge *all, gsearch_error *err)
{
    GS_TRY(copy_documents(all, err));
    GS_TRY(copy_lists(all, err));
    return copy_text(all, err);
}

static gsearch_status write_segment(merge *all, gs_dir *dir, gs_manifest_segment *out,
                                    gsearch_error *err)
{
    const gs_segment *first = all->sources[0].segment;
    gs_segment_options options = {
        .analyzer = first->analyzer,
        .unicode = first->unicode,
        .has_text = all->has_text,
        .small = all->small,
    };
    GS_TRY(gs_segment_create(dir, all->mem, &options, &all->writer, err));
    gsearch_status status = copy_parts(all, err);
    if (status) {
        gs_segment_abort(all->writer);
        return status;
    }
    gs_container_name name;
    GS_TRY(gs_segment_finish(all->writer, &name, err));
    *out = (gs_manifest_segment){
        .segment = {.id = name.id, .length = name.length},
        .documents = all->documents,
    };
    return GSEARCH_OK;
}

gsearch_status gs_merge_segments(gs_dir *dir, const gs_mem *mem, const gs_manifest_segment *inputs,
                                 size_t inputs_count, bool map, bool small,
                                 gs_manifest_segment *out, gsearch_error *err)
{
    if (!inputs_count)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "a merge needs a segment");
    merge all = {.mem = mem, .small = small};
    gsearch_status status = open_sources(&all, dir, inputs, inputs_count, map, err);
    if (!status)
        status = place_documents(&all, err);
    if (!status && all.documents)
        status = write_segment(&all, dir, out, err);
    else if (!status)
        *out = (gs_manifest_segment){0};
    close_merge(&all);
    return status;
}

/* ---- the policy ---- */

#define DELETED_PERCENT_MAX 30u
#define LEVEL_SEGMENTS_MAX 8u          /* of a level, before they are merged */
#define LEVEL_BYTES_MIN (1ull << 20)   /* level 0 is below */
#define LEVEL_FACTOR_SHIFT 3u          /* each level holds segments eight times as large */
#define MERGED_BYTES_MAX (8ull << 30)  /* larger ones might not fit one segment */

static unsigned level_of(const gs_manifest_segment *segment)
{
    unsigned level = 0;
    for (uint64_t size = LEVEL_BYTES_MIN; size <= segment->segment.length; level++)
        size <<= LEVEL_FACTOR_SHIFT;
    return level;
}

/* From `first` on: how many neighbours are of this level or below and together not too large. */
static size_t count_neighbours(const gs_manifest *manifest, size_t first, unsigned level)
{
    uint64_t bytes = 0;
    size_t i = first;
    for (; i < manifest->segments_count && level_of(&manifest->segments[i]) <= level; i++) {
        bytes += manifest->segments[i].segment.length;
        if (bytes > MERGED_BYTES_MAX)
            break;
    }
    return i - first;
}

void gs_merge_choose(const gs_manifest *manifest, size_t *first, size_t *count)
{
    unsigned level_max = 0;
    for (size_t i = 0; i < manifest->segments_count; i++) {
        const gs_manifest_segment *segment = &manifest->segments[i];
        *first = i;
        *count = 1;
        if ((uint64_t)segment->deleted * 100 > (uint64_t)segment->documents * DELETED_PERCENT_MAX)
            return;
        unsigned level = level_of(segment);
        level_max = level > level_max ? level : level_max;
    }
    for (unsigned level = 0; level <= level_max; level++) {
        for (size_t i = 0; i < manifest->segments_count; i++) {
            size_t neighbours = count_neighbours(manifest, i, level);
            if (neighbours > LEVEL_SEGMENTS_MAX * (level + 1)) {
                *first = i;
                *count = neighbours;
                return;
            }
        }
    }
    *first = *count = 0;
}
