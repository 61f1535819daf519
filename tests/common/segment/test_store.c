/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/store.c: documents come back as they were, and blocks made here with
 * zstd itself, good and bad, are read as docs/FORMAT.md says.
 */
#include "common/segment/store.h"

#include <zstd.h>

#include "tests/common/segment/place.h"

#define KIND GS_ID('T', 'E', 'S', 'T')

/* A segment's worth of text: TEXT and TDIR as they grow. */
typedef struct text {
    gs_buf blocks;
    gs_buf directory;
    gs_buf checkpoints;
    uint32_t documents;
    uint32_t blocks_count;
} text;

typedef struct opened {
    gs_container *container;
    gs_store store;
    gs_decoder *decoder;
} opened;

static void text_init(text *t)
{
    *t = (text){0};
    gs_buf_init(&t->blocks, NULL, 64 << 20);
    gs_buf_init(&t->directory, NULL, 1 << 20);
    gs_buf_init(&t->checkpoints, NULL, 1 << 20);
}

static void text_release(text *t)
{
    gs_buf_release(&t->blocks);
    gs_buf_release(&t->directory);
    gs_buf_release(&t->checkpoints);
}

static void directory_row(text *t)
{
    gs_buf_u64(&t->directory, t->blocks.len);
    gs_buf_u32(&t->directory, t->documents);
}

static void add_stored(text *t, uint32_t begun, const void *stored, size_t len)
{
    directory_row(t);
    gs_buf_append(&t->blocks, stored, len);
    t->documents += begun;
    t->blocks_count++;
}

/* Takes over what a packer gave, looking at the raw bytes of each block. */
static void add_packed(text *t, const gs_buf *packed)
{
    gs_cursor cursor = gs_cursor_of(gs_buf_view(packed));
    static uint8_t raw[GS_TEXT_BLOCK_BYTES_MAX];
    while (gs_cursor_left(&cursor)) {
        uint32_t begun = gs_cursor_u32(&cursor);
        gs_bytes stored = gs_cursor_bytes(&cursor, gs_cursor_u32(&cursor));
        assert_false(cursor.bad);
        assert_int_equal(ZSTD_findFrameCompressedSize(stored.ptr, stored.len), stored.len);
        unsigned long long len = ZSTD_getFrameContentSize(stored.ptr, stored.len);
        assert_true(len > 0 && len <= GS_TEXT_BLOCK_BYTES_MAX);
        assert_int_equal(ZSTD_decompress(raw, sizeof(raw), stored.ptr, stored.len), len);
        gs_cursor inner = gs_cursor_of(gs_bytes_of(raw, (size_t)len));
        assert_int_equal(gs_cursor_varint(&inner), begun);
        add_stored(t, begun, stored.ptr, stored.len);
    }
}

/* Compresses `raw` and adds it as a block. */
static void add_raw(text *t, uint32_t begun, const void *raw, size_t len)
{
    size_t bound = ZSTD_compressBound(len);
    uint8_t *stored = malloc(bound);
    size_t stored_len = ZSTD_compress(stored, bound, raw, len, 1);
    assert_false(ZSTD_isError(stored_len));
    add_stored(t, begun, stored, stored_len);
    free(stored);
}

static gsearch_status text_open(place *p, text *t, opened *out)
{
    directory_row(t);
    gs_container_writer *writer;
    gs_container_name name;
    assert_ok(gs_container_create(p->dir, NULL, KIND, &writer, &p->error), &p->error);
    gs_container_chunk(writer, GS_CHUNK_TEXT);
    gs_container_write(writer, t->blocks.data, t->blocks.len);
    assert_ok(gs_container_finish(writer, "test-", ".bin", &name, &p->error), &p->error);
    assert_ok(gs_container_open(p->dir, &p->flaky.mem, name.name, name.length, KIND, name.id, false,
                                &out->container, &p->error),
              &p->error);
    out->decoder = gs_decoder_new(&p->flaky.mem);
    assert_non_null(out->decoder);
    return gs_store_open(out->container, gs_container_find(out->container, GS_CHUNK_TEXT),
                         gs_buf_view(&t->directory), gs_buf_view(&t->checkpoints), t->documents,
                         &out->store, &p->error);
}

