/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process gives up, without giving it up: the calls for it are answered here, the rules
 * about files are noted, and the filter of system calls is run by a machine of the test's own.
 * tests/e2e/test_sandbox.py asks the kernel.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

// nothing but the linker calls these
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static struct {
    long version; // of Landlock; 0: there is none
    bool can_lose, can_make, can_restrict, can_filter;
    uint64_t handled, readable, writable, file; // what is refused but for the rules, and these
    unsigned rules;
    struct sock_filter code[1024];
    unsigned short len;
} kernel;

int __wrap_prctl(int option, ...)
{
    assert_int_equal(option, PR_SET_NO_NEW_PRIVS);
    return kernel.can_lose ? 0 : -1;
}

static long create_ruleset(const struct landlock_ruleset_attr *attr, size_t size)
{
    if (!attr)
        return kernel.version ? kernel.version : -1;
    assert_true(size >= sizeof(attr->handled_access_fs));
    kernel.handled = attr->handled_access_fs;
    return kernel.can_make ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
}

static long add_rule(const struct landlock_path_beneath_attr *rule)
{
    bool is_file = !(rule->allowed_access & LANDLOCK_ACCESS_FS_READ_DIR);
    assert_true(fcntl(rule->parent_fd, F_GETFD) >= 0);
    kernel.rules++;
    if (is_file)
        kernel.file = rule->allowed_access;
    else if (rule->allowed_access & LANDLOCK_ACCESS_FS_WRITE_FILE)
        kernel.writable = rule->allowed_access;
    else
        kernel.readable = rule->allowed_access;
    return 0;
}

static long set_filter(const struct sock_fprog *filter)
{
    assert_true(filter->len <= sizeof(kernel.code) / sizeof(*kernel.code));
    memcpy(kernel.code, filter->filter, filter->len * sizeof(*filter->filter));
    kernel.len = filter->len;
    return kernel.can_filter ? 0 : -1;
}

long __wrap_syscall(long number, ...)
{
    va_list args;
    va_start(args, number);
    void *first = va_arg(args, void *), *second = va_arg(args, void *);
    void *third = va_arg(args, void *);
    va_end(args);
    switch (number) {
    case SYS_landlock_create_ruleset:
        return create_ruleset(first, (size_t)second);
    case SYS_landlock_add_rule:
        return add_rule(third);
    case SYS_landlock_restrict_self:
        return kernel.can_restrict ? 0 : -1;
    default:
        assert_int_equal(number, SYS_seccomp);
        return set_filter(third);
    }
}

/* What the filter makes of a call, as the kernel runs it. */
static uint32_t decide(uint32_t architecture, long call, uint64_t arg0, uint64_t arg1,
                       uint64_t arg2)
{
    const struct seccomp_data data = {
        .nr = (int)call, .arch = architecture, .args = {arg0, arg1, arg2}};
    uint32_t value = 0;
    for (size_t at = 0; at < kernel.len; at++) {
        const struct sock_filter *step = &kernel.code[at];
        switch (step->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&value, (const uint8_t *)&data + step->k, sizeof(value));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            value &= step->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += value == step->k ? step->jt : step->jf;
            break;
        default:
            assert_int_equal(step->code, BPF_RET | BPF_K);
            return step->k;
        }
    }
    fail_msg("the filter ends without a decision");
    return 0;
}

static const char *enter(const gs_sandbox *sandbox)
{
    kernel.rules = 0;
    kernel.readable = kernel.writable = kernel.file = 0;
    return gs_sandbox_confine(sandbox);
}

static void begin(void)
{
    kernel.version = 5;
    kernel.can_lose = kernel.can_make = kernel.can_restrict = kernel.can_filter = true;
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    const gs_sandbox sandbox = {.accepts = true};
    begin();
    assert_null(enter(&sandbox));
    kernel.can_filter = false;
    assert_non_null(strstr(enter(&sandbox), "system calls are not"));
    begin();
    for (int i = 0; i < 3; i++) {
        kernel.version = i ? 5 : 0;
        kernel.can_make = i != 1;
        kernel.can_restrict = i != 2;
        assert_non_null(strstr(enter(&sandbox), "files are not"));
    }
    kernel.can_filter = false;
    assert_non_null(strstr(enter(&sandbox), "not confined"));
    begin();
    kernel.can_lose = false;
    assert_non_null(strstr(enter(&sandbox), "not confined"));
}

