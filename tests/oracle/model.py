# SPDX-License-Identifier: Apache-2.0
"""What a query finds, worked out the slow way: every token of every document, no lists.

The rules are those of docs/QUERY.md; scores follow its section "Ranking" operation by operation,
so that they must be equal to the last bit.
"""
import collections
import dataclasses
import functools
import itertools
import math
import os
import re
import sys
import unicodedata

from querylanguage import And, Date, Near, Not, Or, Phrase, TITLE, parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'common', 'text'))
import reference_analyzer  # noqa: E402

K1, B, TITLE_WEIGHT = 1.2, 0.75, 3
TITLE_CODE_POINTS = 200
SNIPPET_CODE_POINTS = 160
BREAK = 'b'


@dataclasses.dataclass
class Token:
    key: str    # c and a character, w and a word, or b
    kind: str
    start: int  # in code points
    stop: int


class Analyser:
    """The reference analyser, with offsets in code points."""

    def __init__(self, options):
        self.reference = reference_analyzer.Reference(options)
        self.space = self.reference.space

    @functools.lru_cache(4096)
    def tokens(self, text):
        place = {}
        byte = 0
        for i, one in enumerate(text):
            place[byte] = i
            byte += len(one.encode())
        place[byte] = len(text)
        return [Token(kind[0] + term if kind != 'break' else BREAK, kind, place[start], place[end])
                for kind, term, start, end in self.reference.tokens(text)]

    def inner_tokens(self, text):
        """Without the breaks at both ends."""
        found = self.tokens(text)
        kept = [i for i, token in enumerate(found) if token.key != BREAK]
        return found[kept[0]:kept[-1] + 1] if kept else []

    def exact(self, text, tokens):
        """The original of these tokens, without nothings, in NFC."""
        out, done = '', 0
        for token in tokens:
            piece = text[max(done, token.start):token.stop]
            if token.key == BREAK:
                piece = ''.join(one for one in piece if one not in self.space and
                                (one in reference_analyzer.BREAKS or one in '.,'))
            out += unicodedata.normalize('NFC', piece)
            done = token.stop
        return out


@dataclasses.dataclass(frozen=True)
class Source:
    """A document as it is given to the program. `path` is the file that it is or that it is in."""
    id: str
    path: str
    text: str
    title: str = None  # a field; only in JSON Lines
    date: str = None


class Zone:
    """A field: tokens, and how many of them are the title."""

    def __init__(self, analyser, text, titled):
        self.text = text
        self.tokens = analyser.inner_tokens(text)
        self.keys = [token.key for token in self.tokens]
        self.titled = titled(self.tokens)
        self.places = collections.defaultdict(list)
        for i, key in enumerate(self.keys):
            self.places[key].append(i)


def title_range(analyser, text):
    """Where the title of a text stands: its first line that is not empty."""
    at = 0
    for line in re.split('(\r\n|\r|\n)', text):
        start = at
        at += len(line)
        mark = reference_analyzer.HEADING.match(line)
        first = start + (mark.end() if mark else 0)
        last = at
        while first < last and text[first] in analyser.space:
            first += 1
        while first < last and text[last - 1] in analyser.space:
            last -= 1
        if mark:
            closing = re.search(r'(^|[ \t])#+$', text[first:last])
            last = first + closing.start() if closing else last
            while first < last and text[last - 1] in analyser.space:
                last -= 1
        if first < last:
            last = min(last, first + TITLE_CODE_POINTS)
            while text[last - 1] in analyser.space:
                last -= 1
            return first, last
    return 0, 0


class Document:
    def __init__(self, analyser, source):
        self.source = source
        self.id = source.id
        self.date = int(source.date.replace('-', '')) if source.date else 0
        if source.title:
            self.zones = [Zone(analyser, source.title, len),
                          Zone(analyser, source.text, lambda _: 0)]
            self.title = source.title
        else:
            first, last = title_range(analyser, source.text)
            self.zones = [Zone(analyser, source.text, lambda tokens: sum(
                first <= token.start < last for token in tokens))]
            self.title = source.text[first:last]
        # between title and text stands one position that is in no list
        self.length = sum(len(zone.keys) for zone in self.zones) + len(self.zones) - 1
        self.grams = set()
        for zone in self.zones:
            self.grams.update(zip(zone.keys, zone.keys[1:]), zone.keys)


