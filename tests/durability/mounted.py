# SPDX-License-Identifier: Apache-2.0
"""File systems that are mounted for one test alone. To import it is to be started again in a
namespace of its own, where that is allowed; what cannot be mounted is a skip."""

import fcntl
import os
import shutil
import struct
import subprocess
import sys

import tap

GOING_DOWN = 0x8004587D  # _IOR('X', 125, __u32), of ext4 and of XFS
WITHOUT_LOG = 2

# a namespace of its own: when the process ends, however, its mounts are gone
if os.environ.get("GS_TEST_MOUNTS") is None:
    private = ["unshare", "--mount", "--propagation", "private"]
    if shutil.which("unshare") and subprocess.run([*private, "true"],
                                                  capture_output=True).returncode == 0:
        os.execvpe(private[0], [*private, sys.executable, *sys.argv],
                   {**os.environ, "GS_TEST_MOUNTS": "1"})


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def mount(*arguments):
    if os.environ.get("GS_TEST_MOUNTS") is None:
        raise tap.Skip("no mount namespace may be made")
    answer = run("mount", *arguments)
    if answer.returncode:
        raise tap.Skip(f"mount {' '.join(map(str, arguments[:4]))}: refused")


class Disk:
    """A file system in a file."""

    def __init__(self, folder, kind, options, make):
        self.image, self.path = folder / "image", folder / "disk"
        self.kind, self.options = kind, options
        if not shutil.which(make[0]):
            raise tap.Skip(f"{make[0]} is not installed")
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(320 << 20)
        subprocess.run([*make, self.image], check=True, capture_output=True)
        self.mount()

    def mount(self):
        mount("-t", self.kind, "-o", self.options, self.image, self.path)

    def cut_power(self):
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, GOING_DOWN, struct.pack("I", WITHOUT_LOG))
        finally:
            os.close(fd)
        self.unmount()
        self.mount()

    def device(self):
        return run("findmnt", "-no", "SOURCE", self.path).stdout.strip()

    def sync(self):
        subprocess.run(["sync", "-f", self.path], check=True)

    def unmount(self):
        subprocess.run(["umount", self.path], check=True)
