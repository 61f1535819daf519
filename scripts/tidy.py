#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a program can check: tidy.py [ROOT]. One TAP case a rule.

A rule is a function that yields (path, line number, message). What is allowed to break one stands
in a table here, with the reason; a waiver that nothing needs any more is itself a fault."""

import pathlib
import re
import sys

COLUMNS_MAX = 100
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
FILE_BYTES_MAX = 1 << 20

# folder: (what it may include from the tree, which libraries). The longest matching folder counts.
FLOOR = ("common/base", "common/simd", "gsearch")
CORE = FLOOR + ("common/text", "common/segment")
LAYERS = {
    "include": (("gsearch",), ()),
    "common/base": (("common/base", "gsearch"), ("xxhash",)),
    "common/simd": (FLOOR, ()),
    "common/text": (FLOOR + ("common/text",), ("utf8proc",)),
    "common/segment": (FLOOR + ("common/segment",), ("zstd",)),
    "common/wire": (("common/base", "common/wire", "gsearch"), ()),
    "indexer": (CORE + ("indexer", "indexer/formats"), ()),
    # of the program, not of the library
    "indexer/formats": (CORE + ("indexer", "indexer/formats"), ("jansson",)),
    "query": (CORE + ("query",), ()),
    "query/daemon": (CORE + ("common/wire", "query", "query/daemon"), ("uv",)),
    "clients/c": (("common/base", "common/wire", "clients/c", "gsearch"), ()),
    "cli": (None, ("uv", "jansson")),
    "examples": (("gsearch",), ()),
    "tests": (None, None),
    "bench": (None, None),
}
LIBRARY_HEADERS = {
    "xxhash.h": "xxhash", "zstd.h": "zstd", "zstd_errors.h": "zstd", "utf8proc.h": "utf8proc",
    "uv.h": "uv", "jansson.h": "jansson", "cmocka.h": "cmocka", "zlib.h": "zlib",
}

BANNED_EVERYWHERE = {
    "no bound": "strcpy strcat stpcpy sprintf vsprintf gets alloca mktemp tmpnam tempnam",
    "hidden state": "strtok rand srand setlocale setenv putenv",
    "depends on the locale": "atoi atol atoll atof strtol strtoul strtoll strtoull strtoimax "
                             "strtoumax strtod strtof isalpha isdigit isalnum isspace isupper "
                             "islower ispunct isprint isxdigit tolower toupper strcoll strerror",
    "runs a shell": "system popen",
}
BANNED_IN_PRODUCT = {
    "files are reached through common/base/sys.c":
        "open openat creat read write pread pwrite rename renameat renameat2 fsync fdatasync "
        "unlink unlinkat link linkat mkdir mkdtemp rmdir ftruncate flock stat lstat fstat "
        "fstatat opendir fdopendir readdir fopen mmap munmap madvise getrandom",
    "memory comes from gs_mem": "malloc calloc realloc free strdup strndup asprintf vasprintf",
}
BANNED_IN_LIBRARIES = {
    "libraries neither print nor end the process":
        "exit _exit abort printf puts putchar fprintf perror vprintf vfprintf",
}
PRODUCT = ("common/", "indexer/", "query/", "clients/", "cli/")
LIBRARIES = ("common/", "indexer/", "query/", "clients/")

# (file, call): reason
CALL_WAIVERS = {
    **{("common/base/sys.c", call): "the one place for it"
       for call in "openat read write pread renameat2 fsync unlinkat linkat mkdir mkdtemp "
                   "rmdir ftruncate flock fstat fstatat fdopendir readdir mmap munmap madvise "
                   "getrandom realloc free".split()},
    ("common/base/json.c", "strtod"): "reads back what printf wrote in the same locale",
    ("common/base/mapguard.c", "mmap"): "zeros over a page that is gone, in a signal handler",
    ("common/wire/jsonreader.c", "strtod"): "only digits and an exponent: no decimal point",
    ("query/daemon/server.c", "setenv"): "how libuv is told the size of its pool",
    ("tests/common/base/test_json.c", "strtod"): "the reference that numbers are checked against",
    ("tests/common/base/test_json.c", "strtol"): "takes the reference apart",
    ("tests/common/base/test_json.c", "strtoll"): "takes the reference apart",
    ("tests/common/base/test_json.c", "setlocale"): "plays a host with another locale",
    ("tests/common/base/test_json.c", "setenv"): "plays a host with another locale",
}
# (file, function): reason
LENGTH_WAIVERS = {}
# unit: reason
UNTESTED_WAIVERS = {
    "common/simd/kernels_avx2": "test_kernels checks every level",
    "common/simd/kernels_avx512": "test_kernels checks every level",
    "common/simd/kernels_portable": "test_kernels checks every level",
}

SKIPPED_FOLDERS = {"build", "build-asan", "build-coverage", "build-fuzz", "build-sabotage", ".git",
                   "__pycache__"}


class Tree:
    """Every file of the project by its path from the root, text read once."""

    def __init__(self, root):
        self.texts = {}
        self.sizes = {}
        self.used_waivers = set()
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if SKIPPED_FOLDERS & set(name.split("/")) or not path.is_file():
                continue
            self.sizes[name] = path.stat().st_size
            if self.sizes[name] <= FILE_BYTES_MAX:
                data = path.read_bytes()
                if b"\0" not in data:
                    self.texts[name] = data.decode("utf-8", "replace")
        self.code = {name: blank_out(text) for name, text in self.texts.items()
                     if name.endswith((".c", ".h", ".inc", ".def"))}

    def sources(self, *endings):
        return [name for name in self.texts if name.endswith(endings or (".c", ".h"))]

    def waived(self, table, key):
        if key in table:
            self.used_waivers.add((id(table), key))
            return True
        return False


def blank_out(text):
    """The code with comments and the insides of literals as spaces, line for line."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def spaces(match):
        found = match[0]
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)

    return token.sub(spaces, text)


