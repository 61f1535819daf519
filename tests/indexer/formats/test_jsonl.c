/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/formats/jsonl.c: lines to documents, seen through what the sink is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "indexer/formats/formats.h"
#include "tests/support/check.h"

typedef struct record {
    gs_buf log; // a line for every call of the sink
    gs_sink sink;
} record;

static void append_part(record *self, const char *name, gs_bytes value)
{
    gs_buf_printf(&self->log, " %s=", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < ' ')
            gs_buf_printf(&self->log, "<%02x>", value.ptr[i]);
        else
            gs_buf_u8(&self->log, value.ptr[i]);
    }
}

static gsearch_status note_document(const gs_document *document, void *payload, gsearch_error *err)
{
    (void)err;
    record *self = payload;
    gs_buf_str(&self->log, "document");
    append_part(self, "id", document->id);
    if (document->has_title)
        append_part(self, "title", document->title);
    append_part(self, "text", document->text);
    if (document->date)
        gs_buf_printf(&self->log, " date=%u", document->date);
    if (document->fields.len)
        append_part(self, "fields", document->fields);
    gs_buf_u8(&self->log, '\n');
    return GSEARCH_OK;
}

static void note_skip(gs_bytes id, gs_skip why, const char *detail, void *payload)
{
    (void)detail;
    record *self = payload;
    gs_buf_printf(&self->log, "skip %s", gs_skip_word(why));
    append_part(self, "id", id);
    gs_buf_u8(&self->log, '\n');
}

static uint64_t read_lines(const void *data, size_t len, uint64_t first_line, const char *wanted)
{
    record self;
    gsearch_error error;
    gs_buf_init(&self.log, NULL, SIZE_MAX);
    self.sink = (gs_sink){.document = note_document, .skip = note_skip, .payload = &self};
    // A copy of exactly this size, so that reading beyond it is seen.
    uint8_t *copy = malloc(len ? len : 1);
    memcpy(copy, data, len);
    gs_piece piece = {
        .data = gs_bytes_of(copy, len), .id = gs_bytes_str("p"), .first_line = first_line};
    assert_ok(gs_format_jsonl.read(&piece, NULL, &self.sink, &error), &error);
    gs_buf_u8(&self.log, 0);
    assert_string_equal((const char *)self.log.data, wanted);
    gs_buf_release(&self.log);
    free(copy);
    return self.sink.replacements;
}

static void expect(const char *lines, const char *wanted)
{
    assert_int_equal(read_lines(lines, strlen(lines), 1, wanted), 0);
}

static void known_keys_are_taken_and_others_kept_in_order(void **state)
{
    (void)state;
    expect("{\"z\": 1, \"id\": \"a\", \"title\": \"题\", \"b\": [true, null], \"text\": \"文\", "
           "\"date\": \"2017-12-11\", \"a\": {\"x\": \"y\"}}\n",
           "document id=a title=题 text=文 date=20171211 "
           "fields={\"z\":1,\"b\":[true,null],\"a\":{\"x\":\"y\"}}\n");
}

static void ids_are_strings_or_numbers_or_the_line(void **state)
{
    (void)state;
    expect("{\"id\":17,\"text\":\"a\"}\n"
           "{\"id\":-9223372036854775808,\"text\":\"b\"}\n"
           "{\"text\":\"c\"}\n"
           "{\"id\":null,\"text\":\"d\"}\n"
           "{\"id\":\"\",\"text\":\"e\"}\n"
           "{\"id\":1.5,\"text\":\"f\"}\n"
           "{\"id\":[1],\"text\":\"g\"}\n"
           "{\"id\":true,\"text\":\"g\"}\n"
           "{\"id\":\"a\\u0000b\",\"text\":\"h\"}\n",
           "document id=17 text=a\n"
           "document id=-9223372036854775808 text=b\n"
           "document id=p#3 text=c\n"
           "document id=p#4 text=d\n"
           "document id=p#5 text=e\n"
           "document id=1.5 text=f\n"
           "skip bad-record id=p#7\n"
           "skip bad-record id=p#8\n"
           "skip bad-record id=p#9\n");
    expect("{\"id\" : 12345678901234567890 ,\"text\":\"a\"}\n"
           "{\"text\":\"b\",\"id\":1.10\t}\n"
           "{\"id\":\"x\",\"text\":\"c\",\"id\":9223372036854775808}\n",
           "document id=12345678901234567890 text=a\n"
           "document id=1.10 text=b\n"
           "document id=9223372036854775808 text=c\n");
}

