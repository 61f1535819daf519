/* SPDX-License-Identifier: Apache-2.0
 *
 * The two halves: a Landlock ruleset, and a seccomp filter that is made from the tables below. A
 * call that is in no table fails with ENOSYS and not EPERM, because that is what the C library
 * knows how to go on from: it then uses the older call that does the same.
 */
#include "cli/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/sys.h"

/* ---- files --------------------------------------------------------------------------------- */

// of a kernel newer than these headers may be
#define ACCESS_TRUNCATE (1ull << 14)
#define ACCESS_IOCTL_DEV (1ull << 15)

#define ACCESS_READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE                                                                       \
    (ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |        \
     LANDLOCK_ACCESS_FS_MAKE_REG | ACCESS_TRUNCATE)

/* All that a kernel with this version of Landlock can refuse. */
static uint64_t refusable(long version)
{
    uint64_t access = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1; // the first thirteen
    if (version >= 2)
        access |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        access |= ACCESS_TRUNCATE;
    if (version >= 5)
        access |= ACCESS_IOCTL_DEV;
    return access;
}

/* A path that cannot be opened is not allowed, either. */
static void allow_beneath(int ruleset, const char *path, uint64_t access)
{
    struct stat info;
    int fd = gs_sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (gs_sys_fstat(fd, &info) == 0) {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = S_ISDIR(info.st_mode) ? access : access & ACCESS_READ_FILE,
            .parent_fd = fd,
        };
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    gs_sys_close(fd);
}

static bool confine_files(const gs_sandbox *sandbox)
{
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return false;
    struct landlock_ruleset_attr attr = {.handled_access_fs = refusable(version)};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return false;
    for (size_t i = 0; i < sandbox->readable_count; i++)
        allow_beneath(ruleset, sandbox->readable[i], ACCESS_READ);
    if (sandbox->writable)
        allow_beneath(ruleset, sandbox->writable, ACCESS_WRITE & attr.handled_access_fs);
    bool is_confined = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    gs_sys_close(ruleset);
    return is_confined;
}

/* ---- system calls -------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

typedef struct rule {
    uint32_t call;
    bool has_condition; // (argument & mask) == value, in the lower 32 bits
    uint8_t argument;
    uint32_t mask, value;
} rule;

#define ALLOW(name) {.call = SYS_##name}
#define ALLOW_IF(name, number, bits, wanted) \
    {SYS_##name, true, number, (uint32_t)(bits), (uint32_t)(wanted)}

#define EVERY_BIT UINT32_MAX
#define OPENS_TO_WRITE \
    (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define CLONES_MORE                                                                         \
    (CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |           \
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const rule for_all[] = {
    // open files
    ALLOW(read), ALLOW(readv), ALLOW(pread64), ALLOW(write), ALLOW(writev), ALLOW(lseek),
    ALLOW(close), ALLOW(fstat), ALLOW(newfstatat), ALLOW(statx), ALLOW(getdents64), ALLOW(fcntl),
    ALLOW(ppoll), ALLOW(fadvise64), ALLOW(fsync), ALLOW_IF(ioctl, 1, EVERY_BIT, TCGETS),
    // memory
    ALLOW(brk), ALLOW(munmap), ALLOW(mremap), ALLOW(madvise),
    ALLOW_IF(mmap, 2, PROT_EXEC, 0), ALLOW_IF(mprotect, 2, PROT_EXEC, 0),
    // threads
    ALLOW(futex), ALLOW(set_robust_list), ALLOW(rseq), ALLOW(sched_yield),
    ALLOW(sched_getaffinity), ALLOW(getcpu), ALLOW(gettid), ALLOW(getpid), ALLOW(exit),
    ALLOW(exit_group), ALLOW_IF(clone, 0, CLONES_MORE, CLONE_THREAD),
    // signals
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack),
    ALLOW(restart_syscall),
    // time and the system
    ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(clock_nanosleep), ALLOW(nanosleep),
    ALLOW(gettimeofday), ALLOW(getrandom), ALLOW(getrusage), ALLOW(sysinfo),
    ALLOW_IF(prlimit64, 0, EVERY_BIT, 0), // of this process
#ifdef SYS_poll
    ALLOW(poll),
#endif
};

static const rule for_readers[] = {
    ALLOW_IF(openat, 2, OPENS_TO_WRITE, 0),
};

/* Which files may be opened is for Landlock to say. */
static const rule for_writers[] = {
    ALLOW(openat), ALLOW(pwrite64), ALLOW(ftruncate), ALLOW(fallocate), ALLOW(fdatasync),
    ALLOW(flock), ALLOW(renameat2), ALLOW(linkat), ALLOW(unlinkat),
};

