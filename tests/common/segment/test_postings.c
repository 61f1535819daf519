/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/postings.c: lists against the arrays they were made from, bytes against
 * docs/FORMAT.md, and damaged bytes, which are either refused or give positions that rise and lie
 * in the segment. To be quick, damage is done in memory, behind the sums of the file.
 */
#include "common/segment/postings.h"

#include "common/segment/doctable.h"
#include "tests/common/segment/place.h"

#define DOCUMENTS 500u
#define SHORT_LISTS 60u
#define LONG_LISTS 6u
#define LISTS (SHORT_LISTS + LONG_LISTS)
#define LONG_ALIGN 32u
#define MUTATIONS 20000

/* Lists, written and open for reading. */
typedef struct shelf {
    uint32_t starts[DOCUMENTS + 1], titles[DOCUMENTS];
    gs_buf docs_bytes;
    gs_doctable docs;
    gs_list lists[LISTS];
    uint32_t *positions[LISTS];
    uint32_t room; /* positions of the longest list, and a block more */
    gs_buf sdir;
    gs_postings postings;
    gs_decoder *decoder;
} shelf;

static void make_documents(shelf *s, uint64_t *seed)
{
    gsearch_error error;
    for (uint32_t i = 0; i < DOCUMENTS; i++) {
        s->starts[i + 1] = s->starts[i] + 1 + (uint32_t)gs_test_random_below(seed, 300);
        s->titles[i] = (uint32_t)gs_test_random_below(seed, 3);
    }
    gs_buf_init(&s->docs_bytes, NULL, SIZE_MAX);
    gs_doctable_encode(&s->docs_bytes, s->starts, DOCUMENTS);
    assert_ok(gs_doctable_view(gs_buf_view(&s->docs_bytes), &s->docs, &error), &error);
    s->docs.title = (gs_column){.data = (const uint8_t *)s->titles, .width = sizeof(uint32_t)};
}

/* `count` positions in even steps that leave room for some noise. */
static uint32_t *draw(uint32_t count, uint32_t positions, uint64_t *seed)
{
    uint32_t *out = malloc(count * sizeof(*out)), step = positions / count;
    for (uint32_t i = 0; i < count; i++)
        out[i] = i * step + (uint32_t)gs_test_random_below(seed, step);
    return out;
}

/* Puts `post` into a file, opens it, and lets every page be verified. */
static void open_postings(place *p, shelf *s, const gs_buf *post)
{
    gs_container_writer *writer;
    gs_container_name name;
    gs_bytes bytes;
    assert_int_equal(post->status, GSEARCH_OK);
    assert_ok(gs_container_create(p->dir, NULL, GS_KIND_SEGMENT, &writer, &p->error), &p->error);
    gs_container_chunk(writer, GS_CHUNK_POST);
    gs_container_write(writer, post->data, post->len);
    assert_ok(gs_container_finish(writer, "seg-", ".gss", &name, &p->error), &p->error);
    assert_ok(gs_container_open(p->dir, NULL, name.name, name.length, GS_KIND_SEGMENT, name.id,
                                false, &s->postings.container, &p->error),
              &p->error);
    assert_ok(gs_container_load(s->postings.container, GS_CHUNK_POST, true, &bytes, &p->error),
              &p->error);
    s->postings.post = bytes;
    s->postings.owner = name.id.low | 1;
    s->postings.sdir = s->sdir.data;
}

static void write_short(shelf *s, gs_short_writer *shorts, uint32_t i, gs_buf *post)
{
    s->lists[i].place = shorts->gaps;
    gs_short_writer_start(shorts);
    uint32_t half = s->lists[i].count / 2; // in two pieces
    gs_short_writer_add(shorts, s->positions[i], half, post);
    gs_short_writer_add(shorts, s->positions[i] + half, s->lists[i].count - half, post);
}

/* Positions of a block of long list `i`: lists with an odd number have blocks of many sizes. */
static uint32_t block_count(uint32_t i, uint32_t block)
{
    return i % 2 ? 1 + block * 101 % GS_BLOCK_POSTINGS : GS_BLOCK_POSTINGS;
}

static void write_long(shelf *s, gs_long_writer *longs, uint32_t i, gs_buf *post)
{
    gs_buf_zero(post, (LONG_ALIGN - post->len % LONG_ALIGN) % LONG_ALIGN);
    s->lists[i].place = post->len;
    s->lists[i].is_long = true;
    longs->packed = s->lists[i].count >= 8192;
    for (uint32_t block = 0, at = 0, left = s->lists[i].count; left; block++) {
        uint32_t count = block_count(i, block);
        if (i % 2 == 0 && block) // many at once
            count = left / 2 / GS_BLOCK_POSTINGS * GS_BLOCK_POSTINGS;
        count = count && count < left ? count : left;
        gs_long_writer_add(longs, s->positions[i] + at, count);
        at += count;
        left -= count;
    }
    gs_long_writer_finish(longs, post);
}