def lines(text):
    return enumerate(text.split("\n"), 1)


def includes(text):
    """(line number, "quote" or "angle", path) of every #include."""
    for number, line in lines(text):
        if match := re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line):
            yield number, "quote" if match[1] else "angle", match[1] or match[2]


def layer_of(name):
    folders = [folder for folder in LAYERS if name.startswith(folder + "/")]
    return max(folders, key=len, default=None)


def includes_point_down(tree):
    for name in tree.sources(".c", ".h", ".inc"):
        layer = layer_of(name)
        if layer is None:
            yield name, 1, "is in no folder of the layer table"
            continue
        allowed, libraries = LAYERS[layer]
        for number, kind, target in includes(tree.texts[name]):
            library = LIBRARY_HEADERS.get(target)
            if library and libraries is not None and library not in libraries:
                yield name, number, f"{layer} must not use {library}"
            if kind == "angle" or library or allowed is None:
                continue
            owner = "gsearch" if target.startswith("gsearch/") else layer_of(target)
            if owner is None:
                yield name, number, f'"{target}" is not written from the root'
            elif owner not in allowed:
                yield name, number, f"{layer} must not include {target}"


def own_header_comes_first(tree):
    for name in tree.sources(".c"):
        folder, _, base = name.rpartition("/")
        if base.startswith("test_") and folder.startswith("tests/"):
            own = f"{folder[len('tests/'):]}/{base[len('test_'):-2]}.h"
        else:
            own = name[:-2] + ".h"
        if own in tree.texts:
            first = next(includes(tree.texts[name]), (1, "", ""))
            if first[2] != own:
                yield name, first[0], f'the first include must be "{own}"'


def basenames_are_unique(tree):
    seen = {}
    for name in tree.sources():
        folder, _, base = name.rpartition("/")
        # public headers and the helpers of tests may be called like what they stand for
        if base.startswith("test_") or name.startswith(("include/", "tests/support/")):
            continue
        other = seen.setdefault(base.rpartition(".")[0], folder)
        if other != folder:
            yield name, 1, f"{base} has a namesake in {other}"


def lines_are_clean(tree):
    for name in tree.sources(".c", ".h", ".inc", ".def", ".py", ".sh", ".build", ".md"):
        text = tree.texts[name]
        prose = name.endswith(".md")
        for number, line in lines(text):
            if "\r" in line:
                yield name, number, "carriage return"
            if "\t" in line:
                yield name, number, "tab"
            if line.rstrip() != line.rstrip("\r"):
                yield name, number, "space at the end of the line"
            if len(line) > COLUMNS_MAX and not prose:
                yield name, number, f"{len(line)} columns, over {COLUMNS_MAX}"
        if text and not text.endswith("\n"):
            yield name, text.count("\n") + 1, "no line end at the end of the file"


def files_are_short(tree):
    for name in tree.sources(".c", ".h", ".inc", ".py"):
        count = tree.texts[name].count("\n")
        if count > FILE_LINES_MAX:
            yield name, count, f"{count} lines, over {FILE_LINES_MAX}"
    for name, size in tree.sizes.items():
        if size > FILE_BYTES_MAX and not name.startswith("tests/golden/"):
            yield name, 1, f"{size} bytes, over {FILE_BYTES_MAX}"


