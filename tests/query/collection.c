/* SPDX-License-Identifier: Apache-2.0
 *
 * The corpora and their indexes. The analyser, the title rule and the indexer are taken as given:
 * they have tests of their own.
 */
#include "tests/query/collection.h"

#include <stdlib.h>

#include "common/base/file.h"
#include "common/segment/segment.h"
#include "indexer/share.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static const char *const words[] = {"pd17", "pd1728a", "2017", "ab", "pd1728b"};
static const char *const breaks[] = {"。", "，", "\n\n", "；"};
static const char *const nothings[] = {" ", "（", "\n", "《", "·"};
static const char *const characters[] = {"政", "务", "公", "开", "年", "務", "度", "報", "报"};

#define PICK(array, state) (array)[gs_test_random_below((state), sizeof(array) / sizeof(*(array)))]

static gs_bytes take(gs_buf *buf)
{
    assert_int_equal(buf->status, GSEARCH_OK);
    gs_bytes bytes = {(const uint8_t *)gs_mem_dup(NULL, gs_buf_view(buf)), buf->len};
    gs_buf_release(buf);
    return bytes;
}

static gs_bytes copy_text(const char *text)
{
    return gs_bytes_of(gs_mem_dup(NULL, gs_bytes_str(text)), strlen(text));
}

static gs_bytes make_text(uint64_t *state, size_t pieces, size_t characters_used)
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, SIZE_MAX);
    for (size_t i = 0; i < pieces; i++) {
        uint64_t kind = gs_test_random_below(state, 100);
        if (kind < 75) {
            gs_buf_str(&buf, characters[gs_test_random_below(state, characters_used)]);
        } else if (kind < 85) {
            gs_buf_str(&buf, PICK(words, state));
            gs_buf_str(&buf, kind < 80 ? "" : " ");
        } else if (kind < 92) {
            gs_buf_str(&buf, PICK(breaks, state));
        } else {
            gs_buf_str(&buf, PICK(nothings, state));
        }
    }
    return take(&buf);
}

/* ---- tokens ---- */

/* Appends the tokens of `text` without breaks at its ends; returns the new number of tokens. */
static uint32_t push_text(gs_collection_token *tokens, uint32_t count, gs_bytes text)
{
    gs_analyzer analyzer;
    gs_token found[8];
    uint32_t begin = count;
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (size_t len; (len = gs_analyzer_next(&analyzer, found, 8)) > 0;) {
        for (size_t i = 0; i < len; i++) {
            if (found[i].kind == GS_TOKEN_BREAK && count == begin)
                continue;
            gs_collection_token token = {.kind = found[i].kind, .source = text};
            token.code_point = found[i].code_point;
            token.byte_start = found[i].byte_start;
            token.byte_end = found[i].byte_end;
            if (token.kind == GS_TOKEN_WORD)
                token.word = gs_bytes_of(gs_mem_dup(NULL, found[i].term), found[i].term.len);
            tokens[count++] = token;
        }
    }
    while (count > begin && tokens[count - 1].kind == GS_TOKEN_BREAK)
        count--;
    return count;
}

static void cut_tokens(gs_collection_document *made)
{
    const gs_document *document = &made->document;
    const gs_collection_token gap = {.is_gap = true};
    // a code point folds to 18 at most
    size_t room = 18 * (document->title.len + document->text.len) + 2;
    made->tokens = calloc(room, sizeof(*made->tokens));
    uint32_t count = 0;
    if (document->has_title) {
        made->title_length = count = push_text(made->tokens, 0, document->title);
        made->tokens[count++] = gap;
    }
    gs_title_range title = gs_title_find(document->text);
    uint32_t text_begin = count;
    count = push_text(made->tokens, count, document->text);
    for (uint32_t i = text_begin; !document->has_title && i < count; i++) {
        uint32_t start = made->tokens[i].byte_start;
        if (start >= title.byte_start && start < title.byte_end)
            made->title_length = i + 1;
    }
    made->length = count;
    made->tokens[count] = gap;
}

/* ---- corpora ---- */

gs_collection gs_collection_make(uint64_t seed, gs_collection_options options)
{
    uint64_t state = seed;
    gs_collection corpus = {calloc(options.documents + 1, sizeof(gs_collection_document)),
                            options.documents};
    for (size_t i = 0; i < corpus.count; i++) {
        gs_collection_document *made = &corpus.documents[i];
        gs_document *document = &made->document;
        gs_buf id;
        gs_buf_init(&id, NULL, SIZE_MAX);
        gs_buf_printf(&id, "id/%03u-%u", (unsigned)gs_test_random_below(&state, 1000), (unsigned)i);
        document->id = take(&id);
        document->has_title = gs_test_random_below(&state, 3) == 0;
        document->title = make_text(
            &state, document->has_title ? gs_test_random_below(&state, 9) : 0, options.characters);
        document->text =
            make_text(&state, gs_test_random_below(&state, options.pieces_max), options.characters);
        if (gs_test_random_below(&state, 4))
            document->date = 20150101 + 10000 * (uint32_t)gs_test_random_below(&state, 4) +
                             100 * (uint32_t)gs_test_random_below(&state, 12) +
                             (uint32_t)gs_test_random_below(&state, 28);
        made->deleted = options.deletes && gs_test_random_below(&state, 5) == 0;
        cut_tokens(made);
    }
    return corpus;
}

