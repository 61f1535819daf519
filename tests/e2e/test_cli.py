#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program as users meet it: test_cli.py GSEARCH. Each case has a folder of its own; what is
expected comes from the contract of the commands, not from what they print."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS.parent / "scripts")]
import gss  # noqa: E402
import tap  # noqa: E402
from program import (  # noqa: E402
    GSEARCH, PATIENCE, large_corpus, place, record, small_corpus, spoil)

# ---- index ----


def index_counts_what_it_did():
    with place() as here:
        counts = small_corpus(here)
        assert list(counts) == ["added", "replaced", "removed", "unchanged", "skipped", "reasons",
                                "bytes", "seconds", "generation"], counts
        assert counts["added"] == 5 and counts["skipped"] == 0 and counts["reasons"] == "", counts
        assert counts["generation"] == 1, counts
        size = sum(path.stat().st_size for path in (here.folder / "corpus").iterdir())
        assert counts["bytes"] == size, counts


def index_json_has_the_same_names():
    with place() as here:
        here.write("corpus/a.txt", "甲")
        here.write("corpus/b.bin", b"\0\1\2")
        line, = here.lines("index", "--json", "corpus")
        counts = json.loads(line)
        assert list(counts) == ["added", "replaced", "removed", "unchanged", "skipped", "reasons",
                                "bytes", "seconds", "generation"], counts
        assert counts["reasons"] == {"binary": 1} and counts["added"] == 1, counts


def a_second_run_reads_only_what_changed():
    with place() as here:
        small_corpus(here)
        counts = here.counts("corpus")
        assert (counts["unchanged"], counts["added"], counts["generation"]) == (5, 0, 1), counts
        here.write("corpus/a.txt", "另外的内容\n")
        (here.folder / "corpus/b.md").unlink()
        here.write("corpus/d.txt", "新的文件\n")
        counts = here.counts("corpus")
        assert [counts[name] for name in ("added", "replaced", "removed", "unchanged",
                                          "generation")] == [1, 1, 1, 3, 2], counts
        assert here.ids("另外的内容") == ["corpus/a.txt"]
        assert here.ids("年度报告", expect=1) == []
        assert here.ids("新的文件") == ["corpus/d.txt"]
        here.run("verify", "--deep", "--recall", "100")


def documents_of_other_paths_stay():
    with place() as here:
        here.write("one/a.txt", "甲文")
        here.write("two/b.txt", "乙文")
        here.counts("one", "two")
        (here.folder / "two/b.txt").unlink()
        assert here.counts("one")["removed"] == 0
        assert here.ids("乙文") == ["two/b.txt"]
        assert here.counts("two")["removed"] == 1
        assert here.ids("乙文", expect=1) == []


def standard_input_adds_and_replaces():
    with place() as here:
        here.counts("-", input=(record("1", "甲文") + record("2", "乙文")).encode())
        counts = here.counts("-", input=(record("2", "丙文") + record("3", "丁文")).encode())
        assert (counts["added"], counts["replaced"], counts["removed"]) == (1, 1, 0), counts
        assert here.ids("文") == ["1", "2", "3"]
        assert here.ids("乙文", expect=1) == []


def ids_follow_the_walk():
    with place() as here:
        here.write("corpus/sub/a.txt", "甲文")
        here.write(b"corpus/\xff\xfe.txt", "乙文")
        here.write("corpus/back\\slash.txt", "丙文")
        here.write("corpus/line\nend.txt", "丁文")
        here.write("corpus/空 格.md", "戊文")
        here.write("corpus/r.jsonl", record("own", "己文") + '{"text":"庚文"}\n')
        here.write("-dash.txt", "辛文")
        here.counts("./corpus//", "--", "-dash.txt")
        ids = {hit["title"] if "title" in hit else hit["id"]: hit["id"]
               for hit in here.rows("--all", "文")[1]}
        assert ids["甲文"] == "corpus/sub/a.txt", ids
        assert ids["乙文"].lower() == r"corpus/\xff\xfe.txt", ids
        assert ids["丙文"] == r"corpus/back\\slash.txt", ids
        assert ids["丁文"] == "corpus/line\nend.txt", ids
        assert ids["戊文"] == "corpus/空 格.md", ids
        assert ids["辛文"] == "-dash.txt", ids
        assert {hit["id"] for hit in here.rows("己文 OR 庚文")[1]} == {"own", "corpus/r.jsonl#2"}


