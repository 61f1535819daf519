/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes a segment front to back in one pass: DOCS COLS KEYS TITL SRCS, then POST while the
 * dictionary grows in memory, then TEXT, and last what is known only at the end.
 */
#include "common/segment/segmentwriter.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/limits.h"
#include "common/segment/segmentmeta.h"
#include "common/segment/trigrams.h"

#define PENDING_POSITIONS GS_PACKED_MIN /* a list that outgrows this is packed */
#define LIST_ALIGN 32u
#define DRAIN_BYTES (64u << 10) /* of POST, gathered before they are written */
#define BYTES_MAX SIZE_MAX

struct gs_segment_writer {
    const gs_mem *mem;
    gs_container_writer *container;
    gs_segment_options options;
    gs_segment_meta meta;
    gsearch_status sticky;

    /* documents */
    uint32_t count;
    gs_buf starts, title, flags, date; /* u32 a document */
    gs_buf keys, key_offsets;          /* bytes; u64 a document and one more */
    gs_strings_writer titles, sources;
    gs_buf source_firsts, checkpoints;
    gs_buf encoded_docs;
    gs_doctable docs; /* a view of encoded_docs, once documents are done */
    uint64_t *rows;   /* of docs */

    /* lists */
    gs_terms_writer terms, trigram_terms;
    gs_trigrams trigrams;
    gs_short_writer shorts;
    gs_long_writer longs;
    gs_buf post;  /* bytes on their way into POST */
    gs_buf sizes; /* u32 a short-list chunk in `post` */
    gs_buf sdir;  /* u64 a short-list chunk: where it starts */
    gs_buf marks; /* of a list that came without */
    bool in_list, is_word, spilled;
    uint64_t gram;
    gs_buf word;
    gs_list list;
    uint64_t gaps_before;
    uint32_t last_doc; /* of the list so far */
    uint32_t expected; /* positions of the list; 0: not known */
    uint32_t pending_count;
    uint32_t *pending;

    /* text */
    gs_buf tdir;
    uint32_t documents_stored;
    bool in_text;
};

static void init_buffers(gs_segment_writer *writer)
{
    gs_buf *buffers[] = {&writer->starts,        &writer->title,        &writer->flags,
                         &writer->date,          &writer->keys,         &writer->key_offsets,
                         &writer->source_firsts, &writer->checkpoints,  &writer->encoded_docs,
                         &writer->sizes,         &writer->post,         &writer->sdir,
                         &writer->word,          &writer->tdir,
                         &writer->marks};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++)
        gs_buf_init(buffers[i], writer->mem, BYTES_MAX);
    gs_strings_writer_init(&writer->titles, writer->mem);
    gs_strings_writer_init(&writer->sources, writer->mem);
    gs_terms_writer_init(&writer->terms, writer->mem, writer->meta.long_min);
    gs_terms_writer_init(&writer->trigram_terms, writer->mem, writer->meta.long_min);
    gs_trigrams_init(&writer->trigrams, writer->mem);
}

static void writer_free(gs_segment_writer *writer)
{
    gs_buf *buffers[] = {&writer->starts,        &writer->title,        &writer->flags,
                         &writer->date,          &writer->keys,         &writer->key_offsets,
                         &writer->source_firsts, &writer->checkpoints,  &writer->encoded_docs,
                         &writer->sizes,         &writer->post,         &writer->sdir,
                         &writer->word,          &writer->tdir,
                         &writer->marks};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++)
        gs_buf_release(buffers[i]);
    gs_strings_writer_release(&writer->titles);
    gs_strings_writer_release(&writer->sources);
    gs_terms_writer_release(&writer->terms);
    gs_terms_writer_release(&writer->trigram_terms);
    gs_trigrams_release(&writer->trigrams);
    gs_short_writer_release(&writer->shorts);
    gs_long_writer_release(&writer->longs);
    gs_mem_free(writer->mem, writer->pending);
    gs_mem_free(writer->mem, writer->rows);
    gs_mem_free(writer->mem, writer);
}

