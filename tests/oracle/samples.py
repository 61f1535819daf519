# SPDX-License-Identifier: Apache-2.0
"""Random documents and queries. Everything comes from a seed."""
import random
import re

from model import Source
from querylanguage import BRACKETS, CLOSERS, QUOTES

CHARACTERS = [list('公开政务营商环境'), list('營商環境発發髮'), list('三公经费经經費'),
              list('〇一二三○◯'), list('かなカナー々'), list('ㄅㄆ한국어'), list('𠮷野𠮷'),
              list('人人人'), ['ｶﾞ', 'か\u3099', '㈠', '㍿']]
WORDS = ['pd1728a', 'PD17', 'ＰＤ１７２８', '640100', '6.5', '3,000', 'wto', 'WTO', 'annual',
         'report', 're', 'é', 'e\u0301', 'www.a.cn', '㎡', 'm2', 'x', '2017', '６', 'Straße',
         'ﬁn', 'a\u0302\u0323']
BREAKS = list('。，、；：！？…;!?:,.') + ['\n\n', '\u2029', '。”“，', '\n# ']
NOTHINGS = [' ', '　', '“', '”', '《', '》', '（', '）', '(', ')', '〔', '〕', '-', '·', '\n', '\t',
            '"', '\r\n', '\u200b', '☆', '「', '」', '=', '*', '|', '~']
DATES = [None, None, '2017-12-05', '2017-12-11', '2018-01-01', '2016-02-29', '2019-06-30']
PERIODS = ['2017', '2017-12', '20171205', '2016..2018', '..2017', '2018..', '2017-12-06..2018',
           '2017-02-29', '２０１７']
MARKS = [['(', ')', '（', '）'], ['"', '“', '”', '「', '」']]
SYNTAX = ['-', '=', '*', '|', ' OR ', ' AND ', ' NOT ', ' NEAR/2 ', '~3', 'title:', '标题：',
          'date:2017', ' ', ' ', '公', 'x']
SIZES = {'mixed': (1, 2, 3, 5, 8, 13, 30, 60, 200), 'tiny': (1, 2, 3, 4, 6),
         'long': (10, 1000, 2000, 5000, 13000, 25000)}