static void text_close(opened *o)
{
    gs_decoder_free(o->decoder);
    gs_container_close(o->container);
}

/* Document `i`: bytes that hardly compress and tell where they are from. */
static gs_bytes bytes_of(uint64_t seed, size_t len, uint8_t *room)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (uint8_t)(gs_test_random(&seed) >> 60);
    return gs_bytes_of(room, len);
}

typedef struct sizes {
    size_t text, fields;
} sizes;

/* A document with a header of 1 + 3 + 1 bytes fills a block alone at 32,763 bytes. */
static const sizes documents[] = {
    {0, 0},     {10, 0},     {0, 7},      {16000, 0},  {16700, 20},   {3, 3},      {32763, 0},
    {32762, 0}, {32764, 0},  {32763, 1},  {0, 40000},  {100000, 500}, {200000, 0}, {5, 5},
    {65529, 0}, {65530, 0},  {65531, 0},  {65530, 1},  {20000, 0},    {12767, 0},  {32766, 0},
    {1, 1},     {400000, 9}, {1, 100000}, {40, 200},
};
#define DOCUMENTS (sizeof(documents) / sizeof(documents[0]))
#define ROOM 500000

static void pack_all(text *t)
{
    static uint8_t text_room[ROOM], fields_room[ROOM];
    gsearch_error error;
    gs_store_packer *packer = gs_store_packer_new(NULL, 3);
    assert_non_null(packer);
    gs_buf packed;
    gs_buf_init(&packed, NULL, 64 << 20);
    for (size_t i = 0; i < DOCUMENTS; i++)
        assert_ok(gs_store_packer_add(packer, bytes_of(i, documents[i].text, text_room),
                                      bytes_of(~i, documents[i].fields, fields_room), &packed,
                                      &error),
                  &error);
    assert_ok(gs_store_packer_flush(packer, &packed, &error), &error);
    size_t len = packed.len;
    assert_ok(gs_store_packer_flush(packer, &packed, &error), &error);
    assert_int_equal(packed.len, len);
    add_packed(t, &packed);
    assert_int_equal(t->documents, DOCUMENTS);
    gs_store_packer_free(packer);
    gs_buf_release(&packed);
}

static void documents_come_back_whole(void **state)
{
    place *p = *state;
    static uint8_t room[ROOM];
    text t;
    text_init(&t);
    pack_all(&t);
    opened o;
    assert_ok(text_open(p, &t, &o), &p->error);
    for (uint32_t round = 0; round < 2 * DOCUMENTS; round++) {
        uint32_t doc = round < DOCUMENTS ? round : round * 7 % (uint32_t)DOCUMENTS;
        gs_stored stored;
        assert_ok(gs_store_read(&o.store, o.decoder, doc, 0, UINT32_MAX, &stored, &p->error),
                  &p->error);
        assert_int_equal(stored.text_from, 0);
        assert_int_equal(stored.text_len, documents[doc].text);
        gs_bytes expected = bytes_of(doc, documents[doc].text, room);
        assert_true(gs_bytes_equal(stored.text, expected));
        expected = bytes_of(~(uint64_t)doc, documents[doc].fields, room);
        assert_true(gs_bytes_equal(stored.fields, expected));
    }
    assert_ok(gs_store_verify(&o.store, o.decoder, &p->error), &p->error);
    text_close(&o);
    text_release(&t);
}

