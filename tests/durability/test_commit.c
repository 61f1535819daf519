/* SPDX-License-Identifier: Apache-2.0
 *
 * What reaches the disk, and in which order, when an index changes; and what is left when the
 * process dies or the disk fails at any of these calls. The calls of libc that the program makes
 * are replaced: fsync only pretends, since the system outlives the process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "indexer/audit.h"
#include "indexer/compact.h"
#include "indexer/update.h"
#include "tests/indexer/content.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define EVENTS_MAX 512u
#define EXIT_DEAD 77

/* ---- the calls ---- */

typedef enum event_kind {
    EVENT_MAKE,
    EVENT_WRITE,
    EVENT_SYNC,
    EVENT_RENAME,
    EVENT_REMOVE,
} event_kind;

typedef struct event {
    event_kind kind;
    char path[256]; // of a descriptor, or the name that was given
    char to[256];
} event;

/* In memory that children share. */
typedef struct watch {
    bool is_on;
    unsigned die_at, fail_at; // the number of a call; 0: none
    bool die_after;           // rather than before
    bool has_manifest;        // the rename of a manifest has returned
    atomic_uint calls;
    event events[EVENTS_MAX];
} watch;

static watch *kernel;

static void path_of(int fd, char *out, size_t room)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, out, room - 1);
    out[len < 0 ? 0 : len] = '\0';
}

/* Notes a call; its number, 0 if nobody watches. */
static unsigned enter(event_kind kind, int fd, const char *from, const char *to)
{
    if (!kernel || !kernel->is_on)
        return 0;
    unsigned number = atomic_fetch_add(&kernel->calls, 1) + 1;
    if (number == kernel->die_at && !kernel->die_after)
        _exit(EXIT_DEAD);
    if (number > EVENTS_MAX)
        return number;
    event *noted = &kernel->events[number - 1];
    *noted = (event){.kind = kind};
    if (from)
        snprintf(noted->path, sizeof(noted->path), "%s", from);
    else
        path_of(fd, noted->path, sizeof(noted->path));
    snprintf(noted->to, sizeof(noted->to), "%s", to);
    return number;
}

static bool fails(unsigned number)
{
    errno = EIO;
    return number && number == kernel->fail_at;
}

static void leave(unsigned number)
{
    if (number && number == kernel->die_at)
        _exit(EXIT_DEAD);
}

ssize_t write(int fd, const void *data, size_t len)
{
    unsigned number = enter(EVENT_WRITE, fd, NULL, "");
    ssize_t done = fails(number) ? -1 : syscall(SYS_write, fd, data, len);
    leave(number);
    return done;
}

int fsync(int fd)
{
    unsigned number = enter(EVENT_SYNC, fd, NULL, "");
    int failure = fails(number) ? -1 : 0;
    leave(number);
    return failure;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    unsigned number = enter(EVENT_RENAME, -1, from, to);
    int failure = fails(number)
                      ? -1
                      : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
    if (number && !failure && strncmp(to, "manifest-", 9) == 0)
        kernel->has_manifest = true;
    leave(number);
    return failure;
}

int unlinkat(int dir, const char *name, int flags)
{
    unsigned number = enter(EVENT_REMOVE, -1, name, "");
    int failure = (int)syscall(SYS_unlinkat, dir, name, flags);
    leave(number);
    return failure;
}

int openat64(int dir, const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0;
    va_end(args);
    unsigned number = flags & O_CREAT ? enter(EVENT_MAKE, -1, name, "") : 0;
    int fd = fails(number) ? -1 : (int)syscall(SYS_openat, dir, name, flags, mode);
    leave(number);
    return fd;
}

/* ---- changes of an index ---- */

typedef struct fixture {
    char *path; // of the test; in it:
    char *in;   // the documents
    char *index;
    char *saved; // the index before the change
    gsearch_error error;
} fixture;

static gsearch_status index_folder(fixture *f)
{
    const char *paths[] = {f->in};
    gs_update_options options = {.dir = f->index, .paths = paths, .paths_count = 1, .threads = 1};
    gs_update_summary summary;
    return gs_update_run(&options, &summary, &f->error);
}

static gsearch_status merge_segments(fixture *f)
{
    gs_compact_summary summary;
    return gs_compact_run(f->index, false, NULL, &summary, &f->error);
}

static void put(fixture *f, const char *name, const char *text)
{
    gs_test_file_write(f->in, name, text, strlen(text));
}

