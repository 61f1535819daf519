/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/container.c. The expected bytes follow docs/FORMAT.md and are computed
 * here with xxhash itself.
 */
#include "common/segment/container.h"

#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/base/mapguard.h"
#include "tests/common/segment/place.h"

#define KIND GS_ID('T', 'E', 'S', 'T')
#define CHUNK_A GS_ID('A', 'A', 'A', 'A')
#define CHUNK_B GS_ID('B', 'B', 'B', 'B')
#define CHUNK_C GS_ID('C', 'C', 'C', 'C')

typedef struct sample {
    gs_container_name name;
    uint8_t *data; // the file, to be changed at will
    size_t len;
} sample;

static uint8_t byte_of(size_t i)
{
    return (uint8_t)(i * 131 + i / 251);
}

static gs_container_writer *write_pattern(place *p, const size_t *lengths, size_t count)
{
    gs_container_writer *writer;
    assert_ok(gs_container_create(p->dir, &p->flaky.mem, KIND, &writer, &p->error), &p->error);
    for (size_t i = 0; i < count; i++) {
        gs_container_chunk(writer, CHUNK_A + (uint32_t)i * 0x01010101u);
        for (size_t j = 0; j < lengths[i]; j++) {
            uint8_t byte = byte_of(i + j);
            gs_container_write(writer, &byte, 1);
        }
        assert_int_equal(gs_container_offset(writer), lengths[i]);
    }
    return writer;
}

/* Chunks A, B, … of these lengths, published as `test-<id>.bin`. */
static sample make(place *p, const size_t *lengths, size_t count)
{
    sample s;
    gs_container_writer *writer = write_pattern(p, lengths, count);
    assert_ok(gs_container_finish(writer, "test-", ".bin", &s.name, &p->error), &p->error);
    s.data = gs_test_file_read(p->path, s.name.name, &s.len);
    assert_int_equal(s.len, s.name.length);
    return s;
}

static gsearch_status open_file(place *p, const char *name, uint64_t length, gs_hash128 id,
                                gs_container **out)
{
    return gs_container_open(p->dir, &p->flaky.mem, name, length, KIND, id, false, out, &p->error);
}

/* Opens `s->data` as a file and checks all of it. */
static gsearch_status open_changed(place *p, const sample *s, size_t len)
{
    gs_test_file_write(p->path, "changed", s->data, len);
    gs_container *container;
    gsearch_status status = open_file(p, "changed", len, s->name.id, &container);
    if (status)
        return status;
    gs_bytes bytes;
    for (size_t i = 0; !status && i < gs_container_chunks(container); i++) {
        uint64_t offset, length;
        uint32_t id = gs_container_chunk_id(container, i, &offset, &length);
        status = gs_container_load(container, id, true, &bytes, &p->error);
    }
    gsearch_status verified = gs_container_verify(container, &p->error);
    // what a chunk shows, a look at everything must show too
    assert_true(!status || verified);
    gs_container_close(container);
    return verified;
}

/* Makes the checksums right again after the tail was changed. */
static void reseal(sample *s)
{
    uint8_t *footer = s->data + s->len - 64;
    uint64_t sums_offset = gs_load_u64(footer + 16);
    size_t tail = s->len - 64 - sums_offset;
    gs_store_u64(footer + 24, XXH3_64bits(s->data + sums_offset, tail));
    XXH128_hash_t id = XXH3_128bits(s->data, s->len - 64);
    gs_store_u64(footer + 32, id.low64);
    gs_store_u64(footer + 40, id.high64);
    gs_store_u64(footer + 56, XXH3_64bits(footer, 56));
    s->name.id = (gs_hash128){.low = id.low64, .high = id.high64};
}

