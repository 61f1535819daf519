#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each limit of common/base/limits.h has a test of its edge, and that the manual says
of each what the header does. A limit, a case or a row of the manual that is new, gone or renamed
without the others is a fault."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

# limit: (file under tests, its case, what stands there for the limit)
TESTS = {
    "REQUEST_LINE_BYTES_MAX": ("query/daemon/test_conn.c",
                               "a_line_may_have_65536_bytes_and_not_one_more", "65537"),
    "REQUEST_LINE_BYTES_BEFORE_AUTH_MAX": ("query/daemon/test_server.c",
                                           "a_line_before_auth_may_have_512_bytes", "513"),
    "QUERY_TERMS_MAX": ("query/test_parse.c", "the_number_of_terms_is_limited", "1025"),
    "QUERY_GRAMS_MAX": ("query/test_parse.c", "the_length_of_phrases_is_limited", "4097"),
    "QUERY_DEPTH_MAX": ("query/test_parse.c", "the_depth_of_brackets_is_limited", "33"),
    "QUERY_COMPLETIONS_MAX": ("query/test_expand.c", "one_completion_too_many_is_refused",
                              "GS_QUERY_COMPLETIONS_MAX"),
    "QUERY_PREFIX_BYTES_MAX": ("query/test_suggest.c",
                               "a_beginning_that_is_too_long_is_refused", "236"),
    "QUERY_NEAR_DISTANCE_MAX": ("query/test_parse.c", "distances_are_limited", "1001"),
    "RESULT_ROWS_MAX": ("query/test_results.c", "limits_are_refused_by_name",
                        "GS_RESULT_ROWS_MAX + 1"),
    "RESULT_WINDOW_MAX": ("query/test_results.c", "limits_are_refused_by_name",
                          "GS_RESULT_WINDOW_MAX - 9"),
    "QUERY_COST_MAX": ("query/test_budget.c",
                       "the_last_posting_is_allowed_and_the_next_is_not", "GS_QUERY_COST_MAX"),
    "QUERY_TIME_MS_MAX": ("query/test_budget.c", "a_search_has_two_seconds",
                          "GS_QUERY_TIME_MS_MAX"),
    "QUERY_NEAR_TERMS_MAX": ("query/test_match_near.c", "eight_terms_may_be_near_each_other",
                             "GS_QUERY_NEAR_TERMS_MAX + 1"),
    "QUERY_MEMORY_BYTES_MAX": ("query/test_workspace.c",
                               "a_search_has_a_gibibyte_at_most_in_each_arena",
                               "GS_QUERY_MEMORY_BYTES_MAX + 1"),
    "SNIPPET_CODE_POINTS_MAX": ("query/test_snippet.c",
                                "a_snippet_begins_and_ends_at_sensible_places", "160"),
    "DOCUMENT_BYTES_MAX": ("indexer/test_reader.c", "a_file_of_64_mib_is_the_largest",
                           "GS_DOCUMENT_BYTES_MAX + 1"),
    "ID_BYTES_MAX": ("indexer/test_batch.c", "bad_documents_are_refused", "GS_ID_BYTES_MAX + 1"),
    "TERM_BYTES_MAX": ("indexer/test_wordtable.c",
                       "a_full_table_takes_words_again_after_a_reset", "GS_TERM_BYTES_MAX"),
    "TITLE_CODE_POINTS_MAX": ("common/text/test_title.c",
                              "title_ends_after_so_many_code_points", "GS_TITLE_CODE_POINTS_MAX"),
    "WALK_DEPTH_MAX": ("indexer/test_corpus.c", "folders_are_entered_to_a_limit",
                       "GS_WALK_DEPTH_MAX"),
    "SEGMENT_POSITIONS_MAX": ("indexer/test_flush.c",
                              "batches_that_do_not_fit_one_segment_make_more",
                              "GS_SEGMENT_POSITIONS_MAX"),
    "SEGMENT_DOCUMENTS_MAX": ("indexer/test_flush.c",
                              "a_batch_holds_so_many_documents_as_a_segment",
                              "GS_SEGMENT_DOCUMENTS_MAX"),
    "SEGMENTS_MAX": ("indexer/test_change.c", "a_full_manifest_is_merged_rather_than_refused",
                     "GS_SEGMENTS_MAX"),
    "MANIFEST_BYTES_MAX": ("common/segment/test_manifest.c",
                           "a_damaged_newest_manifest_degrades", "GS_MANIFEST_BYTES_MAX + 1"),
    "GENERATIONS_KEPT": ("durability/test_compound.c", "check_files", "GS_GENERATIONS_KEPT"),
    "MEMORY_BYTES_MIN": ("e2e/test_cli.py", "sizes_are_checked", '"15M"'),
    "THREADS_MAX": ("e2e/test_serve.py", "sixty_four_threads_may_search", '"65"'),
    "CONNECTIONS_MAX": ("load/test_load.py",
                        "every_good_client_is_answered_whatever_the_others_do", "PLACES"),
    "CONNECTIONS_BEFORE_AUTH_MAX": ("query/daemon/test_server.c",
                                    "only_256_connections_may_wait_with_their_token", "256"),
    "LISTENERS_MAX": ("query/daemon/test_server.c", "there_may_be_16_addresses", "17"),
    "AUTH_FAILURES_MAX": ("query/daemon/test_server.c",
                          "two_wrong_tokens_are_forgiven_and_three_are_not", "AUTH c"),
    "PIPELINED_MAX": ("query/daemon/test_conn.c",
                      "the_33rd_request_of_a_connection_waits_for_the_first", "31"),
    "OUTPUT_PAUSE_BYTES": ("query/daemon/test_conn.c",
                           "a_client_that_does_not_read_holds_up_its_own_stream_only",
                           "384u << 10"),
    "OUTPUT_BYTES_MAX": ("query/daemon/test_dispatch.c",
                         "a_reply_that_does_not_stream_has_at_most_4_mib", "4"),
    "OUTPUT_ALL_BYTES_MAX": ("query/daemon/test_work.c",
                             "unread_replies_beyond_the_limit_stop_new_work",
                             "GS_OUTPUT_ALL_BYTES_MAX + 1"),
    "WORK_QUEUE_MAX": ("query/daemon/test_server.c",
                       "a_full_queue_is_busy_and_the_loop_answers_still", ".work_queue = 2"),
    "STREAMS_MAX": ("query/daemon/test_work.c", "too_many_streams_are_refused",
                    "GS_STREAMS_MAX - 1"),
    "AUTH_TIMEOUT_MS": ("query/daemon/test_conn.c", "a_token_has_10_seconds", "999"),
    "STREAMS_BYTES_MAX": ("query/daemon/test_work.c", "streams_that_keep_too_much_are_refused",
                          "GS_STREAMS_BYTES_MAX - 100"),
    "LINE_TIMEOUT_MS": ("query/daemon/test_conn.c",
                        "a_line_has_10_seconds_from_its_first_byte", "9999"),
    "IDLE_TIMEOUT_MS": ("query/daemon/test_conn.c", "an_idle_connection_has_300_seconds",
                        "299999"),
    "STALL_TIMEOUT_MS": ("query/daemon/test_conn.c",
                         "unread_replies_have_30_seconds_for_each_64_kib", "29999"),
    "STALL_BYTES": ("query/daemon/test_conn.c",
                    "unread_replies_have_30_seconds_for_each_64_kib", "GS_STALL_BYTES - 1"),
    "STOP_TIMEOUT_MS": ("query/daemon/test_server.c",
                        "what_runs_too_long_is_cut_off_after_sigterm", ".stop_timeout_ms = 300"),
    "RELOAD_POLL_MS": ("query/daemon/test_server.c",
                       "a_new_generation_is_taken_without_being_told", ".reload_poll_ms = 100"),
    "TOKEN_BYTES_MAX": ("query/daemon/test_token.c", "the_length_of_a_token_is_bounded",
                        "GS_TOKEN_BYTES_MAX + 1"),
    "REPLY_BYTES_MAX": ("clients/c/test_client.c", "a_reply_without_end_is_given_up_at_the_limit",
                        "18u << 20"),
}
# what is no border that somebody can run into: why
NO_LIMITS = {
    "MEMORY_BYTES_DEFAULT": "what is taken when nothing is said",
}
# the first words of a row of the manual: the limits in it, in the order in which they stand there
ROWS = {
    "request line": ("REQUEST_LINE_BYTES_MAX", "REQUEST_LINE_BYTES_BEFORE_AUTH_MAX"),
    "`limit=`": ("RESULT_ROWS_MAX",),
    "`offset`": ("RESULT_WINDOW_MAX",),
    "requests of one connection": ("PIPELINED_MAX",),
    "replies of one connection": ("OUTPUT_PAUSE_BYTES",),
    "all replies": ("OUTPUT_ALL_BYTES_MAX",),
    "requests waiting": ("WORK_QUEUE_MAX",),
    "`limit=all`": ("STREAMS_MAX",),
    "matches kept": ("STREAMS_BYTES_MAX",),
    "connections |": ("CONNECTIONS_MAX",),
    "connections before AUTH": ("CONNECTIONS_BEFORE_AUTH_MAX",),
    "wrong tokens": ("AUTH_FAILURES_MAX",),
    "`--listen`": ("LISTENERS_MAX",),
    "one reply": ("OUTPUT_BYTES_MAX",),
    "from connecting to AUTH": ("AUTH_TIMEOUT_MS",),
    "from the first byte": ("LINE_TIMEOUT_MS",),
    "idle": ("IDLE_TIMEOUT_MS",),
    "replies that are not read": ("STALL_TIMEOUT_MS", "STALL_BYTES"),
    "one search": ("QUERY_TIME_MS_MAX",),
}
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "s": 1000}