/* Writes the lists in s->lists, of which those from `longs_from` on are long. */
static void write_lists(place *p, shelf *s, uint32_t lists, uint32_t longs_from)
{
    gs_buf post, sizes;
    gs_short_writer shorts;
    gs_long_writer longs;
    gs_buf_init(&post, NULL, SIZE_MAX);
    gs_buf_init(&sizes, NULL, SIZE_MAX);
    assert_ok(gs_short_writer_init(&shorts, NULL, &sizes, &p->error), &p->error);
    gs_long_writer_init(&longs, NULL, &s->docs);
    for (uint32_t i = 0; i < longs_from; i++)
        write_short(s, &shorts, i, &post);
    gs_short_writer_flush(&shorts, &post);
    uint64_t at = 0;
    for (size_t i = 0; i < sizes.len; i += sizeof(uint32_t)) {
        gs_buf_u64(&s->sdir, at);
        at += gs_load_u32(sizes.data + i);
    }
    assert_int_equal(at, post.len);
    for (uint32_t i = longs_from; i < lists; i++)
        write_long(s, &longs, i, &post);
    s->postings.gaps = shorts.gaps;
    open_postings(p, s, &post);
    gs_short_writer_release(&shorts);
    gs_long_writer_release(&longs);
    gs_buf_release(&post);
    gs_buf_release(&sizes);
}

static shelf *shelf_new(void)
{
    shelf *s = calloc(1, sizeof(*s));
    gs_buf_init(&s->sdir, NULL, SIZE_MAX);
    s->decoder = gs_decoder_new(NULL);
    s->postings.long_min = GS_LONG_MIN_DEFAULT;
    return s;
}

static void shelf_free(shelf *s)
{
    for (uint32_t i = 0; i < LISTS; i++)
        free(s->positions[i]);
    gs_container_close(s->postings.container);
    gs_decoder_free(s->decoder);
    gs_buf_release(&s->sdir);
    gs_buf_release(&s->docs_bytes);
    free(s);
}

/* Short lists over several chunks, and long ones whose last blocks are full or not. */
static shelf *random_shelf(place *p)
{
    static const uint32_t longs[LONG_LISTS] = {8192, 8192 + 1, 256, 8191, 9000, 20000};
    shelf *s = shelf_new();
    uint64_t seed = 42;
    make_documents(s, &seed);
    s->postings.positions = s->docs.positions;
    s->postings.norm = gs_bm25_norm_of(s->docs.count, s->docs.total_length);
    for (uint32_t i = 0; i < LISTS; i++) {
        uint32_t most = i % 8 ? 60 : 3000;
        uint32_t count = i < SHORT_LISTS ? 2 + (uint32_t)gs_test_random_below(&seed, most)
                                         : longs[i - SHORT_LISTS];
        s->positions[i] = draw(count, s->docs.positions, &seed);
        s->lists[i] = (gs_list){.count = count, .documents = 1};
        s->room = s->room < count + GS_BLOCK_POSTINGS ? count + GS_BLOCK_POSTINGS : s->room;
    }
    write_lists(p, s, LISTS, SHORT_LISTS);
    return s;
}

/* ---- lengths in a byte ---- */

static void length_codes_round_down_and_never_fall(void **state)
{
    (void)state;
    for (uint32_t length = 0; length < 32; length++)
        assert_int_equal(gs_length_floor(gs_length_code(length)), length);
    // all codes in use, from the lengths where each begins
    uint32_t before = 0;
    for (unsigned code = 1; code <= gs_length_code(UINT32_MAX); code++) {
        uint32_t edge = gs_length_floor((uint8_t)code);
        assert_true(edge > before);
        assert_int_equal(gs_length_code(edge), code);
        assert_int_equal(gs_length_code(edge - 1), code - 1);
        before = edge;
    }
    assert_true(gs_length_code(UINT32_MAX) < UINT8_MAX); // which stands for no document
    for (unsigned code = gs_length_code(UINT32_MAX) + 1u; code <= UINT8_MAX; code++)
        assert_true(gs_length_floor((uint8_t)code) == UINT32_MAX); // longer than any
    uint64_t seed = 5;
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t a = (uint32_t)(gs_test_random(&seed) >> (32 + gs_test_random_below(&seed, 32)));
        uint32_t floor = gs_length_floor(gs_length_code(a));
        assert_true(floor <= a);
        assert_true(a - floor <= a / 8); // four leading bits
    }
}

/* ---- what was written ---- */

static void all_lists_read_back(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    uint32_t *out = malloc(s->room * sizeof(*out));
    for (uint32_t n = 0; n < 3 * LISTS; n++) {
        uint32_t i = n < LISTS ? n : n * 37 % LISTS; // in order, then not
        assert_ok(gs_list_read(&s->postings, s->decoder, &s->lists[i], out, &error), &error);
        assert_memory_equal(out, s->positions[i], s->lists[i].count * sizeof(*out));
    }
    free(out);
    shelf_free(s);
}

