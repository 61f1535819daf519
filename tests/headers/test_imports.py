#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that files and memory are reached through common/base/sys.c alone, by the names that each
object file of the product takes from others: test_imports.py BUILD"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

SEAM = "common/base/libgs_base.a.p/sys.c.o"
PRODUCT = ("common", "indexer", "query", "clients", "cli")

FILES = """open openat creat read readv pread preadv write writev pwrite pwritev fsync fdatasync
    syncfs sync rename renameat renameat2 link linkat symlink unlink unlinkat remove mkdir mkdirat
    rmdir truncate ftruncate fallocate posix_fallocate copy_file_range sendfile mmap munmap mremap
    msync madvise opendir fdopendir readdir closedir scandir nftw fopen fdopen freopen tmpfile
    mkstemp mkdtemp stat lstat fstat fstatat statx flock lockf getrandom getentropy
    syscall""".split()
MEMORY = """malloc calloc realloc reallocarray free aligned_alloc posix_memalign memalign valloc
    strdup strndup asprintf vasprintf getline getdelim open_memstream""".split()
# descriptors of sockets are closed where they are opened
SOCKETS = {"query/daemon": ("listener", "conn", "server"), "clients/c": ("channel",)}
# (object, call): reason
WAIVED = {
    ("mapguard", "mmap"): "zeros over a page that is gone, in a signal handler",
    ("sandbox", "syscall"): "libc has no names for the calls of Landlock and seccomp",
}


def plain(name):
    """`openat64`, `__openat64_2` and `__read_chk` are `openat` and `read`."""
    fortified = re.fullmatch(r"__(\w+?)(?:_chk|_2|_alias)", name)
    return re.sub(r"64$", "", fortified[1] if fortified else name)


def objects(build):
    """(path from the build folder, imported names) of every object of the product."""
    for folder in PRODUCT:
        for path in sorted((build / folder).rglob("*.c.o")):
            answer = subprocess.run(["nm", "--undefined-only", path], capture_output=True,
                                    text=True, check=True)
            names = {plain(line.split()[-1].split("@")[0]) for line in answer.stdout.splitlines()}
            yield path.relative_to(build).as_posix(), names


FOUND = dict(objects(pathlib.Path(sys.argv[1])))


def offenders(calls):
    for path, names in FOUND.items():
        if path == SEAM:
            continue
        folder, _, unit = path[:-len(".c.o")].rpartition("/")
        closes_sockets = any(folder.startswith(layer) and unit in units
                             for layer, units in SOCKETS.items())
        for call in names & set(calls):
            if not (call == "close" and closes_sockets) and (unit, call) not in WAIVED:
                yield f"{path}: {call}"


def only_the_seam_reaches_files():
    found = list(offenders([*FILES, "close"]))
    assert not found, found


def only_the_seam_reaches_memory():
    found = list(offenders(MEMORY))
    assert not found, found


def the_seam_itself_is_seen():
    assert {"openat", "write", "fsync", "renameat2", "mmap", "realloc", "free"} <= FOUND[SEAM]
    assert len(FOUND) > 80, len(FOUND)


tap.main(only_the_seam_reaches_files, only_the_seam_reaches_memory, the_seam_itself_is_seen)
