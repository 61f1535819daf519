/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch index`: options, progress, the summary line.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/sandbox.h"
#include "common/base/json.h"
#include "common/base/mapguard.h"
#include "indexer/update.h"

#define MIB 1048576.0
#define PROGRESS_SECONDS 0.1

static volatile int stopped; /* the number of the signal */

static void on_signal(int number)
{
    stopped = number;
}

/* Ends the run before its commit; the same signal again ends the program. */
static void listen_for(int number)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

typedef struct talking {
    gs_sandbox sandbox;
    bool progress, verbose;
    double last; /* when progress was last shown, in seconds from the start */
} talking;

static void on_opened(void *payload)
{
    const talking *talk = payload;
    const char *unconfined = gs_sandbox_enter(&talk->sandbox);
    if (unconfined && talk->verbose)
        fprintf(stderr, "gsearch: warning: %s\n", unconfined);
}

static void on_progress(const gs_update_progress *p, void *payload)
{
    talking *talk = payload;
    if (!talk->progress || p->seconds - talk->last < PROGRESS_SECONDS)
        return;
    talk->last = p->seconds;
    double rate = p->seconds > 0 ? (double)p->bytes_done / p->seconds : 0;
    double left = rate > 0 && p->bytes_total > p->bytes_done
                      ? (double)(p->bytes_total - p->bytes_done) / rate
                      : 0;
    fprintf(stderr, "\r\033[K%s: %llu of %llu files, %.1f of %.1f MiB, %.1f MiB/s, %.0f s left",
            p->stage, (unsigned long long)p->files_done, (unsigned long long)p->files_total,
            (double)p->bytes_done / MIB, (double)p->bytes_total / MIB, rate / MIB, left);
}

static void on_skip(const char *id, gs_skip why, const char *detail, void *payload)
{
    const talking *talk = payload;
    if (!talk->verbose)
        return;
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_out_text(&line, gs_bytes_str(id));
    gs_buf_printf(&line, ": %s", gs_skip_word(why));
    if (detail && *detail) {
        gs_buf_str(&line, ": ");
        gs_out_text(&line, gs_bytes_str(detail)); // it may quote the input
    }
    fprintf(stderr, "skipped: %.*s\n", (int)line.len, (const char *)line.data);
    gs_buf_release(&line);
}

static void print_line(gs_buf *out, const gs_update_summary *s)
{
    gs_buf_printf(out, "added=%llu replaced=%llu removed=%llu unchanged=%llu skipped=%llu reasons=",
                  (unsigned long long)s->added, (unsigned long long)s->replaced,
                  (unsigned long long)s->removed, (unsigned long long)s->unchanged,
                  (unsigned long long)s->skipped);
    gs_update_reasons(out, s);
    gs_buf_printf(out, " bytes=%llu seconds=%.3f generation=%llu\n", (unsigned long long)s->bytes,
                  s->seconds, (unsigned long long)s->generation);
}

static void print_json(gs_buf *out, const gs_update_summary *s)
{
    gs_buf_printf(out,
                  "{\"added\":%llu,\"replaced\":%llu,\"removed\":%llu,\"unchanged\":%llu,"
                  "\"skipped\":%llu,\"reasons\":{",
                  (unsigned long long)s->added, (unsigned long long)s->replaced,
                  (unsigned long long)s->removed, (unsigned long long)s->unchanged,
                  (unsigned long long)s->skipped);
    const char *comma = "";
    for (int why = 0; why < GS_SKIPS; why++) {
        if (!s->reasons[why])
            continue;
        gs_buf_printf(out, "%s\"%s\":%llu", comma, gs_skip_word((gs_skip)why),
                      (unsigned long long)s->reasons[why]);
        comma = ",";
    }
    gs_buf_printf(out, "},\"bytes\":%llu,\"seconds\":", (unsigned long long)s->bytes);
    gs_json_double(out, s->seconds);
    gs_buf_printf(out, ",\"generation\":%llu}\n", (unsigned long long)s->generation);
}

static int report(const gs_update_summary *summary, bool json)
{
    gsearch_error err = {0};
    gs_buf out;
    gs_buf_init(&out, NULL, 4096);
    if (summary->replacements)
        fprintf(stderr, "%llu invalid UTF-8 sequences were replaced by U+FFFD\n",
                (unsigned long long)summary->replacements);
    if (json)
        print_json(&out, summary);
    else
        print_line(&out, summary);
    gs_out_write(&out);
    gs_buf_release(&out);
    return gs_out_finish(&err) ? gs_out_fail(&err) : 0;
}

int gs_cmd_index(int argc, char **argv)
{
    const char *dir = NULL;
    uint64_t memory = 0, threads = 0;
    bool strict = false, json = false;
    talking talk = {.progress = isatty(STDERR_FILENO)};
    const gs_opt opts[] = {
        {"dir", 'd', GS_OPT_TEXT, &dir, "DIR", "the index (default $GSEARCH_INDEX, ./.gsearch)"},
        {"memory", 0, GS_OPT_SIZE, &memory, "SIZE", "work in so much memory (256M)"},
        {"threads", 'j', GS_OPT_COUNT, &threads, "N", "so many threads (one a core)"},
        {"strict", 0, GS_OPT_FLAG, &strict, NULL, "commit nothing if anything is skipped"},
        {"json", 0, GS_OPT_FLAG, &json, NULL, "the summary as JSON"},
        {"verbose", 'v', GS_OPT_FLAG, &talk.verbose, NULL, "name what is skipped"},
    };
    int operands, exit_code;
    if (!gs_opt_begin(opts, sizeof(opts) / sizeof(*opts), argc, argv, 1, argc, &operands,
                      &exit_code))
        return exit_code;
    listen_for(SIGINT);
    listen_for(SIGTERM);
    gs_update_options options = {
        .dir = gs_out_index_dir(dir),
        .paths = (const char *const *)argv + 1,
        .paths_count = (size_t)operands,
        .memory_bytes = memory,
        .threads = threads > UINT32_MAX ? UINT32_MAX : (unsigned)threads,
        .strict = strict,
        .on_opened = on_opened,
        .on_progress = on_progress,
        .on_skip = on_skip,
        .payload = &talk,
        .stop = &stopped,
    };
    talk.sandbox = (gs_sandbox){
        .readable = options.paths,
        .readable_count = options.paths_count,
        .writable = options.dir,
    };
    gs_update_summary summary;
    gsearch_error err = {0};
    gsearch_status status = gs_map_guard(&err);
    if (!status)
        status = gs_update_run(&options, &summary, &err);
    if (talk.progress)
        fputs("\r\033[K", stderr);
    if (status) {
        exit_code = gs_out_fail(&err);
        return stopped ? 128 + stopped : exit_code;
    }
    return report(&summary, json);
}
