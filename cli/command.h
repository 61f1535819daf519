/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command is: a row in main.c and a function in a file of its own. To add one: write
 * cmd_<name>.c, declare it here, give it a row.
 */
#ifndef GS_CLI_COMMAND_H
#define GS_CLI_COMMAND_H

#include "gsearch/status.h"

/* Gets its own arguments, argv[0] being its name, and returns the exit code of the program. */
typedef int gs_command_run(int argc, char **argv);

typedef struct gs_command_row {
    const char *name;
    gs_command_run *run;
    const char *arguments; /* for the usage line */
    const char *summary;
} gs_command_row;

/* The row of a command; NULL if there is none. */
const gs_command_row *gs_command_find(const char *name);

gs_command_run gs_cmd_index, gs_cmd_search, gs_cmd_serve, gs_cmd_show, gs_cmd_stat, gs_cmd_verify,
    gs_cmd_merge, gs_cmd_backup, gs_cmd_salvage, gs_cmd_dump, gs_cmd_explain, gs_cmd_tokens;

#endif