class Collection:
    """One generation: the statistics, and the answers to queries."""

    def __init__(self, analyser, sources):
        self.analyser = analyser
        self.documents = sorted((Document(analyser, source) for source in sources),
                                key=lambda document: document.id.encode())
        self.count = len(self.documents)
        self.holders = collections.Counter(
            gram for document in self.documents for gram in document.grams)
        self.words = sorted(key for key in self.holders if key[0] == 'w')
        total = sum(document.length for document in self.documents)
        average = total / self.count if total else 1
        self.constant = K1 * (1 - B)
        self.slope = K1 * B / average

    # ---- scores ----

    def idf(self, holders):
        return math.log1p((self.count - holders + 0.5) / (holders + 0.5))

    def weight(self, phrase):
        weight = 0.0
        items = phrase.items
        for i, key in enumerate(items):
            following = items[i + 1][0] if i + 1 < len(items) else ''
            if key[0] == 'w' and phrase.prefix and i + 1 == len(items):
                holders = sum(self.holders[word] for word in self.words if word.startswith(key))
                weight += self.idf(min(holders, self.count))
            elif key[0] == 'w':
                weight += self.idf(self.holders[key])
            elif key[0] == 'c' and following == 'c':
                weight += self.idf(self.holders[key, items[i + 1]])
            elif key[0] == 'c' and not (i and items[i - 1][0] == 'c'):
                weight += self.idf(self.holders[key])
        return weight if phrase.factor is None else weight * phrase.factor

    def term(self, weight, frequency, length):
        return weight * frequency * (K1 + 1) / (frequency + (self.constant + self.slope * length))

    def weight_of(self, node):
        if isinstance(node, Phrase):
            return self.weight(node)
        weight = 0.0
        for phrase in node.phrases:
            weight += self.weight(phrase)
        return weight

    # ---- matches ----

    def places(self, phrase, zone):
        """(start, stop) of every match in a field, in positions of it."""
        items, size = phrase.items, len(phrase.items)
        last = zone.titled if phrase.field == TITLE else len(zone.keys)
        if phrase.prefix:
            starts = range(last - size + 1)
        else:
            starts = zone.places.get(items[0], ())
        for start in starts:
            stop = start + size
            if stop > last or zone.keys[start:stop - 1] != items[:-1]:
                continue
            key = zone.keys[stop - 1]
            if not (key == items[-1] or phrase.prefix and key.startswith(items[-1])):
                continue
            if phrase.exact is not None and \
                    self.analyser.exact(zone.text, zone.tokens[start:stop]) != phrase.exact:
                continue
            yield start, stop

    def windows(self, near, zone):
        """The minimal windows of a NEAR and the matches in them."""
        choices = {}
        for choice in itertools.product(*(list(self.places(phrase, zone))
                                          for phrase in near.phrases)):
            ordered = sorted(choice)
            if all(one[1] <= other[0] for one, other in zip(ordered, ordered[1:])):
                window = ordered[0][0], ordered[-1][1]
                choices.setdefault(window, set()).update(choice)
        room = near.distance + sum(len(phrase.items) for phrase in near.phrases)
        return {window: matches for window, matches in choices.items()
                if window[1] - window[0] <= room and
                not any(window != other and window[0] <= other[0] and other[1] <= window[1]
                        for other in choices)}

    def matches(self, node, document):
        """[(zone number, start, stop of each window, its matches)]"""
        found = []
        for number, zone in enumerate(document.zones):
            if isinstance(node, Phrase):
                found += [(number, place, {place}) for place in self.places(node, zone)]
            else:
                found += [(number, window, matches)
                          for window, matches in self.windows(node, zone).items()]
        return found

    def frequency(self, found, document):
        return sum(TITLE_WEIGHT if place[1] <= document.zones[number].titled else 1
                   for number, place, _ in found)

    # ---- queries ----

    def holds(self, node, document, cache):
        if isinstance(node, And):
            # no short cut: the terms of every part are wanted in the cache
            cache[id(node)] = all([self.holds(part, document, cache) for part in node.children])
            return cache[id(node)]
        if isinstance(node, Or):
            return any([self.holds(part, document, cache) for part in node.children])
        if isinstance(node, Not):
            return not self.holds(node.child, document, cache)
        if isinstance(node, Date):
            return document.date != 0 and node.first <= document.date <= node.last
        cache[id(node)] = self.matches(node, document)
        return bool(cache[id(node)])

    def counting(self, node, document, cache):
        """The positive terms that count in the document, in query order."""
        if isinstance(node, (Phrase, Near)):
            return [node] if cache[id(node)] else []
        if isinstance(node, (Not, Date)):
            return []
        if isinstance(node, And) and not cache[id(node)]:
            return []
        return [term for part in node.children for term in self.counting(part, document, cache)]

    def run(self, node):
        """The hits, best first."""
        hits, weights = [], {}
        for document in self.documents:
            cache = {}
            if not self.holds(node, document, cache):
                continue
            score, spans = 0.0, set()
            for term in self.counting(node, document, cache):
                found = cache[id(term)]
                if id(term) not in weights:
                    weights[id(term)] = self.weight_of(term)
                score += self.term(weights[id(term)], self.frequency(found, document),
                                   document.length)
                spans.update((number, place) for number, _, matches in found for place in matches)
            hits.append(Hit(document, score, spans))
        hits.sort(key=lambda hit: -hit.score)  # stable: ids rise
        return hits

    def ask(self, text):
        return self.run(parse(self.analyser, text))


