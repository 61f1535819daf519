#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the libraries show to a program that loads them: they export exactly the functions
that their headers declare, keep nothing that changes outside their handles, and import no call that
would print, end the process, or change what belongs to all of it:
test_exports.py [--exports] LIBRARY:HEADER…
With --exports that alone: what a sanitizer adds is no state of ours."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402


def declared(header):
    text = (ROOT / "include" / "gsearch" / header).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    pattern = r"^GSEARCH_(?:CLIENT_)?API\s[^;]*?\b(gsearch_\w+)\("
    return set(re.findall(pattern, text, flags=re.M))


def exported(library):
    answer = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True,
                            text=True, check=True)
    return {line.split()[-1].split("@")[0] for line in answer.stdout.splitlines()}


# Writable data that is no state of ours.
STATE_ALLOWED = {
    "completed.0": "of the compiler's start files",
    "__dso_handle": "of the compiler's start files",
    "__TMC_END__": "of the compiler's start files",
    "__cpu_model": "what the processor can, found out once by the compiler's library",
    "__cpu_features2": "what the processor can, found out once by the compiler's library",
    "active.0": "the chosen kernels: every thread would choose the same",
}
WRITABLE = {".data", ".bss", ".tdata", ".tbss"}

IMPORTS_BANNED = {
    "ends the process": "exit _exit _Exit quick_exit abort raise kill",
    "handles signals": "signal sigaction sigprocmask pthread_sigmask sigaltstack",
    "belongs to the whole process": "setlocale setenv putenv unsetenv chdir umask atexit srand",
    "prints": "printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putchar putc fputc "
              "fwrite perror stdout stderr",
}


def state(library):
    """The writable objects of a library, by name."""
    answer = subprocess.run(["objdump", "-t", library], capture_output=True, text=True, check=True)
    names = set()
    for line in answer.stdout.splitlines():
        flags_and_section = line[17:].split("\t")[0].split()
        if flags_and_section and flags_and_section[-1] in WRITABLE and "d" not in line[17:24]:
            names.add(line.split()[-1])
    return names


def imported(library):
    """The names that a library takes from others, `__printf_chk` as `printf`."""
    answer = subprocess.run(["nm", "-D", "--undefined-only", library], capture_output=True,
                            text=True, check=True)
    names = {line.split()[-1].split("@")[0] for line in answer.stdout.splitlines()}
    return names | {name[2:-4] for name in names if re.fullmatch(r"__\w+_chk", name)}


def cases(library, header):
    def exports():
        assert declared(header), "no function found in the header"
        assert exported(library) == declared(header), exported(library) ^ declared(header)

    def keeps():
        found = state(library)
        assert "__dso_handle" in found, "the table of symbols is not there"
        assert found <= STATE_ALLOWED.keys(), found - STATE_ALLOWED.keys()

    def imports():
        found = imported(library)
        assert "memcpy" in found, "the table of imports is not there"
        for reason, names in IMPORTS_BANNED.items():
            assert not found & set(names.split()), (reason, found & set(names.split()))

    name = header[:-2]
    exports.__name__ = f"exports_are_those_of_{name}"
    keeps.__name__ = f"{name}_keeps_no_state_outside_its_handles"
    imports.__name__ = f"{name}_imports_nothing_that_belongs_to_the_program"
    return [exports] if EXPORTS_ALONE else [exports, keeps, imports]


EXPORTS_ALONE = sys.argv[1:2] == ["--exports"]
LIBRARIES = sys.argv[2 if EXPORTS_ALONE else 1:]
tap.main(*[check for argument in LIBRARIES for check in cases(*argument.rsplit(":", 1))])
