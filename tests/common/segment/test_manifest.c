/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/segment/manifest.c. Texts are written out here by hand and sealed with xxhash
 * itself; files of a generation are plain files of the right length.
 */
#include "common/segment/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "tests/common/segment/place.h"

#define ID_1 "00112233445566778899aabbccddeeff"
#define ID_2 "ffeeddccbbaa99887766554433221100"
#define ID_3 "0123456789abcdef0123456789abcdef"
#define HEAD             \
    "gsearch manifest\n" \
    "format 2\n"
#define FACTS                     \
    "generation 7\n"              \
    "previous 00000000000000ab\n" \
    "analyzer 3\n"                \
    "unicode 15.0.0\n"
#define FULL                                          \
    HEAD FACTS "inputs " ID_3 " 500\n"                \
               "segment " ID_1 " 4096 documents 12\n" \
               "deletes " ID_2 " 300 documents 2\n"   \
               "segment " ID_2 " 128 documents 1\n"

/* `body` with its checksum line. */
static size_t seal(const char *body, char *out, size_t room)
{
    int len = snprintf(out, room, "%schecksum %016" PRIx64 "\n", body,
                       (uint64_t)XXH3_64bits(body, strlen(body)));
    assert_true(len > 0 && (size_t)len < room);
    return (size_t)len;
}

static gsearch_status parse(const char *body, gs_manifest *out, gsearch_error *err)
{
    static char text[GS_MANIFEST_BYTES_MAX + 1000];
    size_t len = seal(body, text, sizeof(text));
    return gs_manifest_parse(gs_bytes_of(text, len), out, err);
}

static gs_manifest full_manifest(void)
{
    gs_manifest m = {
        .generation = 7,
        .previous_checksum = 0xab,
        .analyzer = 3,
        .unicode = "15.0.0",
        .segments_count = 2,
    };
    gs_hash128 ids[3];
    assert_true(gs_hash128_parse(gs_bytes_str(ID_1), &ids[0]));
    assert_true(gs_hash128_parse(gs_bytes_str(ID_2), &ids[1]));
    assert_true(gs_hash128_parse(gs_bytes_str(ID_3), &ids[2]));
    m.inputs = (gs_manifest_file){ids[2], 500};
    m.segments[0] = (gs_manifest_segment){{ids[0], 4096}, {ids[1], 300}, 12, 2};
    m.segments[1] = (gs_manifest_segment){{ids[1], 128}, {{0, 0}, 0}, 1, 0};
    return m;
}

/* ---- text ---- */

static void the_text_is_that_of_the_specification(void **state)
{
    (void)state;
    char expected[2000];
    size_t len = seal(FULL, expected, sizeof(expected));
    gs_manifest m = full_manifest();
    gs_buf out;
    gs_buf_init(&out, NULL, GS_MANIFEST_BYTES_MAX);
    gs_manifest_format(&m, &out);
    assert_int_equal(out.status, GSEARCH_OK);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, expected, len);
    assert_true(m.checksum == XXH3_64bits(FULL, strlen(FULL)));
    gs_buf_release(&out);
}

static void what_is_parsed_is_what_was_written(void **state)
{
    (void)state;
    gsearch_error error;
    gs_manifest expected = full_manifest(), m;
    assert_ok(parse(FULL, &m, &error), &error);
    assert_true(m.checksum == XXH3_64bits(FULL, strlen(FULL)));
    assert_int_equal(m.generation, 7);
    assert_int_equal(m.previous_checksum, 0xab);
    assert_int_equal(m.analyzer, 3);
    assert_string_equal(m.unicode, "15.0.0");
    assert_int_equal(m.segments_count, 2);
    assert_memory_equal(&m.inputs, &expected.inputs, sizeof(m.inputs));
    assert_memory_equal(m.segments, expected.segments, sizeof(m.segments));
    assert_ok(parse(HEAD FACTS, &m, &error), &error);
    assert_int_equal(m.segments_count, 0);
    assert_int_equal(m.inputs.length, 0);
}

