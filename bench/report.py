#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tables and plots of what bench/run.sh measured: report.py [--record BENCH] RESULTS.

Prints the table of what matters most. With --record, appends all tables to BENCH/RESULTS.md and
draws BENCH/plots. Every file in RESULTS is a table as a program printed it: a head, rows, cells
between white space."""

import argparse
import pathlib
import re

import plot

CLASSES = ["frequent4", "medium", "long", "bigram", "char", "and2", "or5", "near", "prefix", "any"]
PERCENTILES = ["p50", "p95", "p99", "p99.9", "mean"]


class Results:
    def __init__(self, folder):
        self.folder = folder

    def text(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def rows(self, name):
        """The rows of a table as dictionaries by the words of its head; [] if not measured."""
        lines = [line.split() for line in self.text(name).splitlines() if line.strip()]
        return [dict(zip(lines[0], cells)) for cells in lines[1:]] if lines else []

    def pairs(self, name, separator=None):
        return dict(line.split(separator, 1) for line in self.text(name).splitlines() if line)

    def queries(self, name):
        """{total: {class: {percentile: microseconds}}} of what bench_query printed."""
        found, total = {}, None
        for line in self.text(name).splitlines():
            cells = line.split()
            if line.startswith("total="):
                total = found.setdefault(line[len("total="):], {})
            elif len(cells) == 7 and cells[0] != "microseconds":
                total[cells[0]] = dict(zip(PERCENTILES, map(float, cells[2:])))
        return found

    def series(self, name):
        """[(megabytes, commits, row of the build, queries)], rising."""
        found = []
        for path in self.folder.glob(f"{name}-build-*.txt"):
            size, commits = map(int, re.findall(r"\d+", path.stem))
            found.append((size, commits, self.rows(path.name)[0],
                          self.queries(f"{name}-query-{size}-{commits}.txt")))
        return sorted(found, key=lambda step: step[:2])


def number(value):
    """Three or four digits that count."""
    value = float(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def table(head, rows):
    """A table of markdown that is one to the eye, too."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    is_name = [not re.match(r"[\d.,]+", cells[-1][i]) for i in range(len(head))]

    def line(row):
        padded = [cell.ljust(width) if name else cell.rjust(width)
                  for cell, width, name in zip(row, widths, is_name)]
        return "| " + " | ".join(padded) + " |"
    rule = "|" + "|".join("-" * (width + 1) + ("-" if name else ":")
                          for width, name in zip(widths, is_name)) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])]) + "\n"


# ---- one table a part -------------------------------------------------------------------------


def levels_of(rows):
    return list(dict.fromkeys(row["level"] for row in rows if row["level"] != "-"))


def kernel_rows(results):
    """{(kernel, input, length): {level: row}} in the order measured."""
    found = {}
    for row in results.rows("kernels.txt"):
        key = (row["kernel"], row["input"], int(row["length"]))
        found.setdefault(key, {})[row["level"]] = row
    return found


def kernels(results):
    levels = levels_of(results.rows("kernels.txt"))
    rows = []
    for (kernel, given, length), by_level in kernel_rows(results).items():
        best = by_level.get("-") or by_level[levels[-1]]
        rates = [number(by_level[level]["M/s"]) if level in by_level else "" for level in levels]
        if "-" in by_level:
            rates[-1] = number(best["M/s"])
        rows.append([kernel, given, f"{length:,}", *rates, best["ns/posting"], best["GB/s"],
                     best["of_memory"]])
    return table(["kernel", "input", "length", *(f"{level}, M/s" for level in levels),
                  "ns a posting", "GB/s", "of memory"], rows)


def stored(row):
    return "with stored text" if row["stored"] == "yes" else "without stored text"


def build(results):
    rows = [[f"library, 1 thread, {stored(row)}", row["text_MB"], row["seconds"], row["MB/s"],
             row["peak_MiB"], row["index_MB"]] for row in results.rows("build.txt")]
    rows += [[f"gsearch index -j {row['threads']} --memory {row['memory']}", row["input_MB"],
              row["seconds"], row["MB/s"], row["peak_MiB"], ""] for row in results.rows("cli.txt")]
    rows += [[f"gsearch merge of {row['segments']} segments", row["index_MB"], row["seconds"],
              row["MB/s"], row["peak_MiB"], row["merged_MB"]] for row in results.rows("merge.txt")]
    return table(["what", "MB", "seconds", "MB/s", "peak MiB", "index MB"], rows)


def list_classes(sizes):
    """(class, lists, positions, bytes) of the classes that the index has."""
    for name in ["single", "short", "long"]:
        if f"{name}_positions" in sizes:
            yield name, *(int(sizes[f"{name}_{what}"]) for what in ["lists", "positions", "bytes"])


