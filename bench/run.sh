#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures building, sizes, queries and the daemon on one corpus and prints one report:
#     bench/run.sh [PATH…]        files and folders as for `gsearch index`; none: a generated sample
# With RECORD=1 the report is also appended to bench/RESULTS.md.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${BUILD:-$root/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gsearch=$build/cli/gsearch
[ -x "$gsearch" ] || { echo "bench: no program in $build; run make first" >&2; exit 1; }
if [ $# -eq 0 ]; then
    "$root/scripts/sample.py" "$work/sample" --documents 20000
    set -- "$work/sample"
fi

# runs a command with its output to descriptor 3 and prints its peak memory in KiB
peak_of='
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=3).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)'

# name of the run, then options of `gsearch index`
measure_build() {
    name=$1
    index=$2
    shift 2
    rm -rf "$index"
    if ! peak=$(python3 -c "$peak_of" "$gsearch" index -d "$index" "$@" 2>"$work/talk" \
        3>"$work/line"); then
        cat "$work/talk" >&2
        exit 1
    fi
    bytes=$(sed 's/.* bytes=\([0-9]*\).*/\1/' "$work/line")
    seconds=$(sed 's/.* seconds=\([0-9.]*\).*/\1/' "$work/line")
    echo "$name $bytes $seconds $peak" | awk '{
        printf "%-28s %8.1f MB %8.2f s %8.1f MB/s %8.0f MiB peak\n",
            $1, $2 / 1e6, $3, $2 / 1e6 / $3, $4 / 1024 }'
}

report() {
    echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores;" \
        "$(cc --version | head -n 1)"
    echo
    echo "build (input bytes, best of 3 runs)"
    for options in "-j 1" "-j 2" "-j 2 --memory 64M"; do
        for i in 1 2 3; do
            # shellcheck disable=SC2086 # options are words
            measure_build "index_$(echo "$options" | tr -d ' -')" "$work/index" $options "$@"
        done | sort -k 6 -n -r | head -n 1
    done
    echo
    echo "sizes"
    "$gsearch" stat -d "$work/index"
    echo
    echo "kernels"
    "$build/bench/bench_kernels"
    echo
    echo "queries in process, one thread, warm, top 10; 100 of each class"
    "$build/bench/prepare" "$work/index" >"$work/documents.jsonl"
    "$build/bench/gen_queries" "$work/documents.jsonl" >"$work/queries.tsv"
    "$build/bench/bench_query" "$work/index" "$work/queries.tsv"
    echo
    echo "phrases over loopback, two search threads beside one client, limit=10 without snippets"
    "$build/bench/bench_daemon" "$work/index"
}

report "$@" | tee "$work/report"
if [ "${RECORD:-0}" = 1 ]; then
    {
        echo
        echo "## $(date -u +%Y-%m-%d), $(git -C "$root" rev-parse --short HEAD)"
        echo
        echo '```'
        cat "$work/report"
        echo '```'
    } >>"$root/bench/RESULTS.md"
fi