static void chunks_come_back_as_written(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 0, 64, 40000};
    sample s = make(p, lengths, 4);
    for (int map = 0; map < 2; map++) {
        gs_container *container;
        assert_ok(gs_container_open(p->dir, &p->flaky.mem, s.name.name, s.name.length, KIND,
                                    s.name.id, map, &container, &p->error),
                  &p->error);
        assert_string_equal(gs_container_name_of(container), s.name.name);
        assert_int_equal(gs_container_chunks(container), 4);
        for (size_t i = 0; i < 4; i++) {
            gs_bytes bytes;
            uint32_t id = CHUNK_A + (uint32_t)i * 0x01010101u;
            assert_ok(gs_container_load(container, id, true, &bytes, &p->error), &p->error);
            assert_int_equal(bytes.len, lengths[i]);
            assert_ptr_equal(bytes.ptr, gs_container_find(container, id).ptr);
            for (size_t j = 0; j < bytes.len; j++)
                assert_int_equal(bytes.ptr[j], byte_of(i + j));
        }
        assert_ok(gs_container_verify(container, &p->error), &p->error);
        assert_ok(gs_container_alive(container, &p->error), &p->error);
        gs_container_close(container);
    }
    free(s.data);
}

static void the_bytes_are_those_of_the_specification(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, GS_PAGE_BYTES};
    sample s = make(p, lengths, 2);
    uint8_t header[64] = "\x8bGS\r\n\x1a\n\0\2\0\0\0TEST";
    assert_memory_equal(s.data, header, 64);
    // header 64, A from 64, B from 128 to 128 + 16384 = 16512, a border
    size_t sums = 16512, toc = sums + 2 * 8, footer = toc + 2 * 24;
    assert_int_equal(s.len, footer + 64);
    for (size_t i = 69; i < 128; i++)
        assert_int_equal(s.data[i], 0);
    assert_true(gs_load_u64(s.data + sums) == XXH3_64bits_withSeed(s.data, 16384, 0));
    assert_true(gs_load_u64(s.data + sums + 8) ==
                XXH3_64bits_withSeed(s.data + 16384, sums - 16384, 1));
    uint8_t rows[48] = "AAAA\1\0\0\0\100\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"
                       "BBBB\1\0\0\0\200\0\0\0\0\0\0\0\0\100\0\0\0\0\0";
    assert_memory_equal(s.data + toc, rows, 48);
    const uint8_t *f = s.data + footer;
    assert_int_equal(gs_load_u64(f), toc);
    assert_int_equal(gs_load_u32(f + 8), 2);
    assert_int_equal(gs_load_u32(f + 12), 0);
    assert_int_equal(gs_load_u64(f + 16), sums);
    assert_true(gs_load_u64(f + 24) == XXH3_64bits(s.data + sums, footer - sums));
    XXH128_hash_t id = XXH3_128bits(s.data, footer);
    assert_true(gs_load_u64(f + 32) == id.low64 && gs_load_u64(f + 40) == id.high64);
    assert_int_equal(gs_load_u64(f + 48), s.len);
    assert_true(gs_load_u64(f + 56) == XXH3_64bits(f, 56));
    char name[64];
    snprintf(name, sizeof(name), "test-%016llx%016llx.bin", (unsigned long long)id.high64,
             (unsigned long long)id.low64);
    assert_string_equal(s.name.name, name);
    assert_true(s.name.id.low == id.low64 && s.name.id.high == id.high64);
    free(s.data);
}

static void the_way_of_writing_leaves_no_trace(void **state)
{
    place *p = *state;
    size_t lengths[] = {70000, 3};
    sample s = make(p, lengths, 2);
    uint8_t *data = malloc(70001);
    for (size_t i = 0; i < 70001; i++)
        data[i] = byte_of(i);
    gs_container_writer *writer;
    assert_ok(gs_container_create(p->dir, &p->flaky.mem, KIND, &writer, &p->error), &p->error);
    gs_container_chunk(writer, CHUNK_A);
    gs_container_write(writer, data, 70000);
    gs_container_chunk(writer, CHUNK_B);
    gs_container_write(writer, data + 1, 3);
    gs_container_name name;
    assert_ok(gs_container_finish(writer, "test-", ".bin", &name, &p->error), &p->error);
    assert_string_equal(name.name, s.name.name);
    assert_int_equal(gs_test_dir_count(p->path), 1);
    free(data);
    free(s.data);
}

static void every_flipped_bit_is_found(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 100};
    sample s = make(p, lengths, 2);
    for (size_t i = 0; i < s.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            s.data[i] ^= (uint8_t)(1u << bit);
            gsearch_status status = open_changed(p, &s, s.len);
            bool is_format = i >= 8 && i < 12;
            assert_int_equal(status, is_format ? GSEARCH_VERSION : GSEARCH_CORRUPT);
            s.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_ok(open_changed(p, &s, s.len), &p->error);
    free(s.data);
}

