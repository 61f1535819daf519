/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a manifest, the commit, and what may be thrown away after it. The parser takes
 * exactly what gs_manifest_format writes, so that there is one text for one manifest.
 */
#include "common/segment/manifest.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/sabotage.h"

#define OPENING "gsearch manifest\nformat "
#define CHECKSUM_LINE_BYTES (sizeof("checksum \n") - 1 + 16)
#define MANIFESTS_LISTED_MAX 65536u

typedef struct file_name {
    char text[64];
} file_name;

static file_name manifest_name(uint64_t generation)
{
    file_name name;
    snprintf(name.text, sizeof(name.text), GS_MANIFEST_PREFIX "%016" PRIx64 GS_MANIFEST_SUFFIX,
             generation);
    return name;
}

/* ---- text ---- */

static void format_file(gs_buf *out, const char *word, const gs_manifest_file *file)
{
    char digits[33];
    gs_hash128_text(file->id, digits);
    gs_buf_printf(out, "%s %s %" PRIu64, word, digits, file->length);
}

void gs_manifest_format(gs_manifest *manifest, gs_buf *out)
{
    size_t start = out->len;
    gs_buf_printf(out, OPENING "%u\n", GS_FORMAT);
    gs_buf_printf(out, "generation %" PRIu64 "\n", manifest->generation);
    gs_buf_printf(out, "previous %016" PRIx64 "\n", manifest->previous_checksum);
    gs_buf_printf(out, "analyzer %u\n", manifest->analyzer);
    gs_buf_printf(out, "unicode %s\n", manifest->unicode);
    if (manifest->inputs.length) {
        format_file(out, "inputs", &manifest->inputs);
        gs_buf_str(out, "\n");
    }
    for (uint32_t i = 0; i < manifest->segments_count; i++) {
        const gs_manifest_segment *segment = &manifest->segments[i];
        format_file(out, "segment", &segment->segment);
        gs_buf_printf(out, " documents %u\n", segment->documents);
        if (segment->deletes.length) {
            format_file(out, "deletes", &segment->deletes);
            gs_buf_printf(out, " documents %u\n", segment->deleted);
        }
    }
    if (out->status)
        return;
    manifest->checksum = gs_checksum(out->data + start, out->len - start, 0);
    gs_buf_printf(out, "checksum %016" PRIx64 "\n", manifest->checksum);
}

static bool next_is(const gs_cursor *cursor, const char *text)
{
    size_t len = strlen(text);
    return gs_cursor_left(cursor) >= len && memcmp(cursor->ptr, text, len) == 0;
}

static void expect(gs_cursor *cursor, const char *text)
{
    if (next_is(cursor, text))
        cursor->ptr += strlen(text);
    else
        gs_cursor_fail(cursor);
}

/* A decimal number up to `max`, without leading zeros. */
static uint64_t read_number(gs_cursor *cursor, uint64_t max)
{
    const uint8_t *start = cursor->ptr;
    uint64_t value = 0;
    while (cursor->ptr < cursor->end && *cursor->ptr >= '0' && *cursor->ptr <= '9') {
        uint64_t digit = (uint64_t)(*cursor->ptr++ - '0');
        if (value > (max - digit) / 10 || digit > max)
            return gs_cursor_fail(cursor);
        value = value * 10 + digit;
    }
    bool padded = cursor->ptr - start > 1 && *start == '0';
    return cursor->ptr == start || padded ? gs_cursor_fail(cursor) : value;
}

/* 16 lower-case hex digits. */
static uint64_t read_hex(gs_cursor *cursor)
{
    gs_bytes digits = gs_cursor_bytes(cursor, 16);
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t digit = digits.ptr[i];
        if (digit >= '0' && digit <= '9')
            value = value << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = value << 4 | (uint64_t)(digit - 'a' + 10);
        else
            return gs_cursor_fail(cursor);
    }
    return value;
}

/* The rest of a line that began with the kind of file. */
static gs_manifest_file read_file(gs_cursor *cursor)
{
    gs_manifest_file file = {0};
    if (!gs_hash128_parse(gs_cursor_bytes(cursor, 32), &file.id))
        gs_cursor_fail(cursor);
    expect(cursor, " ");
    file.length = read_number(cursor, INT64_MAX);
    if (file.length == 0)
        gs_cursor_fail(cursor);
    return file;
}

static void read_unicode(gs_cursor *cursor, char out[16])
{
    size_t len = 0;
    while (cursor->ptr < cursor->end && len < 15 &&
           (*cursor->ptr == '.' || (*cursor->ptr >= '0' && *cursor->ptr <= '9')))
        out[len++] = (char)*cursor->ptr++;
    if (len == 0)
        gs_cursor_fail(cursor);
    out[len] = '\0';
}

