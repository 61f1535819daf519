/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/segment.c: small and odd segments, ids that stand twice, memory that
 * runs out, and files whose sums are right but whose content is not.
 */
#include "common/segment/segment.h"

#include "tests/common/segment/place.h"
#include "tests/common/segment/randomsegment.h"

#define MUTATIONS 400

static gs_segment_writer *create(place *p, bool has_text)
{
    gs_segment_options options = {.analyzer = 1, .unicode = "15.0.0", .has_text = has_text};
    gs_segment_writer *writer;
    assert_ok(gs_segment_create(p->dir, &p->flaky.mem, &options, &writer, &p->error), &p->error);
    return writer;
}

static void add_document(place *p, gs_segment_writer *writer, const char *key, uint32_t length)
{
    gs_doc_record record = {.key = gs_bytes_str(key), .length = length};
    assert_ok(gs_segment_add_document(writer, &record, &p->error), &p->error);
}

static gs_segment *open_named(place *p, const gs_container_name *name)
{
    gs_segment *segment;
    assert_ok(gs_segment_open(p->dir, &p->flaky.mem, name->id, name->length, true, &segment,
                              &p->error),
              &p->error);
    return segment;
}

/* Ends a segment without lists and text, checks it and opens it. */
static gs_segment *finish(place *p, gs_segment_writer *writer)
{
    gs_container_name name;
    assert_ok(gs_segment_lists_done(writer, &p->error), &p->error);
    assert_ok(gs_segment_finish(writer, &name, &p->error), &p->error);
    gs_segment *segment = open_named(p, &name);
    assert_ok(gs_segment_verify(segment, &p->error), &p->error);
    return segment;
}

static bool find(place *p, gs_segment *segment, const char *key, uint32_t *doc)
{
    bool found;
    assert_ok(gs_segment_find_key(segment, gs_bytes_str(key), doc, &found, &p->error), &p->error);
    return found;
}

/* ---- lists by class ---- */

/* The bytes of the distances in a block whose greatest has the class `high`. */
static uint64_t coded_bytes(const uint32_t *positions, uint32_t held, uint32_t high)
{
    uint64_t bits = 0;
    uint32_t pairs = high > 15 ? high - 15 : 0;
    for (uint32_t i = 1; i < held; i++) {
        uint32_t distance = positions[i] - positions[i - 1], class = 0;
        while (distance >> class > 1)
            class++;
        bits += class < 2 * pairs ? class / 2 * 2 + 2 : class;
    }
    return held / 2 + (bits + 7) / 8;
}

/* What FORMAT 3.10 gives a long list. Packed: its table, up to a border of 32 bytes, and blocks of
 * 256 positions, in eight lanes of whole words. */
static uint64_t long_bytes(const uint32_t *positions, uint32_t count)
{
    bool packed = count >= 8192;
    uint32_t blocks = (count + 255) / 256;
    uint64_t bytes = 8 + 14 * (uint64_t)blocks;
    bytes = packed ? (bytes + 31) / 32 * 32 : bytes + 4;
    for (uint32_t from = 0; from < count; from += 256) {
        uint32_t held = count - from < 256 ? count - from : 256, widest = 0, width = 0;
        for (uint32_t i = from + 1; i < from + held; i++) {
            uint32_t distance = positions[i] - positions[i - 1];
            widest = distance > widest ? distance : widest;
        }
        while (width < 32 && widest >> width)
            width++;
        bytes += packed ? ((held + 7) / 8 * width + 31) / 32 * 32
                        : coded_bytes(positions + from, held, width ? width - 1 : 0);
    }
    return bytes;
}

