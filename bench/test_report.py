#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What report.py makes of results written by hand. Prints TAP."""

import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import plot

REPORT = pathlib.Path(__file__).with_name("report.py")
KERNELS = """\
kernel level input length M/s ns/posting B/posting GB/s of_memory
memory - reads 67108864 1000 1.000 4.00 4.0 100%
unpack portable 8-bits 4096 900 1.111 5.00 4.5 113%
intersect portable 1:1 4096 400 2.500 4.00 1.6 40%
intersect portable 1:32 4096 4000 0.250 4.00 16.0 400%
unpack avx2 8-bits 4096 3500 0.286 5.00 17.5 438%
intersect avx2 1:1 4096 2500 0.400 4.00 10.0 250%
intersect avx2 1:32 4096 9000 0.111 4.00 36.0 900%
"""
SIZES = """\
text_bytes 1000000
index_bytes 900000
lists_bytes 400000
dictionary_bytes 100000
documents_bytes 20000
titles_bytes 10000
stored_text_bytes 360000
single_lists 500
single_positions 500
single_bytes 2000
short_lists 100
short_positions 1500
short_bytes 3000
long_lists 1
long_positions 8000
long_bytes 10000
"""
BUILD = """\
text_MB documents segments stored seconds MB/s peak_MiB index_MB
{size} 10 {commits} yes 1.00 20.0 30 1.0
"""


def query_table(p50):
    rows = "".join(f"{name} 100 {p50} {p50 * 2} {p50 * 3} {p50 * 4} {p50 * 1.5}\n"
                   for name in ["medium", "bigram", "or5"])
    head = "microseconds n p50 p95 p99 p99.9 mean\n"
    return f"total=exact\n{head}{rows}\ntotal=none\n{head}{rows}"


def report(files, record=None):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text, encoding="utf-8")
        options = ["--record", str(record)] if record else []
        return subprocess.run([sys.executable, REPORT, *options, folder], capture_output=True,
                              text=True, check=True).stdout


def everything():
    files = {"kernels.txt": KERNELS, "sizes.txt": SIZES, "query.txt": query_table(10),
             "machine.txt": "machine: none\ncommit: abc\ndate: 2000-01-01\n"}
    for size, p50 in [(10, 10), (100, 15), (1000, 35)]:
        files[f"growth-build-{size}-1.txt"] = BUILD.format(size=size, commits=1)
        files[f"growth-query-{size}-1.txt"] = query_table(p50)
    return files


def value_of(output, name):
    return re.search(rf"^{re.escape(name)}  +(\S.*)$", output, re.M)[1]


def the_summary_takes_the_best_level_and_divides_the_series():
    out = report(everything())
    return (value_of(out, "block decode, 8 bits, avx2") == "3,500  M postings/s" and
            value_of(out, "medium p50, 1000 by 10 MB") == "3.50  times" and
            value_of(out, "index without text and titles") == "52.0  % of the text")


def shares_and_bytes_of_lists_are_of_their_positions():
    out = report(everything())
    return (value_of(out, "positions inside zstd chunks") == "15.0  %" and
            value_of(out, "bytes a position, short lists") == "2.00  bytes" and
            value_of(out, "bytes a position, long lists") == "1.25  bytes")


def what_was_not_measured_is_left_out():
    out = report({"sizes.txt": SIZES})
    return "postings/s" not in out and "times" not in out and "% of the text" in out


def a_record_is_appended_and_every_plot_is_a_picture():
    with tempfile.TemporaryDirectory() as folder:
        bench = pathlib.Path(folder)
        (bench / "RESULTS.md").write_text("# Results\n", encoding="utf-8")
        for _ in range(2):
            report(everything(), bench)
        text = (bench / "RESULTS.md").read_text(encoding="utf-8")
        pictures = list((bench / "plots").glob("*.svg"))
        roots = [xml.etree.ElementTree.parse(picture).getroot().tag for picture in pictures]
        widths = {line.count("|") for line in text.splitlines() if line.startswith("| medium")}
        return (text.startswith("# Results\n") and text.count("## 2000-01-01, abc") == 2 and
                widths == {8} and len(pictures) >= 6 and
                set(roots) == {"{http://www.w3.org/2000/svg}svg"})


def names_beside_lines_do_not_overlap():
    places = plot.spread([100, 380, 101, 379, 381, 99], 16, 382)
    ordered = sorted(places)
    return (all(b - a >= 16 for a, b in zip(ordered, ordered[1:])) and ordered[-1] <= 382 and
            sorted(range(6), key=places.__getitem__) == [5, 0, 2, 3, 1, 4])


CASES = [
    the_summary_takes_the_best_level_and_divides_the_series,
    shares_and_bytes_of_lists_are_of_their_positions, what_was_not_measured_is_left_out,
    a_record_is_appended_and_every_plot_is_a_picture, names_beside_lines_do_not_overlap,
]


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
