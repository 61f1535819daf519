/* SPDX-License-Identifier: Apache-2.0
 *
 * Small inputs of every kind, and the runs over them.
 */
#include "tests/durability/scenario.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "indexer/audit.h"
#include "indexer/compact.h"
#include "indexer/update.h"
#include "tests/indexer/content.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

void gs_stage_put(gs_stage *stage, const char *name, const void *data, size_t len)
{
    gs_test_file_write(stage->in, name, data, len);
    char *path = gs_test_path(stage->in, name);
    const struct timespec time = {.tv_sec = 1000000000 + stage->seconds++};
    assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){time, time}, 0), 0);
    free(path);
}

static void put(gs_stage *stage, const char *name, const char *text)
{
    gs_stage_put(stage, name, text, strlen(text));
}

static void take_away(gs_stage *stage, const char *name)
{
    char *path = gs_test_path(stage->in, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static gsearch_status index_folder(gs_stage *stage)
{
    const char *paths[] = {stage->in};
    gs_update_options options = {
        .dir = stage->index, .paths = paths, .paths_count = 1, .threads = 1, .strict = true};
    gs_update_summary summary;
    return gs_update_run(&options, &summary, &stage->error);
}

static gsearch_status merge_segments(gs_stage *stage)
{
    gs_compact_summary summary;
    return gs_compact_run(stage->index, false, NULL, &summary, &stage->error);
}

static gsearch_status write_documents(gs_stage *stage)
{
    static const char *const texts[] = {"行政许可", "财政预算 2017年", "PD1728A型设备"};
    gsearch_writer *writer;
    gsearch_status status = gsearch_writer_open(stage->index, NULL, &writer, &stage->error);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts) && !status; i++) {
        gsearch_document document = GSEARCH_DOCUMENT_INIT;
        document.id = texts[i];
        document.text = texts[i];
        document.date = "2017-12-05";
        status = gsearch_writer_add(writer, &document, &stage->error);
    }
    if (!status)
        status = gsearch_writer_commit(writer, NULL, &stage->error);
    gsearch_writer_close(writer);
    return status;
}

static void prepare_nothing(gs_stage *stage)
{
    put(stage, "a.txt", "政务公开\n年度报告");
    put(stage, "b.txt", "营商环境");
    put(stage, "c.jsonl",
        "{\"id\":\"c\",\"title\":\"三公经费\",\"text\":\"決算\",\"place\":\"銀川\"}\n"
        "{\"text\":\"无编号\",\"n\":1}\n"
        "{\"id\":\"d\",\"text\":\"設備 \\u94f6\",\"date\":\"2017-12-05\"}\n");
    put(stage, "e.md", "# 通知\n\n\xe4\xb8\xff is broken");
}

/* Two generations are there, so that a third one makes the first go. */
static void prepare_update(gs_stage *stage)
{
    prepare_nothing(stage);
    assert_ok(index_folder(stage), &stage->error);
    put(stage, "b.txt", "营商环境条例");
    assert_ok(index_folder(stage), &stage->error);
    take_away(stage, "a.txt");
    put(stage, "b.txt", "优化营商环境条例");
    put(stage, "d.txt", "行政许可");
}

static void prepare_deletes(gs_stage *stage)
{
    prepare_nothing(stage);
    assert_ok(index_folder(stage), &stage->error);
    take_away(stage, "a.txt");
}

static void prepare_merge(gs_stage *stage)
{
    prepare_update(stage);
    assert_ok(index_folder(stage), &stage->error);
}

const gs_scenario gs_scenarios[GS_SCENARIOS] = {
    {"build", prepare_nothing, index_folder},   {"update", prepare_update, index_folder},
    {"deletes", prepare_deletes, index_folder}, {"merge", prepare_merge, merge_segments},
    {"writer", prepare_merge, write_documents},
};

gs_stage gs_stage_begin(const gs_scenario *scenario, const char *index)
{
    gs_stage stage = {.path = gs_test_dir_make()};
    stage.in = gs_test_path(stage.path, "in");
    stage.index = index ? strdup(index) : gs_test_path(stage.path, "ix");
    assert_int_equal(mkdir(stage.in, 0755), 0);
    scenario->prepare(&stage);
    return stage;
}

void gs_stage_end(gs_stage *stage)
{
    gs_test_dir_remove(stage->path);
    free(stage->in);
    free(stage->index);
}

static void ignore_finding(const gs_audit_finding *finding, void *payload)
{
    (void)finding;
    (void)payload;
}

char *gs_stage_content(gs_stage *stage, const char *where)
{
    gs_audit_options options = {.report = ignore_finding};
    gs_audit_summary summary;
    char *content = gs_test_content(stage->index);
    gsearch_status status = gs_audit_verify(stage->index, &options, &summary, &stage->error);
    if (status && (status != GSEARCH_NO_INDEX || *content))
        fail_msg("%s: %s", where, stage->error.message);
    return content;
}
