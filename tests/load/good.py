# SPDX-License-Identifier: Apache-2.0
"""Good clients of a daemon by the thousand, and what they need. Programs that import it are called
with the paths of gsearch and of crowd first."""

import json
import os
import pathlib
import resource
import subprocess
import sys

import tap
from served import PATIENCE

CROWD = str(pathlib.Path(sys.argv[2]).resolve())


class Crowd:
    """The good clients; see crowd.c."""

    def __init__(self, daemon, requests):
        self.process = subprocess.Popen([CROWD, daemon.address, str(requests)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def order(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, f"crowd has ended at: {words}"
        return json.loads(answer)

    def ask(self, rate, seconds, seed):
        answer = self.order("ask", round(rate), round(1000 * seconds), seed)
        assert answer["failed"] == 0 and answer["replies"] > 0, answer
        return answer


def require_descriptors(count):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < count:
        raise tap.Skip(f"{hard} descriptors may be open, {count} are needed")


def descriptors_of(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