static void short_lists_have_the_bytes_of_the_description(void **state)
{
    place *p = *state;
    static const uint8_t expected[] = {0x04, 0x80, 0x00, 0x02, 0x03, 0x02, 0x20};
    static const uint32_t lists[2][2] = {{0, 4}, {7, 12}};
    gs_buf post, sizes;
    gs_short_writer shorts;
    gs_buf_init(&post, NULL, SIZE_MAX);
    gs_buf_init(&sizes, NULL, SIZE_MAX);
    assert_ok(gs_short_writer_init(&shorts, NULL, &sizes, &p->error), &p->error);
    for (size_t i = 0; i < 2; i++) {
        gs_short_writer_start(&shorts);
        gs_short_writer_add(&shorts, lists[i], 2, &post);
    }
    gs_short_writer_flush(&shorts, &post);
    assert_int_equal(post.len, sizeof(expected));
    assert_memory_equal(post.data, expected, sizeof(expected));
    assert_int_equal(sizes.len, 4);
    assert_int_equal(gs_load_u32(sizes.data), sizeof(expected));
    gs_short_writer_release(&shorts);
    gs_buf_release(&post);
    gs_buf_release(&sizes);
}

/* Gaps of every class, up to the widest, whose mantissas end with the chunk and the chunk with the
 * lists: eight bytes are read at the last of them. */
static void the_widest_gaps_are_read_at_the_end_of_the_lists(void **state)
{
    place *p = *state;
    for (unsigned class = 0; class < 32; class++) {
        shelf *s = shelf_new();
        gsearch_error error;
        uint32_t out[2 + GS_BLOCK_POSTINGS], last = 1u << class;
        s->postings.positions = UINT32_MAX;
        s->lists[0].count = 2;
        s->positions[0] = malloc(2 * sizeof(uint32_t));
        s->positions[0][0] = class == 31 ? (1u << 31) - 2 : last - 1;
        s->positions[0][1] = s->positions[0][0] + last;
        write_lists(p, s, 1, 1);
        assert_ok(gs_list_read(&s->postings, s->decoder, &s->lists[0], out, &error), &error);
        assert_memory_equal(out, s->positions[0], 2 * sizeof(uint32_t));
        shelf_free(s);
    }
}

static uint32_t bits_at(const uint8_t *bytes, uint32_t *bit, uint32_t count)
{
    uint32_t value = 0;
    for (uint32_t k = 0; k < count; k++, ++*bit)
        value |= (uint32_t)(bytes[*bit / 8] >> *bit % 8 & 1) << k;
    return value;
}

/* Reads a list of coded blocks as docs/FORMAT.md says, a bit at a time. */
static void read_codes_slowly(const uint8_t *list, uint32_t *out)
{
    uint32_t blocks = gs_load_u32(list + 4);
    const uint8_t *offsets = list + 8 + 4 * blocks, *classes = offsets + 4 * (blocks + 1);
    const uint8_t *payload = classes + 6 * blocks;
    for (uint32_t b = 0; b < blocks; b++) {
        const uint8_t *codes = payload + gs_load_u32(offsets + 4 * b);
        uint32_t count = classes[5 * blocks + b] + 1u, high = classes[b] - 64u, bit = 0;
        uint32_t position = gs_load_u32(list + 8 + 4 * b);
        *out++ = position;
        for (uint32_t i = 0; i + 1 < count; i++) {
            uint32_t code = codes[i / 2] >> 4 * (i % 2) & 15, class = code, width = code;
            if (high > 15) {
                uint32_t pairs = high - 15;
                class = code < pairs ? 2 * code : code + pairs;
                width = code < pairs ? class + 2 : class;
            }
            position += (1u << class) + bits_at(codes + count / 2, &bit, width);
            *out++ = position;
        }
        const uint8_t *end = payload + gs_load_u32(offsets + 4 * (b + 1));
        assert_true(codes + count / 2 + (bit + 7) / 8 == end);
    }
}

/* Reads a list of packed blocks in the same way. */
static void read_slowly(const uint8_t *list, uint32_t *out)
{
    if (gs_load_u32(list) < 8192) {
        read_codes_slowly(list, out);
        return;
    }
    uint32_t blocks = gs_load_u32(list + 4);
    size_t table = (8 + 14 * (size_t)blocks + 31) / 32 * 32, offsets = 8 + 4 * (size_t)blocks;
    for (uint32_t b = 0; b < blocks; b++) {
        const uint8_t *packed = list + table + 32 * (size_t)gs_load_u32(list + offsets + 4 * b);
        uint32_t width = list[8 + 8 * blocks + b], position = gs_load_u32(list + 8 + 4 * b);
        uint32_t count = list[8 + 13 * blocks + b] + 1u;
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t k = 0; k < width; k++) {
                uint32_t bit = i / 8 * width + k, word = 8 * (bit / 32) + i % 8;
                uint32_t value = gs_load_u32(packed + 4 * word) >> bit % 32 & 1;
                position += value << k;
            }
            *out++ = position;
        }
    }
}

static void long_lists_have_the_form_of_the_description(void **state)
{
    shelf *s = random_shelf(*state);
    uint32_t *out = malloc(s->room * sizeof(*out));
    for (uint32_t i = SHORT_LISTS; i < LISTS; i++) {
        read_slowly(s->postings.post.ptr + s->lists[i].place, out);
        assert_memory_equal(out, s->positions[i], s->lists[i].count * sizeof(*out));
    }
    free(out);
    shelf_free(s);
}