def every_listed_id_can_be_shown():
    with place() as here:
        here.write("corpus/line\nend.txt", "甲文")
        here.write('corpus/"quoted".txt', "甲文")
        here.write('"first.txt', "甲文")
        here.write("-dash.txt", "甲文")
        here.counts("--", "corpus", '"first.txt', "-dash.txt")
        ids = here.ids("甲文")
        assert len(ids) == 4, ids
        for line in ids:
            shown = json.loads(here.run("show", "--json", "--", line))
            assert shown["text"] == "甲文" and shown["id"] == (
                json.loads(line) if line.startswith('"') else line), (line, shown)


def what_is_no_text_is_skipped_and_counted():
    with place() as here:
        here.write("corpus/good.txt", "甲文")
        here.write("corpus/binary.dat", b"\x7fELF\0\0")
        here.write("corpus/empty.txt", "")
        here.write("corpus/blank.txt", " \n\n　\n")
        here.write("corpus/r.jsonl", "not json\n" + record("1", "乙文") + '{"id":"2"}\n')
        os.symlink("good.txt", here.folder / "corpus/link.txt")
        os.mkfifo(here.folder / "corpus/pipe")
        counts = here.counts("corpus")
        reasons = dict(reason.split(":") for reason in counts["reasons"].split(","))
        assert reasons == {"binary": "1", "empty": "2", "symlink": "1", "special": "1",
                           "bad-record": "2"}, counts
        assert counts["skipped"] == 7 and counts["added"] == 2, counts


def what_is_said_of_a_bad_record_is_safe_to_show():
    with place() as here:
        bad = b'\x1b]0;x\x07\n{"a\x1b[2J\n"\\ud840\\u\xe4\xbd\xa0\xe4\xbd\xa0\n'
        here.write("corpus/r.jsonl", bad + record("1", "甲文").encode())
        done = subprocess.run([GSEARCH, "index", "-v", "corpus"], cwd=here.folder,
                              capture_output=True, timeout=PATIENCE)
        assert done.returncode == 0, done
        lines = done.stderr.decode("utf-8").splitlines()
        told = [line for line in lines if line.startswith("skipped: ")]
        assert len(told) == 3 and all(": bad-record: " in line for line in told), lines
        assert all(line.isprintable() for line in told), told


def strict_fails_before_the_commit():
    with place() as here:
        here.write("corpus/good.txt", "甲文")
        here.write("corpus/empty.txt", "")
        done = subprocess.run([GSEARCH, "index", "--strict", "corpus"], cwd=here.folder,
                              capture_output=True, timeout=PATIENCE)
        assert done.returncode == 65 and b"nothing was committed" in done.stderr, done
        assert not here.files("manifest-*"), here.files()
        here.write("corpus/empty.txt", "乙")
        assert here.counts("--strict", "corpus")["added"] == 2


def invalid_utf8_is_replaced():
    with place() as here:
        here.write("corpus/gbk.txt", "开头abc".encode() + "政务公开".encode("gbk") + b" tail\n")
        assert here.counts("corpus")["added"] == 1
        shown = json.loads(here.run("show", "--json", "corpus/gbk.txt"))
        want = ("开头abc".encode() + "政务公开".encode("gbk") + b" tail\n").decode(
            "utf-8", "replace")
        assert shown["text"] == want, (shown, want)
        assert here.ids("tail") == ["corpus/gbk.txt"]


def a_path_that_is_not_there_commits_nothing():
    with place() as here:
        here.write("corpus/a.txt", "甲文")
        here.run("index", "corpus", "nowhere", expect=66)
        assert "not-found" in here.said and "nowhere" in here.said, here.said
        here.run("search", "甲文", expect=66)


def a_repeated_id_keeps_the_last():
    with place() as here:
        here.write("corpus/a.jsonl", record("same", "甲文"))
        here.write("corpus/b.jsonl", record("same", "乙文") + record("same", "丙文"))
        counts = here.counts("corpus")
        assert counts["added"] == 1 and counts["reasons"] == "duplicate:2", counts
        assert here.ids("丙文") == ["same"]
        assert here.ids("甲文 OR 乙文", expect=1) == []


