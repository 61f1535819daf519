/* SPDX-License-Identifier: Apache-2.0
 *
 * What reaches the disk, and in which order, when an index changes; and what is left when the
 * process dies at any of these calls.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/durability/faultysys.h"
#include "tests/durability/scenario.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define EVENTS_MAX 512u

/* ---- the calls ---- */

typedef struct event {
    gs_fault_call kind;
    char path[256]; // of a descriptor, or the name that was given
    char to[256];
} event;

static event events[EVENTS_MAX];
static unsigned events_count;

static void path_of(int fd, char *out, size_t room)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, out, room - 1);
    out[len < 0 ? 0 : len] = '\0';
}

static void note_change(gs_fault_call kind, int fd, const char *from, const char *to)
{
    if (events_count == EVENTS_MAX)
        return;
    event *noted = &events[events_count++];
    *noted = (event){.kind = kind};
    if (from)
        snprintf(noted->path, sizeof(noted->path), "%s", from);
    else
        path_of(fd, noted->path, sizeof(noted->path));
    snprintf(noted->to, sizeof(noted->to), "%s", to);
}

/* ---- changes of an index ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void remove_folder(const char *path)
{
    if (is_there(path))
        gs_test_dir_remove(strdup(path));
}

static void copy_folder(const char *from, const char *to)
{
    remove_folder(to);
    DIR *stream = opendir(from);
    if (!stream)
        return;
    assert_int_equal(mkdir(to, 0750), 0);
    for (const struct dirent *entry; (entry = readdir(stream));) {
        size_t len;
        if (entry->d_name[0] == '.')
            continue;
        uint8_t *data = gs_test_file_read(from, entry->d_name, &len);
        gs_test_file_write(to, entry->d_name, data, len);
        free(data);
    }
    closedir(stream);
}

static size_t count_files(const char *path)
{
    return is_there(path) ? gs_test_dir_count(path) : 0;
}

/* The change with every call that changes something noted. */
static gsearch_status run_watched(gs_stage *stage, const gs_scenario *scenario)
{
    gs_faults *faults = gs_faults_here();
    events_count = 0;
    faults->only_changes = true;
    faults->on_change = note_change;
    faults->is_on = true;
    gsearch_status status = scenario->run(stage);
    faults->is_on = false;
    return status;
}

static int set_up(void **state)
{
    (void)state;
    gs_faults_reset();
    return 0;
}

/* ---- the order ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The first call of this kind about `name` in [from, to), or `to`. */
static unsigned find_event(gs_fault_call kind, const char *name, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (events[i].kind == kind && strcmp(base_of(events[i].path), name) == 0)
            return i;
    return to;
}

/* A file gets its name once all of it was written and synced. */
static void check_published(unsigned renamed)
{
    const char *name = events[renamed].path;
    unsigned written = find_event(GS_CALL_WRITE, name, 0, renamed);
    assert_true(written < renamed);
    for (unsigned next; (next = find_event(GS_CALL_WRITE, name, written + 1, renamed)) < renamed;)
        written = next;
    assert_true(find_event(GS_CALL_SYNC, name, written, renamed) < renamed);
}

static void check_order(const gs_stage *stage, const char *what)
{
    unsigned count = events_count, manifest = count, named = 0;
    const char *folder = base_of(stage->index);
    assert_in_range(count, 1, EVENTS_MAX);
    for (unsigned i = 0; i < count; i++) {
        if (events[i].kind != GS_CALL_RENAME)
            continue;
        assert_int_equal(manifest, count); // nothing gets a name after the manifest
        check_published(i);
        if (strncmp(events[i].to, "manifest-", 9) == 0)
            manifest = i;
        else
            named = i;
    }
    assert_true(named > 0 && manifest < count);
    unsigned begun = find_event(GS_CALL_WRITE, events[manifest].path, 0, manifest);
    if (find_event(GS_CALL_SYNC, folder, named, begun) == begun)
        fail_msg("%s: the folder is not synced before the manifest", what);
    unsigned synced = find_event(GS_CALL_SYNC, folder, manifest, count);
    if (synced == count)
        fail_msg("%s: the folder is not synced after the manifest", what);
    for (unsigned i = 0; i < synced; i++)
        if (events[i].kind == GS_CALL_REMOVE)
            fail_msg("%s: %s goes before the commit", what, events[i].path);
}

