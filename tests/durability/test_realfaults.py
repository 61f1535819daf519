#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a real file system refuses, on one that is mounted for this test: test_realfaults.py GSEARCH

No inodes, a quota, files of a limited size, blocks that turn out to be missing when they are
synced, and a file system that becomes read-only in the middle of a run. Each time the program says
so, the index is the old or the new one, and the next run with what it needs comes to its end."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "durability")]
import stage  # noqa: E402
import tap  # noqa: E402
from mounted import Disk, mount, run  # noqa: E402

GSEARCH = str(pathlib.Path(sys.argv[1]).resolve())
STEP = 1 if os.environ.get("GS_TEST_FULL") else 13
NO_SPACE, IO, DENIED = 74, 74, 77
NOBODY = 65534
EXT4 = ("mkfs.ext4", "-q", "-b", "1024")


@contextlib.contextmanager
def disk_of(options, *make):
    with tempfile.TemporaryDirectory() as name:
        disk = Disk(pathlib.Path(name), "ext4", options, make)
        try:
            yield disk
        finally:
            subprocess.run(["umount", "--lazy", disk.path], check=False)


def check(played, answer, where, allowed):
    """The exit status and what the index then holds."""
    assert answer.returncode in (0, *allowed), f"{where}: {answer.returncode} {answer.stderr}"
    content = played.content()
    wanted = (played.after,) if answer.returncode == 0 else (played.before, played.after)
    assert content in wanted, f"{where}: {content}"


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "LOCK") \
        if folder.exists() else []


def go(played, **options):
    return subprocess.run(played.arguments(), capture_output=True, text=True, **options)


def sweep(played, limits, allowed, set_limit, clear):
    """Runs the change under each limit, from too small to the first that suffices."""
    count = 0
    for limit in limits:
        played.restore()
        before = names(played.index)
        options = set_limit(limit)
        answer = go(played, **options)
        clear()
        where = f"{played.command(played)} with {limit}"
        check(played, answer, where, allowed)
        count += 1
        if answer.returncode == 0:
            return count
        assert names(played.index) == before, f"{where}: {names(played.index)}"
        played.check(where)
    raise AssertionError("no limit was large enough")


def without_inodes_it_says_so_and_harms_nothing():
    count = 0
    with disk_of("loop", *EXT4, "-N", "200") as disk:
        for what, change in stage.CHANGES.items():
            played = stage.Stage(GSEARCH, disk.path / what, change)
            hoard = disk.path / "hoard"
            hoard.mkdir()

            def leave(inodes, hoard=hoard):
                try:
                    for number in itertools.count():
                        (hoard / str(number)).touch()
                except OSError:
                    for _ in range(inodes):
                        number -= 1
                        (hoard / str(number)).unlink()
                return {}

            def clear(hoard=hoard):
                for path in hoard.iterdir():
                    path.unlink()

            count += sweep(played, range(12), (NO_SPACE,), leave, clear)
            shutil.rmtree(hoard)
    print(f"# figure: runs on a file system with too few inodes: {count}")


def set_quota(device, blocks_kib):
    """Of the user nobody; 0: none."""
    block = struct.pack("=QQQQQQQQI4x", blocks_kib, blocks_kib, 0, 0, 0, 0, 0, 0, 5)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.quotactl(0x800008 << 8, device.encode(), NOBODY, block):
        raise tap.Skip(f"no quota can be set: {os.strerror(ctypes.get_errno())}")


def a_quota_is_kept_and_harms_nothing():
    count = 0
    with disk_of("loop,usrquota", *EXT4, "-O", "quota", "-E", "quotatype=usrquota") as disk:
        for what, change in stage.CHANGES.items():
            played = stage.Stage(GSEARCH, disk.path / what, change)
            device = disk.device()
            disk.path.chmod(0o755)

            def as_nobody():
                os.setgid(NOBODY)
                os.setuid(NOBODY)

            def limit(kib, played=played):
                subprocess.run(["chown", "-R", str(NOBODY), played.folder], check=True)
                set_quota(device, used_kib(played.folder) + kib)
                return {"preexec_fn": as_nobody}

            count += sweep(played, range(1, 200, 4), (NO_SPACE,), limit,
                           lambda: set_quota(device, 0))
    print(f"# figure: runs under a quota that is too small: {count}")


def used_kib(folder):
    return int(run("du", "-sk", folder).stdout.split()[0])


