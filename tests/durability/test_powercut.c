/* SPDX-License-Identifier: Apache-2.0
 *
 * Every disk that a power cut may leave while an index is built, updated, merged and cleaned. What
 * was not synced is lost, kept, kept in part or in another order: of the names in a folder any set
 * of the changes since its last sync may have come through, of a file any sectors since its last
 * sync, with zeros or anything else in the place of the others. On each of these disks the newest
 * acknowledged generation, or the one on its way, must be there whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/checksum.h"
#include "common/segment/manifest.h"
#include "tests/durability/disk.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/scenario.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define SECTOR_BYTES 512u
#define FILES_MAX 2048u
#define VERSIONS_MAX 256u /* of an unsynced file */
#define ROUNDS_QUICK 5u
#define ROUNDS_FULL 96u
#define GENERATIONS_MAX (2 * ROUNDS_FULL)
#define STATES_QUICK 20000u
#define STATES_FULL 1000000u
#define RECOVERED_OF 499u /* of so many states, one is gone on with */

/* ---- what happened ---- */

typedef struct history {
    gs_stage stage;
    gs_disk_entry *log;
    size_t log_count;
    size_t returned[GENERATIONS_MAX];    // the log when the commit of a generation returned
    uint64_t checksums[GENERATIONS_MAX]; // of its manifest
    unsigned generations;
    struct {
        char name[GS_DISK_NAME_MAX];
        uint64_t hash;
    } files[FILES_MAX]; // all that any generation names
    size_t files_count;
    char *content; // that a further run comes to
} history;

static uint64_t hash_of(const char *name)
{
    size_t len;
    const uint8_t *data = gs_disk_get(name, &len);
    return data ? gs_checksum(data, len, 1) : 0;
}

static void remember_file(const char *name, void *payload)
{
    history *self = payload;
    assert_true(self->files_count < FILES_MAX);
    snprintf(self->files[self->files_count].name, GS_DISK_NAME_MAX, "%s", name);
    self->files[self->files_count++].hash = hash_of(name);
}

static gsearch_status load(gs_manifest *manifest, gsearch_error *error)
{
    gs_dir *dir;
    gsearch_status status = gs_dir_open(NULL, GS_DISK_INDEX, false, &dir, error);
    if (status)
        return status;
    status = gs_manifest_load(dir, NULL, manifest, error);
    gs_dir_close(dir);
    return status;
}

static void commit(history *self, const gs_scenario *scenario)
{
    assert_ok(scenario->run(&self->stage), &self->stage.error);
    gs_manifest manifest;
    assert_ok(load(&manifest, &self->stage.error), &self->stage.error);
    if (manifest.generation == self->generations)
        return; // nothing was to do
    assert_int_equal(manifest.generation, self->generations + 1);
    self->generations++;
    self->returned[self->generations] = gs_disk_log_count();
    self->checksums[self->generations] = manifest.checksum;
    gs_disk_each_file(&manifest, remember_file, self);
}

/* `len` bytes of random characters: several sectors that do not compress. */
static void put_text(gs_stage *stage, const char *name, size_t len, uint64_t seed)
{
    char text[8192];
    size_t at = 0;
    while (at + 3 <= len) {
        unsigned point = 0x4E00 + (unsigned)gs_test_random_below(&seed, 0x5000);
        text[at++] = (char)(0xE0 | point >> 12);
        text[at++] = (char)(0x80 | (point >> 6 & 0x3F));
        text[at++] = (char)(0x80 | (point & 0x3F));
    }
    gs_stage_put(stage, name, text, at);
}

static history make_history(unsigned rounds)
{
    const gs_scenario *build = &gs_scenarios[0], *merge = &gs_scenarios[3];
    gs_faults_reset();
    gs_disk_clear();
    history self = {.stage = gs_stage_begin(build, GS_DISK_INDEX)};
    commit(&self, build);
    for (unsigned i = 0; i < rounds; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%u.txt", i % 7);
        put_text(&self.stage, name, 64 + i, i);
        put_text(&self.stage, "b.txt", 1024 * (1 + i % 8), i);
        commit(&self, build);
        if (i % 4 == 2)
            commit(&self, merge);
    }
    gs_stage_put(&self.stage, "b.txt", "短", strlen("短"));
    commit(&self, build);
    commit(&self, merge);
    self.content = gs_stage_content(&self.stage, "the history");
    self.log = gs_disk_take_log(&self.log_count);
    return self;
}