def functions(code):
    """(name, first line, lines) of every function: it opens and closes with a brace in column 1."""
    heading, start = "", None
    for number, line in lines(code):
        if line.startswith("{"):
            names = re.findall(r"(\w+)\s*\(", heading)
            names = [name for name in names if name not in ("__attribute__", "format")]
            start = (names[0] if names else "?", number)
        elif line.startswith("}") and start:
            yield start[0], start[1], number - start[1] + 1
            start, heading = None, ""
        elif start is None:
            heading = line if re.match(r"\w", line) else heading + line


def functions_are_short(tree):
    for name in tree.sources():
        for function, number, count in functions(tree.code[name]):
            if count > FUNCTION_LINES_MAX and not tree.waived(LENGTH_WAIVERS, (name, function)):
                yield name, number, f"{function} has {count} lines, over {FUNCTION_LINES_MAX}"


def files_begin_with_licence_and_purpose(tree):
    for name in tree.sources(".c", ".h", ".inc", ".py", ".sh", "meson.build", "Makefile"):
        head = tree.texts[name].split("\n")[:4]
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head[:2]):
            yield name, 1, "no SPDX line"
        elif name.endswith((".c", ".h")):
            if head[1:2] != [" *"] or not re.match(r" \* \S", head[2] if len(head) > 2 else ""):
                yield name, 2, "no paragraph that says what the file is for"


def banned_calls_are_absent(tree):
    for name in tree.sources():
        tables = [BANNED_EVERYWHERE]
        tables += [BANNED_IN_PRODUCT] if name.startswith(PRODUCT) else []
        tables += [BANNED_IN_LIBRARIES] if name.startswith(LIBRARIES) else []
        reasons = {call: reason for table in tables for reason, calls in table.items()
                   for call in calls.split()}
        pattern = re.compile(r"(?<![\w.>])(" + "|".join(reasons) + r")\s*\(")
        for number, line in lines(tree.code[name]):
            for match in pattern.finditer(line):
                if not tree.waived(CALL_WAIVERS, (name, match[1])):
                    yield name, number, f"{match[1]}: {reasons[match[1]]}"


def nothing_is_left_to_do(tree):
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for name in tree.sources(".c", ".h", ".inc", ".sh", ".build"):
        for number, line in lines(tree.texts[name]):
            if match := pattern.search(line):
                yield name, number, match[1]


def every_unit_has_a_test(tree):
    for name in tree.sources(".c"):
        if not name.startswith(LIBRARIES):
            continue
        folder, _, base = name[:-2].rpartition("/")
        if f"tests/{folder}/test_{base}.c" not in tree.texts:
            if not tree.waived(UNTESTED_WAIVERS, name[:-2]):
                yield name, 1, f"no tests/{folder}/test_{base}.c"


def every_test_is_registered_and_mirrors_a_unit(tree):
    registered = tree.texts.get("tests/meson.build", "")
    for name in tree.sources(".c"):
        folder, _, base = name.rpartition("/")
        if not name.startswith("tests/") or not base.startswith("test_"):
            continue
        unit = f"{folder[len('tests/'):]}/{base[len('test_'):-2]}"
        if name.startswith(tuple("tests/" + product for product in PRODUCT)):
            if unit + ".c" not in tree.texts and unit + ".h" not in tree.texts:
                yield name, 1, f"there is no {unit}.c or {unit}.h"
        if f"'{unit}'" not in registered:
            yield name, 1, f"'{unit}' does not stand in tests/meson.build"


def waivers_are_needed(tree):
    tables = {"CALL_WAIVERS": CALL_WAIVERS, "LENGTH_WAIVERS": LENGTH_WAIVERS,
              "UNTESTED_WAIVERS": UNTESTED_WAIVERS}
    if "scripts/tidy.py" not in tree.texts:
        return  # not our tree
    for table_name, table in tables.items():
        for key in table:
            if (id(table), key) not in tree.used_waivers:
                yield "scripts/tidy.py", 1, f"{table_name} has {key}, which nothing needs"


RULES = [
    includes_point_down, own_header_comes_first, basenames_are_unique, lines_are_clean,
    files_are_short, functions_are_short, files_begin_with_licence_and_purpose,
    banned_calls_are_absent, nothing_is_left_to_do, every_unit_has_a_test,
    every_test_is_registered_and_mirrors_a_unit,
    waivers_are_needed,  # last: it looks at what the others used
]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    tree = Tree(root.resolve())
    print(f"1..{len(RULES)}")
    failed = 0
    for number, rule in enumerate(RULES, 1):
        faults = list(rule(tree))
        failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {rule.__name__}")
        for path, line, message in faults:
            print(f"# {path}:{line}: {message}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
