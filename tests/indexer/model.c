/* SPDX-License-Identifier: Apache-2.0
 *
 * The slow way. The analyser is taken as given; everything behind it is worked out again here.
 */
#include "tests/indexer/model.h"

#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/segment/segment.h"
#include "common/text/analyzer.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* ---- corpora ---- */

static const char *const words[] = {"pd1728a", "2017", "6.5", "www", "Ünïcode", "ab", "a", "Ω"};
static const char *const breaks[] = {"。", "，", "！", "\n\n", "。\n", "；"};
static const char *const nothings[] = {" ", "（", "）", "\n", "《", "·", "〕"};
/* The last one is beyond the BMP, some fold to others, ㈠ to 一, ㍿ to four. */
static const char *const characters[] = {"政", "务", "務", "公", "开", "開", "年", "度", "报",
                                         "告", "一", "㈠", "か", "カ", "한", "々", "㍿", "𠀀"};

#define PICK(array, state)                                                                         \
    (array)[gs_test_random_below((state), sizeof(array) / sizeof(*(array)))]

static gs_bytes finish(gs_buf *buf)
{
    assert_int_equal(buf->status, GSEARCH_OK);
    uint8_t *copy = malloc(buf->len + 1);
    if (buf->len)
        memcpy(copy, buf->data, buf->len);
    gs_bytes bytes = {copy, buf->len};
    gs_buf_release(buf);
    return bytes;
}

static gs_bytes make_text(uint64_t *state, size_t pieces)
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, SIZE_MAX);
    uint8_t rare[4];
    for (size_t i = 0; i < pieces; i++) {
        uint64_t kind = gs_test_random_below(state, 100);
        if (kind < 26) { // again and again: twice in a row it is the most frequent list
            gs_buf_str(&buf, "务");
        } else if (kind < 55) {
            gs_buf_str(&buf, PICK(characters, state));
        } else if (kind < 65) {
            // a few thousand others: many lists of one position
            uint32_t code_point = 0x4E00 + (uint32_t)gs_test_random_below(state, 5000);
            gs_buf_append(&buf, rare, gs_utf8_encode(code_point, rare));
        } else if (kind < 75) {
            gs_buf_str(&buf, PICK(words, state));
        } else if (kind < 80) {
            gs_buf_decimal(&buf, gs_test_random_below(state, 1000));
            gs_buf_str(&buf, "q ");
        } else if (kind < 90) {
            gs_buf_str(&buf, PICK(breaks, state));
        } else {
            gs_buf_str(&buf, PICK(nothings, state));
        }
    }
    return finish(&buf);
}

static gs_bytes make_number(const char *prefix, uint64_t number)
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, SIZE_MAX);
    gs_buf_str(&buf, prefix);
    gs_buf_decimal(&buf, number);
    return finish(&buf);
}

static size_t text_pieces(uint64_t *state)
{
    uint64_t kind = gs_test_random_below(state, 50);
    if (kind == 0)
        return 30000; // several blocks of text, many runs
    if (kind < 4)
        return 4000; // checkpoints
    return kind < 8 ? 0 : gs_test_random_below(state, 120);
}

gs_model gs_model_make(uint64_t seed, size_t count)
{
    uint64_t state = seed;
    gs_model model = {calloc(count ? count : 1, sizeof(*model.documents)), count};
    for (size_t i = 0; i < count; i++) {
        gs_model_document *made = &model.documents[i];
        gs_document *document = &made->document;
        // not in bytewise order
        document->id = make_number("id/", gs_test_random_below(&state, 1000) * 100000 + i);
        document->has_title = gs_test_random_below(&state, 3) == 0;
        document->title = make_text(&state, document->has_title ? gs_test_random_below(&state, 9)
                                                                : 0);
        document->text = make_text(&state, text_pieces(&state));
        document->fields = gs_test_random_below(&state, 2) ? make_number("{\"n\":1}", i)
                                                           : make_number("", i);
        document->date = gs_test_random_below(&state, 2) ? 20170101 + (uint32_t)i % 28 : 0;
        made->source = make_number("source/", i / 7);
        made->cut_behind = i % 11 == 10 || i % 7 == 6;
    }
    return model;
}

void gs_model_free(gs_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        gs_model_document *made = &model->documents[i];
        free((void *)(uintptr_t)made->document.id.ptr);
        free((void *)(uintptr_t)made->document.title.ptr);
        free((void *)(uintptr_t)made->document.text.ptr);
        free((void *)(uintptr_t)made->document.fields.ptr);
        free((void *)(uintptr_t)made->source.ptr);
    }
    free(model->documents);
}

