/* SPDX-License-Identifier: Apache-2.0
 *
 * What runs in the handler may be called at any moment: it touches its own stack alone and writes
 * with one call.
 */
#include "cli/crash.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "common/base/sys.h"
#include "gsearch/gsearch.h"

#define STACK_BYTES 16384u

/* Of the main thread, whose own may be what ran out. */
static char stack[STACK_BYTES];

typedef struct line {
    char text[160];
    size_t len;
} line;

static void put(line *out, const char *text)
{
    while (*text && out->len < sizeof(out->text))
        out->text[out->len++] = *text++;
}

static void put_number(line *out, uintptr_t number, unsigned base)
{
    char digits[sizeof(number) * 8 + 1];
    size_t at = sizeof(digits);
    digits[--at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    put(out, digits + at);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    line out = {.len = 0};
    put(&out, "gsearch " GSEARCH_VERSION_TEXT ": ended by SIG");
    put(&out, sigabbrev_np(number));
    if (info->si_code > 0) { // else somebody sent it
        put(&out, " at 0x");
        put_number(&out, (uintptr_t)info->si_addr, 16);
    }
    put(&out, " in process ");
    put_number(&out, (uintptr_t)getpid(), 10);
    put(&out, ": this is a fault of the program; please report it\n");
    (void)!gs_sys_write(STDERR_FILENO, out.text, out.len);
    if (info->si_code <= 0)
        raise(number); // the handler is gone; a fault comes again by itself
}

void gs_crash_report(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    const stack_t room = {.ss_sp = stack, .ss_size = sizeof(stack)};
    sigaltstack(&room, NULL);
    struct sigaction action = {
        .sa_sigaction = on_fault, .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct sigaction known;
        if (sigaction(numbers[i], NULL, &known) == 0 && known.sa_handler == SIG_DFL)
            sigaction(numbers[i], &action, NULL);
    }
}
