#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what systemd thinks of the service: test_service.py UNIT."""

import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

UNIT = sys.argv[1]
EXPOSURE_MOST = 1.5  # of 10


def the_service_is_exposed_to_little():
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        raise tap.Skip("no systemd-analyze")
    done = subprocess.run([analyze, "security", "--offline=true", "--no-pager",
                           f"--threshold={EXPOSURE_MOST * 10:.0f}", UNIT],
                          capture_output=True, text=True, timeout=60)
    if "--offline" in done.stderr or "Unknown" in done.stderr:
        raise tap.Skip("this systemd-analyze cannot look at a file")
    found = re.search(r"Overall exposure level for .*: ([\d.]+) ", done.stdout)
    assert found, (done.stdout, done.stderr)
    print(f"# exposure {found[1]}")
    assert done.returncode == 0 and float(found[1]) <= EXPOSURE_MOST, found[0]


tap.main(the_service_is_exposed_to_little)
