/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch show`: one document with its fields.
 */
#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "cli/session.h"
#include "common/wire/wire.h"
#include "query/search.h"

static gsearch_status show(const char *dir, const char *typed, bool json, gs_buf *out,
                           gsearch_error *err)
{
    gs_session session;
    gs_buf id, line;
    GS_TRY(gs_session_open(dir, &session, err));
    gs_buf_init(&id, NULL, GS_REQUEST_LINE_BYTES_MAX);
    gs_buf_init(&line, NULL, SIZE_MAX);
    gsearch_status status = gs_wire_get_id(gs_bytes_str(typed), &id, err);
    if (!status)
        status = gs_search_document(session.snapshot, gs_buf_view(&id), &line, err);
    if (!status && json)
        gs_buf_bytes(out, gs_buf_view(&line));
    else if (!status)
        status = gs_plain_document(out, gs_buf_view(&line), err);
    gs_buf_release(&id);
    gs_buf_release(&line);
    gs_session_close(&session);
    return status;
}

int gs_cmd_show(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "as one JSON line"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, 1, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gsearch_status status = show(dir, argv[1], json, &out, &err);
    return gs_out_end(&out, status, &err);
}