/* The row would make sense, and the pages are as they were. */
static void a_chunk_that_was_renamed_does_not_open(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 100};
    sample s = make(p, lengths, 2);
    uint8_t *id = memmem(s.data, s.len, "BBBB\1\0\0", 7);
    assert_non_null(id);
    id[3] = 'C';
    gs_test_file_write(p->path, "changed", s.data, s.len);
    gs_container *container;
    assert_fails(GSEARCH_CORRUPT, open_file(p, "changed", s.len, s.name.id, &container), &p->error);
    free(s.data);
}

static void every_other_length_is_found(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 100};
    sample s = make(p, lengths, 2);
    for (size_t len = 0; len < s.len; len++) {
        assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, len), &p->error);
        gs_container *container;
        assert_fails(GSEARCH_CORRUPT, open_file(p, "changed", s.len, s.name.id, &container),
                     &p->error);
    }
    uint8_t *longer = calloc(1, s.len + 64);
    memcpy(longer, s.data, s.len);
    free(s.data);
    s.data = longer;
    for (size_t more = 1; more <= 64; more++)
        assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len + more), &p->error);
    free(s.data);
}

static void another_format_is_named(void **state)
{
    place *p = *state;
    size_t lengths[] = {1};
    sample s = make(p, lengths, 1);
    s.data[8] = 3;
    reseal(&s);
    assert_fails(GSEARCH_VERSION, open_changed(p, &s, s.len), &p->error);
    assert_non_null(strstr(p->error.message, "format 3, this build reads 2"));
    free(s.data);
}

static void a_file_under_a_wrong_name_is_refused(void **state)
{
    place *p = *state;
    size_t lengths[] = {5};
    sample s = make(p, lengths, 1);
    gs_container *container;
    gs_hash128 other = {.low = s.name.id.low ^ 1, .high = s.name.id.high};
    assert_fails(GSEARCH_CORRUPT, open_file(p, s.name.name, s.len, other, &container), &p->error);
    other = (gs_hash128){.low = s.name.id.low, .high = s.name.id.high ^ 1};
    assert_fails(GSEARCH_CORRUPT, open_file(p, s.name.name, s.len, other, &container), &p->error);
    assert_fails(GSEARCH_CORRUPT,
                 gs_container_open(p->dir, &p->flaky.mem, s.name.name, s.len, KIND + 1, s.name.id,
                                   false, &container, &p->error),
                 &p->error);
    assert_fails(GSEARCH_NOT_FOUND, open_file(p, "nothing", s.len, s.name.id, &container),
                 &p->error);
    free(s.data);
}

static void damage_is_found_where_it_is_and_only_there(void **state)
{
    place *p = *state;
    size_t lengths[] = {3 * GS_PAGE_BYTES, 10};
    sample s = make(p, lengths, 2);
    s.data[2 * GS_PAGE_BYTES + 7] ^= 0x40;
    gs_test_file_write(p->path, "changed", s.data, s.len);
    gs_container *container;
    assert_ok(open_file(p, "changed", s.len, s.name.id, &container), &p->error);
    gs_bytes a = gs_container_find(container, CHUNK_A), b;
    assert_ok(gs_container_load(container, CHUNK_B, true, &b, &p->error), &p->error);
    // page 1 ends, and page 2 begins, 64 bytes before those borders in the chunk
    gs_bytes good = gs_bytes_of(a.ptr, 2 * GS_PAGE_BYTES - 64);
    gs_bytes bad = gs_bytes_of(a.ptr + good.len, 1);
    for (int round = 0; round < 2; round++) {
        assert_ok(gs_container_check(container, good, &p->error), &p->error);
        assert_fails(GSEARCH_CORRUPT, gs_container_check(container, bad, &p->error), &p->error);
    }
    assert_non_null(strstr(p->error.message, "AAAA"));
    assert_fails(GSEARCH_CORRUPT, gs_container_load(container, CHUNK_A, true, &a, &p->error),
                 &p->error);
    gs_container_close(container);
    free(s.data);
}