static void pieces_of_documents_come_back(void **state)
{
    place *p = *state;
    static uint8_t room[ROOM];
    text t;
    text_init(&t);
    pack_all(&t);
    opened o;
    assert_ok(text_open(p, &t, &o), &p->error);
    uint64_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        uint32_t doc = (uint32_t)gs_test_random_below(&seed, DOCUMENTS);
        size_t len = documents[doc].text;
        // now and then behind the end; often at the borders of blocks
        uint32_t from = (uint32_t)gs_test_random_below(&seed, len + 3);
        if (round % 3 == 0)
            from = (uint32_t)(gs_test_random_below(&seed, 14) * 32767 + 32761 +
                              gs_test_random_below(&seed, 5));
        uint32_t to = from + (uint32_t)gs_test_random_below(&seed, round % 2 ? 200 : 70000);
        if (round % 11 == 0)
            to = UINT32_MAX;
        gs_stored stored;
        assert_ok(gs_store_read(&o.store, o.decoder, doc, from, to, &stored, &p->error),
                  &p->error);
        assert_int_equal(stored.text_len, len);
        gs_bytes whole = bytes_of(doc, len, room);
        size_t end = stored.text_from + stored.text.len;
        assert_true(end <= len);
        assert_memory_equal(stored.text.ptr, whole.ptr + stored.text_from, stored.text.len);
        if (from < len) {
            assert_true(stored.text_from <= from);
            assert_true(end >= (to < len ? to : len));
        }
        if (to == UINT32_MAX) {
            gs_bytes fields = bytes_of(~(uint64_t)doc, documents[doc].fields, room);
            assert_true(gs_bytes_equal(stored.fields, fields));
        } else {
            assert_int_equal(stored.fields.len, 0);
        }
        // a short piece costs at most the blocks under it
        if (to - from <= 200 && documents[doc].text + documents[doc].fields > 65536)
            assert_true(stored.text.len <= 2 * GS_TEXT_BLOCK_BYTES);
    }
    text_close(&o);
    text_release(&t);
}

static void a_directory_is_made_anew_up_to_a_damaged_block(void **state)
{
    place *p = *state;
    text t;
    text_init(&t);
    pack_all(&t);
    opened o;
    assert_ok(text_open(p, &t, &o), &p->error);
    gs_bytes blocks = o.store.text;
    gs_store store;
    gs_buf made;
    gs_buf_init(&made, &p->flaky.mem, SIZE_MAX);
    assert_ok(gs_store_recover(o.container, blocks, o.decoder, &made, &store, &p->error),
              &p->error);
    assert_int_equal(made.len, t.directory.len);
    assert_memory_equal(made.data, t.directory.data, made.len);
    // without its last byte the last block is no whole one
    gs_buf_reset(&made);
    blocks.len--;
    assert_ok(gs_store_recover(o.container, blocks, o.decoder, &made, &store, &p->error),
              &p->error);
    assert_int_equal(made.len, t.directory.len - 12);
    assert_memory_equal(made.data, t.directory.data, made.len);
    assert_int_equal(store.text.len, gs_load_u64(made.data + made.len - 12));
    gs_buf_release(&made);
    text_close(&o);
    text_release(&t);
}

static void the_bytes_of_a_block_are_those_of_the_specification(void **state)
{
    place *p = *state;
    text t;
    text_init(&t);
    add_raw(&t, 2, "\2\5\0\2\4helloab{12}", 16);
    add_raw(&t, 1, "\1\0\0", 3);
    opened o;
    assert_ok(text_open(p, &t, &o), &p->error);
    gs_stored stored;
    assert_ok(gs_store_read(&o.store, o.decoder, 1, 0, UINT32_MAX, &stored, &p->error), &p->error);
    assert_true(gs_bytes_equal(stored.text, gs_bytes_str("ab")));
    assert_true(gs_bytes_equal(stored.fields, gs_bytes_str("{12}")));
    assert_ok(gs_store_read(&o.store, o.decoder, 0, 0, 1, &stored, &p->error), &p->error);
    assert_true(gs_bytes_equal(stored.text, gs_bytes_str("hello")));
    assert_ok(gs_store_read(&o.store, o.decoder, 2, 0, 1, &stored, &p->error), &p->error);
    assert_int_equal(stored.text.len, 0);
    text_close(&o);
    text_release(&t);
}

/* Reads everything from a store that must be refused somewhere. */
static void assert_refused(place *p, text *t)
{
    opened o;
    gsearch_status status = text_open(p, t, &o);
    if (!status) {
        assert_fails(GSEARCH_CORRUPT, gs_store_verify(&o.store, o.decoder, &p->error), &p->error);
        for (uint32_t doc = 0; doc < o.store.documents && !status; doc++) {
            gs_stored stored;
            status = gs_store_read(&o.store, o.decoder, doc, 0, UINT32_MAX, &stored, &p->error);
        }
    }
    assert_fails(GSEARCH_CORRUPT, status, &p->error);
    text_close(&o);
    text_release(t);
}

