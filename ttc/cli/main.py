"""The entry point: commands imported only when named, and one place where errors become lines.

A failure is one line on stderr and an exit code (see `ttc.errors.Exit`); `-vv` adds the traceback.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
import typer.core
import typer.main

from ttc.cli import failures
from ttc.errors import SIGPIPE, Exit, Stopped, TtcError
from ttc.messages.visible import one_line

# In the order of the work. A test holds these lines equal to the commands' docstrings.
COMMANDS = {
    "solve": "Answer one question now: draw, vote or search, print the answer.",
    "sample": "Draw n completions per problem and keep every one.",
    "verify": "Judge samples: a pool, a file or a pipe.",
    "sweep": "Tell what any budget and rule would have given; no model call, ever.",
    "ls": "List the pools of the store.",
    "show": "Show a pool, a problem or a sample.",
    "models": "List the models that -m can name, describe one, tune one, or probe its server.",
    "plugins": "List backends, verifiers, selectors and strategies.",
    "config": "Show the settings in force and where they come from.",
    "db": "Tell where the store is, check it, copy it, or merge others into it.",
    "doctor": "Check this installation, and print how to fix what does not work.",
    "completion": "Print the completion script of a shell.",
}
# May stand before the command as well as after it.
GLOBAL_FLAGS = {"-q", "--quiet", "-v", "-vv", "--verbose", "--json"}
GLOBAL_OPTIONS = {"--db", "--config"}
# typer brings its own copy of click in some releases and the real one in others.
ClickFault: type[Exception] = typer.BadParameter.__mro__[2]


class LazyGroup(typer.core.TyperGroup):
    """A group whose commands are modules of `ttc.cli`, imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and build a command; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"ttc.cli.commands.{cmd_name}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = {"help_option_names": ["-h", "--help"]}
        single.command(cmd_name, context_settings=settings)(getattr(module, cmd_name))
        return typer.main.get_command(single)

    def get_help_option(self, ctx: Any) -> Any:
        """Return --help with a plain default, which typer takes without loading pydantic."""
        option = super().get_help_option(ctx)
        if option is not None and option.default is None:
            option.default = False
        return option

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a name; for an unknown one, say which is near."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            hint = f"did you mean ttc {near[0]}?" if near else "ttc --help lists them"
            raise TtcError(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


def build() -> LazyGroup:
    """Return the whole command line."""
    app = typer.Typer(
        cls=LazyGroup,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Run the same command again: it resumes, and draws only what is missing. "
        "ttc --version prints the version.",
    )

    @app.callback()
    def ttc() -> None:
        """Test-time compute: sample many, keep all, ask offline what any budget would have given.

        ttc solve "How many primes are there below 100?"

        ttc sample problems.jsonl -n 16 --pool demo && ttc verify demo -V numeric && ttc sweep demo
        """

    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    return group


def hoist(args: Sequence[str]) -> list[str]:
    """Move global options that stand before the command behind it."""
    rest, moved = list(args), list[str]()
    while rest and (rest[0] in GLOBAL_FLAGS or rest[0].split("=")[0] in GLOBAL_OPTIONS):
        takes_value = rest[0] in GLOBAL_OPTIONS
        moved += rest[: 1 + takes_value]
        del rest[: 1 + takes_value]
    return [*rest[:1], *moved, *rest[1:]] if rest else list(args)


def _complete() -> None:
    """Make typer's completion classes known, without what would cost a key press 0.1 s or more:
    rich, to clean help texts that hold no markup, and pydantic, to convert values not used."""
    from typer import _completion_classes as classes

    classes._sanitize_help_text = lambda text: text
    if parameter := getattr(typer.core, "_TyperParameter", None):
        parameter.process_value = lambda self, ctx, value: value
    classes.completion_init()


def complain(message: str) -> None:
    """Write one line to stderr, whatever state stderr is in."""
    from ttc.messages import secrets

    with contextlib.suppress(OSError, ValueError):
        line = one_line(secrets.redacted(" ".join(message.split())))
        print(f"ttc: {line}", file=sys.stderr, flush=True)


def _usage_line(error: Any) -> str:
    message = str(error.format_message()).strip().rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "ttc"
    return f"{message}; {command} --help tells more"


def _dispatch(args: Sequence[str]) -> int:
    """Parse and invoke, as click's own main would, which turns a broken pipe into exit code 1."""
    if list(args) == ["--version"]:
        # An option of the group would cost every --help the import of typer's converters.
        from importlib.metadata import version

        print(f"ttc {version('ttc-cli')}")
        return Exit.DONE
    group = build()
    if "_TTC_COMPLETE" in os.environ:
        _complete()
        group.main(list(args), prog_name="ttc")
    with group.make_context("ttc", hoist(args) or ["--help"]) as context:
        result = group.invoke(context)
    return result if isinstance(result, int) else Exit.DONE


def run(args: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    lost = failures.heard()
    try:
        code = _dispatch(args)
        sys.stdout.flush()
        if lost:
            raise lost[0]
    except typer.Exit as ended:
        # Help was shown; to somebody who asked for nothing, as a hint.
        code = ended.exit_code if args else Exit.USAGE
    except TtcError as error:
        complain(str(error))
        failures.trace(error, args)
        code = error.code
    except ClickFault as error:
        complain(_usage_line(error))
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
        complain(failures.told(error, args))
        code = Exit.BUG
    return int(code)


def _standard_streams() -> None:
    """See to it that 0, 1 and 2 are taken: a store opened as 2 would be written by any library."""
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
        complain("standard output is closed; send it to /dev/null if it is not wanted")
        sys.exit(Exit.STORE)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
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
    """Send what is left in buffers nowhere: Python would complain once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