gsearch_status gs_segment_create(gs_dir *dir, const gs_mem *mem, const gs_segment_options *options,
                                 gs_segment_writer **out, gsearch_error *err)
{
    gs_segment_writer *writer = gs_mem_calloc(mem, 1, sizeof(*writer));
    if (!writer)
        return gs_fail_memory(err);
    writer->mem = mem;
    writer->options = *options;
    writer->meta = (gs_segment_meta){
        .analyzer = options->analyzer,
        .has_text = options->has_text,
        .long_min = options->small ? UINT32_MAX : GS_LONG_MIN_DEFAULT,
    };
    memcpy(writer->meta.unicode, options->unicode,
           strnlen(options->unicode, sizeof(writer->meta.unicode) - 1));
    init_buffers(writer);
    writer->pending = gs_mem_alloc(mem, PENDING_POSITIONS * sizeof(uint32_t));
    gsearch_status status = writer->pending ? GSEARCH_OK : gs_fail_memory(err);
    if (!status)
        status = gs_short_writer_init(&writer->shorts, mem, &writer->sizes, err);
    if (!status)
        status = gs_container_create(dir, mem, GS_KIND_SEGMENT, &writer->container, err);
    gs_buf_u32(&writer->starts, 0);
    gs_buf_u64(&writer->key_offsets, 0);
    if (!status && (writer->starts.status || writer->key_offsets.status))
        status = gs_fail_memory(err);
    if (status) {
        gs_container_abort(writer->container);
        writer_free(writer);
        return status;
    }
    *out = writer;
    return GSEARCH_OK;
}

void gs_segment_abort(gs_segment_writer *writer)
{
    if (!writer)
        return;
    gs_container_abort(writer->container);
    writer_free(writer);
}

/* ---- 1. documents -------------------------------------------------------------------------- */

gsearch_status gs_segment_add_source(gs_segment_writer *writer, gs_bytes path, gsearch_error *err)
{
    gs_buf_u32(&writer->source_firsts, writer->count);
    gs_strings_writer_add(&writer->sources, path);
    return writer->source_firsts.status ? gs_fail_memory(err) : GSEARCH_OK;
}

gsearch_status gs_segment_add_document(gs_segment_writer *writer, const gs_doc_record *record,
                                       gsearch_error *err)
{
    uint32_t start = gs_load_u32(writer->starts.data + writer->starts.len - sizeof(uint32_t));
    if (record->length >= GS_SEGMENT_POSITIONS_MAX - start)
        return gs_fail(err, GSEARCH_LIMIT, "a segment holds at most %u positions",
                       GS_SEGMENT_POSITIONS_MAX);
    if (writer->count >= GS_SEGMENT_DOCUMENTS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "a segment holds at most %d documents",
                       GS_SEGMENT_DOCUMENTS_MAX);
    gs_buf_u32(&writer->starts, start + record->length + 1);
    gs_buf_u32(&writer->title, record->title_positions);
    gs_buf_u32(&writer->flags, record->flags);
    gs_buf_u32(&writer->date, record->date);
    gs_buf_bytes(&writer->keys, record->key);
    gs_buf_u64(&writer->key_offsets, writer->keys.len);
    gs_strings_writer_add(&writer->titles, record->title);
    if (writer->starts.status || writer->title.status || writer->flags.status ||
        writer->date.status || writer->keys.status || writer->key_offsets.status)
        return gs_fail_memory(err);
    writer->meta.text_bytes += record->text_bytes;
    writer->count++;
    return GSEARCH_OK;
}

void gs_segment_add_checkpoint(gs_segment_writer *writer, gs_checkpoint checkpoint)
{
    const uint32_t *starts = (const uint32_t *)(const void *)writer->starts.data;
    gs_buf_u32(&writer->checkpoints, starts[writer->count - 1] + checkpoint.position);
    gs_buf_u32(&writer->checkpoints, checkpoint.byte);
}

static gsearch_status stuck(const gs_segment_writer *writer, const char *what, gsearch_error *err)
{
    return writer->sticky
               ? gs_fail(err, writer->sticky, "no room for the %s of the new segment", what)
               : GSEARCH_OK;
}

static void put(gs_segment_writer *writer, uint32_t chunk, const gs_buf *content)
{
    gs_container_chunk(writer->container, chunk);
    gs_container_write(writer->container, content->data, content->len);
    if (content->status)
        writer->sticky = content->status;
}

