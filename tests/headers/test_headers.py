#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header alone, as strict C11 and as C++: whoever includes one needs no other
header, no extension and no switch. Then the examples in their comments."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
HEADERS = sorted(path.name for path in (ROOT / "include" / "gsearch").glob("*.h"))


def compiles(compiler, language, header, rest="int main(void);\n"):
    source = f'#include "gsearch/{header}"\n#include "gsearch/{header}"\n{rest}'
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


def examples(header):
    """The indented stretches of a header's comments."""
    text = (ROOT / "include" / "gsearch" / header).read_text(encoding="utf-8")
    lines = r"((?:^ \*     .*\n)+)"
    return [re.sub(r"(?m)^ \*     ", "", found) for found in re.findall(lines, text, flags=re.M)]


def examples_in_comments_compile():
    found = [(header, text) for header in HEADERS for text in examples(header)]
    assert "gsearch.h" in dict(found), "the example is not there"
    for header, text in found:
        body = f"void example(void);\nvoid example(void)\n{{\ngsearch_error error;\n{text}}}\n"
        compiles(C, ["c", "-std=c11"], header, body)


C = (os.environ.get("CC") or "cc").split()
tap.main(*[check for header in HEADERS for check in (
    case(header, "c11", C, ["c", "-std=c11"]),
    case(header, "cxx", ["g++"], ["c++", "-std=c++20"]),
)], examples_in_comments_compile)
