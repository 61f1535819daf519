#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random corpora and queries: the program against a scan of every document.

Documents, totals, order, scores to the last bit, dates, facets and marks are compared, for one
segment and many, before and after a merge and after updates. A difference is printed with the
smallest corpus that still shows it.

    oracle.py --unicode DIR --opencc DIR --opencc-dict PROGRAM [--comparisons N] [--seed N] GSEARCH

With GS_TEST_FULL at least 200,000 comparisons are made, whatever N says.
"""
import argparse
import collections
import dataclasses
import json
import os
import shutil
import sys
import tempfile

from engine import Engine, write_sources
from model import Analyser, Collection, Document, Source
from querylanguage import Refused, parse, parse_question
from samples import Samples

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'support'))
import tap  # noqa: E402

PARTS = 4
# How many documents a corpus has, and how many queries are asked in every state of its indexes.
SHAPES = {'mixed': ((3, 10, 30, 60), 400), 'long': ((16,), 60), 'tiny': ((2000,), 60)}
MINIMISER_STEPS = 200
COMPARISONS_FULL = 200000
SHAPED_CORPORA_FULL = 10


# ---- requests -------------------------------------------------------------------------------


@dataclasses.dataclass
class Request:
    query: str
    sort: str = 'score'
    limit: object = 'all'
    offset: int = 0
    facet: bool = False
    total: bool = True
    match: str = 'exact'
    count: bool = False

    def line(self):
        if self.count:
            return f'COUNT match={self.match} -- {self.query}'
        return (f'SEARCH limit={self.limit} offset={self.offset} sort={self.sort} '
                f'match={self.match} total={"exact" if self.total else "none"} '
                f'{"facet=date " if self.facet else ""}-- {self.query}')


def random_request(samples, sources):
    choose = samples.random
    if choose.random() < 0.15:
        request = Request(samples.question(sources), match='any')
    else:
        request = Request(samples.query(sources))
    draw = choose.random()
    if draw < 0.2:
        request.sort = choose.choice(('date', '-date'))
    elif draw < 0.4:
        request.limit, request.offset = choose.randint(1, 12), choose.choice((0, 0, 3, 9))
        request.total = choose.random() < 0.3  # without, what cannot become a row is passed over
    elif draw < 0.5:
        request.facet = True
    elif draw < 0.55:
        request.count = True
    return request


def expected(collection, request):
    """(facets or None, all hits in order), or None if the query is refused."""
    try:
        read = parse if request.match == 'exact' else parse_question
        hits = collection.run(read(collection.analyser, request.query))
    except Refused:
        return None
    facets = None
    if request.facet:
        years = collections.Counter(f'{hit.document.date // 10000:04}' for hit in hits
                                    if hit.document.date)
        facets = sorted(map(list, years.items()), key=lambda row: (-row[1], row[0]))
    if request.sort != 'score':
        sign = -1 if request.sort == '-date' else 1
        hits.sort(key=lambda hit: (hit.document.date == 0, sign * hit.document.date))
    return facets, hits


def fault(request, wanted, reply):
    """What is wrong with a reply; None if nothing is."""
    first, rows = reply
    if wanted is None:
        return None if first.startswith('ERR bad-query ') else f'{first!r} for a query to refuse'
    if not first.startswith('OK '):
        return f'{first!r} for a query to answer'
    facets, hits = wanted
    head = dict(word.split('=') for word in first.split()[1:])
    if head.get('total') != (str(len(hits)) if request.total else None):
        return f'{first!r}, should be {len(hits)}: {[hit.document.id for hit in hits]}'
    if request.count:
        return f'rows for COUNT: {rows}' if rows else None
    if request.facet:
        found = rows.pop(0)['facets']['date']
        if found != facets:
            return f'facets {found}, should be {facets}'
    stop = len(hits) if request.limit == 'all' else request.offset + request.limit
    hits = hits[request.offset:stop]
    if int(head['hits']) != len(rows):
        return f'hits={head["hits"]} but {len(rows)} rows'
    found = [row['id'] for row in rows]
    if found != [hit.document.id for hit in hits]:
        return f'ids {found}, should be {[hit.document.id for hit in hits]}'
    for rank, (row, hit) in enumerate(zip(rows, hits), request.offset + 1):
        reason = fault_of_row(row, hit, rank)
        if reason:
            return f'{row["id"]}: {reason}'
    return None


def fault_of_row(row, hit, rank):
    document = hit.document
    date = f'{document.date // 10000:04}-{document.date // 100 % 100:02}-{document.date % 100:02}'
    wanted = {'rank': rank, 'score': hit.score, 'title': document.title or None,
              'date': date if document.date else None}
    for name, value in wanted.items():
        if row.get(name) != value:
            return f'{name} {row.get(name)!r}, should be {value!r}'
    reason = hit.fault_of_snippet(row['snippet'], row['marks'])
    return reason and f'snippet {row["snippet"]!r} with {row["marks"]}: {reason}'


# ---- states of an index ---------------------------------------------------------------------


def one_run(engine, sources, _):
    write_sources(engine.root, sources)
    engine.index(['corpus'], '-j', '1')
    yield 'one run with one thread'
    found = engine.segments()
    shutil.rmtree(os.path.join(engine.root, 'index'))
    engine.index(['corpus'], '-j', '4', '--memory', '16M')
    assert engine.segments() == found, 'four threads and little memory make other segments'


def many_runs(engine, sources, _):
    write_sources(engine.root, sources)
    for part in sorted({source.path.split('/')[1] for source in sources}):
        engine.index([f'corpus/{part}'], '-j', '4')
    yield 'one run for each part'
    engine.merge()
    yield 'one run for each part, merged'


def updates(engine, sources, before):
    write_sources(engine.root, before)
    for part in sorted({source.path.split('/')[1] for source in before}):
        engine.index([f'corpus/{part}'], '-j', '1')
    shutil.rmtree(os.path.join(engine.root, 'corpus'))
    write_sources(engine.root, sources)
    engine.index(['corpus'], '-j', '4')
    yield 'updated'
    engine.merge('--small')
    yield 'updated and merged into small files'


STATES = one_run, many_runs, updates


def older(samples, sources):
    """What the corpus was before: documents that changed, that are gone, that were not there."""
    found = []
    for source in sources:
        draw = samples.random.random()
        if draw < 0.2:
            found.append(dataclasses.replace(source, text=samples.text(20) + '公'))
        elif draw < 0.8:
            found.append(source)
    for number in range(len(sources) // 4):
        found.append(Source(f'gone{number}', f'corpus/p{number % PARTS}/records0.jsonl',
                            samples.text(20) + '公'))
    return found or sources


# ---- differences ----------------------------------------------------------------------------


class Difference(AssertionError):
    pass


def first_fault(options, state, sources, before, requests, wanted, counted=None):
    """(request number, name of the state, reason) of the first wrong answer; None if all agree."""
    with tempfile.TemporaryDirectory(prefix='oracle-') as root:
        engine = Engine(options.gsearch, root)
        for name in state(engine, sources, before):
            with engine:
                replies = engine.ask([request.line() for request in requests])
                for number, (request, reply) in enumerate(zip(requests, replies, strict=True)):
                    reason = fault(request, wanted[number], reply)
                    if reason:
                        return number, name, reason
                    if counted is not None:
                        counted[0] += 1
    return None


def minimised(options, analyser, state, sources, before, request):
    """Drops documents as long as the answer stays wrong."""
    def wrong(sources, before):
        if not sources or not before:
            return None
        wanted = expected(Collection(analyser, sources), request)
        return first_fault(options, state, sources, before, [request], [wanted])

    found = wrong(sources, before)
    steps, size = 0, max(1, len(sources) // 2)
    while found and size and steps < MINIMISER_STEPS:
        at = 0
        while at < len(sources) and steps < MINIMISER_STEPS:
            steps += 1
            dropped = {source.id for source in sources[at:at + size]}
            fewer = [source for source in sources if source.id not in dropped]
            fewer_before = [source for source in before if source.id not in dropped]
            again = wrong(fewer, fewer_before)
            if again:
                sources, before, found = fewer, fewer_before, again
            else:
                at += size
        size //= 2
    return sources, before, found


def report(options, analyser, state, sources, before, request, seed, fault_found):
    sources, before, found = minimised(options, analyser, state, sources, before, request)
    lines = [f'seed {seed}, {fault_found[1]}: {fault_found[2]}', f'request {request.line()!r}']
    if found:
        lines.append(f'smallest corpus, {found[1]}: {found[2]}')
        lines += [f'  {source}' for source in sources]
        if state is updates:
            lines += ['before:'] + [f'  {source}' for source in before]
    else:
        lines.append('alone the request is answered well')
    raise Difference('\n'.join(lines))


def compare_corpus(options, analyser, seed, counted, shape='mixed'):
    samples = Samples(seed, shape)
    sizes, queries = SHAPES[shape]
    sources = samples.sources(samples.random.choice(sizes), PARTS)
    before = older(samples, sources)
    requests = [random_request(samples, sources) for _ in range(queries)]
    collection = Collection(analyser, sources)
    wanted = [expected(collection, request) for request in requests]
    for state in STATES:
        found = first_fault(options, state, sources, before, requests, wanted, counted)
        if found:
            report(options, analyser, state, sources, before, requests[found[0]], seed, found)


# ---- cases ----------------------------------------------------------------------------------


def acid_set():
    """(documents, [(query, ids)]) of tests/data/acid.tsv."""
    sources, queries = [], []
    path = os.path.join(os.path.dirname(__file__), '..', 'data', 'acid.tsv')
    with open(path, encoding='utf-8') as file:
        for line in file:
            cells = line.rstrip('\n').split('\t')
            if cells[0] == 'document':
                sources.append(Source(cells[1], f'corpus/p{int(cells[1]) % PARTS}/acid.jsonl',
                                      cells[2].replace('\\n', '\n')))
            elif cells[0] == 'query':
                queries += [(query, set(cells[3].split())) for query in cells[1:3]]
    return sources, queries


class Cases:
    def __init__(self, options):
        self.options, self.analyser = options, Analyser(options)

    def scan_answers_the_acid_set(self):
        sources, queries = acid_set()
        assert len(sources) > 10 and len(queries) > 30
        collection = Collection(self.analyser, sources)
        for query, ids in queries:
            found = {hit.document.id for hit in collection.ask(query)}
            assert found == ids, f'{query}: {found}, should be {ids}'

    def program_answers_the_acid_set_as_the_scan_does(self):
        sources, queries = acid_set()
        collection = Collection(self.analyser, sources)
        requests = [Request(query) for query, _ in queries]
        wanted = [expected(collection, request) for request in requests]
        for state in STATES:
            found = first_fault(self.options, state, sources, sources, requests, wanted)
            assert not found, f'{requests[found[0]].query}: {found}'

    def wrong_answers_are_noticed(self):
        sources, _ = acid_set()
        collection = Collection(self.analyser, sources)
        request = Request('营商环境')
        wanted = expected(collection, request)
        with tempfile.TemporaryDirectory() as root:
            engine = Engine(self.options.gsearch, root)
            for _ in many_runs(engine, sources, None):
                with engine:
                    first, rows = next(engine.ask([request.line()]))
        assert fault(request, wanted, (first, rows)) is None and len(rows) == 2
        assert fault(request, wanted, (first, rows[::-1]))
        assert fault(request, wanted, (first.replace('total=2', 'total=3'), rows))
        assert fault(request, None, (first, rows))
        for name, value in (('score', rows[0]['score'] * (1 + 2 ** -52)), ('marks', []),
                            ('snippet', rows[0]['snippet'][::-1]), ('title', 'x')):
            assert fault(request, wanted, (first, [{**rows[0], name: value}, rows[1]])), name

    def random_queries_find_what_a_scan_finds(self):
        counted, seed = [0], self.options.seed
        while counted[0] < self.options.comparisons:
            compare_corpus(self.options, self.analyser, seed, counted)
            seed += 1
        print(f'# figure: comparisons with a scan: {counted[0]} of '
              f'{seed - self.options.seed} corpora, from seed {self.options.seed} on, 0 different')

    def compare_shape(self, shape):
        counted, corpora = [0], SHAPED_CORPORA_FULL if self.options.full else 1
        for seed in range(self.options.seed, self.options.seed + corpora):
            compare_corpus(self.options, self.analyser, seed, counted, shape)
        print(f'# figure: comparisons with a scan: {counted[0]} of {corpora} {shape} corpora, '
              '0 different')

    def queries_of_long_texts_find_what_a_scan_finds(self):
        self.compare_shape('long')

    def queries_of_many_tiny_documents_find_what_a_scan_finds(self):
        self.compare_shape('tiny')

    def documents_come_back_as_they_were_given(self):
        samples = Samples(self.options.seed)
        sources = samples.sources(60, PARTS)
        for state in STATES:
            with tempfile.TemporaryDirectory(prefix='oracle-') as root:
                engine = Engine(self.options.gsearch, root)
                for name in state(engine, sources, older(samples, sources)):
                    with engine:
                        replies = engine.ask([f'GET {json.dumps(source.id)}'
                                              for source in sources])
                        for source, (first, rows) in zip(sources, replies, strict=True):
                            assert first.startswith('OK generation='), first
                            title = Document(self.analyser, source).title or None
                            wanted = source.id, source.text, title, source.date
                            found = [rows[0].get(key) for key in ('id', 'text', 'title', 'date')]
                            assert tuple(found) == wanted, f'{name}: {found}, should be {wanted}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--unicode', required=True)
    parser.add_argument('--opencc', required=True)
    parser.add_argument('--opencc-dict', required=True)
    parser.add_argument('--comparisons', type=int, default=20000)
    parser.add_argument('--seed', type=int, default=20171205)
    parser.add_argument('gsearch')
    options = parser.parse_args()
    options.gsearch = os.path.abspath(options.gsearch)
    options.full = bool(os.environ.get('GS_TEST_FULL'))
    if options.full:
        options.comparisons = max(options.comparisons, COMPARISONS_FULL)
    cases = Cases(options)
    tap.main(cases.scan_answers_the_acid_set,
             cases.program_answers_the_acid_set_as_the_scan_does,
             cases.wrong_answers_are_noticed,
             cases.random_queries_find_what_a_scan_finds,
             cases.queries_of_long_texts_find_what_a_scan_finds,
             cases.queries_of_many_tiny_documents_find_what_a_scan_finds,
             cases.documents_come_back_as_they_were_given)


if __name__ == '__main__':
    main()
