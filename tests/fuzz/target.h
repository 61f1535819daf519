/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fuzz target is: a program made of one file with the function below, which gives any bytes
 * to a parser and checks what must hold of its answer. libFuzzer calls it with inputs that it makes
 * up (scripts/fuzz.py), tests/fuzz/replay.c with those that were saved.
 *
 * An assertion that fails outside of cmocka's tests ends the process, which libFuzzer takes for a
 * finding; so it does a report of a sanitizer.
 */
#ifndef GS_FUZZ_TARGET_H
#define GS_FUZZ_TARGET_H

#include "tests/support/check.h"

/* Returns 0. `data` may be as long as nothing else is; what is kept from one call to the next must
 * not change what the next one says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
