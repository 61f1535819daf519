#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that a task needs, if they are missing:
# deps.sh build|test|demo|peers …
# It says what it will install, and touches neither network nor system when nothing is missing.
set -euo pipefail

build=(gcc libc6-dev meson ninja-build pkg-config python3
       libuv1-dev libzstd-dev libutf8proc-dev libxxhash-dev libjansson-dev libcmocka-dev
       opencc libopencc-data unicode-data)
test=("${build[@]}" g++ gcovr netcat-openbsd zstd strace e2fsprogs xfsprogs
      clang-14 libclang-rt-14-dev)
demo=("${build[@]}" netcat-openbsd)
peers=(g++ libgroonga-dev libxapian-dev libsqlite3-dev maven default-jdk-headless)

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

if ! command -v apt-get >/dev/null; then
    echo "deps: this is not Debian; install by hand what scripts/deps.sh lists" >&2
    exit 0
fi

missing=()
for task in "$@"; do
    case $task in
    build) wanted=("${build[@]}") ;;
    test) wanted=("${test[@]}") ;;
    demo) wanted=("${demo[@]}") ;;
    peers) wanted=("${peers[@]}") ;;
    *)
        echo "usage: $0 build|test|demo|peers …" >&2
        exit 2
        ;;
    esac
    for package in "${wanted[@]}"; do
        if ! is_installed "$package" && [[ " ${missing[*]} " != *" $package "* ]]; then
            missing+=("$package")
        fi
    done
done
((${#missing[@]})) || exit 0

as_root=()
((EUID == 0)) || as_root=(sudo)
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
         apt-get install -y --no-install-recommends "${missing[@]}")
echo "deps: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -q >&2
"${install[@]}" >&2
