#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Power cuts and full disks on real file systems, mounted for this test alone: test_realdisk.py
GSEARCH

The program is killed at a call and its file system shut down before anything more reaches the disk,
as by a power cut; then it is mounted again. What cannot be mounted here is a skip."""

import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "durability")]
import stage  # noqa: E402
import tap  # noqa: E402
from mounted import Disk, mount, run  # noqa: E402

GSEARCH = str(pathlib.Path(sys.argv[1]).resolve())
STEP = 1 if os.environ.get("GS_TEST_FULL") else 23
BLOCK_KIB = 4


def cut_everywhere(name, kind, options, *make):
    if reason := stage.why_not_traced():
        raise tap.Skip(reason)
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(pathlib.Path(folder), kind, options, make)
        for what, change in stage.CHANGES.items():
            played = stage.Stage(GSEARCH, disk.path / what, change)
            points = [*itertools.islice(played.points(), count % STEP, None, STEP), None]
            for point in points:
                played.restore()
                disk.sync()
                if point:
                    played.inject(point, "signal=KILL")
                else:
                    played.run()
                disk.cut_power()
                # what was acknowledged is there
                played.check(f"{name}, {what}, {point}", None if point else (played.after,))
                count += 1
        disk.unmount()
    print(f"# figure: power cuts on {name}: {count}")


def ext4_of_4_kib_blocks_keeps_what_was_committed():
    cut_everywhere("ext4, 4 KiB blocks", "ext4", "loop,commit=1000", "mkfs.ext4", "-q", "-b",
                   "4096")


def ext4_of_1_kib_blocks_keeps_what_was_committed():
    cut_everywhere("ext4, 1 KiB blocks", "ext4", "loop,commit=1", "mkfs.ext4", "-q", "-b", "1024")


def xfs_keeps_what_was_committed():
    cut_everywhere("XFS", "xfs", "loop", "mkfs.xfs", "-q")


def kib_of(path):
    """The whole blocks that a folder and its files take."""
    return sum(-(-entry.stat().st_size // (BLOCK_KIB << 10)) * BLOCK_KIB
               for entry in path.iterdir()) if path.exists() else 0


def a_full_disk_harms_nothing():
    count = 0
    for name, change in stage.CHANGES.items():
        with tempfile.TemporaryDirectory() as folder:
            played = stage.Stage(GSEARCH, folder, change)
            played.restore()
            size = max(kib_of(played.index), BLOCK_KIB)
            shutil.rmtree(played.index, ignore_errors=True)
            played.index.mkdir()
            status = 74
            while status:
                mount("-t", "tmpfs", "-o", f"size={size}k", "tmpfs", played.index)
                if played.saved.exists():
                    shutil.copytree(played.saved, played.index, dirs_exist_ok=True)
                files = sorted(set(os.listdir(played.index)) | {"LOCK"})
                answer = run(*played.arguments())
                status = answer.returncode
                where = f"{name} in {size} KiB: {status} {answer.stderr}"
                assert status in (0, 74), where
                content = played.content()
                assert content == (played.before if status else played.after), where
                if status:
                    assert sorted(set(os.listdir(played.index)) | {"LOCK"}) == files, where
                subprocess.run(["umount", played.index], check=True)
                size += BLOCK_KIB
                count += 1
    print(f"# figure: sizes of a tmpfs from too small to enough: {count}")


tap.main(ext4_of_4_kib_blocks_keeps_what_was_committed,
         ext4_of_1_kib_blocks_keeps_what_was_committed, xfs_keeps_what_was_committed,
         a_full_disk_harms_nothing)