static void read_segment(gs_cursor *cursor, gs_manifest_segment *out)
{
    *out = (gs_manifest_segment){.segment = read_file(cursor)};
    expect(cursor, " documents ");
    out->documents = (uint32_t)read_number(cursor, GS_SEGMENT_DOCUMENTS_MAX);
    expect(cursor, "\n");
    if (!next_is(cursor, "deletes "))
        return;
    expect(cursor, "deletes ");
    out->deletes = read_file(cursor);
    expect(cursor, " documents ");
    out->deleted = (uint32_t)read_number(cursor, out->documents);
    expect(cursor, "\n");
}

static bool has_segment(const gs_manifest *manifest, gs_hash128 id)
{
    for (uint32_t i = 0; i < manifest->segments_count; i++) {
        gs_hash128 other = manifest->segments[i].segment.id;
        if (other.low == id.low && other.high == id.high)
            return true;
    }
    return false;
}

/* Everything between the format and the checksum. */
static void read_body(gs_cursor *cursor, gs_manifest *out)
{
    expect(cursor, "\ngeneration ");
    out->generation = read_number(cursor, UINT64_MAX - 1);
    expect(cursor, "\nprevious ");
    out->previous_checksum = read_hex(cursor);
    expect(cursor, "\nanalyzer ");
    out->analyzer = (uint32_t)read_number(cursor, UINT32_MAX);
    expect(cursor, "\nunicode ");
    read_unicode(cursor, out->unicode);
    expect(cursor, "\n");
    if (next_is(cursor, "inputs ")) {
        expect(cursor, "inputs ");
        out->inputs = read_file(cursor);
        expect(cursor, "\n");
    }
    while (gs_cursor_left(cursor)) {
        gs_manifest_segment segment;
        expect(cursor, "segment ");
        read_segment(cursor, &segment);
        if (cursor->bad)
            return;
        if (out->segments_count == GS_SEGMENTS_MAX || has_segment(out, segment.segment.id)) {
            gs_cursor_fail(cursor);
            return;
        }
        out->segments[out->segments_count++] = segment;
    }
    if (out->generation == 0)
        gs_cursor_fail(cursor);
}

gsearch_status gs_manifest_parse(gs_bytes text, gs_manifest *out, gsearch_error *err)
{
    if (text.len < CHECKSUM_LINE_BYTES || text.len > GS_MANIFEST_BYTES_MAX)
        return gs_corrupt(err, "a manifest of %zu bytes cannot be right", text.len);
    gs_manifest manifest = {0};
    gs_bytes body = gs_bytes_of(text.ptr, text.len - CHECKSUM_LINE_BYTES);
    gs_cursor line = gs_cursor_of(gs_bytes_of(text.ptr + body.len, CHECKSUM_LINE_BYTES));
    expect(&line, "checksum ");
    manifest.checksum = read_hex(&line);
    expect(&line, "\n");
    if (line.bad)
        return gs_corrupt(err, "the manifest does not end in its checksum");
    if (manifest.checksum != gs_checksum(body.ptr, body.len, 0) &&
        !GS_SABOTAGED(manifest_checksum))
        return gs_corrupt(err, "the manifest does not have the checksum that it gives");
    // the opening and the checksum are the same in every format, so another one is told from damage
    gs_cursor cursor = gs_cursor_of(body);
    expect(&cursor, OPENING);
    uint64_t format = read_number(&cursor, UINT32_MAX);
    if (cursor.bad)
        return gs_corrupt(err, "the manifest does not begin as one");
    if (format != GS_FORMAT)
        return gs_fail(err, GSEARCH_VERSION,
                       "the manifest has format %" PRIu64 ", this build reads %u", format,
                       GS_FORMAT);
    read_body(&cursor, &manifest);
    if (cursor.bad)
        return gs_corrupt(err, "the manifest has a line that cannot be right");
    *out = manifest;
    return GSEARCH_OK;
}

/* ---- files of a generation ---- */

#define FILES_MAX (2 * GS_SEGMENTS_MAX + 1)

typedef struct file_ref {
    file_name name;
    uint64_t length;
} file_ref;

static void add_file(file_ref *files, size_t *count, const gs_manifest_file *file,
                     const char *prefix, const char *suffix)
{
    if (file->length == 0)
        return;
    file_ref *ref = &files[(*count)++];
    gs_container_file_name(prefix, file->id, suffix, ref->name.text);
    ref->length = file->length;
}

