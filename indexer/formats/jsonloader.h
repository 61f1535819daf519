/* SPDX-License-Identifier: Apache-2.0
 *
 * jansson over gs_mem, telling want of memory from what is no JSON.
 */
#ifndef GS_INDEXER_JSONLOADER_H
#define GS_INDEXER_JSONLOADER_H

#include <jansson.h>

#include "common/base/fail.h"
#include "common/base/mem.h"

/* From here on jansson takes its memory from gs_mem. Any thread, any number of times. */
void gs_json_hook(void);

/* json_loadb once that is so. `*out` is NULL for what is no JSON, and `*fault` says why; else the
 * caller gives it to json_decref. NO_MEMORY. */
GS_CHECKED gsearch_status gs_json_load(gs_bytes text, size_t flags, json_t **out,
                                       json_error_t *fault, gsearch_error *err);

#endif
