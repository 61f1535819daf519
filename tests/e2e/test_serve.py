#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon as users meet it: test_serve.py GSEARCH. The real program, an index of its own,
loopback and unix sockets only."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
from served import PATIENCE, Daemon, add, index_of, keys, records, run  # noqa: E402

SANITIZED = "--sanitized" in sys.argv


def netcat_gets_the_replies_of_the_manual():
    netcat = shutil.which("nc")
    if not netcat:
        raise tap.Skip("no nc")
    with index_of(records(0, 20, "政务公开")) as index, Daemon(index) as daemon:
        host, port = daemon.address.rsplit(":", 1)
        said = 'SEARCH limit=1 政务公开\nPING\nCOUNT "政务 公开" date:2017\nSEARCH "政务\n'
        done = subprocess.run([netcat, "-N", host, port], input=said.encode(), timeout=PATIENCE,
                              capture_output=True)
        lines = done.stdout.decode().splitlines()
        assert lines[0].startswith("OK total=20 hits=1 took_us="), lines
        assert lines[0].endswith(" generation=1"), lines
        hit = json.loads(lines[1])
        assert list(hit) == ["rank", "score", "id", "title", "date", "snippet", "marks"], hit
        start, length = hit["marks"][0]
        assert hit["snippet"][start:start + length] == "政务公开", hit
        assert lines[2:5] == ["END", "OK PONG", "END"], lines
        assert lines[5].startswith("OK total=20 took_us=") and lines[6] == "END", lines
        assert lines[7].startswith("ERR bad-query offset=0 ") and len(lines) == 8, lines


def a_daemon_prints_what_the_index_in_process_prints():
    with index_of(records(0, 50, "政务公开") + records(0, 7, "营商环境")) as index, \
            Daemon(index) as daemon:
        for query in (["政务公开"], ["--all", "公报"], ["--sort", "-date", "--facet", "date", "公报"],
                      ["--limit", "3", "--offset", "4", "營商環境"], ["没有的词"], ["-l", "公报"],
                      ["-c", "公报"], ["--match", "any", "营商环境公报"], ['"不闭合'],
                      ["--no-snippet", "公报"], ["--limit", "1001", "公报"]):
            for form in ([], ["--json"]):
                here = run("search", "-d", index, *form, "--", *query) \
                    if query[0][0] != "-" else run("search", "-d", index, *form, *query)
                there = run("search", "--connect", daemon.address, *form, "--", *query) \
                    if query[0][0] != "-" else run("search", "--connect", daemon.address, *form,
                                                   *query)
                assert here.returncode == there.returncode, (query, here, there)
                first_here, *rest_here = here.stdout.splitlines() or [b""]
                first_there, *rest_there = there.stdout.splitlines() or [b""]
                assert rest_here == rest_there, query
                if first_here.startswith(b"{"):
                    heads = [json.loads(first_here), json.loads(first_there)]
                    for head in heads:
                        head.pop("took_us")
                    assert heads[0] == heads[1], query


def a_document_comes_back_as_it_was_given():
    record = {"id": "a b\n\"c\"", "title": "题\u0007", "text": "一\u001b[2J\n二", "date": "2017-12-05",
              "source": {"url": "http://example.org/"}}
    with index_of(json.dumps(record) + "\n") as index, Daemon(index) as daemon:
        reply = daemon.ask("GET " + json.dumps(record["id"]) + "\n")
        assert not any(ord(c) < 32 and c != "\n" for c in reply), reply
        first, line, end = reply.splitlines()
        assert (first, end) == ("OK generation=1", "END"), reply
        found = json.loads(line)
        assert found["id"] == record["id"] and found["date"] == "2017-12-05", found
        assert found["text"] == record["text"], found
        assert found["fields"] == {"source": record["source"]}, found


def a_unix_socket_is_its_owners_and_the_next_daemon_takes_it_over():
    with index_of(records(0, 1, "甲")) as index:
        path = index.parent / "socket"
        with Daemon(index, listen=f"unix:{path}") as daemon:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert daemon.ask("PING\n") == "OK PONG\nEND\n"
            second = run("serve", "-d", index, "--listen", f"unix:{path}")
            assert second.returncode == 75, second
            assert daemon.ask("PING\n") == "OK PONG\nEND\n"
        with Daemon(index, listen=f"unix:{path}") as daemon:  # the other has ended by itself
            assert daemon.ask("PING\n") == "OK PONG\nEND\n"
            daemon.process.kill()
            daemon.process.wait()
        with Daemon(index, listen=f"unix:{path}") as daemon:  # the other was killed
            assert daemon.ask("PING\n") == "OK PONG\nEND\n"


