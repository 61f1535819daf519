# SPDX-License-Identifier: Apache-2.0
"""Documents made up of frequent characters, phrases out of them, and in how many each one is,
counted by looking through every text."""

import itertools
import json
import random

CHARACTERS = ("的一是在不了有和人中大上个国我以要他时用们生到作地于出就分对成会可主年动同工"
              "也能下子说产种面方多定行学法所民得经")  # none is a variant of another
REQUESTS = ("COUNT {}", "SEARCH {}", 'SEARCH "{}"', 'COUNT "{}"')


class Corpus:
    """`base` documents in generation 1 and `step` more in each one after it."""

    def __init__(self, seed, base, step=0, generations=1):
        draw = random.Random(seed)
        weights = [1 / (rank + 3) for rank in range(len(CHARACTERS))]
        self.base, self.step, self.generations = base, step, generations
        self.texts = ["".join(draw.choices(CHARACTERS, weights, k=draw.randrange(40, 160)))
                      for _ in range(base + step * (generations - 1))]
        self.draw = draw

    def records(self, generation=1):
        """What generation 1 is made of, or what a later one adds."""
        end = self.base + self.step * (generation - 1)
        first = end - self.step if generation > 1 else 0
        return "".join(json.dumps({"id": f"d{number:07}", "text": self.texts[number]},
                                  ensure_ascii=False) + "\n" for number in range(first, end))

    def totals(self, phrase):
        """The documents with the phrase, by generation."""
        sums = list(itertools.accumulate(phrase in text for text in self.texts))
        ends = range(self.base, len(self.texts) + 1, self.step) if self.step else [self.base]
        return [sums[end - 1] for end in ends]

    def lines(self, count):
        """Requests as crowd.c wants them, with their totals."""
        for number in range(count):
            text = self.draw.choice(self.texts)
            length = self.draw.choice((2, 2, 3, 4))
            first = self.draw.randrange(len(text) - length)
            phrase = text[first:first + length]
            request = REQUESTS[number % len(REQUESTS)].format(phrase)
            yield "\t".join([request, *map(str, self.totals(phrase))]) + "\n"

    def often_and_rare(self):
        """A character of most texts, and a phrase of some hundred."""
        pairs = ("".join(pair) for pair in itertools.product(CHARACTERS[:40], repeat=2))
        return CHARACTERS[0], min(pairs, key=lambda pair: abs(self.totals(pair)[0] - 300))
