/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch search`: asks the index in this process, or a daemon with --connect, and prints the same
 * either way.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/session.h"
#include "common/base/json.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"
#include "gsearch/client.h"
#include "gsearch/gsearch.h"
#include "query/daemon/token.h"

typedef enum form { FORM_TEXT, FORM_JSON, FORM_IDS, FORM_COUNT } form;

typedef struct printer {
    form form;
    bool colour;
    const char *facet;
    gs_buf line;
    uint64_t total;
    bool broken; /* stdout does not take more */
} printer;

static void print_json_head(printer *p, const gsearch_results *head)
{
    gs_buf_printf(&p->line,
                  "{\"total\":%" PRIu64 ",\"hits\":%zu,\"took_us\":%" PRIu64
                  ",\"generation\":%" PRIu64,
                  head->total, head->hits_count, head->took_us, head->generation);
    if (p->facet) {
        gs_buf_str(&p->line, ",\"facets\":{");
        gs_json_string(&p->line, gs_bytes_str(p->facet));
        gs_buf_str(&p->line, ":[");
        for (size_t i = 0; i < head->facets_count; i++) {
            gs_buf_str(&p->line, i ? ",[" : "[");
            gs_json_string(&p->line, gs_bytes_str(head->facets[i].value));
            gs_buf_printf(&p->line, ",%" PRIu64 "]", head->facets[i].count);
        }
        gs_buf_str(&p->line, "]}");
    }
    gs_buf_str(&p->line, "}\n");
}

static void print_text_head(printer *p, const gsearch_results *head)
{
    gs_buf_printf(&p->line,
                  "%" PRIu64 " document%s, %zu shown, %" PRIu64 ".%03" PRIu64 " ms\n", head->total,
                  head->total == 1 ? "" : "s", head->hits_count, head->took_us / 1000,
                  head->took_us % 1000);
    for (size_t i = 0; i < head->facets_count; i++) {
        gs_buf_str(&p->line, "   ");
        gs_out_text(&p->line, gs_bytes_str(head->facets[i].value));
        gs_buf_printf(&p->line, "\t%" PRIu64 "\n", head->facets[i].count);
    }
}

static bool print_head(const gsearch_results *head, void *payload)
{
    printer *p = payload;
    p->total = head->total;
    switch (p->form) {
    case FORM_JSON:
        print_json_head(p, head);
        break;
    case FORM_COUNT:
        gs_buf_printf(&p->line, "%" PRIu64 "\n", head->total);
        break;
    case FORM_TEXT:
        print_text_head(p, head);
        break;
    case FORM_IDS:
        break;
    }
    p->broken = !gs_out_write(&p->line);
    return !p->broken && p->form != FORM_COUNT;
}

/* The snippet with its marks in colour, or between « and ». */
static void print_snippet(printer *p, const gsearch_hit *hit)
{
    gs_bytes rest = gs_bytes_str(hit->snippet);
    uint32_t at = 0;
    gs_buf_str(&p->line, "   ");
    for (size_t i = 0; i <= hit->marks_count; i++) {
        uint32_t until = i < hit->marks_count ? hit->marks[i].start : UINT32_MAX;
        size_t plain = gs_utf8_prefix(rest, until - at);
        gs_out_text(&p->line, gs_bytes_of(rest.ptr, plain));
        rest = gs_bytes_of(rest.ptr + plain, rest.len - plain);
        if (i == hit->marks_count)
            break;
        size_t marked = gs_utf8_prefix(rest, hit->marks[i].length);
        gs_buf_str(&p->line, p->colour ? "\033[1;31m" : "«");
        gs_out_text(&p->line, gs_bytes_of(rest.ptr, marked));
        gs_buf_str(&p->line, p->colour ? "\033[0m" : "»");
        rest = gs_bytes_of(rest.ptr + marked, rest.len - marked);
        at = hit->marks[i].start + hit->marks[i].length;
    }
    gs_buf_str(&p->line, "\n");
}

static void print_text(printer *p, const gsearch_hit *hit)
{
    gs_buf_printf(&p->line, "\n%" PRIu64 ". %s", hit->rank, p->colour ? "\033[1m" : "");
    gs_out_text(&p->line, gs_bytes_str(hit->title ? hit->title : hit->id));
    gs_buf_str(&p->line, p->colour ? "\033[0m" : "");
    const char *fields[] = {hit->docno, hit->agency, hit->date};
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (!fields[i])
            continue;
        gs_buf_str(&p->line, "  ");
        gs_out_text(&p->line, gs_bytes_str(fields[i]));
    }
    gs_buf_str(&p->line, "\n");
    if (hit->snippet)
        print_snippet(p, hit);
    gs_buf_str(&p->line, "   ");
    gs_out_text(&p->line, gs_bytes_str(hit->id));
    gs_buf_str(&p->line, "\n");
}

static bool print_hit(const gsearch_hit *hit, void *payload)
{
    printer *p = payload;
    if (p->form == FORM_JSON) {
        gs_wire_put_hit(&p->line, hit);
    } else if (p->form == FORM_TEXT) {
        print_text(p, hit);
    } else {
        gs_out_id(&p->line, gs_bytes_str(hit->id));
        gs_buf_str(&p->line, "\n");
    }
    p->broken = !gs_out_write(&p->line);
    return !p->broken;
}

static gsearch_status ask_index(const char *dir, const gsearch_request *request, printer *p,
                                gsearch_error *err)
{
    gs_session session;
    GS_TRY(gs_session_open(dir, &session, err));
    gsearch_status status =
        gsearch_search_each(session.index, request, print_head, print_hit, p, err);
    gs_session_close(&session);
    return status;
}

static gsearch_status present(gsearch_client *client, const gs_token *token, gsearch_error *err)
{
    char text[sizeof(token->bytes) + 1] = {0};
    memcpy(text, token->bytes, token->len);
    gsearch_status status = gsearch_client_auth(client, text, err);
    explicit_bzero(text, sizeof(text));
    return status;
}

static gsearch_status ask_daemon(const char *address, const char *auth_file,
                                 const gsearch_request *request, printer *p, gsearch_error *err)
{
    gsearch_client *client;
    gs_token token = {.len = 0};
    if (auth_file)
        GS_TRY(gs_token_load(auth_file, &token, err));
    GS_TRY(gsearch_client_open(address, 0, &client, err));
    gsearch_status status = auth_file ? present(client, &token, err) : GSEARCH_OK;
    if (!status)
        status = gsearch_client_search_each(client, request, print_head, print_hit, p, err);
    gsearch_client_close(client);
    return status;
}

/* The words of --sort and --match. */
static gsearch_status read_choices(const char *sort, const char *match, gsearch_request *request,
                                   gsearch_error *err)
{
    if (!sort || strcmp(sort, "score") == 0)
        request->sort = GSEARCH_SORT_SCORE;
    else if (strcmp(sort, "date") == 0)
        request->sort = GSEARCH_SORT_DATE;
    else if (strcmp(sort, "-date") == 0)
        request->sort = GSEARCH_SORT_DATE_DESC;
    else
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "--sort: score, date or -date, not '%s'", sort);
    return gs_session_match(match, &request->match, err);
}

static int ask(const char *dir, const char *address, const char *auth_file,
               const gsearch_request *request, printer *p)
{
    gsearch_error err = {0};
    gs_buf_init(&p->line, NULL, GS_REPLY_BYTES_MAX);
    gsearch_status status = address ? ask_daemon(address, auth_file, request, p, &err)
                                    : ask_index(dir, request, p, &err);
    gs_buf_release(&p->line);
    if (!status)
        status = gs_out_finish(&err);
    return status ? gs_out_fail(&err) : p->total ? 0 : 1;
}

int gs_cmd_search(int argc, char **argv)
{
    const char *dir = NULL, *address = NULL, *auth_file = NULL, *sort = NULL, *match = NULL;
    bool all = false, no_snippet = false, ids = false, count = false, json = false;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"limit", 0, GS_OPT_COUNT, &request.limit, "N", "rows (10)"},
        {"offset", 0, GS_OPT_COUNT, &request.offset, "N", "rows to pass over (0)"},
        {"all", 0, GS_OPT_FLAG, &all, NULL, "every row"},
        {"sort", 0, GS_OPT_TEXT, &sort, "HOW", "score, date or -date (score)"},
        {"facet", 0, GS_OPT_TEXT, &request.facet, "FIELD", "count by date (years)"},
        {"match", 0, GS_OPT_TEXT, &match, "HOW", "exact, or any for plain questions (exact)"},
        {"no-snippet", 0, GS_OPT_FLAG, &no_snippet, NULL, "no passages"},
        {NULL, 'l', GS_OPT_FLAG, &ids, NULL, "ids alone, one a line"},
        {NULL, 'c', GS_OPT_FLAG, &count, NULL, "the total alone"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "JSON Lines"},
        {"connect", 0, GS_OPT_TEXT, &address, "ADDR", "ask a daemon at HOST:PORT or unix:PATH"},
        {"auth-file", 0, GS_OPT_TEXT, &auth_file, "F", "the token for that daemon"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, argc, &operands,
                      &exit_code))
        return exit_code;
    printer p = {.form = count ? FORM_COUNT : ids ? FORM_IDS : json ? FORM_JSON : FORM_TEXT,
                 .colour = gs_out_colour(stdout),
                 .facet = request.facet};
    gsearch_error err = {0};
    if (read_choices(sort, match, &request, &err))
        return gs_out_fail(&err);
    if (all)
        request.limit = GSEARCH_LIMIT_ALL;
    if (count)
        request.limit = 0;
    if (!all && request.limit > GS_RESULT_ROWS_MAX) {
        (void)gs_fail(&err, GSEARCH_LIMIT, "--limit is over %u: use --all to print every row",
                      GS_RESULT_ROWS_MAX);
        return gs_out_fail(&err);
    }
    request.snippet = !no_snippet && !ids && !count;
    char *query;
    if (gs_session_words(argv + 1, operands, &query, &err))
        return gs_out_fail(&err);
    request.query = query;
    exit_code = ask(dir, address, auth_file, &request, &p);
    gs_mem_free(NULL, query);
    return exit_code;
}