static void lists_are_counted_by_class(void **state)
{
    place *p = *state;
    random_segment *random = random_segment_new(7, 300, 400, 100);
    gs_list_counts counts[GS_LIST_CLASSES] = {0}, expected[GS_LIST_CLASSES] = {0};
    gs_container_name name;
    assert_ok(random_segment_write(random, p->dir, NULL, false, 1000, &name, &p->error), &p->error);
    gs_segment *segment = open_named(p, &name);
    for (uint32_t i = 0; i < random->grams + random->words; i++) {
        const random_list *list = &random->lists[i];
        if (list->count == 0)
            continue;
        size_t class = list->count == 1 ? GS_LIST_SINGLE
                       : list->count < GS_LONG_MIN_DEFAULT ? GS_LIST_SHORT : GS_LIST_LONG;
        expected[class].lists++;
        expected[class].positions += list->count;
        if (class == GS_LIST_SINGLE)
            expected[class].bytes += 4;
        else if (class == GS_LIST_LONG)
            expected[class].bytes += long_bytes(list->positions, list->count);
    }
    gs_segment_sizes sizes = gs_segment_sizes_of(segment);
    expected[GS_LIST_SHORT].bytes = sizes.lists - expected[GS_LIST_LONG].bytes;
    assert_ok(gs_segment_count_lists(segment, counts, &p->error), &p->error);
    for (size_t class = 0; class < GS_LIST_CLASSES; class++) {
        assert_int_not_equal(expected[class].lists, 0);
        assert_int_equal(counts[class].lists, expected[class].lists);
        assert_int_equal(counts[class].positions, expected[class].positions);
        assert_int_equal(counts[class].bytes, expected[class].bytes);
    }
    gs_segment_unref(segment);
    random_segment_free(random);
}

/* ---- small segments ---- */

static void a_segment_of_no_documents_is_one(void **state)
{
    place *p = *state;
    for (int has_text = 0; has_text < 2; has_text++) {
        gs_segment_writer *writer = create(p, has_text);
        assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
        gs_segment *segment = finish(p, writer);
        gs_list list;
        uint32_t doc = 77;
        assert_int_equal(segment->docs.count, 0);
        assert_int_equal(segment->docs.positions, 0);
        assert_int_equal(segment->has_text, has_text);
        assert_false(find(p, segment, "", &doc));
        assert_false(find(p, segment, "a", &doc));
        assert_int_equal(doc, 77);
        assert_ok(gs_terms_find_gram(&segment->terms, 0, &list, &p->error), &p->error);
        assert_int_equal(list.count, 0);
        gs_segment_unref(segment);
    }
}

static void documents_may_be_empty(void **state)
{
    place *p = *state;
    gs_segment_writer *writer = create(p, false);
    assert_ok(gs_segment_add_source(writer, gs_bytes_str(""), &p->error), &p->error);
    add_document(p, writer, "", 0);
    add_document(p, writer, "b", 0);
    assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
    gs_segment *segment = finish(p, writer);
    uint32_t doc;
    assert_int_equal(segment->docs.positions, 2); // the separators
    assert_int_equal(segment->docs.total_length, 0);
    assert_true(find(p, segment, "", &doc));
    assert_int_equal(doc, 0);
    assert_true(find(p, segment, "b", &doc));
    assert_int_equal(doc, 1);
    gs_segment_unref(segment);
}

static void one_position_of_one_document_is_found(void **state)
{
    place *p = *state;
    static const uint32_t position = 0;
    gs_segment_writer *writer = create(p, false);
    assert_ok(gs_segment_add_source(writer, gs_bytes_str("a"), &p->error), &p->error);
    add_document(p, writer, "a", 1);
    assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
    assert_ok(gs_segment_add_list(writer, true, 0, gs_bytes_str("pd1728a"), &p->error), &p->error);
    assert_ok(gs_segment_add_positions(writer, &position, 1, &p->error), &p->error);
    gs_segment *segment = finish(p, writer);
    gs_list list;
    assert_ok(gs_terms_find_word(&segment->terms, gs_bytes_str("pd1728a"), &list, &p->error),
              &p->error);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.documents, 1);
    assert_int_equal(list.place, 0);
    gs_segment_unref(segment);
}

