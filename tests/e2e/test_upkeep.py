#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looking after an index as users do it, and what damage costs them: test_upkeep.py GSEARCH."""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
from program import (  # noqa: E402
    GSEARCH, PATIENCE, large_corpus, place, record, small_corpus, spoil, two_generations)

FLIPS = 60  # damaged copies of each file


def verify_passes_a_whole_index():
    with place() as here:
        large_corpus(here)
        here.write("extra.jsonl", record("d00007", "换了内容") + record("z", "新的", title="题"))
        here.counts("extra.jsonl")
        here.write("large.jsonl", "".join(record(f"d{i:05}", f"政务{i}公开") for i in range(250)))
        here.counts("large.jsonl")
        text = here.run("verify", "--deep", "--recall", "500")
        assert "damaged=0" in text and "differences=0" in text, text
        asked = int(re.search(r"recall=(\d+)", text)[1])
        assert asked == 500, text
        for name in here.files("[!L]*"):
            assert f"ok {name} " in text, (name, text)
        json_lines = [json.loads(line) for line in here.lines("verify", "--json", "--deep")]
        assert all(line["status"] == "ok" for line in json_lines[:-1]), json_lines


def recall_draws_other_pieces_each_time_and_titles_too():
    with place() as here:
        here.write("titles.jsonl", '{"id":"a","title":"政务公开年度报告"}\n')
        here.counts("titles.jsonl")
        seeds = set()
        for _ in range(3):
            text = here.run("verify", "--recall", "20")
            found = re.search(r"^recall=20 unanswered=0 differences=0 documents=1 seed=(\d+)$",
                              text, re.M)
            assert found, text
            seeds.add(found[1])
        assert len(seeds) == 3, seeds
        assert " seed=7\n" in here.run("verify", "--recall", "20", "--seed", "7")


def recall_does_not_pass_what_it_could_not_ask():
    with place() as here:
        here.write("long.txt", "的" * 20_000_000)
        here.counts("long.txt")
        text = here.run("verify", "--recall", "4", "--seed", "1", expect=75)
        compared, unanswered = re.search(r"^recall=(\d+) unanswered=(\d+) ", text, re.M).groups()
        assert int(unanswered) > 0 and int(compared) + int(unanswered) == 4, text
        assert "searches cost too much" in here.said, here.said


def a_signal_leaves_no_scratch_folder():
    with place() as here:
        here.write("long.txt", "政务公开年度报告" * 500_000)
        here.counts("long.txt")
        scratch = pathlib.Path(here.folder) / "scratch"
        scratch.mkdir()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with subprocess.Popen([GSEARCH, "verify", "--deep"], cwd=here.folder,
                                  env={**os.environ, "TMPDIR": str(scratch)},
                                  stdout=subprocess.DEVNULL) as checking:
                while not os.listdir(scratch) and checking.poll() is None:
                    time.sleep(0.001)
                checking.send_signal(number)
                assert checking.wait(PATIENCE) == -number, checking.returncode
            assert os.listdir(scratch) == [], number


def no_flipped_byte_is_missed_or_gives_a_wrong_answer():
    with place() as here:
        large_corpus(here, documents=40)
        here.write("extra.jsonl", record("d00007", "换了内容"))
        here.counts("extra.jsonl")
        want = here.ids("--all", "政务 -开营")
        pick = random.Random(3)
        newest = max(here.files("manifest-*"))
        for name, content in here.files("[!L]*").items():
            for at in pick.sample(range(len(content)), min(FLIPS, len(content))):
                damaged = bytearray(content)
                damaged[at] ^= 1 << pick.randrange(8)
                (here.index / name).chmod(0o600)
                (here.index / name).write_bytes(damaged)
                text = here.run("verify", expect=65)
                assert name in text, (name, at, text)
                done = subprocess.run([GSEARCH, "search", "-l", "--all", "政务 -开营"],
                                      cwd=here.folder, capture_output=True, timeout=PATIENCE)
                assert done.returncode in (0, 65), (name, at, done)
                # with the newest manifest damaged, the generation before it answers
                if done.returncode == 0 and name != newest:
                    assert done.stdout.decode().splitlines() == want, (name, at)
            (here.index / name).write_bytes(content)
        here.run("verify")


def a_missing_file_is_named():
    with place() as here:
        small_corpus(here)
        for pattern in ("seg-*", "inputs-*"):
            (name, content), = here.files(pattern).items()
            (here.index / name).unlink()
            text = here.run("verify", expect=65)
            assert f"corrupt {name} " in text, text
            (here.index / name).write_bytes(content)
        here.run("verify")


