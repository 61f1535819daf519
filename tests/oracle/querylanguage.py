# SPDX-License-Identifier: Apache-2.0
"""The query language of docs/QUERY.md once more: a line of text to a tree.

Written from the document, not from the parser: it works on a string of code points, finds partners
of brackets by looking ahead, and knows nothing of limits.
"""
import calendar
import dataclasses
import re

QUOTES = {'"': '"', '“': '”', '＂': '＂', '「': '」', '『': '』'}
BRACKETS = {'(': ')', '（': '）'}
CLOSERS = {**{close: open_ for open_, close in BRACKETS.items()},
           **{close: open_ for open_, close in QUOTES.items() if open_ != close}}
FIELD = re.compile('(title|标题|date|日期|docno|文号|agency|机关)[:：]')
CANONICAL = {'标题': 'title', '日期': 'date', '文号': 'docno', '机关': 'agency'}
PERIOD = re.compile(r'(\d{4})(?:-(\d\d)(?:-(\d\d))?|(\d\d)(\d\d))?\Z', re.ASCII)
ANY, TITLE = 'any', 'title'


class Refused(Exception):
    """The query is not one: bad-query."""


@dataclasses.dataclass
class Phrase:
    items: list  # keys as Analyser.keys gives them
    field: str = ANY
    prefix: bool = False
    exact: str = None
    factor: float = None  # match=any: what its weight is multiplied with


@dataclasses.dataclass
class Near:
    phrases: list
    distance: int


@dataclasses.dataclass
class And:
    children: list


@dataclasses.dataclass
class Or:
    children: list


@dataclasses.dataclass
class Not:
    child: object


@dataclasses.dataclass
class Date:
    first: int
    last: int


def narrow(text):
    """Full-width forms of ASCII as ASCII."""
    return ''.join(chr(ord(one) - 0xFEE0) if '！' <= one <= '～' else one for one in text)


def period_end(text):
    match = PERIOD.match(text)
    if not match:
        raise Refused('not a date')
    year, month, day = int(match[1]), match[2] or match[4], match[3] or match[5]
    first = (year, int(month or 1), int(day or 1))
    last_month = int(month or 12)
    if not (1 <= first[1] <= 12 and year >= 1 and
            1 <= first[2] <= calendar.monthrange(year, first[1])[1]):
        raise Refused('no such date')
    last = (year, last_month, int(day or calendar.monthrange(year, last_month)[1]))
    return [one[0] * 10000 + one[1] * 100 + one[2] for one in (first, last)]


def period(text):
    text = narrow(text)
    if '..' not in text:
        return Date(*period_end(text))
    left, right = text.split('..', 1)
    if not left and not right:
        raise Refused('a range without ends')
    first = period_end(left)[0] if left else 0
    last = period_end(right)[1] if right else 99999999
    if first > last:
        raise Refused('a falling range')
    return Date(first, last)


