/* SPDX-License-Identifier: Apache-2.0
 *
 * What the analyser makes of texts, for reference_analyzer.py: reads texts that end in a zero byte
 * from standard input, prints a line a token (position, byte start, byte end, kind, term, restart)
 * and a line `end` after each text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/text/analyzer.h"

#define INPUT_BYTES_MAX (64u << 20)
#define BATCH_MAX 16

static void print_token(const gs_token *token)
{
    static const char *const kinds[] = {"cjk", "word", "break"};
    uint8_t character[4];
    gs_bytes term = token->term;
    if (token->kind == GS_TOKEN_CJK)
        term = gs_bytes_of(character, gs_utf8_encode(token->code_point, character));
    printf("%u\t%u\t%u\t%s\t", token->position, token->byte_start, token->byte_end,
           kinds[token->kind]);
    if (token->kind != GS_TOKEN_BREAK)
        fwrite(term.ptr, 1, term.len, stdout);
    printf("\t%d\n", token->restart);
}

static void print_tokens(gs_bytes text, size_t capacity)
{
    gs_analyzer analyzer;
    gs_token tokens[BATCH_MAX];
    size_t count;
    gs_analyzer_start(&analyzer, text, 0, 0);
    while ((count = gs_analyzer_next(&analyzer, tokens, capacity)))
        for (size_t i = 0; i < count; i++)
            print_token(tokens + i);
    printf("end\n");
}

int main(void)
{
    uint8_t *input = malloc(INPUT_BYTES_MAX);
    if (!input)
        return 1;
    size_t len = fread(input, 1, INPUT_BYTES_MAX, stdin), start = 0, texts = 0;
    for (size_t i = 0; i < len; i++) {
        if (input[i] == 0) {
            // Batches of every allowed size: where they end must not be seen.
            print_tokens(gs_bytes_of(input + start, i - start), 8 + texts++ % (BATCH_MAX - 7));
            start = i + 1;
        }
    }
    free(input);
    return start == len ? 0 : 1;
}