static void a_full_segment_takes_no_more(void **state)
{
    place *p = *state;
    static const uint32_t ends[] = {0, UINT32_MAX - 2};
    gs_segment_writer *writer = create(p, false);
    assert_ok(gs_segment_add_source(writer, gs_bytes_str("a"), &p->error), &p->error);
    add_document(p, writer, "a", UINT32_MAX - 1); // and its separator
    gs_doc_record record = {.key = gs_bytes_str("b")};
    assert_fails(GSEARCH_LIMIT, gs_segment_add_document(writer, &record, &p->error), &p->error);
    assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
    assert_ok(gs_segment_add_list(writer, false, 5, gs_bytes_of(NULL, 0), &p->error), &p->error);
    assert_ok(gs_segment_add_positions(writer, ends, 2, &p->error), &p->error);
    gs_segment *segment = finish(p, writer);
    gs_list list;
    uint32_t out[2 + GS_BLOCK_POSTINGS], doc;
    gs_decoder *decoder = gs_decoder_new(NULL);
    assert_int_equal(segment->docs.count, 1);
    assert_int_equal(segment->docs.positions, UINT32_MAX);
    assert_false(find(p, segment, "b", &doc));
    assert_ok(gs_terms_find_gram(&segment->terms, 5, &list, &p->error), &p->error);
    assert_ok(gs_list_read(&segment->postings, decoder, &list, out, &p->error), &p->error);
    assert_memory_equal(out, ends, sizeof(ends));
    gs_decoder_free(decoder);
    gs_segment_unref(segment);
}

/* ---- ids, sources, references ---- */

static void of_equal_ids_the_document_added_last_is_found(void **state)
{
    place *p = *state;
    static const char *const keys[] = {"a", "ab", "b", "c"};
    uint64_t seed = 3;
    for (uint32_t kinds = 1; kinds <= 4; kinds++) {
        gs_segment_writer *writer = create(p, false);
        uint32_t last[4] = {0}, doc;
        bool seen[4] = {false};
        assert_ok(gs_segment_add_source(writer, gs_bytes_str("s"), &p->error), &p->error);
        for (uint32_t i = 0; i < 70; i++) { // over several blocks of ids
            uint64_t kind = gs_test_random_below(&seed, kinds);
            add_document(p, writer, keys[kind], 1);
            last[kind] = i;
            seen[kind] = true;
        }
        assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
        gs_segment *segment = finish(p, writer);
        for (uint32_t k = 0; k < 4; k++) {
            assert_int_equal(find(p, segment, keys[k], &doc), seen[k]);
            if (seen[k])
                assert_int_equal(doc, last[k]);
        }
        assert_false(find(p, segment, "", &doc));
        assert_false(find(p, segment, "aa", &doc));
        assert_false(find(p, segment, "d", &doc));
        gs_segment_unref(segment);
    }
}

static void documents_by_rank_are_in_order_of_id_and_then_of_number(void **state)
{
    place *p = *state;
    static const char *const keys[] = {"b", "a", "b", "c", "a"};
    static const uint32_t expected[] = {1, 4, 0, 2, 3};
    gs_segment_writer *writer = create(p, false);
    assert_ok(gs_segment_add_source(writer, gs_bytes_str("s"), &p->error), &p->error);
    for (size_t i = 0; i < 5; i++)
        add_document(p, writer, keys[i], 1);
    assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
    gs_segment *segment = finish(p, writer);
    const uint32_t *by_rank, *again;
    assert_ok(gs_segment_by_rank(segment, &by_rank, &p->error), &p->error);
    assert_memory_equal(by_rank, expected, sizeof(expected));
    assert_ok(gs_segment_by_rank(segment, &again, &p->error), &p->error);
    assert_ptr_equal(again, by_rank);
    gs_segment_unref(segment);
}

