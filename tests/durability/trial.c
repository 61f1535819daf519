/* SPDX-License-Identifier: Apache-2.0
 *
 * What trials of faults have in common.
 */
#include "tests/durability/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/checksum.h"
#include "tests/durability/faultysys.h"
#include "tests/support/check.h"

/* The status words of docs/PROTOCOL.md, by what the kernel says. */
const gs_fault gs_fault_list[GS_FAULTS] = {
    {"EIO", EIO, 0, GSEARCH_IO},
    {"ENOSPC", ENOSPC, 0, GSEARCH_NO_SPACE},
    {"EDQUOT", EDQUOT, 0, GSEARCH_NO_SPACE},
    {"EFBIG", EFBIG, 0, GSEARCH_NO_SPACE},
    {"EROFS", EROFS, 0, GSEARCH_DENIED},
    {"EACCES", EACCES, 0, GSEARCH_DENIED},
    {"EMFILE", EMFILE, 0, GSEARCH_IO},
    {"ENOMEM", ENOMEM, 0, GSEARCH_NO_MEMORY},
    {"EINTR", EINTR, 0, GSEARCH_IO},
    {"one byte", 0, 1, GSEARCH_OK},
    {"all but one byte", 0, SIZE_MAX, GSEARCH_OK},
};

void gs_trial_begin(gs_trial *trial, const gs_scenario *scenario)
{
    gs_disk_clear();
    gs_faults_reset();
    gs_faults *faults = gs_faults_here();
    *trial = (gs_trial){.scenario = scenario, .stage = gs_stage_begin(scenario, GS_DISK_INDEX)};
    trial->before = gs_disk_save();
    trial->old = gs_stage_content(&trial->stage, "before");
    assert_ok(gs_trial_run(trial), &trial->stage.error);
    trial->calls = faults->calls;
    trial->new = gs_stage_content(&trial->stage, "after");
    trial->blocks = faults->blocks;
    trial->descriptors = faults->descriptors;
}

void gs_trial_end(gs_trial *trial)
{
    gs_disk_clear();
    gs_disk_image_free(trial->before);
    gs_mem_free(NULL, trial->old);
    gs_mem_free(NULL, trial->new);
    gs_stage_end(&trial->stage);
}

void gs_trial_restore(gs_trial *trial)
{
    gs_disk_restore(trial->before);
    gs_faults_reset();
}

gsearch_status gs_trial_run(gs_trial *trial)
{
    gs_faults *faults = gs_faults_here();
    faults->is_on = true;
    gsearch_status status = trial->scenario->run(&trial->stage);
    faults->is_on = false;
    return status;
}

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

void gs_trial_check_content(gs_trial *trial, const char *wanted)
{
    uint64_t disk = hash_disk();
    for (size_t i = 0; i < trial->known_count; i++)
        if (trial->known[i].disk == disk && trial->known[i].content == wanted)
            return;
    char *content = gs_stage_content(&trial->stage, trial->where);
    if (strcmp(content, wanted) != 0)
        fail_msg("%s: neither the old nor the new content", trial->where);
    gs_mem_free(NULL, content);
    if (trial->known_count < GS_TRIAL_KNOWN_MAX) {
        trial->known[trial->known_count].disk = disk;
        trial->known[trial->known_count++].content = wanted;
    }
}

void gs_trial_check_left(const gs_trial *trial)
{
    const gs_faults *faults = gs_faults_here();
    for (size_t i = 0; i < gs_disk_count() && !faults->remove_failed; i++)
        if (strncmp(gs_disk_name(i), ".tmp-", 5) == 0)
            fail_msg("%s: %s is left", trial->where, gs_disk_name(i));
    if (gs_disk_open_count() || faults->descriptors != trial->descriptors)
        fail_msg("%s: a descriptor is left open", trial->where);
    if (faults->blocks != trial->blocks)
        fail_msg("%s: %ld blocks of memory are left", trial->where, faults->blocks - trial->blocks);
}
