/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole index is damaged in every way that leaves a trace: bytes changed, files cut, lengthened,
 * swapped, taken away or from another time, blocks of them zeroed, repeated or swapped. What
 * `gsearch verify` runs must name each damaged file; a query must end in an error or in exactly the
 * answer of the generation that it names, which a slow search has confirmed before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "indexer/audit.h"
#include "query/index.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/reference.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define SUBSTITUTIONS_QUICK 65536u
#define SUBSTITUTIONS_FULL (65536u * 255u)
#define TRAILING_MAX 4096u
#define VALUES 255u /* that a byte does not have */
#define WORKERS_MAX 64u
#if defined(__SANITIZE_ADDRESS__) /* slow */
#define STEP_BYTES 8u
#else
#define STEP_BYTES 1u
#endif
#define STEP_QUICK (9u * STEP_BYTES) /* of all else that is swept */

static gs_reference reference;

/* Of one worker, or the sum of them. */
typedef struct tally {
    uint64_t cases;    // of damage
    uint64_t found;    // by verify
    uint64_t refused;  // indexes that did not open
    uint64_t asked;    // queries
    uint64_t failed;   // of these with an error; all others were right
    uint64_t degraded; // indexes that opened with the generation before
    char what[256];    // is being tried
    int status;        // of the worker
} tally;

typedef struct sweep {
    tally *own;
    gs_buf answer;
    unsigned worker, workers; // every so many-th case is for this one
    bool takes_turns;         // asks one query in every fourth case, instead of all
    unsigned turn;
} sweep;

static bool is_full(void)
{
    return getenv("GS_TEST_FULL") != NULL;
}

/* Every so many-th case is tried. */
static size_t step_of(size_t quick)
{
    return is_full() ? 1 : quick;
}

static bool is_ours(const sweep *self, size_t number)
{
    return number % self->workers == self->worker;
}

/* Ends a worker. Not by cmocka, which would go on with the next test in it. */
#define WRONG(self, ...)                     \
    do {                                     \
        printf("# %s: ", (self)->own->what); \
        printf(__VA_ARGS__);                 \
        printf("\n");                        \
        fflush(stdout);                      \
        _exit(1);                            \
    } while (0)

/* ---- verify ---- */

/* A file with other bytes than its own; `data` NULL: it is gone. */
typedef struct change {
    const gs_reference_file *file;
    const uint8_t *data;
    size_t len;
} change;

typedef struct findings {
    const char *about;
    gsearch_status status; // of the file; OK if it was not named
} findings;

static void on_file(const gs_audit_finding *finding, void *payload)
{
    findings *self = payload;
    if (strcmp(finding->file, self->about) == 0)
        self->status = finding->status;
}

static gsearch_status verify(findings *found)
{
    gs_audit_options options = {.report = on_file, .payload = found};
    gs_audit_summary summary;
    gsearch_error error;
    return gs_audit_verify(GS_DISK_INDEX, &options, &summary, &error);
}

static bool is_found(const gs_reference_file *file)
{
    findings found = {.about = file->name};
    return verify(&found) && found.status;
}

/* Whether the manifest names the file, by the digits of its id. */
static bool names(const gs_reference_file *manifest, const gs_reference_file *file)
{
    const char *digits = strchr(file->name, '-') + 1;
    return memmem(manifest->data, manifest->len, digits, strcspn(digits, ".")) != NULL;
}

/* Puts one file on the disk, and the newest manifest that names it. Files are verified each by
 * itself, so that what is said of one is the same with or without the others, and these need not be
 * read again for each damage. */
static void put_alone(const gs_reference_file *file, const uint8_t *data, size_t len)
{
    const gs_reference_file *manifest = NULL;
    gs_disk_clear();
    gs_disk_make_folder();
    for (size_t i = 0; i < reference.files_count; i++) {
        const gs_reference_file *other = &reference.files[i];
        if (gs_reference_is_manifest(other->name) && names(other, file) &&
            (!manifest || strcmp(other->name, manifest->name) > 0))
            manifest = other;
    }
    if (manifest)
        gs_disk_put(manifest->name, manifest->data, manifest->len);
    gs_disk_put(file->name, data, len);
}

