/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.1 and 3.6: opening a segment, its counts and versions, ids and sources.
 */
#include "common/segment/segment.h"

#include "common/segment/segmentmeta.h"
#include "common/segment/trigrams.h"

void gs_segment_file_name(gs_hash128 id, char out[64])
{
    gs_container_file_name(GS_SEGMENT_PREFIX, id, GS_SEGMENT_SUFFIX, out);
}

static gsearch_status open_meta(gs_segment *segment, gsearch_error *err)
{
    gs_bytes bytes;
    GS_TRY(gs_container_load(segment->container, GS_CHUNK_META, true, &bytes, err));
    gs_cursor cursor = gs_cursor_of(bytes);
    gs_segment_meta meta;
    gs_segment_meta_read(&cursor, &meta);
    if (cursor.bad || gs_cursor_left(&cursor) || meta.unicode[sizeof(meta.unicode) - 1] ||
        meta.long_min < 2 || (meta.trigram_min && meta.trigram_min < GS_TRIGRAM_BIGRAM_MIN))
        return gs_corrupt(err, "META: %zu bytes are not what they should be", bytes.len);
    segment->analyzer = meta.analyzer;
    segment->has_text = meta.has_text;
    segment->text_bytes = meta.text_bytes;
    segment->postings_count = meta.postings;
    segment->lists_count = meta.lists;
    segment->postings.long_min = meta.long_min;
    segment->trigram_min = meta.trigram_min;
    segment->postings.gaps = meta.gaps;
    memcpy(segment->unicode, meta.unicode, sizeof(segment->unicode));
    return GSEARCH_OK;
}

static gsearch_status open_documents(gs_segment *segment, gsearch_error *err)
{
    gs_container *container = segment->container;
    gs_bytes docs, cols, keys, titles, sources;
    GS_TRY(gs_container_own(container, GS_CHUNK_DOCS, &docs, err));
    GS_TRY(gs_container_own(container, GS_CHUNK_COLS, &cols, err));
    GS_TRY(gs_doctable_open(docs, cols, &segment->docs, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_KEYS, true, &keys, err));
    GS_TRY(gs_strings_open(keys, "KEYS", &segment->keys, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_TITL, true, &titles, err));
    GS_TRY(gs_strings_open(titles, "TITL", &segment->titles, err));
    GS_TRY(gs_container_own(container, GS_CHUNK_SRCS, &sources, err));
    gs_cursor cursor = gs_cursor_of(sources);
    uint32_t count = gs_cursor_u32(&cursor);
    segment->source_firsts = gs_cursor_bytes(&cursor, 4ull * count).ptr;
    if (cursor.bad)
        return gs_corrupt(err, "SRCS: cut short");
    gs_bytes paths = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    GS_TRY(gs_strings_open(paths, "SRCS", &segment->sources, err));
    bool good = segment->sources.count == count && (count || !segment->docs.count);
    for (uint32_t i = 0, before = 0; i < count; i++) {
        uint32_t first = gs_load_u32(segment->source_firsts + 4 * (size_t)i);
        good &= (i ? first >= before : first == 0) && first <= segment->docs.count;
        before = first;
    }
    if (!good || segment->keys.count != segment->docs.count ||
        segment->titles.count != segment->docs.count)
        return gs_corrupt(err, "KEYS, TITL and SRCS do not fit %u documents", segment->docs.count);
    return GSEARCH_OK;
}

static gsearch_status open_lists(gs_segment *segment, gsearch_error *err)
{
    gs_container *container = segment->container;
    static const uint8_t no_words[16] = {0};
    gs_bytes chars, grams, words, trigrams, sdir;
    GS_TRY(gs_container_load(container, GS_CHUNK_CHAR, true, &chars, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_GRAM, true, &grams, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_WORD, true, &words, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_TRIG, true, &trigrams, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_SDIR, true, &sdir, err));
    gs_postings *postings = &segment->postings;
    postings->container = container;
    postings->owner = segment->id.low | 1; // never the 0 of an empty decoder
    postings->post = gs_container_find(container, GS_CHUNK_POST);
    postings->sdir = sdir.ptr;
    postings->positions = segment->docs.positions;
    postings->norm = gs_bm25_norm_of(segment->docs.count, segment->docs.total_length);
    uint64_t chunks = postings->gaps / GS_CHUNK_GAPS + (postings->gaps % GS_CHUNK_GAPS != 0);
    if (sdir.len % 8 || sdir.len / 8 != chunks)
        return gs_corrupt(err, "SDIR: %zu bytes do not fit the gaps", sdir.len);
    GS_TRY(gs_terms_open(chars, grams, words, postings, &segment->terms, err));
    return gs_terms_open(gs_bytes_of(NULL, 0), trigrams, gs_bytes_of(no_words, sizeof(no_words)),
                         postings, &segment->trigrams, err);
}

