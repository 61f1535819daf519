# SPDX-License-Identifier: Apache-2.0
"""The program as it is installed, changing an index, and what the index holds before and after."""

import pathlib
import re
import shutil
import subprocess

# openat also opens what is only read; it is hit there, too
CALLS = "openat,write,fsync,renameat2,linkat,unlinkat,mkdir,ftruncate"
TRACED = ["strace", "-f", "-qq"]


def why_not_traced():
    """Why strace cannot be used here; None if it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    answer = subprocess.run([*TRACED, "-o", "/dev/null", "-e", "trace=write", "true"],
                            capture_output=True, text=True)
    return f"strace may not trace: {answer.stderr.strip()}" if answer.returncode else None


class Stage:
    def __init__(self, program, folder, change):
        self.program = program
        self.folder = pathlib.Path(folder)
        self.inputs, self.index = self.folder / "in", self.folder / "ix"
        self.saved = self.folder / "saved"
        self.inputs.mkdir(parents=True)
        prepare, self.command = change
        prepare(self)
        if self.index.exists():
            self.index.rename(self.saved)
        self.restore()
        self.before = self.content()
        self.run()
        self.after = self.content()
        assert self.before != self.after

    def put(self, name, text):
        (self.inputs / name).write_text(text, encoding="utf-8")

    def gsearch(self, *arguments, status=(0,)):
        answer = subprocess.run([self.program, *arguments], capture_output=True, text=True)
        assert answer.returncode in status, (arguments, answer.returncode, answer.stderr)
        return answer

    def restore(self):
        shutil.rmtree(self.index, ignore_errors=True)
        if self.saved.exists():
            shutil.copytree(self.saved, self.index)

    def arguments(self):
        return [self.program, *self.command(self)]

    def run(self):
        self.gsearch(*self.command(self))

    def content(self):
        """The generation and all that a search finds; every byte is verified."""
        answer = self.gsearch("verify", "-d", self.index, status=(0, 66))
        if answer.returncode == 66:
            return "no index"
        found = self.gsearch("search", "-d", self.index, "--json", "--all", "政 OR 商 OR 费",
                             status=(0, 1)).stdout
        return re.sub(r'"took_us":\d+', "", found)

    def points(self):
        """(call, which of its kind) of every call of the change."""
        self.restore()
        log = self.folder / "log"
        subprocess.run([*TRACED, "-o", log, "-e", f"trace={CALLS}", *self.arguments()],
                       check=True, capture_output=True)
        counts, points = {}, []
        for call in re.findall(r"^\d+ +(\w+)\(", log.read_text(errors="replace"), flags=re.M):
            counts[call] = counts.get(call, 0) + 1
            points.append((call, counts[call]))
        return points

    def inject(self, point, what):
        """Runs the change; `what` happens at that call."""
        call, number = point
        return subprocess.run([*TRACED, "-o", "/dev/null", "-e", f"trace={call}",
                               "-e", f"inject={call}:{what}:when={number}", *self.arguments()],
                              capture_output=True, text=True)

    def check(self, where, allowed=None):
        """What is there is old or new, and the next run comes to the end of the undisturbed one."""
        content = self.content()
        assert content in (allowed or (self.before, self.after)), f"{where}: {content}"
        self.run()
        content = self.content()
        # a generation more, if the killed run had made one already
        assert content.split("\n")[1:] == self.after.split("\n")[1:], f"{where}: then {content}"


def build(stage):
    stage.put("a.txt", "政务公开\n年度报告")
    stage.put("b.txt", "营商环境")
    stage.put("c.jsonl", '{"id":"c","title":"三公经费","text":"決算"}\n')


def update(stage):
    build(stage)
    stage.gsearch("index", "-d", stage.index, stage.inputs)
    stage.put("b.txt", "营商环境条例")
    stage.gsearch("index", "-d", stage.index, stage.inputs)
    (stage.inputs / "a.txt").unlink()
    stage.put("d.txt", "优化营商环境")


def merge(stage):
    update(stage)
    stage.gsearch("index", "-d", stage.index, stage.inputs)


def index_command(stage):
    return ["index", "--strict", "-j", "1", "-d", str(stage.index), str(stage.inputs)]


def merge_command(stage):
    return ["merge", "-d", str(stage.index)]


CHANGES = {"build": (build, index_command), "update": (update, index_command),
           "merge": (merge, merge_command)}
