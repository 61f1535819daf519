/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch dump`: what stands in the files of the index, in words.
 */
#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/session.h"
#include "common/base/mapguard.h"
#include "common/segment/dump.h"

static gsearch_status print(gs_bytes text, void *payload, gsearch_error *err)
{
    gs_buf *buf = payload;
    gs_buf_bytes(buf, text);
    (void)err;
    return gs_out_write(buf) ? GSEARCH_OK : GSEARCH_IO; // gs_out_finish knows more
}

static gsearch_status dump(const char *path, bool all, gsearch_error *err)
{
    gs_dir *dir;
    gs_buf buf;
    GS_TRY(gs_map_guard(err));
    GS_TRY(gs_dir_open(NULL, path, false, &dir, err));
    gs_buf_init(&buf, NULL, SIZE_MAX);
    gs_dump_options options = {.all = all, .write = print, .payload = &buf};
    gsearch_status status = gs_dump_index(dir, &options, err);
    gs_buf_release(&buf);
    gs_dir_close(dir);
    return status;
}

int gs_cmd_dump(int argc, char **argv)
{
    const char *dir = NULL;
    bool all = false;
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"all", 0, GS_OPT_FLAG, &all, NULL, "every row of every table, not the first 20"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 0, 0, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0}, print_err = {0};
    gs_session_warn(dir);
    gsearch_status status = dump(gs_out_index_dir(dir), all, &err);
    gsearch_status printed = gs_out_finish(&print_err);
    if (printed)
        return gs_out_fail(&print_err);
    return status && err.code ? gs_out_fail(&err) : 0;
}
