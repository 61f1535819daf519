#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""New generations under the eyes of many clients: test_reload.py GSEARCH CROWD [--sanitized]

An indexer commits again and again, is killed now and then, and generations are put into the folder
that are broken or half copied. Each reply must have the total that belongs to the generation that
it names, by a count of the texts. With GS_TEST_FULL 1,000 clients ask, else 64."""

import collections
import contextlib
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "load")]
import tap  # noqa: E402
from good import Crowd, descriptors_of, require_descriptors  # noqa: E402
from requests import Corpus  # noqa: E402
from served import GSEARCH, PATIENCE, Daemon, add, keys, run  # noqa: E402

FULL = bool(os.environ.get("GS_TEST_FULL"))
ASKING, RATE = (1000, 1000) if FULL else (64, 500)
COMMITS = 1000 if FULL else 24
DEATHS = 200 if FULL else 12
SEED = 20261128


def manifest(index, generation):
    return index / f"manifest-{generation:016x}.gsm"


def newest(index):
    return max(int(path.name[9:25], 16) for path in index.glob("manifest-*.gsm"))


def await_stats(daemon, holds):
    give_up = time.monotonic() + PATIENCE
    while not holds(stats := daemon.stats()):
        assert time.monotonic() < give_up, stats
        time.sleep(0.01)
    return stats


def maps_of(daemon):
    return len(pathlib.Path(f"/proc/{daemon.process.pid}/maps").read_text().splitlines())


class Changes:
    """What happens to the index; generation N always holds the same documents."""

    def __init__(self, index, corpus, daemon):
        self.index, self.corpus, self.daemon = index, corpus, daemon
        self.draw = random.Random(SEED)
        self.kills = self.broken = 0

    def commit(self):
        add(self.index, self.corpus.records(newest(self.index) + 1))
        self.daemon.process.send_signal(signal.SIGHUP)

    def commit_and_die(self):
        """The indexer may come to the end before it is killed."""
        indexer = subprocess.Popen([GSEARCH, "index", "-d", self.index, "-"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        indexer.stdin.write(self.corpus.records(newest(self.index) + 1).encode())
        indexer.stdin.close()
        time.sleep(self.draw.random() * 0.05)
        indexer.kill()
        indexer.wait()
        self.kills += 1

    def reload(self, generation, degraded=False):
        """Tells the daemon, and waits until it has seen which generation is the newest whole one,
        and whether there is a broken one behind it."""
        self.broken += degraded
        self.daemon.process.send_signal(signal.SIGHUP)
        after = await_stats(self.daemon, lambda stats: stats["degraded"] == degraded
                            and stats["generation"] == generation)
        assert after["reload_failed"] == self.broken, (self.broken, after)
        return after

    def put_garbage(self):
        """A manifest that is none, and then is away again."""
        generation = newest(self.index)
        self.reload(generation)
        manifest(self.index, generation + 1).write_bytes(b"gsearch manifest\n" * 20)
        self.reload(generation, degraded=True)
        manifest(self.index, generation + 1).unlink()
        self.reload(generation)

    def copy_slowly(self):
        """The next generation comes as by cp: half of each file but the manifest; then all."""
        generation = newest(self.index)
        self.reload(generation)
        with tempfile.TemporaryDirectory(dir=self.index.parent) as folder:
            made = pathlib.Path(folder) / "made"
            shutil.copytree(self.index, made)
            add(made, self.corpus.records(generation + 1))
            files = sorted((path for path in made.iterdir()
                            if not (self.index / path.name).exists()),
                           key=lambda path: path.name, reverse=True)
            for path in files:
                whole = path.read_bytes()
                half = len(whole) if path.suffix == ".gsm" else len(whole) // 2
                (self.index / path.name).write_bytes(whole[:half])
            self.reload(generation, degraded=True)
            for path in files:
                if path.suffix != ".gsm":
                    shutil.copy(path, self.index)
        self.reload(generation + 1)

    def go_on(self):
        """All kinds in turn."""
        kinds = itertools.cycle((self.commit, self.commit, self.put_garbage, self.commit_and_die,
                                 self.commit, self.copy_slowly))
        while newest(self.index) < COMMITS:
            next(kinds)()


def ask_during(crowd, changes):
    """Lets the clients ask until the changes have come to an end."""
    fault = []

    def change():
        try:
            changes.go_on()
        except BaseException as raised:  # told by the thread that waits
            fault.append(raised)

    worker = threading.Thread(target=change)
    worker.start()
    replies, seed = 0, 0
    while worker.is_alive():
        seed += 1
        replies += crowd.ask(RATE, 0.5, seed)["replies"]
    worker.join()
    if fault:
        raise fault[0]
    return replies


def every_reply_belongs_to_the_generation_that_it_names():
    require_descriptors(ASKING + 128)
    corpus = Corpus(2, 200, step=3, generations=COMMITS + 8)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as exits:
        folder = pathlib.Path(name)
        index = folder / "index"
        add(index, corpus.records())
        (folder / "requests").write_text("".join(corpus.lines(40)), encoding="utf-8")
        daemon = exits.enter_context(Daemon(index))
        threading.Thread(target=collections.deque, args=(daemon.process.stderr, 100),
                         daemon=True).start()
        crowd = exits.enter_context(Crowd(daemon, folder / "requests"))
        crowd.order("asking", ASKING)
        crowd.ask(RATE, 0.2, 0)
        open_before = descriptors_of(daemon), maps_of(daemon)
        changes = Changes(index, corpus, daemon)
        replies = ask_during(crowd, changes)
        stats = changes.reload(newest(index))
        merged = run("merge", "-d", index)
        assert merged.returncode == 0, merged
        await_stats(daemon, lambda now: now["segments"] == 1)
        print(f"# figure: generations taken while {ASKING} clients asked: {stats['reloads']}, "
              f"refused because broken: {changes.broken}; indexers killed: {changes.kills}; "
              f"replies, each of the generation that it names: {replies}")
        assert changes.kills > 0 and changes.broken > 0 and stats["reloads"] > COMMITS / 4
        open_after = descriptors_of(daemon), maps_of(daemon)
        assert open_after == open_before, (open_before, open_after)


def a_daemon_that_is_killed_in_a_reload_serves_again_at_once():
    draw = random.Random(SEED)
    corpus = Corpus(3, 50, step=1, generations=DEATHS + 2)
    phrase = corpus.texts[0][:2]
    totals = corpus.totals(phrase)
    slowest = 0
    with tempfile.TemporaryDirectory() as name:
        index = pathlib.Path(name) / "index"
        add(index, corpus.records())
        for _ in range(DEATHS):
            with Daemon(index, listen=f"unix:{name}/socket") as daemon:
                add(index, corpus.records(newest(index) + 1))
                daemon.process.send_signal(signal.SIGHUP)
                time.sleep(draw.random() * 0.003)
                daemon.process.kill()
                daemon.process.wait()
            before = time.monotonic()
            with Daemon(index, listen=f"unix:{name}/socket") as daemon:
                reply = keys(daemon.ask(f"COUNT {phrase}\n").splitlines()[0])
                slowest = max(slowest, time.monotonic() - before)
                daemon.process.kill()
                daemon.process.wait()
            assert int(reply["generation"]) == newest(index), reply
            assert int(reply["total"]) == totals[newest(index) - 1], reply
    print(f"# figure: daemons killed while they took a generation: {DEATHS}, each served again "
          f"after {1000 * slowest:.0f} ms at most")


tap.main(every_reply_belongs_to_the_generation_that_it_names,
         a_daemon_that_is_killed_in_a_reload_serves_again_at_once)
