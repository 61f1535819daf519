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

#include "common/base/checksum.h"
#include "tests/durability/disk.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/scenario.h"
#include "tests/support/check.h"

#define CASES_QUICK 500u
#define CASES_FULL 6000u
#define KNOWN_MAX 256u

typedef struct fault {
    const char *name;
    int error;     // 0: the transfer is cut
    size_t cut_to; // as in gs_faults
    gsearch_status status;
} fault;

/* The status words of docs/PROTOCOL.md, by what the kernel says. */
static const fault list[] = {
    {"EIO", EIO, 0, GSEARCH_IO},
    {"ENOSPC", ENOSPC, 0, GSEARCH_NO_SPACE},
    {"EDQUOT", EDQUOT, 0, GSEARCH_NO_SPACE},
    {"EFBIG", EFBIG, 0, GSEARCH_IO},
    {"EROFS", EROFS, 0, GSEARCH_DENIED},
    {"EACCES", EACCES, 0, GSEARCH_DENIED},
    {"EMFILE", EMFILE, 0, GSEARCH_IO},
    {"ENOMEM", ENOMEM, 0, GSEARCH_NO_MEMORY},
    {"EINTR", EINTR, 0, GSEARCH_IO},
    {"one byte", 0, 1, GSEARCH_OK},
    {"all but one byte", 0, SIZE_MAX, GSEARCH_OK},
};
#define FAULTS (sizeof(list) / sizeof(*list))

typedef struct sweep {
    const gs_scenario *scenario;
    gs_stage stage;
    gs_disk_image *before;
    char *old, *new;
    long blocks, descriptors;
    struct {
        uint64_t disk;
        const char *content;
    } known[KNOWN_MAX]; // disks that were looked at
    size_t known_count;
    char where[128];
} sweep;

/* Of all files but the lock and temporary ones. */
static uint64_t hash_disk(void)
{
    uint64_t hash = gs_disk_has_folder();
    for (size_t i = 0; i < gs_disk_count(); i++) {
        const char *name = gs_disk_name(i);
        size_t len;
        const uint8_t *data = gs_disk_get(name, &len);
        if (name[0] != '.' && strcmp(name, "LOCK") != 0)
            hash += gs_checksum(name, strlen(name), gs_checksum(data, len, 1));
    }
    return hash;
}

static void check_content(sweep *self, const char *wanted)
{
    uint64_t disk = hash_disk();
    for (size_t i = 0; i < self->known_count; i++)
        if (self->known[i].disk == disk && self->known[i].content == wanted)
            return;
    char *content = gs_stage_content(&self->stage, self->where);
    if (strcmp(content, wanted) != 0)
        fail_msg("%s: neither the old nor the new content", self->where);
    gs_mem_free(NULL, content);
    if (self->known_count < KNOWN_MAX) {
        self->known[self->known_count].disk = disk;
        self->known[self->known_count++].content = wanted;
    }
}

static bool is_transfer(const gs_faults *faults)
{
    return faults->hit_call == GS_CALL_READ || faults->hit_call == GS_CALL_WRITE;
}

/* What is done over and over until it is done. */
static bool must_succeed(const fault *injected, const gs_faults *faults)
{
    return injected->error == 0 || (is_transfer(faults) && injected->error == EINTR);
}

/* Beside that, what may fail without harm. */
static bool may_succeed(const fault *injected, const gs_faults *faults)
{
    if (must_succeed(injected, faults))
        return true;
    return faults->hit_call >= GS_CALL_CHANGES || faults->hit_call == GS_CALL_REMOVE;
}

static void check_status(sweep *self, const fault *injected, gsearch_status status)
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
    bool is_damage = status == GSEARCH_CORRUPT && injected->error == EIO &&
                     faults->hit_call >= GS_CALL_CHANGES;
    bool is_wrong = status != injected->status || must_succeed(injected, faults);
    if (is_wrong && !is_skipped && !is_damage)
        fail_msg("%s: status %d: %s", self->where, status, self->stage.error.message);
    if (!self->stage.error.message[0])
        fail_msg("%s: no message", self->where);
}

static void check_left(sweep *self)
{
    const gs_faults *faults = gs_faults_here();
    for (size_t i = 0; i < gs_disk_count() && !faults->remove_failed; i++)
        if (strncmp(gs_disk_name(i), ".tmp-", 5) == 0)
            fail_msg("%s: %s is left", self->where, gs_disk_name(i));
    if (gs_disk_open_count() || faults->descriptors != self->descriptors)
        fail_msg("%s: a descriptor is left open", self->where);
    if (faults->blocks != self->blocks)
        fail_msg("%s: %ld blocks of memory are left", self->where, faults->blocks - self->blocks);
}

/* Returns 1, or 0 if there was nothing to cut. */
static unsigned try_fault(sweep *self, const fault *injected, unsigned at, bool for_good)
{
    gs_faults *faults = gs_faults_here();
    snprintf(self->where, sizeof(self->where), "%s, call %u: %s%s", self->scenario->name, at,
             injected->name, for_good ? " and all after it" : "");
    gs_disk_restore(self->before);
    gs_faults_reset();
    faults->at = at;
    faults->for_good = for_good;
    faults->error = injected->error;
    faults->cut_to = injected->cut_to;
    faults->is_on = true;
    gsearch_status status = self->scenario->run(&self->stage);
    faults->is_on = false;
    assert_true(faults->is_hit);
    check_status(self, injected, status);
    check_left(self);
    check_content(self, !status || faults->has_manifest ? self->new : self->old);
    assert_ok(self->scenario->run(&self->stage), &self->stage.error);
    check_content(self, self->new);
    faults->remove_failed = false;
    check_left(self);
    return injected->error || (is_transfer(faults) && faults->hit_len > 1);
}

static unsigned try_all(const gs_scenario *scenario, bool is_full)
{
    gs_disk_clear();
    gs_faults_reset();
    gs_faults *faults = gs_faults_here();
    sweep self = {.scenario = scenario, .stage = gs_stage_begin(scenario, GS_DISK_INDEX)};
    self.before = gs_disk_save();
    self.old = gs_stage_content(&self.stage, "before");
    faults->is_on = true;
    assert_ok(scenario->run(&self.stage), &self.stage.error);
    faults->is_on = false;
    unsigned calls = faults->calls, cases = 0;
    self.new = gs_stage_content(&self.stage, "after");
    self.blocks = faults->blocks;
    self.descriptors = faults->descriptors;
    for (unsigned at = 1; at <= calls; at++) {
        bool is_moving = false; // is the call about bytes?
        for (size_t i = 0; i < FAULTS; i++) {
            // a quick run takes EIO, what belongs to transfers, and the others in turn
            bool is_taken = i == 0 || i == at % FAULTS ||
                            (is_moving && (!list[i].error || list[i].error == EINTR));
            if (!is_full && !is_taken)
                continue;
            cases += try_fault(&self, &list[i], at, false);
            is_moving = is_transfer(faults);
            // what is interrupted for good is tried for good
            if (is_full && list[i].error != EINTR)
                cases += try_fault(&self, &list[i], at, true);
        }
    }
    gs_disk_clear();
    gs_disk_image_free(self.before);
    gs_mem_free(NULL, self.old);
    gs_mem_free(NULL, self.new);
    gs_stage_end(&self.stage);
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
