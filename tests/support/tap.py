# SPDX-License-Identifier: Apache-2.0
"""Runs checks written in Python and prints TAP, as the C tests do.

    def text_is_kept(): …  # a case: fails by an exception, skips by raising tap.Skip(reason)
    tap.main(text_is_kept, …)
"""

import sys
import traceback


class Skip(Exception):
    """What cannot be checked on this machine, with the reason."""


def main(*cases):
    """Runs every case in order and ends the process."""
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, case in enumerate(cases, 1):
        name = case.__name__
        try:
            case()
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    sys.exit(1 if failed else 0)
