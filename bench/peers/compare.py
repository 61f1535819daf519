#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sets what the peers printed side by side: compare.py NAME=FILE… ; one of the names is `gsearch`.

A file holds the lines that bench/peers/peer.h describes. Prints building, size, the mean and the
99th percentile of each class, the ratio of the best peer to gsearch, and every class in which a
peer finds other numbers of matches. Such a difference needs a reason that is named here: without
one it is printed as a fault and the exit status is 1."""

import collections
import sys

PRODUCT = "gsearch"
MODES = {"exact": "top 10 and the exact number of matches", "top10": "top 10 alone"}

# (engine, class): (which way its numbers may differ, why)
REASONS = {
    ("fts5", "near"): ("more", "a tokenizer of FTS5 cannot count breaks as positions"),
}


class Peer:
    """What one engine printed."""

    def __init__(self, lines):
        self.version = "–"
        self.seconds = self.text_bytes = self.index_bytes = None
        self.times = collections.defaultdict(dict)  # (class, mode): number: microseconds
        self.matches = collections.defaultdict(dict)  # class: number: matches
        for line in lines:
            kind, *fields = line.rstrip("\n").split("\t")
            if kind == "version":
                self.version = fields[0]
            elif kind == "build":
                self.seconds, self.text_bytes = float(fields[0]), int(fields[1])
            elif kind == "size":
                self.index_bytes = int(fields[0])
            elif kind == "query":
                name, number, mode, matches, microseconds = fields
                self.times[name, mode][int(number)] = float(microseconds)
                if matches != "-":
                    self.matches[name][int(number)] = int(matches)
            else:
                raise ValueError(f"what is this: {line!r}")


def mean(times):
    return sum(times.values()) / len(times)


def percentile_99(times):
    ordered = sorted(times.values())
    return ordered[-(-len(ordered) * 99 // 100) - 1]  # the nearest rank


def number(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}"


def table(rows):
    """Columns as wide as they need, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        print("  ".join([row[0].ljust(widths[0])] + cells[1:]).rstrip())
    print()


def classes_of(peers):
    """In the order of the queries."""
    first = {}
    for peer in peers.values():
        for (name, _), times in peer.times.items():
            first[name] = min(first.get(name, sys.maxsize), min(times))
    return sorted(first, key=first.get)


def compare_building(peers):
    own = peers[PRODUCT]
    text_bytes = next(peer.text_bytes for peer in peers.values() if peer.text_bytes)
    rows = [["", "version", "build s", "MB/s", f"÷ {PRODUCT}", "index MB", "of the text"]]
    for name, peer in peers.items():
        seconds = peer.seconds
        rows.append([
            name, peer.version,
            f"{seconds:.1f}" if seconds else "–",
            f"{peer.text_bytes / 1e6 / seconds:.1f}" if seconds else "–",
            f"{seconds / own.seconds:.1f}" if seconds and own.seconds and peer is not own else "–",
            f"{peer.index_bytes / 1e6:.1f}", f"{peer.index_bytes / text_bytes:.2f}"])
    table(rows)


def compare_times(peers, mode, measure):
    """One row a class; the last column says by how much the product is ahead of the best peer."""
    rows = [[""] + list(peers) + ["best peer ÷ " + PRODUCT]]
    for name in classes_of(peers):
        values = {peer: measure(each.times[name, mode]) for peer, each in peers.items()
                  if each.times.get((name, mode))}
        others = [value for peer, value in values.items() if peer != PRODUCT]
        rows.append([name] + [number(values[peer]) if peer in values else "–" for peer in peers]
                    + [f"{min(others) / values[PRODUCT]:.2f}"
                       if others and PRODUCT in values else "–"])
    table(rows)


def disagreements(peers):
    """(engine, class, queries that differ, all of them, an example, reason or None)."""
    own = peers[PRODUCT]
    for engine, peer in peers.items():
        for name, found in peer.matches.items():
            differing = [query for query, matches in found.items()
                         if matches != own.matches[name].get(query)]
            if not differing:
                continue
            way, reason = REASONS.get((engine, name), (None, None))
            if any((found[query] > own.matches[name].get(query, 0)) != (way == "more")
                   for query in differing):
                reason = None
            example = differing[0]
            yield (engine, name, len(differing), len(found),
                   f"query {example}: {found[example]}, "
                   f"{PRODUCT} {own.matches[name].get(example)}", reason)


def compare_matches(peers):
    good = True
    for engine, name, differing, count, example, reason in disagreements(peers):
        good &= reason is not None
        print(f"{engine} {name}: {differing} of {count} queries find another number of documents "
              f"({example}): {reason or 'NO KNOWN REASON'}")
    compared = sum(len(found) for engine, peer in peers.items() if engine != PRODUCT
                   for found in peer.matches.values())
    print(f"{compared} numbers of matches compared with those of {PRODUCT}")
    return good and compared > 0


def main():
    peers = {}
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        with open(path, encoding="utf-8") as lines:
            peers[name] = Peer(lines)
    if PRODUCT not in peers or len(peers) < 2:
        sys.exit(__doc__)
    compare_building(peers)
    for mode, title in MODES.items():
        print(f"{title}: mean, in microseconds")
        compare_times(peers, mode, mean)
        print(f"{title}: 99th percentile, in microseconds")
        compare_times(peers, mode, percentile_99)
    return 0 if compare_matches(peers) else 1


if __name__ == "__main__":
    sys.exit(main())
