#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets gsearch and its peers side by side on one corpus, on one core, and prints the ratios:
#     bench/peers/run.sh [--keep DIR] [PATH…]
# PATHs are files and folders as for `gsearch index`; without one, a generated sample. With --keep
# all that is made stays in DIR, and a second run takes the indexes that are there; else nothing
# stays. PEERS names the engines (all), QUERIES the number of queries of each class (100). README.md
# says what is compared.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
read -ra peers <<<"${PEERS:-lucene tantivy xapian groonga fts5 trigram}"
queries=${QUERIES:-100}
sample=20000

work=
if [[ ${1:-} == --keep ]]; then
    work=$2
    shift 2
    mkdir -p "$work"
    work=$(cd "$work" && pwd)
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work/bin" "$work/out"

[[ -x $build/cli/gsearch ]] || { echo "peers: no program in $build; run make first" >&2; exit 1; }
pin=(taskset -c $(($(nproc) - 1)))

# ---- the same documents and queries for all ----

if [[ ! -s $work/queries.tsv ]]; then
    if (($# == 0)); then
        "$root/scripts/sample.py" "$work/sample" --documents "$sample"
        set -- "$work/sample"
    fi
    "$build/cli/gsearch" index -d "$work/source" "$@" >&2
    "$build/bench/prepare" "$work/source" >"$work/documents.jsonl"
    "$build/bench/gen_queries" "$work/documents.jsonl" "$queries" >"$work/queries.tsv"
fi

# ---- a program for each engine: $work/bin/NAME INDEX DOCUMENTS QUERIES [reuse] ----

compile() {
    "$@" -O2 -Wall -Wextra -D_GNU_SOURCE -I"$root" -I"$root/include"
}

link=("$build/bench/libgs_measure.a" "$build/common/base/libgs_base.a" -ljansson -lxxhash -lm)

make_c() { # name, source, what the engine needs
    local name=$1 source=$2
    shift 2
    compile cc -std=gnu11 -o "$work/bin/$name" "$root/bench/peers/peer.c" \
        "$root/bench/peers/$source" "${link[@]}" "$@"
}

make_gsearch() {
    make_c gsearch peer_gsearch.c -L"$build" -lgsearch -Wl,-rpath,"$build"
}

make_fts5() {
    make_c fts5 peer_fts5.c -lsqlite3
}

make_trigram() {
    make_c trigram peer_fts5.c -DPEER_TRIGRAM -lsqlite3
}

make_groonga() {
    # shellcheck disable=SC2046 # options are words
    make_c groonga peer_groonga.c $(pkg-config --cflags --libs groonga)
}

make_xapian() {
    compile cc -std=gnu11 -c -o "$work/bin/peer.o" "$root/bench/peers/peer.c"
    # shellcheck disable=SC2046
    compile c++ -o "$work/bin/xapian" "$root/bench/peers/peer_xapian.cc" "$work/bin/peer.o" \
        "${link[@]}" $(xapian-config --cxxflags --libs)
}

make_tantivy() {
    command -v cargo >/dev/null ||
        { echo "peers: Tantivy needs cargo, newer than Debian 12's: install it, or set PEERS" >&2
          exit 1; }
    cargo build --quiet --release --locked --manifest-path "$root/bench/peers/tantivy/Cargo.toml" \
        --target-dir "$work/cargo"
    cp "$work/cargo/release/peer-tantivy" "$work/bin/tantivy"
}

newest_java() { # the folder of the newest JDK; JAVA_HOME if that is set
    local javac
    for javac in ${JAVA_HOME:+"$JAVA_HOME/bin/javac"} /usr/lib/jvm/*/bin/javac; do
        echo "$("$javac" -version 2>&1 | sed 's/[^0-9]*\([0-9]*\).*/\1/') ${javac%/bin/javac}"
        [[ -z ${JAVA_HOME:-} ]] || break
    done | sort -n | tail -n 1 | cut -d ' ' -f 2
}

make_lucene() {
    local java
    java=$(newest_java)
    mkdir -p "$work/lucene"
    cp -r "$root/bench/peers/lucene/." "$work/lucene"
    JAVA_HOME=$java mvn -q -B -f "$work/lucene/pom.xml" package >&2
    cat >"$work/bin/lucene" <<SCRIPT
#!/bin/sh
exec "$java/bin/java" -Xms4g -Xmx4g -XX:+UseSerialGC --add-modules jdk.incubator.vector \\
    --enable-native-access=ALL-UNNAMED \\
    -cp "$work/lucene/target/classes:$work/lucene/target/dependency/*" Peer "\$@"
SCRIPT
    chmod +x "$work/bin/lucene"
}

# ---- one after the other ----

run() {
    local name=$1
    local -a reuse=()
    if [[ -f $work/out/$name.build ]]; then
        reuse=(reuse)
    else
        rm -rf "$work/index-$name"
    fi
    echo "peers: $name" >&2
    "${pin[@]}" "$work/bin/$name" "$work/index-$name" "$work/documents.jsonl" \
        "$work/queries.tsv" "${reuse[@]}" >"$work/out/$name.tsv"
    if ((${#reuse[@]} == 0)); then
        grep '^build' "$work/out/$name.tsv" >"$work/out/$name.build"
    else
        cat "$work/out/$name.build" >>"$work/out/$name.tsv"
    fi
}

arguments=()
for name in gsearch "${peers[@]}"; do
    "make_$name"
    run "$name"
    arguments+=("$name=$work/out/$name.tsv")
done
"$root/bench/peers/compare.py" "${arguments[@]}"
