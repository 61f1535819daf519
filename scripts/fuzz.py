#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzzers of tests/fuzz and keeps what they find.

    fuzz.py run [TARGET…]    fuzz each for --seconds or --runs, and note it in the ledger
    fuzz.py merge [TARGET…]  keep the fewest and shortest inputs that reach what all of them reach
    fuzz.py ledger           what the ledger adds up to
    fuzz.py check            as a test, which notes nothing: some executions of each target, or with
                             GS_TEST_FULL set a minute of each, and whether the ledger has enough

No TARGET means all. A corpus grows in build-fuzz/corpus/TARGET from what tests/fuzz/corpus has and
from SEEDS, and `merge` writes it back; --fresh begins from SEEDS alone, which is what to do when a
format has changed. Inputs that fail are left in build-fuzz/findings/TARGET."""

import argparse
import concurrent.futures
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-fuzz"
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
LEDGER = ROOT / "tests" / "fuzz" / "LEDGER.tsv"
# open: findings that are neither mended nor found to be none; who mends one counts it down
COLUMNS = ("date", "target", "commit", "executions", "inputs", "findings", "open")
CORPUS_BYTES_MAX = 60 << 10  # of one target, packed
QUICK_RUNS = 20000
FULL_SECONDS = 60
LEDGER_EXECUTIONS = 100_000_000  # in all, at least,
TARGET_EXECUTIONS = 2_000        # and of each target

# target: longest input in bytes
TARGETS = {
    "address": 160,
    "container": 4096,
    "doctable": 256,
    "jsonl": 256,
    "lexer": 128,
    "manifest": 512,
    "number": 32,
    "postings": 256,
    "query": 128,
    "reply": 256,
    "search": 160,
    "segment": 32768,
    "store": 256,
    "strings": 256,
    "terms": 256,
    "text": 128,
    "upkeep": 32768,
    "utf8": 64,
    "wire": 128,
}
# target: whose words in tests/fuzz/*.dict it is given, if not its own
WORDS = {"lexer": "query"}
# target: what it begins from, of the files that tests/fuzz/seeds.c writes
SEEDS = {"container": "*.gs[di]", "manifest": "*.gsm", "segment": "*.gss", "upkeep": "*.gss"}
ENVIRONMENT = {
    "ASAN_OPTIONS": "allocator_may_return_null=1:malloc_context_size=12:quarantine_size_mb=16:"
                    "detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "CMOCKA_TEST_ABORT": "1",
}
EXECUTED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")


# ---- corpora ----

def unpack(target, folder, fresh=False):
    """Puts the saved inputs and the seeds of a target into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if target in SEEDS:
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([BUILD / "tests" / "fuzz" / "seeds", scratch], check=True)
            for path in pathlib.Path(scratch).rglob(SEEDS[target]):
                shutil.copy(path, folder)
    packed = CORPUS / f"{target}.zst"
    if fresh or not packed.exists():
        return
    data = subprocess.run(["zstd", "-dcq", packed], check=True, capture_output=True).stdout
    at = number = 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "little")
        (folder / f"saved-{number}").write_bytes(data[at + 4:at + 4 + length])
        at += 4 + length
        number += 1


def compressed(inputs):
    """The inputs as tests/fuzz/replay.c reads them."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = pathlib.Path(scratch) / "plain"
        plain.write_bytes(b"".join(len(data).to_bytes(4, "little") + data for data in inputs))
        subprocess.run(["zstd", "-19", "-q", "--no-check", plain], check=True)
        return plain.with_name("plain.zst").read_bytes()


def pack(target, folder):
    """Writes the inputs in a folder, the shortest first and as many as there is room for."""
    inputs = sorted((path.read_bytes() for path in folder.iterdir()),
                    key=lambda data: (len(data), data))
    if not inputs:
        sys.exit(f"fuzz: {target} has no inputs")
    data, kept = compressed(inputs), len(inputs)
    while len(data) > CORPUS_BYTES_MAX:
        kept = min(kept - 1, kept * CORPUS_BYTES_MAX // len(data))
        data = compressed(inputs[:kept])
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{target}.zst").write_bytes(data)
    print(f"{target}: {kept} inputs of {len(inputs)}, {len(data)} bytes")


# ---- runs ----

def command(target, *options):
    words = ROOT / "tests" / "fuzz" / f"{WORDS.get(target, target)}.dict"
    return [BUILD / "tests" / "fuzz" / f"fuzz_{target}", "-timeout=30", "-rss_limit_mb=2048",
            "-print_funcs=0", "-print_final_stats=1", f"-max_len={TARGETS[target]}",
            *([f"-dict={words}"] if words.exists() else []), *options]


def run(target, corpus, options):
    """Runs a fuzzer; returns its executions, the inputs that failed, and what it printed."""
    findings = BUILD / "findings" / target
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    answer = subprocess.run(command(target, f"-artifact_prefix={findings}/", *options, corpus),
                            env={**os.environ, **ENVIRONMENT}, capture_output=True)
    executed = EXECUTED.search(answer.stderr)
    failed = sorted(set(findings.iterdir()) - before)
    if answer.returncode and not failed:
        failed = [f"exit status {answer.returncode}"]
    elif not executed:
        failed.append("no statistics")
    return int(executed[1]) if executed else 0, failed, answer.stderr.decode(errors="replace")


def tell(target, failed, output):
    for found in failed:
        print(f"# {target}: {found}")
    if failed:
        print("\n".join(f"# {line}" for line in output.splitlines()[-60:]))


def commit():
    """The commit that is fuzzed, with a + if the sources are not quite those."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True,
                              text=True).stdout.strip()
    dirty = git("status", "--porcelain", "--untracked-files=no", "--", "*.c", "*.h")
    return git("rev-parse", "--short=10", "HEAD") + ("+" if dirty else "")


