/* SPDX-License-Identifier: Apache-2.0
 *
 * What somebody would try who got to run code in a process. As a module it is loaded into the
 * unchanged program by LD_PRELOAD and tries all of it when start-up is over: at the first
 * connection of a daemon, at the first file that an indexer publishes. As a program it tries the
 * same in processes that nothing confines, so that a test can tell what was denied from what never
 * works.
 * It prints `misbehave NAME ERRNO` for each attempt, 0 for one that succeeds, and then
 * `misbehave end 0`.
 * $MISBEHAVE_IN is a folder with the files `a` and `b`, $MISBEHAVE_OUT one that the process has no
 * business in, with a file `a`. With $MISBEHAVE_NO_LANDLOCK the kernel seems to have none.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The name of a file in the folder that the variable names. */
static const char *in(const char *variable, const char *name)
{
    static char path[4096];
    const char *folder = getenv(variable);
    snprintf(path, sizeof(path), "%s/%s", folder ? folder : ".", name);
    return path;
}

#define INSIDE(name) in("MISBEHAVE_IN", name)
#define OUTSIDE(name) in("MISBEHAVE_OUT", name)

/* Every attempt returns a number below 0 and sets errno if it fails. */
#define ATTEMPT(name, expression) \
    static long name(void)        \
    {                             \
        return (long)(expression); \
    }

ATTEMPT(write_only, open(INSIDE("a"), O_WRONLY))
ATTEMPT(read_and_write, open(INSIDE("a"), O_RDWR))
ATTEMPT(append, open(INSIDE("a"), O_WRONLY | O_APPEND))
ATTEMPT(open_and_empty, open(INSIDE("a"), O_RDONLY | O_TRUNC))
ATTEMPT(create, open(INSIDE("made"), O_RDONLY | O_CREAT, 0600))
ATTEMPT(create_nameless, open(INSIDE("."), O_TMPFILE | O_RDWR, 0600))
ATTEMPT(truncate_path, truncate(INSIDE("a"), 0))
ATTEMPT(change_mode, chmod(INSIDE("a"), 0600))
ATTEMPT(change_times, utimensat(AT_FDCWD, INSIDE("a"), NULL, 0))
ATTEMPT(make_folder, mkdir(INSIDE("folder"), 0700))
ATTEMPT(make_link, symlink("/", INSIDE("link")))
ATTEMPT(make_pipe, mkfifo(INSIDE("pipe"), 0600))
ATTEMPT(remove_file, unlink(INSIDE("b")))
ATTEMPT(read_outside, open(OUTSIDE("a"), O_RDONLY))
ATTEMPT(list_outside, open(OUTSIDE("."), O_RDONLY | O_DIRECTORY))
ATTEMPT(read_users, open("/etc/passwd", O_RDONLY))
ATTEMPT(write_outside, open(OUTSIDE("a"), O_WRONLY))
ATTEMPT(create_outside, open(OUTSIDE("made"), O_RDWR | O_CREAT, 0600))
ATTEMPT(remove_outside, unlinkat(AT_FDCWD, OUTSIDE("a"), 0))
ATTEMPT(write_own_memory, open("/proc/self/mem", O_RDWR))
ATTEMPT(change_folder, chdir("/"))

