/* SPDX-License-Identifier: Apache-2.0
 *
 * Every command of the program, called in this process, with everything failing under it in turn,
 * and likewise a reply of the daemon, a search through the library and documents given to it:
 * an allocation (one, or it and all after it), a call to the system, a read of a file's content,
 * the budget of a search, standard output. It must print what it prints undisturbed, or end with
 * the exit code and the message of that failure, and leave no memory and no descriptor behind.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/sandbox.h"
#include "indexer/formats/jsonloader.h"
#include "query/daemon/dispatch.h"
#include "query/index.h"
#include "tests/durability/faultysteps.h"
#include "tests/durability/reference.h"
#include "tests/durability/scenario.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define CASES_QUICK 2000u
#define WORDS_MAX 8u
#define OUT_MAX (1u << 20)
#if defined(__SANITIZE_ADDRESS__) /* slow */
#define DENSE 8u
#define DENSE_SLOW 2u
#else
#define DENSE 48u
#define DENSE_SLOW 6u
#endif

static unsigned cases; // of the whole program

/* ---- the program around a command ---- */

const gs_command_row *gs_command_find(const char *name)
{
    static gs_command_row row = {.arguments = "", .summary = ""};
    row.name = name;
    return &row;
}

/* What it gives up it gives up for good, and this process has more to do. */
const char *gs_sandbox_enter(const gs_sandbox *sandbox)
{
    return sandbox->writable ? NULL : "not confined";
}

/* ---- what is no command ---- */

static int end(gsearch_status status, gsearch_error *error)
{
    if (!status && (fflush(stdout) || ferror(stdout)))
        status = gs_fail(error, GSEARCH_NO_SPACE, "standard output");
    if (status)
        fprintf(stderr, "gsearch: %s\n", error->message);
    return gsearch_status_exit(status);
}

/* What the daemon replies to the line argv[1]. */
static int answer(int argc, char **argv)
{
    gsearch_index *index;
    gs_answer reply;
    gsearch_error error = {0};
    gsearch_status status = gs_index_open_durable(argv[argc - 1], &index, &error);
    if (status)
        return end(status, &error);
    status = gs_answer_init(&reply, gs_bytes_str(argv[1]), &error);
    if (!status) {
        while (reply.more || !reply.begun)
            gs_answer_step(&reply, index);
        status = reply.is_cut ? GSEARCH_NO_MEMORY : reply.status;
        if (status)
            gs_fail(&error, status, "%.*s", (int)reply.out.len, (const char *)reply.out.data);
        else
            fwrite(reply.out.data, 1, reply.out.len, stdout);
        gs_answer_release(&reply);
    }
    gsearch_index_close(index);
    return end(status, &error);
}

/* Searches for argv[1] through the library, once its snapshot is renewed. */
static int embed(int argc, char **argv)
{
    gsearch_index *index;
    gsearch_results *results;
    gsearch_error error = {0};
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = argv[1];
    request.facet = "date";
    gsearch_status status = gsearch_index_open(argv[argc - 1], NULL, &index, &error);
    if (status)
        return end(status, &error);
    status = gsearch_index_refresh(index, NULL, &error);
    if (!status)
        status = gsearch_search(index, &request, &results, &error);
    if (!status) {
        for (size_t i = 0; i < results->hits_count; i++)
            printf("%s %s\n", results->hits[i].id, results->hits[i].snippet);
        for (size_t i = 0; i < results->facets_count; i++)
            printf("%s\n", results->facets[i].value);
        printf("generation=%llu\n", (unsigned long long)results->generation);
        gsearch_results_free(results);
    }
    gsearch_index_close(index);
    return end(status, &error);
}

static gsearch_status give(gsearch_writer *writer, const char *word, gsearch_error *error)
{
    gsearch_document document = GSEARCH_DOCUMENT_INIT;
    document.id = "w";
    document.text = word;
    document.title = "\xff 通知";
    document.date = "2017-12-05";
    document.fields = "{\"note\":\"\xff\"}";
    GS_TRY(gsearch_writer_add(writer, &document, error));
    document.id = "a/01";
    GS_TRY(gsearch_writer_add(writer, &document, error));
    GS_TRY(gsearch_writer_delete(writer, "b/02", error));
    return gsearch_writer_commit(writer, NULL, error);
}

/* Gives the library documents with the text argv[1]. */
static int give_documents(int argc, char **argv)
{
    gsearch_writer *writer;
    gsearch_error error = {0};
    gsearch_status status = gsearch_writer_open(argv[argc - 1], NULL, &writer, &error);
    if (status)
        return end(status, &error);
    status = give(writer, argv[1], &error);
    gsearch_writer_close(writer);
    return end(status, &error);
}

/* ---- commands ---- */

