#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks in the finished files that the compiler and the linker did what meson.build asks of them
against the use of a fault in memory: test_hardening.py BUILD PROGRAM LIBRARY…"""

import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

BUILD, PROGRAM, *LIBRARIES = sys.argv[1:]
FILES = [PROGRAM, *LIBRARIES]
PRODUCT = ("common", "indexer", "query", "clients", "cli")


def readelf(option, path):
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True,
                          check=True).stdout


def segments(path):
    """(type, flags) of every segment."""
    return re.findall(r"^  ([A-Z_]+) +(?:0x\w+ +){5}([RWE ]{3}) ", readelf("-l", path), flags=re.M)


def imports(path):
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))


def every_file_can_lie_anywhere_in_memory():
    for path in FILES:
        assert re.search(r"Type: +DYN ", readelf("-h", path)), path
        assert "(TEXTREL)" not in readelf("-d", path), path
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", readelf("-d", PROGRAM))


def what_the_loader_fills_in_is_read_only_afterwards():
    for path in FILES:
        assert "GNU_RELRO" in dict(segments(path)), path
        assert re.search(r"\(FLAGS_1\).*\bNOW\b", readelf("-d", path)), path


def no_memory_can_be_written_and_run():
    for path in FILES:
        found = segments(path)
        assert ("GNU_STACK", "RW ") in found, (path, found)
        assert sum(kind == "LOAD" for kind, _ in found) >= 3, (path, found)
        for kind, flags in found:
            assert not ("W" in flags and "E" in flags), (path, kind, flags)


def the_stack_is_guarded():
    for path in FILES:
        assert "__stack_chk_fail" in imports(path), path


def calls_of_the_c_library_check_their_buffers():
    for path in FILES:
        found = {name for name in imports(path) if name.endswith("_chk")}
        assert {"__memcpy_chk", "__snprintf_chk"} <= found, (path, found)


def jumps_land_where_they_may():
    """In every object of ours; the C library's start files decide whether a program is marked."""
    if platform.machine() != "x86_64":
        raise tap.Skip("this processor has no CET")
    objects = [path for folder in PRODUCT
               for path in (pathlib.Path(BUILD) / folder).rglob("*.c.o")]
    assert len(objects) > 80, len(objects)
    for path in objects:
        assert re.search(r"x86 feature: IBT, SHSTK", readelf("-n", path)), path


tap.main(every_file_can_lie_anywhere_in_memory,
         what_the_loader_fills_in_is_read_only_afterwards,
         no_memory_can_be_written_and_run,
         the_stack_is_guarded,
         calls_of_the_c_library_check_their_buffers,
         jumps_land_where_they_may)
