#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that scripts/tidy.py sees each kind of fault: plants one in a small tree that is in order
and looks for the rule, the file and the line in the answer."""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import tap  # noqa: E402

HEAD = "/* SPDX-License-Identifier: Apache-2.0\n *\n * A planted file.\n */\n"
GOOD = {
    "common/base/thing.h": HEAD + "int gs_thing(void);\n",
    "common/base/thing.c": HEAD + '#include "common/base/thing.h"\n\n'
                           "int gs_thing(void)\n{\n    return 1;\n}\n",
    "tests/common/base/test_thing.c": HEAD + '#include "common/base/thing.h"\n',
    "tests/meson.build": "# SPDX-License-Identifier: Apache-2.0\n'common/base/thing': []\n",
}


def tidy(changes):
    """The output of tidy on the good tree with `changes` (path: text, or None to remove it)."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**GOOD, **changes}.items():
            if text is None:
                continue
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        answer = subprocess.run([sys.executable, ROOT / "scripts" / "tidy.py", folder],
                                capture_output=True, text=True, check=False)
    assert not answer.stderr, answer.stderr
    assert (answer.returncode == 0) == ("not ok" not in answer.stdout), answer.stdout
    return answer.stdout


def assert_caught(rule, path, line, changes):
    output = tidy(changes)
    failed = [row.split(" - ")[1] for row in output.splitlines() if row.startswith("not ok")]
    assert failed == [rule], output
    assert f"# {path}:{line}: " in output, output


def added(text, path="common/base/thing.c"):
    """A change: `text` after the end of a good file; and the line on which it begins."""
    return GOOD[path].count("\n") + 1, {path: GOOD[path] + text}


def unit(path, text):
    """A change: another unit with its test."""
    test = f"tests/{path.rpartition('/')[0]}/test_{path.rpartition('/')[2]}"
    return {path: text, test: HEAD,
            "tests/meson.build": GOOD["tests/meson.build"] + f"'{path[:-2]}': []\n"}


def a_tree_in_order_passes_every_rule():
    output = tidy({})
    assert "not ok" not in output, output
    assert output.count("\nok ") == int(output.split("\n")[0].split("..")[1]), output


def an_include_across_or_up_is_caught():
    for below, above in [("query", "indexer"), ("indexer", "query"), ("common/base", "query"),
                         ("common/segment", "common/text"), ("clients/c", "query"),
                         ("query", "query/daemon")]:
        changes = unit(f"{below}/planted.c", HEAD + f'#include "{above}/writer.h"\n')
        assert_caught("includes_point_down", f"{below}/planted.c", 5, changes)


def a_library_in_the_wrong_folder_is_caught():
    assert_caught("includes_point_down", "query/planted.c", 5,
                  unit("query/planted.c", HEAD + "#include <uv.h>\n"))


def an_include_that_is_not_from_the_root_is_caught():
    assert_caught("includes_point_down", "query/planted.c", 5,
                  unit("query/planted.c", HEAD + '#include "thing.h"\n'))


def a_file_that_does_not_include_its_own_header_first_is_caught():
    text = HEAD + '#include <stdio.h>\n#include "common/base/thing.h"\n'
    assert_caught("own_header_comes_first", "common/base/thing.c", 5,
                  {"common/base/thing.c": text})


def a_basename_met_twice_is_caught():
    assert_caught("basenames_are_unique", "query/thing.h", 1, {"query/thing.h": HEAD})


def unclean_lines_are_caught():
    for text in ["\tint a;\n", "int a; \n", "int a;\r\n", "// " + "x" * 98 + "\n", "int a;"]:
        line, changes = added(text)
        assert_caught("lines_are_clean", "common/base/thing.c", line, changes)
    line, changes = added("// " + "政" * 97 + "\n")  # 100 columns are fine
    assert "not ok" not in tidy(changes)


