/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/deletes.c: shares against the arrays they were made from, and files
 * that are whole as containers but say what cannot be.
 */
#include "common/segment/deletes.h"

#include "common/segment/strings.h"
#include "tests/common/segment/place.h"

static const gs_hash128 segment = {.low = 0x1111, .high = 0x2222};
static const uint8_t bits[] = {0x05, 0x02}; // documents 0, 2 and 9 of 10
static const uint64_t grams[] = {0, 1ull << 42, 1ull << 62};
static const uint32_t gram_documents[] = {3, 1, 2};
static const uint32_t characters[] = {0x4E00, 0x4E01, 0x20000};
static const uint32_t character_documents[] = {2, 3, 1};
static const char *const word_texts[] = {"2017", "20171", "a", "pd1728a"};
static const uint32_t word_documents[] = {1, 2, 3, 1};

static gs_deletes_content content(gs_bytes words[4])
{
    for (size_t i = 0; i < 4; i++)
        words[i] = gs_bytes_str(word_texts[i]);
    return (gs_deletes_content){
        .segment = segment,
        .documents = 10,
        .deleted = 3,
        .deleted_length = 1ull << 33,
        .bits = bits,
        .grams = grams,
        .gram_documents = gram_documents,
        .grams_count = 3,
        .characters = characters,
        .character_documents = character_documents,
        .characters_count = 3,
        .words = words,
        .word_documents = word_documents,
        .words_count = 4,
    };
}

static gsearch_status write_and_open(place *p, const gs_deletes_content *c, gs_deletes **out)
{
    gs_container_name name;
    assert_ok(gs_deletes_write(p->dir, &p->flaky.mem, c, &name, &p->error), &p->error);
    assert_int_equal(strncmp(name.name, "del-", 4), 0);
    assert_string_equal(name.name + 36, ".gsd");
    return gs_deletes_open(p->dir, &p->flaky.mem, name.name, name.length, name.id, segment, 10,
                           true, out, &p->error);
}

static uint32_t word_share(place *p, const gs_deletes *deletes, const char *word)
{
    uint32_t share = 12345;
    assert_ok(gs_deletes_word_share(deletes, gs_bytes_str(word), &share, &p->error), &p->error);
    return share;
}

static void what_was_written_is_found(void **state)
{
    place *p = *state;
    gs_bytes words[4];
    gs_deletes_content c = content(words);
    gs_deletes *deletes;
    assert_ok(write_and_open(p, &c, &deletes), &p->error);
    assert_int_equal(deletes->deleted, 3);
    assert_int_equal(deletes->documents, 10);
    assert_true(deletes->deleted_length == 1ull << 33);
    for (uint32_t doc = 0; doc < 10; doc++)
        assert_int_equal(gs_deletes_has(deletes, doc), doc == 0 || doc == 2 || doc == 9);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(gs_deletes_gram_share(deletes, grams[i]), gram_documents[i]);
        assert_int_equal(gs_deletes_gram_share(deletes, grams[i] + 1), 0);
        assert_int_equal(gs_deletes_character_share(deletes, characters[i]),
                         character_documents[i]);
    }
    assert_int_equal(gs_deletes_gram_share(deletes, UINT64_MAX), 0);
    assert_int_equal(gs_deletes_character_share(deletes, 0), 0);
    assert_int_equal(gs_deletes_character_share(deletes, 0x4E02), 0);
    assert_int_equal(gs_deletes_character_share(deletes, UINT32_MAX), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(word_share(p, deletes, word_texts[i]), word_documents[i]);
    assert_int_equal(word_share(p, deletes, ""), 0);
    assert_int_equal(word_share(p, deletes, "2018"), 0);
    assert_int_equal(word_share(p, deletes, "z"), 0);
    gs_deletes *again = gs_deletes_ref(deletes);
    gs_deletes_unref(deletes);
    assert_int_equal(gs_deletes_gram_share(again, 0), 3);
    gs_deletes_unref(again);
}

static void no_deletes_have_no_share(void **state)
{
    place *p = *state;
    assert_false(gs_deletes_has(NULL, 7));
    assert_int_equal(gs_deletes_gram_share(NULL, 0), 0);
    assert_int_equal(gs_deletes_character_share(NULL, 0x4E00), 0);
    assert_int_equal(word_share(p, NULL, "a"), 0);
    assert_null(gs_deletes_ref(NULL));
    gs_deletes_unref(NULL);
}

static void a_share_may_be_empty(void **state)
{
    place *p = *state;
    gs_deletes_content c = {.segment = segment, .documents = 10, .deleted = 3, .bits = bits};
    gs_deletes *deletes;
    assert_ok(write_and_open(p, &c, &deletes), &p->error);
    assert_int_equal(gs_deletes_gram_share(deletes, 0), 0);
    assert_int_equal(word_share(p, deletes, "a"), 0);
    gs_deletes_unref(deletes);
}

static void deletes_of_another_segment_are_refused(void **state)
{
    place *p = *state;
    gs_bytes words[4];
    gs_deletes_content c = content(words);
    gs_container_name name;
    assert_ok(gs_deletes_write(p->dir, &p->flaky.mem, &c, &name, &p->error), &p->error);
    gs_deletes *deletes;
    gs_hash128 other = {.low = segment.low, .high = segment.high ^ 1};
    assert_fails(GSEARCH_CORRUPT,
                 gs_deletes_open(p->dir, &p->flaky.mem, name.name, name.length, name.id, other, 10,
                                 true, &deletes, &p->error),
                 &p->error);
    for (uint32_t documents = 0; documents < 20; documents++) {
        gsearch_status status =
            gs_deletes_open(p->dir, &p->flaky.mem, name.name, name.length, name.id, segment,
                            documents, true, &deletes, &p->error);
        assert_int_equal(status, documents == 10 ? GSEARCH_OK : GSEARCH_CORRUPT);
        if (!status)
            gs_deletes_unref(deletes);
    }
}