typedef struct command {
    gs_command_run *run;
    const char *words[WORDS_MAX]; // behind its name
    const char *admits;           // what its output then has if a failure may change it
} command;

/* In the order of `words`: a folder for what is made, and one with inputs. */
#define TARGET "(target)"
#define INPUTS "(inputs)"

static const command commands[] = {
    {gs_cmd_search, {"人民", "--no-snippet"}, NULL},
    {gs_cmd_search, {"政务公", "--json"}, NULL},
    {gs_cmd_search, {"甲人民乙", "-c"}, NULL},
    {gs_cmd_search, {"甲人", "NEAR/4", "乙人"}, NULL},
    {gs_cmd_search, {"務公 OR 度报", "--sort", "-date", "-l"}, NULL},
    {gs_cmd_search, {"年度 date:2016..2017", "--facet", "date", "--json"}, NULL},
    {gs_cmd_search, {"人民政务公开条例", "--match", "any"}, NULL},
    {gs_cmd_search, {"=PD1728 OR pd17*", "--all"}, NULL},
    {gs_cmd_explain, {"甲人民乙 -(年度 报告)"}, NULL},
    {gs_cmd_explain, {"人民", "--no-total", "--json"}, NULL},
    {gs_cmd_explain, {"政务子务公", "--no-total"}, NULL},
    {gs_cmd_explain, {"甲人民乙", "--no-total"}, NULL},
    {gs_cmd_explain, {"人民政务公开条例", "--match", "any", "--no-total"}, NULL},
    {gs_cmd_show, {"a/01"}, NULL},
    {gs_cmd_show, {"b/02", "--json"}, NULL},
    {gs_cmd_stat, {NULL}, NULL},
    {gs_cmd_stat, {"--json"}, NULL},
    {gs_cmd_tokens, {"政务公开 PD1728", "--json"}, NULL},
    {gs_cmd_tokens, {"政务公开，PD1728"}, NULL},
    {gs_cmd_dump, {NULL}, NULL},
    {gs_cmd_dump, {"--all"}, NULL},
    {gs_cmd_verify, {NULL}, NULL},
    {gs_cmd_verify, {"--deep", "--json"}, NULL},
    {gs_cmd_verify, {"--recall", "20", "--seed", "1"}, "unanswered="},
    {gs_cmd_backup, {TARGET}, NULL},
    {gs_cmd_salvage, {TARGET}, "lost"},
    {gs_cmd_salvage, {TARGET, "--json"}, "lost"},
    {gs_cmd_merge, {NULL}, NULL},
    {gs_cmd_merge, {"--small", "--json"}, NULL},
    {gs_cmd_index, {"-", "-j", "1", "-v"}, NULL},
    {gs_cmd_index, {INPUTS, "-j", "1", "--strict", "-v"}, NULL},
    {gs_cmd_index, {INPUTS, "-j", "1", "--json", "-v"}, "unreadable"},
    {answer, {"SEARCH limit=all sort=date 年度 OR 人民"}, NULL},
    {answer, {"SUGGEST 人"}, NULL},
    {answer, {"SUGGEST limit=3 pd1"}, "OK"}, // of the generation before, with its counts
    {answer, {"SUGGEST 政务"}, NULL},
    {embed, {"年度 OR =人民"}, NULL},
    {give_documents, {"政务公开 人民"}, NULL},
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct {
    gs_command_run *run;
    const char *name;
} names[] = {
    {gs_cmd_search, "search"}, {gs_cmd_explain, "explain"}, {gs_cmd_show, "show"},
    {gs_cmd_stat, "stat"},     {gs_cmd_tokens, "tokens"},   {gs_cmd_dump, "dump"},
    {gs_cmd_verify, "verify"}, {gs_cmd_backup, "backup"},   {gs_cmd_salvage, "salvage"},
    {gs_cmd_merge, "merge"},   {gs_cmd_index, "index"},     {answer, "reply"},
    {embed, "library"},        {give_documents, "writer"},
};

static const char *name_of(const command *self)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].run == self->run)
            return names[i].name;
    return NULL;
}

/* ---- one run ---- */

/* What a command has written to a stream; nothing of it goes through the seam to the system. */
typedef struct written {
    size_t len;
    unsigned writes, fails_at; // the write that fails, as do all after it; 0: none
    char text[OUT_MAX];
} written;

static written out, talk;
static gs_reference reference;
static gs_disk_image *small; // an index of a few documents, in the place of the reference
static uint64_t newest;      // generation
static gs_stage stage;
static char *target;

static ssize_t take(void *cookie, const char *data, size_t len)
{
    written *self = cookie;
    self->writes++;
    if (self->fails_at && self->writes >= self->fails_at) {
        errno = ENOSPC;
        return 0;
    }
    assert_true(len < sizeof(self->text) - self->len);
    memcpy(self->text + self->len, data, len);
    self->len += len;
    self->text[self->len] = '\0';
    return (ssize_t)len;
}