static void put_all(const change *changes, size_t count)
{
    gs_disk_clear();
    gs_disk_make_folder();
    for (size_t i = 0; i < reference.files_count; i++) {
        const gs_reference_file *file = &reference.files[i];
        change as_is = {file, file->data, file->len};
        const change *put = &as_is;
        for (size_t j = 0; j < count; j++)
            put = changes[j].file == file ? &changes[j] : put;
        if (put->data)
            gs_disk_put(file->name, put->data, put->len);
    }
}

/* ---- queries ---- */

static bool is_refusal(gsearch_status status)
{
    return status == GSEARCH_CORRUPT || status == GSEARCH_VERSION;
}

static void ask(sweep *self, gsearch_index *index, unsigned number)
{
    gs_buf *answer = &self->answer;
    gsearch_error error;
    uint64_t generation;
    gs_buf_reset(answer);
    gsearch_status status = gs_reference_ask(index, number, answer, &generation, &error);
    self->own->asked++;
    self->own->failed += status != GSEARCH_OK;
    if (is_refusal(status))
        return;
    if (status)
        WRONG(self, "query %u ends in %d: %s", number, status, error.message);
    const gs_buf *right = &reference.answers[reference.newest - generation][number];
    if (!gs_bytes_equal(gs_buf_view(answer), gs_buf_view(right)))
        WRONG(self, "query %u is answered wrongly: %.*s", number, (int)answer->len,
              (const char *)answer->data);
}

/* Opens what is on the disk and asks. The generation before may answer, if the index says so or if
 * `may_be_older`. */
static void check_answers(sweep *self, bool may_be_older)
{
    gsearch_error error;
    gsearch_index *index;
    long blocks = gs_faults_here()->blocks;
    gsearch_status status = gsearch_index_open(GS_DISK_INDEX, NULL, &index, &error);
    if (status) {
        self->own->refused++;
        if (!is_refusal(status))
            WRONG(self, "opening ends in %d: %s", status, error.message);
    } else {
        gs_snapshot *snapshot = gs_index_snapshot(index);
        bool is_older = snapshot->manifest.generation + 1 == reference.newest;
        if (!is_older && snapshot->manifest.generation != reference.newest)
            WRONG(self, "a generation that is not there");
        if (is_older && !snapshot->manifest.degraded && !may_be_older)
            WRONG(self, "the generation before answers as if it were the newest");
        self->own->degraded += is_older;
        gs_snapshot_unref(snapshot);
        for (unsigned i = 0; i < GS_REFERENCE_REQUESTS; i++)
            if (!self->takes_turns || 4 * i == self->turn % (4 * GS_REFERENCE_REQUESTS))
                ask(self, index, i);
        self->turn++;
        gsearch_index_close(index);
    }
    if (gs_faults_here()->blocks != blocks || gs_disk_open_count())
        WRONG(self, "%ld blocks, %u descriptors are left", gs_faults_here()->blocks - blocks,
              gs_disk_open_count());
}

/* ---- workers ---- */

static sweep start(tally *own, unsigned worker, unsigned workers)
{
    sweep self = {.own = own, .worker = worker, .workers = workers};
    gs_buf_init(&self.answer, NULL, SIZE_MAX);
    gs_buf_reserve(&self.answer, 65536); // not while blocks are counted
    return self;
}

static tally sum_up(const tally *parts, unsigned count)
{
    tally sum = {0};
    for (unsigned i = 0; i < count; i++) {
        sum.cases += parts[i].cases;
        sum.found += parts[i].found;
        sum.refused += parts[i].refused;
        sum.asked += parts[i].asked;
        sum.failed += parts[i].failed;
        sum.degraded += parts[i].degraded;
        if (!WIFEXITED(parts[i].status) || WEXITSTATUS(parts[i].status))
            fail_msg("a worker ended with %x at %s", parts[i].status, parts[i].what);
    }
    return sum;
}

