#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists what the files of an index hold: a second reader, written from docs/FORMAT.md alone.

    gss.py INDEX

prints one JSON line for each segment, document and term. Page sums are checked, and every rule of
the document that costs little; footers and manifests shorter than XXH3's long form are not summed.
It reads whole files into memory and decodes with the zstd program: a proof, not a library.
"""
import bisect
import json
import os
import re
import subprocess
import sys
from struct import unpack_from

MAGIC = b'\x8bGS\r\n\x1a\n\0'
PAGE = 16384
SECRET = bytes.fromhex(
    'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07d'
    'ccff7221b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e'
    '3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac83'
    '34d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce'
    '45cb3a8f95160428afd7fbcabb4b407e')
PRIME32 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
           0x27D4EB2F165667C5)
M64 = 2 ** 64 - 1


class Corrupt(Exception):
    """Something that docs/FORMAT.md forbids."""


def need(good, what):
    if not good:
        raise Corrupt(what)


def xxh3(data, seed=0):
    """XXH3-64 of more than 240 bytes."""
    words = list(unpack_from('<24Q', SECRET))
    secret = b''.join(((word + (-seed if i % 2 else seed)) & M64).to_bytes(8, 'little')
                      for i, word in enumerate(words)) if seed else SECRET
    acc = [PRIME32[2], *PRIME64[:4], PRIME32[1], PRIME64[4], PRIME32[0]]

    def stripe(at, key_at):
        for i, (word, key) in enumerate(zip(unpack_from('<8Q', data, at),
                                            unpack_from('<8Q', secret, key_at))):
            key ^= word
            acc[i ^ 1] = (acc[i ^ 1] + word) & M64
            acc[i] = (acc[i] + (key & 0xffffffff) * (key >> 32)) & M64

    blocks = (len(data) - 1) // 1024
    for number in range((len(data) - 1) // 64):
        stripe(64 * number, 8 * (number % 16))
        if number % 16 == 15 and number // 16 < blocks:
            for i, key in enumerate(unpack_from('<8Q', secret, 128)):
                acc[i] = (acc[i] ^ acc[i] >> 47 ^ key) * PRIME32[0] & M64
    stripe(len(data) - 64, 121)
    total = len(data) * PRIME64[0]
    keys = unpack_from('<8Q', secret, 11)
    for i in range(0, 8, 2):
        product = (acc[i] ^ keys[i]) * (acc[i + 1] ^ keys[i + 1])
        total += product & M64 ^ product >> 64
    total &= M64
    total = (total ^ total >> 37) * 0x165667919E3779F9 & M64
    return total ^ total >> 32


class Cursor:
    """Reads one number or string after another."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, size):
        need(size <= len(self.data) - self.at, 'cut short')
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), 'little')

    def numbers(self, size, count):
        return [self.number(size) for _ in range(count)]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            need(byte or not shift, 'a varint longer than needed')
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def rest(self):
        return self.take(len(self.data) - self.at)


# ---- 2 the container ----


def content_size(frame):
    """2.5: what a zstd frame says it holds."""
    need(frame[:4] == b'\x28\xb5\x2f\xfd', 'no zstd frame')
    single, form = frame[4] >> 5 & 1, frame[4] >> 6
    need(frame[4] & 3 == 0 and (single or form), 'a frame with a dictionary or no content size')
    size = (1, 2, 4, 8)[form]
    at = 5 + (not single)
    return int.from_bytes(frame[at:at + size], 'little') + (256 if form == 1 else 0)


def inflate(frames):
    """Decodes all of them with one run of the program."""
    if not frames:
        return []
    done = subprocess.run(['zstd', '-dc'], input=b''.join(frames), stdout=subprocess.PIPE,
                          check=True).stdout
    cursor = Cursor(done)
    out = [cursor.take(content_size(frame)) for frame in frames]
    need(cursor.at == len(done), 'a frame that is longer than it says')
    return out