static const rule for_servers[] = {
    ALLOW(accept4), ALLOW(recvfrom), ALLOW(recvmsg), ALLOW(sendto), ALLOW(sendmsg),
    ALLOW(shutdown), ALLOW(getsockopt), ALLOW(getsockname), ALLOW(epoll_create1),
    ALLOW(epoll_ctl), ALLOW(epoll_pwait), ALLOW(eventfd2), ALLOW(pipe2),
    ALLOW_IF(setsockopt, 1, EVERY_BIT, IPPROTO_TCP), ALLOW_IF(ioctl, 1, EVERY_BIT, FIONBIO),
#ifdef SYS_epoll_wait
    ALLOW(epoll_wait),
#endif
};

#ifdef ARCHITECTURE

#define COUNT(rules) (sizeof(rules) / sizeof(*(rules)))
#define INSTRUCTIONS_MAX 512

typedef struct program {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short len;
} program;

static void emit(program *out, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t operand)
{
    assert(out->len < INSTRUCTIONS_MAX);
    out->code[out->len++] = (struct sock_filter){code, if_true, if_false, operand};
}

static void emit_load(program *out, size_t offset)
{
    emit(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* Goes on `skipped` instructions further unless the value loaded is `wanted`. */
static void emit_unless(program *out, uint32_t wanted, uint8_t skipped)
{
    emit(out, BPF_JMP | BPF_JEQ | BPF_K, 0, skipped, wanted);
}

static void emit_return(program *out, uint32_t action)
{
    emit(out, BPF_RET | BPF_K, 0, 0, action);
}

/* The number of the call is loaded before and after. */
static void emit_rules(program *out, const rule *rules, size_t count)
{
    for (const rule *one = rules; one < rules + count; one++) {
        emit_unless(out, one->call, one->has_condition ? 5 : 1);
        if (one->has_condition) {
            emit_load(out, offsetof(struct seccomp_data, args[one->argument]));
            emit(out, BPF_ALU | BPF_AND | BPF_K, 0, 0, one->mask);
            emit_unless(out, one->value, 1);
        }
        emit_return(out, SECCOMP_RET_ALLOW);
        if (one->has_condition)
            emit_load(out, offsetof(struct seccomp_data, nr));
    }
}

/* A call that is possible, but not so, is no missing one. */
static void emit_refusals(program *out, const rule *rules, size_t count)
{
    for (const rule *one = rules; one < rules + count; one++) {
        if (!one->has_condition)
            continue;
        emit_unless(out, one->call, 1);
        emit_return(out, SECCOMP_RET_ERRNO | EPERM);
    }
}

static bool confine_calls(const gs_sandbox *sandbox)
{
    const rule for_itself[] = {ALLOW_IF(tgkill, 0, EVERY_BIT, getpid())};
    const struct {
        const rule *rules;
        size_t count;
    } tables[] = {
        {for_all, COUNT(for_all)},
        {for_itself, COUNT(for_itself)},
        {sandbox->writable ? for_writers : for_readers,
         sandbox->writable ? COUNT(for_writers) : COUNT(for_readers)},
        {for_servers, sandbox->accepts ? COUNT(for_servers) : 0},
    };
    program made = {.len = 0};
    emit_load(&made, offsetof(struct seccomp_data, arch));
    emit(&made, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
    emit_return(&made, SECCOMP_RET_KILL_PROCESS);
    emit_load(&made, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT(tables); i++)
        emit_rules(&made, tables[i].rules, tables[i].count);
    for (size_t i = 0; i < COUNT(tables); i++)
        emit_refusals(&made, tables[i].rules, tables[i].count);
    emit_return(&made, SECCOMP_RET_ERRNO | ENOSYS);
    const struct sock_fprog filter = {made.len, made.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

#else

static bool confine_calls(const gs_sandbox *sandbox)
{
    (void)sandbox; // nobody has tried the tables with the numbers of this processor
    return false;
}

#endif

const char *gs_sandbox_enter(const gs_sandbox *sandbox)
{
    return GS_INSTRUMENTED ? NULL : gs_sandbox_confine(sandbox);
}

const char *gs_sandbox_confine(const gs_sandbox *sandbox)
{
    bool can_lose = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    bool files = can_lose && confine_files(sandbox);
    bool calls = can_lose && confine_calls(sandbox);
    if (files && calls)
        return NULL;
    if (calls)
        return "this kernel has no Landlock: system calls are confined, files are not";
    if (files)
        return "system calls cannot be filtered here: files are confined, system calls are not";
    return "neither Landlock nor seccomp works here: this process is not confined";
}