static gs_bytes key_of(const gs_segment_writer *writer, uint32_t doc)
{
    const uint64_t *offsets = (const uint64_t *)(const void *)writer->key_offsets.data;
    return gs_bytes_of(writer->keys.data + offsets[doc], offsets[doc + 1] - offsets[doc]);
}

static int order_by_key(const void *a, const void *b, void *payload)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = gs_bytes_compare(key_of(payload, left), key_of(payload, right));
    return order ? order : (left > right) - (left < right);
}

/* Writes KEYS, and each document's rank into `ranks`. */
static gsearch_status write_keys(gs_segment_writer *writer, uint32_t *ranks, gsearch_error *err)
{
    uint32_t *order = gs_mem_alloc(writer->mem, (writer->count + 1ull) * sizeof(*order));
    if (!order)
        return gs_fail_memory(err);
    bool sorted = true;
    for (uint32_t doc = 0; doc < writer->count; doc++) {
        order[doc] = doc;
        sorted &= doc == 0 || order_by_key(&order[doc - 1], &order[doc], writer) < 0;
    }
    if (!sorted)
        qsort_r(order, writer->count, sizeof(*order), order_by_key, writer);
    gs_strings_writer keys;
    gs_strings_writer_init(&keys, writer->mem);
    for (uint32_t rank = 0; rank < writer->count; rank++) {
        ranks[order[rank]] = rank;
        gs_strings_writer_add(&keys, key_of(writer, order[rank]));
    }
    gs_buf encoded;
    gs_buf_init(&encoded, writer->mem, BYTES_MAX);
    gs_strings_writer_finish(&keys, &encoded);
    put(writer, GS_CHUNK_KEYS, &encoded);
    gs_buf_release(&encoded);
    gs_strings_writer_release(&keys);
    gs_mem_free(writer->mem, order);
    return GSEARCH_OK;
}

static void write_columns(gs_segment_writer *writer, const uint32_t *ranks)
{
    const gs_column_source columns[] = {
        {GS_COLUMN_RANK, ranks},
        {GS_COLUMN_TITLE, (const uint32_t *)(const void *)writer->title.data},
        {GS_COLUMN_FLAGS, (const uint32_t *)(const void *)writer->flags.data},
        {GS_COLUMN_DATE, (const uint32_t *)(const void *)writer->date.data},
    };
    gs_buf encoded;
    gs_buf_init(&encoded, writer->mem, BYTES_MAX);
    gs_columns_encode(&encoded, columns, sizeof(columns) / sizeof(*columns), writer->count);
    put(writer, GS_CHUNK_COLS, &encoded);
    gs_buf_release(&encoded);
}

static void write_strings(gs_segment_writer *writer)
{
    gs_buf encoded;
    gs_buf_init(&encoded, writer->mem, BYTES_MAX);
    gs_strings_writer_finish(&writer->titles, &encoded);
    put(writer, GS_CHUNK_TITL, &encoded);
    gs_buf_reset(&encoded);
    gs_buf_u32(&encoded, writer->sources.count);
    gs_buf_bytes(&encoded, gs_buf_view(&writer->source_firsts));
    gs_strings_writer_finish(&writer->sources, &encoded);
    put(writer, GS_CHUNK_SRCS, &encoded);
    gs_buf_release(&encoded);
}

static gsearch_status make_rows(gs_segment_writer *writer, gsearch_error *err)
{
    writer->rows = gs_mem_alloc(writer->mem, (writer->count + 1ull) * sizeof(*writer->rows));
    if (!writer->rows)
        return gs_fail_memory(err);
    for (uint32_t doc = 0; doc <= writer->count; doc++)
        writer->rows[doc] = gs_doctable_row(&writer->docs, doc);
    writer->docs.rows = writer->rows;
    return GSEARCH_OK;
}