static void release_history(history *self)
{
    gs_disk_clear();
    gs_disk_log_free(self->log, self->log_count);
    gs_mem_free(NULL, self->content);
    gs_stage_end(&self->stage);
}

/* ---- what may be left ---- */

typedef struct version {
    uint8_t *data;
    size_t len;
    uint64_t hash;
} version;

typedef struct file {
    version synced, whole;
    size_t dirty_from; // the first byte written since the last sync; SIZE_MAX: none
    version versions[VERSIONS_MAX];
    size_t versions_count; // 0: to be made
} file;

typedef struct world {
    const history *past;
    size_t cut; // entries of the log that were made
    bool has_folder, is_folder_synced;
    file files[FILES_MAX];
    const gs_disk_entry *pending[FILES_MAX]; // changes of names since the last sync
    size_t pending_count;
    struct {
        char name[GS_DISK_NAME_MAX];
        uint32_t inode;
    } names[FILES_MAX]; // that were synced
    size_t names_count;

    uint64_t *seen; // hashes of states, open addressing
    size_t seen_room, states, recovered;
    uint64_t random;
    unsigned subsets_max; // as a power of two
} world;

static version make_version(const uint8_t *data, size_t len)
{
    version made = {.data = malloc(len + 1), .len = len};
    assert_non_null(made.data);
    if (len)
        memcpy(made.data, data, len);
    made.hash = gs_checksum(made.data, len, 1);
    return made;
}

static void drop_versions(file *self)
{
    for (size_t i = 0; i < self->versions_count; i++)
        free(self->versions[i].data);
    self->versions_count = 0;
}

static version *add_version(file *self, size_t len)
{
    version *made = &self->versions[self->versions_count++];
    *made = make_version(self->whole.data, len);
    return made;
}

/* Nothing since the sync, all of it, a torn end, a sector that is missing, and the right length
 * with zeros or anything else in it. */
static void make_versions(file *self, uint64_t *random)
{
    const version *whole = &self->whole;
    self->versions[self->versions_count++] = make_version(self->synced.data, self->synced.len);
    add_version(self, whole->len);
    size_t first = self->dirty_from / SECTOR_BYTES * SECTOR_BYTES;
    for (size_t at = first; at < whole->len && self->versions_count + 4 < VERSIONS_MAX;
         at += SECTOR_BYTES) {
        size_t len = whole->len - at < SECTOR_BYTES ? whole->len - at : SECTOR_BYTES;
        add_version(self, at);
        memset(add_version(self, whole->len)->data + at, 0, len);
    }
    if (whole->len > self->dirty_from) {
        memset(add_version(self, whole->len)->data + self->dirty_from, 0,
               whole->len - self->dirty_from);
        version *garbage = add_version(self, whole->len);
        for (size_t i = self->dirty_from; i < whole->len; i++)
            garbage->data[i] = (uint8_t)gs_test_random(random);
    }
    for (size_t i = 0; i < self->versions_count; i++)
        self->versions[i].hash = gs_checksum(self->versions[i].data, self->versions[i].len, 1);
}

static void set_whole(file *self, size_t len)
{
    self->whole.data = realloc(self->whole.data, len + 1);
    assert_non_null(self->whole.data);
    if (len > self->whole.len)
        memset(self->whole.data + self->whole.len, 0, len - self->whole.len);
    self->whole.len = len;
}

static void change_file(file *self, const gs_disk_entry *entry)
{
    drop_versions(self);
    if (entry->kind == GS_DISK_SYNC) {
        free(self->synced.data);
        self->synced = make_version(self->whole.data, self->whole.len);
        self->dirty_from = SIZE_MAX;
        return;
    }
    size_t end = (size_t)entry->offset + entry->len;
    if (entry->kind == GS_DISK_CUT || end > self->whole.len)
        set_whole(self, end);
    if (entry->len)
        memcpy(self->whole.data + entry->offset, entry->data, entry->len);
    if (entry->offset < self->dirty_from)
        self->dirty_from = (size_t)entry->offset;
}

/* ---- names ---- */

static void set_name(world *self, const char *name, uint32_t inode)
{
    size_t i = 0;
    while (i < self->names_count && strcmp(self->names[i].name, name) != 0)
        i++;
    if (i == self->names_count)
        snprintf(self->names[self->names_count++].name, GS_DISK_NAME_MAX, "%s", name);
    self->names[i].inode = inode;
}

