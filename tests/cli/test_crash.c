/* SPDX-License-Identifier: Apache-2.0
 *
 * The last words, of a process that goes on: signals are sent as the kernel would send them for a
 * fault, and what would end the process is answered here.
 */
#include "cli/crash.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/check.h"

// nothing but the linker calls this
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static int raised;

int __wrap_raise(int number)
{
    raised = number;
    return 0;
}

/* What the handler of `number` says to stderr, once; with `code` > 0 it is a fault at `address`. */
static void check_words(int number, int code, uintptr_t address, const char *wanted)
{
    int both[2], before = dup(STDERR_FILENO);
    char said[256], expected[256];
    siginfo_t info = {.si_signo = number, .si_code = code};
    info.si_addr = (void *)address;
    assert_int_equal(pipe(both), 0);
    assert_int_equal(dup2(both[1], STDERR_FILENO), STDERR_FILENO);
    raised = 0;
    long failed = syscall(SYS_rt_sigqueueinfo, getpid(), number, &info);
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    close(before);
    close(both[1]);
    assert_int_equal(failed, 0);
    ssize_t len = read(both[0], said, sizeof(said) - 1);
    close(both[0]);
    assert_true(len > 0);
    said[len] = '\0';
    snprintf(expected, sizeof(expected), "%s in process %d: ", wanted, (int)getpid());
    assert_non_null(strstr(said, expected));
    assert_int_equal(said[len - 1], '\n');
    // a fault comes again by itself; what somebody sent has to be sent once more
    assert_int_equal(raised, code > 0 ? 0 : number);
}

/* Those of the test program or of a sanitizer would not be taken away. */
static void forget_handlers(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        signal(numbers[i], SIG_DFL);
}

static void each_signal_has_its_words(void **state)
{
    (void)state;
    forget_handlers();
    gs_crash_report();
    check_words(SIGSEGV, SEGV_MAPERR, 0x10, "SIGSEGV at 0x10");
    check_words(SIGBUS, BUS_ADRERR, 0, "SIGBUS at 0x0");
    check_words(SIGILL, ILL_ILLOPC, 0xabcdef0123456789u, "SIGILL at 0xabcdef0123456789");
    check_words(SIGFPE, SI_QUEUE, 0, "SIGFPE");
    check_words(SIGABRT, SI_TKILL, 0, "SIGABRT");
}

static void who_handles_a_signal_already_keeps_it(void **state)
{
    (void)state;
    struct sigaction now;
    signal(SIGSEGV, SIG_IGN);
    gs_crash_report();
    assert_int_equal(sigaction(SIGSEGV, NULL, &now), 0);
    assert_true(now.sa_handler == SIG_IGN);
    signal(SIGSEGV, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signal_has_its_words),
        cmocka_unit_test(who_handles_a_signal_already_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
