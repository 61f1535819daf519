/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/check.c: a segment is damaged byte by byte. What is damaged is found;
 * and where the sums are made right again, as one who means harm would, reading it stays safe.
 */
#include "common/segment/segment.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/common/segment/place.h"
#include "tests/common/segment/randomsegment.h"
#include "tests/common/segment/seal.h"

/* A segment as it lies in its folder. */
typedef struct sample {
    place *place;
    gs_container_name name;
    uint8_t *bytes;
    size_t len;
} sample;

static sample sample_make(place *p, uint64_t seed, uint32_t documents, uint32_t grams,
                          uint32_t words)
{
    sample s = {.place = p};
    random_segment *random = random_segment_new(seed, documents, grams, words);
    assert_ok(random_segment_write(random, p->dir, &p->flaky.mem, false, 100, &s.name, &p->error),
              &p->error);
    random_segment_free(random);
    s.bytes = gs_test_file_read(p->path, s.name.name, &s.len);
    assert_int_equal(s.len, s.name.length);
    return s;
}

/* One page, so that a reader meets every damage at once, and few bytes, for all are tried. */
static sample small_sample(place *p)
{
    sample s = sample_make(p, 4, 6, 40, 20);
    assert_in_range(s.len, 2000, 16000);
    return s;
}

/* Of many pages, with long lists. */
static sample large_sample(place *p)
{
    sample s = sample_make(p, 20171205, 120, 1500, 60);
    assert_in_range(s.len, 5 * GS_PAGE_BYTES, 50 * GS_PAGE_BYTES);
    return s;
}

/* Puts bytes in the place of the file. Not by gs_test_file_write: some file systems write a file
 * that was emptied and filled to the disk at once, and this happens thousands of times. */
static void sample_write(const sample *s, const uint8_t *bytes, size_t len)
{
    char *path = gs_test_path(s->place->path, s->name.name);
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, 0), len);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    close(fd);
    free(path);
}

static gsearch_status sample_open(const sample *s, gs_hash128 id, uint64_t length, gs_segment **out)
{
    return gs_segment_open(s->place->dir, &s->place->flaky.mem, id, length, true, out,
                           &s->place->error);
}

/* Opens and verifies what lies in the folder. */
static gsearch_status sample_verify(const sample *s, uint64_t length)
{
    gs_segment *segment;
    gsearch_status status = sample_open(s, s->name.id, length, &segment);
    if (!status) {
        status = gs_segment_verify(segment, &s->place->error);
        gs_segment_unref(segment);
    }
    return status;
}

/* Appends what a reader sees, which never verifies. */
static gsearch_status sample_read(const sample *s, gs_hash128 id, gs_buf *out)
{
    gsearch_error *err = &s->place->error;
    gs_segment *segment;
    GS_TRY(sample_open(s, id, s->len, &segment));
    gsearch_status status = gs_read_all(segment, out, err);
    gs_segment_unref(segment);
    return status;
}

/* ---- damage ---- */

static const uint8_t flips[] = {0x01, 0x80, 0xff};
#define FLIPS (sizeof(flips) / sizeof(*flips))

static void every_changed_byte_is_found(void **state)
{
    place *p = *state;
    sample s = small_sample(p);
    assert_ok(sample_verify(&s, s.len), &p->error);
    for (size_t at = 0; at < s.len; at++) {
        for (size_t f = 0; f < FLIPS; f++) {
            s.bytes[at] ^= flips[f];
            sample_write(&s, s.bytes, s.len);
            gsearch_status status = sample_verify(&s, s.len);
            s.bytes[at] ^= flips[f];
            if (status != GSEARCH_CORRUPT && status != GSEARCH_VERSION)
                fail_msg("byte %zu changed by %02x: %d", at, flips[f], status);
        }
    }
    free(s.bytes);
}

