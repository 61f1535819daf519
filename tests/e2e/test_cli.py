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
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS.parent / "scripts")]
import gss  # noqa: E402
import tap  # noqa: E402

GSEARCH = os.path.abspath(sys.argv[1])
PATIENCE = 60  # seconds; nothing here takes that long unless it hangs
FLIPS = 60  # damaged copies of each file


class Place:
    """A folder to stand in, with an index at the default place."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.index = self.folder / ".gsearch"

    def write(self, name, content):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def run(self, *arguments, expect=0, **options):
        """Standard output as text; the exit code must be the expected one."""
        environment = {name: value for name, value in os.environ.items()
                       if name != "GSEARCH_INDEX"}
        environment.update(options.pop("env", {}))
        done = subprocess.run([GSEARCH, *arguments], capture_output=True, timeout=PATIENCE,
                              cwd=self.folder, env=environment, **options)
        assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
        self.said = done.stderr.decode()
        return done.stdout.decode()

    def lines(self, *arguments, **options):
        return self.run(*arguments, **options).splitlines()

    def rows(self, *arguments, **options):
        """Header and hits of a search with --json."""
        head, *hits = map(json.loads, self.lines("search", "--json", *arguments, **options))
        return head, hits

    def ids(self, *arguments, **options):
        return self.lines("search", "-l", *arguments, **options)

    def counts(self, *arguments, **options):
        """The last line of an index run."""
        line = self.lines("index", *arguments, **options)[-1]
        pairs = dict(word.split("=", 1) for word in line.split(" "))
        return {name: int(value) if value.isdigit() else value for name, value in pairs.items()}

    def files(self, pattern="*"):
        return {path.name: path.read_bytes() for path in sorted(self.index.glob(pattern))}


@contextlib.contextmanager
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Place(folder)


def record(number, text, **more):
    return json.dumps({"id": number, "text": text, **more}, ensure_ascii=False) + "\n"


def small_corpus(here):
    here.write("corpus/a.txt", "关于优化营商环境的通知\n银政办发〔2017〕116号\n正文。\n")
    here.write("corpus/b.md", "# 政务公开年度报告\n\n“三公”经费，2019年。\n")
    here.write("corpus/c.jsonl",
               record("x1", "營商環境條例", title="法规", date="2019-10-22", agency="甲局") +
               record("x2", "政务公开工作", date="20171205") +
               json.dumps({"text": "没有编号的记录"}, ensure_ascii=False) + "\n")
    return here.counts("corpus")


def large_corpus(here, documents=300, seed=5):
    """Random texts over few characters, so that most searches find something."""
    pick = random.Random(seed)
    alphabet = "政务公开营商环境年度报告通知发展" + "、。 "
    text = "".join(record(f"d{i:05}", "".join(pick.choices(alphabet, k=pick.randrange(20, 900))),
                          date=f"20{pick.randrange(10, 26)}-0{pick.randrange(1, 10)}-11")
                   for i in range(documents))
    here.write("large.jsonl", text)
    return here.counts("large.jsonl")


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


def two_generations(here):
    here.write("corpus/a.txt", "政务公开")
    here.counts("corpus")
    here.write("corpus/b.txt", "政务公报")
    here.counts("corpus")


def spoil(path, at=-1, content=None):
    """Changes a byte of the file, or all of it."""
    spoilt = bytearray(path.read_bytes())
    spoilt[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(spoilt if content is None else content)


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
    invalid_utf8_is_replaced,
    a_path_that_is_not_there_commits_nothing, a_repeated_id_keeps_the_last,
    segments_do_not_depend_on_threads_and_memory, an_interrupted_run_commits_nothing,
    a_locked_index_is_not_written, sizes_are_checked, search_json_has_the_fields_of_the_contract,
    search_text_shows_the_same, colour_is_for_terminals, what_a_daemon_says_is_safe_to_show,
    exit_code_follows_the_total,
    rows_are_cut_where_asked, more_rows_than_a_page_are_streamed, dates_sort_filter_and_count,
    several_words_are_one_query, bad_queries_say_where, the_acid_set_is_found,
    without_an_index_nothing_is_made, the_index_is_where_one_says,
    a_full_disk_is_told_and_a_closed_pipe_is_not, show_prints_the_document, stat_counts,
    tokens_tell_position_bytes_kind_and_term, explain_tells_the_plan, verify_passes_a_whole_index,
    a_signal_leaves_no_scratch_folder,
    recall_draws_other_pieces_each_time_and_titles_too, recall_does_not_pass_what_it_could_not_ask,
    no_flipped_byte_is_missed_or_gives_a_wrong_answer, a_missing_file_is_named,
    a_manifest_that_is_none_is_damage, merge_changes_no_answer,
    backup_is_an_index, salvage_names_what_is_lost,
    salvage_needs_no_dictionary, salvage_saves_texts_without_their_ids,
    salvage_without_the_newest_manifest_is_stale, salvage_beside_commits_loses_nothing,
    salvage_of_ruins_fails,
    old_answers_are_told_once_and_change_no_exit_code, messages_name_the_object_and_the_next_step,
    dump_is_the_same_every_time,
    options_explain_themselves, the_commands_of_the_readme_run)
