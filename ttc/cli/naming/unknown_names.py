"""Lines about a command or an option that does not exist: which one is meant."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ttc.cli.naming.synonyms import COMMANDS, OPTIONS, WITHIN

_LEFT = 40  # characters of an argument that are shown


def command_line(word: str, commands: Iterable[str]) -> str:
    """Return what to say of a command that does not exist: the one that does what it may mean."""
    known = [*commands]
    said = f"no command {shown(word)}; "
    told = {name: each for each in reversed(COMMANDS) for name in each.words.split()}
    told = {name: each for name, each in told.items() if _exists(each.command, known)}
    plain = _plain(word)
    if plain in known:
        return f"{said}did you mean ttc {plain}?"
    if plain in told:
        return f"{said}ttc {told[plain].command} {told[plain].does}"
    if " " in word.strip() or word.endswith("?"):
        return f"{said}to ask that: ttc solve {quoted(word)}"
    if os.path.exists(word):
        return f"{said}for a file of problems: ttc sample {quoted(word)} -n 16 --pool NAME"
    if near := get_close_matches(plain, known, n=1, cutoff=0.6):
        return f"{said}did you mean ttc {near[0]}?"
    if near := get_close_matches(plain, told, n=1, cutoff=0.8):
        return f"{said}ttc {told[near[0]].command} {told[near[0]].does}"
    return f"{said}ttc --help lists them"


def _exists(command: str, known: Sequence[str]) -> bool:
    """Return whether this version of ttc has a command of the table."""
    return command.split()[0] in (*known, "help", "--version")


def within(word: str, group: str, commands: Iterable[str]) -> str | None:
    """Return the command of a group of commands (`db`) that a word may mean."""
    known = [*commands]
    words = {name: each for each, told in WITHIN.get(group, {}).items() for name in told.split()}
    words = {name: each for name, each in words.items() if each in known}
    plain = _plain(word)
    near = [plain] if plain in known else get_close_matches(plain, known, n=1, cutoff=0.6)
    return words.get(plain) or (near[0] if near else None)


def within_line(
    word: str, group: str, commands: Iterable[str], otherwise: str | None = None
) -> str:
    """Return what to say of a command that a group of commands (`db`) does not have.

    `otherwise` is what is suggested if no command is near.
    """
    meant = within(word, group, commands) or otherwise
    way = f"did you mean ttc {group} {meant}?" if meant else f"ttc help {group} lists them"
    return f"no command {shown(word)} in ttc {group}; {way}"


def option_line(error: Any, command: str, elsewhere: Mapping[str, Sequence[str]]) -> str:
    """Return what to say of an option that a command does not have.

    `error` is the parser's, `command` as it was called, `elsewhere` the options of the other
    commands.
    """
    given = str(error.option_name)
    context = getattr(error, "ctx", None)
    parameters = [] if context is None else context.command.get_params(context)
    own = {name: each for each in parameters for name in (*each.opts, *each.secondary_opts)}
    own = {name: each for name, each in own.items() if name.startswith("-")}
    said = f"{command} has no option {shown(given)}"
    if context is not None and getattr(context.command, "commands", None) is not None:
        return f"{said}; options stand behind the command, see {command} --help"
    if meant := _synonym(given, own) or _close(given, own, 0.75):
        return f"{said}; did you mean {_explained(meant, own[meant])}?"
    if others := [name for name, options in elsewhere.items() if given in options]:
        *first, last = (f"ttc {name}" for name in others[:4])
        listed = f"{', '.join(first)} and {last}" if first else last
        return f"{said}; {listed} {'has' if len(others) == 1 else 'have'} it"
    if meant := _close(given, own, 0.6):
        return f"{said}; did you mean {_explained(meant, own[meant])}?"
    return f"{said}; see {command} --help"


def _synonym(given: str, own: Mapping[str, Any]) -> str | None:
    """Return the option of a command for a word that others have for it, spelled about so."""
    words = {word: option for option in reversed(OPTIONS) for word in _words(option, own)}
    plain = _plain(given)
    if plain in words:
        return words[plain]
    # A name that is near to one of the command's own is more likely that.
    long = [word for word in words if len(word) > 3]
    near = [] if _close(given, own, 0.75) else get_close_matches(plain, long, n=1, cutoff=0.85)
    return words[near[0]] if near else None


def _words(option: str, own: Mapping[str, Any]) -> list[str]:
    return OPTIONS[option].split() if option in own else []


def _close(given: str, own: Iterable[str], cutoff: float) -> str | None:
    """Return the option that is spelled most alike; one that begins so if no other does."""
    names = {_plain(name): name for name in own if name.startswith("--")}
    plain = _plain(given)
    if plain in names:
        return names[plain]
    begun = [name for name in names if name.startswith(plain)]
    if len(plain) > 1 and len(begun) == 1:
        return names[begun[0]]
    near = get_close_matches(plain, names, n=1, cutoff=cutoff)
    return names[near[0]] if near else None


def _explained(name: str, parameter: Any) -> str:
    """Return an option with the start of its help."""
    about = re.split(r"[.;:(\[]", str(parameter.help or ""), maxsplit=1)[0].strip()
    return f"{name} ({about[:1].lower()}{about[1:]})" if about else name


def _plain(word: str) -> str:
    """Return a word as the tables have it."""
    return word.strip().lstrip("-").casefold().replace("_", "-").partition("=")[0]


def shown(word: str) -> str:
    """Return an argument for a message, shortened if it is long."""
    return repr(word if len(word) <= _LEFT else f"{word[:_LEFT]}…")


def quoted(word: str) -> str:
    """Return an argument as a shell takes it, or "…" if it is long."""
    return shlex.quote(word) if len(word) <= _LEFT else '"…"'