static void remove_name(world *self, const char *name)
{
    for (size_t i = 0; i < self->names_count; i++) {
        if (strcmp(self->names[i].name, name) == 0) {
            self->names[i] = self->names[--self->names_count];
            return;
        }
    }
}

static void apply(world *self, const gs_disk_entry *entry)
{
    if (entry->kind == GS_DISK_RENAME || entry->kind == GS_DISK_REMOVE)
        remove_name(self, entry->name);
    if (entry->kind == GS_DISK_CREATE)
        set_name(self, entry->name, entry->inode);
    if (entry->kind == GS_DISK_RENAME || entry->kind == GS_DISK_LINK)
        set_name(self, entry->to, entry->inode);
}

static void advance(world *self, const gs_disk_entry *entry)
{
    switch (entry->kind) {
    case GS_DISK_MAKE_FOLDER:
        self->has_folder = true;
        break;
    case GS_DISK_SYNC_ROOT:
        self->is_folder_synced = self->has_folder;
        break;
    case GS_DISK_SYNC_FOLDER:
        for (size_t i = 0; i < self->pending_count; i++)
            apply(self, self->pending[i]);
        self->pending_count = 0;
        break;
    case GS_DISK_WRITE:
    case GS_DISK_CUT:
    case GS_DISK_SYNC:
        change_file(&self->files[entry->inode], entry);
        break;
    default:
        self->pending[self->pending_count++] = entry;
    }
    self->cut++;
}

/* ---- one disk ---- */

static void check_file(const char *name, void *payload)
{
    const world *self = payload;
    for (size_t i = 0; i < self->past->files_count; i++) {
        if (strcmp(self->past->files[i].name, name) != 0)
            continue;
        if (hash_of(name) != self->past->files[i].hash)
            fail_msg("after %zu changes: %s is not what was written", self->cut, name);
        return;
    }
    fail_msg("after %zu changes: %s was never written", self->cut, name);
}

static void check_state(world *self)
{
    const history *past = self->past;
    unsigned acknowledged = 0;
    while (acknowledged < past->generations && past->returned[acknowledged + 1] <= self->cut)
        acknowledged++;
    gs_manifest manifest;
    gsearch_error error;
    gsearch_status status = load(&manifest, &error);
    if (status == GSEARCH_NO_INDEX && acknowledged == 0)
        return;
    if (status)
        fail_msg("after %zu changes: %s", self->cut, error.message);
    if (manifest.degraded)
        fail_msg("after %zu changes: the newest generation is damaged", self->cut);
    if (manifest.generation < acknowledged || manifest.generation > acknowledged + 1)
        fail_msg("after %zu changes: generation %u was acknowledged, %u is there", self->cut,
                 acknowledged, (unsigned)manifest.generation);
    assert_true(manifest.checksum == past->checksums[manifest.generation]);
    gs_disk_each_file(&manifest, check_file, self);
}

/* The next run begins on this disk and comes to the same end. */
static void check_recovery(world *self)
{
    history *past = (history *)(uintptr_t)self->past;
    char where[64];
    snprintf(where, sizeof(where), "going on after %zu changes", self->cut);
    assert_ok(gs_scenarios[0].run(&past->stage), &past->stage.error);
    char *content = gs_stage_content(&past->stage, where);
    if (strcmp(content, past->content) != 0)
        fail_msg("%s: other content", where);
    for (size_t i = 0; i < gs_disk_count(); i++)
        if (strncmp(gs_disk_name(i), ".tmp-", 5) == 0)
            fail_msg("%s: %s stays", where, gs_disk_name(i));
    assert_int_equal(gs_disk_open_count(), 0);
    gs_mem_free(NULL, content);
    self->recovered++;
}

static bool is_new(world *self, uint64_t hash)
{
    if (2 * self->states >= self->seen_room) {
        size_t room = self->seen_room ? 2 * self->seen_room : 1 << 16;
        uint64_t *old = self->seen;
        self->seen = calloc(room, sizeof(*self->seen));
        assert_non_null(self->seen);
        for (size_t i = 0; i < self->seen_room; i++) {
            size_t at = old[i] & (room - 1);
            while (old[i] && self->seen[at])
                at = (at + 1) & (room - 1);
            if (old[i])
                self->seen[at] = old[i];
        }
        free(old);
        self->seen_room = room;
    }
    hash |= 1; // 0 is a free place
    size_t at = hash & (self->seen_room - 1);
    while (self->seen[at] && self->seen[at] != hash)
        at = (at + 1) & (self->seen_room - 1);
    if (self->seen[at])
        return false;
    self->seen[at] = hash;
    return true;
}

