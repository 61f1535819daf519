# SPDX-License-Identifier: Apache-2.0
"""The program under test: indexes made of sources, and a daemon that is asked."""
import json
import os
import socket
import subprocess
import time

PIPELINED = 16
START_SECONDS = 20


def write_sources(root, sources):
    """Writes the files of these documents, those of one path together."""
    files = {}
    for source in sources:
        files.setdefault(source.path, []).append(source)
    for path, documents in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8', newline='') as file:
            if not path.endswith('.jsonl'):
                file.write(documents[0].text)
                continue
            for one in documents:
                record = {'id': one.id, 'text': one.text, 'title': one.title, 'date': one.date}
                file.write(json.dumps({key: value for key, value in record.items()
                                       if value is not None}, ensure_ascii=False) + '\n')


class Engine:
    """One index folder under `root`, where the sources are, too."""

    def __init__(self, program, root):
        self.program, self.root = program, root
        self.daemon = self.stream = self.socket = None

    def run(self, *arguments, check=True):
        done = subprocess.run([self.program, *arguments], cwd=self.root, capture_output=True,
                              encoding='utf-8', stdin=subprocess.DEVNULL)
        if check and done.returncode:
            raise AssertionError(f'{arguments}: exit {done.returncode}: {done.stderr}')
        return done.stdout

    def index(self, paths, *options):
        return self.run('index', '-d', 'index', *options, '--', *paths)

    def merge(self, *options):
        return self.run('merge', '-d', 'index', *options)

    def segments(self):
        return sorted(name for name in os.listdir(os.path.join(self.root, 'index'))
                      if name.endswith('.gss'))

    # ---- the daemon ----

    def __enter__(self):
        path = os.path.join(self.root, 'socket')
        self.log = open(os.path.join(self.root, 'daemon.log'), 'w+b')
        self.daemon = subprocess.Popen(
            [self.program, 'serve', '-d', 'index', '--listen', 'unix:socket'], cwd=self.root,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        give_up = time.monotonic() + START_SECONDS
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if self.daemon.poll() is not None or time.monotonic() > give_up:
                    self.log.seek(0)
                    raise AssertionError(f'the daemon does not answer: {self.log.read()}') from None
                time.sleep(0.002)
        self.stream = self.socket.makefile('rb')
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()
        self.daemon.terminate()
        code = self.daemon.wait(timeout=START_SECONDS)
        self.log.close()
        if os.path.exists(os.path.join(self.root, 'socket')):
            os.unlink(os.path.join(self.root, 'socket'))
        assert code == 0, f'the daemon ended with {code}'

    def ask(self, lines):
        """The replies to these requests: (first line, [objects])."""
        for start in range(0, len(lines), PIPELINED):
            part = lines[start:start + PIPELINED]
            self.socket.sendall(''.join(line + '\n' for line in part).encode())
            for line in part:
                yield self.reply(line)

    def reply(self, line):
        first = self.stream.readline().decode()
        assert first.endswith('\n'), f'no whole reply to {line!r}: {first!r}'
        first, rows = first[:-1], []
        if first.startswith('OK') and line.split(' ')[0] not in ('PING', 'QUIT'):
            while (row := self.stream.readline()) != b'END\n':
                assert row, f'a reply to {line!r} that does not end'
                rows.append(json.loads(row))
        return first, rows