void gs_collection_add(gs_collection *corpus, const char *id, const char *text, const char *title,
                       uint32_t date)
{
    corpus->documents =
        realloc(corpus->documents, (corpus->count + 1) * sizeof(gs_collection_document));
    gs_collection_document *made = &corpus->documents[corpus->count++];
    *made = (gs_collection_document){0};
    made->document = (gs_document){
        .id = copy_text(id),
        .has_title = title != NULL,
        .title = copy_text(title ? title : ""),
        .text = copy_text(text),
        .date = date,
    };
    cut_tokens(made);
}

void gs_collection_free(gs_collection *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        gs_collection_document *made = &corpus->documents[i];
        for (uint32_t t = 0; t < made->length; t++)
            gs_mem_free(NULL, (void *)(uintptr_t)made->tokens[t].word.ptr);
        free(made->tokens);
        gs_mem_free(NULL, (void *)(uintptr_t)made->document.id.ptr);
        gs_mem_free(NULL, (void *)(uintptr_t)made->document.title.ptr);
        gs_mem_free(NULL, (void *)(uintptr_t)made->document.text.ptr);
    }
    free(corpus->documents);
}

/* ---- indexes ---- */

static bool is_in(const gs_collection *corpus, size_t i, size_t segments, size_t segment,
                  bool only_live)
{
    return i % segments == segment && !(only_live && corpus->documents[i].deleted);
}

static void delete_some(const gs_collection *corpus, gs_dir *dir, size_t segments, size_t segment,
                        gs_manifest_segment *row)
{
    gsearch_error error;
    uint8_t *bits = calloc(row->documents / 8 + 1, 1);
    uint32_t doc = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        if (!is_in(corpus, i, segments, segment, false))
            continue;
        if (corpus->documents[i].deleted) {
            bits[doc / 8] = (uint8_t)(bits[doc / 8] | 1u << doc % 8);
            row->deleted++;
        }
        doc++;
    }
    if (row->deleted) {
        gs_segment *opened;
        gs_container_name name;
        assert_ok(gs_segment_open(dir, NULL, row->segment.id, row->segment.length, false, &opened,
                                  &error),
                  &error);
        assert_ok(gs_share_write(dir, NULL, opened, bits, &name, &error), &error);
        row->deletes = (gs_manifest_file){.id = name.id, .length = name.length};
        gs_segment_unref(opened);
    }
    free(bits);
}

static void write_segment(const gs_collection *corpus, gs_dir *dir, size_t segments, size_t segment,
                          bool only_live, gs_manifest *manifest)
{
    gsearch_error error;
    gs_batch *batch;
    assert_ok(gs_batch_new(dir, NULL, 1u << 22, true, &batch, &error), &error);
    assert_ok(gs_batch_source(batch, gs_bytes_str(""), &error), &error);
    for (size_t i = 0; i < corpus->count; i++) {
        if (is_in(corpus, i, segments, segment, only_live))
            assert_ok(gs_batch_add(batch, &corpus->documents[i].document, &error), &error);
    }
    assert_ok(gs_batch_finish(batch, &error), &error);
    gs_manifest_segment *row = &manifest->segments[manifest->segments_count];
    size_t written;
    assert_ok(gs_batches_write(dir, NULL, &batch, 1, true, row, 1, &written, &error), &error);
    manifest->segments_count += (uint32_t)written;
    gs_batch_free(batch);
    if (written && !only_live)
        delete_some(corpus, dir, segments, segment, row);
}

gsearch_index *gs_collection_index(const gs_collection *corpus, const char *path, size_t segments,
                                   bool only_live)
{
    gsearch_error error;
    gs_dir *dir;
    gs_manifest *manifest = calloc(1, sizeof(*manifest));
    assert_ok(gs_dir_open(NULL, path, true, &dir, &error), &error);
    manifest->generation = 1;
    manifest->analyzer = GS_ANALYZER_VERSION;
    memcpy(manifest->unicode, gs_analyzer_unicode(), strlen(gs_analyzer_unicode()) + 1);
    for (size_t i = 0; i < segments; i++)
        write_segment(corpus, dir, segments, i, only_live, manifest);
    assert_ok(gs_manifest_commit(dir, NULL, manifest, &error), &error);
    gs_dir_close(dir);
    free(manifest);
    gsearch_index *index;
    assert_ok(gsearch_index_open(path, NULL, &index, &error), &error);
    return index;
}
