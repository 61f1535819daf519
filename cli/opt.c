/* SPDX-License-Identifier: Apache-2.0
 *
 * Not getopt_long, which would take the `-丙` of a query for an option.
 */
#include "cli/opt.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/number.h"
#include "cli/out.h"

static bool looks_like_option(const char *argument)
{
    if (argument[0] != '-' || argument[1] == '\0')
        return false;
    char c = argument[1];
    return c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const gs_opt *find(const gs_opt *opts, size_t count, const char *argument, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = opts[i].name;
        bool has_letter = opts[i].letter && opts[i].letter == argument[1];
        if (has_letter && (len == 2 || opts[i].kind != GS_OPT_FLAG))
            return &opts[i];
        if (argument[1] == '-' && name && strlen(name) == len - 2 &&
            memcmp(name, argument + 2, len - 2) == 0)
            return &opts[i];
    }
    return NULL;
}

static gsearch_status store(const gs_opt *opt, const char *argument, const char *value,
                            gsearch_error *err)
{
    gs_opt_list *list = opt->out;
    bool good = true;
    switch (opt->kind) {
    case GS_OPT_FLAG:
        *(bool *)opt->out = true;
        break;
    case GS_OPT_TEXT:
        *(const char **)opt->out = value;
        break;
    case GS_OPT_COUNT:
        good = gs_number_parse(value, opt->out);
        break;
    case GS_OPT_SIZE:
        good = gs_number_parse_size(value, opt->out);
        break;
    case GS_OPT_LIST:
        if (list->count == GS_OPT_LIST_MAX)
            return gs_fail(err, GSEARCH_LIMIT, "%s: at most %u times", argument, GS_OPT_LIST_MAX);
        list->items[list->count++] = value;
        break;
    }
    return good ? GSEARCH_OK
                : gs_fail(err, GSEARCH_BAD_ARGUMENT, "%s: '%s' is no %s", argument, value,
                          opt->kind == GS_OPT_SIZE ? "size; write 64M or 1G" : "number");
}

/* Takes one option and its value; `*i` moves over a value of its own. */
static gsearch_status take(const gs_opt *opts, size_t opts_count, int argc, char **argv, int *i,
                           gsearch_error *err)
{
    const char *argument = argv[*i];
    const char *equals = argument[1] == '-' ? strchr(argument, '=') : NULL;
    size_t len = equals ? (size_t)(equals - argument) : strlen(argument);
    const gs_opt *opt = find(opts, opts_count, argument, len);
    if (!opt)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "no option %.*s; see --help, and put -- before words that begin with a dash",
                       (int)len, argument);
    if (opt->kind == GS_OPT_FLAG)
        return equals ? gs_fail(err, GSEARCH_BAD_ARGUMENT, "%.*s takes no value", (int)len,
                                argument)
                      : store(opt, argument, NULL, err);
    bool joined = argument[1] != '-' && len > 2; // -j4
    const char *value = joined           ? argument + 2
                        : equals         ? equals + 1
                        : *i + 1 < argc ? argv[++*i]
                                         : NULL;
    if (!value)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "%s needs a value: %s %s", argument, argument,
                       opt->value);
    return store(opt, argument, value, err);
}

gsearch_status gs_opt_parse(const gs_opt *opts, size_t opts_count, int argc, char **argv,
                            int *operands, bool *help, gsearch_error *err)
{
    int kept = 1;
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            *help = true;
            return GSEARCH_OK;
        } else if (!ended && looks_like_option(argv[i])) {
            GS_TRY(take(opts, opts_count, argc, argv, &i, err));
        } else {
            argv[kept++] = argv[i];
        }
    }
    *operands = kept - 1;
    return GSEARCH_OK;
}

static void print_help(const char *name, const gs_opt *opts, size_t opts_count)
{
    const gs_command_row *command = gs_command_find(name);
    printf("usage: gsearch %s %s\n\n%s\n\n", name, command->arguments, command->summary);
    for (size_t i = 0; i < opts_count; i++) {
        char left[64];
        const char *value = opts[i].value ? opts[i].value : "";
        if (opts[i].letter && opts[i].name)
            snprintf(left, sizeof(left), "-%c, --%s %s", opts[i].letter, opts[i].name, value);
        else if (opts[i].letter)
            snprintf(left, sizeof(left), "-%c %s", opts[i].letter, value);
        else
            snprintf(left, sizeof(left), "    --%s %s", opts[i].name, value);
        printf("  %-28s %s\n", left, opts[i].help);
    }
}

bool gs_opt_begin(const gs_opt *opts, size_t opts_count, int argc, char **argv, int least, int most,
                  int *operands, int *exit_code)
{
    gsearch_error err = {0};
    bool help = false;
    gsearch_status status = gs_opt_parse(opts, opts_count, argc, argv, operands, &help, &err);
    if (!status && help) {
        print_help(argv[0], opts, opts_count);
        *exit_code = 0;
        return false;
    }
    if (!status && (*operands < least || *operands > most))
        status = gs_fail(&err, GSEARCH_BAD_ARGUMENT, "usage: gsearch %s %s", argv[0],
                         gs_command_find(argv[0])->arguments);
    if (status)
        *exit_code = gs_out_fail(&err);
    return !status;
}