def sizes(results):
    found = results.pairs("sizes.txt")
    text, index = int(found["text_bytes"]), int(found["index_bytes"])
    parts = [(name, int(found[f"{name}_bytes"])) for name in
             ["lists", "dictionary", "documents", "titles", "stored_text"]]
    out = table(["part", "MB", "of the text"],
                [[name.replace("_", " "), f"{size / 1e6:,.1f}", f"{size / text * 100:.1f}%"]
                 for name, size in [("text", text), ("index", index), *parts]])
    classes = list(list_classes(found))
    if classes:
        positions = sum(row[2] for row in classes)
        out += "\n" + table(["lists", "number", "positions", "of all", "bytes a position"],
                            [[name, f"{lists:,}", f"{held:,}", f"{held / positions * 100:.1f}%",
                              f"{size / held if held else 0:.2f}"]
                             for name, lists, held, size in classes])
    return out


def queries(results):
    found = results.queries("query.txt")
    return table(["class", "total", *PERCENTILES],
                 [[name, total, *(number(of[name][p]) for p in PERCENTILES)]
                  for name in CLASSES for total, of in found.items() if name in of])


def threads(results):
    return table(["threads", "queries/s", "ratio"],
                 [[row["threads"], f"{int(row['queries/s']):,}", row["ratio"]]
                  for row in results.rows("threads.txt")])


def daemon(results):
    return table(["connections", "in flight", "replies/s", *PERCENTILES],
                 [[row["connections"], row["in_flight"], f"{int(row['replies/s']):,}",
                   *(number(row[p]) for p in PERCENTILES)] for row in results.rows("daemon.txt")])


def series(results, name):
    head = ["text MB", "segments", "build MB/s", "index MB",
            *(f"{c} {p}" for c in ["medium", "bigram", "or5"] for p in ["p50", "p99"])]
    return table(head, [[row["text_MB"], row["segments"], row["MB/s"], row["index_MB"],
                         *(number(of["exact"][c][p]) for c in ["medium", "bigram", "or5"]
                           for p in ["p50", "p99"])]
                        for _, _, row, of in results.series(name)])


# ---- what matters most ------------------------------------------------------------------------


def growth_of(steps, name):
    first, last = (steps[i][3]["exact"][name]["p50"] for i in (0, -1))
    return last / first


def kernel_summary(results):
    by_key = kernel_rows(results)
    levels = levels_of(results.rows("kernels.txt"))
    for text, key in [("block decode, 8 bits", ("unpack", "8-bits", 4096)),
                      ("intersecting lists of 4,096", ("intersect", "1:1", 4096)),
                      ("intersecting 128 with 4,096", ("intersect", "1:32", 4096))]:
        if key in by_key:
            yield f"{text}, {levels[-1]}", by_key[key][levels[-1]]["M/s"], "M postings/s"


def build_summary(results):
    for row in results.rows("build.txt"):
        yield f"build from memory, 1 thread, {stored(row)}", row["MB/s"], "MB of text/s"
    for row in results.rows("cli.txt"):
        yield (f"gsearch index -j {row['threads']} --memory {row['memory']}", row["MB/s"],
               "MB of input/s")
        yield "   its peak memory", row["peak_MiB"], "MiB"
    for row in results.rows("merge.txt"):
        yield f"gsearch merge of {row['segments']} segments", row["MB/s"], "MB of index/s"


def sizes_summary(results):
    found = results.pairs("sizes.txt")
    if found:
        own = sum(int(found[f"{part}_bytes"]) for part in ["lists", "dictionary", "documents"])
        yield "index without text and titles", own / int(found["text_bytes"]) * 100, "% of the text"
    classes = list(list_classes(found))
    for name, _, held, size in classes:
        yield f"bytes a position, {name} lists", size / held if held else 0, "bytes"
    for name, _, held, _ in classes:
        if name == "short":
            share = held / sum(row[2] for row in classes) * 100
            yield "positions inside zstd chunks", share, "%"


def query_summary(results):
    found = results.queries("query.txt")
    for name in ["frequent4", "medium", "bigram", "or5"]:
        if name in found.get("exact", {}):
            row = found["exact"][name]
            yield f"{name}, exact total: p50 p99", f"{row['p50']:.1f} {row['p99']:.1f}", "µs"
    for row in results.rows("threads.txt"):
        yield f"{row['threads']} threads", row["queries/s"], "queries/s"
        if row["threads"] == "2":
            yield "   ratio to 1", row["ratio"], ""
    for row in results.rows("daemon.txt"):
        yield (f"daemon, {row['connections']} connections, {row['in_flight']} in flight",
               row["replies/s"], "replies/s")


def series_summary(results):
    for name, what in [("growth", "MB"), ("segments", "segments")]:
        steps = results.series(name)
        if len(steps) > 1:
            first, last = (step[0 if name == "growth" else 1] for step in (steps[0], steps[-1]))
            yield (f"medium p50, {last} by {first} {what}", growth_of(steps, "medium"), "times")