static void every_shorter_file_is_refused(void **state)
{
    place *p = *state;
    sample s = small_sample(p);
    for (size_t len = 0; len < s.len; len++) {
        sample_write(&s, s.bytes, len);
        assert_int_not_equal(sample_verify(&s, s.len), GSEARCH_OK);
        assert_int_equal(sample_verify(&s, len), GSEARCH_CORRUPT);
    }
    free(s.bytes);
}

static void changed_bytes_of_many_pages_are_found(void **state)
{
    place *p = *state;
    sample s = large_sample(p);
    uint64_t seed = 1;
    for (int i = 0; i < 300; i++) {
        size_t at = gs_test_random_below(&seed, s.len);
        uint8_t flip = (uint8_t)(1 + gs_test_random_below(&seed, 255));
        s.bytes[at] ^= flip;
        sample_write(&s, s.bytes, s.len);
        gsearch_status status = sample_verify(&s, s.len);
        s.bytes[at] ^= flip;
        if (status != GSEARCH_CORRUPT && status != GSEARCH_VERSION)
            fail_msg("byte %zu changed by %02x: %d", at, flip, status);
    }
    free(s.bytes);
}

static void readers_of_damaged_pages_fail_or_see_the_same(void **state)
{
    place *p = *state;
    sample s = large_sample(p);
    gs_buf wanted, found;
    uint64_t seed = 2;
    gs_buf_init(&wanted, NULL, SIZE_MAX / 2);
    gs_buf_init(&found, NULL, SIZE_MAX / 2);
    assert_ok(sample_read(&s, s.name.id, &wanted), &p->error);
    for (int i = 0; i < 100; i++) {
        size_t at = gs_test_random_below(&seed, s.len);
        s.bytes[at] ^= 0x20;
        sample_write(&s, s.bytes, s.len);
        gs_buf_reset(&found);
        if (sample_read(&s, s.name.id, &found) == GSEARCH_OK) // a byte between chunks
            assert_true(gs_bytes_equal(gs_buf_view(&found), gs_buf_view(&wanted)));
        s.bytes[at] ^= 0x20;
    }
    gs_buf_release(&wanted);
    gs_buf_release(&found);
    free(s.bytes);
}

static gs_list longest_list(const gs_segment *segment, gsearch_error *err)
{
    gs_terms_iterator iterator;
    gs_list longest = {.count = 0};
    bool more;
    assert_ok(gs_terms_seek_gram(&iterator, &segment->terms, GS_GRAM_BREAK, err), err);
    for (;;) {
        assert_ok(gs_terms_next(&iterator, &more, err), err);
        if (!more)
            return longest;
        if (iterator.list.is_long && iterator.list.count > longest.count)
            longest = iterator.list;
    }
}

/* Opens what lies in the folder and reads one block of its longest list; gives its bytes, too. */
static gsearch_status read_block(const sample *s, uint32_t block, uint8_t *first, size_t len)
{
    gsearch_error *err = &s->place->error;
    gs_segment *segment;
    gs_long_list list;
    uint32_t out[GS_BLOCK_POSTINGS], count;
    assert_ok(sample_open(s, s->name.id, s->len, &segment), err);
    gs_list longest = longest_list(segment, err);
    assert_ok(gs_long_list_open(&segment->postings, &longest, &list, err), err);
    assert_in_range(block, 0, list.blocks - 1);
    memcpy(first, list.payload.ptr + 32 * (size_t)gs_load_u32(list.offsets + 4 * (size_t)block),
           len);
    gsearch_status status = gs_long_list_block(&list, block, out, &count, err);
    gs_segment_unref(segment);
    return status;
}