class Parser:
    def __init__(self, analyser, text, plain=False):
        self.analyser, self.text, self.plain = analyser, text, plain
        self.at, self.end = 0, len(text)
        self.field = ANY
        self.open = {}  # marks that are text: how many of each kind are open

    # ---- characters ----

    def space(self, at):
        return self.text[at] in self.analyser.space

    def skip(self):
        while self.at < self.end and self.space(self.at):
            self.at += 1

    def border(self, at):
        return at >= self.end or self.space(at) or (self.text[at] == '|' and not self.plain)

    def word(self):
        """The operator word here, or ''."""
        if self.plain or self.at >= self.end or (self.at and not self.space(self.at - 1)
                                                 and self.at != self.start_of_group):
            return ''
        stop = self.at
        while stop < self.end and not self.space(stop):
            stop += 1
        found = narrow(self.text[self.at:stop])
        return found if re.fullmatch(r'AND|OR|NOT|NEAR/\d+', found, re.ASCII) else ''

    start_of_group = 0

    def take_word(self):
        while self.at < self.end and not self.space(self.at):
            self.at += 1
        self.skip()

    def follows(self, at):
        """May a closing mark of syntax stand right before `at`?"""
        return self.border(at) or (not self.plain and self.text[at] in ')）~*')

    # ---- terms ----

    def bracket(self):
        """Where the bracket that opens here closes, if it is syntax; None if it is text."""
        depth = 0
        for i in range(self.at, self.end):
            depth += (self.text[i] in BRACKETS) - (self.text[i] in BRACKETS.values())
            if depth == 0:
                break
        else:
            raise Refused('a bracket is not closed')
        if not self.follows(i + 1):
            return None
        if self.text[i] != BRACKETS[self.text[self.at]]:
            raise Refused('a bracket of the other width')
        return i

    def quote(self):
        close = self.text.find(QUOTES[self.text[self.at]], self.at + 1, self.end)
        if close < 0:
            raise Refused('a quote is not closed')
        ok = self.follows(close + 1) or (self.plain and self.text[close + 1] in ')）~*')
        return close if ok else None

    def run(self):
        """An unspaced run. Marks in it are text, but none may close what was not opened."""
        start = self.at
        while not self.border(self.at):
            one = self.text[self.at]
            if one == '*' and not self.plain:
                break
            if QUOTES.get(one) == one:
                self.open[one] = not self.open.get(one)
            elif (one in BRACKETS and not self.plain) or one in QUOTES:
                kind = '(' if one in BRACKETS else one
                self.open[kind] = self.open.get(kind, 0) + 1
            elif one in CLOSERS and not (self.plain and CLOSERS[one] in BRACKETS):
                kind = '(' if CLOSERS[one] in BRACKETS else CLOSERS[one]
                self.open[kind] = self.open.get(kind, 0) - 1
                if self.open[kind] < 0:
                    raise Refused('a mark is not opened')
            self.at += 1
        return self.text[start:self.at]

    def lexeme(self):
        """(text, quoted, starred, distance or None)"""
        close = None
        if self.text[self.at] in QUOTES:
            close = self.quote()
        if close is None:
            text, quoted = self.run(), False
        else:
            text, quoted = self.text[self.at + 1:close], True
            self.at = close + 1
        starred, distance = False, None
        if self.at < self.end and not self.plain:
            if quoted and self.text[self.at] == '~':
                match = re.compile(r'~(\d+)', re.ASCII).match(self.text, self.at, self.end)
                if not match:
                    raise Refused('~ without a number')
                self.at, distance = match.end(), int(match[1])
            elif self.text[self.at] == '*':
                self.at, starred = self.at + 1, True
            if (starred or distance is not None) and not self.border(self.at):
                raise Refused('* or ~ inside a term')
        return text, quoted, starred, distance

    def phrase(self, text, field, exact=False, starred=False):
        tokens = self.analyser.inner_tokens(text)
        if not tokens:
            raise Refused('nothing to search for')
        prefix = starred and tokens[-1].kind == 'word'
        if prefix and tokens[-1].stop != len(text):
            raise Refused('* does not follow its word')
        return Phrase([token.key for token in tokens], field, prefix,
                      self.analyser.exact(text, tokens) if exact else None)

    def near_quote(self, text, distance, field):
        phrases = []
        for part in text.split():
            term, star, rest = part.partition('*')
            if rest:
                raise Refused('* inside a term')
            phrases.append(self.phrase(term, field, starred=bool(star)))
        if not phrases:
            raise Refused('nothing in quotes')
        return phrases[0] if len(phrases) == 1 else Near(phrases, distance)

    # ---- the grammar ----

    def primary(self):
        if self.at >= self.end or self.text[self.at] == '|' or self.word():
            raise Refused('an operand is missing')
        field, exact = self.field, False
        match = FIELD.match(self.text, self.at, self.end)
        if match:
            field = CANONICAL.get(match[1], match[1])
            self.at = match.end()
            if field in ('docno', 'agency') or self.border(self.at):
                raise Refused('a field without a term, or not held')
            if FIELD.match(self.text, self.at, self.end):
                raise Refused('two fields')
        if self.text[self.at] in '=＝':
            exact = True
            self.at += 1
            if self.border(self.at) or self.text[self.at] in '=＝' or \
                    FIELD.match(self.text, self.at, self.end):
                raise Refused('= without a term')
        if self.text[self.at] in '-－':
            raise Refused('- behind another operator')
        if self.text[self.at] in BRACKETS:
            close = self.bracket()
            if close is not None:
                return self.group(close, field, exact)
        text, _, starred, distance = self.lexeme()
        if field == 'date':
            if exact or starred or distance is not None:
                raise Refused('not with a date')
            return period(text)
        if exact and (starred or distance is not None):
            raise Refused('not with =')
        if distance is not None:
            return self.near_quote(text, distance, field)
        return self.phrase(text, field, exact, starred)

    def group(self, close, field, exact):
        if exact:
            raise Refused('= before a group')
        outer = self.end, self.field, self.start_of_group
        self.at, self.end, self.field = self.at + 1, close, field
        self.start_of_group = self.at
        found = self.any_of()
        self.end, self.field, self.start_of_group = outer
        self.at = close + 1
        if self.at < self.end and self.text[self.at] in '~*':
            raise Refused('a group takes no ~ or *')
        return found

    def near(self):
        operands, distance = [self.primary()], 0
        while True:
            self.skip()
            word = self.word()
            if not word.startswith('NEAR/'):
                break
            distance += int(word[5:])
            self.take_word()
            operands.append(self.primary())
        return operands[0] if len(operands) == 1 else self.spread(operands, distance)

    def spread(self, operands, distance):
        """A NEAR of choices is a choice of NEARs."""
        choices = [[]]
        for operand in operands:
            parts = operand.children if isinstance(operand, Or) else [operand]
            choices = [choice + [part] for choice in choices for part in parts]
        if not all(isinstance(part, Phrase) for choice in choices for part in choice) or \
                len({part.field for choice in choices for part in choice}) > 1:
            raise Refused('NEAR of something else')
        nears = [Near(choice, distance) for choice in choices]
        return nears[0] if len(nears) == 1 else Or(nears)

    def unary(self):
        negated = self.text[self.at] in '-－' if self.at < self.end else False
        if negated:
            self.at += 1
            if self.border(self.at):
                raise Refused('- without a term')
        elif self.word() == 'NOT':
            negated = True
            self.take_word()
        found = self.near()
        return Not(found) if negated else found

    def all_of(self):
        parts = []
        self.skip()
        while True:
            part = self.unary()
            parts += part.children if isinstance(part, And) else [part]
            self.skip()
            word = self.word()
            if word == 'AND':
                self.take_word()
            elif word == 'OR' or self.at >= self.end or self.text[self.at] == '|':
                break
        if all(isinstance(part, Not) for part in parts):
            raise Refused('no positive term')
        return parts[0] if len(parts) == 1 else And(parts)

    def any_of(self):
        parts = []
        self.skip()
        while True:
            part = self.all_of()
            parts += part.children if isinstance(part, Or) else [part]
            if self.at < self.end and self.text[self.at] == '|':
                self.at += 1
            elif self.word() == 'OR':
                self.take_word()
            else:
                break
        return parts[0] if len(parts) == 1 else Or(parts)

    def query(self):
        return self.any_of()

    # ---- match=any ----

    def part(self, plain):
        """One part of a question: what must or must not be there, or None for plain text."""
        negated = self.text[self.at] in '-－'
        self.at += negated
        match = FIELD.match(self.text, self.at, self.end)
        field = CANONICAL.get(match[1], match[1]) if match else ANY
        self.at = match.end() if match else self.at
        if self.border(self.at) or field in ('docno', 'agency'):
            raise Refused('a term is missing, or a field that is not held')
        text, quoted, _, _ = self.lexeme()
        if field == 'date':
            found = period(text)
        elif negated or quoted or field == TITLE:
            found = self.phrase(text, field)
        else:
            keys = [token.key for token in self.analyser.inner_tokens(text)]
            plain += ['b'] + keys if plain and keys else keys
            return None
        return Not(found) if negated else found

    def question(self):
        parts, plain = [], []
        self.skip()
        while self.at < self.end:
            part = self.part(plain)
            parts += [part] if part else []
            self.skip()
        if plain:
            parts.append(Or(alternatives(plain)))
        elif not any(not isinstance(part, Not) for part in parts):
            raise Refused('no positive term')
        return And(parts)


def alternatives(items):
    """The grams of a plain text, each once, then every two of them that stand together."""
    ranges = []
    for i, key in enumerate(items):
        pairs = [one[0] for one in items[i:i + 2]] == ['c', 'c']
        if pairs or key[0] == 'w' or key[0] == 'c' and not (i and items[i - 1][0] == 'c'):
            ranges.append((i, i + 1 + pairs))
    grams = [tuple(items[first:last]) for first, last in ranges]
    pairs = [tuple(items[one[0]:other[1]]) for one, other in zip(ranges, ranges[1:])
             if 'b' not in items[one[0]:other[1]]]
    return [Phrase(list(one)) for one in dict.fromkeys(grams)] + \
        [Phrase(list(one), factor=0.5) for one in dict.fromkeys(pairs)]


def parse(analyser, text):
    return Parser(analyser, text).query()


def parse_question(analyser, text):
    return Parser(analyser, text, plain=True).question()