static void files_are_refused_but_for_those_named(void **state)
{
    (void)state;
    char *dir = gs_test_dir_make();
    gs_test_file_write(dir, "file", "x", 1);
    char *file = gs_test_path(dir, "file"), *none = gs_test_path(dir, "none");
    const char *const readable[] = {dir, file, none};
    const gs_sandbox sandbox = {.readable = readable, .readable_count = 3, .writable = dir};
    begin();
    for (long version = 1; version <= 5; version++) {
        kernel.version = version;
        assert_null(enter(&sandbox));
        assert_int_equal(kernel.rules, 3); // what is not there is not allowed, either
        assert_int_equal(kernel.file, LANDLOCK_ACCESS_FS_READ_FILE);
        assert_int_equal(kernel.readable,
                         LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
        assert_true(kernel.writable & LANDLOCK_ACCESS_FS_MAKE_REG);
        assert_false(kernel.writable & LANDLOCK_ACCESS_FS_EXECUTE);
        assert_int_equal(kernel.writable & ~kernel.handled, 0); // else the kernel takes no rule
        assert_true(kernel.handled & LANDLOCK_ACCESS_FS_EXECUTE);
        assert_int_equal(kernel.handled >> 13 & 1, version >= 2); // as landlock(7) has them
        assert_int_equal(kernel.handled >> 14 & 1, version >= 3);
        assert_int_equal(kernel.handled >> 15 & 1, version >= 5);
    }
    free(file);
    free(none);
    gs_test_dir_remove(dir);
}

#if defined(__x86_64__)
#define HERE AUDIT_ARCH_X86_64
#define ELSEWHERE AUDIT_ARCH_AARCH64
#else
#define HERE AUDIT_ARCH_AARCH64
#define ELSEWHERE AUDIT_ARCH_X86_64
#endif

static void calls_are_refused_but_for_those_needed(void **state)
{
    (void)state;
    const gs_sandbox server = {.accepts = true}, writer = {.writable = "/none"};
    const uint32_t allowed = SECCOMP_RET_ALLOW, refused = SECCOMP_RET_ERRNO | EPERM,
                   missing = SECCOMP_RET_ERRNO | ENOSYS;
    begin();
    assert_null(enter(&server));
    assert_int_equal(decide(HERE, SYS_read, 0, 0, 0), allowed);
    assert_int_equal(decide(HERE, SYS_accept4, 0, 0, 0), allowed);
    assert_int_equal(decide(HERE, SYS_openat, 0, 0, O_RDONLY | O_CLOEXEC), allowed);
    assert_int_equal(decide(HERE, SYS_openat, 0, 0, O_RDWR), refused);
    assert_int_equal(decide(HERE, SYS_openat, 0, 0, O_CREAT), refused);
    assert_int_equal(decide(HERE, SYS_mmap, 0, 0, PROT_READ | PROT_WRITE), allowed);
    assert_int_equal(decide(HERE, SYS_mmap, 0, 0, PROT_READ | PROT_EXEC), refused);
    assert_int_equal(decide(HERE, SYS_tgkill, (uint64_t)getpid(), 0, 0), allowed);
    assert_int_equal(decide(HERE, SYS_tgkill, 1, 0, 0), refused);
    static const long never[] = {SYS_execve, SYS_socket, SYS_connect, SYS_ptrace, SYS_setuid,
                                 SYS_unlinkat};
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        assert_int_equal(decide(HERE, never[i], 0, 0, 0), missing);
    assert_int_equal(decide(ELSEWHERE, SYS_read, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_null(enter(&writer));
    assert_int_equal(decide(HERE, SYS_openat, 0, 0, O_RDWR | O_CREAT), allowed);
    assert_int_equal(decide(HERE, SYS_unlinkat, 0, 0, 0), allowed);
    assert_int_equal(decide(HERE, SYS_accept4, 0, 0, 0), missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(files_are_refused_but_for_those_named),
        cmocka_unit_test(calls_are_refused_but_for_those_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