static void take_away(fixture *f, const char *name)
{
    char *path = gs_test_path(f->in, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void prepare_nothing(fixture *f)
{
    put(f, "a.txt", "政务公开\n年度报告");
    put(f, "b.txt", "营商环境");
    put(f, "c.txt", "三公经费");
}

/* Two generations are there, so that a third one makes the first go. */
static void prepare_update(fixture *f)
{
    prepare_nothing(f);
    assert_ok(index_folder(f), &f->error);
    put(f, "b.txt", "营商环境条例");
    assert_ok(index_folder(f), &f->error);
    take_away(f, "a.txt");
    put(f, "b.txt", "优化营商环境条例");
    put(f, "d.txt", "行政许可");
}

static void prepare_deletes(fixture *f)
{
    prepare_nothing(f);
    assert_ok(index_folder(f), &f->error);
    take_away(f, "a.txt");
}

static void prepare_merge(fixture *f)
{
    prepare_update(f);
    assert_ok(index_folder(f), &f->error);
}

typedef struct scenario {
    const char *name;
    void (*prepare)(fixture *f);
    gsearch_status (*run)(fixture *f);
} scenario;

static const scenario changes[] = {
    {"build", prepare_nothing, index_folder},
    {"update", prepare_update, index_folder},
    {"deletes", prepare_deletes, index_folder},
    {"merge", prepare_merge, merge_segments},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

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

static fixture begin(const scenario *change)
{
    fixture f = {.path = gs_test_dir_make()};
    f.in = gs_test_path(f.path, "in");
    f.index = gs_test_path(f.path, "ix");
    f.saved = gs_test_path(f.path, "saved");
    assert_int_equal(mkdir(f.in, 0755), 0);
    change->prepare(&f);
    copy_folder(f.index, f.saved);
    return f;
}

static void end(fixture *f)
{
    gs_test_dir_remove(f->path);
    free(f->in);
    free(f->index);
    free(f->saved);
}

/* The change with every call noted. */
static gsearch_status run_watched(fixture *f, const scenario *change)
{
    atomic_store(&kernel->calls, 0);
    kernel->has_manifest = false;
    kernel->is_on = true;
    gsearch_status status = change->run(f);
    kernel->is_on = false;
    return status;
}

static int set_up(void **state)
{
    (void)state;
    kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return kernel == MAP_FAILED;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(kernel, sizeof(*kernel));
    kernel = NULL;
    return 0;
}

/* ---- the order ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The first call of this kind about `name` in [from, to), or `to`. */
static unsigned find_event(event_kind kind, const char *name, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (kernel->events[i].kind == kind && strcmp(base_of(kernel->events[i].path), name) == 0)
            return i;
    return to;
}

/* A file gets its name once all of it was written and synced. */
static void check_published(unsigned renamed)
{
    const char *name = kernel->events[renamed].path;
    unsigned written = find_event(EVENT_WRITE, name, 0, renamed);
    assert_true(written < renamed);
    for (unsigned next; (next = find_event(EVENT_WRITE, name, written + 1, renamed)) < renamed;)
        written = next;
    assert_true(find_event(EVENT_SYNC, name, written, renamed) < renamed);
}

static void check_order(const fixture *f, const char *what)
{
    unsigned count = atomic_load(&kernel->calls), manifest = count, named = 0;
    const char *folder = base_of(f->index);
    assert_in_range(count, 1, EVENTS_MAX);
    for (unsigned i = 0; i < count; i++) {
        if (kernel->events[i].kind != EVENT_RENAME)
            continue;
        assert_int_equal(manifest, count); // nothing gets a name after the manifest
        check_published(i);
        if (strncmp(kernel->events[i].to, "manifest-", 9) == 0)
            manifest = i;
        else
            named = i;
    }
    assert_true(named > 0 && manifest < count);
    unsigned begun = find_event(EVENT_WRITE, kernel->events[manifest].path, 0, manifest);
    if (find_event(EVENT_SYNC, folder, named, begun) == begun)
        fail_msg("%s: the folder is not synced before the manifest", what);
    unsigned synced = find_event(EVENT_SYNC, folder, manifest, count);
    if (synced == count)
        fail_msg("%s: the folder is not synced after the manifest", what);
    for (unsigned i = 0; i < synced; i++)
        if (kernel->events[i].kind == EVENT_REMOVE)
            fail_msg("%s: %s goes before the commit", what, kernel->events[i].path);
}

static void names_follow_content_and_the_manifest_follows_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHANGES; i++) {
        fixture f = begin(&changes[i]);
        assert_ok(run_watched(&f, &changes[i]), &f.error);
        check_order(&f, changes[i].name);
        end(&f);
    }
}

static void what_an_old_generation_had_goes_at_last(void **state)
{
    (void)state;
    fixture f = begin(&changes[1]);
    assert_ok(run_watched(&f, &changes[1]), &f.error);
    unsigned count = atomic_load(&kernel->calls);
    assert_true(find_event(EVENT_REMOVE, "manifest-0000000000000001.gsm", 0, count) < count);
    check_order(&f, changes[1].name);
    end(&f);
}

static void a_new_folder_is_synced_into_the_one_above(void **state)
{
    (void)state;
    fixture f = begin(&changes[0]);
    assert_ok(run_watched(&f, &changes[0]), &f.error);
    unsigned count = atomic_load(&kernel->calls), renamed = 0;
    while (renamed < count && kernel->events[renamed].kind != EVENT_RENAME)
        renamed++;
    assert_true(find_event(EVENT_SYNC, base_of(f.path), 0, renamed) < renamed);
    end(&f);
}

/* ---- death ---- */

static void ignore_finding(const gs_audit_finding *finding, void *payload)
{
    (void)finding;
    (void)payload;
}

static void check_whole(fixture *f, const char *wanted, const char *where)
{
    gs_audit_options options = {.report = ignore_finding};
    gs_audit_summary summary;
    char *content = gs_test_content(f->index);
    if (strcmp(content, wanted) != 0)
        fail_msg("%s: the content is neither", where);
    gsearch_status status = gs_audit_verify(f->index, &options, &summary, &f->error);
    if (status && (status != GSEARCH_NO_INDEX || *wanted))
        fail_msg("%s: %s", where, f->error.message);
    free(content);
}

static void die(fixture *f, const scenario *change, unsigned at, bool after)
{
    kernel->die_at = at;
    kernel->die_after = after;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_watched(f, change) != GSEARCH_OK);
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), EXIT_DEAD);
    kernel->is_on = false;
    kernel->die_at = 0;
}

