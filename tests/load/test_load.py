#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon under load and abuse: test_load.py GSEARCH CROWD [--sanitized]

Thousands of connections that are idle, hundreds that ask at a steady rate; then, beside them, slow
senders, readers that stop, resets, floods over each limit and newcomers for whom there is no place.
Every answer is compared with a count of the texts. With GS_TEST_FULL there are ten times as many,
and the time to an answer must not suffer: it is measured with and without the others in turn."""

import contextlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "load")]
import tap  # noqa: E402
from good import Crowd, descriptors_of, require_descriptors  # noqa: E402
from requests import Corpus  # noqa: E402
from served import PATIENCE, Daemon, add  # noqa: E402

SANITIZED = "--sanitized" in sys.argv  # memory is then another matter
FULL = bool(os.environ.get("GS_TEST_FULL"))
DOCUMENTS = 20000 if FULL else 3000
IDLE, ASKING = (10000, 1000) if FULL else (1000, 200)
SLOW, STALLED = (500, 100) if FULL else (100, 40)
PLACES = 12000 if FULL else 1600
RESERVED = 64  # descriptors that are not for connections
ROUNDS = 9 if FULL else 1 if SANITIZED else 2
SECONDS = 5 if FULL else 1
SHARE_OF_PEAK = 0.35 if FULL else 0.2
RATIO_MAX = 1.2
IDLE_BYTES_MAX = 16384 if SANITIZED else 2048
# by the allocator, and by the daemon for sixteen searches at once
KEPT_KIB_MAX = 1 << 20 if SANITIZED else 65536 if FULL else 24576
PHASES = {
    "alone": (),
    "idle": (),
    "abuse": (f"slow={SLOW}", f"stalled={STALLED}", "resets=50", "floods=20"),
    "door": (f"fill={PLACES}", "over=50"),
}


@contextlib.contextmanager
def abuse(daemon, corpus, *kinds):
    """The bad ones at work; what became of them is in the dict when they have ended."""
    outcome = {}
    process = subprocess.Popen(
        ["nice", "-n", "10", sys.executable, ROOT / "tests" / "load" / "abuse.py", daemon.address,
         *corpus.often_and_rare(), *kinds],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "begun\n"
        yield outcome
        process.stdin.close()
        outcome.update(json.loads(process.stdout.readline()))
        assert outcome["wrong"] == 0, outcome
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def lower_to(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def memory_kib(daemon):
    """What is its own, without the pages of the index."""
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0])


def put_first(*processes):
    """Before all others, where that is allowed: then only they are measured."""
    try:
        for process in processes:
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(10))
    except PermissionError:
        return False
    return True


def await_memory(daemon, base):
    """Until the daemon has given back what it does not need; what it has then, in KiB."""
    give_up = time.monotonic() + PATIENCE
    while (kib := memory_kib(daemon)) > base + KEPT_KIB_MAX:
        assert time.monotonic() < give_up, (base, kib)
        time.sleep(0.05)
    return kib


def await_rest(daemon):
    """Until all is done that readers who have stopped are owed."""
    give_up = time.monotonic() + PATIENCE
    while (stats := daemon.stats())["streams"] < STALLED or stats["queue"]:
        assert time.monotonic() < give_up, stats
        time.sleep(0.05)


def await_connections(daemon, count):
    give_up = time.monotonic() + PATIENCE
    while (stats := daemon.stats())["connections"] > count + 1:  # and the one that asks
        assert time.monotonic() < give_up, stats
        time.sleep(0.05)
    return stats


@contextlib.contextmanager
def stage():
    """A daemon with a limit of PLACES connections, what it holds, and its crowd."""
    corpus = Corpus(1, DOCUMENTS)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as exits:
        folder = pathlib.Path(name)
        add(folder / "index", corpus.records())
        (folder / "requests").write_text("".join(corpus.lines(400)), encoding="utf-8")
        daemon = exits.enter_context(Daemon(folder / "index",
                                            preexec_fn=lower_to(PLACES + RESERVED)))
        yield daemon, corpus, exits.enter_context(Crowd(daemon, folder / "requests"))


def ratios_of(times):
    """The medians over all rounds, of what they are alone."""
    alone = statistics.median(times["alone"])
    return {phase: statistics.median(times[phase]) / alone for phase in PHASES}


def measure(daemon, corpus, crowd, rate, base):
    """The p99 of each phase, by round, in microseconds; what became of the bad clients; and the
    memory of the daemon after each round."""
    times = {phase: [] for phase in PHASES}
    outcomes, memory = [], []
    for number in range(ROUNDS):
        for phase, kinds in PHASES.items():
            idle = 0 if phase == "alone" else IDLE
            crowd.order("idle", idle)
            await_connections(daemon, ASKING + idle)
            with contextlib.ExitStack() as exits:
                if kinds:
                    outcomes.append(exits.enter_context(abuse(daemon, corpus, *kinds)))
                if phase == "abuse":
                    await_rest(daemon)
                times[phase].append(crowd.ask(rate, SECONDS, number + 1)["p99_us"])
            assert crowd.order("ping")["answered"] == idle
        crowd.order("idle", 0)
        await_connections(daemon, ASKING)
        memory.append(await_memory(daemon, base))
    return times, outcomes, memory


def check_outcomes(daemon, outcomes):
    total = {kind: sum(outcome[kind] for outcome in outcomes)
             for kind in outcomes[0] if kind != "first_wrong"}
    stats = await_connections(daemon, ASKING)
    for kind in "slow", "stalled", "resets", "floods", "filled", "over":
        assert total[kind] > 0, total
    assert total["over_busy"] == total["over"], total
    assert stats["connections_refused"] >= total["over"], (total, stats)
    assert not stats["streams"] and not stats["queue"], stats
    print(f"# figure: bad clients: {total['slow']} slow senders, {total['stalled']} readers that "
          f"stop, {total['resets']} resets, {total['floods']} floods, {total['over']} newcomers "
          f"without a place, of whom {total['over_busy']} were told busy")


def check_idle_memory(daemon, crowd):
    """What an idle connection costs, and that nothing of it stays."""
    before, descriptors = memory_kib(daemon), descriptors_of(daemon)
    crowd.order("idle", IDLE)
    each = (memory_kib(daemon) - before) * 1024 / IDLE
    assert 0 < each <= IDLE_BYTES_MAX, each
    crowd.order("idle", 0)
    await_connections(daemon, ASKING)
    await_memory(daemon, before)
    assert descriptors_of(daemon) == descriptors
    return each


def every_good_client_is_answered_whatever_the_others_do():
    require_descriptors(PLACES + RESERVED)
    with stage() as (daemon, corpus, crowd):
        crowd.order("asking", ASKING)
        peak = crowd.ask(0, SECONDS, 1)
        rate = SHARE_OF_PEAK * peak["replies"] / SECONDS
        base, descriptors = memory_kib(daemon), descriptors_of(daemon)
        each = check_idle_memory(daemon, crowd)
        first = put_first(daemon.process, crowd.process)
        times, outcomes, memory = measure(daemon, corpus, crowd, rate, base)
        check_outcomes(daemon, outcomes)
        print(f"# figure: memory of the daemon: {base} KiB before, {max(memory)} KiB at most when "
              f"all the others had gone; an idle connection {each:.0f} bytes")
        assert descriptors_of(daemon) == descriptors
    alone, ratios, rounds = statistics.median(times["alone"]), ratios_of(times), len(memory)
    print(f"# figure: {ASKING} connections that ask {rate:.0f} times a second: p99 {alone:.0f} us; "
          f"with {IDLE} idle ones {ratios['idle']:.2f} times that, with bad clients, too, "
          f"{ratios['abuse']:.2f}, with no place left {ratios['door']:.2f} (medians of {rounds} "
          f"rounds{', before other programs' if first else ''})")
    if FULL:
        assert max(ratios.values()) <= RATIO_MAX, times


tap.main(every_good_client_is_answered_whatever_the_others_do)