typedef struct bad_block {
    const char *raw;
    size_t len;
    uint32_t begun; // as the directory says
} bad_block;

static void blocks_with_wrong_lengths_are_refused(void **state)
{
    place *p = *state;
    static const bad_block blocks[] = {
        {"\1\5\0hell", 7, 1},                              // too short
        {"\1\5\0hello!", 9, 1},                            // too long
        {"\2\5\0\1\0hello", 10, 2},                        // the second has no byte
        {"\2\1\0a", 4, 1},                                 // more documents than the directory says
        {"\1\1\0a", 4, 2},                                 // fewer
        {"\1", 1, 1},                                      // no lengths
        {"", 0, 1},                                        // nothing
        {"\1\x85\0\0hello", 9, 1},                         // overlong number
        {"\1\xff\xff\xff\xff\x0f\0hello", 12, 1},          // 4 GiB in a small block
        {"\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0", 12, 1}, // 2^64 - 1
        {"\xff\xff\xff\xff\x0f\0\0", 7, UINT32_MAX},       // 2^32 - 1 documents
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        text t;
        text_init(&t);
        add_raw(&t, blocks[i].begun, blocks[i].raw, blocks[i].len);
        assert_refused(p, &t);
    }
}

static void frames_that_are_not_one_good_frame_are_refused(void **state)
{
    place *p = *state;
    static uint8_t raw[GS_TEXT_BLOCK_BYTES_MAX + 1] = "\1\5\0hello";
    uint8_t stored[4096];
    size_t len = ZSTD_compress(stored, sizeof(stored), raw, 8, 3);
    text t;

    text_init(&t); // one byte missing
    add_stored(&t, 1, stored, len - 1);
    assert_refused(p, &t);

    text_init(&t); // one byte more
    stored[len] = 0;
    add_stored(&t, 1, stored, len + 1);
    assert_refused(p, &t);

    text_init(&t); // two frames
    memcpy(stored + len, stored, len);
    add_stored(&t, 1, stored, 2 * len);
    assert_refused(p, &t);

    text_init(&t); // a skippable frame
    add_stored(&t, 1, "\x50\x2a\x4d\x18\4\0\0\0abcd", 12);
    assert_refused(p, &t);

    text_init(&t); // a skippable frame before the good one
    memmove(stored + 12, stored, len);
    memcpy(stored, "\x50\x2a\x4d\x18\4\0\0\0abcd", 12);
    add_stored(&t, 1, stored, len + 12);
    assert_refused(p, &t);

    text_init(&t); // a frame that does not say how much it holds
    ZSTD_CCtx *encoder = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(encoder, ZSTD_c_contentSizeFlag, 0);
    len = ZSTD_compress2(encoder, stored, sizeof(stored), raw, 8);
    ZSTD_freeCCtx(encoder);
    add_stored(&t, 1, stored, len);
    assert_refused(p, &t);

    text_init(&t); // 65,537 bytes, well compressed: 5 of lengths and a text of 65,532
    memcpy(raw, "\1\xfc\xff\3\0", 5);
    len = ZSTD_compress(stored, sizeof(stored), raw, sizeof(raw), 3);
    add_stored(&t, 1, stored, len);
    assert_refused(p, &t);
}

/* A document of 40,000 bytes of text in two blocks, `continuation` being the second. */
static void add_large(text *t, const void *continuation, size_t len)
{
    static uint8_t raw[GS_TEXT_BLOCK_BYTES];
    memset(raw, 'x', sizeof(raw));
    memcpy(raw, "\1\xc0\xb8\2\0", 5);
    add_raw(t, 1, raw, sizeof(raw));
    if (len)
        add_raw(t, 0, continuation, len);
}

