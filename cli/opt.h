/* SPDX-License-Identifier: Apache-2.0
 *
 * Command-line options from one table a command, which also makes its --help.
 */
#ifndef GS_CLI_OPT_H
#define GS_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/fail.h"

typedef enum gs_opt_kind {
    GS_OPT_FLAG,  /* bool */
    GS_OPT_TEXT,  /* const char * */
    GS_OPT_COUNT, /* uint64_t, decimal */
    GS_OPT_SIZE,  /* uint64_t, bytes: 64M, 1G, 512K */
    GS_OPT_LIST,  /* gs_opt_list, may be given several times */
} gs_opt_kind;

#define GS_OPT_LIST_MAX 16u

typedef struct gs_opt_list {
    const char *items[GS_OPT_LIST_MAX];
    size_t count;
} gs_opt_list;

typedef struct gs_opt {
    const char *name; /* without the dashes; NULL: only the letter */
    char letter;      /* 0: only the name */
    gs_opt_kind kind;
    void *out; /* written when the option is given */
    const char *value; /* what to call it in --help; NULL for flags */
    const char *help;
} gs_opt;

/* Reads the options wherever they stand (`--limit 5`, `--limit=5`, `-j 4`, `-j4`), moves what is
 * left to the front of argv + 1 and gives its number. `--` ends options. An argument that opens
 * with a dash and a byte that is no ASCII letter, digit or dash is no option, so that `-丙` in a
 * query needs no `--`. With --help, `*help` is set and what follows is not looked at. BAD_ARGUMENT.
 */
GS_CHECKED gsearch_status gs_opt_parse(const gs_opt *opts, size_t opts_count, int argc, char **argv,
                                       int *operands, bool *help, gsearch_error *err);

/* Parses for a command and deals with what is the same everywhere: prints --help, reports a fault,
 * checks that at least `least` and at most `most` operands are there. True if the command goes on;
 * else it returns `*exit_code`. */
bool gs_opt_begin(const gs_opt *opts, size_t opts_count, int argc, char **argv, int least, int most,
                  int *operands, int *exit_code);

#endif