static void a_document_comes_from_the_source_named_last_before_it(void **state)
{
    place *p = *state;
    gs_segment_writer *writer = create(p, false);
    // sources of 0, 1, 0, 3, 2 and 0 documents
    static const uint32_t documents[] = {0, 1, 0, 3, 2, 0};
    static const uint32_t expected[] = {1, 3, 3, 3, 4, 4};
    for (uint32_t s = 0; s < 6; s++) {
        char text[2] = {(char)('a' + s), '\0'};
        assert_ok(gs_segment_add_source(writer, gs_bytes_str(text), &p->error), &p->error);
        for (uint32_t i = 0; i < documents[s]; i++)
            add_document(p, writer, "k", 1);
    }
    assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
    gs_segment *segment = finish(p, writer);
    assert_int_equal(segment->sources.count, 6);
    for (uint32_t doc = 0; doc < 6; doc++)
        assert_int_equal(gs_segment_source(segment, doc), expected[doc]);
    gs_segment_unref(segment);
}

static void a_segment_lives_until_the_last_reference_is_gone(void **state)
{
    place *p = *state;
    gs_segment_writer *writer = create(p, false);
    assert_ok(gs_segment_documents_done(writer, &p->error), &p->error);
    size_t live = p->flaky.live;
    gs_segment *segment = finish(p, writer);
    assert_ptr_equal(gs_segment_ref(segment), segment);
    gs_segment_unref(segment);
    assert_ok(gs_segment_verify(segment, &p->error), &p->error);
    gs_segment_unref(segment);
    assert_true(p->flaky.live < live); // nothing of it, and the writer is gone
    gs_segment_unref(NULL);
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    place *p = *state;
    gs_segment *segment = NULL;
    gs_hash128 id = {.low = 1, .high = 2};
    assert_fails(GSEARCH_NOT_FOUND,
                 gs_segment_open(p->dir, NULL, id, 4096, true, &segment, &p->error), &p->error);
    assert_null(segment);
}

/* ---- memory that runs out ---- */

static random_segment *small_segment(void)
{
    return random_segment_new(46, 60, 150, 40); // a seed that gives a list in blocks
}

static void without_memory_writing_fails_and_leaves_nothing(void **state)
{
    place *p = *state;
    random_segment *random = small_segment();
    gs_flaky flaky;
    bool done = false;
    for (size_t fail_at = 1; !done; fail_at++) {
        gs_container_name name;
        gs_flaky_init(&flaky, fail_at);
        gsearch_status status =
            random_segment_write(random, p->dir, &flaky.mem, false, 1000, &name, &p->error);
        done = flaky.calls < fail_at;
        if (done)
            assert_ok(status, &p->error);
        else
            assert_fails(GSEARCH_NO_MEMORY, status, &p->error);
        assert_int_equal(flaky.live, 0);
        assert_int_equal(gs_test_dir_count(p->path), done);
    }
    random_segment_free(random);
}

/* An allocator that fails once and then goes on. */
typedef struct hiccup {
    gs_flaky flaky;
    size_t left; /* calls until it fails */
} hiccup;

static void *hiccup_resize(void *ptr, size_t size, void *payload)
{
    hiccup *h = payload;
    if (size && h->left && --h->left == 0)
        return NULL;
    return h->flaky.mem.resize(ptr, size, h->flaky.mem.payload);
}

static void one_refused_allocation_is_not_forgotten(void **state)
{
    place *p = *state;
    random_segment *random = small_segment();
    gs_container_name whole, name;
    assert_ok(random_segment_write(random, p->dir, NULL, false, 1000, &whole, &p->error),
              &p->error);
    bool done = false;
    for (size_t n = 1; !done; n++) {
        hiccup h = {.left = n};
        gs_flaky_init(&h.flaky, 0);
        const gs_mem mem = {.resize = hiccup_resize, .payload = &h};
        gsearch_status status =
            random_segment_write(random, p->dir, &mem, false, 1000, &name, &p->error);
        done = h.left != 0;
        if (status == GSEARCH_OK) // whoever can do without it must write the same
            assert_string_equal(name.name, whole.name);
        else
            assert_fails(GSEARCH_NO_MEMORY, status, &p->error);
        assert_true(status == GSEARCH_OK || !done);
        assert_int_equal(h.flaky.live, 0);
    }
    random_segment_free(random);
}

