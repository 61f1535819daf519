/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch salvage`: what a damaged index still holds, and the names of what it does not.
 */
#include <inttypes.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "common/base/json.h"
#include "common/base/mapguard.h"
#include "indexer/salvage.h"

typedef struct talk_to {
    gs_buf *out;
    bool json;
} talk_to;

static void on_lost(const char *what, const char *why, void *payload)
{
    const talk_to *talk = payload;
    if (talk->json) {
        gs_buf_str(talk->out, "{\"lost\":");
        gs_json_string(talk->out, gs_bytes_str(what));
        gs_buf_str(talk->out, ",\"why\":");
        gs_json_string(talk->out, gs_bytes_str(why));
        gs_buf_str(talk->out, "}\n");
    } else {
        gs_buf_str(talk->out, "lost ");
        gs_out_id(talk->out, gs_bytes_str(what));
        gs_buf_printf(talk->out, ": %s\n", why);
    }
    gs_out_write(talk->out);
}

static gsearch_status put_summary(const talk_to *talk, const gs_salvage_summary *summary,
                                  gsearch_error *err)
{
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_buf_printf(&line,
                  "{\"saved\":%" PRIu64 ",\"incomplete\":%" PRIu64 ",\"lost\":%" PRIu64
                  ",\"lost_files\":%" PRIu64 ",\"stale\":%s,\"generation\":%" PRIu64 "}",
                  summary->saved, summary->incomplete, summary->lost, summary->lost_files,
                  summary->stale ? "true" : "false", summary->generation);
    GS_TRY(gs_plain_line(talk->out, &line, talk->json, err));
    gs_out_write(talk->out);
    bool is_all = !summary->incomplete && !summary->lost && !summary->lost_files;
    if (is_all && !summary->stale)
        return GSEARCH_OK;
    return gs_fail(err, GSEARCH_CORRUPT, "not all could be saved%s",
                   summary->stale ? "; what was deleted or replaced may have come back" : "");
}

int gs_cmd_salvage(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "JSON Lines"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, 1, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    gs_salvage_summary summary;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    talk_to talk = {.out = &out, .json = json};
    gs_salvage_options options = {.on_lost = on_lost, .payload = &talk};
    gsearch_status status = gs_map_guard(&err);
    if (!status)
        status = gs_salvage_run(gs_out_index_dir(dir), argv[1], &options, &summary, &err);
    if (!status)
        status = put_summary(&talk, &summary, &err);
    return gs_out_end(&out, status, &err);
}
