#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of the analyser: class and folding of every code point (see common/text/fold.h).

Everything comes from the Unicode Character Database and from OpenCC's dictionaries as the system
has them. `opencc_dict` dumps the dictionaries to text. Needs nothing beyond Python's library.

    gen_text_tables.py --unicode DIR --opencc DIR --opencc-dict PROGRAM OUTPUT
"""
import argparse
import collections
import os
import re
import subprocess
import tempfile

# The layout of an entry; common/text/fold.h holds the same numbers.
NOTHING, BREAK, CJK, WORD, MARK, SEQUENCE, CONTEXT = range(7)
CLASS_SHIFT = 21
TARGET_MASK = (1 << CLASS_SHIFT) - 1
EXTENDS, HAN, DIGIT, SPACE, IGNORABLE, ENCLOSING = (1 << bit for bit in range(24, 30))
BLOCK_BITS = 7
CODE_POINTS = 0x110000

CJK_SCRIPTS = {'Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo'}
CJK_BESIDES = '々〇ー〆'
BREAKS = '。，、；：！？…⋯｡､;!?:\u2029\f'
CONTEXTS = '.,\n\r○◯'
IDEOGRAPHIC_ZERO = ord('〇')


def ranges(path, fields=2):
    """The rows of a UCD file as (first, last, value, …)."""
    with open(path, encoding='utf-8') as file:
        for line in file:
            row = [cell.strip() for cell in line.split('#')[0].split(';')]
            if len(row) < fields:
                continue
            first, _, last = row[0].partition('..')
            yield (int(first, 16), int(last or first, 16), *row[1:])


class Unicode:
    """What the table needs of the Unicode Character Database."""

    def __init__(self, folder):
        def file(name):
            return os.path.join(folder, name)

        with open(file('DerivedNormalizationProps.txt'), encoding='utf-8') as props:
            self.version = re.search(r'-(\d+\.\d+\.\d+)\.txt', props.readline()).group(1)
        self.category = self.categories(file('UnicodeData.txt'))
        self.script = {}
        for first, last, name in ranges(file('Scripts.txt')):
            self.script.update(dict.fromkeys(range(first, last + 1), name))
        self.space = self.having(file('PropList.txt'), 'White_Space')
        self.ignorable = self.having(file('DerivedCoreProperties.txt'),
                                     'Default_Ignorable_Code_Point')
        self.casefold = {}
        for row in ranges(file('DerivedNormalizationProps.txt')):
            if row[2] == 'NFKC_CF':
                folded = [int(cell, 16) for cell in row[3].split()]
                for code_point in range(row[0], row[1] + 1):
                    self.casefold[code_point] = folded
        self.unified = {}
        for first, last, ideograph in ranges(file('EquivalentUnifiedIdeograph.txt')):
            for code_point in range(first, last + 1):
                self.unified[code_point] = int(ideograph, 16)

    @staticmethod
    def having(path, wanted):
        return {code_point for first, last, name, *_ in ranges(path) if name == wanted
                for code_point in range(first, last + 1)}

    @staticmethod
    def categories(path):
        found, opened = {}, None
        for first, _, name, category, *_ in ranges(path, 15):
            if name.endswith(', Last>'):
                found.update(dict.fromkeys(range(opened, first), category))
            opened = first
            found[first] = category
        return found


def opencc_rows(program, folder, name):
    """A dictionary as pairs (text, list of values)."""
    with tempfile.TemporaryDirectory() as work:
        text = os.path.join(work, name)
        subprocess.run([program, '-i', os.path.join(folder, name + '.ocd2'), '-o', text,
                        '-f', 'ocd2', '-t', 'text'],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(text, encoding='utf-8') as file:
            rows = [line.rstrip('\n').split('\t') for line in file if line.strip()]
    return sorted((key, values.split(' ')) for key, values in rows)


def simplified(program, folder):
    """Code point -> representative of its class, for all that have another one.

    A class is what the rows hold together: variants of Taiwan and Hong Kong with what they are
    variants of, traditional with simplified characters (first value), and the characters on which
    the phrases disagree with the characters. Its representative is the character that most of the
    class arrive at by following variants, then simplification; of several, the lowest.
    """
    variants, simple = {}, {}
    for name in ('HKVariantsRev', 'TWVariantsRev'):
        variants.update((key, values[0]) for key, values in opencc_rows(program, folder, name))
    for key, values in opencc_rows(program, folder, 'TSCharacters'):
        simple[key] = values[0]

    edges = collections.defaultdict(set)

    def join(one, other):
        edges[one].add(other)
        edges[other].add(one)

    for name in ('HKVariantsRev', 'TWVariantsRev', 'TSCharacters'):
        for key, values in opencc_rows(program, folder, name):
            join(key, values[0])
    for key, values in opencc_rows(program, folder, 'TSPhrases'):
        for value in values:
            if len(key) != len(value):
                raise SystemExit(f'TSPhrases: {key} and {value} differ in length')
            for one, other in zip(key, value):
                if simple.get(one, one) != other:
                    join(one, other)

    def arrive(character):
        seen = []
        while character not in seen:
            seen.append(character)
            character = variants.get(character, character)
            character = simple.get(character, character)
        return character

    folded, done = {}, set()
    for character in sorted(edges):
        if character in done:
            continue
        members, left = set(), [character]
        while left:
            member = left.pop()
            if member not in members:
                members.add(member)
                left.extend(edges[member])
        done |= members
        votes = collections.Counter(arrive(member) for member in members)
        chosen = min(votes, key=lambda one: (-votes[one], one))
        folded.update((ord(member), ord(chosen)) for member in members if member != chosen)
    return folded


class Folding:
    """Code point -> entry of the table."""

    def __init__(self, unicode, simple):
        self.unicode = unicode
        self.simple = simple
        self.sequences = []  # each: its length, then the code points
        self.offsets = {}

    def fold(self, code_point):
        folded = self.unicode.casefold.get(code_point, [code_point])
        folded = [self.unicode.unified.get(one, one) for one in folded]
        return [self.simple.get(one, one) for one in folded]

    def kind(self, folded):
        """The class of a code point that folds to itself."""
        category = self.unicode.category.get(folded, 'Cn')
        if category[0] == 'M':
            return MARK
        if self.unicode.script.get(folded) in CJK_SCRIPTS or chr(folded) in CJK_BESIDES:
            return CJK
        if category[0] == 'L' or category in ('Nd', 'Nl'):
            return WORD
        return NOTHING

    def sequence(self, folded):
        key = tuple(folded)
        if key not in self.offsets:
            self.offsets[key] = len(self.sequences)
            self.sequences += [len(folded), *folded]
        return self.offsets[key]

    def meaning(self, code_point):
        """(class, target)."""
        character, folded = chr(code_point), self.fold(code_point)
        if character in BREAKS:
            return BREAK, code_point
        if character in '○◯':
            return CONTEXT, IDEOGRAPHIC_ZERO
        if character in CONTEXTS:
            return CONTEXT, code_point
        category = self.unicode.category.get(code_point, 'Cn')
        if category[0] == 'M' or [self.kind(one) for one in folded] == [MARK]:
            return MARK, code_point
        kinds = {self.kind(one) for one in folded}
        if not kinds & {CJK, WORD}:
            return NOTHING, code_point
        if len(folded) == 1:
            return kinds.pop(), folded[0]
        return SEQUENCE, self.sequence(folded)

    def entry(self, code_point):
        kind, target = self.meaning(code_point)
        category = self.unicode.category.get(code_point, 'Cn')
        # As a distance, so that code points that stay as they are share their blocks.
        distance = target if kind == SEQUENCE else target - code_point & TARGET_MASK
        entry = distance | kind << CLASS_SHIFT
        # Hangul vowels and finals that join what stands before them
        joins = kind == CJK and (0x1161 <= target <= 0x1175 or 0x11A8 <= target <= 0x11C2)
        for flag, wanted in ((EXTENDS, kind == MARK or joins),
                             (HAN, self.unicode.script.get(code_point) == 'Han'),
                             (DIGIT, category == 'Nd'),
                             (SPACE, code_point in self.unicode.space),
                             (IGNORABLE, code_point in self.unicode.ignorable),
                             (ENCLOSING, category == 'Me')):
            if wanted:
                entry |= flag
        return entry


def write_array(out, declaration, values, form):
    out.write(f'{declaration} = {{\n')
    per_line = 8
    for start in range(0, len(values), per_line):
        row = ', '.join(form.format(value) for value in values[start:start + per_line])
        out.write(f'    {row},\n')
    out.write('};\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--unicode', required=True)
    parser.add_argument('--opencc', required=True)
    parser.add_argument('--opencc-dict', required=True)
    parser.add_argument('output')
    options = parser.parse_args()

    unicode = Unicode(options.unicode)
    folding = Folding(unicode, simplified(options.opencc_dict, options.opencc))
    entries = [folding.entry(code_point) for code_point in range(CODE_POINTS)]

    size = 1 << BLOCK_BITS
    blocks, numbers, index = [], {}, []
    for start in range(0, CODE_POINTS, size):
        block = tuple(entries[start:start + size])
        if block not in numbers:
            numbers[block] = len(numbers)
            blocks.extend(block)
        index.append(numbers[block])

    with open(options.output, 'w', encoding='utf-8') as out:
        out.write('/* SPDX-License-Identifier: Apache-2.0\n *\n * Generated from the Unicode '
                  'Character Database and the dictionaries of OpenCC (Apache-2.0)\n'
                  ' * by scripts/gen_text_tables.py. */\n#include "common/text/fold.h"\n\n')
        out.write(f'const char gs_fold_unicode[] = "{unicode.version}";\n')
        write_array(out, 'const uint16_t gs_fold_index[]', index, '{}')
        write_array(out, 'const uint32_t gs_fold_blocks[]', blocks, '0x{:x}')
        write_array(out, 'const uint32_t gs_fold_sequences[]', folding.sequences, '0x{:x}')


if __name__ == '__main__':
    main()