static void assert_refused(place *p, const gs_deletes_content *c)
{
    gs_deletes *deletes;
    assert_fails(GSEARCH_CORRUPT, write_and_open(p, c, &deletes), &p->error);
}

static void content_that_cannot_be_is_refused(void **state)
{
    place *p = *state;
    static const uint8_t spare[] = {0x05, 0x06}; // a document 10
    static const uint64_t falling_grams[] = {0, 5, 5};
    static const uint32_t falling_characters[] = {7, 6, 8};
    static const uint32_t nobody[] = {1, 0, 1, 1}, too_many[] = {1, 4, 1, 1};
    gs_bytes words[4];
    gs_deletes_content c = content(words);
    c.deleted = 4;
    assert_refused(p, &c);
    c.bits = spare;
    assert_refused(p, &c);
    c = content(words);
    c.grams = falling_grams;
    assert_refused(p, &c);
    c = content(words);
    c.characters = falling_characters;
    assert_refused(p, &c);
    c = content(words);
    words[1] = words[0];
    assert_refused(p, &c);
    static const uint32_t *const wrong[] = {nobody, too_many};
    for (size_t i = 0; i < 2; i++) {
        c = content(words);
        c.gram_documents = wrong[i];
        assert_refused(p, &c);
        c = content(words);
        c.character_documents = wrong[i];
        assert_refused(p, &c);
        c = content(words);
        c.word_documents = wrong[i];
        assert_refused(p, &c);
    }
}

/* Opens a deletes file with these chunks, whatever is in them. */
static gsearch_status open_chunks(place *p, gs_bytes bit_chunk, gs_bytes share)
{
    gs_container_writer *writer;
    gs_container_name name;
    assert_ok(gs_container_create(p->dir, NULL, GS_KIND_DELETES, &writer, &p->error), &p->error);
    gs_container_chunk(writer, GS_CHUNK_BITS);
    gs_container_write(writer, bit_chunk.ptr, bit_chunk.len);
    gs_container_chunk(writer, GS_CHUNK_SHAR);
    gs_container_write(writer, share.ptr, share.len);
    assert_ok(gs_container_finish(writer, "test-", ".bin", &name, &p->error), &p->error);
    gs_deletes *deletes;
    gsearch_status status = gs_deletes_open(p->dir, &p->flaky.mem, name.name, name.length, name.id,
                                            segment, 10, false, &deletes, &p->error);
    if (!status) {
        word_share(p, deletes, "a");
        gs_deletes_gram_share(deletes, 5);
        gs_deletes_character_share(deletes, 5);
        gs_deletes_unref(deletes);
    }
    return status;
}

static void any_chunks_are_read_within_bounds(void **state)
{
    place *p = *state;
    gs_bytes words[4];
    gs_deletes_content c = content(words);
    gs_deletes *deletes;
    assert_ok(write_and_open(p, &c, &deletes), &p->error);
    gs_bytes bit_chunk = gs_container_find(deletes->container, GS_CHUNK_BITS);
    gs_bytes share = gs_container_find(deletes->container, GS_CHUNK_SHAR);
    assert_ok(open_chunks(p, bit_chunk, share), &p->error);
    for (size_t len = 0; len < bit_chunk.len; len++)
        assert_fails(GSEARCH_CORRUPT, open_chunks(p, gs_bytes_of(bit_chunk.ptr, len), share),
                     &p->error);
    uint8_t *copy = malloc(share.len + 1);
    memcpy(copy, share.ptr, share.len);
    copy[share.len] = 0;
    for (size_t len = 0; len < share.len; len++) {
        assert_fails(GSEARCH_CORRUPT, open_chunks(p, bit_chunk, gs_bytes_of(copy, len)),
                     &p->error);
        copy[len] ^= 0x81;
        gsearch_status status = open_chunks(p, bit_chunk, gs_bytes_of(copy, share.len));
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
        copy[len] ^= 0x81;
    }
    copy[12] = 1; // reserved
    assert_fails(GSEARCH_CORRUPT, open_chunks(p, bit_chunk, gs_bytes_of(copy, share.len)),
                 &p->error);
    copy[12] = 0;
    assert_fails(GSEARCH_CORRUPT, open_chunks(p, bit_chunk, gs_bytes_of(copy, share.len + 1)),
                 &p->error);
    free(copy);
    gs_deletes_unref(deletes);
}

static void without_memory_it_fails_cleanly(void **state)
{
    place *p = *state;
    gs_bytes words[4];
    gs_deletes_content c = content(words);
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_container_name name;
        status = gs_deletes_write(p->dir, &flaky.mem, &c, &name, &p->error);
        gs_deletes *deletes;
        if (!status)
            status = gs_deletes_open(p->dir, &flaky.mem, name.name, name.length, name.id, segment,
                                     10, false, &deletes, &p->error);
        if (!status)
            gs_deletes_unref(deletes);
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_CASE(what_was_written_is_found),
        PLACE_CASE(no_deletes_have_no_share),
        PLACE_CASE(a_share_may_be_empty),
        PLACE_CASE(deletes_of_another_segment_are_refused),
        PLACE_CASE(content_that_cannot_be_is_refused),
        PLACE_CASE(any_chunks_are_read_within_bounds),
        PLACE_CASE(without_memory_it_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