static void an_id_has_at_most_4096_bytes(void **state)
{
    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        size_t len = GS_ID_BYTES_MAX + extra;
        char *id = calloc(1, len + 1);
        char *line = calloc(1, len + 64);
        char *wanted = calloc(1, len + 64);
        memset(id, 'i', len);
        snprintf(line, len + 64, "{\"id\":\"%s\",\"text\":\"a\"}", id);
        snprintf(wanted, len + 64, extra ? "skip bad-record id=p#1\n" : "document id=%s text=a\n",
                 id);
        expect(line, wanted);
        free(id);
        free(line);
        free(wanted);
    }
}

static void dates_have_three_forms_and_others_are_kept(void **state)
{
    (void)state;
    expect("{\"id\":1,\"text\":\"a\",\"date\":\"20171211\"}\n"
           "{\"id\":2,\"text\":\"a\",\"date\":20171211}\n"
           "{\"id\":3,\"text\":\"a\",\"date\":\"2017-12-11T08:30:00+08:00\"}\n"
           "{\"id\":4,\"text\":\"a\",\"date\":\"2017-02-30\"}\n"
           "{\"id\":5,\"text\":\"a\",\"date\":null}\n"
           "{\"id\":6,\"text\":\"a\",\"date\":2017.5}\n",
           "document id=1 text=a date=20171211\n"
           "document id=2 text=a date=20171211\n"
           "document id=3 text=a date=20171211\n"
           "document id=4 text=a fields={\"date\":\"2017-02-30\"}\n"
           "document id=5 text=a fields={\"date\":null}\n"
           "document id=6 text=a fields={\"date\":2017.5}\n");
}

static void numbers_are_kept_to_the_letter(void **state)
{
    (void)state;
    expect("{\"id\":1,\"n\":12345678901234567890,\"text\":\"a\",\"m\":9223372036854775808,"
           "\"p\":1.10,\"q\":-0,\"r\":1E+2,\"s\":[0.1000, {\"t\": 1.0e-7}]}\n",
           "document id=1 text=a fields={\"n\":12345678901234567890,\"m\":9223372036854775808,"
           "\"p\":1.10,\"q\":-0,\"r\":1E+2,\"s\":[0.1000,{\"t\":1.0e-7}]}\n");
    // No double holds it, and no number of JSON begins with a 0 or a plus.
    expect("{\"text\":\"a\",\"n\":1e400}\n{\"text\":\"a\",\"n\":01}\n{\"text\":\"a\",\"n\":+1}\n",
           "skip bad-record id=p#1\nskip bad-record id=p#2\nskip bad-record id=p#3\n");
}

static void members_inside_members_are_not_those_of_the_record(void **state)
{
    (void)state;
    expect("{\"k\":{\"text\":\"b\",\"id\":2,\"l\":[{\"title\":\"}],\"}]},"
           "\"id\":1,\"text\":\"a\"}\n",
           "document id=1 text=a "
           "fields={\"k\":{\"text\":\"b\",\"id\":2,\"l\":[{\"title\":\"}],\"}]}}\n");
    expect("{\"id\":1,\"e\":{},\"f\":[],\"text\":\"a\",\"g\":[[],{}]}\n",
           "document id=1 text=a fields={\"e\":{},\"f\":[],\"g\":[[],{}]}\n");
}