static FILE *open_stream(written *to)
{
    *to->text = '\0';
    to->len = to->writes = 0;
    FILE *stream = fopencookie(to, "w", (cookie_io_functions_t){.write = take});
    assert_non_null(stream);
    return stream;
}

/* The time that a run took is another each time. */
static void forget_seconds(char *text)
{
    for (char *at = text; (at = strstr(at, "seconds"));) {
        at += strlen("seconds");
        size_t len = strcspn(at, " ,");
        memmove(at, at + len, strlen(at + len) + 1);
    }
}

static int run(const command *self, unsigned fails_at)
{
    char *argv[WORDS_MAX + 4] = {(char *)(uintptr_t)name_of(self)};
    int argc = 1;
    for (unsigned i = 0; i < WORDS_MAX && self->words[i]; i++) {
        const char *word = self->words[i];
        word = strcmp(word, TARGET) == 0 ? target : strcmp(word, INPUTS) == 0 ? stage.in : word;
        argv[argc++] = (char *)(uintptr_t)word;
    }
    if (self->run != gs_cmd_tokens) {
        argv[argc++] = (char *)(uintptr_t) "-d";
        argv[argc++] = (char *)(uintptr_t)GS_DISK_INDEX;
    }
    assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_SET), 0);
    FILE *streams[] = {stdout, stderr};
    out.fails_at = fails_at;
    stdout = open_stream(&out);
    stderr = open_stream(&talk);
    gs_faults_here()->is_on = true;
    int code = self->run(argc, argv);
    gs_faults_here()->is_on = false;
    fclose(stdout);
    fclose(stderr);
    stdout = streams[0];
    stderr = streams[1];
    forget_seconds(out.text);
    return code;
}

static void prepare(void)
{
    if (small)
        gs_disk_restore(small);
    else
        gs_reference_put(&reference);
    gs_test_dir_remove(target);
    target = gs_test_path(stage.path, "target");
    assert_int_equal(mkdir(target, 0755), 0);
    gs_faults_reset();
}

/* ---- failures ---- */

typedef enum kind { ALLOCATION, ALLOCATIONS, CALL, PAGE, BUDGET, OUTPUT, KINDS } kind;

static const struct {
    const char *name;
    gsearch_status status;
} kinds[KINDS] = {
    [ALLOCATION] = {"allocation", GSEARCH_NO_MEMORY},
    [ALLOCATIONS] = {"allocation with all after it", GSEARCH_NO_MEMORY},
    [CALL] = {"call to the system", GSEARCH_IO},
    [PAGE] = {"read of content", GSEARCH_CORRUPT},
    [BUDGET] = {"look at the budget", GSEARCH_TIMEOUT},
    [OUTPUT] = {"write to standard output", GSEARCH_NO_SPACE},
};

static void plan(kind what, unsigned at)
{
    gs_faults *faults = gs_faults_here();
    if (what == ALLOCATION || what == ALLOCATIONS)
        faults->allocation_at = at;
    faults->allocations_for_good = what == ALLOCATIONS;
    if (what == CALL) {
        faults->at = at;
        faults->error = EIO;
    }
    if (what == PAGE)
        faults->page_at = at;
    if (what == BUDGET)
        faults->budget_at = at;
}

static unsigned count_of(kind what)
{
    const gs_faults *faults = gs_faults_here();
    return what == CALL     ? faults->calls
           : what == PAGE   ? faults->pages
           : what == BUDGET ? faults->budgets
           : what == OUTPUT ? out.writes
                            : faults->allocations;
}

/* What cannot be read is damaged to some, and an input that cannot be found is none. */
static bool is_status_of(kind what, int code)
{
    bool is_input = gs_faults_here()->hit_input;
    return code == gsearch_status_exit(kinds[what].status) ||
           (what == CALL && (code == gsearch_status_exit(GSEARCH_CORRUPT) ||
                             (is_input && code == gsearch_status_exit(GSEARCH_NOT_FOUND))));
}

/* Whether the answer comes from the generation before, since the newest could not be read. */
static bool is_older(void)
{
    static const char key[] = "generation";
    const char *at = strstr(talk.text, "the newest generation is damaged") ? talk.text : out.text;
    for (; (at = strstr(at, key)); at += sizeof(key) - 1)
        if (at[strcspn(at, "0123456789\n")] == (char)('0' + newest - 1))
            return true;
    return false;
}

typedef struct outcome {
    int code;
    char *text;
} outcome;