static void without_memory_opening_and_checking_fail_cleanly(void **state)
{
    place *p = *state;
    random_segment *random = small_segment();
    gs_container_name name;
    assert_ok(random_segment_write(random, p->dir, NULL, false, 1000, &name, &p->error), &p->error);
    size_t live = p->flaky.live;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        gs_segment *segment = NULL;
        uint32_t doc = 77;
        bool found = false;
        p->flaky.fail_at = p->flaky.calls + n;
        gsearch_status status = gs_segment_open(p->dir, &p->flaky.mem, name.id, name.length, false,
                                                &segment, &p->error);
        assert_int_equal(status == GSEARCH_OK, segment != NULL);
        if (!status)
            status = gs_segment_find_key(segment, gs_bytes_str(random->keys[5]), &doc, &found,
                                         &p->error);
        assert_int_equal(status == GSEARCH_OK, found);
        assert_int_equal(doc, found ? 5 : 77);
        if (!status)
            status = gs_segment_verify(segment, &p->error);
        done = p->flaky.calls < p->flaky.fail_at;
        if (done)
            assert_ok(status, &p->error);
        else
            assert_fails(GSEARCH_NO_MEMORY, status, &p->error);
        gs_segment_unref(segment);
        assert_int_equal(p->flaky.live, live);
    }
    p->flaky.fail_at = 0;
    random_segment_free(random);
}

/* ---- files whose sums are right ---- */

/* Another content for a chunk. */
typedef struct change {
    uint32_t chunk;
    size_t at; /* bytes from here are replaced */
    const void *bytes;
    size_t len;
    size_t keep;    /* of its length; SIZE_MAX: all */
    bool is_absent; /* the file is without the chunk */
} change;

static void write_chunk(gs_container_writer *writer, uint32_t id, gs_bytes bytes, const change *c)
{
    if (id == c->chunk && c->is_absent)
        return;
    gs_container_chunk(writer, id);
    if (id == c->chunk) {
        size_t len = c->keep < bytes.len ? c->keep : bytes.len;
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, bytes.ptr, len);
        if (c->len) {
            assert_true(c->at + c->len <= len);
            memcpy(copy + c->at, c->bytes, c->len);
        }
        gs_container_write(writer, copy, len);
        free(copy);
    } else {
        gs_container_write(writer, bytes.ptr, bytes.len);
    }
}

/* Writes a segment anew, with a change, and opens it. */
static gsearch_status reopen(place *p, const gs_container_name *whole, const change *c,
                             gs_container_name *changed, gs_segment **out)
{
    gs_container *container;
    gs_container_writer *writer;
    assert_ok(gs_container_open(p->dir, NULL, whole->name, whole->length, GS_KIND_SEGMENT,
                                whole->id, true, &container, &p->error),
              &p->error);
    assert_ok(gs_container_create(p->dir, NULL, GS_KIND_SEGMENT, &writer, &p->error), &p->error);
    for (size_t i = 0; i < gs_container_chunks(container); i++) {
        uint64_t offset, length;
        uint32_t id = gs_container_chunk_id(container, i, &offset, &length);
        write_chunk(writer, id, gs_container_find(container, id), c);
    }
    gs_container_close(container);
    assert_ok(gs_container_finish(writer, "seg-", ".gss", changed, &p->error), &p->error);
    return gs_segment_open(p->dir, &p->flaky.mem, changed->id, changed->length, false, out,
                           &p->error);
}

static gsearch_status read_lists(gs_segment *segment, gs_decoder *decoder, gsearch_error *err)
{
    gs_terms_iterator iterator;
    bool more = true;
    GS_TRY(gs_terms_seek_gram(&iterator, &segment->terms, 0, err));
    while (more) {
        GS_TRY(gs_terms_next(&iterator, &more, err));
        if (!more)
            break;
        uint32_t *out = malloc((iterator.list.count + GS_BLOCK_POSTINGS) * sizeof(*out));
        gsearch_status status =
            gs_list_read(&segment->postings, decoder, &iterator.list, out, err);
        for (uint32_t i = 0; !status && i < iterator.list.count; i++) {
            assert_true(out[i] < segment->docs.positions);
            assert_true(i == 0 || out[i] > out[i - 1]);
        }
        free(out);
        if (status)
            return status;
    }
    return GSEARCH_OK;
}

