"""All that ttc uses of Typer beyond its documented interface; pyproject.toml bounds its version.

Some releases of Typer contain a copy of Click, others use Click itself, so Click is not imported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any, ClassVar, get_args, get_origin

import typer
import typer.core
import typer.main

from ttc.cli.sub_groups import HELP as HELP
from ttc.cli.sub_groups import sub_group
from ttc.errors import UsageError

COMPLETE = "_TTC_COMPLETE"  # the variable by which a shell's script asks for completions
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
        function = getattr(module, name)
        if hasattr(module, "SUBCOMMANDS"):
            return sub_group(cmd_name, function, module)
        single = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP)
        single.command(cmd_name, context_settings=HELP)(function)
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
        """Resolve a name; UsageError with the command that may be meant for an unknown one."""
        named = args[0] in self.summaries or args[0].startswith("-")
        if not named and not ctx.resilient_parsing:
            from ttc.cli.naming import unknown_names

            raise UsageError(unknown_names.command_line(args[0], self.summaries))
        return super().resolve_command(ctx, args)


def group_of(app: typer.Typer) -> LazyGroup:
    """Return the group that an app of this class stands for."""
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    return group


def usage_line(
    error: Any, command: str, args: Sequence[str] = (), group: LazyGroup | None = None
) -> str:
    """Return the message of a ClickFault with what to do; `command` and `args` are as called.

    Options of the other commands of `group` are known, too."""
    from ttc.cli.naming import unknown_names

    message = str(error.format_message()).strip().rstrip(".")
    context = getattr(error, "ctx", None)
    # Some errors have no context.
    path = command if context is None else context.command_path
    option = str(getattr(error, "option_name", None) or "")
    texts = [arg for arg in args if re.match(r"-(?!-[\w-]+=)\S*\s", arg.strip())]
    # Options of one letter have no blanks in them, and none is a digit.
    if texts or option[1:2].isdigit():
        text = unknown_names.quoted(
            texts[0] if texts else next(arg for arg in args if option in arg)
        )
        return (
            f"{message}; write -- before a text that begins with -, and options before that: "
            f"{path} -- {text}"
        )
    if option and hasattr(error, "possibilities"):
        line = unknown_names.option_line(error, path, _options_of(group, context))
        asked = next((each for each in args if each.startswith(option) and each != option), None)
        named = getattr(context, "info_name", None)
        if asked is None or "did you mean" in line or named != "solve":
            return line
        return f"{line}; to ask a text that begins with -: {path} -- {unknown_names.quoted(asked)}"
    if message.startswith("No such command") and context is not None:
        word = message.partition("'")[2].partition("'")[0]
        return unknown_names.within_line(
            word, context.info_name, context.command.list_commands(context)
        )
    if "unexpected extra argument" in message and context and context.info_name == "solve":
        if "--each" in args:
            return f"{message}; --each answers the questions of one file"
        return f'{message}; put the question in quotes: {path} "…"'
    return f"{message}; see {path} --help"


def _options_of(group: LazyGroup | None, context: Any) -> dict[str, list[str]]:
    """Return the options of each command of a group."""
    found: dict[str, list[str]] = {}
    if group is None:
        return found
    for name in group.list_commands(context):
        parameters = getattr(group.get_command(context, name), "params", ())
        found[name] = [option for each in parameters for option in each.opts]
    return found


def prepare_completion() -> None:
    """Register typer's completion classes, without what would cost a key press 0.1 s or more:
    rich, to clean help texts that hold no markup, and pydantic, to convert values not used."""
    from typer import _completion_classes as classes

    classes._sanitize_help_text = lambda text: text
    if parameter := getattr(typer.core, "_TyperParameter", None):
        parameter.process_value = lambda self, ctx, value: value
    classes.completion_init()


def convert_plainly() -> None:
    """Let parameters convert plain values themselves: typer imports pydantic for it, in 50 ms.

    Values that are not plain, and those that are wrong, are left to typer.
    """
    parameter = getattr(typer.core, "_TyperParameter", None)
    if parameter is None or parameter.process_value.__module__ == __name__:
        return
    thorough = parameter.process_value

    def process_value(self: Any, ctx: Any, value: Any) -> Any:
        try:
            found = _plain(self.type_descriptor.annotation, self.type_descriptor.parameter_info)
            several = self.multiple or self.nargs == -1
            result = (() if several else None) if value is None else found(value)
            missing = self.required and self.value_is_missing(result)
        except (AttributeError, OSError, TypeError, ValueError):
            missing = True
        if missing:
            return thorough(self, ctx, value)
        return result if self.callback is None else self.callback(ctx, self, result)

    parameter.process_value = process_value


def _plain(kind: Any, about: Any) -> Callable[[Any], Any]:
    """Return a converter to a type; it raises ValueError for values that are not plain.

    TypeError for a type or an option of typer that is not plain.
    """
    if get_origin(kind) is list:
        each = _plain(get_args(kind)[0], about)
        return lambda value: [each(item) for item in _of(value, (list, tuple))]
    if about.parser is not None or about.clamp or about.exists or about.resolve_path:
        raise TypeError
    if kind is Path and about.file_okay and about.dir_okay and not about.writable:
        return lambda value: _readable(Path(_of(value, (str, Path))))
    if kind in (int, float):
        return lambda value: _within(kind(_number(value)), about.min, about.max)
    if kind in (str, bool):
        return lambda value: _of(value, (kind,))
    raise TypeError


def _of(value: Any, kinds: tuple[type, ...]) -> Any:
    if type(value) not in kinds and not isinstance(value, Path):
        raise ValueError
    return value


def _readable(path: Path) -> Path:
    if path.exists() and not os.access(path, os.R_OK):
        raise ValueError
    return path


def _number(value: Any) -> Any:
    if type(value) is str and not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value):
        raise ValueError
    return _of(value, (str, int, float))


def _within(number: float, least: float | None, most: float | None) -> float:
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError
    return number


def candidates(group: LazyGroup, args: list[str], incomplete: str) -> list[str]:
    """Return what may stand for a word that is being typed behind whole ones."""
    from typer import _completion_classes as classes

    shell = classes.BashComplete(group, {}, "ttc", COMPLETE)
    return [str(item.value) for item in shell.get_completions(args, incomplete)]
