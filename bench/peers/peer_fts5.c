/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite's FTS5, contentless and optimized: compiled with PEER_TRIGRAM its own trigram tokenizer,
 * else bigrams by a tokenizer given here. A tokenizer of FTS5 cannot leave out a position, so the
 * last character of each run is a token, too: else a phrase would match across a break.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "bench/peers/peer.h"
#include "common/base/buf.h"

static sqlite3 *db;
static gs_buf match;

static void check(int status)
{
    if (status != SQLITE_OK && status != SQLITE_DONE && status != SQLITE_ROW)
        peer_die("sqlite", sqlite3_errmsg(db));
}

static void run(const char *sql)
{
    check(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* ---- the tokenizer ---- */

#ifndef PEER_TRIGRAM
static int tokenizer_new(void *context, const char **args, int count, Fts5Tokenizer **out)
{
    static int nothing;
    (void)context, (void)args, (void)count;
    *out = (Fts5Tokenizer *)&nothing;
    return SQLITE_OK;
}

static void tokenizer_free(Fts5Tokenizer *self)
{
    (void)self;
}

/* Of a query, the end of a run is left out: the phrase goes on beyond it. */
static int tokenize(Fts5Tokenizer *self, void *context, int flags, const char *text, int length,
                    int (*give)(void *, int, const char *, int, int, int))
{
    peer_cutter cutter;
    peer_token token;
    (void)self;
    peer_cut(&cutter, text, (size_t)length);
    while (peer_next(&cutter, &token)) {
        int start = (int)(token.term - text);
        if (token.is_run_end && (flags & FTS5_TOKENIZE_QUERY))
            continue;
        int status = give(context, 0, token.term, (int)token.length, start,
                          start + (int)token.length);
        if (status != SQLITE_OK)
            return status;
    }
    return SQLITE_OK;
}
#define TOKENIZER "bigram"
#else
#define TOKENIZER "trigram case_sensitive 1"
#endif

static void connect(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/fts5.db", dir);
    if (sqlite3_open(path, &db))
        peer_die(path, sqlite3_errmsg(db));
    run("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
        "PRAGMA cache_size=-65536; PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY");
#ifndef PEER_TRIGRAM
    static fts5_tokenizer tokenizer = {tokenizer_new, tokenizer_free, tokenize};
    sqlite3_stmt *statement;
    fts5_api *api = NULL;
    check(sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &statement, NULL));
    sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", NULL);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
    check(api->xCreateTokenizer(api, "bigram", NULL, &tokenizer, NULL));
#endif
}

/* ---- the engine ---- */

void peer_put_version(void)
{
    printf("%s, " TOKENIZER, sqlite3_libversion());
}

void peer_build(const char *dir, const peer_text *texts, size_t count)
{
    sqlite3_stmt *insert;
    char hash_bytes[128];
    connect(dir);
    run("CREATE VIRTUAL TABLE docs USING fts5(text, content='', tokenize='" TOKENIZER "')");
    snprintf(hash_bytes, sizeof(hash_bytes), "INSERT INTO docs(docs, rank) VALUES('hashsize', %u)",
             PEER_MEMORY_BYTES * 3 / 4);
    run(hash_bytes);
    run("INSERT INTO docs(docs, rank) VALUES('automerge', 0); BEGIN");
    check(sqlite3_prepare_v2(db, "INSERT INTO docs(rowid, text) VALUES(?1, ?2)", -1, &insert,
                             NULL));
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
        sqlite3_bind_text(insert, 2, texts[i].bytes, (int)texts[i].length, SQLITE_STATIC);
        check(sqlite3_step(insert));
        check(sqlite3_reset(insert));
    }
    sqlite3_finalize(insert);
    run("COMMIT; INSERT INTO docs(docs) VALUES('optimize')");
    check(sqlite3_close(db));
    connect(dir);
    run("VACUUM");
    check(sqlite3_close(db));
}

void peer_open(const char *dir)
{
    connect(dir);
    run("PRAGMA mmap_size=17179869184; PRAGMA query_only=1");
    gs_buf_init(&match, NULL, SIZE_MAX);
}

uint64_t peer_size(const char *dir)
{
    return peer_folder_bytes(dir);
}

bool peer_can(const peer_query *query)
{
#ifdef PEER_TRIGRAM
    return peer_is(query, "frequent4") || peer_is(query, "medium") || peer_is(query, "long");
#else
    return !peer_is(query, "char");
#endif
}

static void put_term(const char *term, size_t length, bool is_prefix)
{
    gs_buf_u8(&match, '"');
    gs_buf_append(&match, term, length);
    gs_buf_str(&match, is_prefix ? "\"*" : "\"");
}

/* Words of FTS5's language: "…" AND "…", NEAR("…" "…", n) with n tokens between. */
static const char *match_of(const peer_query *query)
{
    peer_token tokens[PEER_TOKENS_MAX];
    const char *between = peer_is(query, "and2") ? " AND " : peer_is(query, "or5") ? " OR " : " ";
    gs_buf_reset(&match);
    if (peer_is(query, "any")) {
        size_t count = peer_tokens(query->terms[0], true, tokens);
        for (size_t i = 0; i < count; i++) {
            gs_buf_str(&match, i ? " OR " : "");
            put_term(tokens[i].term, tokens[i].length, false);
        }
    } else {
        gs_buf_str(&match, peer_is(query, "near") ? "NEAR(" : "");
        for (size_t i = 0; i < query->terms_count; i++) {
            gs_buf_str(&match, i ? between : "");
            put_term(query->terms[i], strcspn(query->terms[i], "*"),
                     peer_is_word_prefix(query->terms[i]));
        }
        if (peer_is(query, "near")) // a bigram begins one position before its second character
            gs_buf_printf(&match, ", %d)", PEER_NEAR + 1);
    }
    gs_buf_u8(&match, 0);
    return (const char *)match.data;
}

/* All rows with their ranks in one pass: counting and ordering apart would take two. */
static uint64_t count_all(sqlite3_stmt *statement)
{
    double best[PEER_ROWS];
    uint64_t matches = 0;
    int kept = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        double rank = sqlite3_column_double(statement, 1);
        matches++;
        if (kept == PEER_ROWS && rank >= best[kept - 1])
            continue;
        int at = kept < PEER_ROWS ? kept++ : kept - 1;
        for (; at > 0 && best[at - 1] > rank; at--)
            best[at] = best[at - 1];
        best[at] = rank;
    }
    return matches;
}

static uint64_t count_rows(sqlite3_stmt *statement)
{
    uint64_t rows = 0;
    while (sqlite3_step(statement) == SQLITE_ROW)
        rows++;
    return rows;
}

uint64_t peer_search(const peer_query *query, bool exact)
{
    static sqlite3_stmt *statements[2];
    sqlite3_stmt **statement = &statements[exact];
    if (!*statement)
        check(sqlite3_prepare_v2(
            db,
            exact ? "SELECT rowid, rank FROM docs WHERE docs MATCH ?1"
                  : "SELECT rowid FROM docs WHERE docs MATCH ?1 ORDER BY rank LIMIT 10",
            -1, statement, NULL));
    sqlite3_bind_text(*statement, 1, match_of(query), -1, SQLITE_STATIC);
    uint64_t matches = exact ? count_all(*statement) : count_rows(*statement);
    check(sqlite3_reset(*statement));
    return matches;
}
