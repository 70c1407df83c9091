"""`ttc`, `ttc help`, `ttc --version`, and their other spellings."""

from __future__ import annotations

from collections.abc import Sequence

VERSION = ({"--version"}, {"-V"}, {"version"}, {"help", "version"})
_FLAGS = ("-h", "--help")

SHORT = """\
Usage: ttc COMMAND [ARGS]...

  Test-time compute: draw many samples, keep all, compute offline what each budget gives.

  ttc solve "How many primes are there below 100?"   answer a question
  ttc sample problems.jsonl -n 16 --pool demo        draw 16 completions per problem
  ttc verify demo -V numeric                         judge them
  ttc sweep demo                                     score each rule at each budget
  ttc show demo --wrong                              read the wrong answers

ttc help lists all commands, ttc help COMMAND explains one."""


def version_asked(args: Sequence[str]) -> bool:
    """Return whether a command line asks for the version, and for nothing else."""
    return set(args) in VERSION


def version_line() -> str:
    """Return the program's name and version."""
    from importlib.metadata import version

    return f"ttc {version('ttc-cli')}"


def expanded(args: Sequence[str]) -> list[str]:
    """Return a command line with `help …` in front as `… --help`, which the parser knows."""
    given = list(args)
    if given[:1] and given[0] in ("help", *_FLAGS):
        words = [each for each in given[1:] if each != "help" and not each.startswith("-")]
        return [*words[:2], "--help"]
    return given