static gsearch_status read_documents(gs_segment *segment, gs_decoder *decoder, gs_buf *text,
                                     gsearch_error *err)
{
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        gs_stored stored;
        uint32_t found_doc;
        bool found;
        gs_buf_reset(text);
        GS_TRY(gs_segment_key(segment, doc, text, err));
        GS_TRY(gs_segment_find_key(segment, gs_buf_view(text), &found_doc, &found, err));
        assert_true(!found || found_doc < segment->docs.count);
        GS_TRY(gs_strings_get(&segment->titles, doc, text, err));
        uint32_t source = gs_segment_source(segment, doc);
        assert_true(source < segment->sources.count);
        GS_TRY(gs_strings_get(&segment->sources, source, text, err));
        if (segment->has_text)
            GS_TRY(gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, err));
    }
    return GSEARCH_OK;
}

/* Everything that a reader does, and then the thorough check; the first fault. */
static gsearch_status use(place *p, gs_segment *segment)
{
    gs_buf text;
    gs_decoder *decoder = gs_decoder_new(NULL);
    gs_buf_init(&text, NULL, SIZE_MAX);
    gsearch_status status = read_documents(segment, decoder, &text, &p->error);
    gsearch_status lists = read_lists(segment, decoder, &p->error);
    gsearch_status verified = gs_segment_verify(segment, &p->error);
    // what a reader trips over, the check must find
    assert_true(verified || (!status && !lists));
    gs_buf_release(&text);
    gs_decoder_free(decoder);
    return status ? status : lists ? lists : verified;
}

/* The status of opening and using a changed segment, which is removed again. */
static gsearch_status use_changed(place *p, const gs_container_name *whole, const change *c)
{
    gs_container_name changed;
    gs_segment *segment = NULL;
    gsearch_status status = reopen(p, whole, c, &changed, &segment);
    assert_int_equal(status == GSEARCH_OK, segment != NULL);
    if (!status)
        status = use(p, segment);
    gs_segment_unref(segment);
    if (strcmp(changed.name, whole->name) != 0)
        assert_ok(gs_dir_remove(p->dir, changed.name, &p->error), &p->error);
    return status;
}

static gs_container_name write_small(place *p)
{
    random_segment *random = small_segment();
    gs_container_name name;
    assert_ok(random_segment_write(random, p->dir, NULL, false, 1000, &name, &p->error), &p->error);
    bool has_long = false;
    for (uint32_t i = 0; i < random->grams + random->words; i++)
        has_long |= random->lists[i].count >= GS_LONG_MIN_DEFAULT;
    assert_true(has_long);
    random_segment_free(random);
    return name;
}

static void a_segment_written_anew_is_the_same(void **state)
{
    place *p = *state;
    gs_container_name whole = write_small(p), changed;
    gs_segment *segment;
    assert_ok(reopen(p, &whole, &(change){0}, &changed, &segment), &p->error);
    assert_string_equal(changed.name, whole.name);
    assert_ok(use(p, segment), &p->error);
    gs_segment_unref(segment);
}

static const uint32_t chunks[] = {
    GS_CHUNK_META, GS_CHUNK_DOCS, GS_CHUNK_COLS, GS_CHUNK_KEYS, GS_CHUNK_TITL,
    GS_CHUNK_SRCS, GS_CHUNK_CHAR, GS_CHUNK_GRAM, GS_CHUNK_WORD, GS_CHUNK_POST,
    GS_CHUNK_TRIG, GS_CHUNK_SDIR, GS_CHUNK_TEXT, GS_CHUNK_TDIR, GS_CHUNK_CKPT,
};

