/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an index for reading, and the words that a command is given.
 */
#include "cli/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "common/base/limits.h"
#include "common/base/mapguard.h"

static void warn_if_degraded(const gs_manifest *manifest, const char *dir)
{
    gs_buf line;
    if (!manifest->degraded)
        return;
    gs_buf_init(&line, NULL, SIZE_MAX);
    gs_manifest_put_warning(manifest, dir, &line);
    fprintf(stderr, "gsearch: %.*s\n", (int)line.len, (const char *)line.data);
    gs_buf_release(&line);
}

void gs_session_warn(const char *dir)
{
    gs_dir *folder;
    gs_manifest manifest;
    const char *path = gs_out_index_dir(dir);
    if (gs_dir_open(NULL, path, false, &folder, NULL))
        return;
    if (!gs_manifest_load(folder, NULL, &manifest, NULL))
        warn_if_degraded(&manifest, path);
    gs_dir_close(folder);
}

gsearch_status gs_session_open(const char *dir, gs_session *out, gsearch_error *err)
{
    gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    gs_session session;
    GS_TRY(gs_map_guard(err));
    GS_TRY(gsearch_index_open(gs_out_index_dir(dir), &options, &session.index, err));
    session.snapshot = gs_index_snapshot(session.index);
    warn_if_degraded(&session.snapshot->manifest, gs_out_index_dir(dir));
    *out = session;
    return GSEARCH_OK;
}

void gs_session_close(gs_session *session)
{
    gs_snapshot_unref(session->snapshot);
    gsearch_index_close(session->index);
}

static gsearch_status read_input(gs_buf *out, gsearch_error *err)
{
    char piece[4096];
    size_t got;
    errno = 0;
    while ((got = fread(piece, 1, sizeof(piece), stdin)) > 0)
        gs_buf_append(out, piece, got);
    if (ferror(stdin))
        return gs_fail_errno(err, errno, "standard input");
    if (out->len && out->data[out->len - 1] == '\n')
        out->len--;
    if (out->len && memchr(out->data, '\0', out->len))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "standard input has a NUL: it must be text");
    return GSEARCH_OK;
}

gsearch_status gs_session_words(char **words, int count, char **out, gsearch_error *err)
{
    gs_buf joined;
    gs_buf_init(&joined, NULL, GS_DOCUMENT_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    if (count == 1 && strcmp(words[0], "-") == 0) {
        status = read_input(&joined, err);
    } else {
        for (int i = 0; i < count; i++) {
            gs_buf_str(&joined, i ? " " : "");
            gs_buf_str(&joined, words[i]);
        }
    }
    if (!status && joined.status)
        status = gs_fail(err, joined.status, "more than %u bytes of text", GS_DOCUMENT_BYTES_MAX);
    char *copy = status ? NULL : gs_mem_dup(NULL, gs_buf_view(&joined));
    gs_buf_release(&joined);
    if (!status && !copy)
        status = gs_fail_memory(err);
    if (!status)
        *out = copy;
    return status;
}

gsearch_status gs_session_match(const char *word, gsearch_match *out, gsearch_error *err)
{
    if (!word || strcmp(word, "exact") == 0)
        *out = GSEARCH_MATCH_EXACT;
    else if (strcmp(word, "any") == 0)
        *out = GSEARCH_MATCH_ANY;
    else
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "--match: exact or any, not '%s'", word);
    return GSEARCH_OK;
}
