/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that every engine reads alike: prepare INDEX writes the documents of an index as JSON Lines,
 * `{"id":…,"text":…}`, title and text as one, in the characters that the analyser makes of them:
 * folded, without nothings, each run of breaks as one 。, and a space only between two words. What
 * the rule of bench/documents.h takes for another kind of character, which is next to nothing, is
 * written as a break. That the analyser finds nothing to change in the result is checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/documents.h"
#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/text/analyzer.h"
#include "query/index.h"

#define TOKENS 256u
#define BREAK "。"

static void die(const char *what)
{
    fprintf(stderr, "prepare: %s\n", what);
    exit(1);
}

/* True if every engine reads the token as the same kind. */
static bool is_plain(const gs_token *token)
{
    if (token->kind == GS_TOKEN_CJK)
        return gs_bench_is_cjk(token->code_point);
    const uint8_t *ptr = token->term.ptr, *end = ptr + token->term.len;
    for (uint32_t code_point; ptr < end;) {
        ptr += gs_utf8_decode(ptr, end, &code_point);
        if (gs_bench_is_cjk(code_point))
            return false;
    }
    return true;
}

static void put_break(gs_buf *out)
{
    size_t len = strlen(BREAK);
    if (out->len < len || memcmp(out->data + out->len - len, BREAK, len))
        gs_buf_str(out, BREAK);
}

/* Appends what the analyser makes of `text`. */
static void fold(gs_buf *out, gs_bytes text)
{
    gs_analyzer analyzer;
    gs_token tokens[TOKENS];
    size_t count;
    bool behind_word = false;
    gs_analyzer_start(&analyzer, text, 0, 0);
    while ((count = gs_analyzer_next(&analyzer, tokens, TOKENS))) {
        for (size_t i = 0; i < count; i++) {
            const gs_token *token = &tokens[i];
            uint8_t bytes[4];
            bool is_break = token->kind == GS_TOKEN_BREAK || !is_plain(token);
            bool is_word = token->kind == GS_TOKEN_WORD && !is_break;
            if (is_word && behind_word)
                gs_buf_u8(out, ' ');
            if (is_break)
                put_break(out);
            else if (is_word)
                gs_buf_bytes(out, token->term);
            else
                gs_buf_append(out, bytes, gs_utf8_encode(token->code_point, bytes));
            behind_word = is_word;
        }
    }
}

static void put_document(const gs_segment *segment, gs_decoder *decoder, uint32_t doc)
{
    static gs_buf id, title, text, again, line;
    gs_buf *bufs[] = {&id, &title, &text, &again, &line};
    gs_stored stored;
    gsearch_error err;
    for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++) {
        if (bufs[i]->max == 0)
            gs_buf_init(bufs[i], NULL, SIZE_MAX);
        gs_buf_reset(bufs[i]);
    }
    uint32_t rank = (uint32_t)gs_column_get(&segment->docs.rank, doc);
    if (gs_strings_get(&segment->keys, rank, &id, &err) ||
        gs_strings_get(&segment->titles, doc, &title, &err) ||
        gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, &err))
        die(err.message);
    if (gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD) {
        gs_buf_str(&title, BREAK);
        gs_buf_bytes(&title, stored.text);
        fold(&text, gs_buf_view(&title));
    } else {
        fold(&text, stored.text);
    }
    fold(&again, gs_buf_view(&text));
    if (!gs_bytes_equal(gs_buf_view(&text), gs_buf_view(&again)))
        die("a prepared text is read otherwise");
    gs_buf_str(&line, "{\"id\":");
    gs_json_string(&line, gs_buf_view(&id));
    gs_buf_str(&line, ",\"text\":");
    gs_json_string(&line, gs_buf_view(&text));
    gs_buf_str(&line, "}\n");
    if (text.status || again.status || title.status || line.status)
        die("no memory");
    if (fwrite(line.data, 1, line.len, stdout) != line.len)
        die("cannot write");
}

int main(int argc, char **argv)
{
    gsearch_index *index;
    gsearch_error err;
    if (argc != 2)
        die("usage: prepare INDEX >DOCUMENTS");
    if (gsearch_index_open(argv[1], NULL, &index, &err))
        die(err.message);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gs_decoder *decoder = gs_decoder_new(NULL);
    if (!decoder)
        die("no memory");
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_snapshot_segment *in = &snapshot->segments[i];
        if (!in->segment->has_text)
            die("the index does not hold the text");
        for (uint32_t doc = 0; doc < in->segment->docs.count; doc++) {
            if (!gs_deletes_has(in->deletes, doc))
                put_document(in->segment, decoder, doc);
        }
    }
    if (fflush(stdout))
        die("cannot write");
    gs_decoder_free(decoder);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
    return 0;
}
