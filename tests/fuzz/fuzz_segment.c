/* SPDX-License-Identifier: Apache-2.0
 *
 * A segment whose sums are right and whose content is anything: opened, verified, read to its last
 * position, dumped, and searched for what its own dictionary says it holds. The answer is that it
 * is corrupt, or something that it could mean; it ends, and it leaves nothing behind.
 */
#include <stdarg.h>
#include <stdio.h>

#include "common/base/utf8.h"
#include "common/segment/dump.h"
#include "query/search.h"
#include "tests/common/segment/seal.h"
#include "tests/fuzz/folder.h"

#define TERMS_MAX 12u
#define QUERIES_MAX 40u
#define READ_BYTES_MAX (64u << 20)

/* Queries for terms of the segment, put together in every way of the language. */
typedef struct queries {
    gs_buf texts[QUERIES_MAX];
    size_t count;
} queries;

__attribute__((format(printf, 2, 3))) static void add_query(queries *all, const char *format, ...)
{
    static char text[2048];
    va_list values;
    if (all->count == QUERIES_MAX)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    gs_buf *out = &all->texts[all->count++];
    gs_buf_init(out, NULL, SIZE_MAX);
    gs_buf_str(out, text);
    gs_buf_u8(out, 0);
}

/* The gram or word at the iterator as a query would spell it; "" for what nobody can type. */
static void spell(const gs_terms_iterator *iterator, char out[300])
{
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    uint32_t parts[3] = {gs_gram_first(iterator->gram), gs_gram_second(iterator->gram),
                         (uint32_t)(iterator->gram & GS_GRAM_CODE_POINT_MASK)};
    for (size_t i = 0; i < 3 && !iterator->is_word; i++) {
        uint8_t bytes[4];
        bool is_scalar = parts[i] > 1 && parts[i] < 0x110000 && (parts[i] >> 11) != 0x1b;
        if (is_scalar)
            gs_buf_append(&text, bytes, gs_utf8_encode(parts[i], bytes));
    }
    if (iterator->is_word)
        gs_utf8_repair(&text, iterator->word);
    size_t len = text.len < 290 ? gs_utf8_valid_prefix(gs_buf_view(&text)) : 0;
    for (size_t i = 0; i < len; i++)
        out[i] = text.data[i] < 0x20 || text.data[i] == '"' ? ' ' : (char)text.data[i];
    out[len] = 0;
    gs_buf_release(&text);
}

static void add_queries(const gs_segment *segment, queries *all)
{
    gs_terms_iterator iterator;
    gsearch_error error;
    char last[300] = "政务", term[300];
    bool more;
    gsearch_status status = gs_terms_seek_gram(&iterator, &segment->terms, GS_GRAM_BREAK, &error);
    for (unsigned i = 0; !status && i < TERMS_MAX; i++) {
        status = gs_terms_next(&iterator, &more, &error);
        if (status || !more)
            break;
        if (i == TERMS_MAX / 2)
            status = gs_terms_seek_word(&iterator, &segment->terms, gs_bytes_str(""), &error);
        spell(&iterator, term);
        if (!*term)
            continue;
        add_query(all, "\"%s\"", term);
        add_query(all, i & 1 ? "%s%s" : "%s -%s", last, term);
        add_query(all, i & 2 ? "%s NEAR/9 %s" : "%s OR title:%s", last, term);
        memcpy(last, term, sizeof(last));
    }
    add_query(all, "=\"%s\"", last);
    add_query(all, "%s*", last);
    add_query(all, "date:2010..2020 OR 务公");
    add_query(all, "政务公开年度");
}

static void check_status(gsearch_status status, const gsearch_error *error)
{
    switch (status) {
    case GSEARCH_OK:
    case GSEARCH_BAD_QUERY:
    case GSEARCH_LIMIT:
    case GSEARCH_CORRUPT:
    case GSEARCH_BUDGET:
        return;
    default:
        fail_msg("%d: %s", status, error->message);
    }
}