def a_manifest_that_is_none_is_damage():
    for is_link in (False, True):
        with place() as here:
            two_generations(here)
            newest = here.index / "manifest-0000000000000002.gsm"
            content = newest.read_bytes()
            newest.unlink()
            if is_link:
                (here.index / "elsewhere").write_bytes(content)
                newest.symlink_to("elsewhere")
            else:
                newest.write_bytes(content + b"x" * 65536)
            assert here.ids("政务") == ["corpus/a.txt"], is_link
            assert "the newest generation is damaged" in here.said, here.said
            text = here.run("verify", expect=65)
            assert f"corrupt {newest.name} " in text, text


def a_damaged_newest_segment_leaves_the_generation_before():
    for at in (0, 80, 4000):  # the magic, DOCS, and what is cut off
        with place() as here:
            two_generations(here)
            first, second = here.files("manifest-*").values()
            name, = (set(re.findall(rb"^segment (\S+)", second, re.M)) -
                     set(re.findall(rb"^segment (\S+)", first, re.M)))
            segment = here.index / f"seg-{name.decode()}.gss"
            content = bytearray(segment.read_bytes())
            content[min(at, len(content) - 1)] ^= 1
            segment.write_bytes(content if at < len(content) else content[:-1])
            assert here.ids("政务") == ["corpus/a.txt"], at
            assert "answers come from generation 1" in here.said, here.said
            here.run("verify", expect=65)


def merge_changes_no_answer():
    with place() as here:
        for step in range(5):
            here.write(f"part{step}.jsonl", "".join(
                record(f"{step}-{i}", "政务公开" * (i % 7 + 1) + "年度报告" * step)
                for i in range(30)))
            here.counts(f"part{step}.jsonl")
        here.write("part2.jsonl", record("2-3", "政务"))
        here.counts("part2.jsonl")
        assert json.loads(here.run("stat", "--json"))["segments"] > 1
        _, before = here.rows("--all", "政务 OR 报告")
        for options in ([], ["--small"], []):
            here.run("merge", *options)
            stat = json.loads(here.run("stat", "--json"))
            assert stat["segments"] == 1 and stat["deleted"] == 0, stat
            _, after = here.rows("--all", "政务 OR 报告")
            assert after == before
            here.run("verify", "--deep")
        generation = stat["generation"]
        here.run("merge")
        assert json.loads(here.run("stat", "--json"))["generation"] == generation


def backup_is_an_index():
    with place() as here:
        small_corpus(here)
        here.run("backup", "copy")
        assert here.run("search", "--json", "-d", "copy", "营商环境").splitlines()[1:] == \
            here.run("search", "--json", "营商环境").splitlines()[1:]
        here.run("verify", "-d", "copy", "--deep")
        here.run("backup", "copy", expect=2)
        assert "copy" in here.said
        here.write("corpus/new.txt", "新")
        assert here.counts("-d", "copy", "corpus")["unchanged"] == 5


def text_place(here):
    """Where the stored text lies in the one segment."""
    found = re.search(r"^chunk TEXT offset=(\d+) bytes=(\d+)$", here.run("dump"), re.M)
    return int(found[1]), int(found[2])


