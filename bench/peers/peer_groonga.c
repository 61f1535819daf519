/* SPDX-License-Identifier: Apache-2.0
 *
 * Groonga: TokenBigram, the index made in one go over a column of the texts, which Groonga cannot
 * do without and whose files are not counted. It always counts all matches and ranks by frequency.
 */
#include <glob.h>
#include <groonga.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/peers/peer.h"

static grn_ctx ctx;
static grn_obj *docs, *by_text;
static grn_table_sort_key *by_score;
static uint32_t by_score_count;

static void check(const char *what)
{
    if (ctx.rc != GRN_SUCCESS)
        peer_die(what, ctx.errbuf);
}

static void start(void)
{
    grn_init();
    grn_ctx_init(&ctx, 0);
    check("groonga");
}

static void command(const char *line)
{
    char *answer;
    unsigned length;
    int flags;
    grn_ctx_send(&ctx, line, (unsigned)strlen(line), 0);
    grn_ctx_recv(&ctx, &answer, &length, &flags);
    check(line);
}

void peer_put_version(void)
{
    fputs(grn_get_version(), stdout);
}

void peer_build(const char *dir, const peer_text *texts, size_t count)
{
    char path[4096];
    grn_obj value;
    start();
    snprintf(path, sizeof(path), "%s/db", dir);
    grn_obj *db = grn_db_create(&ctx, path, NULL);
    check(path);
    command("table_create Docs TABLE_NO_KEY");
    command("column_create Docs text COLUMN_SCALAR LongText");
    command("table_create Terms TABLE_PAT_KEY ShortText --default_tokenizer TokenBigram"
            " --normalizer NormalizerAuto");
    docs = grn_ctx_get(&ctx, "Docs", -1);
    grn_obj *text = grn_ctx_get(&ctx, "Docs.text", -1);
    GRN_TEXT_INIT(&value, GRN_OBJ_DO_SHALLOW_COPY);
    for (size_t i = 0; i < count; i++) {
        grn_id id = grn_table_add(&ctx, docs, NULL, 0, NULL);
        GRN_TEXT_SET(&ctx, &value, texts[i].bytes, (unsigned)texts[i].length);
        grn_obj_set_value(&ctx, text, id, &value, GRN_OBJ_SET);
        check("a document");
    }
    command("column_create Terms by_text COLUMN_INDEX|WITH_POSITION Docs text");
    grn_obj_flush_recursive(&ctx, db);
    check(path);
    grn_obj_close(&ctx, db);
    grn_ctx_fin(&ctx);
    grn_fin();
}

static grn_obj *connect(const char *dir)
{
    char path[4096];
    start();
    snprintf(path, sizeof(path), "%s/db", dir);
    grn_obj *db = grn_db_open(&ctx, path);
    check(path);
    docs = grn_ctx_get(&ctx, "Docs", -1);
    return db;
}

/* The column's files are called like the first of them. */
uint64_t peer_size(const char *dir)
{
    char pattern[4096];
    glob_t files;
    struct stat status;
    uint64_t text = 0;
    grn_obj *db = connect(dir);
    snprintf(pattern, sizeof(pattern), "%s*",
             grn_obj_path(&ctx, grn_ctx_get(&ctx, "Docs.text", -1)));
    if (glob(pattern, 0, NULL, &files))
        peer_die(pattern, "no such files");
    for (size_t i = 0; i < files.gl_pathc; i++) {
        if (stat(files.gl_pathv[i], &status) == 0)
            text += (uint64_t)status.st_blocks * 512;
    }
    globfree(&files);
    grn_obj_close(&ctx, db);
    grn_ctx_fin(&ctx);
    grn_fin();
    return peer_folder_bytes(dir) - text;
}

void peer_open(const char *dir)
{
    static const char order[] = "-_score";
    connect(dir);
    by_text = grn_ctx_get(&ctx, "Terms.by_text", -1);
    grn_obj *found = grn_table_create(&ctx, NULL, 0, NULL,
                                      GRN_OBJ_TABLE_HASH_KEY | GRN_OBJ_WITH_SUBREC, docs, NULL);
    by_score = grn_table_sort_key_from_str(&ctx, order, sizeof(order) - 1, found, &by_score_count);
    check(dir);
}

bool peer_can(const peer_query *query)
{
    return !peer_is(query, "near") && !peer_is(query, "prefix");
}

static void look_up(grn_obj *found, const char *term, size_t length, grn_operator how)
{
    grn_search_optarg options = {.mode = GRN_OP_EXACT};
    grn_obj text;
    GRN_TEXT_INIT(&text, GRN_OBJ_DO_SHALLOW_COPY);
    GRN_TEXT_SET(&ctx, &text, term, (unsigned)length);
    grn_obj_search(&ctx, by_text, &text, found, how, &options);
    check(term);
}

uint64_t peer_search(const peer_query *query, bool exact)
{
    grn_obj *found = grn_table_create(&ctx, NULL, 0, NULL,
                                      GRN_OBJ_TABLE_HASH_KEY | GRN_OBJ_WITH_SUBREC, docs, NULL);
    (void)exact;
    if (peer_is(query, "any")) {
        peer_token tokens[PEER_TOKENS_MAX];
        size_t count = peer_tokens(query->terms[0], true, tokens);
        for (size_t i = 0; i < count; i++)
            look_up(found, tokens[i].term, tokens[i].length, GRN_OP_OR);
    } else {
        for (size_t i = 0; i < query->terms_count; i++)
            look_up(found, query->terms[i], strlen(query->terms[i]),
                    i && peer_is(query, "and2") ? GRN_OP_AND : GRN_OP_OR);
    }
    grn_obj *best = grn_table_create(&ctx, NULL, 0, NULL, GRN_OBJ_TABLE_NO_KEY, NULL, found);
    grn_table_sort(&ctx, found, 0, PEER_ROWS, best, by_score, (int)by_score_count);
    check("sorting");
    uint64_t matches = grn_table_size(&ctx, found);
    grn_obj_close(&ctx, best);
    grn_obj_close(&ctx, found);
    return matches;
}
