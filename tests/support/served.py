# SPDX-License-Identifier: Apache-2.0
"""A daemon of the real program over an index of its own, on loopback or unix sockets: what the
tests that ask it stand on. Programs that import it are called with the path of gsearch first."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

GSEARCH = str(pathlib.Path(sys.argv[1]).resolve())
PATIENCE = 30  # seconds; nothing here takes that long unless it hangs


def run(*arguments, **options):
    return subprocess.run([GSEARCH, *map(str, arguments)], capture_output=True, timeout=PATIENCE,
                          **options)


def records(first, count, word):
    return "".join(json.dumps({"id": f"{word}{i:06}", "title": f"题{i}", "date": "2017-12-05",
                               "text": f"{word}的公报，第{i}号。" + "全面推进各项工作。" * 5},
                              ensure_ascii=False) + "\n" for i in range(first, first + count))


def add(index, text):
    done = run("index", "-d", index, "-", input=text.encode())
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def index_of(text):
    with tempfile.TemporaryDirectory() as folder:
        index = pathlib.Path(folder) / "index"
        add(index, text)
        yield index


# In a sanitized build, memory that was freed must not be held back for the sake of the sanitizer.
ENVIRONMENT = dict(os.environ)
ENVIRONMENT["ASAN_OPTIONS"] = ENVIRONMENT.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"


# Nobody may look into the folders of these tests, so what root starts stays root's, and says so.
AS_ROOT = ["--user", "root"] if os.geteuid() == 0 else []


class Daemon:
    def __init__(self, index, *arguments, listen="127.0.0.1:0", under=(), **options):
        self.process = subprocess.Popen(
            [*under, GSEARCH, "serve", "-d", str(index), "--listen", listen, *AS_ROOT, *arguments],
            stderr=subprocess.PIPE, text=True, **{"env": ENVIRONMENT, **options})
        line = self.process.stderr.readline()
        assert line.startswith("listening on "), line
        self.address = line.split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stderr.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0

    def connect(self):
        if self.address.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(PATIENCE)
            client.connect(self.address[5:])
            return client
        host, port = self.address.rsplit(":", 1)
        return socket.create_connection((host, int(port)), PATIENCE)

    def ask(self, text):
        """What `nc -N` does."""
        with self.connect() as client:
            client.sendall(text if isinstance(text, bytes) else text.encode())
            with contextlib.suppress(OSError):  # who is turned away may be so by now
                client.shutdown(socket.SHUT_WR)
            with client.makefile("rb") as stream:
                return stream.read().decode()

    def stats(self):
        return json.loads(self.ask("STATS\n").splitlines()[1])


def keys(line):
    return dict(word.split("=") for word in line.split()[1:])