/* Verifies a file with a byte changed, and gives the message. */
static const char *message_of_damage(place *p, const size_t *lengths, size_t count, size_t at)
{
    sample s = make(p, lengths, count);
    s.data[at] ^= 1;
    assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
    free(s.data);
    return p->error.message;
}

static void damage_is_told_with_the_first_chunk_of_its_page(void **state)
{
    place *p = *state;
    size_t lengths[] = {GS_PAGE_BYTES - 64, 10, GS_PAGE_BYTES};
    assert_non_null(strstr(message_of_damage(p, lengths, 3, 100), "(chunk AAAA)"));
    assert_non_null(strstr(message_of_damage(p, lengths, 3, GS_PAGE_BYTES), "(chunk BBBB)"));
    assert_non_null(strstr(message_of_damage(p, lengths, 3, 2 * GS_PAGE_BYTES), "(chunk CCCC)"));
}

/* Of a file that has nothing in its pages but the header, the sum is all that can be wrong. */
static void damage_outside_of_chunks_is_told_without_one(void **state)
{
    place *p = *state;
    for (size_t count = 0; count < 2; count++) {
        size_t lengths[] = {0};
        sample s = make(p, lengths, count);
        s.data[gs_load_u64(s.data + s.len - 48)] ^= 1;
        reseal(&s);
        assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
        assert_non_null(strstr(p->error.message, "(chunk none)"));
        free(s.data);
    }
}

static void chunks_may_end_with_a_page(void **state)
{
    place *p = *state;
    size_t lengths[] = {GS_PAGE_BYTES - 64};
    sample s = make(p, lengths, 1);
    assert_int_equal(s.len, GS_PAGE_BYTES + 8 + 24 + 64); // one page, one sum
    assert_ok(open_changed(p, &s, s.len), &p->error);
    free(s.data);
}

static void pages_that_changed_places_are_found(void **state)
{
    place *p = *state;
    size_t lengths[] = {4 * GS_PAGE_BYTES};
    sample s = make(p, lengths, 1);
    uint8_t *page = malloc(GS_PAGE_BYTES);
    uint8_t *first = s.data + GS_PAGE_BYTES, *second = first + GS_PAGE_BYTES;
    memcpy(page, first, GS_PAGE_BYTES);
    memcpy(first, second, GS_PAGE_BYTES);
    memcpy(second, page, GS_PAGE_BYTES);
    uint8_t *sums = s.data + gs_load_u64(s.data + s.len - 48);
    uint64_t sum = gs_load_u64(sums + 8); // even with their sums
    gs_store_u64(sums + 8, gs_load_u64(sums + 16));
    gs_store_u64(sums + 16, sum);
    reseal(&s);
    assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
    free(page);
    free(s.data);
}

/* Opens `s->data` as a damaged file: has the chunks it was made with. */
static bool is_recovered(place *p, const sample *s, size_t len, const size_t *lengths, size_t count)
{
    gs_test_file_write(p->path, "changed", s->data, len);
    gs_container *container;
    gsearch_status status = gs_container_open_damaged(p->dir, &p->flaky.mem, "changed", s->name.id,
                                                      false, &container, &p->error);
    assert_true(!status || status == GSEARCH_CORRUPT);
    if (status)
        return false;
    bool good = gs_container_chunks(container) == count;
    for (size_t i = 0; i < count && good; i++) {
        uint64_t offset, length;
        good = gs_container_chunk_id(container, i, &offset, &length) ==
                   CHUNK_A + (uint32_t)i * 0x01010101u &&
               length == lengths[i] && (!length || s->data[offset] == byte_of(i));
    }
    gs_container_close(container);
    return good;
}

static void a_damaged_file_opens_if_its_table_can_be_told(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 0, 64, 40000};
    sample s = make(p, lengths, 4);
    size_t footer = s.len - 64, table = footer - 4 * 24;
    assert_true(is_recovered(p, &s, s.len, lengths, 4));
    for (size_t at = 0; at < s.len; at += at == 63 ? table - 63 : 1) {
        s.data[at] ^= 0x41;
        assert_true(is_recovered(p, &s, s.len, lengths, 4));
        s.data[at] ^= 0x41;
    }
    for (size_t len = footer; len < s.len; len++)
        assert_true(is_recovered(p, &s, len, lengths, 4));
    s.data = realloc(s.data, s.len + 100);
    memset(s.data + s.len, 0x41, 100);
    for (size_t more = 1; more <= 100; more++)
        assert_true(is_recovered(p, &s, s.len + more, lengths, 4));
    assert_false(is_recovered(p, &s, table, lengths, 4));
    s.data[table + 24] ^= 1; // two wrong bytes are too many, if they are where a row is
    s.data[table + 28] ^= 1;
    assert_false(is_recovered(p, &s, s.len, lengths, 4));
    free(s.data);
}