static void escapes_do_not_change_what_a_key_is(void **state)
{
    (void)state;
    expect("{\"te\\u0078t\":\"a\",\"\\u0069d\":17,\"d\\u0061te\":20171211,"
           "\"titl\\u0065\":\"t\"}\n",
           "document id=17 title=t text=a date=20171211\n");
    expect("{\"id\":1,\"text\":\"a\",\"k\\\"\\\\\":\"v\\\"\\\\\",\"\\u4e2d\":\"\\/\\u6587\"}\n",
           "document id=1 text=a "
           "fields={\"k\\\"\\\\\":\"v\\\"\\\\\",\"\\u4e2d\":\"\\/\\u6587\"}\n");
}

static void of_equal_keys_the_last_counts(void **state)
{
    (void)state;
    expect("{\"k\":1,\"id\":1,\"text\":\"a\",\"l\":2,\"id\":2,\"\\u006b\":3,\"text\":\"b\"}\n",
           "document id=2 text=b fields={\"l\":2,\"\\u006b\":3}\n");
    expect("{\"id\":1,\"date\":\"2017-12-11\",\"text\":\"a\",\"date\":\"then\"}\n"
           "{\"id\":2,\"date\":\"then\",\"text\":\"a\",\"date\":20171211}\n",
           "document id=1 text=a fields={\"date\":\"then\"}\n"
           "document id=2 text=a date=20171211\n");
}

static void white_space_stays_only_in_strings(void **state)
{
    (void)state;
    expect(" \t{ \"id\" : 1 , \"a b\"\t:\t[ 1 ,\r\"c , d\" ] ,\"text\":\"a\" , \"n\" : 1.50 } \r\n",
           "document id=1 text=a fields={\"a b\":[1,\"c , d\"],\"n\":1.50}\n");
}

static void titles_that_are_no_text_are_no_titles(void **state)
{
    (void)state;
    expect("{\"id\":1,\"text\":\"a\",\"title\":\"\"}\n"
           "{\"id\":2,\"text\":\"a\",\"title\":7}\n"
           "{\"id\":3,\"text\":\"\",\"title\":\"t\"}\n"
           "{\"id\":4,\"text\":\" \\n\"}\n",
           "document id=1 text=a fields={\"title\":\"\"}\n"
           "document id=2 text=a fields={\"title\":7}\n"
           "document id=3 title=t text=\n"
           "skip empty id=p#4\n");
}

static void a_title_alone_makes_a_record(void **state)
{
    (void)state;
    expect("{\"id\":1,\"title\":\"通知\"}\n"
           "{\"id\":2,\"title\":\"通知\",\"text\":null,\"n\":1}\n"
           "{\"id\":3,\"title\":\"通知\",\"text\":5}\n"
           "{\"id\":4,\"title\":\" 　\"}\n"
           "{\"id\":5,\"title\":\" 　\",\"text\":\" \"}\n"
           "{\"id\":6,\"title\":7}\n"
           "{\"id\":7,\"text\":null}\n",
           "document id=1 title=通知 text=\n"
           "document id=2 title=通知 text= fields={\"n\":1}\n"
           "skip bad-record id=p#3\n"
           "skip bad-record id=p#4\n"
           "skip empty id=p#5\n"
           "skip bad-record id=p#6\n"
           "skip bad-record id=p#7\n");
}

/* A text of so many bytes, each `byte`, and the record of a document behind it. */
static void check_long(size_t len, char byte, uint64_t replaced)
{
    static const char before[] = "{\"text\":\"", after[] = "\"}\n{\"id\":1,\"text\":\"a\"}\n";
    char *lines = malloc(sizeof(before) + len + sizeof(after));
    size_t at = sizeof(before) - 1;
    memcpy(lines, before, at);
    memset(lines + at, byte, len);
    memcpy(lines + at + len, after, sizeof(after));
    assert_int_equal(read_lines(lines, at + len + sizeof(after) - 1, 1,
                                "skip too-large id=p#1\ndocument id=1 text=a\n"),
                     replaced);
    free(lines);
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
    (void)state;
    check_long(GS_DOCUMENT_BYTES_MAX, 'a', 0);
    // not yet, but each of these bytes becomes three
    check_long(GS_DOCUMENT_BYTES_MAX / 2, '\xff', GS_DOCUMENT_BYTES_MAX / 2);
}