static void every_flipped_bit_and_every_other_length_is_found(void **state)
{
    (void)state;
    gsearch_error error;
    gs_manifest m;
    char text[2000];
    size_t len = seal(FULL, text, sizeof(text));
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            assert_fails(GSEARCH_CORRUPT, gs_manifest_parse(gs_bytes_of(text, len), &m, &error),
                         &error);
            text[i] = (char)(text[i] ^ 1 << bit);
        }
        char *cut = malloc(i + 1);
        memcpy(cut, text, i);
        assert_fails(GSEARCH_CORRUPT, gs_manifest_parse(gs_bytes_of(cut, i), &m, &error), &error);
        free(cut);
    }
    for (int byte = 0; byte < 256; byte++) {
        text[len] = (char)byte;
        assert_fails(GSEARCH_CORRUPT, gs_manifest_parse(gs_bytes_of(text, len + 1), &m, &error),
                     &error);
    }
    assert_ok(gs_manifest_parse(gs_bytes_of(text, len), &m, &error), &error);
}

static void another_format_is_named(void **state)
{
    (void)state;
    gsearch_error error;
    gs_manifest m;
    assert_fails(GSEARCH_VERSION, parse("gsearch manifest\nformat 3\nwhatever\n", &m, &error),
                 &error);
    assert_non_null(strstr(error.message, "format 3, this build reads 2"));
}

static void a_text_that_is_not_to_the_letter_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        HEAD,
        "gsearch manifest\r\nformat 2\n" FACTS,
        "gsearch manifest\nformat 02\n" FACTS,
        "gsearch manifest\nformat \n" FACTS,
        "gsearch manifest\nformat 2",
        "gsearch manifest\nformat 2:\n" FACTS,
        "gsearch manifest\nformat 4294967296\n" FACTS,
        HEAD FACTS "\n",
        HEAD FACTS "note nothing\n",
        HEAD FACTS "segment " ID_1 " 4096 documents 12",
        HEAD FACTS "segment " ID_1 " 4096 documents 12\n\n",
        HEAD FACTS "segment " ID_1 "  4096 documents 12\n",
        HEAD FACTS "segment " ID_1 " 4096 documents \n",
        HEAD FACTS "segment " ID_1 " 4096 documents -1\n",
        HEAD FACTS "segment " ID_1 " 4096 documents 2147483648\n", // one over the limit
        HEAD FACTS "segment " ID_1 " 04096 documents 12\n",
        HEAD FACTS "segment " ID_1 " 0 documents 12\n",
        HEAD FACTS "segment " ID_1 " 9223372036854775808 documents 12\n",
        HEAD FACTS "segment 0011 4096 documents 12\n",
        HEAD FACTS "segment 00112233445566778899AABBCCDDEEFF 4096 documents 12\n",
        HEAD FACTS "segment " ID_1 " 1 documents 1\nsegment " ID_1 " 1 documents 1\n", // twice
        HEAD FACTS "deletes " ID_1 " 300 documents 2\n",                               // of nothing
        HEAD FACTS "segment " ID_1 " 1 documents 1\ndeletes " ID_2 " 9 documents 2\n", // too many
        HEAD FACTS "segment " ID_1 " 1 documents 1\ninputs " ID_3 " 500\n", // in the wrong place
        HEAD FACTS "inputs " ID_3 " 500\ninputs " ID_3 " 500\n",
        HEAD "generation 0\nprevious 00000000000000ab\nanalyzer 3\nunicode 15.0.0\n",
        HEAD "generation 18446744073709551615\nprevious 00000000000000ab\nanalyzer 3\nunicode 1\n",
        HEAD "generation 99999999999999999999\nprevious 00000000000000ab\nanalyzer 3\nunicode 1\n",
        HEAD "generation 7\nprevious ab\nanalyzer 3\nunicode 15.0.0\n",
        HEAD "generation 7\nprevious 00000000000000ab\nanalyzer 4294967296\nunicode 15.0.0\n",
        HEAD "generation 7\nprevious 00000000000000ab\nanalyzer 3\nunicode \n",
        HEAD "generation 7\nprevious 00000000000000ab\nanalyzer 3\nunicode 15.x\n",
        HEAD "generation 7\nprevious 00000000000000ab\nanalyzer 3\nunicode 1234567890.12345\n",
        HEAD "previous 00000000000000ab\ngeneration 7\nanalyzer 3\nunicode 15.0.0\n",
    };
    gsearch_error error;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        gs_manifest m;
        assert_fails(GSEARCH_CORRUPT, parse(bodies[i], &m, &error), &error);
    }
}