def a_limit_of_file_sizes_harms_nothing():
    count = 0
    for change in stage.CHANGES.values():
        with tempfile.TemporaryDirectory() as name:
            played = stage.Stage(GSEARCH, name, change)
            count += sweep(
                played, range(256, 65536, 256), (NO_SPACE,),
                lambda size: {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                                       (size, size)),
                              # where a build counts its branches, these are cut short, too
                              "env": {**os.environ, "GCOV_PREFIX": f"{name}/{size}"}},
                lambda: None)
    print(f"# figure: runs with files of limited size: {count}")


def blocks_that_are_missing_when_they_are_synced_are_told():
    """The file system takes what is written and finds only then that its own disk is full."""
    count, told = 0, 0
    for what, change in stage.CHANGES.items():
        for room_kib in range(0, 96, 8):
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", folder)
                try:
                    disk = Disk(folder, "ext4", "loop", EXT4)
                    played = stage.Stage(GSEARCH, disk.path / what, change)
                    played.restore()
                    disk.sync()
                    fill(folder, room_kib)
                    answer = go(played)
                    (folder / "filler").unlink()
                    subprocess.run(["umount", disk.path], check=False)
                    run("e2fsck", "-fy", disk.image)
                    disk.mount()
                    check(played, answer, f"{what} with {room_kib} KiB", (IO,))
                    played.check(f"{what} with {room_kib} KiB")
                    count += 1
                    told += answer.returncode == IO
                finally:
                    subprocess.run(["umount", "--lazy", disk.path], check=False)
                    subprocess.run(["umount", "--lazy", folder], check=False)
            if answer.returncode == 0 and room_kib:
                break
    assert told > 0
    print(f"# figure: runs on a disk that was full below the file system: {count}, of which {told} "
          f"met it")


def fill(folder, room_kib):
    """Leaves so much room on the file system of the folder."""
    with open(folder / "filler", "wb", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(bytes(4096))
        filler.truncate(max(0, filler.tell() - (room_kib << 10)))


def is_stopped(process):
    """For some looks in a row: strace stops it for a moment at each call."""
    status = pathlib.Path(f"/proc/{process.pid}/stat")
    for _ in range(5):
        if process.poll() is None and status.read_text().rsplit(")", 1)[1].split()[0] not in "tT":
            return False
        time.sleep(0.002)
    return True


def stop_at(played, point):
    """The change, stopped at that call."""
    call, number = point
    process = subprocess.Popen(
        [*stage.TRACED, "-D", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:signal=STOP:when={number}", *played.arguments()],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    give_up = time.monotonic() + 60
    while process.poll() is None and not is_stopped(process):
        assert time.monotonic() < give_up, point
    return process


def let_go_on(process):
    """To its end; returns what it said."""
    give_up = time.monotonic() + 60
    while process.poll() is None:
        assert time.monotonic() < give_up, process.args
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
    with process.stderr:
        return process.stderr.read()


def a_file_system_that_becomes_read_only_harms_nothing():
    if reason := stage.why_not_traced():
        raise tap.Skip(reason)
    count, met = 0, 0
    with disk_of("loop,errors=remount-ro", *EXT4) as disk:
        trigger = pathlib.Path("/sys/fs/ext4", pathlib.Path(disk.device()).name,
                               "trigger_fs_error")
        if not trigger.exists():
            raise tap.Skip("errors of ext4 cannot be provoked")
        for what, change in stage.CHANGES.items():
            played = stage.Stage(GSEARCH, disk.path / what, change)
            for point in itertools.islice(played.points(), count % STEP, None, STEP):
                played.restore()
                disk.sync()
                process = stop_at(played, point)
                trigger.write_text("1")
                said = let_go_on(process)
                disk.unmount()
                run("e2fsck", "-fy", disk.image)
                disk.mount()
                where = f"{what}, read-only at {point}"
                answer = subprocess.CompletedProcess([], process.returncode, "", said)
                check(played, answer, where, (IO, DENIED))
                played.check(where)
                count += 1
                met += process.returncode != 0
    assert met > 0
    print(f"# figure: file systems that became read-only in a run: {count}, of which {met} met it")


tap.main(without_inodes_it_says_so_and_harms_nothing, a_quota_is_kept_and_harms_nothing,
         a_limit_of_file_sizes_harms_nothing,
         blocks_that_are_missing_when_they_are_synced_are_told,
         a_file_system_that_becomes_read_only_harms_nothing)
