/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch merge`: as few segments as possible.
 */
#include <inttypes.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "common/base/mapguard.h"
#include "indexer/compact.h"

int gs_cmd_merge(int argc, char **argv)
{
    const char *dir = NULL;
    bool is_small = false, json = false;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"small", 0, GS_OPT_FLAG, &is_small, NULL, "lists that take less room and more time"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "the summary as JSON"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 0, 0, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    gs_compact_summary summary;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gsearch_status status = gs_map_guard(&err);
    if (!status)
        status = gs_compact_run(gs_out_index_dir(dir), is_small, NULL, &summary, &err);
    if (!status) {
        gs_buf line;
        gs_buf_init(&line, NULL, SIZE_MAX);
        gs_buf_printf(&line,
                      "{\"before\":%u,\"segments\":%u,\"bytes\":%" PRIu64
                      ",\"generation\":%" PRIu64 "}",
                      summary.before, summary.after, summary.bytes, summary.generation);
        status = gs_plain_line(&out, &line, json, &err);
    }
    return gs_out_end(&out, status, &err);
}