/* A changed gap may leave numbers that rise: only the sum of the page can tell. */
static void a_damaged_block_of_a_long_list_is_not_read(void **state)
{
    place *p = *state;
    sample s = sample_make(p, 20171205, 2000, 400, 10);
    const uint32_t block = 80; // further than a page from the table, which is read before
    uint8_t packed[64], seen[64];
    assert_ok(read_block(&s, block, packed, sizeof(packed)), &p->error);
    uint8_t *at = memmem(s.bytes, s.len, packed, sizeof(packed));
    assert_non_null(at);
    for (size_t i = 0; i < sizeof(packed); i += 4) {
        at[i] ^= 1;
        sample_write(&s, s.bytes, s.len);
        assert_fails(GSEARCH_CORRUPT, read_block(&s, block, seen, sizeof(seen)), &p->error);
        assert_int_equal(seen[i], packed[i] ^ 1);
        at[i] ^= 1;
    }
    free(s.bytes);
}

/* Reads every list of what lies in the folder; how many were refused, UINT32_MAX if it does not
 * open. Lists are read one by one, so a page is first met at a head, in a table or in a block. */
static uint32_t count_refused(const sample *s)
{
    gsearch_error *err = &s->place->error;
    gs_segment *segment;
    gs_terms_iterator iterator;
    uint32_t refused = 0, out[GS_BLOCK_POSTINGS], count;
    if (sample_open(s, s->name.id, s->len, &segment))
        return UINT32_MAX;
    assert_ok(gs_terms_seek_gram(&iterator, &segment->terms, GS_GRAM_BREAK, err), err);
    for (bool more = true; more;) {
        gs_long_list list;
        assert_ok(gs_terms_next(&iterator, &more, err), err);
        if (!more || !iterator.list.is_long)
            continue;
        gsearch_status status = gs_long_list_open(&segment->postings, &iterator.list, &list, err);
        for (uint32_t block = 0; !status && block < list.blocks; block++)
            status = gs_long_list_block(&list, block, out, &count, err);
        assert_true(!status || status == GSEARCH_CORRUPT);
        refused += status != GSEARCH_OK;
    }
    gs_segment_unref(segment);
    return refused;
}

static void a_damaged_page_refuses_the_long_lists_in_it(void **state)
{
    place *p = *state;
    sample s = sample_make(p, 20171205, 2000, 400, 10);
    uint32_t opened = 0;
    assert_int_equal(count_refused(&s), 0);
    for (size_t at = GS_PAGE_BYTES / 2; at < s.len; at += GS_PAGE_BYTES) {
        s.bytes[at] ^= 1;
        sample_write(&s, s.bytes, s.len);
        uint32_t refused = count_refused(&s);
        s.bytes[at] ^= 1;
        opened += refused != UINT32_MAX;
        assert_true(refused > 0);
    }
    assert_true(opened > 0);
    free(s.bytes);
}

/* ---- damage under right sums ---- */

/* Reads and verifies a forged file: fine or CORRUPT, and nothing worse. */
static void assert_survived(sample *s, uint8_t *forged, size_t at)
{
    gs_hash128 id = gs_seal(forged, s->len);
    gs_segment *segment;
    gs_buf seen;
    gs_segment_file_name(id, s->name.name);
    sample_write(s, forged, s->len);
    gs_buf_init(&seen, NULL, SIZE_MAX / 2);
    gsearch_status read = sample_read(s, id, &seen), verified = GSEARCH_OK;
    gs_buf_release(&seen);
    if (sample_open(s, id, s->len, &segment) == GSEARCH_OK) {
        verified = gs_segment_verify(segment, &s->place->error);
        gs_segment_unref(segment);
    }
    if ((read && read != GSEARCH_CORRUPT) || (verified && verified != GSEARCH_CORRUPT))
        fail_msg("byte %zu: reading %d, verifying %d: %s", at, read, verified,
                 s->place->error.message);
    assert_int_equal(gs_dir_remove(s->place->dir, s->name.name, &s->place->error), GSEARCH_OK);
}

static void every_forged_byte_is_survived(void **state)
{
    place *p = *state;
    sample s = small_sample(p);
    uint8_t *forged = malloc(s.len);
    uint64_t sums = gs_load_u64(s.bytes + s.len - GS_FOOTER_BYTES + 16);
    for (size_t at = GS_HEADER_BYTES; at < sums; at++) {
        memcpy(forged, s.bytes, s.len);
        forged[at] ^= flips[at % FLIPS];
        assert_survived(&s, forged, at);
    }
    free(forged);
    free(s.bytes);
}