gsearch_status gs_segment_documents_done(gs_segment_writer *writer, gsearch_error *err)
{
    uint32_t *ranks = gs_mem_alloc(writer->mem, (writer->count + 1ull) * sizeof(*ranks));
    if (!ranks)
        return gs_fail_memory(err);
    gs_doctable_encode(&writer->encoded_docs,
                       (const uint32_t *)(const void *)writer->starts.data, writer->count);
    put(writer, GS_CHUNK_DOCS, &writer->encoded_docs);
    gsearch_status status = write_keys(writer, ranks, err);
    if (!status)
        write_columns(writer, ranks);
    gs_mem_free(writer->mem, ranks);
    if (status)
        return status;
    write_strings(writer);
    GS_TRY(stuck(writer, "document tables", err));
    // lists are counted by document and title against the table just written
    GS_TRY(gs_doctable_view(gs_buf_view(&writer->encoded_docs), &writer->docs, err));
    writer->docs.title = (gs_column){.data = writer->title.data, .width = sizeof(uint32_t)};
    GS_TRY(make_rows(writer, err));
    gs_buf *done[] = {&writer->starts, &writer->flags, &writer->date, &writer->keys,
                      &writer->key_offsets};
    for (size_t i = 0; i < sizeof(done) / sizeof(*done); i++)
        gs_buf_release(done[i]);
    gs_strings_writer_release(&writer->titles);
    gs_strings_writer_release(&writer->sources);
    gs_long_writer_init(&writer->longs, writer->mem, &writer->docs);
    gs_container_chunk(writer->container, GS_CHUNK_POST);
    return GSEARCH_OK;
}

/* ---- 2. lists ------------------------------------------------------------------------------ */

gsearch_status gs_segment_add_character(gs_segment_writer *writer, uint32_t code_point,
                                        uint32_t documents, gsearch_error *err)
{
    gs_terms_writer_character(&writer->terms, code_point, documents);
    return writer->terms.chars.status ? gs_fail_memory(err) : GSEARCH_OK;
}

/* Moves finished bytes into POST and notes where short-list chunks start. */
static void drain(gs_segment_writer *writer)
{
    uint64_t at = gs_container_offset(writer->container);
    for (size_t i = 0; i < writer->sizes.len; i += sizeof(uint32_t)) {
        gs_buf_u64(&writer->sdir, at);
        at += gs_load_u32(writer->sizes.data + i);
    }
    gs_container_write(writer->container, writer->post.data, writer->post.len);
    if (writer->post.status || writer->sizes.status)
        writer->sticky = writer->post.status ? writer->post.status : writer->sizes.status;
    gs_buf_reset(&writer->post);
    gs_buf_reset(&writer->sizes);
}

/* Whether the list may be half of a trigram. */
static bool is_frequent(const gs_segment_writer *writer, bool packed)
{
    if (writer->is_word)
        return false;
    return packed || writer->pending_count >= GS_TRIGRAM_BIGRAM_MIN ||
           writer->expected >= GS_TRIGRAM_BIGRAM_MIN;
}

/* Gives what has gathered to the coder of the list's class; `packed` as for a gs_long_writer. */
static void spill(gs_segment_writer *writer, bool is_long, bool packed)
{
    if (!writer->spilled && !is_long)
        gs_short_writer_start(&writer->shorts);
    writer->longs.packed = packed;
    writer->spilled = true;
    if (is_long && is_frequent(writer, packed))
        gs_trigrams_add(&writer->trigrams, writer->pending, writer->pending_count);
    if (is_long) {
        gs_long_writer_add(&writer->longs, writer->pending, writer->pending_count);
    } else {
        gs_short_writer_add(&writer->shorts, writer->pending, writer->pending_count,
                            &writer->post);
        if (writer->post.len >= DRAIN_BYTES)
            drain(writer);
    }
    writer->pending_count = 0;
}

/* Puts the long list that was collected into POST. */
static void place_long(gs_segment_writer *writer, gs_list *list)
{
    static const uint8_t zeros[LIST_ALIGN] = {0};
    drain(writer);
    uint64_t at = gs_container_offset(writer->container);
    size_t gap = (LIST_ALIGN - at % LIST_ALIGN) % LIST_ALIGN;
    gs_container_write(writer->container, zeros, gap);
    list->place = at + gap;
    gs_long_writer_finish(&writer->longs, &writer->post);
    drain(writer);
}

/* Puts a list that lies in POST into the dictionary. */
static void enter_list(gs_segment_writer *writer, const gs_term *term, const gs_list *list,
                       uint64_t gaps_before)
{
    if (term->is_word)
        gs_terms_writer_word(&writer->terms, term->word, list, gaps_before);
    else
        gs_terms_writer_gram(&writer->terms, term->gram, list, gaps_before);
    writer->meta.lists++;
    writer->meta.postings += list->count;
}

