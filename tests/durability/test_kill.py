#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the program as it is installed at every call that changes the disk, and lets each of these
calls fail, by strace from outside: test_kill.py GSEARCH
With GS_TEST_FULL at every call, else at every seventh."""

import itertools
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "durability")]
import stage  # noqa: E402
import tap  # noqa: E402

GSEARCH = str(pathlib.Path(sys.argv[1]).resolve())
STEP = 1 if os.environ.get("GS_TEST_FULL") else 7
STATUS = {"EIO": 74, "ENOSPC": 74, "EACCES": 77}
NEVER_IN_SILENCE = ("fsync", "renameat2", "linkat")


def each_point(first):
    """(what is changed, its stage, call) of every call, thinned."""
    if reason := stage.why_not_traced():
        raise tap.Skip(reason)
    for name, change in stage.CHANGES.items():
        with tempfile.TemporaryDirectory() as folder:
            played = stage.Stage(GSEARCH, folder, change)
            for point in itertools.islice(played.points(), first, None, STEP):
                played.restore()
                yield name, played, point


def a_kill_at_any_call_leaves_a_whole_index():
    count = 0
    for name, played, point in each_point(0):
        answer = played.inject(point, "signal=KILL")
        assert answer.returncode in (-9, 137), (name, point, answer)
        played.check(f"{name}, killed at {point}")
        count += 1
    print(f"# figure: kills of the program as installed: {count}")


def a_failure_of_any_call_is_told_and_harms_nothing():
    count = 0
    errors = itertools.cycle(STATUS)
    for name, played, point in each_point(STEP // 2):
        error = next(errors)
        answer = played.inject(point, f"error={error}")
        where = f"{name}, {point}: {error}: {answer.returncode} {answer.stderr}"
        # 127: before main; 65: what cannot be read is damaged; 66: an input that is not there
        assert answer.returncode in (0, 65, 66, STATUS[error], 127), where
        assert answer.returncode or point[0] not in NEVER_IN_SILENCE, where
        played.check(where)
        count += 1
    print(f"# figure: failed calls of the program as installed: {count}")


tap.main(a_kill_at_any_call_leaves_a_whole_index, a_failure_of_any_call_is_told_and_harms_nothing)