def segments_do_not_depend_on_threads_and_memory():
    with place() as here:
        large_corpus(here)
        for number in range(40):
            here.write(f"many/{number:03}.txt", f"第{number}号文件\n" + "政务公开工作。" * number)
        want = None
        for options in (["-j", "1"], ["-j2"], ["-j", "4", "--memory", "16M"],
                        ["--threads=3", "--memory=64MiB"]):
            here.counts("-d", "new", *options, "large.jsonl", "many")
            got = {path.name: path.read_bytes() for path in (here.folder / "new").glob("seg-*")}
            want = want or got
            assert got == want and got, (options, list(got), list(want))
            for path in (here.folder / "new").iterdir():
                path.unlink()
            (here.folder / "new").rmdir()


def an_interrupted_run_commits_nothing():
    for number in (signal.SIGINT, signal.SIGTERM):
        with place() as here:
            process = subprocess.Popen([GSEARCH, "index", "-"], cwd=here.folder,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            # more than a pipe holds: when this returns, the run has begun to read
            process.stdin.write(record("1", "政务公开" * 100).encode() * 400)
            process.stdin.flush()
            process.send_signal(number)
            assert process.wait(PATIENCE) == 128 + number, process.stderr.read()
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    stream.close()
            here.run("search", "政务", expect=66)
            assert not [name for name in here.files() if not name.startswith("LOCK")]


def a_locked_index_is_not_written():
    with place() as here:
        small_corpus(here)
        before = here.files("[!L]*")
        with open(here.index / "LOCK", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            here.write("corpus/new.txt", "新")
            here.run("index", "corpus", expect=75)
            assert "locked" in here.said, here.said
            here.run("merge", expect=75)
            assert here.ids("营商环境")  # readers do not care
        assert here.files("[!L]*") == before


def sizes_are_checked():
    with place() as here:
        here.write("a.txt", "甲")
        for options in (["--memory", "1M"], ["--memory", "15M"], ["--memory", "x"], ["-j", "65"],
                        ["-j", "-1"], ["--memory"], ["--nonsense"], ["-x"]):
            here.run("index", "a.txt", *options, expect=2)
            assert here.said.startswith("gsearch: "), here.said
        assert not here.index.exists() or not here.files("manifest-*")


# ---- search ----


def search_json_has_the_fields_of_the_contract():
    with place() as here:
        small_corpus(here)
        head, hits = here.rows("营商环境")
        assert list(head) == ["total", "hits", "took_us", "generation"], head
        assert (head["total"], head["hits"], head["generation"]) == (2, 2, 1), head
        by_id = {hit["id"]: hit for hit in hits}
        assert list(by_id["corpus/a.txt"]) == ["rank", "score", "id", "title", "snippet",
                                               "marks"], hits
        assert list(by_id["x1"]) == ["rank", "score", "id", "title", "date", "snippet",
                                     "marks"], hits
        assert by_id["x1"]["date"] == "2019-10-22", hits
        for hit in hits:
            (start, length), = hit["marks"]
            assert hit["snippet"][start:start + length] in ("营商环境", "營商環境"), hit
        assert [hit["rank"] for hit in hits] == [1, 2]
        assert hits[0]["score"] > hits[1]["score"]
        _, hits = here.rows("--no-snippet", "营商环境")
        assert all("snippet" not in hit and "marks" not in hit for hit in hits), hits


def search_text_shows_the_same():
    with place() as here:
        small_corpus(here)
        text = here.run("search", "营商环境")
        assert text.startswith("2 "), text
        for part in ("关于优化«营商环境»的通知", "corpus/a.txt", "«營商環境»條例", "x1", "法规",
                     "2019-10-22"):
            assert part in text, (part, text)
        assert "\033" not in text
        assert "«" not in here.run("search", "--no-snippet", "营商环境")


def colour_is_for_terminals():
    def on_terminal(here, **environment):
        leader, follower = pty.openpty()
        done = subprocess.run([GSEARCH, "search", "营商环境"], cwd=here.folder, stdout=follower,
                              env={**os.environ, "TERM": "xterm", **environment}, timeout=PATIENCE)
        os.close(follower)
        text = b""
        with contextlib.suppress(OSError):  # how a terminal says that its other end is closed
            while piece := os.read(leader, 65536):
                text += piece
        os.close(leader)
        assert done.returncode == 0
        return text.decode()

    with place() as here:
        small_corpus(here)
        assert "\033[" in on_terminal(here) and "«" not in on_terminal(here)
        assert "\033" not in on_terminal(here, NO_COLOR="1")
        assert "\033" not in on_terminal(here, TERM="dumb")


def what_a_daemon_says_is_safe_to_show():
    evil = "\\u001b]0;x\\u0007"
    reply = (f'OK total=1 hits=1 took_us=1 generation=1\n{{"rank":1,"score":1.0,"id":"a{evil}",'
             f'"title":"t{evil}","snippet":"公{evil}开{evil}","marks":[[1,3]]}}\nEND\n')
    with place() as here, socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(reply.encode())

        impostor = threading.Thread(target=answer)
        impostor.start()
        shown = here.run("search", "--connect", f"127.0.0.1:{listener.getsockname()[1]}", "x")
        impostor.join()
        assert "公" in shown and "\033" not in shown and "\a" not in shown, shown


def exit_code_follows_the_total():
    with place() as here:
        small_corpus(here)
        assert here.run("search", "-c", "营商环境") == "2\n"
        assert here.run("search", "-c", "没有这个词", expect=1) == "0\n"
        head, hits = here.rows("--limit", "0", "营商环境")
        assert head["total"] == 2 and head["hits"] == 0 and hits == []
        head, hits = here.rows("--offset", "5", "营商环境")
        assert head["total"] == 2 and hits == []
        head, hits = here.rows("没有这个词", expect=1)
        assert head["total"] == 0 and hits == []


def rows_are_cut_where_asked():
    with place() as here:
        large_corpus(here)
        every = here.ids("--all", "政务")
        total = int(here.run("search", "-c", "政务"))
        assert len(every) == len(set(every)) == total > 20
        assert here.ids("政务") == every[:10]
        assert here.ids("--limit", "3", "--offset", "4", "政务") == every[4:7]
        assert here.ids("--limit=7", "政务") == every[:7]
        _, hits = here.rows("--limit", "3", "--offset", "4", "政务")
        assert [hit["rank"] for hit in hits] == [5, 6, 7]


def more_rows_than_a_page_are_streamed():
    with place() as here:
        here.counts("-", input="".join(record(f"{i:05}", "公开") for i in range(2500)).encode())
        head, hits = here.rows("--all", "公开")
        assert head["total"] == head["hits"] == len(hits) == 2500
        assert [hit["id"] for hit in hits] == [f"{i:05}" for i in range(2500)]
        here.run("search", "--limit", "1001", "公开", expect=2)
        assert "limit" in here.said and "1000" in here.said, here.said


def dates_sort_filter_and_count():
    with place() as here:
        here.counts("-", input=(
            record("a", "公开 公开 公开", date="2017-12-05") + record("b", "公开", date="2016-01-01") +
            record("c", "公开 公开", date="2017-01-01") + record("d", "公开")).encode())
        assert here.ids("--sort", "date", "公开") == ["b", "c", "a", "d"]
        assert here.ids("--sort", "-date", "公开") == ["a", "c", "b", "d"]
        assert here.ids("公开 date:2017") and here.ids("公开 date:2016") == ["b"]
        head, _ = here.rows("--facet", "date", "公开")
        assert list(head)[-1] == "facets", head
        assert head["facets"] == {"date": [["2017", 2], ["2016", 1]]}, head
        head, _ = here.rows("--facet", "date", "没有这个", expect=1)
        assert head["facets"] == {"date": []}, head
        here.run("search", "--facet", "colour", "公开", expect=2)
        here.run("search", "--sort", "size", "公开", expect=2)
        here.run("search", "--match", "some", "公开", expect=2)


def several_words_are_one_query():
    with place() as here:
        small_corpus(here)
        assert here.ids("优化", "营商环境") == ["corpus/a.txt"]
        assert here.ids("营商环境", "-优化") == ["x1"]
        assert here.ids("-", input="营商环境 -优化\n".encode()) == ["x1"]
        assert here.ids("--match", "any", "营商环境是什么") != []


def bad_queries_say_where():
    with place() as here:
        small_corpus(here)
        for query, offset in (('甲 "乙', 4), ("甲 )", 4), ("甲 OR", 4), ("政*务", 3), ("()", 0),
                              ("date:2017-13", 0), ("-甲", 0)):
            here.run("search", "--", query, expect=2)
            assert "bad-query" in here.said, (query, here.said)
            found = re.search(r"offset=(\d+)", here.said)
            assert found, (query, here.said)
            if offset:
                assert int(found[1]) in range(offset, len(query.encode()) + 1), (query, here.said)
        here.run("search", b"\xff\xfe", expect=2)
        assert "bad-argument" in here.said, here.said


def the_acid_set_is_found():
    documents, queries = {}, []
    for line in (TESTS / "data/acid.tsv").read_text("utf-8").splitlines():
        kind, *fields = line.split("\t")
        if kind == "document":
            documents[fields[0]] = fields[1].replace("\\n", "\n")
        elif kind == "query":
            queries.append((fields[:2], fields[2].split()))
    assert len(documents) >= 12 and len(queries) >= 19
    with place() as here:
        for number, text in documents.items():
            here.write(f"acid/{number}.txt", text)
        here.counts("acid")
        for forms, numbers in queries:
            for query in forms:
                found = here.ids("--all", "--", query)
                assert sorted(found) == sorted(f"acid/{n}.txt" for n in numbers), (query, found)


def without_an_index_nothing_is_made():
    with place() as here:
        for command in (["search", "甲"], ["show", "x"], ["stat"], ["verify"], ["merge"],
                        ["backup", "copy"], ["salvage", "copy"], ["dump"], ["explain", "甲"],
                        ["serve", "--listen", "127.0.0.1:0"]):
            here.run(*command, expect=66)
            assert "no-index" in here.said, (command, here.said)
            here.run(*command, "-d", "elsewhere", expect=66)
            assert os.listdir(here.folder) == [], (command, os.listdir(here.folder))


def the_index_is_where_one_says():
    with place() as here:
        here.write("a.txt", "甲文")
        here.counts("-d", "first", "a.txt")
        assert here.ids("-d", "first", "甲文") == ["a.txt"]
        assert here.ids("甲文", env={"GSEARCH_INDEX": "first"}) == ["a.txt"]
        here.run("search", "-d", "second", "甲文", env={"GSEARCH_INDEX": "first"}, expect=66)
        here.run("search", "甲文", expect=66)


def a_full_disk_is_told_and_a_closed_pipe_is_not():
    with place() as here:
        large_corpus(here)
        with open("/dev/full", "wb") as full:
            for command in (["search", "--all", "--json", "政务"], ["dump"], ["tokens", "甲"]):
                done = subprocess.run([GSEARCH, *command], cwd=here.folder, stdout=full,
                                      stderr=subprocess.PIPE, timeout=PATIENCE)
                assert done.returncode == 74, (command, done)
                assert b"no-space" in done.stderr, done
        for command in (["search", "--all", "--json", "政务"], ["dump", "--all"]):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run([GSEARCH, *command], cwd=here.folder, stdout=writing,
                                  stderr=subprocess.PIPE, timeout=PATIENCE)
            os.close(writing)
            assert done.returncode == 0 and done.stderr == b"", (command, done)


# ---- other commands ----


def show_prints_the_document():
    with place() as here:
        small_corpus(here)
        shown = json.loads(here.run("show", "--json", "x1"))
        assert shown == {"id": "x1", "title": "法规", "text": "營商環境條例", "date": "2019-10-22",
                         "fields": {"agency": "甲局"}}, shown
        assert list(shown) == ["id", "title", "text", "date", "fields"], shown
        text = here.run("show", "x1")
        for part in ("x1", "法规", "營商環境條例", "2019-10-22", "甲局"):
            assert part in text, text
        here.run("show", "nothing", expect=66)
        assert "not-found" in here.said
        here.run("show", expect=2)


def stat_counts():
    with place() as here:
        small_corpus(here)
        stat = json.loads(here.run("stat", "--json"))
        assert stat["documents"] == 5 and stat["deleted"] == 0 and stat["segments"] == 1, stat
        assert stat["generation"] == 1, stat
        assert stat["index_bytes"] == sum(map(len, here.files("seg-*").values())), stat
        parts = ["lists_bytes", "dictionary_bytes", "documents_bytes", "titles_bytes",
                 "stored_text_bytes"]
        assert all(stat[part] > 0 for part in parts), stat
        assert 0 < stat["index_bytes"] - sum(stat[part] for part in parts) < 4096, stat
        for what in ["lists", "positions", "bytes"]:
            single, short, long = (stat[f"{of}_{what}"] for of in ["single", "short", "long"])
            assert single > 0 and short > 0 and long == 0, stat
            if what != "bytes":
                assert single + short == stat["postings" if what == "positions" else what], stat
        assert re.search(r"^documents +5$", here.run("stat"), re.M)


def tokens_tell_position_bytes_kind_and_term():
    with place() as here:
        lines = here.lines("tokens", "營商、2017年ＰＤ１")
        assert [line.split("\t")[:4] for line in lines] == [
            ["0", "0", "3", "cjk"], ["1", "3", "6", "cjk"], ["2", "6", "9", "break"],
            ["3", "9", "13", "word"], ["4", "13", "16", "cjk"], ["5", "16", "25", "word"]], lines
        assert [line.split("\t")[4] for line in lines] == ["营", "商", "", "2017", "年", "pd1"]
        assert here.lines("tokens", "-", input="營商、2017年ＰＤ１\n".encode()) == lines
        first = json.loads(here.lines("tokens", "--json", "營")[0])
        assert first == {"position": 0, "start": 0, "end": 3, "kind": "cjk", "term": "营"}
        here.run("tokens", b"\xff", expect=2)


def explain_tells_the_plan():
    with place() as here:
        small_corpus(here)
        steps = [json.loads(line) for line in here.lines("explain", "--json", "营商环境")]
        assert steps and steps[-1]["total"] == 2, steps
        assert "营商" in here.run("explain", "营商环境")
        here.run("explain", '"营商', expect=2)


def dump_is_the_same_every_time():
    with place() as here:
        small_corpus(here)
        text = here.run("dump", "--all")
        assert text == here.run("dump", "--all")
        manifest, = here.files("manifest-*").values()
        assert manifest.decode() in text
        for name in here.files("[!L]*"):
            assert name in text, name
        assert re.search(r'^gram "营商" form=short place=\d+ count=2 documents=2 positions=\d+,\d+$',
                         text, re.M), text
        assert re.search(r'^word "2017" .* count=1 documents=1 ', text, re.M), text
        assert "營商環境條例" in text and len(here.run("dump")) < len(text)


def messages_name_the_object_and_the_next_step():
    newer = b"gsearch manifest\nformat 3\n" + b"of another time\n" * 20
    newer += b"checksum %016x\n" % gss.xxh3(newer)

    def manifest(here):
        return here.index / "manifest-0000000000000001.gsm"

    def segment(here):
        return next(here.index.glob("seg-*"))

    def degrade(here):
        here.write("corpus/b.txt", "政务公报")
        here.counts("corpus")
        spoil(here.index / max(here.files("manifest-*")))

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = "127.0.0.1:%d" % other.getsockname()[1]
        search, newest = ["search", "甲"], "manifest-0000000000000001.gsm"
        for code, command, harm, *parts in [
                (66, [*search, "-d", "none"], None, "no-index", "none", "gsearch index PATH…"),
                (65, search, lambda here: spoil(manifest(here), 30),
                 "corrupt", ".gsearch", newest, "gsearch verify", "gsearch salvage"),
                (65, search, lambda here: spoil(manifest(here), content=newer),
                 "version", ".gsearch", newest, "format 3", "newer gsearch", "another folder"),
                (65, search, lambda here: spoil(segment(here), 8, b"gsearch\n" + bytes(300)),
                 "corrupt", ".gsearch", "seg-", "gsearch verify", "gsearch salvage"),
                (65, search, lambda here: spoil(segment(here), 9),
                 "version", ".gsearch/seg-", "format 258", "newer gsearch", "another folder"),
                (65, search, lambda here: spoil(segment(here)),
                 "corrupt", ".gsearch/seg-", "footer", "gsearch salvage"),
                (75, ["serve", "--listen", taken], None, "busy", taken, "stop it", "--listen"),
                (65, ["index", "corpus"], degrade,
                 "corrupt", ".gsearch", "gsearch salvage", "another folder"),
                (2, ["search", "--limit", "2000", "甲"], None, "limit", "--limit", "1000", "--all")]:
            with place() as here:
                here.write("corpus/a.txt", "甲")
                here.counts("corpus")
                if harm:
                    harm(here)
                here.run(*command, expect=code)
                for part in [*parts, "gsearch: "]:
                    assert part in here.said, (command, part, here.said)
                assert here.said.count("\n") == 1 and "limit=all" not in here.said, here.said


def options_explain_themselves():
    with place() as here:
        assert here.run("--version").startswith("gsearch ")
        usage = here.run("--help")
        for command in ("index", "search", "serve", "show", "stat", "verify", "merge", "backup",
                        "salvage", "dump", "explain", "tokens"):
            assert f"  {command} " in usage, usage
            assert here.run(command, "--help").startswith(f"usage: gsearch {command} ")
        here.run(expect=2)
        here.run("nonsense", expect=2)
        assert "bad-argument" in here.said
        for command in (["search"], ["index"], ["backup"], ["salvage"], ["explain"], ["tokens"],
                        ["stat", "x"], ["search", "--limit", "ten", "x"],
                        ["search", "--no-snippet=1", "x"], ["search", "-abc"], ["serve", "x"],
                        ["serve", "--listen", "localhost"]):
            here.run(*command, expect=2)
            assert here.said.startswith("gsearch: bad-argument"), (command, here.said)


def the_commands_of_the_readme_run():
    text = (TESTS.parent / "README.md").read_text("utf-8")
    for name in re.findall(r"\]\(([^)]+)\)|`([a-z]+/[a-z/_]+\.[ch])`", text):
        assert (TESTS.parent / "".join(name)).exists(), name
    commands = [line.split("  #")[0].strip() for line in text.splitlines()
                if line.startswith("    gsearch ")]
    with place() as here:
        here.write("公开文件/a.txt", "关于优化营商环境的年度报告\n政务公开，征收补偿。\n")
        here.write("news.jsonl", record("a", "政务公开"))
        ran = 0
        for command in commands:
            if "serve" in command or "--connect" in command:
                continue  # in test_serve.py
            words, _, source = command.partition(" < ")
            data = (here.folder / source).read_bytes() if source else b""
            arguments = shlex.split(words)[1:]
            done = subprocess.run([GSEARCH, *arguments], cwd=here.folder, input=data,
                                  capture_output=True, timeout=PATIENCE)
            assert done.returncode == 0 or (done.returncode == 1 and arguments[0] == "search"), (
                command, done)
            ran += 1
        assert ran >= 6, commands


tap.main(
    index_counts_what_it_did, index_json_has_the_same_names, a_second_run_reads_only_what_changed,
    documents_of_other_paths_stay, standard_input_adds_and_replaces, ids_follow_the_walk,
    every_listed_id_can_be_shown, what_is_no_text_is_skipped_and_counted,
    what_is_said_of_a_bad_record_is_safe_to_show, strict_fails_before_the_commit,
    invalid_utf8_is_replaced, a_path_that_is_not_there_commits_nothing,
    a_repeated_id_keeps_the_last, segments_do_not_depend_on_threads_and_memory,
    an_interrupted_run_commits_nothing, a_locked_index_is_not_written, sizes_are_checked,
    search_json_has_the_fields_of_the_contract, search_text_shows_the_same, colour_is_for_terminals,
    what_a_daemon_says_is_safe_to_show, exit_code_follows_the_total, rows_are_cut_where_asked,
    more_rows_than_a_page_are_streamed, dates_sort_filter_and_count, several_words_are_one_query,
    bad_queries_say_where, the_acid_set_is_found, without_an_index_nothing_is_made,
    the_index_is_where_one_says, a_full_disk_is_told_and_a_closed_pipe_is_not,
    show_prints_the_document, stat_counts, tokens_tell_position_bytes_kind_and_term,
    explain_tells_the_plan, messages_name_the_object_and_the_next_step, dump_is_the_same_every_time,
    options_explain_themselves, the_commands_of_the_readme_run)