/* Puts the list that ends here into the dictionary, and what is left of it into POST. */
static void end_list(gs_segment_writer *writer)
{
    gs_list *list = &writer->list;
    if (!writer->in_list)
        return;
    writer->in_list = false;
    if (list->count == 0)
        return;
    list->is_long = list->count >= writer->meta.long_min;
    if (list->count == 1) {
        list->place = writer->pending[0];
    } else if (list->is_long) {
        spill(writer, true, list->count >= GS_PACKED_MIN);
        place_long(writer, list);
    } else {
        list->place = writer->gaps_before;
        spill(writer, false, false);
    }
    gs_trigrams_end(&writer->trigrams, writer->gram);
    gs_term term = {writer->is_word, writer->gram, gs_buf_view(&writer->word)};
    enter_list(writer, &term, list, writer->gaps_before);
}

const gs_doctable *gs_segment_docs(const gs_segment_writer *writer)
{
    return &writer->docs;
}

/* Writes a list that is not long and lies in memory. */
static void place_short(gs_segment_writer *writer, const uint32_t *positions, gs_list *list)
{
    list->place = list->count == 1 ? positions[0] : writer->shorts.gaps;
    if (list->count == 1)
        return;
    gs_short_writer_start(&writer->shorts);
    gs_short_writer_add(&writer->shorts, positions, list->count, &writer->post);
    if (writer->post.len >= DRAIN_BYTES)
        drain(writer);
}

/* Writes a list that lies in memory; its `count` and `is_long` are known. */
static void place_whole(gs_segment_writer *writer, const uint32_t *positions, const uint16_t *marks,
                        gs_list *list)
{
    if (list->is_long) {
        writer->longs.packed = list->count >= GS_PACKED_MIN;
        gs_long_writer_add_marked(&writer->longs, positions, marks, list->count);
        list->documents = writer->longs.documents;
        place_long(writer, list);
        return;
    }
    for (uint32_t i = 0; i < list->count; i++)
        list->documents += marks[i] / GS_MARK_FIRST;
    place_short(writer, positions, list);
}

static gsearch_status add_marked(gs_segment_writer *writer, const gs_term *term,
                                 const uint32_t *positions, const uint16_t *marks, uint32_t count,
                                 gsearch_error *err)
{
    uint64_t gaps_before = writer->shorts.gaps;
    gs_list list = {.count = count, .is_long = count >= writer->meta.long_min};
    place_whole(writer, positions, marks, &list);
    if (list.is_long && count >= GS_TRIGRAM_BIGRAM_MIN && !term->is_word) {
        gs_trigrams_add(&writer->trigrams, positions, count);
        gs_trigrams_end(&writer->trigrams, term->gram);
    }
    enter_list(writer, term, &list, gaps_before);
    return stuck(writer, "lists", err);
}

gsearch_status gs_segment_add_gram(gs_segment_writer *writer, uint64_t gram,
                                   const uint32_t *positions, const uint16_t *marks, uint32_t count,
                                   gsearch_error *err)
{
    gs_term term = {.gram = gram};
    end_list(writer);
    return add_marked(writer, &term, positions, marks, count, err);
}

/* The marks of a list, until the next; NULL: no memory. */
static const uint16_t *make_marks(gs_segment_writer *writer, const uint32_t *positions,
                                  uint32_t count)
{
    uint32_t last = GS_DOC_NONE;
    gs_buf_reset(&writer->marks);
    void *marks = gs_buf_reserve(&writer->marks, count * sizeof(uint16_t));
    if (marks)
        gs_doctable_mark(&writer->docs, positions, count, &last, marks);
    return marks;
}

gsearch_status gs_segment_add_whole(gs_segment_writer *writer, const gs_term *term,
                                    const uint32_t *positions, uint32_t count, uint32_t documents,
                                    gsearch_error *err)
{
    end_list(writer);
    if (count >= writer->meta.long_min) {
        const uint16_t *marks = make_marks(writer, positions, count);
        return marks ? add_marked(writer, term, positions, marks, count, err)
                     : gs_fail_memory(err);
    }
    uint64_t gaps_before = writer->shorts.gaps;
    gs_list list = {.count = count, .documents = documents};
    place_short(writer, positions, &list);
    enter_list(writer, term, &list, gaps_before);
    return stuck(writer, "lists", err);
}