static void names_follow_content_and_the_manifest_follows_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < GS_SCENARIOS; i++) {
        gs_stage stage = gs_stage_begin(&gs_scenarios[i], NULL);
        assert_ok(run_watched(&stage, &gs_scenarios[i]), &stage.error);
        check_order(&stage, gs_scenarios[i].name);
        gs_stage_end(&stage);
    }
}

static void what_an_old_generation_had_goes_at_last(void **state)
{
    (void)state;
    gs_stage stage = gs_stage_begin(&gs_scenarios[1], NULL);
    assert_ok(run_watched(&stage, &gs_scenarios[1]), &stage.error);
    unsigned count = events_count;
    assert_true(find_event(GS_CALL_REMOVE, "manifest-0000000000000001.gsm", 0, count) < count);
    check_order(&stage, gs_scenarios[1].name);
    gs_stage_end(&stage);
}

static void a_new_folder_is_synced_into_the_one_above(void **state)
{
    (void)state;
    gs_stage stage = gs_stage_begin(&gs_scenarios[0], NULL);
    assert_ok(run_watched(&stage, &gs_scenarios[0]), &stage.error);
    unsigned count = events_count, renamed = 0;
    while (renamed < count && events[renamed].kind != GS_CALL_RENAME)
        renamed++;
    assert_true(find_event(GS_CALL_SYNC, base_of(stage.path), 0, renamed) < renamed);
    gs_stage_end(&stage);
}

/* ---- death ---- */

static void die(gs_stage *stage, const gs_scenario *scenario, unsigned at, bool after)
{
    gs_faults *faults = gs_faults_here();
    gs_faults_reset();
    faults->at = at;
    faults->dies = true;
    faults->dies_after = after;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_watched(stage, scenario) != GSEARCH_OK);
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), GS_FAULT_EXIT);
    faults->is_on = false;
}

static void check_content(gs_stage *stage, const char *wanted, const char *where)
{
    char *content = gs_stage_content(stage, where);
    if (strcmp(content, wanted) != 0)
        fail_msg("%s: the content is neither", where);
    gs_mem_free(NULL, content);
}

/* Returns the number of deaths. */
static unsigned sweep(const gs_scenario *scenario)
{
    gs_stage stage = gs_stage_begin(scenario, NULL);
    char *saved = gs_test_path(stage.path, "saved");
    copy_folder(stage.index, saved);
    char *old = gs_stage_content(&stage, "before");
    gs_faults_reset();
    assert_ok(run_watched(&stage, scenario), &stage.error);
    unsigned calls = atomic_load(&gs_faults_here()->calls);
    char *new = gs_stage_content(&stage, "after");
    size_t files = count_files(stage.index);
    for (unsigned point = 0; point < 2 * calls; point++) {
        char where[64];
        snprintf(where, sizeof(where), "%s, call %u%s", scenario->name, point / 2 + 1,
                 point & 1 ? ", after it" : "");
        copy_folder(saved, stage.index);
        die(&stage, scenario, point / 2 + 1, point & 1);
        check_content(&stage, gs_faults_here()->has_manifest ? new : old, where);
        gs_faults_reset();
        assert_ok(scenario->run(&stage), &stage.error);
        check_content(&stage, new, where);
        if (count_files(stage.index) != files)
            fail_msg("%s: the next run leaves files behind", where);
    }
    gs_mem_free(NULL, old);
    gs_mem_free(NULL, new);
    free(saved);
    gs_stage_end(&stage);
    return 2 * calls;
}

static void a_process_that_dies_leaves_the_old_or_the_new_index(void **state)
{
    (void)state;
    unsigned deaths = 0;
    for (size_t i = 0; i < GS_SCENARIOS; i++)
        deaths += sweep(&gs_scenarios[i]);
    printf("# figure: deaths before and after every call that changes the disk: %u\n", deaths);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        CASE(names_follow_content_and_the_manifest_follows_all),
        CASE(what_an_old_generation_had_goes_at_last),
        CASE(a_new_folder_is_synced_into_the_one_above),
        CASE(a_process_that_dies_leaves_the_old_or_the_new_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
