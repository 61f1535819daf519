#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Indexes of released formats are read, damaged and foreign ones refused: test_golden.py GSEARCH"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'support'))
import tap  # noqa: E402

GSEARCH = os.path.abspath(sys.argv[1])
STRIDE = 89  # bytes passed over; test_check.c leaves out none
EXITS = {'corrupt': 65, 'version': 65, 'analyzer': 65}


def run(*arguments):
    return subprocess.run([GSEARCH, *arguments], capture_output=True, encoding='utf-8',
                          stdin=subprocess.DEVNULL)


def files(folder):
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as file:
            found[name] = file.read()
    return found


def drop_older_generations(index):
    for name in sorted(name for name in os.listdir(index) if name.startswith('manifest-'))[:-1]:
        os.unlink(os.path.join(index, name))


@contextlib.contextmanager
def copy_of(version, bad=None):
    """An index to look at, in which nothing may change; with `bad`, files of bad/ in the place of
    its own and no older generation to fall back to."""
    with tempfile.TemporaryDirectory(prefix='golden-') as root:
        target = os.path.join(root, 'index')
        shutil.copytree(os.path.join(HERE, version, 'index'), target)
        if bad:
            shutil.copytree(os.path.join(HERE, 'bad', bad), target, dirs_exist_ok=True)
            drop_older_generations(target)
        before = files(target)
        yield target
        assert files(target) == before, 'a reader wrote into the index'


def versions():
    found = sorted(name for name in os.listdir(HERE) if name.startswith('v'))
    assert found
    return found


def released_indexes_give_the_same_answers():
    for version in versions():
        with open(os.path.join(HERE, version, 'answers.json'), encoding='utf-8') as file:
            answers = json.load(file)
        assert sum(bool(answer['hits']) for answer in answers) > 10
        with copy_of(version) as index:
            for answer in answers:
                done = run('search', '-d', index, '--json', '--all', '--', answer['query'])
                head, *rows = [json.loads(line) for line in done.stdout.splitlines()]
                found = [[row['id'], row['score']] for row in rows]
                assert found == answer['hits'], f'{answer["query"]}: {found}'
                assert head['total'] == len(found)
                assert done.returncode == (0 if found else 1), done.stderr


def released_indexes_are_whole():
    for version in versions():
        with copy_of(version) as index:
            done = run('verify', '-d', index, '--deep')
            assert done.returncode == 0, done.stderr


def bad_indexes_are_refused_with_their_status():
    names = sorted(os.listdir(os.path.join(HERE, 'bad')))
    assert len(names) > 10
    for name in names:
        wanted = name.split('-')[0]
        # what another analyser made is whole all the same
        commands = [('search', '公')] + [('verify',), ('stat',)] * (wanted != 'analyzer')
        with copy_of(versions()[-1], name) as index:
            for command in commands:
                done = run(command[0], '-d', index, *command[1:])
                assert done.returncode == EXITS[wanted] and f'{wanted}:' in done.stderr, \
                    f'{name}, {command[0]}: exit {done.returncode}: {done.stderr}'


def a_changed_byte_of_any_file_is_noticed():
    tried = 0
    with tempfile.TemporaryDirectory(prefix='golden-') as root:
        index = os.path.join(root, 'index')
        shutil.copytree(os.path.join(HERE, versions()[-1], 'index'), index)
        drop_older_generations(index)
        content_of = files(index)
        manifest = max(name for name in content_of if name.startswith('manifest-'))
        named = [f'{word.decode()}.gs' for word in content_of[manifest].split()]
        for name, content in content_of.items():
            if name != manifest and not any(word in name for word in named):
                continue  # the lock, and what only an older generation needs
            for at in range(0, len(content), STRIDE):
                damaged = bytearray(content)
                damaged[at] ^= 1 << at % 8
                with open(os.path.join(index, name), 'r+b') as file:
                    file.write(damaged)
                    file.flush()
                    done = run('verify', '-d', index)
                    file.seek(0)
                    file.write(content)
                assert done.returncode == 65, f'{name}, byte {at}: {done}'
                tried += 1
    assert tried > 50


tap.main(released_indexes_give_the_same_answers, released_indexes_are_whole,
         bad_indexes_are_refused_with_their_status, a_changed_byte_of_any_file_is_noticed)