/* Every file that the manifest names. */
static size_t list_files(const gs_manifest *manifest, file_ref files[FILES_MAX])
{
    size_t count = 0;
    add_file(files, &count, &manifest->inputs, GS_INPUTS_PREFIX, GS_INPUTS_SUFFIX);
    for (uint32_t i = 0; i < manifest->segments_count; i++) {
        const gs_manifest_segment *segment = &manifest->segments[i];
        add_file(files, &count, &segment->segment, GS_SEGMENT_PREFIX, GS_SEGMENT_SUFFIX);
        add_file(files, &count, &segment->deletes, GS_DELETES_PREFIX, GS_DELETES_SUFFIX);
    }
    return count;
}

/* ---- names in the folder ---- */

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    }
    return true;
}

/* `prefix`, so many hex digits, `suffix`, and nothing else. */
static bool has_pattern(const char *name, const char *prefix, size_t digits, const char *suffix)
{
    size_t len = strlen(prefix);
    return strlen(name) == len + digits + strlen(suffix) && memcmp(name, prefix, len) == 0 &&
           is_hex(name + len, digits) && strcmp(name + len + digits, suffix) == 0;
}

static bool is_temporary(const char *name)
{
    return has_pattern(name, ".tmp-", 16, "");
}

uint64_t gs_manifest_generation(const char *name)
{
    if (!has_pattern(name, GS_MANIFEST_PREFIX, 16, GS_MANIFEST_SUFFIX))
        return 0;
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(name + strlen(GS_MANIFEST_PREFIX), 16));
    uint64_t generation = read_hex(&cursor);
    return generation == UINT64_MAX ? 0 : generation; // nothing could follow it
}

static bool is_ours(const char *name)
{
    return gs_manifest_generation(name) ||
           has_pattern(name, GS_SEGMENT_PREFIX, 32, GS_SEGMENT_SUFFIX) ||
           has_pattern(name, GS_DELETES_PREFIX, 32, GS_DELETES_SUFFIX) ||
           has_pattern(name, GS_INPUTS_PREFIX, 32, GS_INPUTS_SUFFIX);
}

static gsearch_status visit_number(const char *name, void *payload, gsearch_error *err)
{
    gs_buf *numbers = payload;
    uint64_t generation = gs_manifest_generation(name);
    if (generation)
        gs_buf_u64(numbers, generation);
    if (numbers->status)
        return gs_fail(err, numbers->status, "no room for the list of manifests");
    return GSEARCH_OK;
}

static void numbers_init(gs_buf *numbers, const gs_mem *mem)
{
    gs_buf_init(numbers, mem, MANIFESTS_LISTED_MAX * sizeof(uint64_t));
}

static gsearch_status list_numbers(gs_dir *dir, gs_buf *numbers, gsearch_error *err)
{
    gs_buf_reset(numbers);
    return gs_dir_list(dir, visit_number, numbers, err);
}

/* The highest of the numbers under `bound`; 0 if none. */
static uint64_t highest_below(const gs_buf *numbers, uint64_t bound)
{
    uint64_t highest = 0;
    for (size_t at = 0; at < numbers->len; at += sizeof(uint64_t)) {
        uint64_t number = gs_load_u64(numbers->data + at);
        if (number < bound && number > highest)
            highest = number;
    }
    return highest;
}

/* ---- load ---- */

static gsearch_status check_file(gs_dir *dir, const char *manifest, const file_ref *file,
                                 gsearch_error *err)
{
    uint64_t length;
    gsearch_status status = gs_dir_file_size(dir, file->name.text, &length, err);
    if (status == GSEARCH_NOT_FOUND && GS_SABOTAGED(missing_file))
        return GSEARCH_OK;
    if (status == GSEARCH_NOT_FOUND)
        return gs_corrupt(err, "%s names %s, which is missing", manifest, file->name.text);
    if (status)
        return status;
    if (length != file->length)
        return gs_corrupt(err, "%s has %" PRIu64 " bytes, %s says %" PRIu64, file->name.text,
                          length, manifest, file->length);
    return GSEARCH_OK;
}

