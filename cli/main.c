/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch`: the table of commands and what is common to all of them.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/crash.h"
#include "cli/out.h"
#include "common/segment/format.h"
#include "common/simd/kernels.h"
#include "common/text/analyzer.h"
#include "gsearch/gsearch.h"
#include "indexer/formats/jsonloader.h"

static const gs_command_row commands[] = {
    {"index", gs_cmd_index, "[OPTION…] PATH…", "build an index, or bring it up to date"},
    {"search", gs_cmd_search, "[OPTION…] QUERY…", "ask it"},
    {"serve", gs_cmd_serve, "[OPTION…]", "answer queries over a socket"},
    {"show", gs_cmd_show, "[OPTION…] ID", "one document with its fields"},
    {"stat", gs_cmd_stat, "[OPTION…]", "sizes and counts"},
    {"verify", gs_cmd_verify, "[OPTION…]", "check every byte"},
    {"merge", gs_cmd_merge, "[OPTION…]", "as few segments as possible"},
    {"backup", gs_cmd_backup, "[OPTION…] DIR", "a consistent copy"},
    {"salvage", gs_cmd_salvage, "[OPTION…] DIR", "what a damaged index still holds"},
    {"dump", gs_cmd_dump, "[OPTION…]", "what stands in the files, in words"},
    {"explain", gs_cmd_explain, "[OPTION…] QUERY…", "how a query is answered"},
    {"tokens", gs_cmd_tokens, "[OPTION…] TEXT…", "what the analyser sees"},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_usage(FILE *to)
{
    fputs("usage: gsearch COMMAND [OPTION…] …\n\n", to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\ngsearch COMMAND --help says more. "
          "The index is -d DIR, $GSEARCH_INDEX or ./.gsearch.\n",
          to);
}

static int print_version(void)
{
    printf("gsearch %s (format %u, analyser %u, Unicode %s, %s loops)\n", GSEARCH_VERSION_TEXT,
           GS_FORMAT, GS_ANALYZER_VERSION, gs_analyzer_unicode(), gs_kernels_active()->name);
    return 0;
}

const gs_command_row *gs_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    gs_crash_report();
    gs_json_hook();
    signal(SIGPIPE, SIG_IGN); // a reader that goes away is seen by the write that fails
    signal(SIGXFSZ, SIG_IGN);
    if (argc >= 2) {
        const char *name = argv[1];
        const gs_command_row *command = gs_command_find(name);
        if (command)
            return command->run(argc - 1, argv + 1);
        if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
            return print_version();
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
            print_usage(stdout);
            return 0;
        }
        gsearch_error err = {0};
        (void)gs_fail(&err, GSEARCH_BAD_ARGUMENT, "no command '%s'", name);
        gs_out_fail(&err);
    }
    print_usage(stderr);
    return gsearch_status_exit(GSEARCH_BAD_ARGUMENT);
}