static void a_line_that_is_no_record_is_passed_over(void **state)
{
    (void)state;
    expect("[1]\n\"text\"\n{\"id\":1}\n{\"text\":5}\n{\"text\":\"a\"\n{\"text\":\"a\"}}\nx\n",
           "skip bad-record id=p#1\nskip bad-record id=p#2\nskip bad-record id=p#3\n"
           "skip bad-record id=p#4\nskip bad-record id=p#5\nskip bad-record id=p#6\n"
           "skip bad-record id=p#7\n");
}

static void empty_lines_count_but_are_no_records(void **state)
{
    (void)state;
    expect("\n \t\r\n{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}",
           "document id=p#3 text=a\ndocument id=p#5 text=b\n");
    expect("", "");
}

static void lines_count_from_where_the_piece_begins(void **state)
{
    (void)state;
    const char *line = "{\"text\":\"a\"}\n";
    read_lines(line, strlen(line), 1000001, "document id=p#1000001 text=a\n");
}

static void escaped_controls_are_text(void **state)
{
    (void)state;
    expect("{\"id\":1,\"text\":\"a\\u0000b\\u001bc\\n\\ud83d\\ude00\",\"k\":\"\\u0000\"}\n",
           "document id=1 text=a<00>b<1b>c<0a>\xF0\x9F\x98\x80 fields={\"k\":\"\\u0000\"}\n");
    // A surrogate without its other half is no character.
    expect("{\"id\":1,\"text\":\"\\ud800\"}\n", "skip bad-record id=p#1\n");
}

static void a_nul_is_no_part_of_a_number(void **state)
{
    (void)state;
    static const char lines[] = "{\"text\":\"a\",\"n\":1\0}\n{\"n\":1\0,\"text\":\"a\"}\n";
    read_lines(lines, sizeof(lines) - 1, 1, "skip bad-record id=p#1\nskip bad-record id=p#2\n");
}

static void invalid_bytes_are_replaced_and_counted(void **state)
{
    (void)state;
    const char *lines = "{\"id\":1,\"text\":\"a\xFF\xE4\xB8z\"}\n{\"id\":2,\"text\":\"b\"}\n";
    assert_int_equal(read_lines(lines, strlen(lines), 1,
                                "document id=1 text=a\xEF\xBF\xBD\xEF\xBF\xBDz\n"
                                "document id=2 text=b\n"),
                     2);
}

static void a_byte_order_mark_is_not_part_of_the_first_line(void **state)
{
    (void)state;
    expect("\xEF\xBB\xBF{\"text\":\"a\"}\n", "document id=p#1 text=a\n");
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char *line = calloc(1, 200100);
    snprintf(line, 100, "{\"text\":\"a\",\"k\":");
    memset(line + strlen(line), '[', 200000);
    expect(line, "skip bad-record id=p#1\n");
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_keys_are_taken_and_others_kept_in_order),
        cmocka_unit_test(ids_are_strings_or_numbers_or_the_line),
        cmocka_unit_test(an_id_has_at_most_4096_bytes),
        cmocka_unit_test(dates_have_three_forms_and_others_are_kept),
        cmocka_unit_test(numbers_are_kept_to_the_letter),
        cmocka_unit_test(members_inside_members_are_not_those_of_the_record),
        cmocka_unit_test(escapes_do_not_change_what_a_key_is),
        cmocka_unit_test(of_equal_keys_the_last_counts),
        cmocka_unit_test(white_space_stays_only_in_strings),
        cmocka_unit_test(a_title_alone_makes_a_record),
        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
        cmocka_unit_test(titles_that_are_no_text_are_no_titles),
        cmocka_unit_test(a_line_that_is_no_record_is_passed_over),
        cmocka_unit_test(empty_lines_count_but_are_no_records),
        cmocka_unit_test(lines_count_from_where_the_piece_begins),
        cmocka_unit_test(escaped_controls_are_text),
        cmocka_unit_test(a_nul_is_no_part_of_a_number),
        cmocka_unit_test(invalid_bytes_are_replaced_and_counted),
        cmocka_unit_test(a_byte_order_mark_is_not_part_of_the_first_line),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
