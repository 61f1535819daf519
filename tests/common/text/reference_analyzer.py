#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/QUERY.md once more, slow and plain, and a comparison with the analyser.

Written from the rules and from the data of Unicode and OpenCC, not from the analyser: whole texts
instead of a stream, Python's normalisation instead of utf8proc's, lines found by a pattern instead
of a state. Characters younger than Python's Unicode data are left to the check of the tables.

    reference_analyzer.py --unicode DIR --opencc DIR --opencc-dict PROGRAM DRIVER
"""
import argparse
import functools
import os
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

CJK_SCRIPTS = ('Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo')
BREAKS = set('。，、；：！？…⋯｡､;!?:\u2029\f')
TERM_BYTES_MAX, HEAD_BYTES_MAX = 255, 239
HEADING = re.compile(r' {0,3}#{1,6}(?![^ \t])')
LINE = re.compile(r'([^\r\n]*)(\r\n|\r|\n)')
SAMPLES = [
    list('公开政务营商环境发后面台湾里云'), list('營商環境發後麵臺灣裡雲衞衛爲為著'),
    list('𠮷𨭎一二三四五六七八九〇'), list('⼀⽂⻢⺟㇐豈﨑'), list('ひらがなカタカナーヽゝ々〆ㄅㄆ'),
    ['か\u3099', 'は\u309a', 'ｶﾞ', 'ﾊﾟ', 'ｱ', 'ｰ', 'ﾞ'],
    list('한국어가각'), ['\u1112\u1161\u11ab', '\u1100', '\u1161', '\u11a8', 'ㄱ', 'ㅏ', 'ㄳ', 'ﾡ', 'ￂ'],
    list('abcXYZäßéＡｂ'), ['e\u0301', 'n\u0303', 'o\u0302\u0323', '1\u20e3', 'İ', 'ﬁ', 'ª'],
    list('0123456789'), list('０１２٣४①²Ⅷ'),
    ['न\u092e\u0938\u094d', 'ก\u0e33', 'ب\u064e', 'ا', 'ж', 'Σς'],
    ['㎡', '㈠', '㈜', '½', '⒈', '㍿', '㋉', '㌔', 'ﷺ', '℡', '℃', '№', '🈀', '㏂'],
    list('。，、；：！？…⋯｡､;!?:') + ['\u2029', '\f'], list('.,.,.'), list(' 　\t') + ['\u00a0', '\u2003'],
    ['\n', '\r\n', '\r', '\n\n', '\n \t\n', '\n　\n', '\u0085', '\u2028', '\v'],
    ['\n# ', '\n## ', '\n   ### ', '\n#x', '\n####### ', '\n    # ', '#', '\n#\n', '\n#\t'],
    list('○◯'), ['一○', '○○一', '○', '二\ufe00○'], list('“”《》〔〕（）[]-—·・+=#$€→☆'), ['．', '﹐', '\u037e'],
    ['\ufe0f', '\u200d', '\u200b', '\u00ad', '\ufeff', '\u3164', '\u180e', '\u034f', '\U000e0100'],
    ['\u0301', '\u3099', '\u20dd', '\u302a', '\u0e49'],
    ['😀', '🇨🇳', '\ue000', '\ufffd', '≠', '=\u0338'],
    ['6.5', '3,000', 'www.a.cn', 'a,b', '1.a', 'a..b', '6.\u03016', '十.五', 'a.中', '1.', '.5'],
    ['１.５', '㎡.5', '5.㎡', '6\u0301.6', '⒈.1', '…', 'é.b', 'e\u0301.b'],
]


def rows(path):
    with open(path, encoding='utf-8') as file:
        for line in file:
            cells = [cell.strip() for cell in line.split('#')[0].split(';')]
            if len(cells) > 1:
                first, _, last = cells[0].partition('..')
                for code_point in range(int(first, 16), int(last or first, 16) + 1):
                    yield code_point, cells[1]


def opencc(program, folder, name):
    with tempfile.TemporaryDirectory() as work:
        target = os.path.join(work, 'text')
        subprocess.run([program, '-i', f'{folder}/{name}.ocd2', '-o', target, '-f', 'ocd2', '-t',
                        'text'], check=True, capture_output=True)
        with open(target, encoding='utf-8') as file:
            return [(line.split('\t')[0], line.rstrip('\n').split('\t')[1].split(' '))
                    for line in file]


class Reference:
    def __init__(self, options):
        self.script = dict(rows(f'{options.unicode}/Scripts.txt'))
        self.unified = {chr(one): chr(int(other, 16)) for one, other in
                        rows(f'{options.unicode}/EquivalentUnifiedIdeograph.txt')}
        self.space = {chr(one) for one, name in rows(f'{options.unicode}/PropList.txt')
                      if name == 'White_Space'}
        self.ignorable = {chr(one) for one, name in
                          rows(f'{options.unicode}/DerivedCoreProperties.txt')
                          if name == 'Default_Ignorable_Code_Point'}
        dump = functools.partial(opencc, options.opencc_dict, options.opencc)
        characters = dump('TSCharacters')
        self.pairs = [(key, values[0]) for name in ('TWVariantsRev', 'HKVariantsRev')
                      for key, values in dump(name)]
        self.pairs += [(key, values[0]) for key, values in characters]
        first = dict(self.pairs[-len(characters):])
        self.pairs += [(one, other) for key, values in dump('TSPhrases') for value in values
                       for one, other in zip(key, value, strict=True)
                       if first.get(one, one) != other]
        self.leader = {}
        for one, other in self.pairs:
            low, high = sorted((self.equal(one), self.equal(other)))
            if low != high:
                self.leader[high] = low

    def equal(self, character):
        """The lowest character of the class of traditional and simplified ones."""
        while character in self.leader:
            character = self.leader[character]
        return character

    def same(self, term):
        return ''.join(map(self.equal, term))

    @functools.lru_cache(None)
    def casefold(self, one):
        """NFKC with case folding of one character."""
        before, text = None, one
        while before != text:
            before = text
            text = unicodedata.normalize('NFKC', text).casefold()
            text = ''.join(part for part in text if part not in self.ignorable)
            text = unicodedata.normalize('NFKC', text)
        return text

    def fold(self, text):
        text = unicodedata.normalize('NFC', ''.join(map(self.casefold, text)))
        return self.same(self.unified.get(one, one) for one in text)

    def kind(self, character):
        category = unicodedata.category(character)
        if category[0] == 'M':
            return 'mark'
        if self.script.get(ord(character)) in CJK_SCRIPTS or character in '々〇ー〆':
            return 'cjk'
        return 'word' if category[0] == 'L' or category in ('Nd', 'Nl') else 'nothing'

    def characters(self, text):
        """Bases with their marks, Hangul letters as syllables: (start, end) of each."""
        found = []
        for i, one in enumerate(text):
            joins = self.kind(one) == 'mark' or one in 'ﾞﾟ'
            if found and not joins and self.script.get(ord(one)) == 'Hangul':
                start, _ = found[-1]
                unit = text[start:i]
                apart = len(self.fold(unit)) + len(self.fold(one))
                joins = (self.script.get(ord(unit[0])) == 'Hangul' and self.fold(one)
                         and len(unicodedata.normalize('NFKC', unit + one)) < apart)
            if joins and found:
                found[-1] = (found[-1][0], i + 1)
            else:
                found.append((i, i + 1))
        return found

    def paragraph_ends(self, text):
        ends = {}
        for match in LINE.finditer(text):
            line = match.group(1)
            if all(one in self.space for one in line) or HEADING.match(line):
                ends[match.start(2)] = match.end(2)
        return ends

    def circles(self, text, units):
        """Places in `units` of circles that stand between Han characters."""
        found = set()
        for match in re.finditer('1(0+)(?=1)', ''.join(
                '0' if text[start] in '○◯' else
                '1' if self.script.get(ord(text[start])) == 'Han' and
                self.kind(text[start]) != 'mark' else '-' for start, _ in units)):
            found.update(range(match.start(1), match.end(1)))
        return found

    def meaningless(self, base):
        return (self.kind(base) == 'mark' or base in 'ﾞﾟ' or
                not any(self.kind(one) in ('cjk', 'word') for one in self.fold(base)))

    def events(self, text):
        """(what, folded, start, end) of each folded code point, in code points of the text."""
        units = self.characters(text)
        circles = self.circles(text, units)
        ends = self.paragraph_ends(text)
        for i, (start, end) in enumerate(units):
            one, unit = text[start], text[start:end]
            following = text[start + 1:start + 2]
            before = text[units[i - 1][0]] if i else ''
            if start in ends:
                yield 'break', '', start, ends[start]
            elif one in BREAKS:
                yield 'break', '', start, start + 1
            elif one in '○◯':
                yield ('cjk', '〇', start, end) if i in circles else ('nothing', '', start, end)
            elif one in '.,':
                yield self.point(text, units, i, one, before, following), one, start, start + 1
            elif self.meaningless(one):
                yield 'nothing', '', start, end
            else:
                for character in self.fold(unit):
                    yield self.kind(character), character, start, end

    def point(self, text, units, i, one, before, following):
        if not before or not following:
            return 'break'
        if unicodedata.category(before) == 'Nd' and unicodedata.category(following) == 'Nd':
            return 'word'
        last = self.fold(text[slice(*units[i - 1])]) if before not in BREAKS else ''
        while last and self.kind(last[-1]) == 'mark':
            last = last[:-1]
        first = self.fold(following)
        if before == '.' or before == ',':
            return 'break'
        between = (last and first and self.kind(last[-1]) == 'word'
                   and self.kind(first[0]) == 'word' and following not in BREAKS)
        return 'nothing' if one == '.' and between else 'break'

    def tokens(self, text):
        found, broken, word = [], None, None
        byte = [0]
        for one in text:
            byte.append(byte[-1] + len(one.encode()))

        def close():
            nonlocal word
            if word:
                found.append(['word', word[1], byte[word[2]], byte[word[3]]])
            word = None

        for what, folded, start, end in self.events(text):
            if what in ('cjk', 'word') and broken:
                found.append(['break', '', byte[broken[0]], byte[broken[1]]])
                broken = None
            if what == 'word' or what == 'mark' and word:
                word = word or ['word', '', start, end]
                word[3] = end
                if unicodedata.category(folded) != 'Me':
                    word[1] += folded
            elif what != 'mark':
                close()
            if what == 'cjk':
                found.append(['cjk', folded, byte[start], byte[end]])
            if what == 'break':
                broken = (broken[0] if broken else start, end)
        close()
        if broken:
            found.append(['break', '', byte[broken[0]], byte[broken[1]]])
        for token in found:
            token[1] = short_term(token[1])
        return found


def short_term(word):
    """A word, or its beginning and FNV-1a of the whole if it is too long."""
    data = word.encode()
    if len(data) <= TERM_BYTES_MAX:
        return word
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return data[:HEAD_BYTES_MAX].decode(errors='ignore') + f'{value:016x}'


def analyze(driver, texts):
    """The analyser's tokens of each text: lists of [kind, term, start, end], positions checked."""
    data = b''.join(text.encode() + b'\0' for text in texts)
    output = subprocess.run([driver], input=data, stdout=subprocess.PIPE, check=True).stdout
    found, tokens = [], []
    for line in output.decode().split('\n')[:-1]:
        if line == 'end':
            found.append(tokens)
            tokens = []
            continue
        number, start, end, kind, term, _ = line.split('\t')
        assert int(number) == len(tokens), line
        tokens.append([kind, term, int(start), int(end)])
    assert len(found) == len(texts)
    return found


