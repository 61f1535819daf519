/* SPDX-License-Identifier: Apache-2.0
 *
 * A second fault while a first one is cleaned up, or in the next run, which has to recover from it
 * and to clean: pairs drawn at random, by a seed that is printed and that $GS_TEST_SEED sets. A
 * first run meets an error, a full disk, or its end, which is that no call has an effect any more;
 * the second fault is an error, once or for good. Whatever comes together, the index is the old or
 * the new one, the one that was acknowledged if one was, and the run after both comes to the end
 * that it would have had and leaves nothing of theirs behind.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/trial.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#ifdef __SANITIZE_ADDRESS__ /* ten times as slow */
#define PAIRS_QUICK 500u
#else
#define PAIRS_QUICK 10000u
#endif
#define PAIRS_FULL 200000u
#define SEED 20261128u
#define BLOCK_BYTES 4096u
#define FILES_MAX 256u

typedef struct pair {
    unsigned at;         // of the first fault
    const gs_fault *one; // NULL: a full disk,
    uint64_t bound;      // with room for so many bytes
    bool is_end;         // of the first run
    const gs_fault *two;
    unsigned then_after; // calls later in the same run; 0: in the next,
    unsigned then_at;    // at this one
    bool two_for_good;
} pair;

static bool may_leave; // a temporary file of this pair could not be removed
static unsigned in_one_run, in_the_next, second_hits;

static pair draw(const gs_trial *trial, uint64_t needed, uint64_t *random)
{
    pair drawn = {.at = 1 + (unsigned)gs_test_random_below(random, trial->calls),
                  .one = &gs_fault_list[gs_test_random_below(random, GS_ERRORS)],
                  .two = &gs_fault_list[gs_test_random_below(random, GS_ERRORS)],
                  .then_at = 1 + (unsigned)gs_test_random_below(random, trial->calls),
                  .two_for_good = gs_test_random_below(random, 2)};
    switch (gs_test_random_below(random, 4)) {
    case 0: // both in one run
    case 1:
        drawn.then_after = 1 + (unsigned)gs_test_random_below(random, 12);
        break;
    case 2:
        drawn.is_end = true;
        break;
    default:
        drawn.one = NULL;
        drawn.bound = 1 + BLOCK_BYTES * gs_test_random_below(random, needed / BLOCK_BYTES + 1);
    }
    // what is interrupted for good is tried for good
    if (drawn.one && drawn.one->error == EINTR)
        drawn.is_end = false;
    if (drawn.two->error == EINTR)
        drawn.two_for_good = false;
    return drawn;
}

static void describe(gs_trial *trial, const pair *self, uint64_t seed, unsigned number)
{
    snprintf(trial->where, sizeof(trial->where),
             "seed %" PRIu64 ", pair %u: %s, call %u: %s%s; then, %s %u: %s%s", seed, number,
             trial->scenario->name, self->at, self->one ? self->one->name : "a full disk",
             self->is_end ? " and the end" : "",
             self->then_after ? "calls later" : "in the next run, call",
             self->then_after ? self->then_after : self->then_at, self->two->name,
             self->two_for_good ? " and all after it" : "");
}

/* The run may have failed by either fault, by an input that could not be read, or by a generation
 * that the disk did not give back. */
static void check_status(gs_trial *trial, gsearch_status status, gsearch_status one,
                         gsearch_status two)
{
    bool is_told = status == one || status == two || status == GSEARCH_CORRUPT ||
                   (gs_faults_here()->hit_input && status == GSEARCH_NOT_FOUND);
    if (status && !is_told)
        fail_msg("%s: status %d: %s", trial->where, status, trial->stage.error.message);
    if (status && !trial->stage.error.message[0])
        fail_msg("%s: no message", trial->where);
}

/* One run under a plan; returns what the index must hold after it, `held` being what it held. */
static const char *run(gs_trial *trial, const char *held, gsearch_status one, gsearch_status two)
{
    gs_faults *faults = gs_faults_here();
    gsearch_status status = gs_trial_run(trial);
    check_status(trial, status, one, two);
    may_leave = may_leave || faults->remove_failed;
    faults->remove_failed = may_leave;
    if (!status || faults->has_manifest)
        held = trial->new;
    gs_trial_check_content(trial, held);
    gs_trial_check_left(trial);
    return held;
}