def summary(results):
    rows = []
    for part in [kernel_summary, build_summary, sizes_summary, query_summary, series_summary]:
        rows += [[what, value if " " in str(value) else number(value), unit]
                 for what, value, unit in part(results)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)] if rows else []
    return "".join(f"{what:<{widths[0]}}  {value:>{widths[1]}}  {unit}".rstrip() + "\n"
                   for what, value, unit in rows)


# ---- plots ------------------------------------------------------------------------------------


def draw_kernels(results, folder):
    by_key = kernel_rows(results)
    for name, title, label, value in [
            ("ratio", "Intersecting with a list of 4,096", "length of the longer by the shorter",
             lambda kernel, given, length: int(given[2:]) if kernel == "intersect" and
             length == 4096 and given.startswith("1:") else None),
            ("length", "Intersecting two lists of the same length", "length of each",
             lambda kernel, given, length: length if kernel == "intersect" and given == "1:1"
             else None)]:
        lines = {}
        for key, by_level in by_key.items():
            for level, row in by_level.items():
                if value(*key):
                    lines.setdefault(level, []).append((value(*key), float(row["M/s"])))
        if lines:
            plot.lines(folder / f"kernels-{name}.svg", title, label, "million postings a second",
                       {level: sorted(points) for level, points in lines.items()})


def draw_series(results, folder):
    for name, title, label, at in [
            ("growth", "Latency and the amount of text, one segment", "MB of text", 0),
            ("segments", "Latency and the number of segments", "segments", 1)]:
        steps = results.series(name)
        if len(steps) < 2:
            continue
        for percentile in ["p50", "p99"]:
            plot.lines(folder / f"{name}-{percentile}.svg",
                       f"{title}: {percentile}, exact totals", label, "microseconds",
                       {c: [(step[at], step[3]["exact"][c][percentile]) for step in steps]
                        for c in CLASSES if c in steps[0][3].get("exact", {})})
    steps = results.series("growth")
    if len(steps) > 1:
        plot.lines(folder / "growth-build.svg", "Building, one thread, with stored text",
                   "MB of text", "MB of text a second",
                   {"build": [(step[0], float(step[2]["MB/s"])) for step in steps]})


def draw_queries(results, folder):
    found = results.queries("query.txt")
    for total, of in found.items():
        plot.dots(folder / f"query-{total}.svg", f"Latency by class of query, total={total}",
                  "microseconds", {name: {p: of[name][p] for p in PERCENTILES[:-1]}
                                   for name in CLASSES if name in of})
    rows = results.rows("daemon.txt")
    if rows:
        kinds = {"one at a time": [row for row in rows if row["in_flight"] == "1"],
                 "pipelined": [row for row in rows if row["in_flight"] != "1"]}
        for name, unit, value in [("rate", "replies a second", "replies/s"),
                                  ("latency", "p50, microseconds", "p50")]:
            plot.lines(folder / f"daemon-{name}.svg", "The daemon over loopback", "connections",
                       unit, {kind: [(int(row["connections"]), float(row[value])) for row in of]
                              for kind, of in kinds.items()})


# ---- the record -------------------------------------------------------------------------------


def machine(results):
    found = results.pairs("machine.txt", ": ")
    took = ", ".join(path.read_text(encoding="utf-8").strip()
                     for path in sorted(results.folder.glob("took-*.txt")))
    if took:
        found["took"] = took
    return found, "; ".join(f"{key}: {value}" for key, value in found.items() if key != "date")


def record(results, bench):
    found, line = machine(results)
    parts = [("Kernels", "kernels.txt", kernels, "bench_kernels"),
             ("Building", "build.txt", build, "bench_build, gsearch index, gsearch merge"),
             ("Sizes", "sizes.txt", sizes, "gsearch stat"),
             ("Queries in process, microseconds", "query.txt", queries, "bench_query"),
             ("Threads", "threads.txt", threads, "bench_threads"),
             ("Daemon, microseconds", "daemon.txt", daemon, "bench_daemon")]
    out = [f"\n## {found.get('date', '')}, {found.get('commit', '')}\n", line + "\n",
           "```\n" + summary(results) + "```\n"]
    for title, name, made, command in parts:
        if results.text(name):
            out.append(f"### {title}\n\n`{command}`\n\n{made(results)}")
    for name, title in [("growth", "More text, microseconds"),
                        ("segments", "More segments, microseconds")]:
        if results.series(name):
            out.append(f"### {title}\n\n`bench_build`, `bench_query`\n\n{series(results, name)}")
    (bench / "plots").mkdir(exist_ok=True)
    with open(bench / "RESULTS.md", "a", encoding="utf-8") as file:
        file.write("\n".join(out))
    for draw in [draw_kernels, draw_series, draw_queries]:
        draw(results, bench / "plots")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=pathlib.Path, metavar="BENCH")
    parser.add_argument("results", type=pathlib.Path)
    options = parser.parse_args()
    results = Results(options.results)
    if options.record:
        record(results, options.record)
    else:
        print(machine(results)[1].replace("; ", "\n"))
        print()
        print(summary(results), end="")


if __name__ == "__main__":
    main()
