"""Commands that have commands of their own: `ttc db check`, `ttc models tune`, `ttc config set`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

import typer
import typer.core
import typer.main

from ttc.errors import UsageError

HELP = {"help_option_names": ["-h", "--help"]}


def names_of(functions: Iterable[Callable[..., Any]]) -> list[str]:
    """Return the names of the commands that functions stand for."""
    return [each.__name__.rstrip("_") for each in functions]


def first_line(command: Any) -> str:
    """Return the first line of a command's help."""
    return str(command.help or "").strip().partition("\n")[0]


class SubGroup(typer.core.TyperGroup):
    """A group whose options may also stand before the name of the command.

    `plain` is the command that is meant where none is named, and `other` the one whose argument is
    a word that names none: `ttc models` and `ttc models NAME`. None: there is no such command.
    `two` is what is suggested for two words of which the first names none.
    """

    plain: str | None = None
    other: str | None = None
    two: str = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name first, then parse."""
        found: list[str] = super().parse_args(ctx, self.routed(args, ctx.resilient_parsing))
        return found

    def routed(self, args: Sequence[str], completing: bool = False) -> list[str]:
        """Return the arguments with a command in front; TtcError for one that does not exist."""
        at = self._word(args)
        if at is None:
            wants_help = any(each in HELP["help_option_names"] for each in args)
            plain = None if wants_help or completing else self.plain
            return [*([plain] if plain else []), *args]
        word, rest = args[at], [*args[:at], *args[at + 1 :]]
        if word in self.commands:
            return [word, *rest]
        if word == "help":
            return [*args[at + 1 : at + 2], "--help"]
        more = [each for each in args[at + 1 :] if not each.startswith("-")]
        if self.other is not None and (completing or not more):
            return [self.other, *args]
        if completing:
            return [word, *rest]
        from ttc.cli.naming import unknown_names

        meant = self.two.format(word, more[0]) if self.two and more else None
        raise UsageError(unknown_names.within_line(word, str(self.name), self.commands, meant))

    def _word(self, args: Sequence[str]) -> int | None:
        """Return the place of the first argument that is no option, nor the value of one."""
        takes_value = {
            name
            for command in self.commands.values()
            for option in command.params
            if isinstance(option, typer.core.TyperOption) and not (option.is_flag or option.count)
            for name in option.opts
        }
        skip = False
        for at, each in enumerate(args):
            if skip or (each.startswith("-") and each not in ("-", "--")):
                skip = not skip and each in takes_value
                continue
            return None if each == "--" else at
        return None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with the whole first sentence of each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, first_line(each)) for name, each in self.commands.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return the commands and options, and what the argument of `other` may be."""
        found = list(super().shell_complete(ctx, incomplete))
        arguments = self.commands[self.other].params if self.other else []
        if not incomplete.startswith("-"):
            for each in arguments:
                if isinstance(each, typer.core.TyperArgument):
                    found += each.shell_complete(ctx, incomplete)
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a name; in a completion, an unknown one is none."""
        if ctx.resilient_parsing and args[0] not in self.commands:
            return None, None, []
        return super().resolve_command(ctx, args)


def sub_group(name: str, function: Callable[..., Any], module: ModuleType) -> Any:
    """Return the group of a module: its SUBCOMMANDS, and PLAIN and OTHER as in SubGroup."""
    app = typer.Typer(
        cls=SubGroup, add_completion=False, rich_markup_mode=None, context_settings=HELP
    )
    app.callback()(function)
    for name_of_it, each in zip(names_of(module.SUBCOMMANDS), module.SUBCOMMANDS, strict=True):
        app.command(name_of_it, context_settings=HELP)(each)
    group = typer.main.get_command(app)
    assert isinstance(group, SubGroup)
    group.name = name
    group.plain, group.other = getattr(module, "PLAIN", None), getattr(module, "OTHER", None)
    group.two = getattr(module, "TWO", "")
    return group