static void what_only_looks_like_a_table_is_passed_over(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 64};
    sample s = make(p, lengths, 2);
    size_t table = s.len - 64 - 2 * 24;
    s.data[table + 24 + 8] += 64; // a table that cannot be, under a right checksum,
    reseal(&s);
    s.data[table] ^= 1; // which one byte hides
    assert_false(is_recovered(p, &s, s.len, lengths, 2));
    free(s.data);
    s = (sample){.data = calloc(1, 4096), .len = 4096, .name = s.name};
    for (size_t at = 72; at < s.len - 24; at += 16) { // first rows, sums on a border or not
        gs_store_u32(s.data + at + 4, 1);
        gs_store_u64(s.data + at + 8, 64);
    }
    assert_false(is_recovered(p, &s, s.len, lengths, 2));
    assert_false(is_recovered(p, &s, 127, lengths, 2)); // less than header and footer
    free(s.data);
    gs_container *container;
    assert_fails(GSEARCH_NOT_FOUND,
                 gs_container_open_damaged(p->dir, NULL, "nobody", s.name.id, false, &container,
                                           &p->error),
                 &p->error);
}

static void a_damaged_table_is_mended_or_there_is_no_memory(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 64};
    sample s = make(p, lengths, 2);
    s.data[s.len - 64 - 24] ^= 1;
    gs_test_file_write(p->path, "changed", s.data, s.len);
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_container *container = NULL;
        gs_flaky_init(&flaky, fail_at);
        status = gs_container_open_damaged(p->dir, &flaky.mem, "changed", s.name.id, false,
                                           &container, &p->error);
        gs_container_close(container);
        assert_int_equal(flaky.live, 0);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &p->error);
    }
    free(s.data);
}

static void a_missing_chunk_is_empty_unless_needed(void **state)
{
    place *p = *state;
    size_t lengths[] = {5};
    sample s = make(p, lengths, 1);
    gs_container *container;
    assert_ok(open_file(p, s.name.name, s.len, s.name.id, &container), &p->error);
    gs_bytes bytes;
    assert_int_equal(gs_container_find(container, CHUNK_C).len, 0);
    assert_ok(gs_container_load(container, CHUNK_C, false, &bytes, &p->error), &p->error);
    assert_int_equal(bytes.len, 0);
    assert_fails(GSEARCH_CORRUPT, gs_container_load(container, CHUNK_C, true, &bytes, &p->error),
                 &p->error);
    gs_container_close(container);
    free(s.data);
}

static void ids_are_told_as_letters_and_digits(void **state)
{
    place *p = *state;
    size_t lengths[] = {5};
    static const struct {
        uint32_t id;
        const char *shown;
    } ids[] = {
        {GS_ID('A', 'Z', 'a', 'z'), "AZaz"},
        {GS_ID('0', '9', 'M', 'm'), "09Mm"},
        {GS_ID('@', '[', '`', '{'), "????"},
        {GS_ID('/', ':', 0, 0x7f), "????"},
    };
    sample s = make(p, lengths, 1);
    gs_container *container;
    assert_ok(open_file(p, s.name.name, s.len, s.name.id, &container), &p->error);
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        gs_bytes bytes;
        char wanted[128];
        snprintf(wanted, sizeof(wanted), "%s has no chunk %s", s.name.name, ids[i].shown);
        assert_fails(GSEARCH_CORRUPT,
                     gs_container_load(container, ids[i].id, true, &bytes, &p->error), &p->error);
        assert_string_equal(p->error.message, wanted);
    }
    gs_container_close(container);
    free(s.data);
}

