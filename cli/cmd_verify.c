/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch verify`: is the index what it should be?
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/plain.h"
#include "cli/recall.h"
#include "cli/session.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/mapguard.h"
#include "common/base/sys.h"
#include "indexer/audit.h"

#define RECALL_SAMPLES_MAX 10000000u

typedef struct talk_to {
    gs_buf *out;
    bool json;
} talk_to;

static void on_file(const gs_audit_finding *finding, void *payload)
{
    const talk_to *talk = payload;
    if (talk->json) {
        gs_buf_printf(talk->out, "{\"file\":\"%s\",\"bytes\":%" PRIu64 ",\"status\":\"%s\"",
                      finding->file, finding->bytes, gsearch_status_word(finding->status));
        if (finding->status) {
            gs_buf_str(talk->out, ",\"message\":");
            gs_json_string(talk->out, gs_bytes_str(finding->message));
        }
        gs_buf_str(talk->out, "}\n");
    } else {
        gs_buf_printf(talk->out, "%s %s %" PRIu64 " bytes%s%s\n",
                      gsearch_status_word(finding->status), finding->file, finding->bytes,
                      finding->status ? ": " : "", finding->status ? finding->message : "");
    }
    gs_out_write(talk->out);
}

static void on_difference(const char *piece, uint64_t found, uint64_t expected, void *payload)
{
    const talk_to *talk = payload;
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_buf_str(&line, "{\"difference\":");
    gs_json_string(&line, gs_bytes_str(piece));
    gs_buf_printf(&line, ",\"found\":%" PRIu64 ",\"expected\":%" PRIu64 "}", found, expected);
    (void)!gs_plain_line(talk->out, &line, talk->json, NULL); // counted all the same
    gs_out_write(talk->out);
}

/* ---- the scratch folder of --deep ---- */

static char scratch[4096];

static gsearch_status remove_file(const char *name, void *payload, gsearch_error *err)
{
    return gs_dir_remove(payload, name, err);
}

/* Another thread may make files still: until the folder is gone, and then it can make none. */
static void remove_scratch(void)
{
    gs_dir *dir;
    while (gs_sys_rmdir(scratch) && errno == ENOTEMPTY) {
        if (gs_dir_open(NULL, scratch, false, &dir, NULL))
            return;
        gsearch_status status = gs_dir_list(dir, remove_file, dir, NULL);
        gs_dir_close(dir);
        if (status && status != GSEARCH_NOT_FOUND)
            return;
    }
}

/* Removes the folder before a signal ends the program. */
static void *wait_for_signal(void *payload)
{
    const sigset_t *signals = payload;
    int number;
    if (sigwait(signals, &number))
        return NULL;
    remove_scratch();
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    raise(number);
    return NULL;
}

static gsearch_status make_scratch(gsearch_error *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    static sigset_t signals;
    pthread_t thread;
    const char *parent = getenv("TMPDIR");
    int len = snprintf(scratch, sizeof(scratch), "%s/gsearch-verify-XXXXXX",
                       parent && *parent ? parent : "/tmp");
    if (len < 0 || (size_t)len >= sizeof(scratch))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the path of the scratch folder is too long");
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct sigaction known;
        if (sigaction(numbers[i], NULL, &known) == 0 && known.sa_handler == SIG_DFL)
            sigaddset(&signals, numbers[i]);
    }
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, wait_for_signal, &signals))
        return gs_fail(err, GSEARCH_NO_MEMORY, "no thread for signals");
    pthread_detach(thread);
    return gs_sys_mkdtemp(scratch)
               ? GSEARCH_OK
               : gs_fail_errno(err, errno, "cannot make the folder %s", scratch);
}

/* ---- running ---- */

static gsearch_status verify(const char *dir, bool deep, talk_to *talk, gsearch_error *err)
{
    gs_audit_summary summary;
    gs_audit_options options = {
        .scratch = deep ? scratch : NULL,
        .report = on_file,
        .payload = talk,
    };
    GS_TRY(gs_map_guard(err));
    if (deep)
        GS_TRY(make_scratch(err));
    gsearch_status status = gs_audit_verify(gs_out_index_dir(dir), &options, &summary, err);
    if (deep)
        remove_scratch();
    if (!summary.files)
        return status;
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_buf_printf(&line,
                  "{\"generation\":%" PRIu64 ",\"files\":%u,\"damaged\":%u,\"bytes\":%" PRIu64,
                  summary.generation, summary.files, summary.damaged, summary.bytes);
    if (deep)
        gs_buf_printf(&line, ",\"deep_documents\":%" PRIu64 ",\"deep_lists\":%" PRIu64,
                      summary.documents, summary.lists);
    gs_buf_str(&line, "}");
    gsearch_status printed = gs_plain_line(talk->out, &line, talk->json, status ? NULL : err);
    status = status ? status : printed;
    gs_out_write(talk->out);
    return status;
}

static gsearch_status check_recall(const char *dir, uint64_t samples, uint64_t seed, talk_to *talk,
                                   gsearch_error *err)
{
    gs_session session;
    gs_recall_summary summary;
    gs_recall_options options = {
        .samples = samples,
        .seed = seed,
        .on_difference = on_difference,
        .payload = talk,
    };
    GS_TRY(gs_session_open(dir, &session, err));
    gsearch_status status = gs_recall_run(session.snapshot, &options, &summary, err);
    gs_session_close(&session);
    GS_TRY(status);
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_buf_printf(&line,
                  "{\"recall\":%" PRIu64 ",\"unanswered\":%" PRIu64 ",\"differences\":%" PRIu64
                  ",\"documents\":%" PRIu64 ",\"seed\":%" PRIu64 "}",
                  summary.compared, summary.unanswered, summary.differences, summary.documents,
                  seed);
    GS_TRY(gs_plain_line(talk->out, &line, talk->json, err));
    gs_out_write(talk->out);
    if (summary.differences)
        return gs_fail(err, GSEARCH_CORRUPT, "%" PRIu64 " of %" PRIu64 " searches were wrong",
                       summary.differences, summary.compared);
    return summary.unanswered
               ? gs_fail(err, GSEARCH_BUDGET, "%" PRIu64 " of %" PRIu64 " searches cost too much",
                         summary.unanswered, summary.compared + summary.unanswered)
               : GSEARCH_OK;
}

/* Another number in each run, of few digits. */
static uint64_t seed_of_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec % 1000000 * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int gs_cmd_verify(int argc, char **argv)
{
    const char *dir = NULL;
    bool deep = false, json = false;
    uint64_t samples = 0, seed = seed_of_now();
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"deep", 0, GS_OPT_FLAG, &deep, NULL, "compare every list with the stored text"},
        {"recall", 0, GS_OPT_COUNT, &samples, "N", "ask for N random pieces of text, and compare"},
        {"seed", 0, GS_OPT_COUNT, &seed, "N", "draw the pieces of a run that printed this seed"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "JSON Lines"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 0, 0, &operands, &exit_code))
        return exit_code;
    gsearch_error err = {0};
    if (samples > RECALL_SAMPLES_MAX) {
        (void)gs_fail(&err, GSEARCH_LIMIT, "--recall: at most %u", RECALL_SAMPLES_MAX);
        return gs_out_fail(&err);
    }
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    talk_to talk = {.out = &out, .json = json};
    gsearch_status status = verify(dir, deep, &talk, &err);
    if (!status && samples)
        status = check_recall(dir, samples, seed, &talk, &err);
    return gs_out_end(&out, status, &err);
}
