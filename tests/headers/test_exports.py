#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the libraries export exactly the functions that their headers declare:
test_exports.py LIBRARY:HEADER…"""

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


def case(library, header):
    def check():
        assert declared(header), "no function found in the header"
        assert exported(library) == declared(header), exported(library) ^ declared(header)
    check.__name__ = f"exports_are_those_of_{header[:-2]}"
    return check


tap.main(*[case(*argument.rsplit(":", 1)) for argument in sys.argv[1:]])
