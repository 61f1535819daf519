#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a daemon and an indexer can still do once they have started: test_sandbox.py GSEARCH
MODULE FREE. MODULE, loaded into the real program, tries everything of misbehave.c from inside; FREE
is the same unconfined, and tells which attempts work on this machine at all. Without arguments
after GSEARCH, in instrumented builds, nothing is confined and nothing can be checked."""

import contextlib
import errno
import json
import os
import pathlib
import pwd
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

GSEARCH, *MISBEHAVE = sys.argv[1:]
PATIENCE = 30
DENIED = {errno.EACCES, errno.EPERM, errno.ENOSYS}
CASES_LEAST = 20
AS_ROOT = ["--user", "root"] if os.geteuid() == 0 else []
NO_LANDLOCK = "this kernel has no Landlock: system calls are confined, files are not"

# What Landlock alone forbids, for seccomp sees no paths.
BY_PATH = {"read_outside", "list_outside", "read_users"}
# What an indexer is there for, in the folder of its index; elsewhere Landlock forbids it.
WRITERS = BY_PATH | {"write_only", "read_and_write", "append", "create", "create_nameless",
                     "write_outside", "create_outside", "write_own_memory", "open_and_empty",
                     "remove_outside"}


class Place:
    """An index, a corpus, and a folder that is nobody's business."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.index, self.corpus, self.outside = (self.folder / name
                                                 for name in ("index", "corpus", "outside"))
        self.corpus.mkdir()
        self.outside.mkdir()
        for name in "a", "b":
            (self.corpus / name).write_text("政务公开年度报告\n", encoding="utf-8")
        (self.outside / "a").write_text("secret\n")
        self.run("index", "-d", self.index, self.corpus)
        for name in "a", "b":
            (self.index / name).write_text("mine\n")

    def run(self, *arguments, **options):
        done = subprocess.run([GSEARCH, *map(str, arguments)], capture_output=True, text=True,
                              timeout=PATIENCE, **options)
        assert done.returncode == 0, done.stderr
        return done

    def environment(self, inside, **more):
        return {**os.environ, "MISBEHAVE_IN": str(inside), "MISBEHAVE_OUT": str(self.outside),
                **more}

    def bytes_of_everything(self):
        return {path: path.read_bytes() for path in sorted(self.folder.rglob("*"))
                if path.is_file() and path.name != "LOCK"}


@contextlib.contextmanager
def place():
    if not MISBEHAVE:
        raise tap.Skip("an instrumented build is not confined")
    with tempfile.TemporaryDirectory() as folder:
        yield Place(folder)


def errors(text):
    told = [line.split()[1:] for line in text.splitlines() if line.startswith("misbehave ")]
    assert told and told[-1] == ["end", "0"], text
    return {name: int(number) for name, number in told[:-1]}


def possible():
    """What nothing but a sandbox would deny here."""
    with place() as here:
        done = subprocess.run(MISBEHAVE[1:], stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
                              env=here.environment(here.corpus))
    found = errors(done.stderr)
    for name in found:
        if found[name] in DENIED:
            print(f"# {name}: not possible on this machine, sandbox or not")
    return {name for name in found if found[name] not in DENIED}


def check_denied(found, names):
    assert len(names) >= CASES_LEAST, names
    allowed = {name: errno.errorcode.get(found[name], "success") for name in names
               if found[name] not in DENIED}
    assert not allowed, allowed


def stop(daemon):
    """What it has said since its first line."""
    daemon.terminate()
    with daemon.stderr:
        said = daemon.stderr.read()
    assert daemon.wait(PATIENCE) == 0, said
    return said


def misbehaving_daemon(here, **environment):
    """The errors of every attempt, and what the daemon said beside them; it must go on."""
    daemon = subprocess.Popen(
        [GSEARCH, "serve", "-d", str(here.index), "--listen", "127.0.0.1:0", *AS_ROOT],
        stderr=subprocess.PIPE, text=True,
        env=here.environment(here.index, LD_PRELOAD=MISBEHAVE[0], **environment))
    line = daemon.stderr.readline()
    assert line.startswith("listening on "), line
    answer = here.run("search", "--connect", line.split()[-1], "-c", "年度报告")
    assert answer.stdout == "2\n", answer
    said = stop(daemon)
    return errors(said), said


def a_daemon_can_neither_write_nor_connect_nor_run_anything():
    with place() as here:
        before = here.bytes_of_everything()
        found, said = misbehaving_daemon(here)
        if NO_LANDLOCK in said:
            raise tap.Skip("this kernel has no Landlock")
        assert "warning" not in said, said
        check_denied(found, possible())
        assert here.bytes_of_everything() == before


