/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked and what comes back: the same structs whether the index is in this process
 * (gsearch.h) or behind a socket (client.h).
 */
#ifndef GSEARCH_REQUEST_H
#define GSEARCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gsearch/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gsearch_sort {
    GSEARCH_SORT_SCORE = 0,     /* score falling, then id rising bytewise */
    GSEARCH_SORT_DATE = 1,      /* date rising, then score falling, then id; undated last */
    GSEARCH_SORT_DATE_DESC = 2, /* date falling, then score falling, then id; undated last */
} gsearch_sort;

typedef enum gsearch_match {
    GSEARCH_MATCH_EXACT = 0, /* the query language of docs/QUERY.md */
    GSEARCH_MATCH_ANY = 1,   /* a question in plain language: ranked by shared grams */
} gsearch_match;

#define GSEARCH_LIMIT_ALL UINT64_MAX

/* Fill with GSEARCH_REQUEST_INIT, then set what differs. All strings are borrowed for the call. */
typedef struct gsearch_request {
    size_t struct_size;  /* sizeof(gsearch_request); what a shorter one of an older program lacks is
                            as by default, a longer one is BAD_ARGUMENT */
    const char *query;   /* UTF-8, zero-terminated, at most 65,536 bytes */
    uint64_t limit;      /* rows wanted (10); at most 1,000, or GSEARCH_LIMIT_ALL with _each */
    uint64_t offset;     /* rows passed over (0); limit + offset at most 10,000 */
    gsearch_sort sort;   /* GSEARCH_SORT_SCORE */
    gsearch_match match; /* GSEARCH_MATCH_EXACT */
    const char *facet;   /* NULL, or a field to count by: "date" (by year) */
    bool snippet;        /* make snippets and marks (true) */
    bool total;          /* count every match exactly (true) */
} gsearch_request;

#define GSEARCH_REQUEST_INIT                                                                       \
    {                                                                                              \
        .struct_size = sizeof(gsearch_request), .limit = 10, .snippet = true, .total = true        \
    }

/* A stretch of `snippet`, in code points. */
typedef struct gsearch_mark {
    uint32_t start;
    uint32_t length;
} gsearch_mark;

/* One row. Strings are UTF-8, zero-terminated; a field that the document lacks is NULL. They live
 * until gsearch_results_free, or in a callback until it returns. */
typedef struct gsearch_hit {
    uint64_t rank; /* 1 for the best */
    double score;
    const char *id;
    const char *title;
    const char *date; /* "2017-12-05" */
    const char *docno;
    const char *agency;
    const char *snippet; /* at most 160 code points of the original; NULL if not asked for */
    const gsearch_mark *marks;
    size_t marks_count;
} gsearch_hit;

typedef struct gsearch_facet {
    const char *value;
    uint64_t count;
} gsearch_facet;

/* The answer to one request; all of it comes from one generation of the index. */
typedef struct gsearch_results {
    bool has_total;      /* false if the request said total = false */
    uint64_t total;      /* documents that match */
    uint64_t took_us;    /* wall-clock time of the search */
    uint64_t generation; /* which commit answered */
    const gsearch_hit *hits;
    size_t hits_count;
    const gsearch_facet *facets; /* count falling, then value rising */
    size_t facets_count;
    void (*release)(struct gsearch_results *); /* for gsearch_results_free only */
} gsearch_results;

/* Ends the life of `results` and of every string in it. NULL is fine. */
static inline void gsearch_results_free(gsearch_results *results)
{
    if (results)
        results->release(results);
}

/* For requests that stream. `head` comes once, before the hits, and again for nothing else; its
 * `hits` is NULL and `hits_count` is the number of rows to come. Return false to stop early (the
 * call then returns GSEARCH_OK). */
typedef bool (*gsearch_on_head)(const gsearch_results *head, void *payload);
typedef bool (*gsearch_on_hit)(const gsearch_hit *hit, void *payload);

#ifdef __cplusplus
}
#endif

#endif