static void search(gsearch_index *index, const char *query, size_t number)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results = NULL;
    gsearch_error error;
    request.query = query;
    request.match = number % 5 == 4 ? GSEARCH_MATCH_ANY : GSEARCH_MATCH_EXACT;
    request.sort = number % 7 == 6 ? GSEARCH_SORT_DATE : GSEARCH_SORT_SCORE;
    request.facet = number % 4 == 3 ? "date" : NULL;
    request.total = number % 3 != 2;
    gsearch_status status = gsearch_search(index, &request, &results, &error);
    check_status(status, &error);
    for (size_t i = 0; !status && i < results->hits_count; i++)
        assert_true(results->hits[i].rank == i + 1);
    gsearch_results_free(results);
}

static void ask_aside(gsearch_index *index, const char *query)
{
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    gs_buf out;
    request.query = query;
    gs_buf_init(&out, NULL, SIZE_MAX);
    check_status(gs_search_explain(snapshot, &request, &out, &error), &error);
    check_status(gs_search_suggest(snapshot, gs_bytes_str("政"), 10, &out, &error), &error);
    check_status(gs_search_suggest(snapshot, gs_bytes_str("p"), 10, &out, &error), &error);
    check_status(gs_search_describe(snapshot, &out, &error), &error);
    gs_buf_release(&out);
    gs_snapshot_unref(snapshot);
}

static void search_all(gs_segment *segment, const gs_container_name *name)
{
    gsearch_index *index;
    gsearch_error error;
    gs_buf id;
    queries all = {.count = 0};
    gs_folder_put_manifest(name, segment->docs.count);
    gsearch_status status = gsearch_index_open(GS_DISK_INDEX, NULL, &index, &error);
    if (status) {
        check_status(status, &error);
        return;
    }
    add_queries(segment, &all);
    for (size_t i = 0; i < all.count; i++)
        search(index, (const char *)all.texts[i].data, i);
    ask_aside(index, (const char *)all.texts[0].data);
    gs_buf_init(&id, NULL, SIZE_MAX);
    if (segment->docs.count && gs_segment_key(segment, 0, &id, &error) == GSEARCH_OK) {
        gs_snapshot *snapshot = gs_index_snapshot(index);
        gs_buf out;
        gs_buf_init(&out, NULL, SIZE_MAX);
        status = gs_search_document(snapshot, gs_buf_view(&id), &out, &error);
        if (status != GSEARCH_NOT_FOUND)
            check_status(status, &error);
        gs_buf_release(&out);
        gs_snapshot_unref(snapshot);
    }
    gs_buf_release(&id);
    for (size_t i = 0; i < all.count; i++)
        gs_buf_release(&all.texts[i]);
    gsearch_index_close(index);
}

static gsearch_status forget(gs_bytes text, void *payload, gsearch_error *err)
{
    (void)text;
    (void)payload;
    (void)err;
    return GSEARCH_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_container_name name;
    gsearch_error error;
    gs_segment *segment;
    gs_dir *dir = gs_folder_open();
    if (gs_folder_put(gs_bytes_of(data, size), "seg-", ".gss", &name) &&
        gs_segment_open(dir, NULL, name.id, name.length, false, &segment, &error) == GSEARCH_OK) {
        gs_dump_options options = {.all = true, .write = forget};
        gs_buf seen;
        gs_buf_init(&seen, NULL, READ_BYTES_MAX);
        gsearch_status verified = gs_segment_verify(segment, &error);
        check_status(verified, &error);
        gsearch_status read = gs_read_all(segment, &seen, &error);
        check_status(read, &error);
        if (!verified) // what was verified can be read
            assert_int_equal(read, GSEARCH_OK);
        gs_buf_release(&seen);
        search_all(segment, &name);
        check_status(gs_dump_index(dir, &options, &error), &error);
        gs_segment_unref(segment);
    }
    gs_folder_close(dir);
    return 0;
}