/* A change of the table of contents or the footer that carries right checksums. */
typedef struct forgery {
    bool in_footer;
    size_t offset; // in the table or the footer
    uint64_t value;
    size_t width;
} forgery;

static void a_forged_table_of_contents_is_refused(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 100};
    static const forgery forgeries[] = {
        {false, 4, 2, 4},                // version of a chunk
        {false, 8, 65, 8},               // not aligned
        {false, 8, 128, 8},              // not where the first chunk starts
        {false, 16, 65, 8},              // over the second chunk
        {false, 16, UINT64_MAX, 8},      // far out
        {false, 16, UINT64_MAX - 63, 8}, // end wraps round
        {false, 24, CHUNK_A, 4},         // twice the same id
        {false, 32, 64, 8},              // both chunks in one place
        {false, 32, 1ull << 62, 8},      // far out
        {false, 40, 30, 8},              // leaves a stretch without a chunk
        {false, 40, 129, 8},             // runs into the sums
        {true, 0, 0, 8},                 // where the table is
        {true, 0, UINT64_MAX, 8},        //
        {true, 8, 1, 4},                 // how many rows
        {true, 8, 33, 4},                //
        {true, 8, UINT32_MAX, 4},        //
        {true, 12, 1, 4},                // reserved
        {true, 48, 1, 8},                // length of the file
    };
    for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
        const forgery *forged = &forgeries[i];
        sample s = make(p, lengths, 2);
        uint8_t *base = s.data + s.len - 64 - (forged->in_footer ? 0 : 48);
        memcpy(base + forged->offset, &forged->value, forged->width);
        reseal(&s);
        assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
        free(s.data);
    }
}

static void sums_in_a_forged_place_are_refused(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 100};
    static const uint64_t places[] = {0, 63, 64, 128, 255, 1ull << 40, UINT64_MAX, UINT64_MAX - 63};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        sample s = make(p, lengths, 2);
        uint8_t *footer = s.data + s.len - 64;
        gs_store_u64(footer + 16, places[i]);
        gs_store_u64(footer + 56, XXH3_64bits(footer, 56));
        assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
        free(s.data);
    }
}

static void bytes_between_chunks_must_be_zero(void **state)
{
    place *p = *state;
    size_t lengths[] = {5, 100};
    sample s = make(p, lengths, 2);
    s.data[64 + 5] = 1;
    uint64_t sums_offset = gs_load_u64(s.data + s.len - 48);
    gs_store_u64(s.data + sums_offset, XXH3_64bits_withSeed(s.data, sums_offset, 0));
    reseal(&s);
    assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
    free(s.data);
}

/* The footer, the name and the manifest agree, but not with what is in the file. */
static void an_id_that_is_not_the_hash_is_found(void **state)
{
    place *p = *state;
    size_t lengths[] = {5};
    for (int half = 0; half < 2; half++) {
        sample s = make(p, lengths, 1);
        s.name.id.low ^= half == 0;
        s.name.id.high ^= half == 1;
        uint8_t *footer = s.data + s.len - 64;
        gs_store_u64(footer + 32, s.name.id.low);
        gs_store_u64(footer + 40, s.name.id.high);
        gs_store_u64(footer + 56, XXH3_64bits(footer, 56));
        assert_fails(GSEARCH_CORRUPT, open_changed(p, &s, s.len), &p->error);
        assert_non_null(strstr(p->error.message, "does not hold what its name says"));
        free(s.data);
    }
}

static void a_name_that_other_bytes_have_is_not_taken(void **state)
{
    place *p = *state;
    size_t lengths[] = {100};
    sample s = make(p, lengths, 1);
    s.data[70] ^= 1;
    gs_test_file_write(p->path, s.name.name, s.data, s.len);
    gs_container_name name = {.length = 7};
    assert_fails(
        GSEARCH_CORRUPT,
        gs_container_finish(write_pattern(p, lengths, 1), "test-", ".bin", &name, &p->error),
        &p->error);
    assert_int_equal(name.length, 7);
    assert_int_equal(gs_test_dir_count(p->path), 1);
    free(s.data);
}

/* Memory that cuts a file short when it is asked for some. */
typedef struct cutter {
    gs_mem mem;
    place *place;
    const char *name; // NULL: not now
} cutter;