static void as_many_segments_as_the_limit_and_no_more(void **state)
{
    (void)state;
    static char body[GS_MANIFEST_BYTES_MAX];
    gsearch_error error;
    gs_manifest m;
    size_t len = (size_t)snprintf(body, sizeof(body), HEAD FACTS);
    for (unsigned i = 0; i <= GS_SEGMENTS_MAX; i++) {
        if (i == GS_SEGMENTS_MAX) {
            assert_ok(parse(body, &m, &error), &error);
            assert_int_equal(m.segments_count, GS_SEGMENTS_MAX);
        }
        len += (size_t)snprintf(body + len, sizeof(body) - len, "segment %032x 1 documents 1\n", i);
    }
    assert_fails(GSEARCH_CORRUPT, parse(body, &m, &error), &error);
    // and by length: what is longer is not even read
    memset(body, 'x', sizeof(body) - 1);
    assert_fails(GSEARCH_CORRUPT, parse(body, &m, &error), &error);
}

static void ids_with_a_half_in_common_are_different(void **state)
{
    (void)state;
    gsearch_error error;
    gs_manifest m;
    static const char body[] =
        HEAD FACTS "segment 00000000000000010000000000000001 1 documents 1\n"
                   "segment 00000000000000010000000000000002 1 documents 1\n"
                   "segment 00000000000000020000000000000001 1 documents 1\n";
    assert_ok(parse(body, &m, &error), &error);
    assert_int_equal(m.segments_count, 3);
}

static void a_text_without_room_has_no_checksum(void **state)
{
    (void)state;
    gs_manifest m = full_manifest();
    gs_buf out;
    gs_buf_init(&out, NULL, 20);
    gs_manifest_format(&m, &out);
    assert_int_not_equal(out.status, GSEARCH_OK);
    assert_int_equal(m.checksum, 0);
    gs_buf_release(&out);
}

/* ---- folder ---- */