static void wrong_continuations_are_refused(void **state)
{
    place *p = *state;
    // 32,763 bytes stand in the first block, 7,237 are left
    static uint8_t rest[8000];
    memset(rest + 1, 'y', sizeof(rest) - 1);
    gs_stored stored;
    opened o;
    text t;
    text_init(&t);
    add_large(&t, rest, 7238);
    assert_ok(text_open(p, &t, &o), &p->error);
    assert_ok(gs_store_read(&o.store, o.decoder, 0, 32762, 32764, &stored, &p->error), &p->error);
    assert_int_equal(stored.text.ptr[32762 - stored.text_from], 'x');
    assert_int_equal(stored.text.ptr[32763 - stored.text_from], 'y');
    assert_ok(gs_store_verify(&o.store, o.decoder, &p->error), &p->error);
    text_close(&o);
    text_release(&t);

    static const size_t lengths[] = {0, 1, 7237, 7239};
    for (size_t i = 0; i < 4; i++) {
        text_init(&t);
        add_large(&t, rest, lengths[i]);
        assert_refused(p, &t);
    }
    text_init(&t); // a continuation that begins a document
    rest[0] = 1;
    add_large(&t, rest, 7238);
    assert_refused(p, &t);

    text_init(&t); // the next document in the place of the continuation
    add_large(&t, NULL, 0);
    add_raw(&t, 1, "\1\1\0a", 4);
    assert_refused(p, &t);

    for (size_t len = 1; len <= 2; len++) {
        text_init(&t); // a continuation of nothing; reading document 0 does not meet it
        add_raw(&t, 1, "\1\1\0a", 4);
        add_raw(&t, 0, "\0a", len);
        assert_ok(text_open(p, &t, &o), &p->error);
        assert_fails(GSEARCH_CORRUPT, gs_store_verify(&o.store, o.decoder, &p->error), &p->error);
        text_close(&o);
        text_release(&t);
    }
}