def limits():
    """The value of each, None where it is that of a C type."""
    header = (ROOT / "common/base/limits.h").read_text(encoding="utf-8")
    found = {}
    for name, text in re.findall(r"^#define GS_(\w+) +([^/\n]+)", header, flags=re.M):
        text = re.sub(r"(?<=\d)u?l*\b", "", text.strip())
        found[name] = eval(text, {}) if re.fullmatch(r"[\d ()<]+", text) else None
    return found


def body_of(text, case):
    """The source of a case in C or Python."""
    c = rf"^static \w+ {case}\(.*?^}}$"
    python = rf"^def {case}\(.*?(?=^\S|\Z)"
    match = re.search(f"{c}|{python}", text, flags=re.M | re.S)
    return match[0] if match else None


def every_limit_has_a_test_of_its_edge():
    named = set(TESTS) | set(NO_LIMITS)
    assert named == set(limits()), named ^ set(limits())
    for name, (path, case, word) in TESTS.items():
        text = (ROOT / "tests" / path).read_text(encoding="utf-8")
        body = body_of(text, case)
        assert body and word in body, f"{name}: {case} of {path} does not say {word}"
        assert text.count(case) > 1, f"{name}: {case} of {path} is not run"
    print(f"# figure: limits with a test of their edge: {len(TESTS)}")


def the_manual_says_what_the_header_does():
    manual = (ROOT / "docs/PROTOCOL.md").read_text(encoding="utf-8")
    table = manual.split("\n## Limits\n")[1].split("\n## ")[0]
    rows = [row[2:] for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) == len(ROWS), rows
    for begin, names in ROWS.items():
        row, = [row for row in rows if row.startswith(begin)]
        told = re.findall(r"(\d[\d,]*)(?: (KiB|MiB|s)\b)?", row.split(" | ")[1])
        for name, (digits, unit) in zip(names, told, strict=False):
            value = int(digits.replace(",", "")) * UNITS.get(unit, 1)
            assert value == limits()[name], (row, name, limits()[name])
        assert len(told) >= len(names), row


tap.main(every_limit_has_a_test_of_its_edge, the_manual_says_what_the_header_does)
