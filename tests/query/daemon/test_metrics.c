/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/metrics.c: the names are those of docs/PROTOCOL.md.
 */
#include "query/daemon/metrics.h"

#include "gsearch/gsearch.h"
#include "tests/support/check.h"

static void stats_are_one_json_line(void **state)
{
    (void)state;
    gs_metrics metrics = {.connections = 2,
                          .connections_total = 9,
                          .connections_refused = 1,
                          .generation = 7,
                          .documents = 128,
                          .segments = 3,
                          .reloads = 4,
                          .waiting = 5,
                          .running = 6,
                          .streams = 8,
                          .output_bytes = 10,
                          .timeouts = 11,
                          .accept_failed = 12,
                          .reload_failed = 13,
                          .degraded = true};
    metrics.requests[GS_VERB_SEARCH] = 100;
    metrics.requests[GS_VERB_PING] = 1;
    metrics.errors[GSEARCH_BAD_QUERY] = 2;
    metrics.errors[GSEARCH_DENIED] = 3;
    gs_buf out;
    gs_buf_init(&out, NULL, 4096);
    gs_metrics_put(&metrics, 60, 1048576, &out);
    gs_buf_u8(&out, '\0');
    assert_string_equal(
        (const char *)out.data,
        "{\"version\":\"" GSEARCH_VERSION_TEXT "\",\"uptime_s\":60,\"generation\":7,"
        "\"degraded\":true,"
        "\"documents\":128,\"segments\":3,\"reloads\":4,\"reload_failed\":13,\"connections\":2,"
        "\"connections_total\":9,\"connections_refused\":1,\"accept_failed\":12,\"timeouts\":11,"
        "\"requests\":{\"SEARCH\":100,\"COUNT\":0,\"GET\":0,\"EXPLAIN\":0,\"SUGGEST\":0,"
        "\"STATS\":0,\"HELP\":0,\"PING\":1,\"QUIT\":0,\"AUTH\":0},"
        "\"errors\":{\"bad-query\":2,\"denied\":3},\"queue\":5,\"running\":6,\"streams\":8,"
        "\"output_bytes\":10,\"memory_bytes\":1048576}\n");
    gs_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stats_are_one_json_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