gs_batch *gs_model_batch(const gs_model *model, size_t from, size_t to, gs_dir *dir,
                         size_t memory_bytes, bool with_text)
{
    gsearch_error error;
    gs_batch *batch;
    assert_ok(gs_batch_new(dir, NULL, memory_bytes, with_text, &batch, &error), &error);
    for (size_t i = from; i < to; i++) {
        const gs_model_document *made = &model->documents[i];
        assert_ok(gs_batch_source(batch, made->source, &error), &error);
        assert_ok(gs_batch_add(batch, &made->document, &error), &error);
        if (made->cut_behind)
            assert_ok(gs_batch_cut(batch, &error), &error);
    }
    assert_int_equal(gs_batch_documents(batch), to - from);
    assert_ok(gs_batch_finish(batch, &error), &error);
    return batch;
}

gs_manifest_segment gs_model_write(const gs_model *model, gs_dir *dir, size_t batch_documents,
                                   size_t memory_bytes, bool with_text)
{
    size_t count = (model->count + batch_documents - 1) / batch_documents;
    gs_batch **batches = calloc(count ? count : 1, sizeof(gs_batch *));
    for (size_t i = 0; i < count; i++) {
        size_t to = (i + 1) * batch_documents;
        to = to < model->count ? to : model->count;
        batches[i] =
            gs_model_batch(model, i * batch_documents, to, dir, memory_bytes, with_text);
    }
    gsearch_error error;
    gs_manifest_segment segment = {0};
    size_t written;
    assert_ok(gs_batches_write(dir, NULL, batches, count, with_text, &segment, 1, &written, &error),
              &error);
    assert_int_equal(written, model->count > 0);
    for (size_t i = 0; i < count; i++)
        gs_batch_free(batches[i]);
    free(batches);
    return segment;
}

/* ---- what must be in the segment ---- */

typedef enum model_kind { KIND_GAP, KIND_BREAK, KIND_CHARACTER, KIND_WORD } model_kind;

typedef struct model_token {
    model_kind kind;
    uint32_t code_point;
    gs_bytes word;
    uint32_t byte_start;
    uint32_t document;
} model_token;

typedef struct model_posting {
    bool is_word;
    uint64_t gram;
    gs_bytes word;
    uint32_t position;
    uint32_t document;
} model_posting;

typedef struct model_place {
    uint32_t start, length, title_positions;
} model_place;

typedef struct model_index {
    model_token *tokens;
    size_t tokens_count, tokens_capacity;
    model_posting *postings;
    size_t postings_count, postings_capacity;
    model_place *places;
} model_index;

static void push_token(model_index *index, model_token token)
{
    assert_true(gs_mem_grow(NULL, (void **)&index->tokens, &index->tokens_capacity,
                            index->tokens_count + 1, SIZE_MAX / sizeof(token), sizeof(token)));
    index->tokens[index->tokens_count++] = token;
}

/* Appends the tokens of a text without breaks at its ends. */
static void push_text(model_index *index, gs_bytes text, uint32_t document)
{
    gs_analyzer analyzer;
    gs_token found[8];
    size_t begin = index->tokens_count;
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (size_t count; (count = gs_analyzer_next(&analyzer, found, 8)) > 0;) {
        for (size_t i = 0; i < count; i++) {
            model_token token = {.byte_start = found[i].byte_start, .document = document};
            token.kind = found[i].kind == GS_TOKEN_CJK    ? KIND_CHARACTER
                         : found[i].kind == GS_TOKEN_WORD ? KIND_WORD
                                                          : KIND_BREAK;
            token.code_point = found[i].code_point;
            if (token.kind == KIND_WORD)
                token.word = (gs_bytes){
                    (const uint8_t *)gs_mem_dup(NULL, found[i].term), found[i].term.len};
            if (token.kind == KIND_BREAK && index->tokens_count == begin)
                continue;
            push_token(index, token);
        }
    }
    while (index->tokens_count > begin && index->tokens[index->tokens_count - 1].kind == KIND_BREAK)
        index->tokens_count--;
}

static void push_document(model_index *index, const gs_document *document, uint32_t number)
{
    model_place *place = &index->places[number];
    place->start = (uint32_t)index->tokens_count;
    if (document->has_title) {
        push_text(index, document->title, number);
        place->title_positions = (uint32_t)index->tokens_count - place->start;
        push_token(index, (model_token){.kind = KIND_GAP, .document = number});
    }
    size_t text_start = index->tokens_count;
    push_text(index, document->text, number);
    gs_title_range title = gs_title_find(document->text);
    for (size_t i = text_start; !document->has_title && i < index->tokens_count; i++)
        if (index->tokens[i].byte_start >= title.byte_start &&
            index->tokens[i].byte_start < title.byte_end)
            place->title_positions = (uint32_t)(i + 1) - place->start;
    place->length = (uint32_t)index->tokens_count - place->start;
    push_token(index, (model_token){.kind = KIND_GAP, .document = number});
}