static void sweep(const scenario *change)
{
    fixture f = begin(change);
    char *old = gs_test_content(f.index);
    assert_ok(run_watched(&f, change), &f.error);
    unsigned calls = atomic_load(&kernel->calls);
    char *new = gs_test_content(f.index);
    size_t files = count_files(f.index);
    for (unsigned point = 0; point < 2 * calls; point++) {
        char where[64];
        snprintf(where, sizeof(where), "%s, call %u%s", change->name, point / 2 + 1,
                 point & 1 ? ", after it" : "");
        copy_folder(f.saved, f.index);
        die(&f, change, point / 2 + 1, point & 1);
        check_whole(&f, kernel->has_manifest ? new : old, where);
        assert_ok(change->run(&f), &f.error);
        check_whole(&f, new, where);
        if (count_files(f.index) != files)
            fail_msg("%s: the next run leaves files behind", where);
    }
    free(old);
    free(new);
    end(&f);
}

static void a_process_that_dies_leaves_the_old_or_the_new_index(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHANGES; i++)
        sweep(&changes[i]);
}

/* ---- failure ---- */

static void fail_everywhere(const scenario *change)
{
    fixture f = begin(change);
    char *old = gs_test_content(f.index);
    assert_ok(run_watched(&f, change), &f.error);
    unsigned calls = atomic_load(&kernel->calls);
    char *new = gs_test_content(f.index);
    size_t lock = !is_there(f.saved); // stays for good
    for (unsigned at = 1; at <= calls; at++) {
        char where[64];
        snprintf(where, sizeof(where), "%s, call %u fails", change->name, at);
        if (kernel->events[at - 1].kind == EVENT_REMOVE)
            continue;
        copy_folder(f.saved, f.index);
        kernel->fail_at = at;
        gsearch_status status = run_watched(&f, change);
        kernel->fail_at = 0;
        assert_int_equal(status, GSEARCH_IO);
        check_whole(&f, kernel->has_manifest ? new : old, where);
        if (!kernel->has_manifest && count_files(f.index) > count_files(f.saved) + lock)
            fail_msg("%s: files are left behind", where);
    }
    free(old);
    free(new);
    end(&f);
}

static void a_change_that_fails_leaves_no_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHANGES; i++)
        fail_everywhere(&changes[i]);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(names_follow_content_and_the_manifest_follows_all),
        CASE(what_an_old_generation_had_goes_at_last),
        CASE(a_new_folder_is_synced_into_the_one_above),
        CASE(a_process_that_dies_leaves_the_old_or_the_new_index),
        CASE(a_change_that_fails_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
