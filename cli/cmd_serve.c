/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch serve`: the query daemon in the foreground.
 */
#include <stdio.h>
#include <sys/prctl.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/privilege.h"
#include "cli/sandbox.h"
#include "common/base/limits.h"
#include "common/base/mapguard.h"
#include "common/wire/address.h"
#include "query/daemon/server.h"

typedef struct rights {
    const char *dir, *user;
    bool is_root;           // still, and not because of --user
    const char *unconfined; // of gs_sandbox_enter
} rights;

static gsearch_status on_bound(void *payload, gsearch_error *err)
{
    rights *left = payload;
    GS_TRY(gs_privilege_drop(left->user, left->dir, &left->is_root, err));
    prctl(PR_SET_DUMPABLE, 0); // no memory image may hold texts, queries or the token
    const gs_sandbox sandbox = {.readable = &left->dir, .readable_count = 1, .accepts = true};
    left->unconfined = gs_sandbox_enter(&sandbox);
    return GSEARCH_OK;
}

static void on_log(const char *message, void *payload)
{
    (void)payload;
    fprintf(stderr, "gsearch: %s\n", message);
}

static void on_ready(const char *const *addresses, size_t count, void *payload)
{
    const rights *left = payload;
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "listening on %s\n", addresses[i]);
    if (left->is_root)
        fputs("gsearch: warning: this runs as root, because the user nobody cannot read the index: "
              "give --user\n",
              stderr);
    if (left->unconfined)
        fprintf(stderr, "gsearch: warning: %s\n", left->unconfined);
}

int gs_cmd_serve(int argc, char **argv)
{
    const char *dir = NULL, *auth_file = NULL, *user = NULL;
    uint64_t threads = 0;
    gs_opt_list listen = {.count = 0};
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"listen", 0, GS_OPT_LIST, &listen, "ADDR",
         "HOST:PORT, [v6]:PORT or unix:PATH; may be repeated (" GS_ADDRESS_DEFAULT ")"},
        {"auth-file", 0, GS_OPT_TEXT, &auth_file, "F", "ask for the token in this file"},
        {"user", 0, GS_OPT_TEXT, &user, "NAME", "whom to be when root starts this (nobody)"},
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
    rights left = {.dir = gs_out_index_dir(dir), .user = user};
    gs_server_options options = {
        .dir = left.dir,
        .listen = listen.items,
        .listen_count = listen.count,
        .auth_file = auth_file,
        .threads = (unsigned)threads,
        .on_bound = on_bound,
        .on_ready = on_ready,
        .on_log = on_log,
        .payload = &left,
    };
    gsearch_status status = gs_map_guard(&err);
    if (!status)
        status = gs_server_run(&options, &err);
    return status ? gs_out_fail(&err) : 0;
}