static void a_seek_finds_the_last_block_that_begins_at_or_before(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    for (uint32_t i = SHORT_LISTS; i < LISTS; i++) {
        gs_long_list list;
        assert_ok(gs_long_list_open(&s->postings, &s->lists[i], &list, &error), &error);
        for (uint32_t position = 0; position < s->docs.positions; position += 13) {
            uint32_t expected = 0, next = block_count(i, 0); // the first of the block behind it
            while (next < s->lists[i].count && s->positions[i][next] <= position)
                next += block_count(i, ++expected);
            for (uint32_t from = 0; from <= expected; from += 1 + expected / 3)
                assert_int_equal(gs_long_list_seek(&list, from, position), expected);
            if (expected + 1 < list.blocks)
                assert_int_equal(gs_long_list_seek(&list, expected + 1, position), expected + 1);
        }
    }
    shelf_free(s);
}

static void a_block_can_be_read_up_to_a_position(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    for (uint32_t i = SHORT_LISTS; i < LISTS; i++) {
        gs_long_list list;
        const uint32_t *here = s->positions[i];
        uint32_t left = s->lists[i].count, all;
        assert_ok(gs_long_list_open(&s->postings, &s->lists[i], &list, &error), &error);
        for (uint32_t b = 0; left; b++, here += all, left -= all) {
            uint32_t out[GS_BLOCK_POSTINGS], got;
            all = block_count(i, b) < left ? block_count(i, b) : left;
            for (uint32_t wanted = 0; wanted < all; wanted += 1 + wanted / 2) {
                assert_ok(gs_long_list_until(&list, b, here[wanted], out, &got, &error), &error);
                assert_true(got > wanted && got <= all);
                assert_memory_equal(out, here, got * sizeof(*out));
            }
            assert_ok(gs_long_list_until(&list, b, here[all - 1] + 1, out, &got, &error), &error);
            assert_int_equal(got, all);
        }
    }
    shelf_free(s);
}

/* Copies lists into one behind positions of its own, and reads it back. */
static void check_copies(place *p, bool packed, const uint32_t *from, uint32_t from_count)
{
    shelf *s = random_shelf(p), *copy = shelf_new();
    uint32_t before = 300, count = before, blocks = 2, shift = s->docs.positions, at = before;
    gs_buf post;
    gs_long_writer longs;
    gs_buf_init(&post, NULL, SIZE_MAX);
    gs_long_writer_init(&longs, NULL, &s->docs);
    longs.packed = packed;
    gs_long_writer_add(&longs, s->positions[LISTS - 1], before);
    gs_long_list list, whole;
    for (uint32_t i = 0; i < from_count; i++) {
        assert_ok(gs_long_list_open(&s->postings, &s->lists[from[i]], &list, &p->error), &p->error);
        assert_ok(gs_long_writer_copy(&longs, &list, (i + 1) * shift, &p->error), &p->error);
        count += list.count;
    }
    gs_long_writer_finish(&longs, &post);
    copy->postings.positions = (from_count + 1) * shift;
    copy->lists[0] = (gs_list){.count = count, .is_long = true};
    open_postings(p, copy, &post);
    uint32_t *out = malloc((count + GS_BLOCK_POSTINGS) * sizeof(*out));
    assert_ok(gs_list_read(&copy->postings, s->decoder, &copy->lists[0], out, &p->error),
              &p->error);
    assert_memory_equal(out, s->positions[LISTS - 1], before * sizeof(*out));
    assert_ok(gs_long_list_open(&copy->postings, &copy->lists[0], &whole, &p->error), &p->error);
    for (uint32_t i = 0; i < from_count; i++) {
        assert_ok(gs_long_list_open(&s->postings, &s->lists[from[i]], &list, &p->error), &p->error);
        for (uint32_t j = 0; j < list.count; j++)
            assert_int_equal(out[at++], s->positions[from[i]][j] + (i + 1) * shift);
        // under the same average as before
        assert_memory_equal(whole.impacts + 4 * (size_t)blocks, list.impacts, 4 * list.blocks);
        assert_memory_equal(whole.counts + blocks, list.counts, list.blocks);
        blocks += list.blocks;
    }
    assert_int_equal(whole.blocks, blocks);
    free(out);
    gs_long_writer_release(&longs);
    gs_buf_release(&post);
    shelf_free(copy);
    shelf_free(s);
}

static void copied_blocks_hold_what_they_held(void **state)
{
    const uint32_t packed[] = {LISTS - 1, LISTS - 2}, coded[] = {SHORT_LISTS + 2, SHORT_LISTS + 2};
    check_copies(*state, true, packed, 2);
    check_copies(*state, false, coded, 2);
}

static void coded_blocks_are_packed_for_a_packed_list(void **state)
{
    const uint32_t lists[] = {SHORT_LISTS + 3, LISTS - 1, SHORT_LISTS + 2};
    check_copies(*state, true, lists, 3);
}

static void a_decoder_may_outlive_the_file_it_has_read(void **state)
{
    place *p = *state;
    gsearch_error error;
    shelf *one = random_shelf(p), *other = random_shelf(p);
    uint32_t *out = malloc(one->room * sizeof(*out));
    gs_decoder *decoder = gs_decoder_new(NULL);
    assert_ok(gs_list_read(&one->postings, decoder, &one->lists[3], out, &error), &error);
    shelf_free(one);
    assert_ok(gs_list_read(&other->postings, decoder, &other->lists[3], out, &error), &error);
    assert_memory_equal(out, other->positions[3], other->lists[3].count * sizeof(*out));
    gs_decoder_free(decoder);
    free(out);
    shelf_free(other);
}

