"""All that ttc uses of Typer beyond its documented interface; pyproject.toml bounds its version.

Some releases of Typer contain a copy of Click, others use Click itself, so Click is not imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from typing import Any, ClassVar

import typer
import typer.core
import typer.main

from ttc.errors import TtcError

COMPLETE = "_TTC_COMPLETE"  # the variable by which a shell's script asks for completions
HELP = {"help_option_names": ["-h", "--help"]}
# The base of the errors of the command line's parser.
ClickFault: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


class LazyGroup(typer.core.TyperGroup):
    """A group whose commands are modules of `ttc.cli.commands`, imported when they are named."""

    # The commands and the first line of the help of each.
    summaries: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the table."""
        return list(self.summaries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and build a command; None for an unknown one."""
        if cmd_name not in self.summaries:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        module = import_module(f"ttc.cli.commands.{name}")
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name, context_settings=HELP)(getattr(module, name))
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
            formatter.write_dl(list(self.summaries.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a name; TtcError with a near name for an unknown one."""
        named = args[0] in self.summaries or args[0].startswith("-")
        if not named and not ctx.resilient_parsing:
            near = get_close_matches(args[0], self.summaries, n=1, cutoff=0.5)
            hint = f"did you mean ttc {near[0]}?" if near else "ttc --help lists them"
            raise TtcError(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


def group_of(app: typer.Typer) -> LazyGroup:
    """Return the group that an app of this class stands for."""
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    return group


def usage_line(error: Any, command: str) -> str:
    """Return the message of a ClickFault with the help to read; `command` is as it was called."""
    message = str(error.format_message()).strip().rstrip(".")
    context = getattr(error, "ctx", None)
    # Some errors have no context.
    path = command if context is None else context.command_path
    return f"{message}; see {path} --help"


def prepare_completion() -> None:
    """Register typer's completion classes, without what would cost a key press 0.1 s or more:
    rich, to clean help texts that hold no markup, and pydantic, to convert values not used."""
    from typer import _completion_classes as classes

    classes._sanitize_help_text = lambda text: text
    if parameter := getattr(typer.core, "_TyperParameter", None):
        parameter.process_value = lambda self, ctx, value: value
    classes.completion_init()


def completion_script(shell: str) -> str:
    """Return the script that makes a shell complete ttc by calling it."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="ttc", complete_var=COMPLETE, shell=shell)
    return str(script).strip()