gsearch_status gs_segment_add_list(gs_segment_writer *writer, bool is_word, uint64_t gram,
                                   gs_bytes word, gsearch_error *err)
{
    end_list(writer);
    writer->in_list = true;
    writer->spilled = false;
    writer->is_word = is_word;
    writer->gram = gram;
    gs_buf_reset(&writer->word);
    if (is_word)
        gs_buf_bytes(&writer->word, word);
    if (writer->word.status)
        writer->sticky = writer->word.status;
    writer->list = (gs_list){0};
    writer->gaps_before = writer->shorts.gaps;
    writer->last_doc = GS_DOC_NONE;
    writer->pending_count = 0;
    writer->expected = 0;
    return stuck(writer, "lists", err);
}

void gs_segment_expect(gs_segment_writer *writer, uint32_t positions)
{
    writer->expected = positions;
}

static void add_pending(gs_segment_writer *writer, const uint32_t *positions, size_t count)
{
    writer->list.count += (uint32_t)count;
    while (count) {
        if (writer->pending_count == PENDING_POSITIONS)
            spill(writer, !writer->options.small, true);
        size_t room = PENDING_POSITIONS - writer->pending_count;
        size_t piece = count < room ? count : room;
        memcpy(writer->pending + writer->pending_count, positions, piece * sizeof(*positions));
        writer->pending_count += (uint32_t)piece;
        positions += piece;
        count -= piece;
    }
}

gsearch_status gs_segment_add_positions(gs_segment_writer *writer, const uint32_t *positions,
                                        size_t count, gsearch_error *err)
{
    writer->list.documents +=
        gs_doctable_count(&writer->docs, positions, count, &writer->last_doc);
    add_pending(writer, positions, count);
    return stuck(writer, "lists", err);
}

gsearch_status gs_segment_add_counted(gs_segment_writer *writer, const uint32_t *positions,
                                      size_t count, uint32_t documents, gsearch_error *err)
{
    writer->list.documents += documents;
    writer->last_doc = GS_DOC_NONE;
    add_pending(writer, positions, count);
    return stuck(writer, "lists", err);
}

/* Positions of a list that is copied, for trigrams. */
static gsearch_status collect_blocks(gs_segment_writer *writer, const gs_long_list *list,
                                     uint32_t shift, gsearch_error *err)
{
    uint32_t positions[GS_BLOCK_POSTINGS], count;
    for (uint32_t block = 0; block < list->blocks; block++) {
        GS_TRY(gs_long_list_block(list, block, positions, &count, err));
        for (uint32_t i = 0; i < count; i++)
            positions[i] += shift;
        gs_trigrams_add(&writer->trigrams, positions, count);
    }
    return GSEARCH_OK;
}

gsearch_status gs_segment_add_blocks(gs_segment_writer *writer, const gs_long_list *list,
                                     uint32_t shift, uint32_t documents, gsearch_error *err)
{
    bool packed = list->count >= GS_PACKED_MIN || writer->expected >= GS_PACKED_MIN;
    assert(!writer->options.small && (packed || writer->expected));
    spill(writer, true, packed);
    if (is_frequent(writer, packed))
        GS_TRY(collect_blocks(writer, list, shift, err));
    GS_TRY(gs_long_writer_copy(&writer->longs, list, shift, err));
    writer->list.count += list->count;
    writer->list.documents += documents;
    writer->last_doc = GS_DOC_NONE;
    return stuck(writer, "lists", err);
}

static gsearch_status add_trigram(uint64_t gram, const uint32_t *positions, uint32_t count,
                                  void *payload, gsearch_error *err)
{
    gs_segment_writer *writer = payload;
    uint64_t gaps_before = writer->shorts.gaps;
    gs_list list = {.count = count, .is_long = count >= writer->meta.long_min};
    const uint16_t *marks = make_marks(writer, positions, count);
    if (!marks)
        return gs_fail_memory(err);
    place_whole(writer, positions, marks, &list);
    gs_terms_writer_gram(&writer->trigram_terms, gram, &list, gaps_before);
    return stuck(writer, "lists", err);
}

