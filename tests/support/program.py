# SPDX-License-Identifier: Apache-2.0
"""What tests of the program share: a folder with an index, corpora, damage. The program is the
first argument of the test."""

import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

GSEARCH = os.path.abspath(sys.argv[1])
PATIENCE = 60  # seconds; nothing here takes that long unless it hangs


class Place:
    """A folder to stand in, with an index at the default place."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.index = self.folder / ".gsearch"

    def write(self, name, content):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def run(self, *arguments, expect=0, **options):
        """Standard output as text; the exit code must be the expected one."""
        environment = {name: value for name, value in os.environ.items()
                       if name != "GSEARCH_INDEX"}
        environment.update(options.pop("env", {}))
        done = subprocess.run([GSEARCH, *arguments], capture_output=True, timeout=PATIENCE,
                              cwd=self.folder, env=environment, **options)
        assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
        self.said = done.stderr.decode()
        return done.stdout.decode()

    def lines(self, *arguments, **options):
        return self.run(*arguments, **options).splitlines()

    def rows(self, *arguments, **options):
        """Header and hits of a search with --json."""
        head, *hits = map(json.loads, self.lines("search", "--json", *arguments, **options))
        return head, hits

    def ids(self, *arguments, **options):
        return self.lines("search", "-l", *arguments, **options)

    def counts(self, *arguments, **options):
        """The last line of an index run."""
        line = self.lines("index", *arguments, **options)[-1]
        pairs = dict(word.split("=", 1) for word in line.split(" "))
        return {name: int(value) if value.isdigit() else value for name, value in pairs.items()}

    def files(self, pattern="*"):
        return {path.name: path.read_bytes() for path in sorted(self.index.glob(pattern))}


@contextlib.contextmanager
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Place(folder)


def record(number, text, **more):
    return json.dumps({"id": number, "text": text, **more}, ensure_ascii=False) + "\n"


def small_corpus(here):
    here.write("corpus/a.txt", "关于优化营商环境的通知\n银政办发〔2017〕116号\n正文。\n")
    here.write("corpus/b.md", "# 政务公开年度报告\n\n“三公”经费，2019年。\n")
    here.write("corpus/c.jsonl",
               record("x1", "營商環境條例", title="法规", date="2019-10-22", agency="甲局") +
               record("x2", "政务公开工作", date="20171205") +
               json.dumps({"text": "没有编号的记录"}, ensure_ascii=False) + "\n")
    return here.counts("corpus")


def large_corpus(here, documents=300, seed=5):
    """Random texts over few characters, so that most searches find something."""
    pick = random.Random(seed)
    alphabet = "政务公开营商环境年度报告通知发展" + "、。 "
    text = "".join(record(f"d{i:05}", "".join(pick.choices(alphabet, k=pick.randrange(20, 900))),
                          date=f"20{pick.randrange(10, 26)}-0{pick.randrange(1, 10)}-11")
                   for i in range(documents))
    here.write("large.jsonl", text)
    return here.counts("large.jsonl")


def two_generations(here):
    here.write("corpus/a.txt", "政务公开")
    here.counts("corpus")
    here.write("corpus/b.txt", "政务公报")
    here.counts("corpus")


def spoil(path, at=-1, content=None):
    """Changes a byte of the file, or all of it."""
    spoilt = bytearray(path.read_bytes())
    spoilt[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(spoilt if content is None else content)