@dataclasses.dataclass
class Hit:
    document: Document
    score: float
    spans: set  # (zone number, (start, stop))

    def ranges(self, number):
        """Matches in one field as code points of its text."""
        tokens = self.document.zones[number].tokens
        return [(tokens[start].start, tokens[stop - 1].stop)
                for zone, (start, stop) in self.spans if zone == number]

    def fault_of_snippet(self, snippet, marks):
        """Why this passage cannot be right; None if it can."""
        if len(snippet) > SNIPPET_CODE_POINTS:
            return f'{len(snippet)} code points'
        text_zone = len(self.document.zones) - 1
        in_text = any(zone == text_zone for zone, _ in self.spans)
        number = text_zone if in_text or not self.spans else 0
        text = ''.join(' ' if is_control(one) else one for one in self.document.zones[number].text)
        ranges = self.ranges(number)
        at, reasons = text.find(snippet), ['it is no piece of the text']
        while at >= 0:
            reason = fault_of_marks(at, at + len(snippet), ranges, marks, text, bool(self.spans))
            if not reason:
                return None
            reasons.append(reason)
            at = text.find(snippet, at + 1)
        return reasons[-1]


def is_control(one):
    return unicodedata.category(one) in ('Cc', 'Zl', 'Zp')


def merged(ranges):
    out = []
    for start, stop in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1][1] = max(stop, out[-1][1])
        else:
            out.append([start, stop])
    return [[start, stop - start] for start, stop in out if start < stop]


def fault_of_marks(first, last, ranges, marks, text, matched):
    whole = [(start - first, stop - first) for start, stop in ranges
             if first <= start and stop <= last]
    cut = [(max(start, first) - first, min(stop, last) - first) for start, stop in ranges
           if start < last and stop > first]
    if marks not in (merged(whole), merged(cut)):
        return f'marks are {marks}, should be {merged(whole)}'
    if not matched and text[:first].strip():
        return 'it is not the opening'
    if matched and not whole and any(stop - start <= SNIPPET_CODE_POINTS for start, stop in ranges):
        return 'it shows no match'
    return None
