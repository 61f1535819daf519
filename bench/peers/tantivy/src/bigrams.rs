// SPDX-License-Identifier: Apache-2.0
//
//! Prepared text as words and bigrams with positions, as peer_next in bench/peers/peer.c, but
//! without ends of runs: positions can be left out here.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

#[derive(Clone, Default)]
pub struct Bigrams {
    token: Token,
}

pub struct BigramStream<'a> {
    text: &'a str,
    next: usize,
    position: usize,
    in_run: bool, // `next` is the second character of a bigram already given
    token: &'a mut Token,
}

impl Tokenizer for Bigrams {
    type TokenStream<'a> = BigramStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> BigramStream<'a> {
        self.token.reset();
        BigramStream { text, next: 0, position: 0, in_run: false, token: &mut self.token }
    }
}

fn is_cjk(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x11ff | 0x2e80..=0x3001 | 0x3003..=0x9fff | 0xa960..=0xa97f
        | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0x1aff0..=0x1b2ff | 0x20000..)
}

fn is_word_part(c: char) -> bool {
    c != ' ' && c != '。' && !is_cjk(c)
}

impl BigramStream<'_> {
    fn give(&mut self, end: usize) {
        self.token.offset_from = self.next;
        self.token.offset_to = end;
        self.token.position = self.position;
        self.token.text.clear();
        self.token.text.push_str(&self.text[self.next..end]);
        self.position += 1;
    }
}

impl TokenStream for BigramStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let rest = &self.text[self.next..];
            let mut characters = rest.chars();
            let Some(first) = characters.next() else { return false };
            let behind = self.next + first.len_utf8();
            if first == ' ' || first == '。' {
                self.position += usize::from(first == '。');
                self.next = behind;
            } else if is_word_part(first) {
                let length = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
                self.give(self.next + length);
                self.next += length;
                return true;
            } else {
                let was_in_run = self.in_run;
                let second = characters.next().filter(|&c| is_cjk(c));
                self.in_run = second.is_some();
                if was_in_run && second.is_none() {
                    self.position += 1;
                    self.next = behind;
                    continue;
                }
                self.give(behind + second.map_or(0, char::len_utf8));
                self.next = behind;
                return true;
            }
        }
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The terms of a phrase without breaks, or of a question.
pub fn tokens_of(text: &str) -> Vec<String> {
    let mut bigrams = Bigrams::default();
    let mut stream = bigrams.token_stream(text);
    let mut tokens = Vec::new();
    while stream.advance() {
        tokens.push(stream.token().text.clone());
    }
    tokens
}

pub fn is_word_prefix(term: &str) -> bool {
    term.ends_with('*') && term.chars().next().is_some_and(is_word_part)
}
