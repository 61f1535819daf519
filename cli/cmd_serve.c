/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch serve`: the query daemon in the foreground.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "common/base/limits.h"
#include "common/base/mapguard.h"
#include "common/wire/address.h"
#include "query/daemon/server.h"

static void on_ready(const char *const *addresses, size_t count, void *payload)
{
    (void)payload;
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "listening on %s\n", addresses[i]);
}

static void on_log(const char *message, void *payload)
{
    (void)payload;
    fprintf(stderr, "gsearch: %s\n", message);
}

int gs_cmd_serve(int argc, char **argv)
{
    const char *dir = NULL, *auth_file = NULL;
    uint64_t threads = 0;
    gs_opt_list listen = {.count = 0};
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"listen", 0, GS_OPT_LIST, &listen, "ADDR",
         "HOST:PORT, [v6]:PORT or unix:PATH; may be repeated (" GS_ADDRESS_DEFAULT ")"},
        {"auth-file", 0, GS_OPT_TEXT, &auth_file, "F", "ask for the token in this file"},
        {"threads", 'j', GS_OPT_COUNT, &threads, "N", "threads that search (one a core)"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 0, 0, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    if (threads > GS_THREADS_MAX) {
        (void)gs_fail(&err, GSEARCH_LIMIT, "-j: at most %u threads", GS_THREADS_MAX);
        return gs_out_fail(&err);
    }
    gs_server_options options = {
        .dir = gs_out_index_dir(dir),
        .listen = listen.items,
        .listen_count = listen.count,
        .auth_file = auth_file,
        .threads = (unsigned)threads,
        .on_ready = on_ready,
        .on_log = on_log,
    };
    gsearch_status status = gs_map_guard(&err);
    if (!status)
        status = gs_server_run(&options, &err);
    return status ? gs_out_fail(&err) : 0;
}
