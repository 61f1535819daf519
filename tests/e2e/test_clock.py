#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time that goes wrong: test_clock.py GSEARCH WRONGTIME

A wall clock in another century, at the ends of 32 bits, frozen, a hundred times too fast or jumping
at each look changes no timeout and no byte of an index; and a daemon that stood still for longer
than a client may take closes nobody for it."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402
from served import GSEARCH, PATIENCE, Daemon, index_of, records  # noqa: E402

WRONGTIME = str(pathlib.Path(sys.argv[2]).resolve())
YEAR = 365 * 86400
NOW = int(time.time())
CLOCKS = {
    "ten years ago": f"at {NOW - 10 * YEAR}",
    "in a hundred years": f"at {NOW + 100 * YEAR}",
    "the end of 31 bits": f"at {2**31 - 3}",
    "the end of 32 bits": f"at {2**32 - 3}",
    "frozen": f"frozen {NOW}",
    "too fast": f"fast {NOW}",
    "jumping": f"jumping {NOW + 100 * YEAR}",
}
LINE_S = 10  # a request line may take so long
COUNTED = "OK total=3 "


def lying(how):
    return {**os.environ, "LD_PRELOAD": WRONGTIME, "WRONG_TIME": how}


def the_clocks_are_wrong():
    for name, how in CLOCKS.items():
        told = subprocess.run(["date", "+%s"], env=lying(how), capture_output=True, check=True)
        wanted = int(how.split()[1])
        assert abs(int(told.stdout) - wanted) < PATIENCE * 100, (name, told)


def build(folder, environment):
    """The files of an index with a history, by name."""
    inputs, index = folder / "in", folder / "ix"
    inputs.mkdir()

    def put(name, text, seconds):
        (inputs / name).write_text(text, encoding="utf-8")
        os.utime(inputs / name, (seconds, seconds))

    def gsearch(*arguments):
        done = subprocess.run([GSEARCH, *map(str, arguments)], env=environment,
                              capture_output=True, timeout=PATIENCE, cwd=folder)
        assert done.returncode == 0, done

    put("a.txt", "政务公开\n年度报告 2017年", 1000000000)
    put("b.txt", "营商环境", 1000000001)
    gsearch("index", "-d", "ix", "in")
    put("b.txt", "营商环境条例", 1000000002)
    put("c.txt", "三公经费", 1000000003)
    gsearch("index", "-d", "ix", "in")
    (inputs / "a.txt").unlink()
    gsearch("index", "-d", "ix", "in")
    gsearch("merge", "-d", "ix")
    return {path.name: path.read_bytes() for path in index.iterdir() if path.name != "LOCK"}


def an_index_is_the_same_whatever_the_clock_says():
    built = {}
    for name, how in [("right", None), *CLOCKS.items()]:
        with tempfile.TemporaryDirectory() as folder:
            environment = lying(how) if how else dict(os.environ)
            built[name] = build(pathlib.Path(folder), environment)
        assert len(built[name]) > 2 and built[name] == built["right"], name


def timeouts_follow_no_wall_clock():
    with index_of(records(0, 3, "甲")) as index, contextlib.ExitStack() as exits:
        played = []
        for how in CLOCKS.values():
            daemon = exits.enter_context(Daemon(index, env=lying(how)))
            idle, slow, late = (exits.enter_context(daemon.connect()) for _ in range(3))
            slow.sendall("COUNT 公".encode())
            late.sendall("COUNT 公".encode())
            played.append((daemon, idle, slow, late, time.monotonic()))
        time.sleep(LINE_S / 2)
        for _, idle, slow, _, _ in played:
            slow.sendall("报\n".encode())
            assert slow.recv(100).decode().startswith(COUNTED)
            idle.sendall(b"PING\n")
            assert idle.recv(100) == b"OK PONG\nEND\n"
        for daemon, idle, _, late, begin in played:
            late.settimeout(PATIENCE)
            assert late.recv(100) == b""
            assert time.monotonic() - begin > LINE_S - 0.5
            assert daemon.stats()["timeouts"] == 1
            idle.sendall(b"PING\n")
            assert idle.recv(100) == b"OK PONG\nEND\n"


def a_daemon_that_stood_still_closes_nobody_for_it():
    with index_of(records(0, 3, "甲")) as index, Daemon(index) as daemon, \
            daemon.connect() as idle, daemon.connect() as slow, daemon.connect() as asked:
        slow.sendall("COUNT 公".encode())
        idle.sendall(b"PING\n")
        assert idle.recv(100) == b"OK PONG\nEND\n"
        daemon.process.send_signal(signal.SIGSTOP)
        asked.sendall("COUNT 公报\n".encode())
        time.sleep(LINE_S + 1.5)
        daemon.process.send_signal(signal.SIGCONT)
        assert asked.recv(100).decode().startswith(COUNTED)
        time.sleep(1)  # so that what it holds to be over would be closed
        slow.sendall("报\n".encode())
        assert slow.recv(100).decode().startswith(COUNTED)
        idle.sendall(b"PING\n")
        assert idle.recv(100) == b"OK PONG\nEND\n"
        assert daemon.stats()["timeouts"] == 0


tap.main(the_clocks_are_wrong, an_index_is_the_same_whatever_the_clock_says,
         timeouts_follow_no_wall_clock, a_daemon_that_stood_still_closes_nobody_for_it)