def salvage_names_what_is_lost():
    with place() as here:
        large_corpus(here)
        name, = here.files("seg-*")
        offset, length = text_place(here)
        content = bytearray((here.index / name).read_bytes())
        content[offset + length // 2] ^= 0x55
        (here.index / name).write_bytes(content)
        here.run("verify", expect=65)
        text = here.lines("salvage", "saved", expect=65)
        assert here.said == "gsearch: corrupt: not all could be saved\n", here.said
        lost = [line.split()[1].rstrip(":") for line in text if line.startswith("lost ")]
        counts = dict(word.split("=") for word in text[-1].split())
        assert lost and int(counts["lost"]) == len(lost), text
        assert int(counts["saved"]) == 300 - len(lost), text
        here.run("verify", "-d", "saved", "--deep", "--recall", "50")
        there = set(here.ids("-d", "saved", "--all", "date:2000.."))
        assert there == {f"d{i:05}" for i in range(300)} - set(lost)


def salvage_needs_no_dictionary():
    with place() as here:
        pick = random.Random(9)
        here.counts("-", input="".join(
            record(f"{i:04}", "".join(chr(pick.randrange(0x4e00, 0x9f00)) for _ in range(300)))
            for i in range(100)).encode())
        name, = here.files("seg-*")
        found = re.search(r"^chunk GRAM offset=(\d+) bytes=(\d+)$", here.run("dump"), re.M)
        content = bytearray((here.index / name).read_bytes())
        content[int(found[1]) + int(found[2]) // 2] ^= 0x55
        (here.index / name).write_bytes(content)
        here.run("search", "营商环境", expect=65)
        text = here.lines("salvage", "saved")
        assert text == ["saved=100 incomplete=0 lost=0 lost_files=0 stale=false generation=1"], text
        here.run("verify", "-d", "saved", "--deep", "--recall", "50")


def salvage_saves_texts_without_their_ids():
    with place() as here:
        large_corpus(here)
        name, = here.files("seg-*")
        content = bytearray((here.index / name).read_bytes())
        found = re.search(r"^chunk KEYS offset=(\d+) bytes=(\d+)$", here.run("dump"), re.M)
        content[int(found[1]) + int(found[2]) // 2] ^= 0x55
        (here.index / name).write_bytes(content)
        text = here.lines("salvage", "saved", expect=65)
        unnamed = [line for line in text if line.startswith(f"lost the id of {name}#")]
        assert unnamed and text[-1].startswith("saved=300 incomplete="), text[-3:]
        there = here.ids("-d", "saved", "--all", "政务")
        named = {f"{name}#{line.split('#')[1].split(':')[0]}" for line in unnamed}
        assert named & set(there), there
        here.run("verify", "-d", "saved", "--deep", "--recall", "50")


def salvage_without_the_newest_manifest_is_stale():
    with place() as here:
        two_generations(here)
        spoil(here.index / "manifest-0000000000000002.gsm")
        text = here.lines("salvage", "saved", expect=65)
        assert text[0].startswith("lost manifest-0000000000000002.gsm: "), text
        assert text[1] == ("saved=2 incomplete=0 lost=0 lost_files=1 stale=true generation=1"), text
        assert "may have come back" in here.said, here.said
        assert here.ids("-d", "saved", "政务") == ["corpus/a.txt", "corpus/b.txt"]


def salvage_beside_commits_loses_nothing():
    with place() as here:
        large_corpus(here)
        adding = ("for i in $(seq 60); do echo '{\"id\":\"n\",\"text\":\"'$i'\"}' | "
                  "\"$0\" index -; done")
        rounds = 0
        with subprocess.Popen(["sh", "-c", adding, GSEARCH], cwd=here.folder,
                              stdout=subprocess.DEVNULL) as busy:
            while busy.poll() is None or rounds == 0:
                text = here.lines("salvage", f"saved{rounds}")
                assert " lost=0 lost_files=0 stale=false " in text[-1], text
                rounds += 1
        assert busy.returncode == 0


def salvage_of_ruins_fails():
    with place() as here:
        small_corpus(here)
        for name in here.files("[!L]*"):
            (here.index / name).write_bytes(b"ruins")
        here.run("salvage", "saved", expect=65)


def old_answers_are_told_once_and_change_no_exit_code():
    with place() as here:
        two_generations(here)
        commands = {("search", "政务"): 0, ("search", "-c", "公报"): 1, ("show", "corpus/a.txt"): 0,
                    ("stat",): 0, ("explain", "政务"): 0, ("dump",): 0, ("backup", "copy"): 0}
        for command in list(commands)[:-1]:
            here.run(*command)
            assert here.said == "", (command, here.said)
        spoil(here.index / max(here.files("manifest-*")))
        for command, code in commands.items():
            here.run(*command, expect=code)
            assert here.said == (
                "gsearch: warning: .gsearch: the newest generation is damaged; answers come from "
                "generation 1; see gsearch verify and gsearch salvage\n"), (command, here.said)


tap.main(
    verify_passes_a_whole_index, recall_draws_other_pieces_each_time_and_titles_too,
    recall_does_not_pass_what_it_could_not_ask, a_signal_leaves_no_scratch_folder,
    no_flipped_byte_is_missed_or_gives_a_wrong_answer, a_missing_file_is_named,
    a_manifest_that_is_none_is_damage, a_damaged_newest_segment_leaves_the_generation_before,
    merge_changes_no_answer, backup_is_an_index, salvage_names_what_is_lost,
    salvage_needs_no_dictionary, salvage_saves_texts_without_their_ids,
    salvage_without_the_newest_manifest_is_stale, salvage_beside_commits_loses_nothing,
    salvage_of_ruins_fails, old_answers_are_told_once_and_change_no_exit_code)
