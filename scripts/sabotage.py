#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes one safety after the other away and checks that the tests notice: sabotage.py BUILD, with
a build that has -Dsabotage=true. sabotage.py --tests prints the tests that are needed.

It is noticed if a test that passes with it fails without it, by a case or by a signal. One TAP
case a switch; the switches are those of GS_SABOTAGED in the sources, no more and no fewer."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS_MAX = 240

# what is taken away: the test that must notice
SWITCHES = {
    "accept_pause": "query/daemon/listener",
    "auth": "query/daemon/server",
    "auth_timeout": "query/daemon/conn",
    "budget": "query/budget",
    "clean_up": "durability/ioerror",
    "cursor_bounds": "common/base/bytes",
    "durable_answers": "query/index",
    "escapes": "common/base/json",
    "file_id": "common/segment/container",
    "file_length": "common/base/file",
    "file_mode": "common/base/file",
    "file_sync": "durability/powercut",
    "folder_sync_after": "durability/powercut",
    "folder_sync_before": "durability/powercut",
    "foreign_files": "common/segment/manifest",
    "frame_end": "common/segment/frame",
    "generations_kept": "common/segment/manifest",
    "input_link": "indexer/reader",
    "interrupted_write": "durability/ioerror",
    "json_memory": "durability/outofmemory",
    "line_before_auth": "query/daemon/server",
    "link": "common/base/file",
    "local_only": "query/daemon/server",
    "lock": "common/base/file",
    "lost_pages": "common/segment/container",
    "manifest_checksum": "common/segment/manifest",
    "missing_file": "common/segment/manifest",
    "no_replace": "common/base/file",
    "one_at_a_time": "query/daemon/work",
    "output_all": "query/daemon/work",
    "output_pause": "query/daemon/conn",
    "overlong_forms": "common/base/utf8",
    "owned_tables": "common/segment/container",
    "page_checksum": "common/segment/container",
    "parent_sync": "durability/commit",
    "places": "query/daemon/server",
    "query_depth": "query/parse",
    "read_back": "common/base/file",
    "result_window": "query/results",
    "scrub": "common/segment/container",
    "short_write": "durability/ioerror",
    "socket_kind": "query/daemon/listener",
    "streams": "query/daemon/work",
    "streams_apart": "query/daemon/work",
    "tie_order": "query/topk",
    "timeouts": "query/daemon/conn",
    "toc_checksum": "common/segment/container",
    "token_bytes": "query/daemon/token",
    "token_length": "query/daemon/token",
    "token_mode": "query/daemon/token",
    "turns": "query/daemon/conn",
    "unsent_bytes": "query/daemon/listener",
    "work_queue": "query/daemon/server",
}


def named_in_sources():
    names = []
    for folder in ("common", "indexer", "query", "clients", "cli"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            if path.name != "sabotage.h":
                names += re.findall(r"GS_SABOTAGED\((\w+)\)", path.read_text(encoding="utf-8"))
    return names


def run(build, test, switch=None):
    """What ails the test: None if it passes."""
    program = build / "tests" / f"test_{test.rpartition('/')[2]}"
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP",
                   "GS_TEST_DATA": str(ROOT / "tests" / "data")}
    environment.pop("GS_TEST_FULL", None)  # the quick columns must notice
    if switch:
        environment["GSEARCH_SABOTAGE"] = switch
    try:
        answer = subprocess.run([program], env=environment, capture_output=True,
                                timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return "no end"  # of a test that hangs nobody learns why
    output = answer.stdout.decode(errors="replace")
    if failed := re.findall(r"^not ok \d+ - (\w+)", output, flags=re.M):
        return ", ".join(failed)
    return f"signal {-answer.returncode}" if answer.returncode < 0 else None


def main():
    if sys.argv[1:] == ["--tests"]:
        print("\n".join(sorted(set(SWITCHES.values()))))
        return 0
    build = pathlib.Path(sys.argv[1]).resolve()
    tests = sorted(set(SWITCHES.values()))
    print(f"1..{1 + len(tests) + len(SWITCHES)}")
    differing = set(named_in_sources()) ^ set(SWITCHES)
    twice = len(named_in_sources()) != len(SWITCHES)
    good = not differing and not twice
    print("ok" if good else "not ok", "1 - every_switch_of_the_sources_is_tried_once", flush=True)
    for name in sorted(differing):
        print(f"# {name}")
    cases = [(test, None) for test in tests]
    cases += [(test, switch) for switch, test in SWITCHES.items()]
    noticed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda case: run(build, *case), cases)
        for number, ((test, switch), fault) in enumerate(zip(cases, results), 2):
            if switch:
                ok = fault not in (None, "no end")
                noticed += ok
                what = f"without_{switch}_{test}_fails"
            else:
                ok = fault is None
                what = f"{test}_passes"
            good &= ok
            print("ok" if ok else "not ok", number, "-", what)
            if fault:
                print(f"# {fault}", flush=True)
    print(f"# figure: safeties taken away: {len(SWITCHES)}, noticed by the tests: {noticed}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