/* ---- lists that cannot be ---- */

static void lists_that_the_segment_has_no_room_for_are_refused(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    uint32_t positions = s->postings.positions;
    uint64_t gaps = s->postings.gaps, bytes = s->postings.post.len;
    const gs_list lists[] = {
        {.count = 0},
        {.count = 1, .place = positions},
        {.count = 1, .place = UINT64_MAX},
        {.count = 2, .place = gaps - 1},
        {.count = 2, .place = gaps},
        {.count = 2, .place = UINT64_MAX},
        {.count = 2, .place = UINT64_MAX - 1}, // place + count is 0
        {.count = positions + 1, .place = 0},
        {.count = UINT32_MAX, .place = 0},
        {.count = 8192, .place = bytes, .is_long = true},
        {.count = 8192, .place = bytes - 200, .is_long = true},
        {.count = 8192, .place = UINT64_MAX, .is_long = true},
        {.count = positions + 1, .place = 0, .is_long = true},
        {.count = UINT32_MAX, .place = 0, .is_long = true},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        gs_long_list blocks = {.count = 77};
        uint32_t out[1];
        assert_fails(GSEARCH_CORRUPT, gs_list_check(&s->postings, &lists[i], &error), &error);
        assert_fails(GSEARCH_CORRUPT,
                     gs_list_read(&s->postings, s->decoder, &lists[i], out, &error), &error);
        if (lists[i].is_long)
            assert_fails(GSEARCH_CORRUPT,
                         gs_long_list_open(&s->postings, &lists[i], &blocks, &error), &error);
        assert_int_equal(blocks.count, 77); // nothing was written
    }
    // a count is also bounded by the bytes that it takes, however many positions are claimed
    s->postings.positions = UINT32_MAX;
    gs_list huge = {.count = UINT32_MAX, .is_long = true};
    assert_fails(GSEARCH_CORRUPT, gs_list_check(&s->postings, &huge, &error), &error);
    huge.is_long = false;
    assert_fails(GSEARCH_CORRUPT, gs_list_check(&s->postings, &huge, &error), &error);
    for (uint32_t i = 0; i < LISTS; i++)
        assert_ok(gs_list_check(&s->postings, &s->lists[i], &error), &error);
    shelf_free(s);
}

/* Reads a list after `count` bytes of POST at `at` became `bytes`. */
static gsearch_status read_changed(shelf *s, uint32_t list, size_t at, const void *bytes,
                                   size_t count, gsearch_error *error)
{
    uint8_t *post = (uint8_t *)(uintptr_t)s->postings.post.ptr;
    uint8_t kept[64];
    uint32_t *out = malloc(s->room * sizeof(*out));
    assert_true(count <= sizeof(kept) && at + count <= s->postings.post.len);
    memcpy(kept, post + at, count);
    memcpy(post + at, bytes, count);
    s->decoder->chunk_owner = 0;
    gsearch_status status = gs_list_read(&s->postings, s->decoder, &s->lists[list], out, error);
    memcpy(post + at, kept, count);
    free(out);
    return status;
}

