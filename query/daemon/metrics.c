/* SPDX-License-Identifier: Apache-2.0
 *
 * The counters as JSON. Names are part of the protocol.
 */
#include "query/daemon/metrics.h"

#include "gsearch/gsearch.h"

static void put(gs_buf *out, const char *name, uint64_t value)
{
    gs_buf_str(out, ",\"");
    gs_buf_str(out, name);
    gs_buf_str(out, "\":");
    gs_buf_decimal(out, value);
}

static void put_requests(const gs_metrics *metrics, gs_buf *out)
{
    gs_buf_str(out, ",\"requests\":{");
    for (int verb = 0; verb < GS_VERB_COUNT_OF; verb++) {
        gs_buf_str(out, verb ? ",\"" : "\"");
        gs_buf_str(out, gs_verb_word((gs_verb)verb));
        gs_buf_str(out, "\":");
        gs_buf_decimal(out, metrics->requests[verb]);
    }
    gs_buf_u8(out, '}');
}

static void put_errors(const gs_metrics *metrics, gs_buf *out)
{
    const char *separator = "\"";
    gs_buf_str(out, ",\"errors\":{");
    for (int status = 0; status < GS_METRICS_STATUSES; status++) {
        if (metrics->errors[status] == 0)
            continue;
        gs_buf_str(out, separator);
        gs_buf_str(out, gsearch_status_word((gsearch_status)status));
        gs_buf_str(out, "\":");
        gs_buf_decimal(out, metrics->errors[status]);
        separator = ",\"";
    }
    gs_buf_u8(out, '}');
}

void gs_metrics_put(const gs_metrics *metrics, uint64_t uptime_s, uint64_t memory_bytes,
                    gs_buf *out)
{
    gs_buf_str(out, "{\"version\":\"" GSEARCH_VERSION_TEXT "\"");
    put(out, "uptime_s", uptime_s);
    put(out, "generation", metrics->generation);
    gs_buf_str(out, metrics->degraded ? ",\"degraded\":true" : ",\"degraded\":false");
    put(out, "documents", metrics->documents);
    put(out, "segments", metrics->segments);
    put(out, "reloads", metrics->reloads);
    put(out, "reload_failed", metrics->reload_failed);
    put(out, "connections", metrics->connections);
    put(out, "connections_total", metrics->connections_total);
    put(out, "connections_refused", metrics->connections_refused);
    put(out, "accept_failed", metrics->accept_failed);
    put(out, "timeouts", metrics->timeouts);
    put_requests(metrics, out);
    put_errors(metrics, out);
    put(out, "queue", metrics->waiting);
    put(out, "running", metrics->running);
    put(out, "streams", metrics->streams);
    put(out, "output_bytes", metrics->output_bytes);
    put(out, "memory_bytes", memory_bytes);
    gs_buf_str(out, "}\n");
}
