/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch explain`: how a query is answered, step by step, and what it costs.
 */
#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "cli/session.h"
#include "query/search.h"

static gsearch_status explain(const char *dir, const gsearch_request *request, bool json,
                              gs_buf *out, gsearch_error *err)
{
    gs_session session;
    gs_buf lines;
    GS_TRY(gs_session_open(dir, &session, err));
    gs_buf_init(&lines, NULL, SIZE_MAX);
    gsearch_status status = gs_search_explain(session.snapshot, request, &lines, err);
    if (!status && json)
        gs_buf_bytes(out, gs_buf_view(&lines));
    else if (!status)
        status = gs_plain_steps(out, gs_buf_view(&lines), err);
    gs_buf_release(&lines);
    gs_session_close(&session);
    return status;
}

int gs_cmd_explain(int argc, char **argv)
{
    const char *dir = NULL, *match = NULL;
    bool json = false, no_total = false;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"match", 0, GS_OPT_TEXT, &match, "HOW", "exact, or any for plain questions (exact)"},
        {"no-total", 0, GS_OPT_FLAG, &no_total, NULL, "the best rows alone, as total=none does"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "JSON Lines"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, argc, &operands,
                      &exit_code))
        return exit_code;
    gsearch_error err = {0};
    char *query = NULL;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gsearch_status status = gs_session_match(match, &request.match, &err);
    if (!status)
        status = gs_session_words(argv + 1, operands, &query, &err);
    request.query = query;
    request.total = !no_total;
    if (!status)
        status = explain(dir, &request, json, &out, &err);
    gs_mem_free(NULL, query);
    return gs_out_end(&out, status, &err);
}
