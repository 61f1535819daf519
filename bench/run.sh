#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures in parts and prints one table of what came out:
#     bench/run.sh [PATH…]    files and folders as for `gsearch index`
# Without a PATH it is the short form, some minutes on a small generated corpus; FULL=1 generates a
# gigabyte. PARTS names the parts to run, as in the list below; what the others left in
# `bench-results` of the build folder stays, so that one can be repeated alone. RECORD=1 then
# appends everything to bench/RESULTS.md and draws bench/plots again. WORK is an empty folder that
# is to keep the index of the corpus, for the next run on the same one.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${BUILD:-$root/build}
results=$build/bench-results
parts=${PARTS:-kernels build merge sizes query threads daemon growth segments}
if [ -n "${WORK:-}" ]; then
    work=$WORK
    mkdir -p "$work"
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/gsearch-bench.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
fi

gsearch=$build/cli/gsearch
bench=$build/bench
if ! [ -x "$bench/bench_threads" ]; then
    echo "bench: no programs in $build; run make first" >&2
    exit 1
fi
mkdir -p "$results"

if [ $# -gt 0 ] || [ "${FULL:-0}" = 1 ]; then
    passes=8 rounds=3 build_megabytes=100 queries=500 seconds=3
    sizes="10 30 100 300 1000" growth_queries=100
    segments="1 2 4 8 16" segment_megabytes=100 merge_megabytes=300
    made_megabytes=1000
else
    passes=2 rounds=1 build_megabytes=20 queries=100 seconds=1
    sizes="1 3 10 30" growth_queries=50
    segments="1 4 16" segment_megabytes=10 merge_megabytes=30
    made_megabytes=30
fi

# Runs a command and prints its wall time in seconds and its peak memory in MiB.
timed() {
    python3 -c '
import resource, subprocess, sys, time
before = time.monotonic()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
seconds = time.monotonic() - before
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{seconds:.3f} {peak:.0f}")
sys.exit(status)' "$@"
}

# Prints rows under one head: of rows that begin alike up to column $1, the one least in column $2.
best_rows() {
    awk -v key="$1" -v value="$2" '
        NR == 1 { head = $0; print; next }
        $0 == head { next }
        {
            name = ""
            for (i = 1; i <= key; i++) name = name " " $i
            if (!(name in least)) order[++count] = name
            if (!(name in least) || $value < least[name]) {
                least[name] = $value
                row[name] = $0
            }
        }
        END { for (i = 1; i <= count; i++) print row[order[i]] }'
}

megabytes_of() {
    find -L "$@" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.1f", sum / 1e6 }'
}

measure_kernels() {
    "$bench/bench_kernels" "$passes" >"$results/kernels.txt"
}

measure_build() {
    for _ in $(seq "$rounds"); do
        for kind in "" without-text; do
            # shellcheck disable=SC2086 # no argument if empty
            "$bench/bench_build" "$work/source" "$work/built" "$build_megabytes" 1 $kind
            rm -rf "$work/built"
        done
    done | best_rows 4 5 >"$results/build.txt"
    input=$(megabytes_of "$@")
    {
        echo "threads memory input_MB seconds MB/s peak_MiB"
        for _ in $(seq "$rounds"); do
            for options in "1 256M" "2 256M" "2 64M"; do
                threads=${options% *} memory=${options#* }
                rm -rf "$work/built"
                taken=$(timed "$gsearch" index -d "$work/built" -j "$threads" \
                    --memory "$memory" "$@")
                echo "$threads $memory $input $taken" |
                    awk '{ printf "%s %s %s %s %.1f %s\n", $1, $2, $3, $4, $3 / $4, $5 }'
            done
        done
    } | best_rows 2 4 >"$results/cli.txt"
    rm -rf "$work/built"
}

measure_merge() {
    "$bench/bench_build" "$work/source" "$work/parts" "$merge_megabytes" 16 >"$work/row"
    {
        echo "segments index_MB seconds MB/s peak_MiB merged_MB"
        for _ in $(seq "$rounds"); do
            cp -r "$work/parts" "$work/merged"
            sync -f "$work/merged"
            before=$(find "$work/merged" -name 'seg-*' -printf '%s\n' |
                awk '{ sum += $1 } END { printf "%.1f", sum / 1e6 }')
            taken=$(timed "$gsearch" merge -d "$work/merged")
            after=$("$gsearch" stat -d "$work/merged" |
                awk '$1 == "index_bytes" { print $2 / 1e6 }')
            echo "$before $taken $after" |
                awk '{ printf "16 %s %s %.1f %s %.1f\n", $1, $2, $1 / $2, $3, $4 }'
            rm -rf "$work/merged"
        done
    } | best_rows 1 3 >"$results/merge.txt"
    rm -rf "$work/parts"
}

measure_sizes() {
    "$gsearch" stat -d "$work/source" >"$results/sizes.txt"
}

need_queries() {
    [ -e "$work/queries" ] && return
    "$bench/prepare" "$work/source" >"$work/documents"
    "$bench/gen_queries" "$work/documents" "$queries" >"$work/queries"
    rm "$work/documents"
}

measure_query() {
    need_queries
    "$bench/bench_query" "$work/source" "$work/queries" >"$results/query.txt"
}

measure_threads() {
    need_queries
    "$bench/bench_threads" "$work/source" "$work/queries" "$seconds" >"$results/threads.txt"
}

measure_daemon() {
    "$bench/bench_daemon" "$work/source" "$seconds" >"$results/daemon.txt"
}

# The same queries, drawn from the first text, of every step: name, then megabytes:commits of each.
measure_series() {
    name=$1
    shift
    rm -f "$results/$name"-*.txt "$work/series-queries"
    for step in "$@"; do
        size=${step%:*} commits=${step#*:}
        "$bench/bench_build" "$work/source" "$work/series" "$size" "$commits" \
            >"$results/$name-build-$size-$commits.txt"
        if ! [ -e "$work/series-queries" ]; then
            "$bench/prepare" "$work/series" >"$work/documents"
            "$bench/gen_queries" "$work/documents" "$growth_queries" >"$work/series-queries"
        fi
        "$bench/bench_query" "$work/series" "$work/series-queries" \
            >"$results/$name-query-$size-$commits.txt"
        rm -rf "$work/series"
    done
}

measure_growth() {
    # shellcheck disable=SC2046 # words
    measure_series growth $(for size in $sizes; do echo "$size:1"; done)
}

measure_segments() {
    # shellcheck disable=SC2046 # words
    measure_series segments $(for count in $segments; do echo "$segment_megabytes:$count"; done)
}

corpus="files given"
if [ $# -eq 0 ]; then
    corpus=generated
    [ -e "$work/source" ] || "$bench/gen_corpus" "$made_megabytes" >"$work/made.jsonl"
    set -- "$work/made.jsonl"
fi
[ -e "$work/source" ] || "$gsearch" index -d "$work/source" "$@" >"$work/line"
rm -rf "$work/built" "$work/parts" "$work/merged" "$work/series" # of a run that was broken off
{
    echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores"
    echo "compiler: $(cc --version | head -n 1)"
    echo "commit: $(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)"
    echo "date: $(date -u +%Y-%m-%d)"
    echo "corpus: $corpus, $(megabytes_of "$@") MB," \
        "$(sed 's/added=\([0-9]*\).*/\1/' "$work/line") documents"
} >"$results/machine.txt"
for part in $parts; do
    began=$(date +%s)
    "measure_$part" "$@"
    echo "$part $(($(date +%s) - began)) s" >"$results/took-$part.txt"
    echo "bench: $(cat "$results/took-$part.txt")" >&2
done
"$root/bench/report.py" "$results"
if [ "${RECORD:-0}" = 1 ]; then
    "$root/bench/report.py" --record "$root/bench" "$results"
fi
