/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the SIGBUS handler of the programs and the table of the maps that it watches over: the one
 * piece of process-wide state beside the choice of kernels. No part of libgsearch.
 */
#include "common/base/mapguard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED_MAPS_MAX 4096

/* The signal handler may look at any slot at any time: `start` is set last when a slot is filled
 * and cleared first when it is given back. */
struct gs_guarded {
    atomic_bool taken;
    atomic_bool lost;
    atomic_uintptr_t start; // 0 while not in use
    atomic_size_t len;
};

static gs_guarded slots[GUARDED_MAPS_MAX];
static struct sigaction previous;
static uintptr_t page_bytes;

gs_guarded *gs_guard_watch(const void *pages, size_t len)
{
    for (size_t i = 0; i < GUARDED_MAPS_MAX; i++) {
        bool expected = false;
        if (!atomic_compare_exchange_strong(&slots[i].taken, &expected, true))
            continue;
        atomic_store(&slots[i].len, len);
        atomic_store(&slots[i].start, (uintptr_t)pages);
        return &slots[i];
    }
    return NULL;
}

bool gs_guard_lost(const gs_guarded *guarded)
{
    return atomic_load(&guarded->lost);
}

void gs_guard_release(gs_guarded *guarded)
{
    atomic_store(&guarded->start, 0);
    atomic_store(&guarded->lost, false);
    atomic_store(&guarded->taken, false);
}

static gs_guarded *find_slot(uintptr_t address)
{
    for (size_t i = 0; i < GUARDED_MAPS_MAX; i++) {
        uintptr_t start = atomic_load(&slots[i].start);
        if (start && address >= start && address - start < atomic_load(&slots[i].len))
            return &slots[i];
    }
    return NULL;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    // `si_code` is positive only for faults; otherwise somebody sent the signal
    gs_guarded *slot = info->si_code > 0 ? find_slot(address) : NULL;
    if (slot) {
        int saved = errno;
        void *page = (void *)(address & ~(page_bytes - 1));
        void *zeros = mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                           -1, 0);
        errno = saved;
        if (zeros != MAP_FAILED) {
            atomic_store(&slot->lost, true);
            return;
        }
    }
    sigaction(number, &previous, NULL);
    if (info->si_code <= 0)
        raise(number); // a fault comes again by itself
}

gsearch_status gs_map_guard(gsearch_error *err)
{
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, &previous))
        return gs_fail_errno(err, errno, "cannot handle SIGBUS");
    return GSEARCH_OK;
}