def random_texts(count, seed, characters):
    choose = random.Random(seed)
    marks = [one for one in characters if unicodedata.category(one)[0] == 'M']
    for _ in range(count):
        # Few kinds in one text, so that neighbours of the same kind are frequent.
        kinds = choose.sample(SAMPLES, choose.randint(1, 5))
        if choose.random() < 0.3:
            kinds += [choose.sample(characters, 5), choose.sample(marks, 3)]
        text = ''.join(choose.choice(choose.choice(kinds)) for _ in range(choose.randint(1, 40)))
        if choose.random() < 0.02:
            text += choose.choice(('é𝟎', 'ж', '\U00010428b')) * choose.randint(40, 140)
        yield text


def assigned():
    """Every character that Python's data knows, private use and surrogates left out."""
    for code_point in range(1, sys.maxunicode + 1):
        if unicodedata.category(chr(code_point)) not in ('Cn', 'Co', 'Cs'):
            yield chr(code_point)


def compare(reference, driver, texts, what):
    """Number of texts of which the analyser says something else than the rules."""
    wrong = 0
    for text, tokens in zip(texts, analyze(driver, texts)):
        wanted = reference.tokens(text)
        for token in wanted + tokens:
            token[1] = reference.same(token[1])
        if tokens != wanted:
            wrong += 1
            if wrong <= 5:
                print(f'# {what}: {text!r}\n#   rules    {wanted}\n#   analyser {tokens}')
    return wrong


