/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done to an index besides searching, over a segment whose sums are right and whose content
 * is anything: it is audited and merged. What passes the audit can be merged, and what comes of it
 * passes again; nothing is left behind, whatever happens.
 */
#include "common/segment/segment.h"
#include "indexer/audit.h"
#include "indexer/compact.h"
#include "tests/fuzz/folder.h"

static void ignore(const gs_audit_finding *finding, void *payload)
{
    (void)payload;
    assert_true(finding->file && (!finding->status || finding->message));
}

static gsearch_status audit(gs_audit_summary *summary, gsearch_error *error)
{
    gs_audit_options options = {.report = ignore};
    return gs_audit_verify(GS_DISK_INDEX, &options, summary, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_container_name name;
    gs_segment *segment;
    gs_audit_summary summary;
    gs_compact_summary merged;
    gsearch_error error;
    gs_dir *dir = gs_folder_open();
    if (gs_folder_put(gs_bytes_of(data, size), "seg-", ".gss", &name) &&
        gs_segment_open(dir, NULL, name.id, name.length, false, &segment, &error) == GSEARCH_OK) {
        gs_folder_put_manifest(&name, segment->docs.count);
        gs_segment_unref(segment);
        gsearch_status audited = audit(&summary, &error);
        assert_true(!audited || audited == GSEARCH_CORRUPT || audited == GSEARCH_LIMIT);
        assert_int_equal(!audited, !summary.damaged);
        gsearch_status status = gs_compact_run(GS_DISK_INDEX, true, NULL, &merged, &error);
        assert_true(!status || (status == GSEARCH_CORRUPT && audited) || status == GSEARCH_LIMIT);
        if (!status) {
            gsearch_status again = audit(&summary, &error);
            assert_true(!again || audited);
        }
    }
    gs_folder_close(dir);
    return 0;
}