static void a_directory_that_does_not_fit_is_refused(void **state)
{
    place *p = *state;
    gs_store store;
    text t;
    text_init(&t);
    add_raw(&t, 2, "\2\1\0\1\0ab", 7);
    add_raw(&t, 1, "\1\1\0c", 4);
    opened o;
    assert_ok(text_open(p, &t, &o), &p->error);
    gs_bytes blocks = gs_container_find(o.container, GS_CHUNK_TEXT);
    gs_bytes good = gs_buf_view(&t.directory);
    gs_bytes none = gs_bytes_of("", 0);
    for (size_t len = 0; len < good.len; len++)
        assert_fails(GSEARCH_CORRUPT,
                     gs_store_open(o.container, blocks, gs_bytes_of(good.ptr, len), none, 3, &store,
                                   &p->error),
                     &p->error);
    assert_fails(GSEARCH_CORRUPT,
                 gs_store_open(o.container, blocks, good, none, 4, &store, &p->error), &p->error);
    assert_fails(GSEARCH_CORRUPT,
                 gs_store_open(o.container, blocks, good, gs_bytes_of("1234567", 7), 3, &store,
                               &p->error),
                 &p->error);
    for (size_t i = 0; i < good.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            t.directory.data[i] ^= (uint8_t)(1u << bit);
            gsearch_status status =
                gs_store_open(o.container, blocks, good, none, 3, &store, &p->error);
            for (uint32_t doc = 0; doc < 3 && !status; doc++) {
                gs_stored stored;
                status = gs_store_read(&store, o.decoder, doc, 0, UINT32_MAX, &stored, &p->error);
            }
            assert_fails(GSEARCH_CORRUPT, status, &p->error);
            t.directory.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    text_close(&o);
    text_release(&t);
}

static void the_checkpoint_before_a_position_is_found(void **state)
{
    place *p = *state;
    text t;
    text_init(&t);
    add_raw(&t, 2, "\2\1\0\1\0ab", 7);
    static const uint32_t rows[][2] = {{10, 4096}, {20, 8192}, {50, 4096}};
    for (size_t i = 0; i < 3; i++) {
        gs_buf_u32(&t.checkpoints, rows[i][0]);
        gs_buf_u32(&t.checkpoints, rows[i][1]);
    }
    opened o;
    assert_ok(text_open(p, &t, &o), &p->error);
    for (uint32_t start = 0; start < 60; start++) {
        for (uint32_t position = start; position < 60; position++) {
            gs_checkpoint expected = {.position = start, .byte = 0};
            for (size_t i = 0; i < 3; i++) {
                if (rows[i][0] >= start && rows[i][0] <= position)
                    expected = (gs_checkpoint){.position = rows[i][0], .byte = rows[i][1]};
            }
            gs_checkpoint found = gs_store_checkpoint(&o.store, start, position);
            assert_int_equal(found.position, expected.position);
            assert_int_equal(found.byte, expected.byte);
        }
    }
    assert_ok(gs_store_verify(&o.store, o.decoder, &p->error), &p->error);
    gs_store_u32(t.checkpoints.data, 21);
    assert_fails(GSEARCH_CORRUPT, gs_store_verify(&o.store, o.decoder, &p->error), &p->error);
    text_close(&o);
    text_release(&t);
}

static void one_decoder_serves_files_in_turn(void **state)
{
    place *p = *state;
    static const char *const raws[] = {"\1\1\0a", "\1\1\0b"};
    opened o[2];
    text t[2];
    for (size_t i = 0; i < 2; i++) {
        text_init(&t[i]);
        add_raw(&t[i], 1, raws[i], 4);
        assert_ok(text_open(p, &t[i], &o[i]), &p->error);
    }
    for (size_t i = 0; i < 6; i++) {
        size_t which = i / 2 % 2;
        gs_stored stored;
        assert_ok(gs_store_read(&o[which].store, o[0].decoder, 0, 0, 1, &stored, &p->error),
                  &p->error);
        assert_int_equal(stored.text.ptr[0], "ab"[which]);
    }
    for (size_t i = 0; i < 2; i++) {
        text_close(&o[i]);
        text_release(&t[i]);
    }
}

static void a_document_over_the_limit_is_refused(void **state)
{
    (void)state;
    gsearch_error error;
    gs_store_packer *packer = gs_store_packer_new(NULL, 3);
    gs_buf packed;
    gs_buf_init(&packed, NULL, 1024);
    // never looked at, as the length alone is too much
    gs_bytes most = gs_bytes_of("", GS_STORED_BYTES_MAX), one = gs_bytes_of("", 1);
    assert_fails(GSEARCH_LIMIT, gs_store_packer_add(packer, most, one, &packed, &error), &error);
    gs_store_packer_free(packer);
    gs_buf_release(&packed);
}

static void without_memory_packing_fails_cleanly(void **state)
{
    (void)state;
    static uint8_t room[50000];
    gsearch_error error;
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_buf packed;
        gs_buf_init(&packed, &flaky.mem, 1 << 20);
        gs_store_packer *packer = gs_store_packer_new(&flaky.mem, 3);
        status = packer ? GSEARCH_OK : GSEARCH_NO_MEMORY;
        gs_bytes none = gs_bytes_of("", 0);
        if (!status)
            status = gs_store_packer_add(packer, bytes_of(1, 100, room), none, &packed, &error);
        if (!status)
            status = gs_store_packer_add(packer, bytes_of(2, 50000, room), none, &packed, &error);
        assert_true(status == GSEARCH_OK || status == GSEARCH_NO_MEMORY);
        gs_store_packer_free(packer);
        gs_buf_release(&packed);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_CASE(documents_come_back_whole),
        PLACE_CASE(pieces_of_documents_come_back),
        PLACE_CASE(a_directory_is_made_anew_up_to_a_damaged_block),
        PLACE_CASE(the_bytes_of_a_block_are_those_of_the_specification),
        PLACE_CASE(blocks_with_wrong_lengths_are_refused),
        PLACE_CASE(frames_that_are_not_one_good_frame_are_refused),
        PLACE_CASE(wrong_continuations_are_refused),
        PLACE_CASE(a_directory_that_does_not_fit_is_refused),
        PLACE_CASE(the_checkpoint_before_a_position_is_found),
        PLACE_CASE(one_decoder_serves_files_in_turn),
        cmocka_unit_test(a_document_over_the_limit_is_refused),
        cmocka_unit_test(without_memory_packing_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