static void forged_long_lists_are_survived(void **state)
{
    place *p = *state;
    sample s = large_sample(p);
    uint8_t *forged = malloc(s.len);
    uint64_t sums = gs_load_u64(s.bytes + s.len - GS_FOOTER_BYTES + 16), seed = 3;
    for (int i = 0; i < 300; i++) {
        size_t at = GS_HEADER_BYTES + gs_test_random_below(&seed, sums - GS_HEADER_BYTES);
        memcpy(forged, s.bytes, s.len);
        for (uint64_t left = 1 + gs_test_random_below(&seed, 8); left && at < sums; left--)
            forged[at++] = (uint8_t)gs_test_random_below(&seed, 256);
        assert_survived(&s, forged, at);
    }
    free(forged);
    free(s.bytes);
}

/* ---- trigrams ---- */

#define FREQUENT 2100u /* positions of a bigram of which a trigram is made */

/* One of every four positions; of each fiftieth, the one before that of `near`. */
static void put_bigram(gs_segment_writer *writer, uint64_t gram, uint32_t phase, uint32_t near,
                       gsearch_error *err)
{
    uint32_t positions[FREQUENT];
    for (uint32_t i = 0; i < FREQUENT; i++)
        positions[i] = 4 * i + (i % 50 ? phase : near);
    assert_ok(gs_segment_add_list(writer, false, gram, gs_bytes_of("", 0), err), err);
    assert_ok(gs_segment_add_positions(writer, positions, FREQUENT, err), err);
}

/* 公开, 务公 and 政务, each of them next to the other 42 times: two trigrams. */
static sample trigram_sample(place *p)
{
    gsearch_error *err = &p->error;
    sample s = {.place = p};
    gs_segment_writer *writer;
    const gs_segment_options options = {.analyzer = 1, .unicode = "15.0.0"};
    gs_doc_record record = {.key = gs_bytes_str("a"), .title = gs_bytes_str("a")};
    record.length = 4 * FREQUENT;
    assert_ok(gs_segment_create(p->dir, &p->flaky.mem, &options, &writer, err), err);
    assert_ok(gs_segment_add_source(writer, gs_bytes_of("", 0), err), err);
    assert_ok(gs_segment_add_document(writer, &record, err), err);
    assert_ok(gs_segment_documents_done(writer, err), err);
    put_bigram(writer, gs_gram(U'公', U'开', 0), 0, 2, err);
    put_bigram(writer, gs_gram(U'务', U'公', 0), 2, 1, err);
    put_bigram(writer, gs_gram(U'政', U'务', 0), 0, 0, err);
    assert_ok(gs_segment_lists_done(writer, err), err);
    assert_ok(gs_segment_finish(writer, &s.name, err), err);
    s.bytes = gs_test_file_read(p->path, s.name.name, &s.len);
    return s;
}

/* Where a chunk of the file is, and how long. */
static uint64_t chunk_of(const sample *s, uint32_t id, uint64_t *length)
{
    gs_segment *segment;
    uint64_t offset = 0;
    assert_ok(sample_open(s, s->name.id, s->len, &segment), &s->place->error);
    for (size_t i = 0; i < gs_container_chunks(segment->container); i++)
        if (gs_container_chunk_id(segment->container, i, &offset, length) == id)
            break;
    gs_segment_unref(segment);
    return offset;
}

/* Verifies bytes whose sums are made right. */
static gsearch_status verify_forged(sample *s, uint8_t *forged)
{
    gs_segment *segment;
    gs_hash128 id = gs_seal(forged, s->len);
    gs_segment_file_name(id, s->name.name);
    sample_write(s, forged, s->len);
    gsearch_status status = sample_open(s, id, s->len, &segment);
    if (!status) {
        status = gs_segment_verify(segment, &s->place->error);
        gs_segment_unref(segment);
    }
    assert_int_equal(gs_dir_remove(s->place->dir, s->name.name, &s->place->error), GSEARCH_OK);
    return status;
}

