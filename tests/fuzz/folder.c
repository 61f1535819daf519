/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk in memory takes the place of the real one by the seam of tests/durability/faultysys.h.
 */
#include "tests/fuzz/folder.h"

#include "common/text/analyzer.h"
#include "tests/durability/faultysys.h"

static long blocks; /* of memory that were there before */
static gs_buf manifest_text;

gs_dir *gs_folder_open(void)
{
    gs_dir *dir;
    gsearch_error error;
    blocks = gs_faults_here()->blocks;
    gs_disk_clear();
    gs_disk_make_folder();
    assert_ok(gs_dir_open(NULL, GS_DISK_INDEX, false, &dir, &error), &error);
    return dir;
}

bool gs_folder_put(gs_bytes file, const char *prefix, const char *suffix, gs_container_name *out)
{
    if (file.len < GS_HEADER_BYTES + GS_FOOTER_BYTES)
        return false;
    const uint8_t *footer = file.ptr + file.len - GS_FOOTER_BYTES;
    out->id = (gs_hash128){.low = gs_load_u64(footer + 32), .high = gs_load_u64(footer + 40)};
    out->length = file.len;
    gs_container_file_name(prefix, out->id, suffix, out->name);
    gs_disk_put(out->name, file.ptr, file.len);
    return true;
}

void gs_folder_put_manifest(const gs_container_name *segment, uint32_t documents)
{
    static gs_manifest manifest;
    gs_buf_init(&manifest_text, NULL, GS_MANIFEST_BYTES_MAX);
    manifest = (gs_manifest){.generation = 1, .analyzer = GS_ANALYZER_VERSION};
    memcpy(manifest.unicode, gs_analyzer_unicode(), strlen(gs_analyzer_unicode()) + 1);
    manifest.segments_count = 1;
    manifest.segments[0] = (gs_manifest_segment){
        .segment = {.id = segment->id, .length = segment->length}, .documents = documents};
    gs_manifest_format(&manifest, &manifest_text);
    gs_disk_put("manifest-0000000000000001.gsm", manifest_text.data, manifest_text.len);
}

void gs_folder_close(gs_dir *dir)
{
    gs_dir_close(dir);
    gs_buf_release(&manifest_text);
    assert_int_equal(gs_disk_open_count(), 0);
    assert_int_equal(gs_faults_here()->blocks, blocks);
}
