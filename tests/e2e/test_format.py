#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What stands in index files, read by scripts/gss.py, against what the reference analyser sees.

    test_format.py --unicode DIR --opencc DIR --opencc-dict PROGRAM GSEARCH
"""
import argparse
import collections
import json
import math
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ('oracle', 'support', '../scripts'):
    sys.path.insert(0, os.path.join(HERE, '..', folder))

import gss  # noqa: E402
import tap  # noqa: E402
from engine import Engine  # noqa: E402
from model import Analyser, BREAK, Document, Source  # noqa: E402
from oracle import PARTS, many_runs, older, updates  # noqa: E402
from samples import Samples  # noqa: E402

STOP = '\1'


def source_of(segment, number):
    """A document as it is stored."""
    date = segment.columns[b'date'][number]
    text, fields = segment.stored[number]
    title = segment.titles[number].decode() if segment.columns[b'flag'][number] else None
    assert not fields or json.loads(fields)
    return Source(segment.keys[segment.columns[b'rank'][number]].decode(), '', text, title,
                  f'{date // 10000:04}-{date // 100 % 100:02}-{date % 100:02}' if date else None)


def lists_of(documents, starts):
    """Every list as the rules say: key to positions."""
    lists = collections.defaultdict(list)
    for document, start in zip(documents, starts):
        for zone in document.zones:
            keys = zone.keys
            for i, key in enumerate(keys):
                following = keys[i + 1] if i + 1 < len(keys) else ''
                before = keys[i - 1] if i else ''
                if key[0] != 'c':
                    if key != BREAK or before[:1] != 'c':
                        lists[key].append(start + i)
                    continue
                if following[:1] == 'c':
                    lists[key + following[1:]].append(start + i)
                elif following == BREAK:
                    lists[key + STOP].append(start + i)
                if before[:1] == 'w' or following[:1] != 'c' and following != BREAK:
                    lists[key].append(start + i)
            start += len(keys) + 1
    return lists


def check_segment(analyser, segment, grams, words):
    """Returns the documents in it."""
    same = analyser.reference.same
    documents = [Document(analyser, source_of(segment, i)) for i in range(segment.count)]
    for i, document in enumerate(documents):
        assert segment.starts[i + 1] - segment.starts[i] - 1 == document.length, document
        assert segment.columns[b'titl'][i] >= document.zones[0].titled, document
        assert segment.titles[i].decode() == document.title, document
    found = {'c' + same(gram) if gram else BREAK: places for gram, places in grams}
    found |= {'w' + same(word): places for word, places in words}
    wanted = lists_of(documents, segment.starts)
    assert found.keys() == wanted.keys(), found.keys() ^ wanted.keys()
    for key, places in found.items():
        assert places == wanted[key], f'{key}: {places}, should be {wanted[key]}'
    assert segment.lists == len(found)
    assert segment.postings == sum(map(len, found.values()))
    holders = collections.Counter(key[1:] for document in documents for key in document.grams
                                  if isinstance(key, str) and key[0] == 'c')
    characters = segment.characters()
    assert {same(one): count for one, count in characters.items()} == holders
    return [document.source for document in documents]


def check_trigrams(segment, grams, trigrams):
    """Every overlap of two frequent bigrams has a list, and nothing else has."""
    frequent = {gram: set(places) for gram, places in grams
                if len(gram) == 2 and gram[1] != STOP and
                len(places) >= (segment.trigram_min or math.inf)}
    wanted = {left + right[1]: sorted(place for place in frequent[left]
                                      if place + 1 in frequent[right])
              for left in frequent for right in frequent if left[1] == right[0]}
    assert dict(trigrams) == {gram: places for gram, places in wanted.items() if places}
    assert [gram for gram, _ in trigrams] == sorted(gram for gram, _ in trigrams)


DUMPED = re.compile(r'(gram|word) ("(?:[^"\\]|\\.)*") .* count=(\d+) documents=\d+ positions=(.*)')


def check_dump(engine, terms):
    """What `gsearch dump` says, too."""
    wanted = [(kind, term, places) for parts in terms
              for kind, lists in zip(('gram', 'word', 'gram'), parts) for term, places in lists]
    found = []
    for line in engine.run('dump', '-d', 'index', '--all').split('\n'):
        match = DUMPED.match(line)
        if match:
            found.append((match[1], json.loads(match[2]), list(map(int, match[4].split(',')))))
            assert int(match[3]) == len(found[-1][2])
    assert found == wanted


def check_index(options, analyser, seed, state, shape='mixed'):
    samples = Samples(seed, shape)
    sources = samples.sources(20 if shape == 'mixed' else 14, PARTS)
    before = older(samples, sources)
    wanted = {source.id: (source.text, source.title, source.date) for source in sources}
    lists = longest = overlaps = 0
    with tempfile.TemporaryDirectory(prefix='format-') as root:
        engine = Engine(options.gsearch, root)
        for name in state(engine, sources, before):
            live, segments = {}, gss.read(os.path.join(root, 'index'))
            terms = [(list(segment.grams()), list(segment.words()), list(segment.trigrams()))
                     for segment, _ in segments]
            check_dump(engine, terms)
            for (segment, gone), (grams, words, trigrams) in zip(segments, terms):
                found = check_segment(analyser, segment, grams, words)
                check_trigrams(segment, grams, trigrams)
                overlaps += len(trigrams)
                live |= {source.id: (source.text, source.title, source.date)
                         for i, source in enumerate(found) if i not in gone}
                lists += segment.lists
                longest = max([longest] + [len(places) for _, places in grams])
            assert live == wanted, name
    assert shape == 'mixed' or longest >= 8192, 'no list was packed'
    assert shape == 'mixed' or overlaps, 'no trigram had a list'
    return lists


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--unicode', required=True)
    parser.add_argument('--opencc', required=True)
    parser.add_argument('--opencc-dict', required=True)
    parser.add_argument('gsearch')
    options = parser.parse_args()
    options.gsearch = os.path.abspath(options.gsearch)
    analyser = Analyser(options)

    def checked(state, shape='mixed'):
        assert shutil.which('zstd'), 'the zstd program is not installed: see scripts/deps.sh'
        seeds = range(4 if shape == 'mixed' else 1)
        assert sum(check_index(options, analyser, seed, state, shape) for seed in seeds) > 100

    def lists_hold_what_the_reference_sees():
        checked(many_runs)

    def lists_of_long_texts_hold_what_the_reference_sees():
        checked(many_runs, 'long')

    def updates_leave_the_documents_of_the_sources():
        checked(updates)

    tap.main(lists_hold_what_the_reference_sees, lists_of_long_texts_hold_what_the_reference_sees,
             updates_leave_the_documents_of_the_sources)


if __name__ == '__main__':
    main()