def without_landlock_a_daemon_says_so_and_the_rest_is_denied():
    with place() as here:
        before = here.bytes_of_everything()
        found, said = misbehaving_daemon(here, MISBEHAVE_NO_LANDLOCK="1")
        assert f"gsearch: warning: {NO_LANDLOCK}\n" in said, said
        check_denied(found, possible() - BY_PATH)
        assert found["read_outside"] == 0, "what denied it, if not Landlock?"
        assert here.bytes_of_everything() == before


def misbehaving_indexer(here, **environment):
    (here.corpus / "c").write_text("公开指南\n", encoding="utf-8")
    done = here.run("index", "-v", "--json", "-d", here.index, here.corpus,
                    env=here.environment(here.corpus, LD_PRELOAD=MISBEHAVE[0], **environment))
    summary = json.loads(done.stdout)
    assert (summary["added"], summary["generation"]) == (1, 2), summary
    return errors(done.stderr), done.stderr


def an_indexer_can_write_its_index_alone_and_connect_to_nothing():
    with place() as here:
        before = here.bytes_of_everything()
        found, said = misbehaving_indexer(here)
        if NO_LANDLOCK in said:
            raise tap.Skip("this kernel has no Landlock")
        check_denied(found, possible())
        after = here.bytes_of_everything()
        assert {path: after[path] for path in before} == before


def without_landlock_an_indexer_says_so_if_asked_and_the_rest_is_denied():
    with place() as here:
        found, said = misbehaving_indexer(here, MISBEHAVE_NO_LANDLOCK="1")
        assert f"gsearch: warning: {NO_LANDLOCK}\n" in said, said
        check_denied(found, possible() - WRITERS)
        assert found["read_outside"] == 0, "what denied it, if not Landlock?"


def every_thread_of_a_daemon_is_confined():
    with place() as here:
        daemon = subprocess.Popen(
            [GSEARCH, "serve", "-d", str(here.index), "--listen", "127.0.0.1:0", *AS_ROOT, "-j2"],
            stderr=subprocess.PIPE, text=True)
        line = daemon.stderr.readline()
        here.run("search", "--connect", line.split()[-1], "年度报告")  # the pool is there now
        threads = list(pathlib.Path(f"/proc/{daemon.pid}/task").iterdir())
        assert len(threads) > 2, threads
        for thread in threads:
            status = dict(line.split(":\t") for line in
                          (thread / "status").read_text().splitlines() if ":\t" in line)
            assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", status
        stop(daemon)


def ids(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {name: fields[name].split() for name in ("Uid", "Gid", "Groups", "CapEff", "CapPrm")}


def root_becomes_nobody_where_nobody_can_read_the_index():
    if os.geteuid() != 0:
        raise tap.Skip("only root can start a daemon as root")
    nobody = pwd.getpwnam("nobody")
    with place() as here:
        for is_readable in True, False:
            here.folder.chmod(0o755 if is_readable else 0o700)
            for path in [here.index, *here.index.iterdir()]:
                path.chmod(0o755 if path.is_dir() else 0o644)
            daemon = subprocess.Popen(
                [GSEARCH, "serve", "-d", str(here.index), "--listen", "127.0.0.1:0"],
                stderr=subprocess.PIPE, text=True)
            line = daemon.stderr.readline()
            assert line.startswith("listening on "), line
            here.run("search", "--connect", line.split()[-1], "年度报告")
            found = ids(daemon.pid)
            said = stop(daemon)
            wanted = nobody if is_readable else pwd.getpwuid(0)
            assert found["Uid"] == [str(wanted.pw_uid)] * 4, found
            assert found["Gid"] == [str(wanted.pw_gid)] * 4, found
            if is_readable:
                assert found["Groups"] == [str(nobody.pw_gid)], found
                assert int(found["CapEff"][0], 16) == int(found["CapPrm"][0], 16) == 0, found
            warning = "gsearch: warning: this runs as root, because the user nobody cannot "
            assert (warning in said) == (not is_readable), said


def a_user_that_cannot_be_is_an_error():
    with place() as here:
        as_whom = {"no such user": 66} if os.geteuid() == 0 else {"root": 77}
        for user, wanted in as_whom.items():
            done = subprocess.run([GSEARCH, "serve", "-d", str(here.index), "--listen",
                                   "127.0.0.1:0", "--user", user], capture_output=True,
                                  timeout=PATIENCE)
            assert done.returncode == wanted, done


tap.main(a_daemon_can_neither_write_nor_connect_nor_run_anything,
         without_landlock_a_daemon_says_so_and_the_rest_is_denied,
         an_indexer_can_write_its_index_alone_and_connect_to_nothing,
         without_landlock_an_indexer_says_so_if_asked_and_the_rest_is_denied,
         every_thread_of_a_daemon_is_confined,
         root_becomes_nobody_where_nobody_can_read_the_index,
         a_user_that_cannot_be_is_an_error)
