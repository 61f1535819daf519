#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every signal does to a daemon that answers and to an indexer that waits for its input:
test_signals.py [--sanitized] GSEARCH. A sanitizer handles some of them by itself."""

import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402

SANITIZED = "--sanitized" in sys.argv
GSEARCH = sys.argv[-1]
PATIENCE = 60
AS_ROOT = ["--user", "root"] if os.geteuid() == 0 else []

FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
# The rest has its default effect, as in any program.
DEADLY = (signal.SIGUSR2, signal.SIGALRM, signal.SIGQUIT, signal.SIGXCPU, signal.SIGKILL)


def record(number):
    return json.dumps({"id": f"r{number}", "text": f"政务公开第{number}号"}, ensure_ascii=False) + "\n"


@contextlib.contextmanager
def index():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "index"
        done = subprocess.run([GSEARCH, "index", "-d", path, "-"], input=record(1).encode(),
                              capture_output=True, timeout=PATIENCE)
        assert done.returncode == 0, done
        yield path


class Process:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([GSEARCH, *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in self.process.stdin, self.process.stdout, self.process.stderr:
            stream.close()

    def send(self, number):
        self.process.send_signal(number)

    def end(self):
        """The exit status, and the last words."""
        said = self.process.stderr.read().decode()
        return self.process.wait(PATIENCE), said


class Daemon(Process):
    def __init__(self, path):
        super().__init__("serve", "-d", path, "--listen", "127.0.0.1:0", *AS_ROOT)
        self.port = int(self.process.stderr.readline().decode().rsplit(":", 1)[1])

    def answers(self):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as client:
            client.sendall("COUNT 政务公开\nQUIT\n".encode())
            with client.makefile("rb") as stream:
                return stream.read().decode().startswith("OK total=1 ")


class Indexer(Process):
    """It has read one record and waits for the next."""

    def __init__(self, path):
        super().__init__("index", "-d", path, "-")
        self.process.stdin.write(record(2).encode())
        self.process.stdin.flush()
        lock = path / "LOCK"
        while f"process {self.process.pid} " not in lock.read_text():
            assert self.process.poll() is None, self.process.stderr.read()

    def answers(self):
        """Whether it finishes its work as if nothing had happened."""
        self.process.stdin.close()
        return b"added=1 " in self.process.stdout.read() and self.process.wait(PATIENCE) == 0


def generation(path):
    done = subprocess.run([GSEARCH, "stat", "--json", "-d", path], capture_output=True,
                          timeout=PATIENCE)
    assert done.returncode == 0, done
    return json.loads(done.stdout)["generation"]


def who_cannot_be_written_to_ends_neither():
    for kind in Daemon, Indexer:
        with index() as path, kind(path) as process:
            for number in IGNORED:
                process.send(number)
            assert process.answers(), kind


def a_fault_is_told_in_one_line_and_ends_as_it_would():
    if SANITIZED:
        raise tap.Skip("the sanitizer reports faults")
    for kind in Daemon, Indexer:
        for number in FAULTS:
            with index() as path, kind(path) as process:
                process.send(number)
                status, said = process.end()
                assert status == -number, (kind, number, status, said)
                start, _, rest = said.partition(f": ended by {number.name} in process ")
                assert start.startswith("gsearch ") and rest.startswith(f"{process.process.pid}: ")
                assert said.count("\n") == 1, said
                assert generation(path) == 1


def the_rest_ends_a_process_and_leaves_the_index():
    for kind in Daemon, Indexer:
        for number in DEADLY:
            with index() as path, kind(path) as process:
                process.send(number)
                status, said = process.end()
                assert (status, said) == (-number, ""), (kind, number, status, said)
                assert generation(path) == 1


def term_and_int_end_a_daemon_well_and_an_indexer_before_its_commit():
    for number in signal.SIGTERM, signal.SIGINT:
        with index() as path:
            with Daemon(path) as daemon:
                daemon.send(number)
                assert daemon.end() == (0, "gsearch: stopping\n")
            with Indexer(path) as indexer:
                indexer.send(number)
                status, said = indexer.end()
                assert status == 128 + number, (status, said)
            assert generation(path) == 1
            assert not list(path.glob(".tmp-*")), list(path.iterdir())


def hup_is_a_reload_for_a_daemon_and_the_end_for_an_indexer():
    with index() as path:
        with Daemon(path) as daemon:
            daemon.send(signal.SIGHUP)
            assert daemon.answers()
        with Indexer(path) as indexer:
            indexer.send(signal.SIGHUP)
            assert indexer.end() == (-signal.SIGHUP, "")
        assert generation(path) == 1


def a_limit_of_file_sizes_is_an_error_and_no_signal():
    text = "".join(record(number) for number in range(20000))
    with index() as path:
        done = subprocess.run(
            [GSEARCH, "index", "-d", path, "-"], input=text.encode(), capture_output=True,
            timeout=PATIENCE,
            # where a build counts its branches, these are cut short, too
            env={**os.environ, "GCOV_PREFIX": f"{path}-branches"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))
        assert done.returncode == 74 and b"no-space" in done.stderr, done
        assert generation(path) == 1


tap.main(who_cannot_be_written_to_ends_neither,
         a_fault_is_told_in_one_line_and_ends_as_it_would,
         the_rest_ends_a_process_and_leaves_the_index,
         term_and_int_end_a_daemon_well_and_an_indexer_before_its_commit,
         hup_is_a_reload_for_a_daemon_and_the_end_for_an_indexer,
         a_limit_of_file_sizes_is_an_error_and_no_signal)
