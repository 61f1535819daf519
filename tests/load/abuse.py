#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that no daemon deserves, all at once: abuse.py HOST:PORT OFTEN RARE KIND=NUMBER… goes on
until its standard input ends and then prints what became of them as one object of JSON. OFTEN is a
query of which most documents are hits, RARE one with some hundred.

    slow=N     connections that send a byte a second of a line that never ends
    stalled=N  connections that ask for far more than they read, which is nothing
    resets=N   a second: broken off in the middle of a reply of some hundred rows
    floods=N   a second: over one limit of the protocol after the other
    fill=N     connections that hold places, at most so many, until there is none left
    over=N     a second: newcomers, while there is none left

Everything that the daemon says in return is compared with what it must say."""

import json
import resource
import selectors
import socket
import struct
import sys
import time

TICK = 0.05
PATIENCE = 10

# what is sent, how often what begins like this comes back, and whether the daemon then closes
FLOODS = (
    (b"x" * 70000, 1, b"ERR line-too-long ", True),
    (b"PING\n" * 10000, 10000, b"OK PONG", False),
    (b"SEARCH limit=1001 x\n" * 100, 100, b"ERR limit ", False),
    (b"SEARCH limit=1000 offset=9001 x\n" * 100, 100, b"ERR limit ", False),
    (b"COUNT " + b"(" * 1000 + b"x" + b")" * 1000 + b"\n", 1, b"ERR limit ", False),
    (b"COUNT " + b" OR ".join(b"a%d" % i for i in range(1025)) + b"\n", 1, b"ERR limit ", False),
    (b"COUNT \0\xff\n" * 100, 100, b"ERR bad-argument ", False),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100, 1, b"ERR protocol ", True),
)


class Abuse:
    def __init__(self, address, often, rare, wanted):
        host, port = address.rsplit(":", 1)
        self.often = f"SEARCH limit=all snippet=off {often}\n".encode()
        self.rare = f"SEARCH limit=all snippet=off {rare}\n".encode()
        self.address = host, int(port)
        self.wanted = wanted
        self.selector = selectors.DefaultSelector()
        self.held = {"slow": set(), "stalled": set(), "fill": set()}
        self.seen = dict.fromkeys(("slow", "slow_cut", "stalled", "resets", "floods", "filled",
                                    "over", "over_busy", "over_served", "wrong"), 0)
        self.first_wrong = None
        self.connects = 0
        self.is_over = False

    def connect(self, room=None):
        client = socket.socket()
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(PATIENCE)
        self.connects += 1
        # another address of loopback each time: the ports of one would not do
        client.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        client.bind((f"127.0.1.{1 + self.connects % 16}", 0))
        client.connect(self.address)
        return client

    def wrong(self, what):
        self.seen["wrong"] += 1
        self.first_wrong = self.first_wrong or what

    # ---- those that stay ----

    def hold(self, kind):
        """One more of those that stay."""
        client = self.connect(4096 if kind == "stalled" else None)
        if kind == "stalled":
            client.sendall(self.often * 3)
        client.setblocking(False)
        self.held[kind].add(client)
        self.seen[kind if kind != "fill" else "filled"] += 1
        if kind != "stalled":
            self.selector.register(client, selectors.EVENT_READ, kind)

    def drop(self, client, kind):
        self.selector.unregister(client)
        self.held[kind].discard(client)
        client.close()

    def look(self, timeout):
        """Takes note of those that the daemon has closed, and of the end."""
        for key, _ in self.selector.select(timeout):
            client, kind = key.fileobj, key.data
            if kind == "stdin":
                self.is_over = True
                continue
            try:
                heard = client.recv(4096)
            except ConnectionError:
                heard = b""
            if heard.startswith(b"ERR busy "):
                self.seen[kind if kind == "slow" else "filled"] -= 1  # there was no place for it
            elif kind == "slow" and heard == b"":
                self.seen["slow_cut"] += 1
            else:
                self.wrong(f"{kind}: {heard[:100]!r}")
            self.drop(client, kind)

    def trickle(self, number):
        """Each slow one sends its byte in one tick of a second."""
        ticks = round(1 / TICK)
        for place, client in enumerate(list(self.held["slow"])):
            if place % ticks == number % ticks:
                try:
                    client.send(b"C")
                except OSError:
                    pass  # the selector tells

    # ---- those that come and go ----

    def reset(self):
        client = self.connect(4096)
        client.sendall(self.rare)
        heard = client.recv(1000)
        if not heard.startswith((b"OK total=", b"ERR busy ")):
            self.wrong(f"reset: {heard[:100]!r}")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        self.seen["resets"] += 1

    def flood(self):
        said, count, wanted, closes = FLOODS[self.seen["floods"] % len(FLOODS)]
        self.seen["floods"] += 1
        with self.connect() as client:
            try:
                client.sendall(said)
                if not closes:
                    client.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass  # closed already: what it said is read below
            heard = b""
            try:
                while piece := client.recv(65536):
                    heard += piece
            except ConnectionError:
                pass  # it has closed with some of ours unread
        lines = [line for line in heard.split(b"\n") if line and line != b"END"]
        if len(lines) != count or not all(line.startswith(wanted) for line in lines):
            self.wrong(f"flood {said[:40]!r}: {len(lines)} lines, {heard[:100]!r}")

    def knock(self):
        """A newcomer is told that there is no place, or is served like anybody else."""
        with self.connect() as client:
            client.settimeout(0.2)
            self.seen["over"] += 1
            try:
                heard = client.recv(1000)
            except TimeoutError:
                client.settimeout(PATIENCE)
                client.sendall(b"PING\n")
                heard = client.recv(1000)
            if heard.startswith(b"ERR busy ") and heard.endswith(b"\n"):
                self.seen["over_busy"] += 1
            elif heard == b"OK PONG\nEND\n":
                self.seen["over_served"] += 1
            else:
                self.wrong(f"over: {heard[:100]!r}")

    def fill_up(self):
        while len(self.held["fill"]) < self.wanted["fill"]:
            before = self.seen["filled"]
            for _ in range(64):
                self.hold("fill")
            self.look(0.1)
            if self.seen["filled"] < before + 64:
                return

    def run(self):
        self.fill_up()
        owed = dict.fromkeys(("resets", "floods", "over"), 0.0)
        print("begun", flush=True)
        self.selector.register(sys.stdin, selectors.EVENT_READ, "stdin")
        begin, number = time.monotonic(), 0
        while not self.is_over:
            for kind in "slow", "stalled":
                for _ in range(min(50, self.wanted[kind] - len(self.held[kind]))):
                    self.hold(kind)
            self.trickle(number)
            for kind, one in ("resets", self.reset), ("floods", self.flood), ("over", self.knock):
                # what this program is late for is not made up for
                of_a_tick = self.wanted[kind] * TICK
                owed[kind] = min(owed[kind], 1) + of_a_tick
                while owed[kind] >= 1 and not self.is_over:
                    owed[kind] -= 1
                    one()
                    self.look(0)
            number += 1
            while not self.is_over and (left := begin + number * TICK - time.monotonic()) > 0:
                self.look(left)
        return {**self.seen, "first_wrong": self.first_wrong}


def main():
    address, often, rare, *kinds = sys.argv[1:]
    wanted = dict.fromkeys(("slow", "stalled", "resets", "floods", "fill", "over"), 0)
    wanted.update((kind, int(count)) for kind, count in (word.split("=") for word in kinds))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(json.dumps(Abuse(address, often, rare, wanted).run()), flush=True)


main()