static gsearch_status read_one(gs_dir *dir, const gs_mem *mem, file_name name, uint64_t generation,
                               gs_manifest *out, gsearch_error *err)
{
    gsearch_error fault = {0};
    gs_buf text;
    gs_buf_init(&text, mem, GS_MANIFEST_BYTES_MAX + 1);
    gsearch_status status = gs_dir_read(dir, name.text, GS_MANIFEST_BYTES_MAX, &text, err);
    if (status == GSEARCH_LIMIT)
        status = gs_corrupt(err, "%s is too long for a manifest", name.text);
    if (status == GSEARCH_NOT_FOUND)
        status = gs_corrupt(err, "%s has vanished", name.text);
    if (!status)
        status = gs_manifest_parse(gs_buf_view(&text), out, &fault);
    gs_buf_release(&text);
    if (fault.code)
        return gs_fail(err, fault.code, "%s: %s", name.text, fault.message);
    if (status)
        return status;
    if (out->generation != generation)
        return gs_corrupt(err, "%s holds the manifest of generation %" PRIu64, name.text,
                          out->generation);
    file_ref files[FILES_MAX];
    size_t count = list_files(out, files);
    for (size_t i = 0; i < count; i++)
        GS_TRY(check_file(dir, name.text, &files[i], err));
    return GSEARCH_OK;
}

/* One generation; what is wrong with it is told with its folder and what helps, to `err`, which is
 * not NULL. */
static gsearch_status load_one(gs_dir *dir, const gs_mem *mem, uint64_t generation,
                               gs_manifest *out, gsearch_error *err)
{
    gsearch_error fault = {0};
    gsearch_status status = read_one(dir, mem, manifest_name(generation), generation, out, &fault);
    if (status == GSEARCH_CORRUPT)
        return gs_corrupt(err, "%s: %s; see gsearch verify and gsearch salvage", gs_dir_path(dir),
                          fault.message);
    if (status == GSEARCH_VERSION)
        return gs_fail(err, status, "%s: %s; use a newer gsearch or index into another folder",
                       gs_dir_path(dir), fault.message);
    if (status)
        *err = fault;
    return status;
}

/* Whether the fault lies in the files and not in this process. */
static bool is_damage(const gsearch_error *fault)
{
    return fault->code == GSEARCH_CORRUPT || fault->code == GSEARCH_VERSION ||
           (fault->code == GSEARCH_IO && fault->sys_errno == EIO);
}

/* The highest usable of the listed generations under `bound`, else the fault of the highest. */
static gsearch_status load_highest(gs_dir *dir, const gs_mem *mem, const gs_buf *numbers,
                                   uint64_t bound, gs_manifest *out, gsearch_error *fault)
{
    uint64_t newest = highest_below(numbers, UINT64_MAX), first = highest_below(numbers, bound);
    gsearch_error older;
    for (uint64_t at = first; at; at = highest_below(numbers, at)) {
        gsearch_error *err = at == first ? fault : &older;
        gsearch_status status = load_one(dir, mem, at, out, err);
        if (!status) {
            out->degraded = at != newest;
            return GSEARCH_OK;
        }
        if (!is_damage(err)) {
            *fault = *err;
            return status;
        }
        if (at == newest && status == GSEARCH_VERSION)
            return status;
    }
    return fault->code;
}

gsearch_status gs_manifest_load_below(gs_dir *dir, const gs_mem *mem, uint64_t bound,
                                      gs_manifest *out, gsearch_error *err)
{
    gs_manifest found = {0};
    gsearch_error fault = {0};
    gsearch_status status =
        gs_fail(&fault, GSEARCH_NO_INDEX, "there is no index in %s; gsearch index makes one",
                gs_dir_path(dir));
    gs_buf numbers;
    numbers_init(&numbers, mem);
    // a generation can be cleaned away while it is read, but only after newer ones were committed:
    // so a failure counts only once the highest number stands still
    uint64_t seen = 0;
    do {
        gsearch_status listed = list_numbers(dir, &numbers, &fault);
        if (listed) {
            status = listed;
            break;
        }
        uint64_t newest = highest_below(&numbers, UINT64_MAX);
        if (newest <= seen)
            break;
        seen = newest;
        status = load_highest(dir, mem, &numbers, bound, &found, &fault);
    } while (status || (found.degraded && bound == UINT64_MAX));
    gs_buf_release(&numbers);
    if (status)
        return gs_fail_as(err, &fault);
    *out = found;
    return GSEARCH_OK;
}

gsearch_status gs_manifest_load(gs_dir *dir, const gs_mem *mem, gs_manifest *out,
                                gsearch_error *err)
{
    return gs_manifest_load_below(dir, mem, UINT64_MAX, out, err);
}

void gs_manifest_put_warning(const gs_manifest *manifest, const char *dir, gs_buf *out)
{
    gs_buf_printf(out,
                  "warning: %s: the newest generation is damaged; answers come from generation "
                  "%" PRIu64 "; see gsearch verify and gsearch salvage",
                  dir, manifest->generation);
}

/* ---- commit ---- */