/* The version of a file in a state that is about one unsynced file: the others are as `rest`. */
static const version *choose(const file *of, const file *about, size_t chosen, size_t rest)
{
    if (!of->versions_count)
        return of->dirty_from == SIZE_MAX ? &of->synced : &of->whole;
    return &of->versions[of == about ? chosen : rest];
}

/* The disk with these names, if it was not met before. */
static void try_state(world *names, world *self, const file *about, size_t chosen, size_t rest)
{
    uint64_t hash = self->is_folder_synced;
    for (size_t i = 0; i < names->names_count; i++) {
        const version *content = choose(&self->files[names->names[i].inode], about, chosen, rest);
        const char *name = names->names[i].name;
        hash += gs_checksum(name, strlen(name), content->hash);
    }
    if (!is_new(self, hash))
        return;
    self->states++;
    gs_disk_clear();
    gs_disk_make_folder();
    for (size_t i = 0; i < names->names_count; i++) {
        const version *content = choose(&self->files[names->names[i].inode], about, chosen, rest);
        gs_disk_put(names->names[i].name, content->data, content->len);
    }
    check_state(self);
    if (self->states % RECOVERED_OF == 0)
        check_recovery(self);
}

/* ---- all of them ---- */

static void try_names(world *self, uint64_t subset)
{
    static world names; // only its names are used
    names.names_count = self->names_count;
    memcpy(names.names, self->names, self->names_count * sizeof(*self->names));
    for (size_t i = 0; i < self->pending_count; i++)
        if (subset >> (i % 64) & 1)
            apply(&names, self->pending[i]);
    file *unsynced[FILES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < names.names_count; i++) {
        file *about = &self->files[names.names[i].inode];
        if (about->dirty_from == SIZE_MAX || strcmp(names.names[i].name, "LOCK") == 0)
            continue;
        if (!about->versions_count)
            make_versions(about, &self->random);
        unsynced[count++] = about;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t chosen = 0; chosen < unsynced[i]->versions_count; chosen++)
            for (size_t rest = 0; rest < 2 && rest < count; rest++)
                try_state(&names, self, unsynced[i], chosen, rest);
    if (!count)
        try_state(&names, self, NULL, 0, 0);
}

static void try_cut(world *self)
{
    if (!self->is_folder_synced && self->has_folder) {
        gs_disk_clear();
        check_state(self); // the folder itself is gone
    }
    size_t count = self->pending_count;
    if (count <= self->subsets_max) {
        for (uint64_t subset = 0; subset < 1ull << count; subset++)
            try_names(self, subset);
        return;
    }
    for (size_t i = 0; i <= count; i++)
        try_names(self, (1ull << i) - 1); // in order up to there
    for (size_t i = 0; i < count; i++) {
        try_names(self, 1ull << i);    // this one alone
        try_names(self, ~(1ull << i)); // all but this one
    }
    for (uint64_t i = 0; i < 1ull << self->subsets_max; i++)
        try_names(self, gs_test_random(&self->random));
}

static void no_power_cut_takes_what_was_acknowledged(void **state)
{
    (void)state;
    bool is_full = getenv("GS_TEST_FULL") != NULL;
    history past = make_history(is_full ? ROUNDS_FULL : ROUNDS_QUICK);
    world *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    self->past = &past;
    self->subsets_max = is_full ? 9 : 6;
    for (size_t i = 0; i < FILES_MAX; i++) {
        self->files[i].dirty_from = SIZE_MAX;
        self->files[i].synced = make_version(NULL, 0);
    }
    try_cut(self);
    for (size_t i = 0; i < past.log_count; i++) {
        advance(self, &past.log[i]);
        try_cut(self);
    }
    printf("# figure: disks after a power cut: %zu different ones, %zu of them gone on with, over "
           "%zu changes in %u generations\n",
           self->states, self->recovered, past.log_count, past.generations);
    assert_true(self->states >= (is_full ? STATES_FULL : STATES_QUICK));
    assert_true(self->recovered > 0);
    for (size_t i = 0; i < FILES_MAX; i++) {
        drop_versions(&self->files[i]);
        free(self->files[i].synced.data);
        free(self->files[i].whole.data);
    }
    free(self->seen);
    free(self);
    release_history(&past);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_power_cut_takes_what_was_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