static void cut(cutter *self)
{
    char *path = gs_test_path(self->place->path, self->name);
    assert_int_equal(truncate(path, 4096), 0);
    free(path);
    self->name = NULL;
}

static void *cut_and_resize(void *ptr, size_t size, void *payload)
{
    cutter *self = payload;
    if (size && self->name)
        cut(self);
    return self->place->flaky.mem.resize(ptr, size, &self->place->flaky);
}

/* Last in this program: the guard against lost pages stays. */
static void a_file_cut_short_while_it_is_mapped_is_an_error_of_reading(void **state)
{
    place *p = *state;
    size_t lengths[] = {3 * GS_PAGE_BYTES};
    assert_ok(gs_map_guard(&p->error), &p->error);
    for (int while_hashing = 0; while_hashing < 2; while_hashing++) {
        sample s = make(p, lengths, 1);
        cutter cuts = {.place = p};
        cuts.mem = (gs_mem){.resize = cut_and_resize, .payload = &cuts};
        gs_container *container;
        assert_ok(gs_container_open(p->dir, &cuts.mem, s.name.name, s.len, KIND, s.name.id, true,
                                    &container, &p->error),
                  &p->error);
        assert_ok(gs_container_alive(container, &p->error), &p->error);
        cuts.name = s.name.name;
        if (!while_hashing)
            cut(&cuts);
        // with the pages read and found right, memory for the hash is the next that is asked for
        assert_fails(GSEARCH_IO, gs_container_verify(container, &p->error), &p->error);
        assert_non_null(strstr(p->error.message, "cut short while it was open"));
        assert_fails(GSEARCH_IO, gs_container_alive(container, &p->error), &p->error);
        assert_null(cuts.name);
        gs_container_close(container);
        assert_ok(gs_dir_remove(p->dir, s.name.name, &p->error), &p->error);
        free(s.data);
    }
}

static void what_is_owned_does_not_change_with_the_file(void **state)
{
    place *p = *state;
    size_t lengths[] = {100, 3000};
    sample s = make(p, lengths, 2);
    for (int mapped = 0; mapped < 2; mapped++) {
        gs_container *container;
        gs_bytes own;
        assert_ok(gs_container_open(p->dir, &p->flaky.mem, s.name.name, s.len, KIND, s.name.id,
                                    mapped, &container, &p->error),
                  &p->error);
        assert_ok(gs_container_own(container, CHUNK_A + 0x01010101u, &own, &p->error), &p->error);
        assert_fails(GSEARCH_CORRUPT, gs_container_own(container, GS_ID('N', 'O', 'N', 'E'), &own,
                                                       &p->error),
                     &p->error);
        char *path = gs_test_path(p->path, s.name.name);
        FILE *file = fopen(path, "r+"); // into the very pages that are mapped
        for (size_t i = 0; i < s.len; i++)
            fputc(0xff, file);
        assert_int_equal(fclose(file), 0);
        gs_bytes shared = gs_container_find(container, CHUNK_A + 0x01010101u);
        assert_int_equal(shared.ptr[7] == 0xff, mapped);
        assert_int_equal(own.len, 3000);
        for (size_t i = 0; i < own.len; i++)
            assert_int_equal(own.ptr[i], byte_of(1 + i));
        gs_container_close(container);
        gs_test_file_write(p->path, s.name.name, s.data, s.len);
        free(path);
    }
    free(s.data);
}

