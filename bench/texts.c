/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads every stored text once, shuffles, cuts or repeats.
 */
#include "bench/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "query/index.h"

#define CJK_FIRST 0x4e00u
#define CJK_COUNT 0x5200u /* 82 times 256: changing the low 8 bits stays inside */
#define VARIED_OF 4u      /* one sentence of so many */

static void die(const char *dir, const char *what)
{
    fprintf(stderr, "%s: %s\n", dir, what);
    exit(1);
}

static gs_bytes *grown(const char *dir, gs_bytes *list, size_t *capacity, size_t need)
{
    void *array = list;
    if (!gs_mem_grow(NULL, &array, capacity, need, SIZE_MAX, sizeof(*list)))
        die(dir, "no memory");
    return array;
}

/* ---- what the index holds ---- */

static gs_bytes read_text(const char *dir, const gs_segment *segment, gs_decoder *decoder,
                          uint32_t doc)
{
    gs_buf title;
    gs_stored stored;
    gsearch_error err;
    gs_buf_init(&title, NULL, SIZE_MAX);
    if (gs_strings_get(&segment->titles, doc, &title, &err) ||
        gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, &err))
        die(dir, err.message);
    if (gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD)
        gs_buf_u8(&title, '\n');
    else
        gs_buf_reset(&title); // it is in the text
    gs_buf_bytes(&title, stored.text);
    gs_bytes text = gs_buf_view(&title);
    char *copy = title.status ? NULL : gs_mem_dup(NULL, text);
    if (!copy)
        die(dir, "no memory");
    gs_buf_release(&title);
    return gs_bytes_of(copy, text.len);
}

static gs_bench_texts read_index(const char *dir)
{
    gs_bench_texts texts = {0};
    size_t capacity = 0;
    gsearch_index *index;
    gsearch_error err;
    if (gsearch_index_open(dir, NULL, &index, &err))
        die(dir, err.message);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_decoder *decoder = gs_decoder_new(NULL);
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_snapshot_segment *in = &snapshot->segments[i];
        if (!decoder || !in->segment->has_text)
            die(dir, "the index does not hold the text");
        for (uint32_t doc = 0; doc < in->segment->docs.count; doc++) {
            if (gs_deletes_has(in->deletes, doc))
                continue;
            gs_bytes text = read_text(dir, in->segment, decoder, doc);
            texts.list = grown(dir, texts.list, &capacity, texts.count + 1);
            texts.list[texts.count++] = text;
        }
    }
    gs_decoder_free(decoder);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    return texts;
}

static void shuffle(gs_bytes *list, size_t count, uint64_t seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)gs_measure_random(&seed, i);
        gs_bytes kept = list[i - 1];
        list[i - 1] = list[other];
        list[other] = kept;
    }
}

/* ---- variants ---- */

/* Changes the CJK character at `text`, three bytes, if one is there. */
static void vary_character(uint8_t *text, uint32_t change)
{
    uint32_t code = (text[0] & 0xfu) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
    if (code - CJK_FIRST >= CJK_COUNT)
        return;
    code = CJK_FIRST + ((code - CJK_FIRST) ^ change);
    text[0] = (uint8_t)(0xe0 | code >> 12);
    text[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    text[2] = (uint8_t)(0x80 | (code & 0x3f));
}

static bool ends_sentence(const uint8_t *at)
{
    return *at == '\n' || memcmp(at, "\xe3\x80\x82", 3) == 0; // 。
}

static gs_bytes vary(const char *dir, gs_bytes text, uint32_t change, uint64_t *seed)
{
    uint8_t *copy = (uint8_t *)gs_mem_dup(NULL, text);
    if (!copy)
        die(dir, "no memory");
    bool varied = gs_measure_random(seed, VARIED_OF) == 0;
    for (size_t i = 0; i + 3 <= text.len;) {
        size_t step = (copy[i] & 0xf0) == 0xe0 ? 3 : 1;
        if (ends_sentence(copy + i))
            varied = gs_measure_random(seed, VARIED_OF) == 0;
        else if (varied && step == 3)
            vary_character(copy + i, change);
        i += step;
    }
    return gs_bytes_of(copy, text.len);
}

gs_bench_texts gs_bench_texts_read(const char *dir, uint64_t bytes)
{
    gs_bench_texts own = read_index(dir), out = {0};
    size_t capacity = 0;
    uint64_t seed = 1;
    for (uint32_t round = 0; out.bytes < bytes; round++) {
        uint64_t before = out.bytes;
        shuffle(own.list, own.count, round);
        for (size_t i = 0; i < own.count && out.bytes < bytes; i++) {
            out.list = grown(dir, out.list, &capacity, out.count + 1);
            gs_bytes text = own.list[i];
            if (round)
                text = vary(dir, text, 1 + (round - 1) % 255, &seed);
            out.list[out.count++] = text;
            out.bytes += text.len;
        }
        if (out.bytes == before)
            die(dir, "no text");
    }
    free(own.list);
    return out;
}