def what_cannot_be_served_ends_with_its_exit_code():
    with index_of(records(0, 1, "甲")) as index:
        for wanted, arguments in {
                66: ("-d", index.parent / "none", "--listen", "127.0.0.1:0"),
                77: ("-d", index, "--listen", "0.0.0.0:0"),
                2: ("-d", index, "--listen", "localhost:0")}.items():
            done = run("serve", *arguments)
            assert done.returncode == wanted and done.stderr and not done.stdout, done


def sixty_four_threads_may_search():
    with index_of(records(0, 3, "甲")) as index:
        with Daemon(index, "-j", "64") as daemon:
            assert daemon.ask("COUNT 公报\n").startswith("OK total=3 ")
        refused = run("serve", "-d", index, "--listen", "127.0.0.1:0", "-j", "65")
        assert refused.returncode == 2 and b"64 threads" in refused.stderr, refused


def threads_that_the_system_does_not_give_end_the_start():
    if SANITIZED:
        raise tap.Skip("a sanitizer has more addresses than may be allowed")
    room = 384 << 20  # of addresses, for stacks of 8 MiB

    def lower():
        resource.setrlimit(resource.RLIMIT_AS, (room, room))

    with index_of(records(0, 3, "甲")) as index:
        with Daemon(index, "-j", "4", preexec_fn=lower) as daemon:
            assert daemon.ask("COUNT 公报\n").startswith("OK total=3 ")
        refused = run("serve", "-d", index, "--listen", "127.0.0.1:0", "-j", "64",
                      preexec_fn=lower)
        assert refused.returncode == 2 and b"of the 65 threads" in refused.stderr, refused
        assert b"listening" not in refused.stderr, refused


def a_new_generation_is_served_within_moments():
    with index_of(records(0, 3, "甲")) as index, Daemon(index) as daemon:
        assert keys(daemon.ask("COUNT 公报\n").splitlines()[0])["total"] == "3"
        add(index, records(3, 2, "甲"))
        give_up = time.monotonic() + PATIENCE
        while (found := keys(daemon.ask("COUNT 公报\n").splitlines()[0]))["generation"] == "1":
            assert time.monotonic() < give_up, "the old generation still answers"
        assert (found["generation"], found["total"]) == ("2", "5"), found


def a_folder_in_the_place_of_the_index_is_not_passed_over():
    """The sandbox has no way into it; without that it is served."""
    with index_of(records(0, 3, "甲")) as index, Daemon(index) as daemon:
        index.rename(index.parent / "aside")
        add(index, records(0, 5, "甲"))
        give_up = time.monotonic() + PATIENCE
        while not (stats := daemon.stats())["degraded"] and stats["documents"] == 3:
            assert time.monotonic() < give_up, "the folder that is gone still answers"
            time.sleep(0.05)
        assert daemon.ask("COUNT 公报\n").startswith(f"OK total={stats['documents']} ")


def await_line(daemon, wanted):
    for line in daemon.process.stderr:
        if wanted in line:
            return line
    raise AssertionError("the daemon ended without saying: " + wanted)


def old_answers_are_told_in_the_log():
    def warning(number):
        return (f"gsearch: warning: {index}: the newest generation is damaged; answers come from "
                f"generation {number}; see gsearch verify and gsearch salvage\n")

    with index_of(records(0, 3, "甲")) as index:
        add(index, records(3, 2, "甲"))
        second = index / "manifest-0000000000000002.gsm"
        third = index / "manifest-0000000000000003.gsm"
        whole = second.read_bytes()
        second.chmod(0o600)
        second.write_bytes(whole[:-1])
        with Daemon(index) as daemon:
            assert daemon.process.stderr.readline() == warning(1)
            assert daemon.stats()["degraded"] is True
            second.write_bytes(whole)
            daemon.process.send_signal(signal.SIGHUP)
            assert await_line(daemon, "generation 2 answers").startswith(f"gsearch: {index}: ")
            assert daemon.stats()["degraded"] is False
            third.write_bytes(b"gsearch manifest\n")  # the generation that answers stays the same
            daemon.process.send_signal(signal.SIGHUP)
            assert await_line(daemon, "warning") == warning(2)
            stats = daemon.stats()
            assert stats["degraded"] is True and stats["reload_failed"] == 1, stats


def bytes_that_change_underneath_end_the_answers():
    """Written over in place, as by a disk that rots: what was checked once is looked at again."""
    with index_of(records(0, 500, "甲")) as index, Daemon(index) as daemon:
        assert daemon.ask("COUNT 公报\n").startswith("OK total=500 ")
        segment = next(path for path in pathlib.Path(index).iterdir() if path.suffix == ".gss")
        segment.chmod(0o600)
        with open(segment, "r+b") as file:
            file.write(bytes(255 - byte for byte in segment.read_bytes()))
        await_line(daemon, "has changed while it was open")
        assert daemon.stats()["degraded"]
        for request in ("COUNT 公报\n", "GET 甲000000\n", "SUGGEST 公\n"):
            assert daemon.ask(request).startswith("ERR corrupt "), request
        assert daemon.ask("PING\n") == "OK PONG\nEND\n"


