"""Messages in the words of Python: the names of arguments and functions in place of options and
commands.

The library below writes its messages once, for the command line. Arguments have the names of the
options, so that what differs is the spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ttc.errors import TtcError

# Options whose argument has another name.
ARGUMENTS = {
    "m": "model",
    "V": "verifier",
    "t": "temperature",
    "s": "rules",
    "k": "ks",
    "select": "rules",
    "map": "mapping",
    "db": "database",
    "assert": "asserted",
    "i-trust-this-code": "trusted",
}
SWITCHES = {"new_pool", "raw", "skip_bad", "recheck", "strict", "trusted", "trust_eq", "oracle"}
# Values that follow an option in a message; other words in small letters are the sentence.
VALUES = re.compile(r"[A-Z][A-Z_]*(?::\S*)?|-?\d[\w.]*|on|off|none|https?://\S+|'.*'")
# Options whose value may be any word, and words that are none.
NAMED = {"model", "verifier", "pool", "keep"}
SENTENCE = {"and", "asks", "for", "in", "is", "needs", "names", "or", "takes", "that", "to", "with"}

# Commands of a shell, which stay as they are.
_SHELL = re.compile(
    r"`[^`]*`"
    r"|(?:\S*python\S* -m |uv )?pip (?:install|download)[^;)]*|uv tool [^;)]*"
    r"|ttc (?:models|plugins|doctor|db|config)(?: [a-z]+(?= )(?! [a-z]))?(?: --[a-z-]+)*"
)
_PHRASES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r" \(--explain lists them\)|; -vv shows where"), ""),
    (
        re.compile(r"ttc verify ('[^']*'|\S+) -V ('[^']*'|[^\s;,]+)(?: -o FILE)?"),
        lambda found: f"ttc.verify({_quoted(found[1])}, {_quoted(found[2])})",
    ),
    (re.compile(r"ttc verify ([^\s;,]+)$"), r"ttc.verify('\1')"),
    (re.compile(r"\bttc ls\b"), "ttc.pools()"),
    (re.compile(r"\bttc (sample|verify|sweep|solve)\b"), r"ttc.\1"),
)
_PAIR = r"[\w.]+=[\w*]+(?:\.[\w*]+)*(?:\+[\w*.]*\w)*(?::[<>=!]+[\w.]*\w)?"
_MAPPING = re.compile(rf"(?<![\w-])--map (?:({_PAIR}(?:,{_PAIR})*)|'([^']+)')")
_OPTION = re.compile(
    r"(?<![\w-])(?:--([a-z][a-z-]*[a-z])|-([mVntsk]))(?![\w-])"
    r"(?: ('[^']*'|[^\s,;)']+?)(?=:?(?:[\s,;)]|$)))?"
)


def in_python(message: str) -> str:
    """Return a message of the library as it reads for a caller from Python."""
    parts, at = [], 0
    for shell in _SHELL.finditer(message):
        parts += [_translated(message[at : shell.start()]), shell[0]]
        at = shell.end()
    return "".join([*parts, _translated(message[at:])])


def _translated(text: str) -> str:
    for phrase, words in _PHRASES:
        text = phrase.sub(words, text)
    text = _MAPPING.sub(_mapping, text)
    return _OPTION.sub(_option, text)


def _quoted(word: str) -> str:
    return repr(word.strip("'"))


def _mapping(found: re.Match[str]) -> str:
    pairs = (pair.split("=", 1) for pair in (found[1].split(",") if found[1] else [found[2]]))
    return "mapping={" + ", ".join(f"{ours!r}: {theirs!r}" for ours, theirs in pairs) + "}"


def _option(found: re.Match[str]) -> str:
    flag, value = found[1] or found[2], found[3]
    name = ARGUMENTS.get(flag, flag.replace("-", "_"))
    if value is not None and _is_value(found, name, value):
        number = re.fullmatch(r"-?\d+(?:\.\d+)?", value)
        return f"{name}={value if number or value.startswith(chr(39)) else repr(value)}"
    bare = f"{name}=True" if name in SWITCHES else name
    return bare if value is None else f"{bare} {value}"


def _is_value(found: re.Match[str], name: str, value: str) -> bool:
    if VALUES.fullmatch(value):
        return True
    named = name in NAMED and value not in SENTENCE
    # A message about a value begins with it, and goes on after a colon.
    return named or (found.start() == 0 and found.string[found.end() :].startswith(":"))


@contextmanager
def python_errors() -> Iterator[None]:
    """Raise what is raised within it with the message for Python."""
    try:
        yield
    except TtcError as error:
        error.args = (in_python(error.python),)
        raise
