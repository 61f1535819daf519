#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says which branches of the product the tests have taken: coverage.py BUILD [PATH…]

BUILD is a build with -Db_coverage=true whose tests have run. Prints TAP: a case for the product as
a whole and one for each file that must take all branches, and a figure for each folder. With paths,
prints the branches of these files that were not taken instead."""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCT = ("common", "indexer", "query", "cli", "clients")
PRODUCT_PERCENT = 95
WHOLE = {  # what reads the bytes of others: a file or a folder
    "container": "common/segment/container.c",
    "manifest": "common/segment/manifest.c",
    "postings": "common/segment/postings.c",
    "wire": "common/wire/",
    "lexer": "query/lexer.c",
    "parser": "query/parse.c",
}


def measure(build):
    """path: {(line, number of the branch): how often it was taken}"""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        filters = [word for folder in PRODUCT for word in ("--filter", f"{ROOT}/{folder}/")]
        subprocess.run(["gcovr", "--root", ROOT, "--object-directory", build, *filters,
                        "--json", out.name, build], check=True, cwd=ROOT)
        files = json.load(open(out.name, encoding="utf-8"))["files"]
    found = collections.defaultdict(dict)
    for file in files:
        for line in file["lines"]:
            for number, branch in enumerate(line["branches"]):
                found[file["file"]][line["line_number"], number] = branch["count"]
    return found


def sum_up(found, prefix=""):
    """(taken, all) of the files under a prefix"""
    counts = [count for path, branches in found.items() if path.startswith(prefix)
              for count in branches.values()]
    return sum(count > 0 for count in counts), len(counts)


def percent(taken, total):
    return f"{100 * taken / total:.2f} % ({taken:,} of {total:,})" if total else "none"


def show(found, paths):
    for path in paths:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        missed = collections.Counter(at for (at, _), count in found[path].items() if not count)
        print(f"{path}: {percent(*sum_up(found, path))}")
        for at, count in sorted(missed.items()):
            print(f"{at:5} {count} not taken: {lines[at - 1].strip()}")


def main():
    build, *paths = sys.argv[1:]
    found = measure(build)
    if paths:
        return show(found, paths)
    cases = [("the_product_takes_its_branches", "", PRODUCT_PERCENT)]
    cases += [(f"the_{name}_takes_all_branches", path, 100) for name, path in WHOLE.items()]
    failed = 0
    print(f"1..{len(cases)}")
    for number, (name, prefix, wanted) in enumerate(cases, 1):
        taken, total = sum_up(found, prefix)
        good = total and 100 * taken >= wanted * total
        failed += not good
        print(f"# figure: branches taken of {prefix or 'the product'}: {percent(taken, total)}")
        print(f"{'' if good else 'not '}ok {number} - {name}")
    for folder in sorted({str(pathlib.Path(path).parent) for path in found}):
        print(f"# figure: branches taken of {folder}/: {percent(*sum_up(found, folder + '/'))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
