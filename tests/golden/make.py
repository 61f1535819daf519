#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an index that every later build must read, and indexes that every build must refuse.

    make.py --unicode DIR --opencc DIR --opencc-dict PROGRAM GSEARCH

writes v2/index with the program, v2/answers.json with what a scan of the documents finds, and bad/
from v2 by hand. What is there already stays: an index of a format that was released is never made
again.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ('../oracle', '../../scripts'):
    sys.path.insert(0, os.path.join(HERE, folder))

from engine import Engine, write_sources  # noqa: E402
from gss import xxh3  # noqa: E402
from model import Analyser, Collection, Source  # noqa: E402

VERSION = 'v2'
TIME = 1512432000  # of every input
SOURCES = [
    Source('n1', 'corpus/notices.jsonl', '为优化营商环境，现将实施方案印发给你们。二○一七年十二月五日',
           '银川市人民政府办公厅关于印发优化营商环境实施方案的通知', '2017-12-05'),
    Source('n2', 'corpus/notices.jsonl', '銀政辦發〔2017〕116號：優化營商環境。', '通知', '2017-12-11'),
    Source('n3', 'corpus/notices.jsonl', '采购ＰＤ１７２８Ａ型设备一台，增长6.5%。“三公”经费公开、透明。'),
    Source('corpus/annual report.md', 'corpus/annual report.md',
           '# 年度报告\n\nAnnual report of 2016.\n\n' + '第一章 政务公开。\n' * 400),
    Source('corpus/年报.txt', 'corpus/年报.txt', '政务公开年度报告\n𠮷野家 きょう 한국어 营商环境\n'),
]
SOURCES += [Source(f'law{i}', 'corpus/laws.jsonl', f'第{i}条 国有土地上房屋征收补偿安置方案，{2010 + i}年。',
                   f'规定{i}', f'{2010 + i}-01-01') for i in range(12)]
OLDER = [
    Source('n1', 'corpus/notices.jsonl', '草案', '草案', '2017-11-01'),
    Source('gone', 'corpus/notices.jsonl', '营商环境通知 gone'),
    *SOURCES[4:],
]
QUERIES = [
    '营商环境', '營商環境', 'title:通知', '银政办发〔2017〕116号', '政务公开', '公开、透明', '三公经费',
    'pd17*', '6.5', '通知 OR 年报', '征收补偿', '征收补偿 date:2015..',
    '营商环境 -公开', '优化 NEAR/4 环境', '"annual report"', '𠮷野',
    'date:2017-12', '=營商環境', '公', '草案', 'gone', 'きょう', '第一章',
]


def keep_time(root):
    for folder, _, names in os.walk(os.path.join(root, 'corpus')):
        for name in names:
            os.utime(os.path.join(folder, name), (TIME, TIME))


def make_index(options):
    """Two generations: one segment with deleted documents, one with later ones."""
    target = os.path.join(HERE, VERSION)
    with tempfile.TemporaryDirectory() as root:
        engine = Engine(options.gsearch, root)
        for sources in (OLDER, SOURCES):
            write_sources(root, sources)
            keep_time(root)
            engine.index(['corpus'], '-j', '1')
        shutil.copytree(os.path.join(root, 'index'), os.path.join(target, 'index'),
                        ignore=shutil.ignore_patterns('LOCK'))
    collection = Collection(Analyser(options), SOURCES)
    answers = [{'query': query, 'hits': [[hit.document.id, hit.score]
                                         for hit in collection.ask(query)]} for query in QUERIES]
    with open(os.path.join(target, 'answers.json'), 'w', encoding='utf-8') as file:
        json.dump(answers, file, ensure_ascii=False, indent=1)
        file.write('\n')


# ---- indexes to refuse ----


def newest(folder, prefix):
    return os.path.join(folder, max(name for name in os.listdir(folder)
                                    if name.startswith(prefix)))


def change(path, edit):
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    data = edit(data)
    with open(path, 'wb') as file:
        file.write(data)


def flip(at):
    def edit(data):
        data[at] ^= 1
        return data
    return edit


def manifest(before, after):
    """Another manifest, its checksum right."""
    def edit(data):
        body, line, _ = bytes(data).rpartition(b'checksum ')
        assert line and before in body
        body = body.replace(before, after, 1)
        return body + b'checksum %016x\n' % xxh3(body)
    return edit


BAD = {
    'corrupt-segment-chunk': ('seg-', flip(100)),
    'corrupt-segment-sums': ('seg-', flip(-64 - 24 * 14 - 4)),
    'corrupt-segment-table': ('seg-', flip(-64 - 4)),
    'corrupt-segment-footer': ('seg-', flip(-20)),
    'corrupt-segment-short': ('seg-', lambda data: data[:-1]),
    'corrupt-segment-long': ('seg-', lambda data: data + b'\0'),
    'corrupt-segment-magic': ('seg-', flip(1)),
    'corrupt-deletes': ('del-', flip(64)),
    'corrupt-manifest': ('manifest-', flip(40)),
    'corrupt-manifest-order': ('manifest-', manifest(b'documents', b'Documents')),
    'version-manifest': ('manifest-', manifest(b'format 2\n', b'format 3\n')),
    'version-segment': ('seg-', flip(8)),
    'analyzer-version': ('manifest-', manifest(b'analyzer 1\n', b'analyzer 999\n')),
    'analyzer-unicode': ('manifest-', manifest(b'unicode ', b'unicode 9')),
}


def make_bad(name):
    """bad/NAME/ holds the one file that is not as in v2."""
    prefix, edit = BAD[name]
    target = os.path.join(HERE, 'bad', name)
    os.makedirs(target)
    change(shutil.copy(newest(os.path.join(HERE, VERSION, 'index'), prefix), target), edit)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--unicode', required=True)
    parser.add_argument('--opencc', required=True)
    parser.add_argument('--opencc-dict', required=True)
    parser.add_argument('gsearch')
    options = parser.parse_args()
    options.gsearch = os.path.abspath(options.gsearch)
    if not os.path.exists(os.path.join(HERE, VERSION)):
        make_index(options)
    for name in BAD:
        if not os.path.exists(os.path.join(HERE, 'bad', name)):
            make_bad(name)


if __name__ == '__main__':
    main()