static void push_posting(model_index *index, model_posting posting)
{
    assert_true(gs_mem_grow(NULL, (void **)&index->postings, &index->postings_capacity,
                            index->postings_count + 1, SIZE_MAX / sizeof(posting),
                            sizeof(posting)));
    index->postings[index->postings_count++] = posting;
}

static void push_postings(model_index *index)
{
    for (size_t i = 0; i < index->tokens_count; i++) {
        const model_token *token = &index->tokens[i];
        model_posting posting = {.position = (uint32_t)i, .document = token->document};
        if (token->kind == KIND_BREAK && token[-1].kind != KIND_CHARACTER)
            push_posting(index, posting); // a field never begins with a break
        if (token->kind == KIND_WORD) {
            posting.is_word = true;
            posting.word = token->word;
            push_posting(index, posting);
        }
        if (token->kind != KIND_CHARACTER)
            continue;
        // the last token is a separator
        bool behind_word = i && token[-1].kind == KIND_WORD;
        uint64_t second = 0;
        if (token[1].kind == KIND_CHARACTER)
            second = token[1].code_point;
        if (token[1].kind == KIND_BREAK)
            second = 1;
        posting.gram = (uint64_t)token->code_point << 42;
        if (behind_word && second)
            push_posting(index, posting);
        posting.gram |= second << 21;
        push_posting(index, posting);
    }
}

static int compare_postings(const void *a, const void *b)
{
    const model_posting *x = a, *y = b;
    if (x->is_word != y->is_word)
        return x->is_word - y->is_word;
    if (x->gram != y->gram)
        return x->gram < y->gram ? -1 : 1;
    int order = x->is_word ? gs_bytes_compare(x->word, y->word) : 0;
    return order ? order : (x->position > y->position) - (x->position < y->position);
}

static model_index index_make(const gs_model *model)
{
    model_index index = {.places = calloc(model->count + 1, sizeof(model_place))};
    for (size_t i = 0; i < model->count; i++)
        push_document(&index, &model->documents[i].document, (uint32_t)i);
    push_postings(&index);
    if (index.postings_count)
        qsort(index.postings, index.postings_count, sizeof(*index.postings), compare_postings);
    return index;
}

static void index_free(model_index *index)
{
    for (size_t i = 0; i < index->tokens_count; i++)
        gs_mem_free(NULL, (void *)(uintptr_t)index->tokens[i].word.ptr);
    gs_mem_free(NULL, index->tokens);
    gs_mem_free(NULL, index->postings);
    free(index->places);
}

/* ---- comparing ---- */

static void check_string(gs_bytes wanted, gs_buf *found)
{
    assert_int_equal(found->status, GSEARCH_OK);
    assert_int_equal(found->len, wanted.len);
    assert_true(gs_bytes_equal(gs_buf_view(found), wanted));
    gs_buf_reset(found);
}

static gs_bytes title_of(const gs_document *document)
{
    if (document->has_title)
        return document->title;
    gs_title_range title = gs_title_find(document->text);
    return gs_bytes_of(document->text.ptr + title.byte_start, title.byte_end - title.byte_start);
}

static void check_documents(const gs_model *model, const model_index *index,
                            const gs_segment *segment)
{
    gsearch_error error;
    gs_buf found;
    gs_buf_init(&found, NULL, SIZE_MAX);
    const gs_doctable *docs = &segment->docs;
    assert_int_equal(docs->count, model->count);
    assert_int_equal(docs->positions, index->tokens_count);
    uint64_t total = 0, text_bytes = 0;
    for (uint32_t i = 0; i < model->count; i++) {
        const gs_document *document = &model->documents[i].document;
        const model_place *place = &index->places[i];
        assert_int_equal(docs->starts[i], place->start);
        assert_int_equal(gs_doctable_length(docs, i), place->length);
        assert_int_equal(gs_column_get(&docs->title, i), place->title_positions);
        assert_int_equal(gs_column_get(&docs->date, i), document->date);
        assert_int_equal(gs_column_get(&docs->flags, i),
                         document->has_title ? GS_DOC_TITLE_IS_FIELD : 0);
        assert_ok(gs_segment_key(segment, i, &found, &error), &error);
        check_string(document->id, &found);
        assert_ok(gs_strings_get(&segment->titles, i, &found, &error), &error);
        check_string(title_of(document), &found);
        uint32_t source = gs_segment_source(segment, i);
        assert_ok(gs_strings_get(&segment->sources, source, &found, &error), &error);
        check_string(model->documents[i].source, &found);
        total += place->length;
        text_bytes += document->text.len;
    }
    assert_int_equal(docs->total_length, total);
    assert_int_equal(segment->text_bytes, text_bytes);
    gs_buf_release(&found);
}