static void short_chunks_that_cannot_be_are_refused(void **state)
{
    place *p = *state;
    shelf *s = shelf_new();
    gsearch_error error;
    s->postings.positions = 1000;
    s->lists[0].count = 4;
    s->room = 4 + GS_BLOCK_POSTINGS;
    s->positions[0] = malloc(4 * sizeof(uint32_t));
    for (uint32_t i = 0; i < 4; i++)
        s->positions[0][i] = 200 * (i + 1);
    write_lists(p, s, 1, 1);
    static const uint8_t classes[][6] = {
        {4, 0x80, 7, 7, 7, 32}, // a class over 31
        {4, 0x80, 7, 7, 7, 255},
        {3, 0x80, 7, 7, 7, 7}, // one gap less, one more, none
        {5, 0x80, 7, 7, 7, 7},
        {0, 0x80, 7, 7, 7, 7},
        {0xff, 0xff, 7, 7, 7, 7}, // over the end
        {4, 0, 7, 7, 7, 7},       // not zstd
        {0, 0, 7, 7, 7, 7},
        {4, 0x80, 31, 31, 31, 31}, // mantissas over the end
        {4, 0x80, 10, 7, 7, 7},    // positions over the last
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        assert_fails(GSEARCH_CORRUPT, read_changed(s, 0, 0, classes[i], 6, &error), &error);
    static const uint64_t places[] = {1, 9, 10, 1000, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        gs_store_u64(s->sdir.data, places[i]);
        assert_fails(GSEARCH_CORRUPT, read_changed(s, 0, 0, "", 0, &error), &error);
    }
    gs_store_u64(s->sdir.data, 0);
    assert_ok(read_changed(s, 0, 0, "", 0, &error), &error);
    shelf_free(s);
}

/* Three gaps of 2^31: the last position is 2^31 - 1 again, as the first is. */
static void sums_that_go_over_two_to_the_32nd_are_refused(void **state)
{
    place *p = *state;
    shelf *s = shelf_new();
    gsearch_error error;
    s->postings.positions = UINT32_MAX;
    s->lists[0].count = 3;
    s->room = 3 + GS_BLOCK_POSTINGS;
    s->positions[0] = malloc(3 * sizeof(uint32_t));
    for (uint32_t i = 0; i < 3; i++)
        s->positions[0][i] = (i + 1) * (1u << 30) - 1;
    write_lists(p, s, 1, 1);
    static const uint8_t as_they_are[] = {30, 30, 30}, greater[] = {31, 31, 31};
    assert_ok(read_changed(s, 0, 2, as_they_are, 3, &error), &error);
    assert_fails(GSEARCH_CORRUPT, read_changed(s, 0, 2, greater, 3, &error), &error);
    shelf_free(s);
}

static void short_lists_are_moved_while_they_are_read(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    uint32_t *out = malloc(s->room * sizeof(*out));
    for (uint32_t n = 0; n < 3 * SHORT_LISTS; n++) {
        uint32_t i = n < SHORT_LISTS ? n : n * 37 % SHORT_LISTS; // in order, then not
        assert_ok(gs_short_list_read(&s->postings, s->decoder, &s->lists[i], 1000 * n, out,
                                     &error),
                  &error);
        for (uint32_t k = 0; k < s->lists[i].count; k++)
            assert_int_equal(out[k], s->positions[i][k] + 1000 * n);
    }
    free(out);
    shelf_free(s);
}

static void long_lists_that_cannot_be_are_refused(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    const uint32_t list = SHORT_LISTS + 4, blocks = (9000 + 255) / 256; // the last one is not full
    size_t begin = (size_t)s->lists[list].place, firsts = begin + 8, offsets = firsts + 4 * blocks;
    size_t widths = offsets + 4 * blocks, counts = widths + 5 * blocks;
    size_t payload = begin + (8 + 14 * blocks + 31) / 32 * 32;
    uint32_t second = s->positions[list][256];
    const struct {
        size_t at;
        uint32_t value, bytes;
    } changes[] = {
        {begin, 8999, 4},
        {begin, 9001, 4},
        {begin, 0, 4},
        {begin, UINT32_MAX, 4},
        {begin + 4, blocks - 1, 4},
        {begin + 4, blocks + 1, 4},
        {begin + 4, UINT32_MAX, 4},
        {firsts + 4, s->positions[list][255], 4}, // the last of the block before
        {firsts + 4, 0, 4},
        {firsts + 4, UINT32_MAX, 4},
        {firsts + 4 * (blocks - 1), s->postings.positions - 1, 4},
        {offsets, UINT32_MAX, 4},
        {offsets + 4 * (blocks - 1), UINT32_MAX, 4},
        {offsets + 4 * (blocks - 1), (uint32_t)(s->postings.post.len / 32), 4},
        {widths, 0, 1},
        {widths, 32, 1},
        {widths, 33, 1},
        {widths, 255, 1},
        {widths + blocks - 1, 33, 1},
        {counts, 254, 1},
        {counts + blocks - 1, 9000 % 256, 1},
        {counts + blocks - 2, 254 | 9000 % 256 << 8, 2}, // the same sum
        {payload, gs_load_u32(s->postings.post.ptr + payload) | 1, 4}, // the first distance
    };
    assert_true(second > s->positions[list][255]);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        assert_fails(GSEARCH_CORRUPT,
                     read_changed(s, list, changes[i].at, &changes[i].value, changes[i].bytes,
                                  &error),
                     &error);
    assert_ok(read_changed(s, list, begin, "", 0, &error), &error);
    shelf_free(s);
}

/* A change of the table of a list, and what it is changed to. */
typedef struct table_change {
    const uint8_t *at;
    uint32_t value;
} table_change;

static void check_refusals(shelf *s, const gs_long_list *list, const table_change *changes,
                           size_t changes_count)
{
    gsearch_error error;
    gs_long_writer longs;
    gs_long_writer_init(&longs, NULL, &s->docs);
    longs.packed = list->count >= 8192;
    for (size_t i = 0; i < changes_count; i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)changes[i].at;
        uint32_t kept = gs_load_u32(at);
        gs_store_u32(at, changes[i].value);
        assert_fails(GSEARCH_CORRUPT, gs_long_writer_copy(&longs, list, 0, &error), &error);
        gs_store_u32(at, kept);
        assert_int_equal(longs.count, 0);
        assert_int_equal(longs.counts.len, 0);
    }
    assert_ok(gs_long_writer_copy(&longs, list, 0, &error), &error);
    gs_long_writer_release(&longs);
}

