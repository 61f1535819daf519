#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A first look: makes a sample corpus, indexes it, starts the daemon on a port that the kernel picks
# and asks it through nc. What is typed is shown as it is typed. Nothing stays behind but the build.
set -euo pipefail
cd "$(dirname "$0")/.."

documents=2000
patience=100 # tenths of a second that the daemon may take to start

[[ -f build/build.ninja ]] || meson setup build >&2
ninja -C build cli/gsearch >&2
PATH=$PWD/build/cli:$PATH

home=$(mktemp -d)
daemon=
clean_up() {
    if [[ -n $daemon ]]; then
        kill "$daemon" 2>/dev/null || true
        wait "$daemon" || true
    fi
    rm -rf "$home"
}
trap clean_up EXIT

# Shows a command as it would be typed, and runs it.
show() {
    echo
    echo "\$ $1"
    eval "$1"
}

# The same for one request to the daemon.
ask() {
    echo
    echo "\$ printf '$1\\n' | nc -N 127.0.0.1 $port"
    printf '%s\n' "$1" | nc -N 127.0.0.1 "$port"
}

scripts/sample.py "$home/公开文件" --documents "$documents"
cd "$home"
show "gsearch index 公开文件/"
show "gsearch stat"
show "gsearch search --limit 2 '优化营商环境 date:2017..2019'"

echo
echo "\$ gsearch serve --listen 127.0.0.1:0 &"
gsearch serve --listen 127.0.0.1:0 2>serve.log &
daemon=$!
for ((i = 0; i < patience; i++)); do
    grep -q '^listening on ' serve.log && break
    kill -0 "$daemon" 2>/dev/null || { cat serve.log >&2; exit 1; }
    sleep 0.1
done
cat serve.log
port=$(sed -n 's/^listening on .*://p' serve.log)

ask 'PING'
ask 'SEARCH limit=2 政务公开'
echo
echo '# Typed in traditional characters; finds what is written in either script.'
ask 'SEARCH limit=2 優化營商環境'
ask 'COUNT 优化营商环境'
ask 'SEARCH limit=1 snippet=off facet=date title:年度报告 -食品安全'
ask 'SEARCH "三公经费'
ask 'STATS'
show "gsearch search --connect 127.0.0.1:$port -c '“三公”经费'"

kill "$daemon"
wait "$daemon" || true
daemon=
echo
echo "The daemon has stopped; the sample and its index are gone."