def a_long_file_is_caught():
    text = GOOD["common/base/thing.c"]
    text += "\n" * (1001 - text.count("\n"))
    assert_caught("files_are_short", "common/base/thing.c", 1001, {"common/base/thing.c": text})


def a_large_file_is_caught():
    assert_caught("files_are_short", "docs/picture.bin", 1, {"docs/picture.bin": "x" * 2000000})


def a_long_function_is_caught():
    line, changes = added("\nint gs_long(void)\n{\n" + "    // x\n" * 69 + "}\n")
    assert_caught("functions_are_short", "common/base/thing.c", line + 2, changes)
    line, changes = added("\nint gs_long(void)\n{\n" + "    // x\n" * 68 + "}\n")
    assert "not ok" not in tidy(changes)


def a_missing_licence_or_purpose_is_caught():
    rule = "files_begin_with_licence_and_purpose"
    assert_caught(rule, "common/base/thing.h", 1, {"common/base/thing.h": "int gs_thing(void);\n"})
    assert_caught(rule, "common/base/thing.h", 2,
                  {"common/base/thing.h": "/* SPDX-License-Identifier: Apache-2.0 */\n"})
    assert_caught(rule, "scripts/planted.sh", 1, {"scripts/planted.sh": "#!/bin/sh\n"})


def banned_calls_are_caught():
    for call in ["strcpy(a, b)", "x = atoi(a)", "printf(a)", "malloc(3)", "fsync(3)", "exit (1)"]:
        line, changes = added(f"int b = {call};\n")
        assert_caught("banned_calls_are_absent", "common/base/thing.c", line, changes)


def words_and_members_that_look_like_banned_calls_are_not():
    for text in ["// strcpy(a, b)\n", 'char *s = "malloc(3)";\n', "int b = x.free(1);\n",
                 "int b = x->read(1);\n", "int b = gs_printf(1);\n", "/* a\n exit(1) */\n"]:
        assert "not ok" not in tidy(added(text)[1]), text


def work_put_off_is_caught():
    line, changes = added("// TO" "DO later\n")
    assert_caught("nothing_is_left_to_do", "common/base/thing.c", line, changes)


def a_unit_without_a_test_is_caught():
    assert_caught("every_unit_has_a_test", "query/planted.c", 1, {"query/planted.c": HEAD})


def a_test_that_is_not_registered_is_caught():
    assert_caught("every_test_is_registered_and_mirrors_a_unit", "tests/query/test_planted.c", 1,
                  {**unit("query/planted.c", HEAD), "tests/meson.build": GOOD["tests/meson.build"]})


def a_test_that_mirrors_nothing_is_caught():
    changes = unit("query/planted.c", HEAD)
    changes["query/planted.c"] = None
    assert_caught("every_test_is_registered_and_mirrors_a_unit", "tests/query/test_planted.c", 1,
                  changes)


def a_waiver_that_nothing_needs_is_caught():
    # in a tree with a tidy.py of its own, none of the waivers of ours applies
    output = tidy({"scripts/tidy.py": "# SPDX-License-Identifier: Apache-2.0\n"})
    assert "not ok 12 - waivers_are_needed" in output, output


tap.main(
    a_tree_in_order_passes_every_rule,
    an_include_across_or_up_is_caught,
    a_library_in_the_wrong_folder_is_caught,
    an_include_that_is_not_from_the_root_is_caught,
    a_file_that_does_not_include_its_own_header_first_is_caught,
    a_basename_met_twice_is_caught,
    unclean_lines_are_caught,
    a_long_file_is_caught,
    a_large_file_is_caught,
    a_long_function_is_caught,
    a_missing_licence_or_purpose_is_caught,
    banned_calls_are_caught,
    words_and_members_that_look_like_banned_calls_are_not,
    work_put_off_is_caught,
    a_unit_without_a_test_is_caught,
    a_test_that_is_not_registered_is_caught,
    a_test_that_mirrors_nothing_is_caught,
    a_waiver_that_nothing_needs_is_caught,
)
