#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header alone, as strict C11 and as C++: whoever includes one needs no other
header, no extension and no switch."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
HEADERS = sorted(path.name for path in (ROOT / "include" / "gsearch").glob("*.h"))


def compiles(compiler, language, header):
    source = f'#include "gsearch/{header}"\n#include "gsearch/{header}"\nint main(void);\n'
    answer = subprocess.run([*compiler, *STRICT, "-I", ROOT / "include", "-x", *language, "-"],
                            input=source, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def case(header, name, compiler, language):
    def check():
        if not shutil.which(compiler[0]):
            raise tap.Skip(f"{compiler[0]} is not installed")
        compiles(compiler, language, header)
    check.__name__ = f"{header[:-2]}_compiles_alone_as_{name}"
    return check


C = (os.environ.get("CC") or "cc").split()
tap.main(*[check for header in HEADERS for check in (
    case(header, "c11", C, ["c", "-std=c11"]),
    case(header, "cxx", ["g++"], ["c++", "-std=c++20"]),
)])