static void blocks_under_a_table_that_cannot_be_are_not_copied(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    gs_long_list packed, coded;
    assert_ok(gs_long_list_open(&s->postings, &s->lists[SHORT_LISTS], &packed, &error), &error);
    assert_ok(gs_long_list_open(&s->postings, &s->lists[SHORT_LISTS + 3], &coded, &error), &error);
    uint32_t last = packed.blocks - 1, last_coded = coded.blocks - 1;
    const table_change of_packed[] = {
        {packed.firsts + 4, gs_long_list_first(&packed, 0)},
        {packed.firsts + 4 * last, s->postings.positions},
        {packed.offsets, 1},
        {packed.offsets + 4 * last, 0},
        {packed.bits, 33},
        {packed.bits + last, 0x21212121},
    };
    const table_change of_coded[] = {
        {coded.firsts + 4, gs_long_list_first(&coded, 0)},
        {coded.firsts + 4 * last_coded, s->postings.positions},
        {coded.offsets, 1},
        {coded.offsets + 4 * last_coded, 0},
        {coded.offsets + 4 * coded.blocks, 0},
        {coded.offsets + 4 * coded.blocks, (uint32_t)coded.payload.len + 1},
        {coded.bits, 0x3f3f3f3f},
        {coded.bits + last_coded, 0x60606060},
    };
    check_refusals(s, &packed, of_packed, sizeof(of_packed) / sizeof(*of_packed));
    check_refusals(s, &coded, of_coded, sizeof(of_coded) / sizeof(*of_coded));
    // of the last list in POST, whose last block would end behind it
    assert_ok(gs_long_list_open(&s->postings, &s->lists[LISTS - 1], &coded, &error), &error);
    const table_change over_the_end = {coded.count < 8192 ? coded.offsets + 4 * coded.blocks
                                                          : coded.bits + coded.blocks - 1,
                                       coded.count < 8192 ? (uint32_t)coded.payload.len + 1
                                                          : 0x20202020};
    check_refusals(s, &coded, &over_the_end, 1);
    uint32_t block[GS_BLOCK_POSTINGS], count;
    gs_store_u32((uint8_t *)(uintptr_t)over_the_end.at, over_the_end.value);
    assert_fails(GSEARCH_CORRUPT,
                 gs_long_list_block(&coded, coded.blocks - 1, block, &count, &error), &error);
    shelf_free(s);
}

static void a_coded_list_that_cannot_be_read_is_not_packed(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    gs_long_list coded;
    assert_ok(gs_long_list_open(&s->postings, &s->lists[SHORT_LISTS + 3], &coded, &error), &error);
    uint32_t last = coded.blocks - 1;
    const table_change changes[] = {
        {coded.firsts + 4, gs_long_list_first(&coded, 0)},
        {coded.firsts + 4 * last, s->postings.positions},
        {coded.offsets + 4 * coded.blocks, (uint32_t)coded.payload.len + 1},
        {coded.bits + last, 0x60606060},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        gs_long_writer longs;
        uint8_t *at = (uint8_t *)(uintptr_t)changes[i].at;
        uint32_t kept = gs_load_u32(at);
        gs_long_writer_init(&longs, NULL, &s->docs);
        longs.packed = true;
        gs_store_u32(at, changes[i].value);
        assert_fails(GSEARCH_CORRUPT, gs_long_writer_copy(&longs, &coded, 0, &error), &error);
        gs_store_u32(at, kept);
        assert_int_equal(longs.count, 0);
        gs_long_writer_release(&longs);
    }
    shelf_free(s);
}

static void codes_that_do_not_fit_their_block_are_refused(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    gs_long_list coded;
    uint32_t out[GS_BLOCK_POSTINGS], count;
    assert_ok(gs_long_list_open(&s->postings, &s->lists[SHORT_LISTS + 3], &coded, &error), &error);
    uint32_t last = coded.blocks - 1;
    uint8_t *first = (uint8_t *)(uintptr_t)coded.firsts + 4 * last;
    uint32_t kept = gs_load_u32(first);
    gs_store_u32(first, UINT32_MAX - 2); // its gaps lead over 2^32
    s->postings.positions = UINT32_MAX;
    assert_fails(GSEARCH_CORRUPT, gs_long_list_block(&coded, last, out, &count, &error), &error);
    gs_store_u32(first, kept);
    assert_ok(gs_long_list_block(&coded, last, out, &count, &error), &error);
    uint8_t *end = (uint8_t *)(uintptr_t)coded.offsets + 4;
    gs_store_u32(end, gs_load_u32(end) + 1); // a byte that no code is in
    assert_fails(GSEARCH_CORRUPT, gs_long_list_block(&coded, 0, out, &count, &error), &error);
    gs_store_u32(end, gs_load_u32(end) - 1);
    assert_ok(gs_long_list_block(&coded, 0, out, &count, &error), &error);
    shelf_free(s);
}

static void without_memory_a_copy_says_so(void **state)
{
    shelf *s = random_shelf(*state);
    gsearch_error error;
    gs_long_list list;
    bool done = false;
    assert_ok(gs_long_list_open(&s->postings, &s->lists[SHORT_LISTS], &list, &error), &error);
    for (size_t fail_at = 1; !done; fail_at++) {
        gs_flaky flaky;
        gs_buf post;
        gs_long_writer longs;
        gs_flaky_init(&flaky, fail_at);
        gs_buf_init(&post, &flaky.mem, SIZE_MAX);
        gs_long_writer_init(&longs, &flaky.mem, &s->docs);
        longs.packed = true;
        assert_ok(gs_long_writer_copy(&longs, &list, 0, &error), &error);
        gs_long_writer_finish(&longs, &post);
        assert_int_equal(post.status, flaky.calls < fail_at ? GSEARCH_OK : GSEARCH_NO_MEMORY);
        done = post.status == GSEARCH_OK;
        gs_long_writer_release(&longs);
        gs_buf_release(&post);
        assert_int_equal(flaky.live, 0);
    }
    shelf_free(s);
}