static void a_chunk_that_is_missing_or_cut_is_found(void **state)
{
    place *p = *state;
    gs_container_name whole = write_small(p);
    gs_segment *segment = open_named(p, &whole);
    for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
        change absent = {.chunk = chunks[i], .keep = SIZE_MAX, .is_absent = true};
        assert_fails(GSEARCH_CORRUPT, use_changed(p, &whole, &absent), &p->error);
        size_t len = gs_container_find(segment->container, chunks[i]).len;
        const size_t keeps[] = {1, len / 2 | 1, len - 1}; // odd: rows are not whole either
        for (size_t k = 0; k < 3; k++) {
            change cut = {.chunk = chunks[i], .keep = keeps[k]};
            assert_fails(GSEARCH_CORRUPT, use_changed(p, &whole, &cut), &p->error);
        }
    }
    gs_segment_unref(segment);
}

static void numbers_that_cannot_be_are_found(void **state)
{
    place *p = *state;
    gs_container_name whole = write_small(p);
    static const struct {
        uint32_t chunk, at, value;
    } changes[] = {
        {GS_CHUNK_META, 4, 2},           // has_text
        {GS_CHUNK_META, 8, 0},           // long_min
        {GS_CHUNK_META, 8, 1},           {GS_CHUNK_META, 8, 2},
        {GS_CHUNK_META, 8, UINT32_MAX},  {GS_CHUNK_META, 12, 1},
        {GS_CHUNK_META, 16, 0},          // gaps
        {GS_CHUNK_META, 16, UINT32_MAX}, {GS_CHUNK_META, 20, UINT32_MAX},
        {GS_CHUNK_META, 24, 1},          // bytes of text
        {GS_CHUNK_META, 32, 1},          // positions in lists
        {GS_CHUNK_META, 40, 1},          // lists
        {GS_CHUNK_META, 60, UINT32_MAX}, // end of the version
        {GS_CHUNK_SRCS, 0, 0},           {GS_CHUNK_SRCS, 0, 1},
        {GS_CHUNK_SRCS, 0, UINT32_MAX},
        {GS_CHUNK_SRCS, 4, 1},           // the first source begins later
        {GS_CHUNK_SRCS, 8, UINT32_MAX},  // the second behind the last document
        {GS_CHUNK_KEYS, 0, 59},          {GS_CHUNK_KEYS, 0, 61},
        {GS_CHUNK_TITL, 0, 59},          {GS_CHUNK_TITL, 0, UINT32_MAX},
        {GS_CHUNK_COLS, 16, 1},          // base of the ranks
        {GS_CHUNK_COLS, 20, UINT32_MAX}, {GS_CHUNK_COLS, 40, UINT32_MAX}, // of the titles
        {GS_CHUNK_SDIR, 0, UINT32_MAX},  {GS_CHUNK_SDIR, 4, UINT32_MAX},
        {GS_CHUNK_CHAR, 0, UINT32_MAX},  // does not rise
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        change c = {.chunk = changes[i].chunk, .at = changes[i].at, .keep = SIZE_MAX};
        c.bytes = &changes[i].value;
        c.len = sizeof(uint32_t);
        assert_fails(GSEARCH_CORRUPT, use_changed(p, &whole, &c), &p->error);
    }
}

static void a_rank_that_two_documents_share_is_found(void **state)
{
    place *p = *state;
    gs_container_name whole = write_small(p), changed;
    gs_segment *segment; // not mapped, so that columns lie in the file
    assert_ok(gs_segment_open(p->dir, NULL, whole.id, whole.length, false, &segment, &p->error),
              &p->error);
    gs_bytes cols = gs_container_find(segment->container, GS_CHUNK_COLS);
    assert_int_equal(segment->docs.rank.width, 1);
    size_t ranks = (size_t)(segment->docs.rank.data - cols.ptr);
    change c = {.chunk = GS_CHUNK_COLS, .at = ranks + 1, .bytes = cols.ptr + ranks, .len = 1};
    c.keep = SIZE_MAX;
    gs_segment *damaged;
    const uint32_t *by_rank;
    assert_ok(reopen(p, &whole, &c, &changed, &damaged), &p->error);
    assert_fails(GSEARCH_CORRUPT, gs_segment_by_rank(damaged, &by_rank, &p->error), &p->error);
    assert_fails(GSEARCH_CORRUPT, gs_segment_verify(damaged, &p->error), &p->error);
    gs_segment_unref(damaged);
    gs_segment_unref(segment);
}