def chunks_of(path, kind, id_text):
    """2: the chunks of a container, by name."""
    with open(path, 'rb') as file:
        data = file.read()
    need(data[:16] == MAGIC + b'\2\0\0\0' + kind and not any(data[16:64]), f'{path}: header')
    footer = Cursor(data, len(data) - 64)
    toc, rows, zero, sums, _ = (footer.number(size) for size in (8, 4, 4, 8, 8))
    low, high, length = footer.numbers(8, 3)
    need(zero == 0 and length == len(data) and f'{high:016x}{low:016x}' == id_text,
         f'{path}: footer')
    pages = (sums + PAGE - 1) // PAGE
    need(toc == sums + 8 * pages and toc + 24 * rows == len(data) - 64, f'{path}: table')
    for page in range(pages):
        piece = data[page * PAGE:min(sums, (page + 1) * PAGE)]
        need(len(piece) <= 240 or xxh3(piece, page) == int.from_bytes(
            data[sums + 8 * page:sums + 8 * page + 8], 'little'), f'{path}: page {page}')
    table, at, chunks = Cursor(data, toc), 64, {}
    for _ in range(rows):
        name, version = table.take(4).decode(), table.number(4)
        offset, size = table.numbers(8, 2)
        need(version == 1 and offset == at and name not in chunks, f'{path}: chunk {name}')
        chunks[name] = data[offset:offset + size]
        at = (offset + size + 63) // 64 * 64
        need(not any(data[offset + size:at]), f'{path}: behind {name}')
    need(at == sums, f'{path}: sums')
    return chunks