ATTEMPT(socket_tcp, socket(AF_INET, SOCK_STREAM, 0))
ATTEMPT(socket_udp, socket(AF_INET, SOCK_DGRAM, 0))
ATTEMPT(socket_unix, socket(AF_UNIX, SOCK_STREAM, 0))
ATTEMPT(socket_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
ATTEMPT(listen_more, listen(STDERR_FILENO, 1))

ATTEMPT(execute, execl("/bin/true", "true", NULL))
ATTEMPT(fork_process, fork())
ATTEMPT(clone_process, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
ATTEMPT(signal_parent, kill(getppid(), 0))
ATTEMPT(signal_thread, syscall(SYS_tgkill, getppid(), getppid(), 0))
ATTEMPT(be_traced, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
ATTEMPT(open_process, syscall(SYS_pidfd_open, getpid(), 0))
ATTEMPT(leave_session, setsid() < 0 && errno != EPERM ? -1 : 0)
ATTEMPT(unshare_files, unshare(CLONE_FILES))

ATTEMPT(map_code, mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ATTEMPT(memory_file, memfd_create("code", 0))
ATTEMPT(share_memory, shmget(IPC_PRIVATE, 4096, 0600 | IPC_CREAT))
ATTEMPT(read_is_execute, personality(READ_IMPLIES_EXEC))

ATTEMPT(set_user, setuid(getuid()))
ATTEMPT(set_group, setgid(getgid()))
ATTEMPT(set_users, setresuid(getuid(), getuid(), getuid()))
ATTEMPT(control_process, prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0))
ATTEMPT(other_ioctl, ioctl(STDERR_FILENO, FIONREAD, &(int){0}) < 0 && errno != ENOTTY ? -1 : 0)

static long open_other_way(void)
{
    struct open_how how = {.flags = O_WRONLY};
    return syscall(SYS_openat2, AT_FDCWD, INSIDE("a"), &how, sizeof(how));
}

static long connect_out(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    return connect(STDERR_FILENO, (const struct sockaddr *)&address, sizeof(address));
}

static long bind_more(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET};
    return bind(STDERR_FILENO, (const struct sockaddr *)&address, sizeof(address));
}

static long pair_of_sockets(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static long make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long read_process(void)
{
    char from = 0, to = 0;
    const struct iovec here = {&to, 1}, there = {&from, 1};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0);
}

static long rename_file(void)
{
    char from[4096];
    snprintf(from, sizeof(from), "%s", INSIDE("a"));
    return rename(from, INSIDE("renamed"));
}

typedef struct attempt {
    const char *name;
    long (*run)(void);
} attempt;

#define ROW(name) {#name, name}

/* What destroys what others need comes after them. */
static const attempt attempts[] = {
    ROW(write_only), ROW(read_and_write), ROW(append), ROW(open_other_way), ROW(create),
    ROW(create_nameless), ROW(change_mode), ROW(change_times), ROW(make_folder), ROW(make_link),
    ROW(make_pipe), ROW(read_outside), ROW(list_outside), ROW(read_users), ROW(write_outside),
    ROW(create_outside), ROW(write_own_memory), ROW(change_folder), ROW(socket_tcp),
    ROW(socket_udp), ROW(socket_unix), ROW(socket_netlink), ROW(pair_of_sockets),
    ROW(connect_out), ROW(bind_more), ROW(listen_more), ROW(execute), ROW(fork_process),
    ROW(clone_process), ROW(signal_parent), ROW(signal_thread), ROW(be_traced), ROW(open_process),
    ROW(read_process), ROW(leave_session), ROW(unshare_files), ROW(map_code), ROW(make_code),
    ROW(memory_file), ROW(share_memory), ROW(read_is_execute), ROW(set_user), ROW(set_group),
    ROW(set_users), ROW(control_process), ROW(other_ioctl), ROW(open_and_empty),
    ROW(truncate_path), ROW(rename_file), ROW(remove_file), ROW(remove_outside),
};

#define ATTEMPTS_COUNT (sizeof(attempts) / sizeof(*attempts))

static void tell(const char *name, int failure)
{
    dprintf(STDERR_FILENO, "misbehave %s %d\n", name, failure);
}

static int try_one(const attempt *one)
{
    errno = 0;
    return one->run() < 0 ? errno : 0;
}

#ifdef MISBEHAVE_FREELY

int main(void)
{
    for (size_t i = 0; i < ATTEMPTS_COUNT; i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            pid_t self = getpid();
            int failure = try_one(&attempts[i]);
            _exit(getpid() == self ? failure : 0); // a child of the child says nothing
        }
        int status = 0;
        waitpid(child, &status, 0);
        tell(attempts[i].name, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
    }
    tell("end", 0);
    return 0;
}

#else

static void misbehave(void)
{
    static bool is_done;
    if (is_done)
        return;
    is_done = true;
    for (size_t i = 0; i < ATTEMPTS_COUNT; i++)
        tell(attempts[i].name, try_one(&attempts[i]));
    tell("end", 0);
}

/* The calls of the C library that the program makes in its stead. */

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags);
int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
    misbehave();
    return (int)syscall(SYS_accept4, fd, address, len, flags);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    misbehave();
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

long syscall(long number, ...)
{
    static long (*real)(long, ...);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_landlock_create_ruleset && getenv("MISBEHAVE_NO_LANDLOCK")) {
        errno = ENOSYS;
        return -1;
    }
    long given[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        given[i] = va_arg(list, long);
    va_end(list);
    return real(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

#endif
