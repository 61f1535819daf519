/* SPDX-License-Identifier: Apache-2.0
 *
 * One line at a time through jansson; the strings are copied.
 */
#include "bench/documents.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define BREAK "。"

static gs_bytes join(const char *title, const char *text, size_t text_len)
{
    size_t title_len = strlen(title);
    size_t head = title_len ? title_len + strlen(BREAK) : 0;
    char *copy = malloc(head + text_len + 1);
    if (!copy)
        return gs_bytes_of(NULL, 0);
    if (title_len) {
        memcpy(copy, title, title_len);
        memcpy(copy + title_len, BREAK, strlen(BREAK));
    }
    memcpy(copy + head, text, text_len);
    copy[head + text_len] = 0;
    return gs_bytes_of(copy, head + text_len);
}

static bool read_line(gs_bench_document *out, const char *line, size_t len)
{
    json_t *object = json_loadb(line, len, 0, NULL);
    const char *id = json_string_value(json_object_get(object, "id"));
    const char *title = json_string_value(json_object_get(object, "title"));
    json_t *text = json_object_get(object, "text");
    if (id && json_is_string(text)) {
        out->id = gs_bytes_str(gs_mem_dup(NULL, gs_bytes_str(id)));
        out->text = join(title ? title : "", json_string_value(text), json_string_length(text));
    }
    json_decref(object);
    return out->text.ptr != NULL;
}

gs_bench_documents gs_bench_documents_read(const char *path)
{
    gs_bench_documents documents = {0};
    size_t capacity = 0, line_capacity = 0;
    char *line = NULL;
    ssize_t len;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(1);
    }
    while ((len = getline(&line, &line_capacity, file)) > 0) {
        gs_bench_document document = {0};
        if (!read_line(&document, line, (size_t)len) ||
            !gs_mem_grow(NULL, (void **)&documents.list, &capacity, documents.count + 1, SIZE_MAX,
                         sizeof(document))) {
            fprintf(stderr, "%s: line %zu is no document with id and text\n", path,
                    documents.count + 1);
            exit(1);
        }
        documents.list[documents.count++] = document;
        documents.text_bytes += document.text.len;
    }
    free(line);
    fclose(file);
    return documents;
}