static const char *run_first(gs_trial *trial, const pair *self)
{
    gs_faults *faults = gs_faults_here();
    gs_trial_restore(trial);
    faults->then_after = self->then_after;
    faults->then_error = self->two->error;
    faults->then_for_good = self->two_for_good;
    if (self->one) {
        faults->at = self->at;
        faults->error = self->one->error;
        faults->for_good = self->is_end;
    } else {
        gs_disk_bound(gs_disk_used() + self->bound);
    }
    const char *held = run(trial, trial->old, self->one ? self->one->status : GSEARCH_NO_SPACE,
                           self->then_after ? self->two->status : GSEARCH_OK);
    gs_disk_bound(0);
    in_one_run += self->then_after > 0;
    second_hits += self->then_after && faults->is_hit && faults->calls >= faults->at;
    return held;
}

static const char *run_next(gs_trial *trial, const pair *self, const char *held)
{
    gs_faults *faults = gs_faults_here();
    gs_faults_reset();
    faults->at = self->then_at;
    faults->error = self->two->error;
    faults->for_good = self->two_for_good;
    held = run(trial, held, self->two->status, GSEARCH_OK);
    in_the_next++;
    second_hits += faults->is_hit;
    return held;
}

typedef struct inventory {
    bool is_named[FILES_MAX]; // by a manifest
    unsigned manifests;
} inventory;

static void note_named(const char *name, void *payload)
{
    inventory *self = payload;
    for (size_t i = 0; i < gs_disk_count(); i++)
        if (strcmp(gs_disk_name(i), name) == 0)
            self->is_named[i] = true;
}

/* Nothing but the lock and the files of two generations. */
static void check_files(const gs_trial *trial)
{
    inventory found = {0};
    gs_manifest manifest;
    gsearch_error error;
    size_t len;
    assert_true(gs_disk_count() <= FILES_MAX);
    for (size_t i = 0; i < gs_disk_count(); i++) {
        const char *name = gs_disk_name(i);
        if (strcmp(name, "LOCK") == 0)
            found.is_named[i] = true;
        if (strncmp(name, "manifest-", 9) != 0)
            continue;
        const uint8_t *data = gs_disk_get(name, &len);
        assert_ok(gs_manifest_parse(gs_bytes_of(data, len), &manifest, &error), &error);
        gs_disk_each_file(&manifest, note_named, &found);
        found.is_named[i] = true;
        found.manifests++;
    }
    assert_in_range(found.manifests, 1, GS_GENERATIONS_KEPT);
    for (size_t i = 0; i < gs_disk_count(); i++)
        if (!found.is_named[i])
            fail_msg("%s: %s is left", trial->where, gs_disk_name(i));
}

/* The end that all must come to. */
static void run_last(gs_trial *trial)
{
    gs_faults_reset();
    assert_ok(gs_trial_run(trial), &trial->stage.error);
    gs_trial_check_content(trial, trial->new);
    gs_trial_check_left(trial);
    check_files(trial);
}

static uint64_t seed_of_this_run(void)
{
    const char *given = getenv("GS_TEST_SEED");
    uint64_t seed = SEED;
    if (given)
        assert_int_equal(sscanf(given, "%" SCNu64, &seed), 1);
    return seed;
}

static void two_faults_harm_no_more_than_one(void **state)
{
    (void)state;
    static gs_trial trial;
    unsigned pairs = getenv("GS_TEST_FULL") ? PAIRS_FULL : PAIRS_QUICK;
    uint64_t seed = seed_of_this_run(), random = seed;
    for (size_t i = 0; i < GS_SCENARIOS; i++) {
        gs_trial_begin(&trial, &gs_scenarios[i]);
        uint64_t needed = gs_disk_used();
        for (unsigned number = 0; number < pairs / GS_SCENARIOS; number++) {
            pair self = draw(&trial, needed, &random);
            describe(&trial, &self, seed, number);
            may_leave = false;
            const char *held = run_first(&trial, &self);
            if (!self.then_after)
                run_next(&trial, &self, held);
            run_last(&trial);
        }
        gs_trial_end(&trial);
    }
    printf("# figure: pairs of faults, seed %" PRIu64 ": %u in one run, %u in two; of the second "
           "faults %u met a call\n",
           seed, in_one_run, in_the_next, second_hits);
    assert_int_equal(in_one_run + in_the_next, pairs);
    assert_true(second_hits > pairs / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_faults_harm_no_more_than_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
