"""The entry point: it imports the command that is named, and turns errors into lines.

A failure is one line on stderr and an exit code (see `ttc.errors.Exit`); `-vv` adds the traceback.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import typer

from ttc.cli import encoding, failures
from ttc.cli.help import SHORT, expanded, version_asked, version_line
from ttc.cli.typer_parts import (
    COMPLETE,
    HELP,
    ClickFault,
    LazyGroup,
    convert_plainly,
    group_of,
    prepare_completion,
    usage_line,
)
from ttc.errors import SIGPIPE, Exit, Stopped, TtcError
from ttc.messages.visible import message as message_line

# In the order of use. A test compares these lines with the commands' docstrings.
COMMANDS = {
    "solve": "Answer one question now: draw, vote or search, print the answer.",
    "sample": "Draw n completions per problem and keep every one.",
    "verify": "Judge samples: a pool, a file or a pipe.",
    "sweep": "Compute the score of each selection rule at each budget, from stored samples alone.",
    "serve": "Answer OpenAI's interface by a method, and keep every draw.",
    "import": "Import logs of other tools into a pool: draws, questions, references, verdicts.",
    "export": "Write pools as files: for other tools, or as tables.",
    "ls": "List the pools of the store.",
    "show": "Show a pool, a problem or a sample.",
    "view": "Read samples in the browser, or write the page to a folder.",
    "rm": "Remove pools, with the samples that no other pool uses.",
    "mv": "Rename a pool; ttc sample --pool NEW resumes it.",
    "models": "List the models that -m can name, describe one, tune one, or probe its server.",
    "keys": "Store the keys of servers in the system's keyring, and list where keys come from.",
    "plugins": "List backends, verifiers, selectors, strategies and formats.",
    "config": "Show the settings in force and where they come from; set, get or unset one.",
    "db": "Check, copy, merge, shrink or search the store, or query it with SQL.",
    "doctor": "Check this installation, and print how to fix what does not work.",
    "completion": "Print the completion script of a shell.",
}
# Commands that have commands of their own, behind which options stand.
GROUPS = {"config", "db", "keys", "models"}
# Allowed before the command as well as after it.
GLOBAL_FLAGS = {"-q", "--quiet", "-v", "-vv", "--verbose", "--json"}
GLOBAL_OPTIONS = {"--db", "--config"}


class Commands(LazyGroup):
    """The commands of ttc."""

    summaries = COMMANDS


def build() -> LazyGroup:
    """Return the whole command line."""
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=HELP,
        epilog="Run the same command again: it resumes, and draws only what is missing. "
        "ttc help COMMAND explains one; ttc --version prints the version.",
    )

    @app.callback()
    def ttc() -> None:
        """Test-time compute: draw many samples, keep all, compute offline what each budget gives.

        ttc solve "How many primes are there below 100?"

        ttc sample problems.jsonl -n 16 --pool demo && ttc verify demo -V numeric && ttc sweep demo
        """

    return group_of(app)


def hoist(args: Sequence[str]) -> list[str]:
    """Move global options that stand before the command behind it."""
    moved, rest = _options_before(args)
    return [*rest[:1], *moved, *rest[1:]] if rest else list(args)


def _options_before(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the global options at the start, and the rest."""
    rest, found = list(args), list[str]()
    while rest and (rest[0] in GLOBAL_FLAGS or rest[0].split("=")[0] in GLOBAL_OPTIONS):
        takes_value = rest[0] in GLOBAL_OPTIONS
        found += rest[: 1 + takes_value]
        del rest[: 1 + takes_value]
    return found, rest


def complain(message: str) -> None:
    """Write one line to stderr, whatever state stderr is in."""
    from ttc.messages import secrets

    with contextlib.suppress(OSError, ValueError):
        line = message_line(secrets.redacted(" ".join(message.split())))
        print(f"ttc: {line}", file=sys.stderr, flush=True)


def _dispatch(args: Sequence[str]) -> int:
    """Parse and invoke a command. Click's own `main` is not used: it turns a broken pipe into exit
    code 1."""
    if version_asked(args):
        # As an option of the group it would make every --help import typer's converters.
        print(version_line())
        return Exit.DONE
    if not args and COMPLETE not in os.environ:
        print(SHORT)
        return Exit.USAGE
    group = build()
    if COMPLETE in os.environ:
        prepare_completion()
        if (how := os.environ[COMPLETE]).startswith("line_"):
            from ttc.cli.completing import shells

            options = [*GLOBAL_FLAGS, *GLOBAL_OPTIONS, "--version"]
            if found := shells.answer(group, how, hoist, options):
                print(found)
            return Exit.DONE
        group.main(list(args), prog_name="ttc")
    convert_plainly()
    with group.make_context("ttc", expanded(hoist(args))) as context:
        result = group.invoke(context)
    return result if isinstance(result, int) else Exit.DONE


def run(args: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    lost = failures.collect_thread_errors()
    try:
        code = _dispatch(args)
        sys.stdout.flush()
        if lost:
            raise lost[0]
    except typer.Exit as ended:
        code = ended.exit_code
    except TtcError as error:
        complain(str(error))
        failures.trace(error, args)
        code = error.code
    except ClickFault as error:
        named = [arg for arg in hoist(args)[:1] if arg in COMMANDS]
        complain(usage_line(error, " ".join(["ttc", *named]), args, build()))
        code = Exit.USAGE
    except Stopped as stopped:
        code = stopped.code
    except BrokenPipeError:
        code = 128 + SIGPIPE
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except OSError as error:
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        code = Exit.STORE
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else Exit.BUG
    except BaseException as error:  # noqa: BLE001 (a bug must not end with the code of a gate)
        complain(failures.bug_line(error, args))
        code = Exit.BUG
    return int(code)


def _standard_streams() -> None:
    """Open descriptors 0, 1 and 2 if they are closed: libraries print to 2, be it a store."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115 (for the life of the process)


def _in_utf8() -> None:
    """Start again in UTF-8 mode under a locale that cannot hold file names or questions."""
    if sys.getfilesystemencoding().lower() != "utf-8" and sys.platform != "win32":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def main() -> None:
    """Run the command line of this process and exit."""
    _standard_streams()
    _in_utf8()
    if sys.stdout is None:
        complain("standard output is closed; redirect it to /dev/null if it is not wanted")
        sys.exit(Exit.STORE)
    escaped = encoding.escape_in(sys.stdout)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        encoding.tell(escaped, sys.stdout)
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 128 + SIGPIPE
        _discard_output()
    except (OSError, ValueError) as error:
        if code == Exit.DONE:
            complain(f"standard output: {getattr(error, 'strerror', None) or error}")
            code = Exit.STORE
        _discard_output()
    sys.exit(code)


def _discard_output() -> None:
    """Drop what is left in the buffer of stdout, or Python would report it again at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