def terms(driver, texts):
    return [''.join(token[1] for token in tokens) for tokens in analyze(driver, texts)]


def unequal(driver, pairs):
    """Pairs of texts whose terms are not the same."""
    folded = terms(driver, [text for pair in pairs for text in pair])
    wrong = [pair for pair, one, other in zip(pairs, folded[::2], folded[1::2]) if one != other]
    for pair in wrong[:5]:
        print(f'# not the same: {pair}')
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--unicode', required=True)
    parser.add_argument('--opencc', required=True)
    parser.add_argument('--opencc-dict', required=True)
    parser.add_argument('driver')
    options = parser.parse_args()
    reference, driver = Reference(options), options.driver

    characters = list(assigned())
    folded = [(one, term) for one, term in zip(characters, terms(driver, characters)) if term]
    texts = list(random_texts(20000, 20171205, characters))
    checks = (
        ('random texts have the tokens of the rules',
         lambda: compare(reference, driver, texts, 'random text')),
        ('every character has the tokens of the rules',
         lambda: compare(reference, driver, characters, 'character')),
        ('every row of the dictionaries folds to the same',
         lambda: unequal(driver, reference.pairs)),
        ('every radical folds to its ideograph',
         lambda: unequal(driver, list(reference.unified.items()))),
        ('folding twice is folding once',
         lambda: unequal(driver, [(term, term_of) for term, term_of in
                                  zip((term for _, term in folded),
                                      terms(driver, [term for _, term in folded]))])),
    )
    print(f'1..{len(checks)}')
    failed = 0
    for number, (name, check) in enumerate(checks, 1):
        wrong = check()
        failed += wrong != 0
        print(f'not ok {number} - {name}, {wrong} do not' if wrong else f'ok {number} - {name}')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
