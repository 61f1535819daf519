/* SPDX-License-Identifier: Apache-2.0
 *
 * An index folder in memory for files that libFuzzer makes up: tests/durability/disk.h.
 */
#ifndef GS_FUZZ_FOLDER_H
#define GS_FUZZ_FOLDER_H

#include "common/segment/manifest.h"
#include "tests/durability/disk.h"
#include "tests/fuzz/target.h"

/* An empty folder at GS_DISK_INDEX, open; what was open must be closed. */
gs_dir *gs_folder_open(void);

/* A container under the name that its footer claims for it; `file` is borrowed as long as the
 * folder. False if it is too short to have one. */
bool gs_folder_put(gs_bytes file, const char *prefix, const char *suffix, gs_container_name *out);

/* A manifest of one segment, as this program would write it. */
void gs_folder_put_manifest(const gs_container_name *segment, uint32_t documents);

/* Closes, and checks that no descriptor and no memory of the product is left. */
void gs_folder_close(gs_dir *dir);

#endif