static void a_generation_is_read_from_exact_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t generation;
    } rows[] = {
        {"manifest-0000000000000001.gsm", 1},
        {"manifest-09afffffffffffff.gsm", 0x09afffffffffffff},
        {"manifest-fffffffffffffffe.gsm", UINT64_MAX - 1},
        {"manifest-ffffffffffffffff.gsm", 0}, // nothing could follow it
        {"manifest-0000000000000000.gsm", 0},
        {"manifest-000000000000000/.gsm", 0},
        {"manifest-000000000000000:.gsm", 0},
        {"manifest-000000000000000`.gsm", 0},
        {"manifest-000000000000000g.gsm", 0},
        {"manifest-000000000000000A.gsm", 0},
        {"manifest-0000000000000001.gsn", 0},
        {"manifest_0000000000000001.gsm", 0},
        {"manifest-00000000000000001.gsm", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_true(gs_manifest_generation(rows[i].name) == rows[i].generation);
}

static void write_manifest(place *p, uint64_t generation, const char *files)
{
    char body[2000], text[3000], name[64];
    snprintf(body, sizeof(body),
             HEAD "generation %" PRIu64 "\nprevious 0000000000000000\nanalyzer 1\n"
                  "unicode 15.0.0\n%s",
             generation, files);
    snprintf(name, sizeof(name), "manifest-%016" PRIx64 ".gsm", generation);
    gs_test_file_write(p->path, name, text, seal(body, text, sizeof(text)));
}

static void remove_file(place *p, const char *name)
{
    char *path = gs_test_path(p->path, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static gsearch_status load(place *p, gs_manifest *out)
{
    return gs_manifest_load(p->dir, &p->flaky.mem, out, &p->error);
}

static void an_empty_folder_has_no_index(void **state)
{
    place *p = *state;
    gs_manifest m;
    assert_fails(GSEARCH_NO_INDEX, load(p, &m), &p->error);
    assert_int_equal(gs_manifest_load(p->dir, NULL, &m, NULL), GSEARCH_NO_INDEX);
    gs_test_file_write(p->path, "manifest-1.gsm", "", 0); // not our pattern
    gs_test_file_write(p->path, "manifest-0000000000000000.gsm", "", 0);
    gs_test_file_write(p->path, "manifest-000000000000000A.gsm", "", 0);
    gs_test_file_write(p->path, "manifest-0000000000000001.gsm~", "", 0);
    assert_fails(GSEARCH_NO_INDEX, load(p, &m), &p->error);
}

static void the_newest_generation_is_loaded(void **state)
{
    place *p = *state;
    gs_manifest m;
    write_manifest(p, 9, "");
    write_manifest(p, 16, "segment " ID_1 " 3 documents 1\n");
    write_manifest(p, 15, "");
    gs_test_file_write(p->path, "seg-" ID_1 ".gss", "abc", 3);
    assert_ok(load(p, &m), &p->error);
    assert_int_equal(m.generation, 16);
    assert_int_equal(m.segments_count, 1);
    assert_false(m.degraded);
}

static void a_generation_without_all_its_files_is_passed_over(void **state)
{
    place *p = *state;
    static const char *const names[] = {"seg-" ID_1 ".gss", "del-" ID_2 ".gsd",
                                        "inputs-" ID_3 ".gsi"};
    gs_manifest m;
    write_manifest(p, 1, "");
    write_manifest(p, 2,
                   "inputs " ID_3 " 3\nsegment " ID_1 " 3 documents 1\n"
                   "deletes " ID_2 " 3 documents 1\n");
    for (size_t i = 0; i < 3; i++)
        gs_test_file_write(p->path, names[i], "abc", 3);
    assert_ok(load(p, &m), &p->error);
    assert_int_equal(m.generation, 2);
    for (size_t i = 0; i < 3; i++) {
        for (int missing = 0; missing < 2; missing++) {
            gs_test_file_write(p->path, names[i], "abcd", missing ? 2 : 4);
            if (missing)
                remove_file(p, names[i]);
            assert_ok(load(p, &m), &p->error);
            assert_int_equal(m.generation, 1);
            assert_true(m.degraded);
        }
        gs_test_file_write(p->path, names[i], "abc", 3);
    }
    remove_file(p, "manifest-0000000000000001.gsm");
    remove_file(p, names[0]);
    assert_fails(GSEARCH_CORRUPT, load(p, &m), &p->error);
    assert_non_null(strstr(p->error.message, names[0]));
}

static void a_damaged_newest_manifest_degrades(void **state)
{
    place *p = *state;
    gs_manifest m;
    write_manifest(p, 1, "");
    write_manifest(p, 3, "");
    gs_test_file_write(p->path, "manifest-0000000000000004.gsm", "gsearch manifest\n", 17);
    assert_ok(load(p, &m), &p->error);
    assert_int_equal(m.generation, 3);
    assert_true(m.degraded);
    // a good text under the number of another
    size_t len;
    uint8_t *text = gs_test_file_read(p->path, "manifest-0000000000000001.gsm", &len);
    gs_test_file_write(p->path, "manifest-0000000000000004.gsm", text, len);
    assert_ok(load(p, &m), &p->error);
    assert_int_equal(m.generation, 3);
    free(text);
    // one that is too long to be read
    uint8_t *space = calloc(1, GS_MANIFEST_BYTES_MAX + 1);
    gs_test_file_write(p->path, "manifest-0000000000000004.gsm", space, GS_MANIFEST_BYTES_MAX + 1);
    free(space);
    assert_ok(load(p, &m), &p->error);
    assert_true(m.degraded);
    remove_file(p, "manifest-0000000000000001.gsm");
    remove_file(p, "manifest-0000000000000003.gsm");
    assert_fails(GSEARCH_CORRUPT, load(p, &m), &p->error);
}

static void any_number_of_damaged_generations_is_passed_over(void **state)
{
    place *p = *state;
    gs_manifest m;
    char text[200];
    write_manifest(p, 1, "");
    size_t len = seal("gsearch manifest\nformat 3\n", text, sizeof(text));
    gs_test_file_write(p->path, "manifest-0000000000000002.gsm", text, len); // not the newest
    gs_test_file_write(p->path, "manifest-0000000000000003.gsm", "x", 1);
    gs_test_file_write(p->path, "manifest-0000000000000004.gsm", "x", 1);
    assert_ok(load(p, &m), &p->error);
    assert_int_equal(m.generation, 1);
    assert_true(m.degraded);
}

static void a_newest_generation_of_another_format_is_not_passed_over(void **state)
{
    place *p = *state;
    gs_manifest m;
    char text[200];
    write_manifest(p, 1, "");
    size_t len = seal("gsearch manifest\nformat 3\n", text, sizeof(text));
    gs_test_file_write(p->path, "manifest-0000000000000002.gsm", text, len);
    assert_fails(GSEARCH_VERSION, load(p, &m), &p->error);
}

/* An allocator that plays another process: at its n-th call generation 3 takes the place of 2. */
typedef struct other_process {
    gs_mem mem;
    place *place;
    unsigned calls_left;
} other_process;

static void *resize_and_commit(void *ptr, size_t size, void *payload)
{
    other_process *other = payload;
    if (size && other->calls_left && --other->calls_left == 0) {
        write_manifest(other->place, 3, "segment " ID_2 " 3 documents 1\n");
        gs_test_file_write(other->place->path, "seg-" ID_2 ".gss", "abc", 3);
        remove_file(other->place, "seg-" ID_1 ".gss");
        remove_file(other->place, "manifest-0000000000000002.gsm");
    }
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

static void a_generation_that_is_cleaned_away_while_read_gives_way_to_the_next(void **state)
{
    place *p = *state;
    unsigned interrupted = 0;
    for (unsigned call = 1; call < 10; call++) {
        write_manifest(p, 2, "segment " ID_1 " 3 documents 1\n");
        gs_test_file_write(p->path, "seg-" ID_1 ".gss", "abc", 3);
        other_process other = {.place = p, .calls_left = call};
        other.mem = (gs_mem){.resize = resize_and_commit, .payload = &other};
        gs_manifest m;
        assert_ok(gs_manifest_load(p->dir, &other.mem, &m, &p->error), &p->error);
        assert_int_equal(m.generation, other.calls_left ? 2 : 3);
        assert_false(m.degraded);
        if (other.calls_left)
            break;
        interrupted++;
        remove_file(p, "manifest-0000000000000003.gsm");
    }
    assert_true(interrupted > 1);
}

static void a_commit_is_what_the_next_load_gives(void **state)
{
    place *p = *state;
    gs_manifest m = full_manifest(), loaded;
    m.segments_count = 0;
    m.inputs.length = 0;
    assert_ok(gs_manifest_commit(p->dir, &p->flaky.mem, &m, &p->error), &p->error);
    assert_int_equal(gs_test_dir_count(p->path), 1);
    assert_ok(load(p, &loaded), &p->error);
    assert_int_equal(loaded.generation, 7);
    assert_true(loaded.checksum == m.checksum && m.checksum);
    assert_fails(GSEARCH_LOCKED, gs_manifest_commit(p->dir, &p->flaky.mem, &m, &p->error),
                 &p->error);
    assert_int_equal(gs_test_dir_count(p->path), 1);
}

static const char *const foreign[] = {
    "LOCK",
    "README",
    "seg-" ID_1 ".gss~",
    "seg-00112233445566778899AABBCCDDEEFF.gss",
    "seg-0011.gss",
    "del-" ID_1 ".gss",
    "xseg-" ID_1 ".gss",
    "manifest-0000000000000001.txt",
    "manifest-1.gsm",
    "inputs-" ID_1 ".gsi.bak",
    ".tmp-",
    ".tmp-notes",
    ".tmp-0123456789abcdef0",
};
#define FOREIGN (sizeof(foreign) / sizeof(foreign[0]))

static void clean_keeps_two_generations_and_what_is_not_ours(void **state)
{
    place *p = *state;
    for (size_t i = 0; i < FOREIGN; i++)
        gs_test_file_write(p->path, foreign[i], "", 0);
    write_manifest(p, 1, "segment " ID_1 " 3 documents 1\n");
    write_manifest(p, 2, "segment " ID_1 " 3 documents 1\ndeletes " ID_1 " 3 documents 1\n");
    gs_test_file_write(p->path, "manifest-0000000000000003.gsm", "", 0); // unusable: not counted
    write_manifest(p, 4, "inputs " ID_3 " 3\nsegment " ID_2 " 3 documents 1\n");
    static const char *const stay[] = {"manifest-0000000000000002.gsm",
                                       "manifest-0000000000000004.gsm",
                                       "seg-" ID_1 ".gss",
                                       "del-" ID_1 ".gsd",
                                       "seg-" ID_2 ".gss",
                                       "inputs-" ID_3 ".gsi"};
    for (size_t i = 2; i < 6; i++)
        gs_test_file_write(p->path, stay[i], "abc", 3);
    static const char *const go[] = {"manifest-0000000000000001.gsm",
                                     "manifest-0000000000000003.gsm",
                                     "seg-" ID_3 ".gss",
                                     "del-" ID_2 ".gsd",
                                     "inputs-" ID_1 ".gsi",
                                     ".tmp-0123456789abcdef"};
    for (size_t i = 2; i < 6; i++)
        gs_test_file_write(p->path, go[i], "", 0);
    assert_ok(gs_manifest_clean(p->dir, &p->flaky.mem, &p->error), &p->error);
    for (size_t i = 0; i < 6; i++) {
        assert_true(gs_test_file_exists(p->path, stay[i]));
        assert_false(gs_test_file_exists(p->path, go[i]));
    }
    for (size_t i = 0; i < FOREIGN; i++)
        assert_true(gs_test_file_exists(p->path, foreign[i]));
    assert_int_equal(gs_test_dir_count(p->path), FOREIGN + 6);
}

static void clean_before_the_first_commit_removes_what_a_dead_run_left(void **state)
{
    place *p = *state;
    gs_test_file_write(p->path, "seg-" ID_1 ".gss", "abc", 3);
    gs_test_file_write(p->path, ".tmp-0123456789abcdef", "abc", 3);
    gs_test_file_write(p->path, "notes", "abc", 3);
    assert_ok(gs_manifest_clean(p->dir, &p->flaky.mem, &p->error), &p->error);
    assert_int_equal(gs_test_dir_count(p->path), 1);
}

static void clean_of_a_damaged_index_removes_only_temporary_files(void **state)
{
    place *p = *state;
    write_manifest(p, 1, "");
    write_manifest(p, 2, "segment " ID_1 " 3 documents 1\n");
    write_manifest(p, 3, "segment " ID_2 " 3 documents 1\n"); // whose segment is missing
    gs_test_file_write(p->path, "seg-" ID_1 ".gss", "abc", 3);
    gs_test_file_write(p->path, "seg-" ID_3 ".gss", "abc", 3);
    gs_test_file_write(p->path, ".tmp-0123456789abcdef", "abc", 3);
    assert_ok(gs_manifest_clean(p->dir, &p->flaky.mem, &p->error), &p->error);
    assert_int_equal(gs_test_dir_count(p->path), 5);
    assert_false(gs_test_file_exists(p->path, ".tmp-0123456789abcdef"));
}

static void without_memory_nothing_is_removed_and_nothing_degrades(void **state)
{
    place *p = *state;
    write_manifest(p, 1, "");
    write_manifest(p, 2, "");
    write_manifest(p, 3, "");
    gs_manifest m;
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        status = gs_manifest_load(p->dir, &flaky.mem, &m, &p->error);
        assert_true(status == GSEARCH_NO_MEMORY || (m.generation == 3 && !m.degraded));
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
    gs_flaky none;
    gs_flaky_init(&none, 1);
    m = full_manifest();
    assert_fails(GSEARCH_NO_MEMORY, gs_manifest_commit(p->dir, &none.mem, &m, &p->error),
                 &p->error);
    assert_int_equal(gs_test_dir_count(p->path), 3);
    status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        status = gs_manifest_clean(p->dir, &flaky.mem, fail_at % 2 ? &p->error : NULL);
        assert_int_equal(gs_test_dir_count(p->path), status ? 3 : 2);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_that_of_the_specification),
        cmocka_unit_test(what_is_parsed_is_what_was_written),
        cmocka_unit_test(every_flipped_bit_and_every_other_length_is_found),
        cmocka_unit_test(another_format_is_named),
        cmocka_unit_test(a_text_that_is_not_to_the_letter_is_refused),
        cmocka_unit_test(as_many_segments_as_the_limit_and_no_more),
        cmocka_unit_test(ids_with_a_half_in_common_are_different),
        cmocka_unit_test(a_text_without_room_has_no_checksum),
        cmocka_unit_test(a_generation_is_read_from_exact_names),
        PLACE_CASE(an_empty_folder_has_no_index),
        PLACE_CASE(the_newest_generation_is_loaded),
        PLACE_CASE(a_generation_without_all_its_files_is_passed_over),
        PLACE_CASE(a_damaged_newest_manifest_degrades),
        PLACE_CASE(any_number_of_damaged_generations_is_passed_over),
        PLACE_CASE(a_newest_generation_of_another_format_is_not_passed_over),
        PLACE_CASE(a_generation_that_is_cleaned_away_while_read_gives_way_to_the_next),
        PLACE_CASE(a_commit_is_what_the_next_load_gives),
        PLACE_CASE(clean_keeps_two_generations_and_what_is_not_ours),
        PLACE_CASE(clean_before_the_first_commit_removes_what_a_dead_run_left),
        PLACE_CASE(clean_of_a_damaged_index_removes_only_temporary_files),
        PLACE_CASE(without_memory_nothing_is_removed_and_nothing_degrades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