def a_file_cut_short_underneath_is_no_want_of_documents():
    with index_of(records(0, 500, "甲")) as index, Daemon(index) as daemon:
        assert daemon.ask("COUNT 公报\n").startswith("OK total=500 ")
        segment = next(path for path in pathlib.Path(index).iterdir() if path.suffix == ".gss")
        segment.chmod(0o600)
        os.truncate(segment, 4096)
        for request in ("GET 甲000000\n", "SUGGEST 公\n", "COUNT 公报\n"):
            daemon.ask(request)  # whoever first meets a page that is lost
            assert daemon.ask(request).startswith("ERR io "), request


def sigusr1_logs_the_stats():
    with index_of(records(0, 3, "甲")) as index, Daemon(index) as daemon:
        assert daemon.ask("COUNT 公报\n").startswith("OK total=3 ")
        daemon.process.send_signal(signal.SIGUSR1)
        said = daemon.process.stderr.readline()
        assert said.startswith("gsearch: {"), said
        logged, asked = json.loads(said[len("gsearch: "):]), daemon.stats()
        assert list(logged) == list(asked) and logged["requests"]["COUNT"] == 1, said
        assert daemon.ask("PING\n") == "OK PONG\nEND\n"


def every_reply_under_reload_is_of_one_generation():
    with index_of(records(0, 300, "甲")) as index, Daemon(index) as daemon:
        faults, replies, stop = [], [0], threading.Event()

        def ask():
            with daemon.connect() as client, client.makefile("rb") as stream:
                newest = 0
                while not stop.is_set():
                    client.sendall("SEARCH limit=all 公报\n".encode())
                    head = keys(stream.readline().decode())
                    rows = 0
                    while (line := stream.readline()).startswith(b"{"):
                        rows += 1
                    generation = int(head["generation"])
                    wanted = 300 + 10 * (generation - 1)
                    if line != b"END\n" or rows != wanted or int(head["total"]) != wanted \
                            or generation < newest:
                        faults.append((head, rows, line))
                    newest = generation
                    replies[0] += 1

        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        for commit in range(5):
            add(index, records(300 + 10 * commit, 10, "甲"))
        give_up = time.monotonic() + PATIENCE
        while daemon.stats()["generation"] != 6 and time.monotonic() < give_up:
            pass
        stop.set()
        for client in clients:
            client.join()
        assert not faults, faults[:3]
        assert replies[0] > 4 and daemon.stats()["generation"] == 6
        assert daemon.stats()["reload_failed"] == 0


def clients_that_do_not_read_cost_little():
    with index_of(records(0, 20000, "甲")) as index, Daemon(index) as daemon:
        whole = daemon.ask("SEARCH limit=all 公报\n")
        assert whole.count("\n") == 20002 and whole.endswith("}\nEND\n")
        before = daemon.stats()["memory_bytes"]
        clients = [daemon.connect() for _ in range(30)]
        for client in clients:
            client.sendall("SEARCH limit=all 公报\n".encode() * 3)
        stalled, made = 0, -1
        while stalled < 20:  # until the daemon has stopped working for them
            stats = daemon.stats()
            stalled = stalled + 1 if stats["output_bytes"] == made and not stats["running"] else 0
            made = stats["output_bytes"]
        # the replies are 90 times that of `whole`, some 600 MB
        assert 0 < made < 30 * (400 << 10), made
        assert daemon.stats()["memory_bytes"] - before < 64 << 20, daemon.stats()
        assert daemon.ask("COUNT 公报\n").startswith("OK total=20000 ")
        for client in clients:
            client.close()
        while daemon.stats()["output_bytes"]:
            pass


def other_protocols_are_refused():
    with index_of(records(0, 1, "甲")) as index, Daemon(index) as daemon:
        for said in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nSEARCH x\n",
                     b"POST / HTTP/1.1\r\n\r\nPING\n",
                     b"SSH-2.0-OpenSSH_9.2\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with daemon.connect() as client:
                client.sendall(said)  # and keeps its side open: the daemon closes
                with client.makefile("rb") as stream:
                    reply = stream.read().decode()
            assert reply.startswith("ERR protocol ") and reply.count("\n") == 1, reply


