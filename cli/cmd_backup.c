/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch backup`: a consistent copy, checked.
 */
#include <inttypes.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "cli/session.h"
#include "common/base/mapguard.h"
#include "indexer/audit.h"
#include "indexer/backup.h"

static gsearch_status back_up(const char *from, const char *to, gs_backup_summary *out,
                              gsearch_error *err)
{
    gs_audit_options options = {0};
    gs_audit_summary checked;
    GS_TRY(gs_map_guard(err));
    GS_TRY(gs_backup_run(from, to, NULL, out, err));
    return gs_audit_verify(to, &options, &checked, err); // as damaged as what was copied
}

int gs_cmd_backup(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "the summary as JSON"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, 1, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    gs_backup_summary summary;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_session_warn(dir);
    gsearch_status status = back_up(gs_out_index_dir(dir), argv[1], &summary, &err);
    if (!status) {
        gs_buf line;
        gs_buf_init(&line, NULL, SIZE_MAX);
        gs_buf_printf(&line,
                      "{\"generation\":%" PRIu64 ",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
                      summary.generation, summary.files, summary.bytes);
        status = gs_plain_line(&out, &line, json, &err);
    }
    return gs_out_end(&out, status, &err);
}