gsearch_status gs_manifest_commit(gs_dir *dir, const gs_mem *mem, gs_manifest *manifest,
                                  gsearch_error *err)
{
    assert(manifest->generation > 0 && manifest->segments_count <= GS_SEGMENTS_MAX);
    gs_file *file;
    gs_buf text;
    gs_buf_init(&text, mem, GS_MANIFEST_BYTES_MAX);
    gs_manifest_format(manifest, &text);
    gsearch_status status = GSEARCH_OK;
    if (text.status)
        status = gs_fail(err, text.status, "no room for the text of the manifest");
    // the files that it names must be durable under their names before it is
    if (!status && !GS_SABOTAGED(folder_sync_before))
        status = gs_dir_sync(dir, err);
    if (!status)
        status = gs_file_create(dir, &file, err);
    if (!status) {
        gs_file_write(file, text.data, text.len);
        status = gs_file_publish(file, manifest_name(manifest->generation).text, false, err);
    }
    gs_buf_release(&text);
    if (status)
        return status;
    gsearch_error fault = {0};
    if (!GS_SABOTAGED(folder_sync_after) && gs_dir_sync(dir, &fault))
        return gs_fail_errno(err, fault.sys_errno,
                             "generation %" PRIu64 " is visible but not known to be durable",
                             manifest->generation);
    return GSEARCH_OK;
}

/* ---- clean ---- */

typedef struct clean_plan {
    gs_dir *dir;
    bool all; // false: temporary files only
    size_t kept_count;
    file_name kept[GS_GENERATIONS_KEPT * (FILES_MAX + 1)];
} clean_plan;

static void keep(clean_plan *plan, const gs_manifest *manifest)
{
    plan->kept[plan->kept_count++] = manifest_name(manifest->generation);
    file_ref files[FILES_MAX];
    size_t count = list_files(manifest, files);
    for (size_t i = 0; i < count; i++)
        plan->kept[plan->kept_count++] = files[i].name;
}

static bool is_kept(const clean_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->kept_count; i++) {
        if (strcmp(plan->kept[i].text, name) == 0)
            return true;
    }
    return false;
}

static gsearch_status visit_old_manifest(const char *name, void *payload, gsearch_error *err)
{
    const clean_plan *plan = payload;
    bool goes = plan->all && gs_manifest_generation(name) && !is_kept(plan, name);
    return goes ? gs_dir_remove(plan->dir, name, err) : GSEARCH_OK;
}

static gsearch_status visit_clean(const char *name, void *payload, gsearch_error *err)
{
    const clean_plan *plan = payload;
    bool is_own = is_ours(name) || GS_SABOTAGED(foreign_files);
    bool goes = is_temporary(name) || (plan->all && is_own && !is_kept(plan, name));
    if (!goes)
        return GSEARCH_OK;
    return gs_dir_remove(plan->dir, name, err);
}

/* Puts the newest usable generations on the list of what stays. */
static gsearch_status keep_newest(clean_plan *plan, const gs_mem *mem, const gs_buf *numbers,
                                  gsearch_error *err)
{
    uint64_t at = highest_below(numbers, UINT64_MAX);
    plan->all = true;
    uint32_t wanted = GS_SABOTAGED(generations_kept) ? 1 : GS_GENERATIONS_KEPT;
    for (uint32_t kept = 0; at && kept < wanted; at = highest_below(numbers, at)) {
        gs_manifest manifest;
        gsearch_error fault = {0};
        gsearch_status status = load_one(plan->dir, mem, at, &manifest, &fault);
        if (!status) {
            keep(plan, &manifest);
            kept++;
        } else if (!is_damage(&fault)) {
            return gs_fail_as(err, &fault);
        } else if (kept == 0 || fault.code == GSEARCH_IO) { // the next read may go well
            plan->all = false;
            return GSEARCH_OK;
        }
    }
    return GSEARCH_OK;
}

gsearch_status gs_manifest_clean(gs_dir *dir, const gs_mem *mem, gsearch_error *err)
{
    clean_plan plan = {.dir = dir};
    gs_buf numbers;
    numbers_init(&numbers, mem);
    gsearch_status status = list_numbers(dir, &numbers, err);
    if (!status)
        status = keep_newest(&plan, mem, &numbers, err);
    // before the files that they name: a process that dies here leaves no generation with gaps
    if (!status)
        status = gs_dir_list(dir, visit_old_manifest, &plan, err);
    if (!status)
        status = gs_dir_list(dir, visit_clean, &plan, err);
    gs_buf_release(&numbers);
    return status;
}

gsearch_status gs_manifest_clean_temporary(gs_dir *dir, gsearch_error *err)
{
    clean_plan plan = {.dir = dir};
    return gs_dir_list(dir, visit_clean, &plan, err);
}
