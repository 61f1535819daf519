/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch stat`: sizes and counts.
 */
#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "cli/session.h"
#include "query/search.h"

static gsearch_status describe(const char *dir, bool json, gs_buf *out, gsearch_error *err)
{
    gs_session session;
    gs_buf line;
    GS_TRY(gs_session_open(dir, &session, err));
    gs_buf_init(&line, NULL, SIZE_MAX);
    gsearch_status status = gs_search_describe(session.snapshot, &line, err);
    if (!status && json)
        gs_buf_bytes(out, gs_buf_view(&line));
    else if (!status)
        status = gs_plain_members(out, gs_buf_view(&line), err);
    gs_buf_release(&line);
    gs_session_close(&session);
    return status;
}

int gs_cmd_stat(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "as one JSON line"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 0, 0, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gsearch_status status = describe(dir, json, &out, &err);
    return gs_out_end(&out, status, &err);
}
