#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the named variants, runs their tests and sums the cases: test.py [options] VARIANT…

Every test prints TAP. The last line is `N passed, N failed`, with `, N skipped` if there are any;
each failure, each skip and each `# figure:` that a test has printed stands above it. The exit
status is 0 only if something ran and nothing failed. With --full, tests that sweep a space sweep
all of it instead of a part: GS_TEST_FULL is set."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# name: folder, options of meson setup, options of meson test
VARIANTS = {
    "release": ("build", [], []),
    "asan": (
        "build-asan",
        ["-Dbuildtype=custom", "-Doptimization=1", "-Ddebug=true", "-Db_ndebug=false",
         "-Db_sanitize=address,undefined", "-Db_lundef=false"],
        # what only reads the sources says the same in every build
        ["--timeout-multiplier", "6", "--no-suite", "tidy", "--no-suite", "headers"],
    ),
    # -O0 for a short build: what is asked is whether a test fails, not how fast
    "sabotage": (
        "build-sabotage",
        ["-Dsabotage=true", "-Dbuildtype=custom", "-Doptimization=0", "-Db_ndebug=true"],
        [],
    ),
    # -O0, for a branch that the compiler makes none of is not counted
    "coverage": (
        "build-coverage",
        ["-Db_coverage=true", "-Dbuildtype=custom", "-Doptimization=0", "-Ddebug=true",
         "-Db_ndebug=true"],
        ["--timeout-multiplier", "6", "--no-suite", "tidy", "--no-suite", "headers"],
    ),
    "fuzz": (
        "build-fuzz",
        ["-Dfuzz=true", "-Dbuildtype=custom", "-Doptimization=2", "-Ddebug=true",
         "-Db_ndebug=false", "-Db_sanitize=address,undefined", "-Db_lundef=false"],
        [],
    ),
}
# variant: a compiler of its own, without which it is skipped
COMPILERS = {"fuzz": "clang-14"}
SWEEPING = ("release", "fuzz")  # variants that sweep all with --full: in the others it takes days
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}

PLAN = re.compile(r"1\.\.(\d+)\s*(?:# SKIP\s*(.*))?")
# cmocka writes a skip as `not ok 5 # SKIP name`
CASE = re.compile(r"(not )?ok\b\s*(\d*)\s*-?\s*(.*)")
FIGURE = re.compile(r"#\s*figure:\s*(.*)")
SKIP = re.compile(r"#\s*SKIP\b\s*(.*)", re.IGNORECASE)


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.figures = []

    def add_test(self, name, output, status):
        """Adds the cases of one test program from its TAP output and its exit status."""
        plan, seen, failed_here = None, 0, 0
        for line in output.splitlines():
            if match := PLAN.fullmatch(line.strip()):
                plan = int(match[1])
                if plan == 0:
                    self.skipped.append(f"{name}: {match[2] or 'nothing to run'}")
            elif match := FIGURE.match(line):
                self.figures.append(f"{name}: {match[1]}")
            elif match := CASE.match(line):
                seen += 1
                skip = SKIP.search(match[3])
                if skip:
                    case = match[3][:skip.start()].strip()
                    self.skipped.append(f"{name}: {' '.join(filter(None, (case, skip[1])))}")
                elif match[1]:
                    failed_here += 1
                    self.failed.append(f"{name}: {match[3]}")
                else:
                    self.passed += 1
        if plan is None and seen == 0:
            self.failed.append(f"{name}: printed no results (exit status {status})")
        elif plan is not None and seen != plan:
            self.failed.append(f"{name}: {seen} of {plan} cases ran (exit status {status})")
        elif status != 0 and failed_here == 0:
            self.failed.append(f"{name}: exit status {status}")
        elif plan is None:
            self.failed.append(f"{name}: no plan")


def run(command, **options):
    return subprocess.run(command, cwd=ROOT, **options).returncode


def build(variant):
    folder, setup_options, _ = VARIANTS[variant]
    if not (ROOT / folder / "build.ninja").exists():
        compiler = {"CC": COMPILERS[variant]} if variant in COMPILERS else {}
        if run(["meson", "setup", folder, *setup_options], stdout=sys.stderr,
               env={**os.environ, **compiler}):
            return False
    return run(["ninja", "-C", folder], stdout=sys.stderr) == 0


def run_tests(variant, folder, test_options, options, tally):
    command = ["meson", "test", "-C", folder, "--no-rebuild", *test_options]
    for counts in (ROOT / folder).rglob("*.gcda"):  # of branches, by an earlier run
        counts.unlink()
    is_full = options.full and variant in SWEEPING
    full = {"GS_TEST_FULL": "1"} if is_full else {}
    if is_full:
        command += ["--timeout-multiplier", "0"]  # as long as it takes
    for suite in options.suite:
        command += ["--suite", suite]
    log = ROOT / folder / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    run(command, stdout=sys.stderr, env={**os.environ, **SANITIZER_ENV, **full})
    if not log.exists():
        tally.failed.append(f"{variant}: meson test did not run")
        return
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        test = json.loads(line)
        name = f"{variant} {test['name'].split(' / ')[-1]}"
        before = len(tally.failed)
        tally.add_test(name, test.get("stdout") or "", test["returncode"])
        if len(tally.failed) > before:
            print(f"---- {name}\n{test.get('stdout', '')}{test.get('stderr', '')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("variants", nargs="+", choices=VARIANTS, metavar="VARIANT")
    options = parser.parse_args()
    tally = Tally()
    for variant in options.variants:
        folder, _, test_options = VARIANTS[variant]
        if variant in COMPILERS and not shutil.which(COMPILERS[variant]):
            tally.skipped.append(f"{variant}: there is no {COMPILERS[variant]}")
        elif not build(variant):
            if options.build_only:
                return 1
            tally.failed.append(f"{variant}: does not build")
        elif not options.build_only:
            run_tests(variant, folder, test_options, options, tally)
    if options.build_only:
        return 0
    for figure in tally.figures:
        print(f"figure: {figure}")
    for name in tally.skipped:
        print(f"skipped: {name}")
    for name in tally.failed:
        print(f"FAILED: {name}")
    ends = f"{tally.passed} passed, {len(tally.failed)} failed"
    if tally.skipped:
        ends += f", {len(tally.skipped)} skipped"
    print(ends)
    return 0 if tally.passed and not tally.failed else 1


if __name__ == "__main__":
    sys.exit(main())
