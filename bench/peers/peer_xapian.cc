/* SPDX-License-Identifier: Apache-2.0
 *
 * Xapian: its disk format glass, BM25, bigrams with positions as terms cut here, compacted.
 */
#include <xapian.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "bench/peers/peer.h"

namespace {

// what Xapian keeps in memory for so much text of bigrams is about the budget for building
constexpr size_t FLUSH_TEXT_BYTES = 16u << 20;
constexpr size_t TERM_BYTES_MAX = 240;

Xapian::Database *opened;

std::string term_of(const peer_token &token)
{
    return std::string(token.term, std::min(token.length, TERM_BYTES_MAX));
}

Xapian::Document document_of(const peer_text &text)
{
    Xapian::Document document;
    peer_cutter cutter;
    peer_token token;
    peer_cut(&cutter, text.bytes, text.length);
    while (peer_next(&cutter, &token)) {
        if (!token.is_run_end)
            document.add_posting(term_of(token), token.position + 1);
    }
    return document;
}

Xapian::Query phrase_of(const char *term, bool distinct, Xapian::Query::op op)
{
    if (peer_is_word_prefix(term))
        return Xapian::Query(Xapian::Query::OP_WILDCARD, std::string(term, std::strcspn(term, "*")));
    peer_token tokens[PEER_TOKENS_MAX];
    size_t count = peer_tokens(term, distinct, tokens);
    std::vector<std::string> terms;
    for (size_t i = 0; i < count; i++)
        terms.push_back(term_of(tokens[i]));
    if (count == 1)
        return Xapian::Query(terms[0]);
    return Xapian::Query(op, terms.begin(), terms.end(), op == Xapian::Query::OP_PHRASE ? count : 0);
}

Xapian::Query query_of(const peer_query *query)
{
    if (peer_is(query, "any"))
        return phrase_of(query->terms[0], true, Xapian::Query::OP_OR);
    std::vector<Xapian::Query> parts;
    for (size_t i = 0; i < query->terms_count; i++)
        parts.push_back(phrase_of(query->terms[i], false, Xapian::Query::OP_PHRASE));
    if (parts.size() == 1)
        return parts[0];
    if (peer_is(query, "near")) // a window from the first character of one to that of the other
        return Xapian::Query(Xapian::Query::OP_NEAR, parts.begin(), parts.end(), PEER_NEAR + 3);
    return Xapian::Query(peer_is(query, "or5") ? Xapian::Query::OP_OR : Xapian::Query::OP_AND,
                         parts.begin(), parts.end());
}

} // namespace

extern "C" {

void peer_put_version(void)
{
    std::fputs(Xapian::version_string(), stdout);
}

void peer_build(const char *dir, const peer_text *texts, size_t count)
{
    std::string loose = std::string(dir) + "/loose";
    {
        Xapian::WritableDatabase database(loose, Xapian::DB_CREATE | Xapian::DB_BACKEND_GLASS |
                                                     Xapian::DB_NO_SYNC | Xapian::DB_DANGEROUS);
        size_t waiting = 0;
        for (size_t i = 0; i < count; i++) {
            database.add_document(document_of(texts[i]));
            waiting += texts[i].length;
            if (waiting >= FLUSH_TEXT_BYTES) {
                database.commit();
                waiting = 0;
            }
        }
        database.commit();
    }
    Xapian::Database(loose).compact(std::string(dir) + "/compact", Xapian::Compactor::FULL);
}

void peer_open(const char *dir)
{
    opened = new Xapian::Database(std::string(dir) + "/compact");
}

uint64_t peer_size(const char *dir)
{
    return peer_folder_bytes((std::string(dir) + "/compact").c_str());
}

bool peer_can(const peer_query *query)
{
    return !peer_is(query, "char");
}

uint64_t peer_search(const peer_query *query, bool exact)
{
    Xapian::Enquire enquire(*opened);
    enquire.set_query(query_of(query));
    Xapian::MSet found = enquire.get_mset(0, PEER_ROWS, exact ? opened->get_doccount() : 0);
    return found.get_matches_estimated();
}
}
