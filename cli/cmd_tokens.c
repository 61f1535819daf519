/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch tokens`: what the analyser sees in a text.
 */
#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/session.h"
#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/text/analyzer.h"

#define TOKENS_AT_ONCE 64

static const char *kind_word(gs_token_kind kind)
{
    return kind == GS_TOKEN_CJK ? "cjk" : kind == GS_TOKEN_WORD ? "word" : "break";
}

static void put_token(gs_buf *out, const gs_token *token, bool json)
{
    uint8_t encoded[4];
    gs_bytes term = gs_bytes_of("", 0);
    if (token->kind == GS_TOKEN_CJK)
        term = gs_bytes_of(encoded, gs_utf8_encode(token->code_point, encoded));
    else if (token->kind == GS_TOKEN_WORD)
        term = token->term;
    if (json) {
        gs_buf_printf(out, "{\"position\":%u,\"start\":%u,\"end\":%u,\"kind\":\"%s\",\"term\":",
                      token->position, token->byte_start, token->byte_end,
                      kind_word(token->kind));
        gs_json_string(out, term);
        gs_buf_str(out, "}\n");
        return;
    }
    gs_buf_printf(out, "%u\t%u\t%u\t%s\t", token->position, token->byte_start, token->byte_end,
                  kind_word(token->kind));
    gs_buf_bytes(out, term);
    gs_buf_str(out, "\n");
}

static gsearch_status print_tokens(gs_bytes text, bool json, gs_buf *out, gsearch_error *err)
{
    if (gs_utf8_valid_prefix(text) != text.len)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the text is not UTF-8 from byte %zu on",
                       gs_utf8_valid_prefix(text));
    gs_analyzer analyzer;
    gs_token tokens[TOKENS_AT_ONCE];
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (size_t count; (count = gs_analyzer_next(&analyzer, tokens, TOKENS_AT_ONCE)) > 0;) {
        for (size_t i = 0; i < count; i++)
            put_token(out, &tokens[i], json);
        if (!gs_out_write(out))
            break; // gs_out_end says why
    }
    return GSEARCH_OK;
}

int gs_cmd_tokens(int argc, char **argv)
{
    bool json = false;
    const gs_opt opts[] = {
        {"json", 0, GS_OPT_FLAG, &json, NULL, "JSON Lines"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, argc, &operands,
                      &exit_code))
        return exit_code;
    gsearch_error err = {0};
    char *text = NULL;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gsearch_status status = gs_session_words(argv + 1, operands, &text, &err);
    if (!status)
        status = print_tokens(gs_bytes_str(text), json, &out, &err);
    gs_mem_free(NULL, text);
    return gs_out_end(&out, status, &err);
}