static gsearch_status write_trigrams(gs_segment_writer *writer, gsearch_error *err)
{
    uint32_t *least = &writer->meta.trigram_min;
    GS_TRY(gs_trigrams_choose(&writer->trigrams, writer->meta.postings, least, err));
    if (*least)
        GS_TRY(gs_trigrams_each(&writer->trigrams, *least, add_trigram, writer, err));
    gs_trigrams_release(&writer->trigrams);
    return GSEARCH_OK;
}

gsearch_status gs_segment_lists_done(gs_segment_writer *writer, gsearch_error *err)
{
    end_list(writer);
    GS_TRY(write_trigrams(writer, err));
    gs_short_writer_flush(&writer->shorts, &writer->post);
    drain(writer);
    put(writer, GS_CHUNK_SDIR, &writer->sdir);
    put(writer, GS_CHUNK_CHAR, &writer->terms.chars);
    gs_buf encoded;
    gs_buf_init(&encoded, writer->mem, BYTES_MAX);
    gs_terms_writer_grams(&writer->terms, &encoded);
    put(writer, GS_CHUNK_GRAM, &encoded);
    gs_buf_reset(&encoded);
    gs_terms_writer_words(&writer->terms, &encoded);
    put(writer, GS_CHUNK_WORD, &encoded);
    gs_buf_reset(&encoded);
    gs_terms_writer_grams(&writer->trigram_terms, &encoded);
    put(writer, GS_CHUNK_TRIG, &encoded);
    gs_buf_release(&encoded);
    if (!writer->sticky)
        writer->sticky = gs_terms_writer_status(&writer->terms);
    if (!writer->sticky)
        writer->sticky = gs_terms_writer_status(&writer->trigram_terms);
    writer->meta.gaps = writer->shorts.gaps;
    gs_terms_writer_release(&writer->terms);
    gs_terms_writer_release(&writer->trigram_terms);
    return stuck(writer, "dictionary", err);
}

/* ---- 3. text ------------------------------------------------------------------------------- */

gsearch_status gs_segment_add_text_block(gs_segment_writer *writer, uint32_t documents_begun,
                                         gs_bytes stored, gsearch_error *err)
{
    if (!writer->in_text)
        gs_container_chunk(writer->container, GS_CHUNK_TEXT);
    writer->in_text = true;
    gs_buf_u64(&writer->tdir, gs_container_offset(writer->container));
    gs_buf_u32(&writer->tdir, writer->documents_stored);
    writer->documents_stored += documents_begun;
    gs_container_write(writer->container, stored.ptr, stored.len);
    return writer->tdir.status ? gs_fail_memory(err) : GSEARCH_OK;
}

static void write_text_directory(gs_segment_writer *writer)
{
    if (!writer->in_text)
        gs_container_chunk(writer->container, GS_CHUNK_TEXT);
    gs_buf_u64(&writer->tdir, gs_container_offset(writer->container));
    gs_buf_u32(&writer->tdir, writer->documents_stored);
    put(writer, GS_CHUNK_TDIR, &writer->tdir);
    put(writer, GS_CHUNK_CKPT, &writer->checkpoints);
}

gsearch_status gs_segment_finish(gs_segment_writer *writer, gs_container_name *out,
                                 gsearch_error *err)
{
    if (writer->options.has_text)
        write_text_directory(writer);
    gs_buf meta;
    gs_buf_init(&meta, writer->mem, BYTES_MAX);
    gs_segment_meta_write(&meta, &writer->meta);
    put(writer, GS_CHUNK_META, &meta);
    gs_buf_release(&meta);
    gsearch_status status = stuck(writer, "tables", err);
    if (!status && writer->options.has_text && writer->documents_stored != writer->count)
        status = gs_fail(err, GSEARCH_INTERNAL, "text of %u documents for a segment of %u",
                         writer->documents_stored, writer->count);
    if (status)
        gs_container_abort(writer->container);
    else
        status = gs_container_finish(writer->container, GS_SEGMENT_PREFIX, GS_SEGMENT_SUFFIX, out,
                                     err);
    writer_free(writer);
    return status;
}