/* Runs the sweep in processes of their own, so that a crash is an answer, too. */
static tally run(void (*work)(sweep *self))
{
    long cores = is_full() ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
    unsigned workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (unsigned)cores;
    pid_t children[WORKERS_MAX];
    tally *shared = mmap(NULL, workers * sizeof(*shared), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    fflush(stdout);
    for (unsigned i = 0; i < workers; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (!children[i]) {
            gs_faults_detach();
            sweep self = start(&shared[i], i, workers);
            work(&self);
            gs_buf_release(&self.answer);
            gs_disk_clear();
            exit(0); // not _exit: a sanitizer looks for what was not freed
        }
    }
    for (unsigned i = 0; i < workers; i++)
        assert_int_equal(waitpid(children[i], &shared[i].status, 0), children[i]);
    tally sum = sum_up(shared, workers);
    munmap(shared, workers * sizeof(*shared));
    return sum;
}

static void report(const char *what, const tally *sum)
{
    printf("# figure: %s: %llu, verify found %llu; %llu indexes did not open, %llu opened with the "
           "generation before; %llu queries, %llu refused, 0 wrong\n",
           what, (unsigned long long)sum->cases, (unsigned long long)sum->found,
           (unsigned long long)sum->refused, (unsigned long long)sum->degraded,
           (unsigned long long)sum->asked, (unsigned long long)sum->failed);
    assert_true(sum->asked > 0);
}

static void check_found(sweep *self, const gs_reference_file *file)
{
    self->own->cases++;
    if (!is_found(file))
        WRONG(self, "verify does not name the file");
    self->own->found++;
}

/* Tries one change of one file. */
static void try_change(sweep *self, change changed)
{
    put_alone(changed.file, changed.data, changed.len);
    check_found(self, changed.file);
    put_all(&changed, 1);
    check_answers(self, false);
}

/* ---- bytes ---- */

/* Calls `check` with every value, or one of them, in every place. The bytes on the disk are those
 * of the reference, changed in place. */
static void each_value(sweep *self, const gs_reference_file *file, size_t begin,
                       void (*check)(sweep *self, const gs_reference_file *file))
{
    unsigned values = is_full() ? VALUES : 1;
    for (size_t at = 0; at < file->len; at += step_of(STEP_BYTES)) {
        uint64_t drawn = begin + at;
        uint8_t first = (uint8_t)gs_test_random_below(&drawn, VALUES), right = file->data[at];
        if (!is_ours(self, begin + at))
            continue;
        for (unsigned i = 0; i < values; i++) {
            file->data[at] = (uint8_t)(right ^ (1 + (first + i) % VALUES));
            snprintf(self->own->what, sizeof(self->own->what), "%s, byte %zu: %02x for %02x",
                     file->name, at, file->data[at], right);
            check(self, file);
        }
        file->data[at] = right;
    }
}

static void ask_value(sweep *self, const gs_reference_file *file)
{
    (void)file;
    check_answers(self, false);
}

static void change_bytes(sweep *self)
{
    size_t begin = 0;
    self->takes_turns = true; // in full, each has many for every byte
    for (size_t i = 0; i < reference.files_count; i++) {
        const gs_reference_file *file = &reference.files[i];
        put_alone(file, file->data, file->len);
        each_value(self, file, begin, check_found);
        put_all(NULL, 0);
        each_value(self, file, begin, ask_value);
        begin += file->len;
    }
}

static void changed_bytes_are_found_and_give_no_wrong_answer(void **state)
{
    (void)state;
    tally sum = run(change_bytes);
    printf("# figure: an index of %zu bytes in %zu files\n", reference.bytes,
           reference.files_count);
    report("bytes substituted", &sum);
    assert_int_equal(sum.found, sum.cases);
    assert_true(sum.cases >= (is_full() ? SUBSTITUTIONS_FULL : SUBSTITUTIONS_QUICK / STEP_BYTES));
    assert_true(sum.failed > 0 && sum.failed < sum.asked && sum.degraded > 0);
}

/* ---- lengths ---- */

static void cut_files(sweep *self)
{
    size_t number = 0, step = step_of(STEP_QUICK);
    for (size_t i = 0; i < reference.files_count; i++) {
        const gs_reference_file *file = &reference.files[i];
        for (size_t len = 0; len < file->len; len += step) {
            snprintf(self->own->what, sizeof(self->own->what), "%s, cut to %zu bytes", file->name,
                     len);
            if (is_ours(self, number++))
                try_change(self, (change){file, file->data, len});
        }
    }
}

static void files_cut_short_are_found_and_give_no_wrong_answer(void **state)
{
    (void)state;
    tally sum = run(cut_files);
    report("truncations", &sum);
    assert_int_equal(sum.found, sum.cases);
    assert_true(sum.cases >= reference.bytes / step_of(STEP_QUICK));
}

/* What comes behind: zeros, the beginning of the file again, or anything. */
static uint8_t trailing_byte(const gs_reference_file *file, size_t number, size_t kind)
{
    uint64_t state = number;
    return kind == 0   ? 0
           : kind == 1 ? file->data[number % file->len]
                       : (uint8_t)gs_test_random_below(&state, 256);
}

static void lengthen_files(sweep *self)
{
    size_t number = 0, step = step_of(61 * STEP_QUICK);
    for (size_t i = 0; i < reference.files_count * 3; i++) {
        const gs_reference_file *file = &reference.files[i / 3];
        uint8_t *longer = malloc(file->len + TRAILING_MAX);
        memcpy(longer, file->data, file->len);
        for (size_t added = 1; added <= TRAILING_MAX; added++)
            longer[file->len + added - 1] = trailing_byte(file, added - 1, i % 3);
        for (size_t added = 1; added <= TRAILING_MAX; added += added < 16 ? 1 : step) {
            snprintf(self->own->what, sizeof(self->own->what), "%s, %zu bytes more of kind %zu",
                     file->name, added, i % 3);
            if (is_ours(self, number++))
                try_change(self, (change){file, longer, file->len + added});
        }
        gs_disk_clear();
        free(longer);
    }
}

static void trailing_bytes_are_found_and_give_no_wrong_answer(void **state)
{
    (void)state;
    tally sum = run(lengthen_files);
    report("trailing bytes", &sum);
    assert_int_equal(sum.found, sum.cases);
}

/* ---- blocks ---- */

typedef struct block {
    size_t at, len;
} block;

static block block_of(const gs_reference_file *file, size_t bytes, size_t number)
{
    block found = {.at = number * bytes, .len = bytes};
    if (found.at + found.len > file->len)
        found.len = file->len - found.at;
    return found;
}

/* Zeros in the place of a block, if `to` is the same; else the block in the place of another, whose
 * bytes come in its own if `swaps`. */
static void move_block(const gs_reference_file *file, uint8_t *damaged, block from, block to,
                       bool swaps)
{
    size_t len = from.len < to.len ? from.len : to.len;
    memcpy(damaged, file->data, file->len);
    if (from.at == to.at) {
        memset(damaged + from.at, 0, from.len);
        return;
    }
    memcpy(damaged + to.at, file->data + from.at, len);
    if (swaps)
        memcpy(damaged + from.at, file->data + to.at, len);
}

static void move_blocks_of(sweep *self, const gs_reference_file *file, size_t bytes, size_t *number)
{
    uint8_t *damaged = malloc(file->len);
    size_t count = (file->len + bytes - 1) / bytes;
    for (size_t i = 0; i < count * count; i++) {
        for (int swaps = 0; swaps < 2; swaps++) {
            bool is_seen = swaps && i % count <= i / count; // the other way round, or no two
            if (is_seen || !is_ours(self, (*number)++) || *number % step_of(STEP_QUICK) != 0)
                continue;
            move_block(file, damaged, block_of(file, bytes, i / count),
                       block_of(file, bytes, i % count), swaps);
            if (memcmp(damaged, file->data, file->len) == 0)
                continue; // zeros, say
            snprintf(self->own->what, sizeof(self->own->what),
                     "%s, block %zu of %zu bytes in the place of %zu, swapped %d", file->name,
                     i / count, bytes, i % count, swaps);
            try_change(self, (change){file, damaged, file->len});
        }
    }
    gs_disk_clear();
    free(damaged);
}

static void move_blocks(sweep *self)
{
    size_t number = 0;
    for (size_t i = 0; i < reference.files_count; i++) {
        move_blocks_of(self, &reference.files[i], 512, &number);
        move_blocks_of(self, &reference.files[i], 4096, &number);
    }
}

static void moved_blocks_are_found_and_give_no_wrong_answer(void **state)
{
    (void)state;
    tally sum = run(move_blocks);
    report("blocks zeroed, repeated and swapped", &sum);
    assert_int_equal(sum.found, sum.cases);
}

/* ---- files ---- */

/* Tries changes of whole files, with all of the index there for verify, too. */
static void try_files(sweep *self, const change *changes, size_t count)
{
    // without the newest manifest this is the index before its last commit, whole; without the one
    // before, the index as it will be after the next
    bool is_index = !changes[0].data && gs_reference_is_manifest(changes[0].file->name);
    bool found = false;
    put_all(changes, count);
    // of two one may be named by the other alone, which is damaged
    for (size_t i = 0; i < count; i++)
        found |= is_found(changes[i].file);
    if (found == is_index)
        WRONG(self, is_index ? "verify finds fault" : "verify names no file");
    self->own->cases += !is_index;
    self->own->found += found;
    check_answers(self, is_index);
}

static void move_files(sweep *self)
{
    for (size_t i = 0; i < reference.files_count; i++) {
        const gs_reference_file *a = &reference.files[i];
        snprintf(self->own->what, sizeof(self->own->what), "%s, missing", a->name);
        try_files(self, &(change){a, NULL, 0}, 1);
        for (size_t j = 0; j < i; j++) {
            const gs_reference_file *b = &reference.files[j];
            change swapped[] = {{a, b->data, b->len}, {b, a->data, a->len}};
            snprintf(self->own->what, sizeof(self->own->what), "%s and %s, swapped", a->name,
                     b->name);
            try_files(self, swapped, 2);
            snprintf(self->own->what, sizeof(self->own->what), "%s in the place of %s", a->name,
                     b->name);
            try_files(self, &(change){b, a->data, a->len}, 1);
        }
        for (size_t j = 0; j < reference.older_count; j++) {
            const gs_reference_file *old = &reference.older[j];
            snprintf(self->own->what, sizeof(self->own->what), "the older %s in the place of %s",
                     old->name, a->name);
            if (is_ours(self, j))
                try_files(self, &(change){a, old->data, old->len}, 1);
        }
    }
}

static void moved_files_are_found_and_give_no_wrong_answer(void **state)
{
    (void)state;
    tally sum = run(move_files);
    report("files missing, swapped, copied over another or of an older generation", &sum);
    assert_int_equal(sum.found, sum.cases);
    assert_true(reference.older_count >= 3);
}

/* ---- what all of it stands on ---- */

/* Without damage verify names every file as fine, beside the others and alone; so what is found
 * below is the damage. */
static void a_whole_index_passes_and_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < reference.files_count; i++) {
        findings found = {.about = reference.files[i].name, .status = GSEARCH_INTERNAL};
        gs_reference_put(&reference);
        assert_int_equal(verify(&found), GSEARCH_OK);
        assert_int_equal(found.status, GSEARCH_OK);
        found.status = GSEARCH_INTERNAL;
        put_alone(&reference.files[i], reference.files[i].data, reference.files[i].len);
        assert_int_equal(verify(&found), GSEARCH_CORRUPT); // the others are missing
        assert_int_equal(found.status, GSEARCH_OK);
    }
    tally own = {.what = "the whole index"};
    sweep self = start(&own, 0, 1);
    put_all(NULL, 0);
    check_answers(&self, false);
    gs_buf_release(&self.answer);
    assert_int_equal(own.asked, GS_REFERENCE_REQUESTS);
    assert_int_equal(own.failed + own.refused + own.degraded, 0);
    gs_disk_clear();
}

static int make_reference(void **state)
{
    (void)state;
    gs_reference_make(&reference);
    return 0;
}

static int free_reference(void **state)
{
    (void)state;
    gs_reference_free(&reference);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_index_passes_and_answers),
        cmocka_unit_test(changed_bytes_are_found_and_give_no_wrong_answer),
        cmocka_unit_test(files_cut_short_are_found_and_give_no_wrong_answer),
        cmocka_unit_test(trailing_bytes_are_found_and_give_no_wrong_answer),
        cmocka_unit_test(moved_blocks_are_found_and_give_no_wrong_answer),
        cmocka_unit_test(moved_files_are_found_and_give_no_wrong_answer),
    };
    return cmocka_run_group_tests(tests, make_reference, free_reference);
}
