#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What compare.py must fail on, with output of peers written by hand. Prints TAP."""

import pathlib
import subprocess
import sys
import tempfile

COMPARE = pathlib.Path(__file__).with_name("compare.py")
HEAD = "version\t1\nbuild\t{seconds}\t1000000\nsize\t500000\n"
BOTH = "query\t{name}\t0\texact\t{matches}\t{us}\nquery\t{name}\t0\ttop10\t-\t{us}\n"


def output(name, matches, us=10.0, seconds=2.0):
    return HEAD.format(seconds=seconds) + BOTH.format(name=name, matches=matches, us=us)


def compare(**peers):
    """Exit status and output of a comparison."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        for name, text in peers.items():
            path = pathlib.Path(folder, name)
            path.write_text(text, encoding="utf-8")
            arguments.append(f"{name}={path}")
        result = subprocess.run([sys.executable, COMPARE, *arguments], capture_output=True,
                                text=True, check=False)
        return result.returncode, result.stdout


def equal_numbers_pass():
    status, printed = compare(gsearch=output("long", 7), lucene=output("long", 7))
    return status == 0 and "1 numbers of matches compared" in printed


def another_number_fails():
    status, printed = compare(gsearch=output("long", 7), lucene=output("long", 8))
    return status == 1 and "lucene long: 1 of 1" in printed and "NO KNOWN REASON" in printed


def a_known_reason_passes_and_is_printed():
    status, printed = compare(gsearch=output("near", 7), fts5=output("near", 8))
    return status == 0 and "fts5 near: 1 of 1" in printed and "breaks" in printed


def a_known_reason_holds_in_its_direction_only():
    status, printed = compare(gsearch=output("near", 8), fts5=output("near", 7))
    return status == 1 and "NO KNOWN REASON" in printed


def a_query_that_only_the_peer_answered_fails():
    status, _ = compare(gsearch=output("long", 7), lucene=output("medium", 7))
    return status == 1


def nothing_to_compare_fails():
    status, _ = compare(gsearch=output("long", 7), lucene=HEAD.format(seconds=1))
    return status == 1


def ratios_are_those_of_the_best_peer():
    status, printed = compare(gsearch=output("long", 7, us=10.0, seconds=2.0),
                              lucene=output("long", 7, us=50.0, seconds=10.0),
                              xapian=output("long", 7, us=25.0, seconds=30.0))
    rows = [line.split() for line in printed.splitlines()]
    times = [row for row in rows if row[:1] == ["long"]]
    building = {row[0]: row[2:] for row in rows if row[1:2] == ["1"]}
    return (status == 0 and times == [["long", "10.0", "50.0", "25.0", "2.50"]] * 4
            and building["lucene"] == ["10.0", "0.1", "5.0", "0.5", "0.50"])


CASES = [equal_numbers_pass, another_number_fails, a_known_reason_passes_and_is_printed,
         a_known_reason_holds_in_its_direction_only, a_query_that_only_the_peer_answered_fails,
         nothing_to_compare_fails, ratios_are_those_of_the_best_peer]


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, case in enumerate(CASES, 1):
        good = case()
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {case.__name__}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
