/* SPDX-License-Identifier: Apache-2.0
 *
 * Every call to the system fails once, or that one and all after it, with every errno that it may
 * have, or moves fewer bytes than asked for. The run must end with the status of that errno, leave
 * the old generation or, once its manifest has its name, the new one, and leave no temporary file,
 * no descriptor and no memory behind; the next run must come to the end that it would have had.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/segment/manifest.h"
#include "tests/durability/disk.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/trial.h"
#include "tests/support/check.h"

#define CASES_QUICK 500u
#define CASES_FULL 6000u
static bool is_transfer(const gs_faults *faults)
{
    return faults->hit_call == GS_CALL_READ || faults->hit_call == GS_CALL_WRITE;
}

/* What is done over and over until it is done. */
static bool must_succeed(const gs_fault *injected, const gs_faults *faults)
{
    return injected->error == 0 || (is_transfer(faults) && injected->error == EINTR);
}

/* Beside that, what may fail without harm. */
static bool may_succeed(const gs_fault *injected, const gs_faults *faults)
{
    if (must_succeed(injected, faults))
        return true;
    switch (faults->hit_call) {
    case GS_CALL_REMOVE: // what is left, the next run removes
    case GS_CALL_LIST:   // what to remove is looked for
    case GS_CALL_LOOK:
    case GS_CALL_OPEN: // older generations are looked at for what they need
    case GS_CALL_READ:
    case GS_CALL_CLOSE: // of what was synced before, or only read
    case GS_CALL_MAP: // then it is read
    case GS_CALL_RANDOM: // hash tables have another seed to fall back on
        return true;
    default:
        return false;
    }
}

static void check_status(gs_trial *self, const gs_fault *injected, gsearch_status status)
{
    const gs_faults *faults = gs_faults_here();
    if (!status) {
        if (!may_succeed(injected, faults))
            fail_msg("%s: taken for a success", self->where);
        return;
    }
    bool is_skipped =
        faults->hit_input && (status == GSEARCH_CORRUPT || status == GSEARCH_NOT_FOUND);
    // a generation that the disk does not give back is a damaged one
    bool is_damage =
        status == GSEARCH_CORRUPT && injected->error == EIO && faults->hit_call >= GS_CALL_CHANGES;
    bool is_wrong = status != injected->status || must_succeed(injected, faults);
    if (is_wrong && !is_skipped && !is_damage)
        fail_msg("%s: status %d: %s", self->where, status, self->stage.error.message);
    if (!self->stage.error.message[0])
        fail_msg("%s: no message", self->where);
}

/* The newest generation that the disk has a manifest of, not above `most`; 0: none. */
static uint64_t newest_up_to(uint64_t most)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < gs_disk_count(); i++) {
        uint64_t generation = gs_manifest_generation(gs_disk_name(i));
        if (generation > newest && generation <= most)
            newest = generation;
    }
    return newest;
}

/* Two generations stay: the one before the run, too, unless the run made more than one. */
static void check_generations(const gs_trial *self, uint64_t before)
{
    if (newest_up_to(UINT64_MAX) <= before + 1 && newest_up_to(before) != before)
        fail_msg("%s: generation %llu is gone", self->where, (unsigned long long)before);
}

/* Returns 1, or 0 if there was nothing to cut. */
static unsigned try_fault(gs_trial *self, const gs_fault *injected, unsigned at, bool for_good)
{
    gs_faults *faults = gs_faults_here();
    snprintf(self->where, sizeof(self->where), "%s, call %u: %s%s", self->scenario->name, at,
             injected->name, for_good ? " and all after it" : "");
    gs_trial_restore(self);
    faults->at = at;
    faults->for_good = for_good;
    faults->error = injected->error;
    faults->cut_to = injected->cut_to;
    uint64_t before = newest_up_to(UINT64_MAX);
    gsearch_status status = gs_trial_run(self);
    assert_true(faults->is_hit);
    check_generations(self, before);
    check_status(self, injected, status);
    gs_trial_check_left(self);
    gs_trial_check_content(self, !status || faults->has_manifest ? self->new : self->old);
    assert_ok(self->scenario->run(&self->stage), &self->stage.error);
    gs_trial_check_content(self, self->new);
    faults->remove_failed = false;
    gs_trial_check_left(self);
    return injected->error || (is_transfer(faults) && faults->hit_len > 1);
}

static unsigned try_all(const gs_scenario *scenario, bool is_full)
{
    static gs_trial self;
    const gs_faults *faults = gs_faults_here();
    unsigned cases = 0;
    gs_trial_begin(&self, scenario);
    for (unsigned at = 1; at <= self.calls; at++) {
        bool is_moving = false; // is the call about bytes?
        for (size_t i = 0; i < GS_FAULTS; i++) {
            // a quick run takes EIO, what belongs to transfers, and the others in turn
            bool is_taken =
                i == 0 || i == at % GS_FAULTS ||
                (is_moving && (!gs_fault_list[i].error || gs_fault_list[i].error == EINTR));
            if (!is_full && !is_taken)
                continue;
            cases += try_fault(&self, &gs_fault_list[i], at, false);
            is_moving = is_transfer(faults);
            // what is interrupted for good is tried for good
            if (is_full && gs_fault_list[i].error != EINTR)
                cases += try_fault(&self, &gs_fault_list[i], at, true);
        }
    }
    gs_trial_end(&self);
    return cases;
}

static void every_call_may_fail(void **state)
{
    (void)state;
    bool is_full = getenv("GS_TEST_FULL") != NULL;
    unsigned cases = 0;
    for (size_t i = 0; i < GS_SCENARIOS; i++)
        cases += try_all(&gs_scenarios[i], is_full);
    printf("# figure: failures of calls to the system: %u\n", cases);
    assert_true(cases >= (is_full ? CASES_FULL : CASES_QUICK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