def strings(cursor):
    """3.4: a list of strings, to the end."""
    count = cursor.number(4)
    offsets = cursor.numbers(4, (count + 15) // 16)
    start, found = cursor.at, []
    for i in range(count):
        if i % 16 == 0:
            need(cursor.at - start == offsets[i // 16], 'a block of strings')
        shared = cursor.varint() if i % 16 else 0
        need(not shared or shared <= len(found[-1]), 'a shared beginning')
        found.append((found[-1][:shared] if shared else b'') + cursor.take(cursor.varint()))
    need(cursor.at == len(cursor.data), 'behind the strings')
    return found


# ---- 3 the segment ----


class Segment:
    def __init__(self, path, id_text):
        self.chunks = chunks_of(path, b'SEGM', id_text)
        self.meta()
        self.documents()
        self.load_short_lists()
        self.stored = self.texts() if self.has_text else [(None, None)] * self.count

    def cursor(self, name):
        need(name in self.chunks, f'no chunk {name}')
        return Cursor(self.chunks[name])

    def meta(self):
        cursor = self.cursor('META')  # 3.1
        self.analyzer, self.has_text, self.long_min, self.trigram_min = cursor.numbers(4, 4)
        self.gaps, self.text_bytes, self.postings, self.lists = cursor.numbers(8, 4)
        self.unicode = cursor.take(16).rstrip(b'\0').decode()
        need(self.trigram_min == 0 or self.trigram_min >= 2048, 'META: trigrams')
        need(cursor.at == len(cursor.data), 'META')

    def documents(self):
        cursor = self.cursor('DOCS')
        self.count, self.positions, _, cells = cursor.numbers(4, 4)
        self.starts = cursor.numbers(4, self.count + 1)
        cursor.numbers(4, cells)
        need(not cursor.rest() and self.starts[0] == 0 and self.starts[-1] == self.positions and
             all(one < other for one, other in zip(self.starts, self.starts[1:])), 'DOCS')
        self.columns = {name: self.column(name) for name in (b'rank', b'titl', b'flag', b'date')}
        need(sorted(self.columns[b'rank']) == list(range(self.count)), 'ranks')
        self.keys = strings(self.cursor('KEYS'))
        self.titles = strings(self.cursor('TITL'))
        need(self.keys == sorted(self.keys), 'KEYS')
        need(len(self.keys) == len(self.titles) == self.count, 'KEYS and TITL')
        cursor = self.cursor('SRCS')
        firsts = cursor.numbers(4, cursor.number(4))
        self.sources = list(zip(firsts, strings(Cursor(cursor.rest()))))
        need(len(self.sources) == len(firsts) and firsts == sorted(firsts), 'SRCS')

    def column(self, wanted):
        """3.3"""
        cursor = self.cursor('COLS')
        columns, _ = cursor.numbers(4, 2)
        for _ in range(columns):
            name, width = cursor.take(4), cursor.number(4)
            base, offset = cursor.numbers(8, 2)
            if name == wanted:
                values = Cursor(cursor.data, offset)
                return [base + values.number(width) for _ in range(self.count)]
        raise Corrupt(f'no column {wanted}')

    # ---- lists ----

    def load_short_lists(self):
        """3.10, 3.11: the gaps of all short lists, one after another."""
        post, self.short_gaps = self.cursor('POST'), []
        offsets = self.cursor('SDIR').numbers(8, (self.gaps + 511) // 512)
        parts = []
        for offset in offsets:
            post.at = offset
            form = post.number(2)
            parts.append((form >> 15, post.take(form & 0x7fff), post.at))
        plain = iter(inflate([classes for raw, classes, _ in parts if not raw]))
        for raw, classes, at in parts:
            classes = classes if raw else next(plain)
            bits = sum(classes)
            post.at = at
            mantissas = post.number((bits + 7) // 8)
            for one in classes:
                need(one < 32, 'a class')
                self.short_gaps.append((1 << one) + (mantissas & (1 << one) - 1))
                mantissas >>= one
        need(len(self.short_gaps) == self.gaps, 'the number of gaps')

    def long_list(self, place, count):
        cursor = self.cursor('POST')
        cursor.at = 32 * place
        need(cursor.number(4) == count, 'a long list')
        blocks = cursor.number(4)
        firsts = cursor.numbers(4, blocks)
        offsets = cursor.numbers(4, blocks + (count < 8192))
        forms = cursor.take(blocks)
        impacts = cursor.take(4 * blocks)
        counts = [less + 1 for less in cursor.take(blocks)]
        unit = 1 if count < 8192 else 32
        start = cursor.at = (cursor.at + unit - 1) // unit * unit
        positions = []
        for first, offset, form, in_block in zip(firsts, offsets, forms, counts):
            need(cursor.at == start + unit * offset and (not positions or positions[-1] < first),
                 'a block of a long list')
            distances = (self.coded if unit == 1 else self.packed)(cursor, form, in_block)
            for distance in [0] + distances:
                first += distance
                positions.append(first)
        need(unit > 1 or cursor.at == start + offsets[-1], 'the end of a long list')
        self.check_impacts(positions, counts, impacts)
        return positions

    def check_impacts(self, positions, counts, impacts):
        titles, units, frequencies = self.columns[b'titl'], {}, {}
        numbers = ((block, i) for block, count in enumerate(counts) for i in range(count))
        for position, (block, i) in zip(positions, numbers):
            document = bisect.bisect(self.starts, position) - 1
            in_title = position - self.starts[document] < titles[document]
            frequencies[document] = frequencies.get(document, 0) + (3 if in_title else 1)
            units.setdefault(document, set()).add(4 * block + i // 64)
        average = (self.positions - self.count) / self.count
        for document, frequency in frequencies.items():
            length = self.starts[document + 1] - self.starts[document] - 1
            if length >= 32:
                drop = length.bit_length() - 4
                length = length >> drop << drop
            least = 255 * frequency / (frequency + 0.3 + 0.9 * length / average)
            need(all(impacts[unit] >= least for unit in units[document]), 'an impact')

    @staticmethod
    def packed(cursor, width, in_block):
        words = ((in_block + 7) // 8 * width + 31) // 32
        numbers = cursor.numbers(4, 8 * words)
        lanes = [sum(numbers[8 * word + lane] << 32 * word for word in range(words))
                 for lane in range(8)]
        return [lanes[i % 8] >> i // 8 * width & (1 << width) - 1 for i in range(1, in_block)]

    @staticmethod
    def coded(cursor, form, in_block):
        pairs, codes = max(0, form - 64 - 15), cursor.number(in_block // 2)
        codes = [codes >> 4 * i & 15 for i in range(in_block - 1)]
        kinds = [(4 ** code, 2 * code + 2) if code < pairs else (1 << code + pairs, code + pairs)
                 for code in codes]
        rests = cursor.number((sum(width for _, width in kinds) + 7) // 8)
        found = []
        for least, width in kinds:
            found.append(least + (rests & (1 << width) - 1))
            rests >>= width
        return found

    def positions_of(self, cursor, gap, one=False):
        """3.8: a list in the dictionary: its positions, and the gap where the next begins."""
        if one:
            return [cursor.number(4)], gap
        head = cursor.varint()
        count, documents = head >> 1, (head >> 1) - (cursor.varint() if head & 1 else 0)
        if count == 1:
            found = [cursor.number(4)]
        elif count >= self.long_min:
            found = self.long_list(cursor.varint(), count)
        else:
            found, last = [], -1
            for step in self.short_gaps[gap:gap + count]:
                last += step
                found.append(last)
            gap += count
        need(len(found) == count and found[-1] < self.positions, 'a list')
        need(len({bisect.bisect(self.starts, one) for one in found}) == documents, 'its documents')
        return found, gap

    def grams(self):
        """3.8: (gram as text, positions); the empty text is the list of breaks."""
        return self.grams_of('GRAM', 0)

    def trigrams(self):
        """3.15, after words()"""
        yield from self.grams_of('TRIG', self.gap)
        need(self.gap == self.gaps, 'TRIG')

    def grams_of(self, chunk, gap):
        cursor = self.cursor(chunk)
        count, blocks, _ = cursor.number(8), cursor.number(4), cursor.number(4)
        firsts, gaps = cursor.numbers(8, blocks), cursor.numbers(8, blocks)
        offsets, data = cursor.numbers(4, blocks), Cursor(cursor.rest())
        gram = [0, 0, 0]
        for i in range(count):
            one = False
            if i % 64 == 0:
                number = firsts[i // 64]
                gram = [number >> 42, number >> 21 & 0x1fffff, number & 0x1fffff]
                need((gaps[i // 64], offsets[i // 64]) == (gap, data.at), 'a block of grams')
            else:
                head = data.varint()
                one, how, step = head & 1, head >> 1 & 3, head >> 3
                if how == 2:
                    gram = [gram[0] + step, data.varint(), data.varint()]
                elif how == 1:
                    gram[2] += step
                else:
                    gram[1:] = gram[1] + step, data.varint() if how else 0
            found, gap = self.positions_of(data, gap, one)
            yield ''.join(chr(part) for part in gram if part), found
        need(data.at == len(data.data), chunk)
        self.gap = gap

    def words(self):
        """3.9, after grams()"""
        cursor = self.cursor('WORD')
        count, blocks, _ = cursor.number(8), cursor.number(4), cursor.number(4)
        gaps, offsets = cursor.numbers(8, blocks), cursor.numbers(4, blocks)
        data, word = Cursor(cursor.rest()), b''
        for i in range(count):
            if i % 16 == 0:
                need((gaps[i // 16], offsets[i // 16]) == (self.gap, data.at), 'a block of words')
            shared, more = data.number(1), data.number(1)
            before, word = word, word[:shared] + data.take(more)
            need(before < word and (i % 16 or not shared), 'the order of words')
            found, self.gap = self.positions_of(data, self.gap)
            yield word.decode(), found
        need(data.at == len(data.data), 'WORD')

    def characters(self):
        """3.7"""
        cursor = self.cursor('CHAR')
        return {chr(cursor.number(4)): cursor.number(4) for _ in range(len(cursor.data) // 8)}

    # ---- text ----

    def texts(self):
        """3.12, 3.13: (text, fields) of every document."""
        rows, text, stored = self.cursor('TDIR'), self.chunks['TEXT'], []
        table = [(rows.number(8), rows.number(4)) for _ in range(len(rows.data) // 12)]
        need(table[0] == (0, 0) and table[-1] == (len(text), self.count), 'TDIR')
        blocks = inflate([text[one[0]:other[0]] for one, other in zip(table, table[1:])])
        lengths, content = [], b''
        for (_, first), (_, following), block in zip(table, table[1:], blocks):
            cursor = Cursor(block)
            need(cursor.varint() == following - first, 'documents of a text block')
            lengths += [(cursor.varint(), cursor.varint()) for _ in range(first, following)]
            content += cursor.rest()
        cursor = Cursor(content)
        stored = [(cursor.take(size).decode(), cursor.take(fields)) for size, fields in lengths]
        need(cursor.at == len(content), 'TEXT')
        need(sum(size for size, _ in lengths) == self.text_bytes, 'the length of all texts')
        return stored


# ---- 1, 4 the folder ----


def newest(folder):
    """1: the lines of the highest manifest, split into words."""
    names = sorted(name for name in os.listdir(folder)
                   if re.fullmatch(r'manifest-[0-9a-f]{16}\.gsm', name))
    need(names, 'no index here')
    with open(os.path.join(folder, names[-1]), encoding='ascii') as file:
        lines = [line.split(' ') for line in file.read().split('\n')[:-1]]
    need(lines[:2] == [['gsearch', 'manifest'], ['format', '2']], 'the manifest')
    need(lines[2] == ['generation', str(int(names[-1][9:25], 16))], 'its generation')
    return lines


def deleted(folder, segment_id, line):
    """4.1: the numbers of the deleted documents."""
    bits = Cursor(chunks_of(f'{folder}/del-{line[1]}.gsd', b'DELS', line[1])['BITS'])
    low, high = bits.numbers(8, 2)
    _, count, _ = bits.number(4), bits.number(4), bits.number(8)
    mask = int.from_bytes(bits.rest(), 'little')
    need(f'{high:016x}{low:016x}' == segment_id, 'BITS: of another segment')
    need(mask.bit_count() == count == int(line[4]), 'BITS')
    return {i for i in range(mask.bit_length()) if mask >> i & 1}


def read(folder):
    """[(segment, numbers of its deleted documents)]"""
    found = []
    for line in newest(folder):
        if line[0] == 'segment':
            found.append((Segment(f'{folder}/seg-{line[1]}.gss', line[1]), set()))
            last = line[1]
        elif line[0] == 'deletes':
            found[-1] = found[-1][0], deleted(folder, last, line)
    return found


def main():
    def show(row):
        print(json.dumps(row, ensure_ascii=False))

    for number, (segment, gone) in enumerate(read(sys.argv[1])):
        sources = [[first, os.fsdecode(path)] for first, path in segment.sources]
        show({'segment': number, 'documents': segment.count, 'positions': segment.positions,
              'analyzer': segment.analyzer, 'unicode': segment.unicode, 'sources': sources})
        for i in range(segment.count):
            text, fields = segment.stored[i]
            show({'document': i, 'id': segment.keys[segment.columns[b'rank'][i]].decode(),
                  'title': segment.titles[i].decode(), 'date': segment.columns[b'date'][i],
                  'length': segment.starts[i + 1] - segment.starts[i] - 1,
                  'deleted': i in gone, 'text': text,
                  'fields': json.loads(fields) if fields else None})
        show({'characters': segment.characters()})
        for term, positions in segment.grams():
            show({'gram': term, 'positions': positions})
        for term, positions in segment.words():
            show({'word': term, 'positions': positions})
        for term, positions in segment.trigrams():
            show({'trigram': term, 'positions': positions})


if __name__ == '__main__':
    main()
