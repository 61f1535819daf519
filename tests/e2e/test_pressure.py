#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A daemon that the system has nothing left for: test_pressure.py GSEARCH [--sanitized]. It waits
without burning the processor, goes on answering those that it has, and is as before when the
pressure is gone."""

import contextlib
import json
import pathlib
import resource
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "durability")]
import stage  # noqa: E402
import tap  # noqa: E402
from served import PATIENCE, Daemon, add, index_of, keys, records  # noqa: E402

DESCRIPTORS = 70  # taken away behind its back, for else it keeps the connections below them
WATCHED_S = 3
CPU_SHARE_MAX = 0.02
PONG = b"OK PONG\nEND\n"


def cpu_seconds(daemon):
    tasks = pathlib.Path(f"/proc/{daemon.process.pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def ask(client, text):
    """One request on a connection that stays."""
    client.sendall(text.encode())
    reply = b""
    while not reply.endswith(b"END\n"):
        piece = client.recv(65536)
        assert piece, reply
        reply += piece
    return reply.decode()


def stats_of(client):
    return json.loads(ask(client, "STATS\n").splitlines()[1])


def without_descriptors_it_waits_and_recovers():
    with index_of(records(0, 3, "甲")) as index, Daemon(index) as daemon, \
            contextlib.ExitStack() as exits:
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        clients = [exits.enter_context(daemon.connect()) for _ in range(2 * DESCRIPTORS)]
        for client in clients:
            client.sendall(b"PING\n")
        first = clients[0]
        assert first.recv(len(PONG)) == PONG
        give_up = time.monotonic() + PATIENCE
        while (stats := stats_of(first))["accept_failed"] == 0:
            assert time.monotonic() < give_up, stats
        served = stats["connections"]
        assert 10 < served < DESCRIPTORS and stats["connections_refused"] == 0, stats

        before = cpu_seconds(daemon)
        time.sleep(WATCHED_S)
        share = (cpu_seconds(daemon) - before) / WATCHED_S
        print(f"# figure: processor time while no descriptor is left: {100 * share:.2f} %")
        assert share < CPU_SHARE_MAX, share

        add(index, records(3, 2, "甲"))
        daemon.process.send_signal(signal.SIGHUP)
        while (stats := stats_of(first))["reload_failed"] == 0:
            assert time.monotonic() < give_up, stats
        assert stats["generation"] == 1 and stats["connections"] == served, stats
        assert keys(ask(first, "COUNT 公报\n").splitlines()[0])["total"] == "3"

        # as those go that were served, those come in that have waited
        for client in clients[1:]:
            assert client.recv(100) == PONG
            client.close()
        while (stats := stats_of(first))["generation"] != 2 or stats["connections"] > 1:
            assert time.monotonic() < give_up + PATIENCE, stats
        assert keys(ask(first, "COUNT 公报\n").splitlines()[0])["total"] == "5"


def errors_of_accept_cost_nobody_a_connection():
    if "--sanitized" in sys.argv:
        raise tap.Skip("a sanitizer is in the way of strace")
    if reason := stage.why_not_traced():
        raise tap.Skip(reason)
    for error in "EMFILE", "ENOBUFS", "EPROTO", "ECONNABORTED":
        with index_of(records(0, 3, "甲")) as index:
            tracer = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4",
                      "-e", f"inject=accept4:error={error}:when=2+3"]
            with Daemon(index, under=tracer) as daemon:
                for _ in range(20):
                    assert daemon.ask("COUNT 公报\n").startswith("OK total=3 "), error


tap.main(without_descriptors_it_waits_and_recovers, errors_of_accept_cost_nobody_a_connection)