static void a_scrub_finds_what_has_changed_since_it_was_used(void **state)
{
    place *p = *state;
    size_t lengths[] = {3 * GS_PAGE_BYTES, 5 * GS_PAGE_BYTES};
    sample s = make(p, lengths, 2);
    gs_container *container;
    gs_bytes used;
    uint64_t page = 0;
    assert_ok(gs_container_open(p->dir, &p->flaky.mem, s.name.name, s.len, KIND, s.name.id, true,
                                &container, &p->error),
              &p->error);
    assert_ok(gs_container_load(container, CHUNK_A, true, &used, &p->error), &p->error);
    assert_ok(gs_container_scrub(container, &page, 2, &p->error), &p->error);
    assert_int_equal(page, 2);
    char *path = gs_test_path(p->path, s.name.name);
    for (unsigned changed = 6; changed == 6 || changed == 1; changed -= 5) {
        FILE *file = fopen(path, "r+");
        assert_int_equal(fseek(file, (long)(changed * GS_PAGE_BYTES), SEEK_SET), 0);
        fputc(s.data[changed * GS_PAGE_BYTES] ^ 1, file);
        assert_int_equal(fclose(file), 0);
        page = 0;
        if (changed == 6) { // nobody has used that one
            assert_ok(gs_container_scrub(container, &page, 100, &p->error), &p->error);
            assert_true(gs_container_ends(container, page));
            assert_ok(gs_container_alive(container, &p->error), &p->error);
        }
    }
    assert_fails(GSEARCH_CORRUPT, gs_container_scrub(container, &page, 100, &p->error), &p->error);
    assert_int_equal(page, 1);
    assert_false(gs_container_ends(container, page));
    assert_fails(GSEARCH_CORRUPT, gs_container_alive(container, &p->error), &p->error);
    gs_container_close(container);
    free(path);
    free(s.data);
}

static void an_aborted_file_leaves_nothing(void **state)
{
    place *p = *state;
    size_t lengths[] = {100};
    gs_container_abort(write_pattern(p, lengths, 1));
    gs_container_abort(NULL);
    assert_int_equal(gs_test_dir_count(p->path), 0);
}

static gsearch_status write_and_read(place *p, const gs_mem *mem)
{
    gs_container_writer *writer;
    gs_container_name name;
    GS_TRY(gs_container_create(p->dir, mem, KIND, &writer, &p->error));
    gs_container_chunk(writer, CHUNK_A);
    gs_container_write(writer, "12345", 5);
    GS_TRY(gs_container_finish(writer, "test-", ".bin", &name, &p->error));
    gs_container *container;
    GS_TRY(gs_container_open(p->dir, mem, name.name, name.length, KIND, name.id, false, &container,
                             &p->error));
    gsearch_status status = gs_container_verify(container, &p->error);
    gs_container_close(container);
    return status;
}

static void without_memory_it_fails_cleanly(void **state)
{
    place *p = *state;
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        status = write_and_read(p, &flaky.mem);
        assert_int_equal(flaky.live, 0);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &p->error);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_CASE(chunks_come_back_as_written),
        PLACE_CASE(the_bytes_are_those_of_the_specification),
        PLACE_CASE(the_way_of_writing_leaves_no_trace),
        PLACE_CASE(every_flipped_bit_is_found),
        PLACE_CASE(a_chunk_that_was_renamed_does_not_open),
        PLACE_CASE(every_other_length_is_found),
        PLACE_CASE(another_format_is_named),
        PLACE_CASE(a_file_under_a_wrong_name_is_refused),
        PLACE_CASE(damage_is_found_where_it_is_and_only_there),
        PLACE_CASE(damage_is_told_with_the_first_chunk_of_its_page),
        PLACE_CASE(damage_outside_of_chunks_is_told_without_one),
        PLACE_CASE(chunks_may_end_with_a_page),
        PLACE_CASE(pages_that_changed_places_are_found),
        PLACE_CASE(a_damaged_file_opens_if_its_table_can_be_told),
        PLACE_CASE(what_only_looks_like_a_table_is_passed_over),
        PLACE_CASE(a_damaged_table_is_mended_or_there_is_no_memory),
        PLACE_CASE(a_missing_chunk_is_empty_unless_needed),
        PLACE_CASE(ids_are_told_as_letters_and_digits),
        PLACE_CASE(a_forged_table_of_contents_is_refused),
        PLACE_CASE(sums_in_a_forged_place_are_refused),
        PLACE_CASE(bytes_between_chunks_must_be_zero),
        PLACE_CASE(an_id_that_is_not_the_hash_is_found),
        PLACE_CASE(a_name_that_other_bytes_have_is_not_taken),
        PLACE_CASE(what_is_owned_does_not_change_with_the_file),
        PLACE_CASE(a_scrub_finds_what_has_changed_since_it_was_used),
        PLACE_CASE(an_aborted_file_leaves_nothing),
        PLACE_CASE(without_memory_it_fails_cleanly),
        PLACE_CASE(a_file_cut_short_while_it_is_mapped_is_an_error_of_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