class Samples:
    """`shape` is 'mixed', 'tiny' for short documents, or 'long': few characters in long texts, so
    that lists are long, and no NEAR, which a scan cannot answer there."""

    def __init__(self, seed, shape='mixed'):
        self.random = random.Random(seed)
        self.shape = shape
        self.alphabet = [one for group in self.random.sample(CHARACTERS, 3) for one in group]
        self.words = self.random.sample(WORDS, 5)
        self.breaks = self.random.sample(BREAKS, 4)
        self.nothings = self.random.sample(NOTHINGS, 6)
        if shape == 'long':
            self.alphabet = list('公公公开開政務')
            self.words, self.breaks = ['pd17', 'x'], list('。，')

    def text(self, size):
        choose = self.random.choice
        kinds = self.random.choices(
            (self.alphabet, self.words, self.breaks, self.nothings), (70, 10, 10, 10), k=size)
        return ''.join(choose(kind) + (' ' if kind is self.words and self.random.random() < 0.3
                                       else '') for kind in kinds)

    # ---- documents ----

    def source(self, number, parts):
        part = self.random.randrange(parts)
        size = self.random.choice(SIZES[self.shape])
        text = self.text(size)
        if number % 4 == 0:
            path = f'corpus/p{part}/文{number}.' + self.random.choice(('txt', 'md'))
            if self.random.random() < 0.5:
                text = self.random.choice(('', '# ', '\n\n')) + self.text(4) + '\n' + text
            return Source(path, path, text if text.strip() else text + '公')
        path = f'corpus/p{part}/records{number % 3}.jsonl'
        title = self.text(self.random.randint(1, 6)) if self.random.random() < 0.6 else None
        return Source(f'd{number:03}', path, text if text.strip() else text + '公', title,
                      self.random.choice(DATES))

    def sources(self, count, parts):
        found = [self.source(number, parts) for number in range(count)]
        # some that are the same but for their id, so that scores are equal
        for number in range(count, count + count // 8):
            twin = self.random.choice(found)
            if twin.path.endswith('.jsonl'):
                found.append(Source(f'd{number:03}', twin.path, twin.text, twin.title, twin.date))
        return found

    # ---- queries ----

    def piece(self, sources):
        """A stretch of some document."""
        source = self.random.choice(sources)
        text = source.title if source.title and self.random.random() < 0.3 else source.text
        size = self.random.choice((1, 1, 2, 2, 3, 4, 6, 10))
        start = self.random.randrange(len(text))
        return text[start:start + size]

    def run(self, sources):
        """A piece without anything that could be syntax."""
        text = self.piece(sources)
        unsafe = set('*|~-=－＝') | set(BRACKETS) | set(CLOSERS) | set(QUOTES)
        text = ''.join(one for one in text if one not in unsafe and not is_space(one))
        return re.sub('^(title|date)[:：]', '', text) or '公'

    def quoted(self, sources):
        open_ = self.random.choice(list(QUOTES))
        inside = ''.join(one for one in self.piece(sources)
                         if one not in QUOTES[open_] + open_ and not is_line_end(one))
        for one, other in BRACKETS.items():
            inside = inside.replace(one, '').replace(other, '')
        return open_ + inside + QUOTES[open_]

    def term(self, sources):
        draw = self.random.random()
        if draw < 0.5:
            found = self.run(sources)
        elif draw < 0.75:
            found = self.quoted(sources)
        elif draw < 0.8 and self.shape != 'long':
            parts = ' '.join(self.run(sources)[:2] + self.random.choice(('', '', '', '*'))
                             for _ in range(self.random.randint(1, 3)))
            return f'"{parts}"~{self.random.randint(0, 8)}'
        elif draw < 0.85:
            return 'date:' + self.random.choice(PERIODS)
        elif draw < 0.9:
            return self.run(sources) + '*'
        elif draw < 0.95:
            return self.random.choice(('=', '＝')) + self.run(sources)
        else:
            found = f'（{self.run(sources)}）{self.run(sources)}'
        return self.random.choice(('', '', '', 'title:', '标题：')) + found

    def near(self, sources):
        terms = [self.run(sources)[:self.random.choice((1, 2, 3))]
                 for _ in range(self.random.choice((2, 2, 3)))]
        if self.random.random() < 0.2:
            terms[0] = f'({terms[0]} OR {self.run(sources)})'
        field = self.random.choice(('', '', '', 'title:'))
        return field + (f' NEAR/{self.random.randint(0, 9)} ' + field).join(terms)

    def query(self, sources, depth=2):
        draw = self.random.random()
        if depth == 0 or draw < 0.4:
            return self.term(sources)
        if draw < 0.5 and self.shape != 'long':
            return self.near(sources)
        if draw < 0.53:
            # white space around it: whether `NOT|` is an operator nobody needs to know
            # and brackets or quotes, not both: which of two that overlap is text, neither
            parts = SYNTAX + self.random.choice(MARKS)
            return f" {''.join(self.random.choices(parts, k=self.random.randint(1, 8)))} 公 "
        join = self.random.choice((' ', ' ', ' AND ', ' OR ', '|', ' ＯＲ '))
        parts = [self.query(sources, depth - 1) for _ in range(self.random.choice((2, 2, 3)))]
        if join in (' ', ' AND ') and self.random.random() < 0.4:
            parts[-1] = self.random.choice(('-', 'NOT ')) + self.group(parts[-1])
        joined = join.join(parts)
        return self.group(joined) if depth == 1 and self.random.random() < 0.4 else joined

    def question(self, sources):
        """For match=any."""
        parts = []
        for _ in range(self.random.randint(1, 4)):
            draw = self.random.random()
            if draw < 0.7:
                parts.append(self.run(sources))
            elif draw < 0.85:
                parts.append(self.random.choice(('', '', '-')) + self.quoted(sources))
            else:
                parts.append(self.random.choice(('-', 'title:', '-标题：')) + self.run(sources))
        if self.random.random() < 0.1:
            parts.append('date:2016..2017')
        return ' '.join(parts)

    def group(self, text):
        open_ = self.random.choice(list(BRACKETS))
        return open_ + text + BRACKETS[open_]


def is_space(one):
    return one.isspace() or one == '\u200b'


def is_line_end(one):
    return one in '\n\r\t\f\v\u2028\u2029'
