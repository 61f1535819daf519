/* SPDX-License-Identifier: Apache-2.0
 *
 * What STATS shows. Counters are touched by the loop thread alone.
 */
#ifndef GS_DAEMON_METRICS_H
#define GS_DAEMON_METRICS_H

#include "common/wire/wire.h"

#define GS_METRICS_STATUSES 32 /* numbers of gsearch_status are below this */

typedef struct gs_metrics {
    uint64_t connections_total;
    uint64_t connections_refused; /* at the door */
    uint64_t accept_failed;
    uint64_t timeouts; /* connections closed by one */
    uint64_t requests[GS_VERB_COUNT_OF];
    uint64_t errors[GS_METRICS_STATUSES]; /* by status */
    uint64_t reloads;
    uint64_t reload_failed;

    /* levels */
    uint32_t connections;
    uint32_t waiting; /* requests in the work queue */
    uint32_t running;
    uint32_t streams;
    uint64_t streams_bytes; /* that their searches keep */
    uint64_t output_bytes; /* replies not yet taken by the clients */

    /* the generation that answers */
    uint64_t generation;
    uint64_t documents;
    uint32_t segments;
    bool degraded;
} gs_metrics;

/* Appends the one JSON line of STATS. */
void gs_metrics_put(const gs_metrics *metrics, uint64_t uptime_s, uint64_t memory_bytes,
                    gs_buf *out);

#endif