static gsearch_status open_text(gs_segment *segment, gsearch_error *err)
{
    if (!segment->has_text)
        return GSEARCH_OK;
    gs_container *container = segment->container;
    gs_bytes directory, checkpoints;
    GS_TRY(gs_container_own(container, GS_CHUNK_TDIR, &directory, err));
    GS_TRY(gs_container_own(container, GS_CHUNK_CKPT, &checkpoints, err));
    return gs_store_open(container, gs_container_find(container, GS_CHUNK_TEXT), directory,
                         checkpoints, segment->docs.count, &segment->store, err);
}

static void segment_free(gs_segment *segment)
{
    gs_container_close(segment->container);
    gs_mem_free(segment->mem, segment->by_rank);
    gs_mem_free(segment->mem, segment);
}

gsearch_status gs_segment_open(gs_dir *dir, const gs_mem *mem, gs_hash128 id, uint64_t length,
                               bool map, gs_segment **out, gsearch_error *err)
{
    gs_segment *segment = gs_mem_calloc(mem, 1, sizeof(*segment));
    if (!segment)
        return gs_fail_memory(err);
    segment->mem = mem;
    segment->id = id;
    segment->file_bytes = length;
    segment->references = 1;
    char name[64];
    gs_segment_file_name(id, name);
    gsearch_status status = gs_container_open(dir, mem, name, length, GS_KIND_SEGMENT, id, map,
                                              &segment->container, err);
    if (!status)
        status = open_meta(segment, err);
    if (!status)
        status = open_documents(segment, err);
    if (!status)
        status = open_lists(segment, err);
    if (!status)
        status = open_text(segment, err);
    if (status) {
        segment_free(segment);
        return status;
    }
    *out = segment;
    return GSEARCH_OK;
}

gs_segment *gs_segment_ref(gs_segment *segment)
{
    __atomic_add_fetch(&segment->references, 1, __ATOMIC_RELAXED);
    return segment;
}

void gs_segment_unref(gs_segment *segment)
{
    if (segment && __atomic_sub_fetch(&segment->references, 1, __ATOMIC_ACQ_REL) == 0)
        segment_free(segment);
}

gsearch_status gs_segment_key(const gs_segment *segment, uint32_t doc, gs_buf *out,
                              gsearch_error *err)
{
    uint64_t rank = gs_column_get(&segment->docs.rank, doc);
    if (rank >= segment->keys.count)
        return gs_corrupt(err, "COLS: document %u has a rank behind the last", doc);
    return gs_strings_get(&segment->keys, (uint32_t)rank, out, err);
}

static gsearch_status invert_ranks(const gs_segment *segment, uint32_t **out, gsearch_error *err)
{
    uint32_t count = segment->docs.count;
    uint32_t *docs = gs_mem_alloc(segment->mem, (count + 1ull) * sizeof(*docs));
    if (!docs)
        return gs_fail_memory(err);
    memset(docs, 0xff, count * sizeof(*docs));
    for (uint32_t doc = 0; doc < count; doc++) {
        uint64_t rank = gs_column_get(&segment->docs.rank, doc);
        if (rank >= count || docs[rank] != UINT32_MAX) {
            gs_mem_free(segment->mem, docs);
            return gs_corrupt(err, "COLS: the rank of document %u is not one of its own", doc);
        }
        docs[rank] = doc;
    }
    *out = docs;
    return GSEARCH_OK;
}

gsearch_status gs_segment_by_rank(gs_segment *segment, const uint32_t **out, gsearch_error *err)
{
    uint32_t *docs = __atomic_load_n(&segment->by_rank, __ATOMIC_ACQUIRE);
    if (!docs) {
        uint32_t *other = NULL;
        GS_TRY(invert_ranks(segment, &docs, err));
        if (!__atomic_compare_exchange_n(&segment->by_rank, &other, docs, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE)) {
            gs_mem_free(segment->mem, docs);
            docs = other;
        }
    }
    *out = docs;
    return GSEARCH_OK;
}