def a_token_is_asked_for():
    with index_of(records(0, 2, "甲")) as index:
        token = index.parent / "token"
        token.write_text("open sesame\n")
        token.chmod(0o644)
        refused = run("serve", "-d", index, "--listen", "127.0.0.1:0", "--auth-file", token)
        assert refused.returncode == 77, refused
        token.chmod(0o600)
        with Daemon(index, "--auth-file", str(token)) as daemon:
            assert daemon.ask("COUNT 公报\n").startswith("ERR denied ")
            reply = daemon.ask("AUTH open sesame\nCOUNT 公报\n").splitlines()
            assert reply[:2] == ["OK", "END"] and reply[2].startswith("OK total=2 "), reply
            done = run("search", "--connect", daemon.address, "公报")
            assert done.returncode == 77, done
            done = run("search", "--connect", daemon.address, "--auth-file", token, "公报")
            assert done.returncode == 0, done


def the_manual_names_every_verb_key_counter_and_status():
    root = pathlib.Path(__file__).resolve().parents[2]
    manual = (root / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
    rows = {row[3:].split("`")[0].split()[0]: row.replace("\\|", "|")
            for row in manual.splitlines() if row.startswith("| `")}
    with index_of(records(0, 1, "甲")) as index, Daemon(index) as daemon:
        for line in daemon.ask("HELP\n").splitlines()[1:-1]:
            row = rows[json.loads(line)["verb"]]
            for word in json.loads(line)["usage"].split()[1:]:
                if word != "[--]":
                    assert word.strip("[]") in row, (word, row)
        for name in daemon.stats():
            assert f"`{name}`" in manual, name
    listed = re.findall(r'^    X\((?!OK)\w+, \d+, \d+, "([a-z-]+)"',
                        (root / "include/gsearch/status.h").read_text(encoding="utf-8"), flags=re.M)
    table = manual.split("## Status words")[1].split("\n## ")[0]
    described = re.findall(r"`([a-z-]+)`", "".join(
        row.split("|")[1] for row in table.splitlines() if row.startswith("| `")))
    assert len(listed) > 10 and sorted(listed) == sorted(described), set(listed) ^ set(described)


def the_limit_of_descriptors_is_kept():
    def lower_to(count):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))

    with index_of(records(0, 2, "甲")) as index:
        for count in 140, 128, 70:
            check_places(index, lower_to(count), count - 64)
        refused = run("serve", "-d", index, "--listen", "127.0.0.1:0", preexec_fn=lower_to(64))
        assert refused.returncode == 2 and b"ulimit -n" in refused.stderr, refused


def check_places(index, lower, places):
    with Daemon(index, preexec_fn=lower) as daemon:
        clients = []
        for _ in range(places):
            client = daemon.connect()
            client.sendall(b"PING\n")
            assert client.recv(100) == b"OK PONG\nEND\n"
            clients.append(client)
        assert daemon.ask("PING\n").startswith("ERR busy ")
        clients.pop().close()
        give_up = time.monotonic() + PATIENCE
        while daemon.ask("PING\n") != "OK PONG\nEND\n":
            assert time.monotonic() < give_up, "the place is not free again"
        for client in clients:
            client.close()


def sigterm_lets_a_stream_end():
    with index_of(records(0, 3000, "甲")) as index, Daemon(index) as daemon:
        with daemon.connect() as client, client.makefile("rb") as stream:
            client.sendall("SEARCH limit=all 公报\n".encode())
            head = stream.readline()
            daemon.process.send_signal(signal.SIGTERM)
            rest = stream.read()
        assert head.startswith(b"OK total=3000 "), head
        assert rest.count(b"\n") == 3001 and rest.endswith(b"\nEND\n"), rest[-100:]
        assert daemon.process.wait(PATIENCE) == 0


tap.main(netcat_gets_the_replies_of_the_manual,
         a_daemon_prints_what_the_index_in_process_prints,
         a_document_comes_back_as_it_was_given,
         a_unix_socket_is_its_owners_and_the_next_daemon_takes_it_over,
         what_cannot_be_served_ends_with_its_exit_code,
         sixty_four_threads_may_search,
         threads_that_the_system_does_not_give_end_the_start,
         a_new_generation_is_served_within_moments,
         a_folder_in_the_place_of_the_index_is_not_passed_over,
         old_answers_are_told_in_the_log,
         bytes_that_change_underneath_end_the_answers,
         a_file_cut_short_underneath_is_no_want_of_documents,
         sigusr1_logs_the_stats,
         every_reply_under_reload_is_of_one_generation,
         clients_that_do_not_read_cost_little,
         other_protocols_are_refused,
         a_token_is_asked_for,
         the_manual_names_every_verb_key_counter_and_status,
         the_limit_of_descriptors_is_kept,
         sigterm_lets_a_stream_end)
