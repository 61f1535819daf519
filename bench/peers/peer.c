/* SPDX-License-Identifier: Apache-2.0
 *
 * The program around an engine. Queries go round by class, so that no query finds what the same one
 * left in the caches a moment ago; two rounds warm up, of the next five the median counts. A query
 * that takes so long that this does not matter is asked once.
 */
#include "bench/peers/peer.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/documents.h"
#include "bench/measure.h"
#include "bench/queries.h"
#include "common/base/utf8.h"

#define WARM_ROUNDS 2u
#define ROUNDS 5u
#define SLOW 0.2 /* seconds */

void peer_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* ---- text ---- */

/* The kind of the character at `ptr`: 'c' CJK, 'w' part of a word, '.' break, ' ' space, 0 end. */
static char kind_at(const char *ptr, const char *end, size_t *length)
{
    uint32_t code_point;
    if (ptr == end)
        return 0;
    *length = gs_utf8_decode((const uint8_t *)ptr, (const uint8_t *)end, &code_point);
    if (code_point == ' ')
        return ' ';
    if (code_point == 0x3002)
        return '.';
    return gs_bench_is_cjk(code_point) ? 'c' : 'w';
}

void peer_cut(peer_cutter *cutter, const char *text, size_t length)
{
    *cutter = (peer_cutter){.next = text, .end = text + length};
}

bool peer_next(peer_cutter *cutter, peer_token *out)
{
    size_t length = 0, second = 0;
    char kind;
    while ((kind = kind_at(cutter->next, cutter->end, &length)) == '.' || kind == ' ') {
        cutter->next += length;
        cutter->position += kind == '.';
    }
    *out = (peer_token){.term = cutter->next, .length = length, .position = cutter->position++};
    if (kind == 'w') {
        while (kind_at(out->term + out->length, cutter->end, &second) == 'w')
            out->length += second;
        cutter->next += out->length;
    } else if (kind == 'c') {
        cutter->next += length;
        bool more = kind_at(cutter->next, cutter->end, &second) == 'c';
        out->length += more ? second : 0;
        out->is_run_end = !more && cutter->in_run;
        cutter->in_run = more;
    }
    return kind != 0;
}

bool peer_is(const peer_query *query, const char *class_name)
{
    return strcmp(query->class_name, class_name) == 0;
}

static bool is_among(const peer_token *tokens, size_t count, const peer_token *token)
{
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].length == token->length &&
            memcmp(tokens[i].term, token->term, token->length) == 0)
            return true;
    }
    return false;
}

size_t peer_tokens(const char *term, bool distinct, peer_token tokens[PEER_TOKENS_MAX])
{
    peer_cutter cutter;
    peer_token token;
    size_t count = 0;
    peer_cut(&cutter, term, strcspn(term, "*"));
    while (peer_next(&cutter, &token)) {
        if (token.is_run_end || (distinct && is_among(tokens, count, &token)))
            continue;
        if (count == PEER_TOKENS_MAX)
            peer_die(term, "too many tokens");
        tokens[count++] = token;
    }
    return count;
}

bool peer_is_word_prefix(const char *term)
{
    size_t length;
    return strchr(term, '*') && kind_at(term, term + strlen(term), &length) == 'w';
}

/* ---- files ---- */

static uint64_t folder_bytes;

static int add_file(const char *path, const struct stat *file, int type, struct FTW *where)
{
    (void)path, (void)where;
    folder_bytes += type == FTW_F ? (uint64_t)file->st_blocks * 512 : 0; // files may have holes
    return 0;
}

uint64_t peer_folder_bytes(const char *dir)
{
    folder_bytes = 0;
    if (nftw(dir, add_file, 16, FTW_PHYS))
        peer_die(dir, "cannot be walked");
    return folder_bytes;
}

/* Into the page cache. */
static int read_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
    static char bytes[1 << 16];
    FILE *file = type == FTW_F ? fopen(path, "r") : NULL;
    (void)status, (void)where;
    while (file && fread(bytes, 1, sizeof(bytes), file) > 0)
        ;
    if (file)
        fclose(file);
    return 0;
}

/* ---- times ---- */

typedef struct timing {
    double seconds[ROUNDS];
    unsigned rounds; // done
    uint64_t matches;
} timing;

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void ask(const peer_query *query, bool exact, unsigned round, timing *out)
{
    if (out->rounds && out->seconds[0] > SLOW)
        return;
    double before = gs_measure_now();
    out->matches = peer_search(query, exact);
    double taken = gs_measure_now() - before;
    if (round >= WARM_ROUNDS || taken > SLOW)
        out->seconds[out->rounds++] = taken;
}

static void measure(const peer_query *queries, size_t count, size_t number, bool exact)
{
    timing *timings = calloc(count, sizeof(*timings));
    for (unsigned round = 0; timings && round < WARM_ROUNDS + ROUNDS; round++) {
        for (size_t i = 0; i < count; i++) {
            if (peer_can(&queries[i]))
                ask(&queries[i], exact, round, &timings[i]);
        }
    }
    for (size_t i = 0; timings && i < count; i++) {
        if (timings[i].rounds == 0)
            continue;
        qsort(timings[i].seconds, timings[i].rounds, sizeof(double), by_value);
        printf("query\t%s\t%zu\t%s\t", queries[i].class_name, number + i,
               exact ? "exact" : "top10");
        if (exact)
            printf("%llu", (unsigned long long)timings[i].matches);
        else
            putchar('-');
        printf("\t%.2f\n", timings[i].seconds[timings[i].rounds / 2] * 1e6);
    }
    free(timings);
}

static void measure_all(const char *path)
{
    gs_bench_queries read = gs_bench_queries_read(path);
    peer_query *queries = calloc(read.count, sizeof(*queries));
    if (!queries)
        peer_die(path, "no memory");
    for (size_t i = 0; i < read.count; i++) {
        queries[i].class_name = read.list[i].class_name;
        queries[i].terms_count = read.list[i].terms_count;
        memcpy(queries[i].terms, read.list[i].terms, sizeof(queries[i].terms));
    }
    for (size_t from = 0, end; from < read.count; from = end) {
        end = gs_bench_queries_class_end(&read, from);
        for (int exact = 1; exact >= 0; exact--)
            measure(queries + from, end - from, from, exact);
        fflush(stdout);
    }
    free(queries);
}

static void build(const char *dir, const char *path)
{
    gs_bench_documents documents = gs_bench_documents_read(path);
    peer_text *texts = calloc(documents.count, sizeof(*texts));
    if (!texts || mkdir(dir, 0777))
        peer_die(dir, "exists, or there is no memory");
    for (size_t i = 0; i < documents.count; i++)
        texts[i] = (peer_text){(const char *)documents.list[i].text.ptr,
                               documents.list[i].text.len};
    double before = gs_measure_now();
    peer_build(dir, texts, documents.count);
    printf("build\t%.3f\t%llu\n", gs_measure_now() - before,
           (unsigned long long)documents.text_bytes);
    free(texts);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: PEER INDEX DOCUMENTS QUERIES [reuse]\n");
        return 2;
    }
    printf("version\t");
    peer_put_version();
    putchar('\n');
    if (argc == 4)
        build(argv[1], argv[2]);
    printf("size\t%llu\n", (unsigned long long)peer_size(argv[1]));
    fflush(stdout);
    nftw(argv[1], read_file, 16, FTW_PHYS);
    peer_open(argv[1]);
    measure_all(argv[3]);
    return 0;
}