/* Moves `*rank` on to the last id that equals `key`: the one added last. */
static gsearch_status last_equal(const gs_segment *segment, gs_bytes key, uint32_t *rank,
                                 gsearch_error *err)
{
    gs_buf next;
    gs_buf_init(&next, segment->mem, SIZE_MAX);
    gsearch_status status = GSEARCH_OK;
    while (*rank + 1 < segment->keys.count) {
        gs_buf_reset(&next);
        status = gs_strings_get(&segment->keys, *rank + 1, &next, err);
        if (status || !gs_bytes_equal(gs_buf_view(&next), key))
            break;
        ++*rank;
    }
    gs_buf_release(&next);
    return status;
}

gsearch_status gs_segment_find_key(gs_segment *segment, gs_bytes key, uint32_t *doc, bool *found,
                                   gsearch_error *err)
{
    uint32_t rank;
    bool is_there;
    const uint32_t *docs;
    GS_TRY(gs_strings_find(&segment->keys, segment->mem, key, &rank, &is_there, err));
    if (is_there) {
        GS_TRY(gs_segment_by_rank(segment, &docs, err));
        GS_TRY(last_equal(segment, key, &rank, err));
        *doc = docs[rank];
    }
    *found = is_there;
    return GSEARCH_OK;
}

uint32_t gs_segment_source(const gs_segment *segment, uint32_t doc)
{
    uint32_t low = 0, high = segment->sources.count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (gs_load_u32(segment->source_firsts + 4 * (size_t)middle) <= doc)
            low = middle;
        else
            high = middle;
    }
    return low;
}

gs_segment_sizes gs_segment_sizes_of(const gs_segment *segment)
{
    gs_segment_sizes sizes = {0};
    for (size_t i = 0; i < gs_container_chunks(segment->container); i++) {
        uint64_t offset, length;
        switch (gs_container_chunk_id(segment->container, i, &offset, &length)) {
        case GS_CHUNK_POST:
        case GS_CHUNK_SDIR:
            sizes.lists += length;
            break;
        case GS_CHUNK_CHAR:
        case GS_CHUNK_GRAM:
        case GS_CHUNK_WORD:
        case GS_CHUNK_TRIG:
            sizes.dictionary += length;
            break;
        case GS_CHUNK_DOCS:
        case GS_CHUNK_COLS:
        case GS_CHUNK_KEYS:
        case GS_CHUNK_SRCS:
            sizes.documents += length;
            break;
        case GS_CHUNK_TITL:
            sizes.titles += length;
            break;
        case GS_CHUNK_TEXT:
        case GS_CHUNK_TDIR:
        case GS_CHUNK_CKPT:
            sizes.text += length;
            break;
        }
    }
    return sizes;
}

gsearch_status gs_segment_count_lists(const gs_segment *segment,
                                      gs_list_counts sums[GS_LIST_CLASSES], gsearch_error *err)
{
    gs_terms_iterator term;
    uint64_t long_bytes = 0;
    GS_TRY(gs_terms_seek_gram(&term, &segment->terms, 0, err));
    for (bool more = true; more;) {
        GS_TRY(gs_terms_next(&term, &more, err));
        if (!more)
            break;
        gs_list_class class = term.list.is_long      ? GS_LIST_LONG
                              : term.list.count == 1 ? GS_LIST_SINGLE
                                                     : GS_LIST_SHORT;
        sums[class].lists++;
        sums[class].positions += term.list.count;
        if (class == GS_LIST_LONG) {
            gs_long_list list;
            GS_TRY(gs_long_list_open(&segment->postings, &term.list, &list, err));
            long_bytes += gs_long_list_bytes(&list);
        } else if (class == GS_LIST_SINGLE) {
            sums[class].bytes += sizeof(uint32_t);
        }
    }
    sums[GS_LIST_LONG].bytes += long_bytes;
    // short lists fill chunks together: theirs is what is left
    sums[GS_LIST_SHORT].bytes += gs_segment_sizes_of(segment).lists - long_bytes;
    return GSEARCH_OK;
}