static void check_lists(const model_index *index, const gs_segment *segment)
{
    gsearch_error error;
    gs_decoder *decoder = gs_decoder_new(NULL);
    gs_terms_iterator terms;
    assert_ok(gs_terms_seek_gram(&terms, &segment->terms, 0, &error), &error);
    size_t at = 0;
    for (bool more;;) {
        assert_ok(gs_terms_next(&terms, &more, &error), &error);
        if (!more)
            break;
        uint32_t *positions = calloc(terms.list.count + GS_BLOCK_POSTINGS, sizeof(*positions));
        assert_ok(gs_list_read(&segment->postings, decoder, &terms.list, positions, &error),
                  &error);
        uint32_t documents = 0;
        assert_true(terms.list.count > 0);
        for (uint32_t i = 0; i < terms.list.count; i++, at++) {
            assert_true(at < index->postings_count);
            const model_posting *posting = &index->postings[at];
            assert_int_equal(terms.is_word, posting->is_word);
            if (terms.is_word)
                assert_true(gs_bytes_equal(terms.word, posting->word));
            else
                assert_int_equal(terms.gram, posting->gram);
            assert_int_equal(positions[i], posting->position);
            documents += i == 0 || posting[-1].document != posting->document;
        }
        assert_int_equal(terms.list.documents, documents);
        free(positions);
    }
    assert_int_equal(at, index->postings_count);
    assert_int_equal(segment->postings_count, at);
    gs_decoder_free(decoder);
}

static void check_characters(const model_index *index, const gs_segment *segment)
{
    uint32_t end = 0x30000;
    uint32_t *documents = calloc(end, sizeof(*documents));
    uint32_t *last = calloc(end, sizeof(*last));
    uint32_t distinct = 0;
    for (size_t i = 0; i < index->tokens_count; i++) {
        const model_token *token = &index->tokens[i];
        if (token->kind != KIND_CHARACTER || last[token->code_point] == token->document + 1)
            continue;
        last[token->code_point] = token->document + 1;
        distinct += documents[token->code_point]++ == 0;
    }
    for (uint32_t i = 0; i < end; i++)
        assert_int_equal(gs_terms_character(&segment->terms, i), documents[i]);
    assert_int_equal(segment->terms.chars_count, distinct);
    free(documents);
    free(last);
}

/* Every checkpoint stands at its token, and none is missing over long stretches. */
static void check_checkpoints(const model_index *index, const gs_segment *segment)
{
    const gs_store *store = &segment->store;
    const gs_doctable *docs = &segment->docs;
    uint32_t last_doc = UINT32_MAX, last_byte = 0;
    for (uint32_t i = 0; i < store->checkpoints_count; i++) {
        const uint8_t *row = store->checkpoints + 8 * (size_t)i;
        uint32_t position = gs_load_u32(row), byte = gs_load_u32(row + 4);
        uint32_t doc = gs_doctable_find(docs, position);
        if (doc != last_doc)
            last_byte = 0;
        assert_int_equal(index->tokens[position].byte_start, byte);
        assert_true(byte - last_byte >= GS_CHECKPOINT_BYTES);
        assert_true(byte - last_byte < 2 * GS_CHECKPOINT_BYTES);
        last_doc = doc;
        last_byte = byte;
    }
}

static void check_text(const gs_model *model, const model_index *index, const gs_segment *segment)
{
    gsearch_error error;
    gs_decoder *decoder = gs_decoder_new(NULL);
    size_t checkpoints = 0;
    for (uint32_t i = 0; i < model->count; i++) {
        const gs_document *document = &model->documents[i].document;
        gs_stored stored;
        assert_ok(gs_store_read(&segment->store, decoder, i, 0, UINT32_MAX, &stored, &error),
                  &error);
        assert_true(gs_bytes_equal(stored.text, document->text));
        assert_true(gs_bytes_equal(stored.fields, document->fields));
        checkpoints += document->text.len / (2 * GS_CHECKPOINT_BYTES);
    }
    assert_true(segment->store.checkpoints_count >= checkpoints);
    check_checkpoints(index, segment);
    gs_decoder_free(decoder);
}

void gs_model_check(const gs_model *model, gs_dir *dir, const gs_manifest_segment *file,
                    bool with_text)
{
    gsearch_error error;
    gs_segment *segment;
    assert_int_equal(file->documents, model->count);
    assert_int_equal(file->deleted, 0);
    assert_ok(gs_segment_open(dir, NULL, file->segment.id, file->segment.length, true, &segment,
                              &error),
              &error);
    assert_int_equal(segment->analyzer, GS_ANALYZER_VERSION);
    assert_int_equal(segment->has_text, with_text);
    model_index index = index_make(model);
    check_documents(model, &index, segment);
    check_lists(&index, segment);
    check_characters(&index, segment);
    if (with_text)
        check_text(model, &index, segment);
    index_free(&index);
    assert_ok(gs_segment_verify(segment, &error), &error);
    gs_segment_unref(segment);
}