/* There is one right dictionary of trigrams to lists of bigrams, and verify knows it. */
static void trigrams_that_the_bigrams_do_not_give_are_found(void **state)
{
    place *p = *state;
    sample s = trigram_sample(p);
    gs_segment *segment;
    gs_list first, second;
    assert_ok(sample_open(&s, s.name.id, s.len, &segment), &p->error);
    assert_ok(
        gs_terms_find_gram(&segment->trigrams, gs_gram(U'务', U'公', U'开'), &first, &p->error),
        &p->error);
    assert_ok(
        gs_terms_find_gram(&segment->trigrams, gs_gram(U'政', U'务', U'公'), &second, &p->error),
        &p->error);
    assert_int_equal(first.count, FREQUENT / 50);
    assert_int_equal(second.count, FREQUENT / 50);
    gs_segment_unref(segment);
    uint64_t length, begin = chunk_of(&s, GS_CHUNK_TRIG, &length);
    uint8_t *forged = malloc(s.len);
    for (size_t at = begin; at < begin + length; at++) {
        for (unsigned value = 1; value < 256; value += 18) {
            memcpy(forged, s.bytes, s.len);
            forged[at] ^= (uint8_t)value;
            gsearch_status status = verify_forged(&s, forged);
            if (status != GSEARCH_CORRUPT)
                fail_msg("byte %zu changed by %02x: %d", at - (size_t)begin, value, status);
        }
    }
    free(forged);
    free(s.bytes);
}

static void a_bound_of_trigrams_that_is_not_theirs_is_found(void **state)
{
    place *p = *state;
    sample s = trigram_sample(p);
    uint64_t length, at = chunk_of(&s, GS_CHUNK_META, &length) + 12; // FORMAT 3.1
    uint8_t *forged = malloc(s.len);
    static const uint32_t bounds[] = {0, 1, 2047, FREQUENT + 1, UINT32_MAX};
    uint32_t bound = gs_load_u32(s.bytes + at);
    assert_in_range(bound, 2048, FREQUENT);
    for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
        memcpy(forged, s.bytes, s.len);
        gs_store_u32(forged + at, bounds[i]);
        assert_fails(GSEARCH_CORRUPT, verify_forged(&s, forged), &p->error);
    }
    memcpy(forged, s.bytes, s.len);
    assert_ok(verify_forged(&s, forged), &p->error);
    free(forged);
    free(s.bytes);
}

static void without_memory_verify_says_so(void **state)
{
    place *p = *state;
    sample s = trigram_sample(p);
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_segment *segment;
        assert_ok(sample_open(&s, s.name.id, s.len, &segment), &p->error);
        p->flaky.calls = 0;
        p->flaky.fail_at = fail_at;
        status = gs_segment_verify(segment, &p->error);
        p->flaky.fail_at = 0;
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &p->error);
        gs_segment_unref(segment);
        assert_true(fail_at < 1000);
    }
    free(s.bytes);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        PLACE_CASE(every_changed_byte_is_found),
        PLACE_CASE(every_shorter_file_is_refused),
        PLACE_CASE(changed_bytes_of_many_pages_are_found),
        PLACE_CASE(readers_of_damaged_pages_fail_or_see_the_same),
        PLACE_CASE(a_damaged_block_of_a_long_list_is_not_read),
        PLACE_CASE(a_damaged_page_refuses_the_long_lists_in_it),
        PLACE_CASE(every_forged_byte_is_survived),
        PLACE_CASE(forged_long_lists_are_survived),
        PLACE_CASE(trigrams_that_the_bigrams_do_not_give_are_found),
        PLACE_CASE(a_bound_of_trigrams_that_is_not_theirs_is_found),
        PLACE_CASE(without_memory_verify_says_so),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
