#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What others build against: test_install.py BUILD PREFIX. Installs into a folder of its own,
builds both examples with what pkg-config says, runs them, and looks at what the libraries show."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

BUILD, PREFIX = sys.argv[1], sys.argv[2]
PATIENCE = 120


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                          timeout=PATIENCE, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class Installed:
    """One installation for all cases."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        meson = shutil.which("meson")
        if not meson:
            raise tap.Skip("no meson on the path")
        run(meson, "install", "-C", BUILD, "--no-rebuild", "--destdir", self.folder)
        self.prefix = self.folder / PREFIX.lstrip("/")
        self.packages = next(self.prefix.rglob("gsearch.pc")).parent
        self.libraries = self.packages.parent

    def flags(self, package, environment):
        environment = environment or dict(os.environ, PKG_CONFIG_PATH=str(self.packages))
        return run("pkg-config", f"--define-variable=prefix={self.prefix}", "--cflags", "--libs",
                   package, env=environment).split()

    def build(self, example, package, environment=None):
        program = self.folder / example
        run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", ROOT / "examples" / f"{example}.c",
            *self.flags(package, environment), "-o", program)
        return program

    def environment(self):
        return dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))


FOLDER = tempfile.TemporaryDirectory()
INSTALLED = []


def installed():
    if not INSTALLED:
        INSTALLED.append(Installed(FOLDER.name))
    return INSTALLED[0]


@contextlib.contextmanager
def daemon(index):
    here = installed()
    process = subprocess.Popen([here.prefix / "bin" / "gsearch", "serve", "-d", index, "--listen",
                                "127.0.0.1:0"], stderr=subprocess.PIPE, text=True,
                               env=here.environment())
    try:
        yield process.stderr.readline().split()[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        process.stderr.close()


def the_examples_build_and_say_the_same():
    here = installed()
    embed, remote = here.build("embed", "gsearch"), here.build("remote", "gsearch-client")
    index = here.folder / "my.index"
    said = run(embed, index, "政务公开", env=here.environment())
    first, *rows = said.splitlines()
    assert first == "total 2", said  # 政务公开 and 政務公開
    assert sorted(rows) == ["a\t政务公开年度报告", "c\t政務公開工作要點"], said
    with daemon(index) as address:
        assert run(remote, address, "政务公开", env=here.environment()) == said
    lost = subprocess.run([remote, address, "政务公开"], env=here.environment(),
                          capture_output=True, timeout=PATIENCE)
    assert lost.returncode == 74, lost


def declared(header):
    text = (installed().prefix / "include" / "gsearch" / header).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"^GSEARCH_(?:CLIENT_)?API\s[^;]*?\b(gsearch_\w+)\(", text, flags=re.M))


def only_what_the_headers_declare_is_exported():
    for library, header in (("libgsearch.so", "gsearch.h"), ("libgsearch-client.so", "client.h")):
        listing = run("nm", "-D", "--defined-only", installed().libraries / library)
        exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
        assert exported == declared(header), (library, exported ^ declared(header))


def the_soname_has_the_version_of_the_interface():
    for library in ("libgsearch", "libgsearch-client"):
        dynamic = run("readelf", "-d", installed().libraries / f"{library}.so")
        assert f"soname: [{library}.so.0]" in dynamic, dynamic


def the_client_needs_nothing_but_libc():
    dynamic = run("readelf", "-d", installed().libraries / "libgsearch-client.so")
    needed = set(re.findall(r"NEEDED.*\[([^\]]+)\]", dynamic))
    assert needed <= {"libc.so.6", "ld-linux-x86-64.so.2"}, needed


def the_client_builds_where_only_libc_is_known():
    here, alone = installed(), installed().folder / "alone"
    alone.mkdir()
    shutil.copy(here.packages / "gsearch-client.pc", alone)
    program = here.build("remote", "gsearch-client", dict(
        os.environ, PKG_CONFIG_PATH="", PKG_CONFIG_LIBDIR=str(alone)))
    usage = subprocess.run([program], env=here.environment(), capture_output=True,
                           timeout=PATIENCE)
    assert usage.returncode == 2, usage


def the_library_needs_neither_loop_nor_json():
    dynamic = run("readelf", "-d", installed().libraries / "libgsearch.so")
    assert "libuv" not in dynamic and "libjansson" not in dynamic, dynamic


tap.main(the_examples_build_and_say_the_same,
         only_what_the_headers_declare_is_exported,
         the_soname_has_the_version_of_the_interface,
         the_client_needs_nothing_but_libc,
         the_client_builds_where_only_libc_is_known,
         the_library_needs_neither_loop_nor_json)
