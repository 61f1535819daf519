/* SPDX-License-Identifier: Apache-2.0
 *
 * Text in memory to a committed index, through the public writer, one thread:
 *     bench_build FROM DIR MEGABYTES [COMMITS [without-text]]
 * makes the index DIR of so many megabytes of the texts of the index FROM, in so many commits of
 * equal size (1), and prints one row. The time is that of opening the writer, adding every document
 * and committing, durably; `peak_MiB` is what the library had allocated at once.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/measure.h"
#include "bench/texts.h"
#include "query/index.h"

typedef struct count {
    size_t now, peak;
} count;

static void *count_and_resize(void *ptr, size_t size, void *payload)
{
    count *counted = payload;
    size_t before = ptr ? malloc_usable_size(ptr) : 0;
    void *after = NULL;
    if (size == 0)
        free(ptr);
    else if (!(after = realloc(ptr, size)))
        return NULL;
    counted->now += (after ? malloc_usable_size(after) : 0) - before;
    counted->peak = counted->now > counted->peak ? counted->now : counted->peak;
    return after;
}

static void check(gsearch_status status, const gsearch_error *err)
{
    if (!status)
        return;
    fprintf(stderr, "bench_build: %s\n", err->message);
    exit(1);
}

/* Seconds. */
static double build(const gs_bench_texts *texts, const char *dir, uint64_t commits,
                    bool without_text, count *counted)
{
    gsearch_allocator allocator = {count_and_resize, counted};
    gsearch_writer_options options = {.struct_size = sizeof(options),
                                      .allocator = &allocator,
                                      .without_text = without_text};
    gsearch_writer *writer;
    gsearch_error err;
    uint64_t added = 0, committed = 0;
    double before = gs_measure_now();
    check(gsearch_writer_open(dir, &options, &writer, &err), &err);
    for (size_t i = 0; i < texts->count; i++) {
        gsearch_document document = GSEARCH_DOCUMENT_INIT;
        char id[32];
        snprintf(id, sizeof(id), "%010zu", i);
        document.id = id;
        document.text = (const char *)texts->list[i].ptr;
        document.text_len = texts->list[i].len;
        check(gsearch_writer_add(writer, &document, &err), &err);
        added += document.text_len;
        if (added >= texts->bytes / commits * (committed + 1) || i + 1 == texts->count) {
            check(gsearch_writer_commit(writer, NULL, &err), &err);
            committed++;
        }
    }
    double seconds = gs_measure_now() - before;
    gsearch_writer_close(writer);
    return seconds;
}

static void print_row(const gs_bench_texts *texts, const char *dir, bool without_text,
                      double seconds, const count *counted)
{
    gsearch_index *index;
    gsearch_error err;
    uint64_t bytes = 0;
    check(gsearch_index_open(dir, NULL, &index, &err), &err);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    if (snapshot->documents != texts->count) {
        fprintf(stderr, "bench_build: %zu documents were added, %llu are there\n", texts->count,
                (unsigned long long)snapshot->documents);
        exit(1);
    }
    for (uint32_t i = 0; i < snapshot->segments_count; i++)
        bytes += snapshot->segments[i].segment->file_bytes;
    printf("%9s %10s %9s %7s %9s %9s %9s %9s\n", "text_MB", "documents", "segments", "stored",
           "seconds", "MB/s", "peak_MiB", "index_MB");
    printf("%9.1f %10zu %9u %7s %9.2f %9.1f %9.0f %9.1f\n", (double)texts->bytes * 1e-6,
           texts->count, snapshot->segments_count, without_text ? "no" : "yes", seconds,
           (double)texts->bytes * 1e-6 / seconds, (double)counted->peak / (1 << 20),
           (double)bytes * 1e-6);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
}

int main(int argc, char **argv)
{
    struct stat there;
    size_t megabytes = argc > 3 ? gs_measure_number(argv[3]) : 0;
    size_t commits = argc > 4 ? gs_measure_number(argv[4]) : 1;
    bool without_text = argc > 5 && strcmp(argv[5], "without-text") == 0;
    if (megabytes == 0 || commits == 0 || argc > 6 || (argc > 5 && !without_text)) {
        fprintf(stderr, "usage: bench_build FROM DIR MEGABYTES [COMMITS [without-text]]\n");
        return 2;
    }
    if (stat(argv[2], &there) == 0) {
        fprintf(stderr, "bench_build: %s is there already\n", argv[2]);
        return 2;
    }
    gs_bench_texts texts = gs_bench_texts_read(argv[1], megabytes * 1000000ull);
    count counted = {0};
    double seconds = build(&texts, argv[2], commits, without_text, &counted);
    print_row(&texts, argv[2], without_text, seconds, &counted);
    return 0;
}