static void check(const command *self, kind what, unsigned at, const outcome *wanted, int code)
{
    char where[256];
    snprintf(where, sizeof(where), "%s %s, %s %u", name_of(self),
             self->words[0] ? self->words[0] : "", kinds[what].name, at);
    bool is_same = code == wanted->code && strcmp(out.text, wanted->text) == 0;
    bool is_admitted = self->admits && strstr(out.text, self->admits);
    if (is_same || (code == 0 && (is_admitted || is_older())))
        return;
    if (!is_status_of(what, code))
        fail_msg("%s: exit code %d instead of %d: %s%s instead of %s", where, code, wanted->code,
                 talk.text, out.text, wanted->text);
    if (!strstr(talk.text, "gsearch: "))
        fail_msg("%s: no message", where);
}

/* Fails at place `at`; false once there is no such place any more. */
static bool try_failure(const command *self, kind what, unsigned at, const outcome *wanted)
{
    const gs_faults *faults = gs_faults_here();
    prepare();
    long blocks = faults->blocks, descriptors = faults->descriptors;
    plan(what, at);
    int code = run(self, what == OUTPUT ? at : 0);
    bool is_hit = count_of(what) >= at;
    check(self, what, at, wanted, code);
    // what changes an index changes the disk, whose files the test itself keeps
    if (faults->blocks != blocks || faults->descriptors != descriptors)
        fail_msg("%s, %s %u: %ld blocks, %ld descriptors are left", name_of(self),
                 kinds[what].name, at, faults->blocks - blocks,
                 faults->descriptors - descriptors);
    cases += is_hit;
    return is_hit;
}

/* It goes through all of the index, and not only to what it is asked for. */
static bool is_slow(const command *self)
{
    return self->run == gs_cmd_verify || self->run == gs_cmd_salvage || self->run == gs_cmd_merge ||
           self->run == gs_cmd_dump || self->run == gs_cmd_backup || self->run == gs_cmd_index;
}

/* To the next place: all are tried to the end, or in a quick run the fewer the later. */
static unsigned step(const command *self, unsigned at)
{
    unsigned dense = is_slow(self) && !small ? DENSE_SLOW : DENSE;
    return getenv("GS_TEST_FULL") ? 1 : 1 + at / dense;
}

static void sweep(const command *self)
{
    prepare();
    outcome wanted = {.code = run(self, 0)};
    if (wanted.code)
        fail_msg("%s: exit code %d: %s", name_of(self), wanted.code, talk.text);
    wanted.text = strdup(out.text);
    for (kind what = 0; what < KINDS; what++) {
        for (unsigned at = 1; try_failure(self, what, at, &wanted);)
            at += step(self, at);
    }
    free(wanted.text);
}

static void every_command_ends_in_its_status(void **state)
{
    (void)state;
    newest = reference.newest;
    for (size_t i = 0; i < COMMANDS; i++)
        sweep(&commands[i]);
}

static void with_a_small_index_wherever_it_is(void **state)
{
    (void)state;
    newest = 0;
    for (size_t i = 0; i < gs_disk_count(); i++) {
        uint64_t generation = gs_manifest_generation(gs_disk_name(i));
        newest = generation > newest ? generation : newest;
    }
    small = gs_disk_save();
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_slow(&commands[i]))
            sweep(&commands[i]);
    gs_disk_clear();
    gs_disk_image_free(small);
    small = NULL;
}

/* On the disk: three segments, deletes and one more generation. */
static int make_small(void **state)
{
    (void)state;
    gs_disk_clear();
    gs_faults_reset();
    gs_stage made = gs_stage_begin(&gs_scenarios[3], GS_DISK_INDEX);
    assert_ok(gs_scenarios[4].run(&made), &made.error);
    gs_stage_end(&made);
    return 0;
}

static void prepare_inputs(gs_stage *self)
{
    static const char more[] = "政务公开\n人民";
    gs_stage_put(self, "e.txt", more, strlen(more));
    gs_stage_put(self, "f.md", "# 通知\n", 9);
}

/* Standard input is a file that has this text. */
static void take_input(const char *text)
{
    gs_test_file_write(stage.path, "lines", text, strlen(text));
    char *path = gs_test_path(stage.path, "lines");
    if (!freopen(path, "rb", stdin))
        abort();
    free(path);
}

int main(void)
{
    static const gs_scenario inputs = {"commands", prepare_inputs, NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(with_a_small_index_wherever_it_is, make_small),
        cmocka_unit_test(every_command_ends_in_its_status),
    };
    gs_json_hook();
    gs_reference_make(&reference);
    stage = gs_stage_begin(&inputs, GS_DISK_INDEX);
    target = gs_test_path(stage.path, "target");
    mkdir(target, 0755);
    take_input("{\"id\":\"s\",\"text\":\"政务公开\"}\nno record\n{\"text\":\"人民\"}\n");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("# figure: failures under commands: %u\n", cases);
    free(target);
    gs_disk_clear();
    gs_stage_end(&stage);
    gs_reference_free(&reference);
    return failed || cases < CASES_QUICK;
}