/* Searches skip blocks by these bounds and cannot notice that they are wrong. */
static void bounds_of_blocks_that_are_not_true_are_found(void **state)
{
    place *p = *state;
    gs_container_name whole = write_small(p);
    gs_segment *segment = open_named(p, &whole);
    gs_terms_iterator iterator;
    gs_long_list list;
    bool more;
    assert_ok(gs_terms_seek_gram(&iterator, &segment->terms, 0, &p->error), &p->error);
    do {
        assert_ok(gs_terms_next(&iterator, &more, &p->error), &p->error);
        assert_true(more);
    } while (!iterator.list.is_long);
    assert_ok(gs_long_list_open(&segment->postings, &iterator.list, &list, &p->error), &p->error);
    const uint32_t last = list.blocks - 1;
    const uint8_t *bounds[] = {list.impacts, list.impacts + 4 * (size_t)last, list.counts,
                               list.counts + last};
    for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t other = (uint8_t)(*bounds[i] ^ 1u << bit);
            change c = {.chunk = GS_CHUNK_POST, .bytes = &other, .len = 1, .keep = SIZE_MAX};
            c.at = (size_t)(bounds[i] - segment->postings.post.ptr);
            if (i < 2 && other > *bounds[i]) // a merge may have raised an impact
                assert_ok(use_changed(p, &whole, &c), &p->error);
            else
                assert_fails(GSEARCH_CORRUPT, use_changed(p, &whole, &c), &p->error);
        }
    }
    gs_segment_unref(segment);
}

static void damaged_content_under_right_sums_is_survived(void **state)
{
    place *p = *state;
    gs_container_name whole = write_small(p);
    gs_segment *segment = open_named(p, &whole);
    uint64_t seed = 1234;
    uint32_t refused = 0;
    for (uint32_t n = 0; n < MUTATIONS; n++) {
        uint32_t id = chunks[n % (sizeof(chunks) / sizeof(*chunks))];
        gs_bytes bytes = gs_container_find(segment->container, id);
        size_t span = n % 2 && bytes.len > 200 ? 200 : bytes.len;
        uint64_t noise = gs_test_random(&seed);
        change c = {.chunk = id, .keep = SIZE_MAX, .bytes = &noise};
        c.len = 1 + gs_test_random_below(&seed, 4);
        c.at = gs_test_random_below(&seed, span - c.len + 1);
        gsearch_status status = use_changed(p, &whole, &c);
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
        refused += status == GSEARCH_CORRUPT;
    }
    assert_true(refused > MUTATIONS / 2);
    gs_segment_unref(segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_CASE(lists_are_counted_by_class),
        PLACE_CASE(a_segment_of_no_documents_is_one),
        PLACE_CASE(documents_may_be_empty),
        PLACE_CASE(one_position_of_one_document_is_found),
        PLACE_CASE(a_full_segment_takes_no_more),
        PLACE_CASE(of_equal_ids_the_document_added_last_is_found),
        PLACE_CASE(documents_by_rank_are_in_order_of_id_and_then_of_number),
        PLACE_CASE(a_document_comes_from_the_source_named_last_before_it),
        PLACE_CASE(a_segment_lives_until_the_last_reference_is_gone),
        PLACE_CASE(a_file_that_is_not_there_is_not_found),
        PLACE_CASE(without_memory_writing_fails_and_leaves_nothing),
        PLACE_CASE(one_refused_allocation_is_not_forgotten),
        PLACE_CASE(without_memory_opening_and_checking_fail_cleanly),
        PLACE_CASE(a_segment_written_anew_is_the_same),
        PLACE_CASE(a_chunk_that_is_missing_or_cut_is_found),
        PLACE_CASE(numbers_that_cannot_be_are_found),
        PLACE_CASE(a_rank_that_two_documents_share_is_found),
        PLACE_CASE(bounds_of_blocks_that_are_not_true_are_found),
        PLACE_CASE(damaged_content_under_right_sums_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
