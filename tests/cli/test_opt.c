/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of a command line, wherever they stand.
 */
#include "cli/opt.h"

#include <string.h>

#include "cli/command.h"
#include "tests/support/check.h"

/* What opt.c asks the program for. */
const gs_command_row *gs_command_find(const char *name)
{
    (void)name;
    return NULL;
}

typedef struct outcome {
    bool flag, help;
    const char *text;
    uint64_t count, size;
    gs_opt_list list;
    int operands;
    char *argv[16];
    gsearch_status status;
    gsearch_error error;
} outcome;

/* Parses the words of `line`, which single blanks part. */
static outcome parse(const char *line)
{
    static char name[] = "command", words[256];
    outcome o = {.argv = {name}};
    int argc = 1;
    char *rest = NULL;
    strncpy(words, line, sizeof(words) - 1);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        o.argv[argc++] = word;
    const gs_opt opts[] = {
        {"flag", 'f', GS_OPT_FLAG, &o.flag, NULL, ""},
        {"text", 't', GS_OPT_TEXT, &o.text, "T", ""},
        {"count", 'c', GS_OPT_COUNT, &o.count, "N", ""},
        {"size", 0, GS_OPT_SIZE, &o.size, "N", ""},
        {NULL, 'l', GS_OPT_LIST, &o.list, "L", ""},
    };
    o.status = gs_opt_parse(opts, 5, argc, o.argv, &o.operands, &o.help, &o.error);
    return o;
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    outcome o = parse("one -f two --text words --count 12 three --size 2K");
    assert_ok(o.status, &o.error);
    assert_true(o.flag);
    assert_string_equal(o.text, "words");
    assert_int_equal(o.count, 12);
    assert_int_equal(o.size, 2048);
    assert_int_equal(o.operands, 3);
    assert_string_equal(o.argv[1], "one");
    assert_string_equal(o.argv[2], "two");
    assert_string_equal(o.argv[3], "three");
}

static void values_may_be_joined(void **state)
{
    (void)state;
    outcome o = parse("--text=a=b -c7 --size= ");
    assert_fails(GSEARCH_BAD_ARGUMENT, o.status, &o.error);
    o = parse("--text=a=b -c7");
    assert_ok(o.status, &o.error);
    assert_string_equal(o.text, "a=b");
    assert_int_equal(o.count, 7);
    o = parse("--text=");
    assert_ok(o.status, &o.error);
    assert_string_equal(o.text, "");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    outcome o = parse("-f -- -f --text -- -");
    assert_ok(o.status, &o.error);
    assert_null(o.text);
    assert_int_equal(o.operands, 4);
    assert_string_equal(o.argv[1], "-f");
    assert_string_equal(o.argv[2], "--text");
    assert_string_equal(o.argv[3], "--");
    assert_string_equal(o.argv[4], "-");
}

static void a_dash_before_a_character_is_no_option(void **state)
{
    (void)state;
    outcome o = parse("-丙 - -\"甲 -（");
    assert_ok(o.status, &o.error);
    assert_int_equal(o.operands, 4);
    assert_string_equal(o.argv[1], "-丙");
}

static void lists_grow_up_to_their_limit(void **state)
{
    (void)state;
    outcome o = parse("-l a -l b");
    assert_ok(o.status, &o.error);
    assert_int_equal(o.list.count, 2);
    assert_string_equal(o.list.items[1], "b");
    outcome full = {.list = {.count = GS_OPT_LIST_MAX}};
    const gs_opt opts[] = {{NULL, 'l', GS_OPT_LIST, &full.list, "L", ""}};
    char name[] = "command", word[] = "-lx";
    char *argv[] = {name, word};
    full.status = gs_opt_parse(opts, 1, 2, argv, &full.operands, &full.help, &full.error);
    assert_fails(GSEARCH_LIMIT, full.status, &full.error);
}

static void faults_name_the_option(void **state)
{
    (void)state;
    static const struct {
        const char *line, *named;
    } faults[] = {
        {"--unknown", "--unknown"}, {"-x", "-x"},           {"-fx", "-fx"},
        {"--flag=1", "--flag"},     {"--text", "--text"},   {"--count ten", "ten"},
        {"--count -1", "-1"},       {"--size 1Q", "1Q"},    {"-5", "-5"},
        {"-t", "-t"},               {"--texts a", "--texts"},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        outcome o = parse(faults[i].line);
        assert_fails(GSEARCH_BAD_ARGUMENT, o.status, &o.error);
        if (!strstr(o.error.message, faults[i].named))
            fail_msg("%s: %s", faults[i].line, o.error.message);
    }
}

static void help_comes_before_faults_behind_it(void **state)
{
    (void)state;
    assert_true(parse("--help --unknown").help);
    assert_true(parse("a -h").help);
    assert_false(parse("-- --help").help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(values_may_be_joined),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_dash_before_a_character_is_no_option),
        cmocka_unit_test(lists_grow_up_to_their_limit),
        cmocka_unit_test(faults_name_the_option),
        cmocka_unit_test(help_comes_before_faults_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
