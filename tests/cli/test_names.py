"""Commands and options that do not exist: one line names the one that is meant."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.cli.main import COMMANDS, build
from ttc.cli.naming import synonyms
from ttc.cli.typer_parts import LazyGroup

# Commands that later versions may have, and that the table names only where they exist.
OPTIONAL = {"view", "serve", "keys", "help", "--version"}


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("ask", "ttc solve answers a question"),
        ("Ask", "ttc solve answers a question"),
        ("generate", "ttc sample draws"),
        ("generat", "ttc sample draws"),
        ("eval", "ttc sample FILE draws; then ttc verify POOL judges, and ttc sweep POOL scores"),
        ("run", "ttc sample FILE draws"),
        ("list", "ttc ls lists the pools"),
        ("delete", "ttc rm removes pools"),
        ("remove", "ttc rm removes pools"),
        ("compare", "ttc sweep A B --compare"),
        ("diff", "ttc show A --diff B"),
        ("pass@k", "ttc sweep POOL -s coverage computes pass@k"),
        ("pass_at_k", "ttc sweep POOL -s coverage computes pass@k"),
        ("judge", "ttc verify judges"),
        ("plot", "ttc sweep POOL --plot FILE.svg"),
        ("sql", "ttc db query"),
        ("verifiers", "ttc plugins lists"),
        ("smaple", "did you mean ttc sample?"),
        ("SWEEP", "did you mean ttc sweep?"),
        ("What is 2+2?", "to ask that: ttc solve 'What is 2+2?'"),
        ("sums.jsonl", "for a file of problems: ttc sample sums.jsonl -n 16 --pool NAME"),
        ("xyzzy", "ttc --help lists them"),
        ("\x1b[2J", "ttc --help lists them"),
    ],
)
def test_a_command_that_does_not_exist(ttc: Ttc, sums: Path, word: str, answer: str) -> None:
    ran = ttc(word)
    assert (ran.code, ran.out) == (2, "")
    assert f"no command {word!r}; {answer}" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "\x1b" not in ran.err


def test_every_command_of_the_table_exists_with_its_options() -> None:
    group = build()
    for meant in synonyms.COMMANDS:
        name, *rest = meant.command.split()
        if name not in COMMANDS:
            assert name in OPTIONAL
            continue
        options = option_names(group, name)
        assert [each for each in rest if each.startswith("-") and each not in options] == []


def option_names(group: LazyGroup, name: str) -> set[str]:
    command = group.get_command(None, name)
    return {option for each in command.params for option in each.opts}


def test_no_word_stands_for_two_commands_within_one_entry_twice() -> None:
    for meant in synonyms.COMMANDS:
        assert len(set(meant.words.split())) >= len(meant.words.split()) - 1, meant
        # A command that exists is found by its name.
        assert meant.command not in meant.words.split(), meant


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("solve q --samples 3", "did you mean -n (draws per problem)?"),
        ("solve q --smaples 3", "did you mean -n (draws per problem)?"),
        ("solve q -k 3", "did you mean -n "),
        ("sample x --num-samples=3", "did you mean -n "),
        ("sample x --n_samples 3", "did you mean -n "),
        ("sample x --temp 3", "did you mean --temperature "),
        ("sample x --temprature 3", "did you mean --temperature "),
        ("sample x --model-name m", "did you mean --model "),
        ("sample x --max-new-tokens 5", "did you mean --max-tokens "),
        ("sample x --max_tokens 5", "did you mean --max-tokens "),
        ("sample x --num-fewshot 5", "did you mean --shots "),
        ("verify d --output-path f", "did you mean --output "),
        ("verify d --judge f", "did you mean --verifier "),
        ("sweep d --pass-at-k 3", "did you mean -k "),
        ("sweep d --rules majority", "did you mean --select "),
        ("sweep d --group-by level", "did you mean --by "),
        ("sweep d --temperature 3", "ttc solve, ttc sample and ttc serve have it"),
        ("ls --sotr name", "did you mean --sort "),
        ("rm a --force", "did you mean --yes "),
        ("db search x --databse y", "did you mean --db "),
        ("ls --frobnicate", "see ttc ls --help"),
        ("--model x solve q", "options stand behind the command"),
    ],
)
def test_an_option_that_does_not_exist(ttc: Ttc, line: str, answer: str) -> None:
    ran = ttc(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert "has no option" in ran.err
    assert answer in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("chek", "did you mean ttc db check?"),
        ("sql", "did you mean ttc db query?"),
        ("compact", "did you mean ttc db vacuum?"),
        ("foo", "ttc help db lists them"),
    ],
)
def test_a_command_of_a_group_that_does_not_exist(ttc: Ttc, word: str, answer: str) -> None:
    ran = ttc("db", word)
    assert (ran.code, ran.err) == (2, f"ttc: no command {word!r} in ttc db; {answer}\n")


@pytest.mark.parametrize(
    ("args", "remedy"),
    [
        (("-5 + 3 = ?",), "ttc solve -- '-5 + 3 = ?'"),
        (("-5",), "ttc solve -- -5"),
        (("-x^2",), "ttc solve -- '-x^2'"),
        (("-n is what?",), "ttc solve -- '-n is what?'"),
        (("--what is that?",), "ttc solve -- '--what is that?'"),
        (("What", "is", "2+2?"), 'put the question in quotes: ttc solve "…"'),
    ],
)
def test_a_question_that_the_parser_takes_apart(
    ttc: Ttc, args: tuple[str, ...], remedy: str
) -> None:
    ran = ttc("solve", *args)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert remedy in ran.err
    model = ("-m", "scripted:answers=25*8/24*1")
    if len(args) == 1:
        assert ttc("solve", *model, "--", *args).out == "25\n"


def test_help_has_many_spellings(ttc: Ttc) -> None:
    of_solve = ttc("solve", "--help").out
    for line in ("help solve", "help solve --help", "--help solve", "-h solve", "help solve -q"):
        assert ttc(*line.split()).out == of_solve
    of_query = ttc("db", "query", "--help").out
    for line in ("help db query", "db help query", "--help db query"):
        assert ttc(*line.split()).out == of_query
    assert ttc("db", "help").out == ttc("db", "--help").out
    assert ttc("help").out == ttc("--help").out == ttc("help", "help").out
    assert "ttc solve answers a question" in ttc("help", "ask").err
    assert all(f"  {name}" in ttc("help").out for name in COMMANDS)


def test_the_version_has_several_spellings(ttc: Ttc) -> None:
    told = ttc("--version")
    assert told.out.startswith("ttc ")
    for word in ("-V", "version"):
        assert ttc(word).out == told.out


def test_without_arguments_a_short_help(ttc: Ttc) -> None:
    ran = ttc()
    assert ran.code == 2
    assert len(ran.out.splitlines()) < 12
    assert "ttc help lists all commands" in ran.out
    for line in ran.out.splitlines():
        if line.startswith("  ttc "):
            assert line.split()[1] in COMMANDS


@pytest.mark.parametrize("args", [(), ("help",), ("help", "sweep"), ("-V",), ("ask",)])
def test_help_is_quick(args: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "ttc.cli.main", *args]
    times = []
    for _ in range(4):
        start = time.monotonic()
        subprocess.run(command, capture_output=True, check=False, timeout=60)
        times.append(time.monotonic() - start)
    # A loaded machine is slower than the 0.15 s of an idle one.
    assert min(times) < 0.6