static bool rises_below(const uint32_t *positions, uint32_t count, uint32_t limit)
{
    bool good = positions[count - 1] < limit;
    for (uint32_t i = 1; i < count; i++)
        good &= positions[i - 1] < positions[i];
    return good;
}

static void damaged_lists_are_refused_or_rise_inside_the_segment(void **state)
{
    shelf *s = random_shelf(*state);
    uint8_t *post = (uint8_t *)(uintptr_t)s->postings.post.ptr;
    uint8_t *copy = malloc(s->postings.post.len);
    uint32_t *out = malloc(s->room * sizeof(*out)), refused = 0, read = 0;
    uint64_t seed = 99;
    memcpy(copy, post, s->postings.post.len);
    for (uint32_t n = 0; n < MUTATIONS; n++) {
        // near the beginning of a list or a chunk three times of four: there the tables are
        uint32_t i = (uint32_t)gs_test_random_below(&seed, LISTS);
        uint64_t chunk = s->lists[i].place / GS_CHUNK_GAPS;
        size_t from = (size_t)(i < SHORT_LISTS ? gs_load_u64(s->sdir.data + 8 * chunk)
                                               : s->lists[i].place);
        size_t span = s->postings.post.len - from;
        if (n % 4 && span > 500)
            span = 500;
        size_t at = from + (size_t)gs_test_random_below(&seed, span);
        post[at] = (uint8_t)(gs_test_random_below(&seed, 2) ? gs_test_random(&seed)
                                                            : copy[at] ^ 1u << (n % 8));
        s->decoder->chunk_owner = 0;
        gsearch_error error;
        gsearch_status status = gs_list_read(&s->postings, s->decoder, &s->lists[i], out, &error);
        if (status) {
            assert_int_equal(status, GSEARCH_CORRUPT);
            refused++;
        } else {
            assert_true(rises_below(out, s->lists[i].count, s->postings.positions));
            read++;
        }
        post[at] = copy[at];
    }
    assert_true(refused > MUTATIONS / 10 && read > MUTATIONS / 10);
    free(copy);
    free(out);
    shelf_free(s);
}

static void without_memory_the_writers_say_so(void **state)
{
    place *p = *state;
    shelf *s = random_shelf(p);
    bool done = false;
    gs_flaky flaky;
    for (size_t fail_at = 1; !done; fail_at++) {
        gs_flaky_init(&flaky, fail_at);
        gs_buf post, sizes;
        gs_short_writer shorts;
        gs_long_writer longs;
        gs_buf_init(&post, &flaky.mem, SIZE_MAX);
        gs_buf_init(&sizes, &flaky.mem, SIZE_MAX);
        gs_long_writer_init(&longs, &flaky.mem, &s->docs);
        gsearch_status status = gs_short_writer_init(&shorts, &flaky.mem, &sizes, &p->error);
        if (!status) {
            gs_short_writer_start(&shorts);
            gs_short_writer_add(&shorts, s->positions[0], s->lists[0].count, &post);
            gs_short_writer_flush(&shorts, &post);
            longs.packed = true;
            gs_long_writer_add(&longs, s->positions[LISTS - 1], s->lists[LISTS - 1].count);
            gs_long_writer_finish(&longs, &post);
            status = post.status ? post.status : sizes.status;
        }
        assert_int_equal(status, flaky.calls < fail_at ? GSEARCH_OK : GSEARCH_NO_MEMORY);
        done = status == GSEARCH_OK;
        gs_short_writer_release(&shorts);
        gs_long_writer_release(&longs);
        gs_buf_release(&post);
        gs_buf_release(&sizes);
        assert_int_equal(flaky.live, 0);
    }
    shelf_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_codes_round_down_and_never_fall),
        PLACE_CASE(all_lists_read_back),
        PLACE_CASE(short_lists_have_the_bytes_of_the_description),
        PLACE_CASE(the_widest_gaps_are_read_at_the_end_of_the_lists),
        PLACE_CASE(long_lists_have_the_form_of_the_description),
        PLACE_CASE(a_seek_finds_the_last_block_that_begins_at_or_before),
        PLACE_CASE(a_block_can_be_read_up_to_a_position),
        PLACE_CASE(copied_blocks_hold_what_they_held),
        PLACE_CASE(coded_blocks_are_packed_for_a_packed_list),
        PLACE_CASE(blocks_under_a_table_that_cannot_be_are_not_copied),
        PLACE_CASE(a_decoder_may_outlive_the_file_it_has_read),
        PLACE_CASE(lists_that_the_segment_has_no_room_for_are_refused),
        PLACE_CASE(short_chunks_that_cannot_be_are_refused),
        PLACE_CASE(sums_that_go_over_two_to_the_32nd_are_refused),
        PLACE_CASE(short_lists_are_moved_while_they_are_read),
        PLACE_CASE(long_lists_that_cannot_be_are_refused),
        PLACE_CASE(a_coded_list_that_cannot_be_read_is_not_packed),
        PLACE_CASE(codes_that_do_not_fit_their_block_are_refused),
        PLACE_CASE(without_memory_a_copy_says_so),
        PLACE_CASE(damaged_lists_are_refused_or_rise_inside_the_segment),
        PLACE_CASE(without_memory_the_writers_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
