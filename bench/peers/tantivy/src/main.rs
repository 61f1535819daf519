// SPDX-License-Identifier: Apache-2.0
//
//! Tantivy beside gsearch: arguments and output as in bench/peers/peer.h. One segment, frequencies
//! and positions, nothing stored, bigrams by a tokenizer of our own.

mod bigrams;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use bigrams::{is_word_prefix, tokens_of, Bigrams};
use tantivy::collector::{Count, TopDocs};
use tantivy::indexer::NoMergePolicy;
use tantivy::query::{BooleanQuery, PhraseQuery, Query, RegexQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{doc, Index, IndexWriter, Searcher, Term};

const MEMORY_BYTES: usize = 256 << 20;
const ROWS: usize = 10;
const WARM_ROUNDS: usize = 2;
const NEAR: u32 = 5;
const ROUNDS: usize = 5;
const SLOW: f64 = 0.2; // seconds: such a query is asked once

struct Row {
    class: String,
    terms: Vec<String>,
}

fn lines(path: &str) -> impl Iterator<Item = String> {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    BufReader::with_capacity(1 << 20, file).lines().map(|line| line.expect("UTF-8"))
}

fn read_texts(path: &str) -> Vec<String> {
    lines(path)
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            record["text"].as_str().expect("a text").to_owned()
        })
        .collect()
}

fn read_queries(path: &str) -> Vec<Row> {
    lines(path)
        .map(|line| {
            let mut fields = line.split('\t').map(str::to_owned);
            Row { class: fields.next().expect("a class"), terms: fields.collect() }
        })
        .collect()
}

fn build(dir: &str, texts: &[String]) -> tantivy::Result<()> {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("bigrams")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let mut schema = Schema::builder();
    let text = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    let index = Index::create_in_dir(dir, schema.build())?;
    index.tokenizers().register("bigrams", Bigrams::default());
    let mut writer: IndexWriter = index.writer_with_num_threads(1, MEMORY_BYTES)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for each in texts {
        writer.add_document(doc!(text => each.as_str()))?;
    }
    writer.commit()?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.garbage_collect_files().wait()?;
    writer.wait_merging_threads()
}

fn folder_bytes(dir: &Path) -> u64 {
    fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").metadata().expect("its size").len())
        .sum()
}

/// A phrase of bigrams, a single one, or the beginning of a word.
fn phrase(field: Field, text: &str) -> Box<dyn Query> {
    let term = text.trim_end_matches('*');
    if is_word_prefix(text) {
        return Box::new(RegexQuery::from_pattern(&format!("{term}.*"), field).expect("a pattern"));
    }
    let tokens: Vec<Term> =
        tokens_of(term).iter().map(|token| Term::from_field_text(field, token)).collect();
    match tokens.as_slice() {
        [single] => Box::new(TermQuery::new(single.clone(), IndexRecordOption::WithFreqs)),
        _ => Box::new(PhraseQuery::new(tokens)),
    }
}

/// Two bigrams within NEAR in either order. The slop of a phrase reaches less far backwards than
/// forwards, so both orders are asked; between two bigrams is one position more than between their
/// characters.
fn near(field: Field, terms: &[String]) -> BooleanQuery {
    let mut pair: Vec<Term> = terms.iter().map(|term| Term::from_field_text(field, term)).collect();
    let mut orders: Vec<Box<dyn Query>> = Vec::new();
    for _ in 0..2 {
        let mut phrase = PhraseQuery::new(pair.clone());
        phrase.set_slop(NEAR + 1);
        orders.push(Box::new(phrase));
        pair.reverse();
    }
    BooleanQuery::union(orders)
}

/// None if this index cannot answer: it has no single characters.
fn query_of(field: Field, row: &Row) -> Option<Box<dyn Query>> {
    let phrases = || row.terms.iter().map(|term| phrase(field, term)).collect();
    match row.class.as_str() {
        "char" => None,
        "near" => Some(Box::new(near(field, &row.terms))),
        "and2" => Some(Box::new(BooleanQuery::intersection(phrases()))),
        "or5" => Some(Box::new(BooleanQuery::union(phrases()))),
        "any" => {
            let mut tokens = tokens_of(&row.terms[0]);
            tokens.sort();
            tokens.dedup();
            let terms = tokens.iter().map(|token| Term::from_field_text(field, token)).collect();
            Some(Box::new(BooleanQuery::new_multiterms_query(terms)))
        }
        _ => Some(phrase(field, &row.terms[0])),
    }
}

fn search(searcher: &Searcher, query: &dyn Query, exact: bool) -> tantivy::Result<usize> {
    let top = TopDocs::with_limit(ROWS).order_by_score();
    if exact {
        Ok(searcher.search(query, &(top, Count))?.1)
    } else {
        Ok(searcher.search(query, &top)?.len())
    }
}

/// Queries of a class go round; the median of the rounds behind the warm ones counts.
fn measure(searcher: &Searcher, field: Field, rows: &[Row], first: usize, exact: bool) {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    let mut matches = vec![0; rows.len()];
    for round in 0..WARM_ROUNDS + ROUNDS {
        for (i, row) in rows.iter().enumerate() {
            if times[i].first().is_some_and(|&seconds| seconds > SLOW) {
                continue;
            }
            let before = Instant::now();
            let Some(query) = query_of(field, row) else { continue };
            matches[i] = search(searcher, query.as_ref(), exact).expect("an answer");
            let taken = before.elapsed().as_secs_f64();
            if round >= WARM_ROUNDS || taken > SLOW {
                times[i].push(taken);
            }
        }
    }
    for (i, row) in rows.iter().enumerate() {
        times[i].sort_by(f64::total_cmp);
        let Some(median) = times[i].get(times[i].len() / 2) else { continue };
        let mode = if exact { "exact" } else { "top10" };
        let count = if exact { matches[i].to_string() } else { "-".to_owned() };
        println!("query\t{}\t{}\t{mode}\t{count}\t{:.2}", row.class, first + i, median * 1e6);
    }
}

fn main() -> tantivy::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if args.len() < 4 {
        eprintln!("usage: peer-tantivy INDEX DOCUMENTS QUERIES [reuse]");
        std::process::exit(2);
    }
    println!("version\t{}", tantivy::version_string().split([' ', ',']).nth(1).expect("a number"));
    if args.len() == 4 {
        let texts = read_texts(&args[2]);
        fs::create_dir(&args[1])?;
        let before = Instant::now();
        build(&args[1], &texts)?;
        let bytes: usize = texts.iter().map(String::len).sum();
        println!("build\t{:.3}\t{bytes}", before.elapsed().as_secs_f64());
    }
    println!("size\t{}", folder_bytes(Path::new(&args[1])));
    let index = Index::open_in_dir(&args[1])?;
    let field = index.schema().get_field("text")?;
    let searcher = index.reader()?.searcher();
    assert_eq!(searcher.segment_readers().len(), 1);
    let rows = read_queries(&args[3]);
    let mut from = 0;
    while from < rows.len() {
        let length = rows[from..].iter().take_while(|row| row.class == rows[from].class).count();
        for exact in [true, false] {
            measure(&searcher, field, &rows[from..from + length], from, exact);
        }
        from += length;
    }
    Ok(())
}