def fuzz(options):
    good = True
    bound = [f"-runs={options.runs}"] if options.runs else [f"-max_total_time={options.seconds}"]
    for target in options.targets:
        corpus = BUILD / "corpus" / target
        unpack(target, corpus, options.fresh)
        executed, failed, output = run(target, corpus, bound)
        row = (datetime.date.today().isoformat(), target, commit(), str(executed),
               str(sum(1 for _ in corpus.iterdir())), str(len(failed)), str(len(failed)))
        if not LEDGER.exists():
            LEDGER.write_text("\t".join(COLUMNS) + "\n")
        with LEDGER.open("a") as ledger:
            ledger.write("\t".join(row) + "\n")
        print(" ".join(f"{name} {value}" for name, value in zip(COLUMNS[1:], row[1:])), flush=True)
        tell(target, failed, output)
        good &= not failed
    return good


def merge(options):
    for target in options.targets:
        grown = BUILD / "corpus" / target
        unpack(target, grown, options.fresh)
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(command(target, "-merge=1", scratch, grown), check=True,
                           env={**os.environ, **ENVIRONMENT}, capture_output=True)
            pack(target, pathlib.Path(scratch))
    return True


def rows():
    for line in LEDGER.read_text().splitlines()[1:]:
        yield dict(zip(COLUMNS, line.split("\t")))


def sum_up(found):
    """executions, findings and open ones of some rows of the ledger"""
    found = list(found)
    return tuple(sum(int(row[name]) for row in found) for name in COLUMNS[3:4] + COLUMNS[5:])


def ledger(_options):
    everything = list(rows())
    for target in (*sorted({row["target"] for row in everything}), "all"):
        executions, findings, still_open = sum_up(
            row for row in everything if target in (row["target"], "all"))
        print(f"{target:12} {executions:15,} executions {findings:4} findings, {still_open} open")
    return True


def check_ledger(number):
    executions, findings, still_open = sum_up(rows())
    seldom = [target for target in TARGETS
              if sum_up(row for row in rows() if row["target"] == target)[0] < TARGET_EXECUTIONS]
    good = executions >= LEDGER_EXECUTIONS and not still_open and not seldom
    if seldom:
        print("# seldom run:", *seldom)
    print("ok" if good else "not ok", number, "-", "the_ledger_has_enough_and_nothing_open")
    print(f"# figure: all runs in the ledger: {executions:,} executions, {findings} findings, "
          f"{still_open} open")
    return good


def check(options):
    """One TAP case a target, and in full one for the ledger."""
    full = bool(os.environ.get("GS_TEST_FULL"))
    print(f"1..{len(options.targets) + full}", flush=True)
    bound = f"-max_total_time={FULL_SECONDS}" if full else f"-runs={QUICK_RUNS}"

    def work(target):
        with tempfile.TemporaryDirectory() as scratch:
            unpack(target, pathlib.Path(scratch))
            return run(target, scratch, [bound])

    sums = [0, 0]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(work, options.targets)
        for number, (target, (executed, failed, output)) in enumerate(zip(options.targets, results),
                                                                      1):
            print("not ok" if failed else "ok", number, "-", f"no_input_fails_{target}")
            print(f"# figure: {target}: {executed:,} executions, {len(failed)} findings",
                  flush=True)
            tell(target, failed, output)
            sums[0] += executed
            sums[1] += len(failed)
    print(f"# figure: all targets: {sums[0]:,} executions, {sums[1]} findings")
    good = check_ledger(len(options.targets) + 1) if full else True
    return good and not sums[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "merge", "ledger", "check"))
    parser.add_argument("targets", nargs="*", choices=(*TARGETS, []), metavar="TARGET")
    parser.add_argument("--runs", type=int, default=0, metavar="N")
    parser.add_argument("--seconds", type=int, default=20, metavar="N")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    options.targets = options.targets or list(TARGETS)
    if options.what in ("run", "merge"):
        if not shutil.which("clang-14"):
            print("skipped: there is no clang-14", file=sys.stderr)
            return 0
        subprocess.run([ROOT / "scripts" / "test.py", "--build-only", "fuzz"], check=True)
    work = {"run": fuzz, "merge": merge, "ledger": ledger, "check": check}[options.what]
    return 0 if work(options) else 1


if __name__ == "__main__":
    sys.exit(main())
