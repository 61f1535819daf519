#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that scripts/test.py counts what TAP says and takes nothing for a success that is none."""

import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

spec = importlib.util.spec_from_file_location("test_script", ROOT / "scripts" / "test.py")
test_script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(test_script)


def count(output, status):
    tally = test_script.Tally()
    tally.add_test("name", output, status)
    return tally.passed, len(tally.failed), len(tally.skipped)


def passes_failures_and_skips_are_counted():
    output = "1..4\nok 1 - a\nnot ok 2 - b\n# why\nok 3 - c # SKIP no net\nok 4 - d\n# not ok - t\n"
    assert count(output, 1) == (2, 1, 1)


def the_skips_of_cmocka_are_skips():
    assert count("1..2\nok 1 - a\nnot ok 2 # SKIP b\n# ok - tests\n", 0) == (1, 0, 1)


def a_test_that_skips_itself_is_one_skip():
    assert count("1..0 # SKIP no compiler\n", 0) == (0, 0, 1)


def a_crash_is_a_failure():
    assert count("1..3\nok 1 - a\n", -11) == (1, 1, 0)
    assert count("", -6) == (0, 1, 0)


def silence_is_a_failure():
    assert count("", 0) == (0, 1, 0)


def cases_that_did_not_run_are_a_failure():
    assert count("1..3\nok 1 - a\nok 2 - b\n", 0) == (2, 1, 0)


def a_bad_exit_status_after_good_cases_is_a_failure():
    assert count("1..1\nok 1 - a\n", 1) == (1, 1, 0)


def figures_are_kept_word_for_word():
    tally = test_script.Tally()
    tally.add_test("name", "1..1\n# figure: states: 7\nok 1 - a\n", 0)
    assert tally.figures == ["name: states: 7"] and tally.passed == 1


tap.main(
    figures_are_kept_word_for_word,
    passes_failures_and_skips_are_counted,
    the_skips_of_cmocka_are_skips,
    a_test_that_skips_itself_is_one_skip,
    a_crash_is_a_failure,
    silence_is_a_failure,
    cases_that_did_not_run_are_a_failure,
    a_bad_exit_status_after_good_cases_is_a_failure,
)
