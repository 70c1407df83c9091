"""The values of fields as other tools write them, read as ours.

Each function returns the value of a field, or raises ValueError with what it must be. What is read
as something else is counted in `Told`, one kind a note.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ttc.formats import finish_reasons
from ttc.formats.paths import kind_of
from ttc.interchange.told import SHOWN, Told, written

_TRUE = ("true", "yes", "y", "t", "1", "1.0", "pass", "passed", "correct", "right", "c", "success")
_FALSE: tuple[str, ...] = (
    "false",
    "no",
    "n",
    "f",
    "0",
    "0.0",
    "fail",
    "failed",
    "incorrect",
    "wrong",
    "i",
)
_FALSE += ("failure", "timeout", "timed out")
_NOTHING = ("", "null", "none", "nan", "na", "n/a", "<na>")
_WHOLE = re.compile(r"[-+]?\d{1,18}(?:\.0*)?")
_CONTENT = ("content", "text", "output", "value", "answer", "completion", "generated_text")


def truth(name: str, value: Any, told: Told, source: str) -> bool | None:
    """Read true or false: 0 and 1 as numbers and in text, and words of graders."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value != value:
            found = None
        elif value in (0, 1):
            found = bool(value)
        else:
            raise ValueError(_graded(name, value, source))
    elif isinstance(value, str):
        found = _truth_of(name, value.strip(), source)
    else:
        raise ValueError(
            f"must be true, false or null, not {kind_of(value)}{inside(name, source, value)}"
        )
    told.word(name, value, found)
    return found


def _truth_of(name: str, word: str, source: str) -> bool | None:
    if (lower := word.lower()) in _TRUE:
        return True
    if lower in _FALSE:
        return False
    if lower in _NOTHING:
        return None
    try:
        number = float(word)
    except ValueError:
        raise ValueError(
            f"must be true or false, not {word[:SHOWN]!r}; name the value that is right: "
            f"--map '{name}={source}:==\"VALUE\"'"
        ) from None
    raise ValueError(_graded(name, number, source))


def _graded(name: str, value: float, source: str) -> str:
    middle = ">0.5" if 0 < value < 1 else ">=1"
    return (
        f"must be true or false, and {value} is a score: read it with --map score={source}, or say "
        f"from where on it is right: --map '{name}={source}:{middle}'"
    )


def whole(name: str, value: Any, told: Told, source: str) -> int | None:
    """Read a whole number: 17.0 and text too."""
    if isinstance(value, float) and value.is_integer():
        told.example("read as whole numbers", name, value)
        return int(value)
    if isinstance(value, float) and value != value:
        told.example("read as null", name, value)
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _NOTHING:
            told.example("read as null", name, value)
            return None
        if _WHOLE.fullmatch(text):
            told.example("read as whole numbers", name, value)
            return int(text.partition(".")[0])
    raise ValueError(
        f"must be a whole number, not {_told_kind(value)}{inside(name, source, value)}"
    )


def number(name: str, value: Any, told: Told, source: str) -> float | None:
    """Read a number: text too; NaN is none."""
    if isinstance(value, float) and value != value:
        told.example("read as null", name, value)
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _NOTHING:
            told.example("read as null", name, value)
            return None
        try:
            found = float(text)
        except ValueError:
            pass
        else:
            told.example("read as numbers", name, value)
            return found
    said = str(value).strip().lower()
    if name == "score" and isinstance(value, (bool, str)) and said in (*_TRUE, *_FALSE):
        raise ValueError(
            f"must be a number, not {_told_kind(value)}; if it says what is right: "
            f"--map correct={source}"
        )
    raise ValueError(f"must be a number, not {_told_kind(value)}{inside(name, source, value)}")


def text(name: str, value: Any, told: Told, source: str) -> str:
    """Read a text: numbers too."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        told.example("read as text", name, value)
        return str(value)
    raise ValueError(f"must be a text, not {_told_kind(value)}{inside(name, source, value)}")


def identifier(name: str, value: Any, told: Told, source: str) -> int:
    """Read the name of a problem: whole numbers in any notation."""
    if isinstance(value, float) and value.is_integer():
        told.example("read as whole numbers", name, value)
        return int(value)
    raise ValueError(
        f"must be a text or a whole number, not {_told_kind(value)}{inside(name, source, value)}"
    )


def answer(name: str, value: Any, told: Told, source: str) -> str:
    """Read an answer: true and false as text."""
    if isinstance(value, bool):
        told.word(name, value, f"the text {value}")
        return str(value)
    raise ValueError(
        f"must be a text or a number, not {kind_of(value)}{inside(name, source, value)}"
    )


def ending(name: str, value: Any, told: Told, source: str) -> str | None:
    """Read a finish reason in the words of servers and other tools."""
    plain = finish_reasons.plain(value)
    if not isinstance(value, (str, dict)):
        known = "stop, length, cancelled or error"
        raise ValueError(f"must be {known}, not {kind_of(value)}{inside(name, source, value)}")
    found = finish_reasons.read(value)
    if found is None and plain not in finish_reasons.UNKNOWN:
        told.word(name, value, "unknown")
        return None
    told.word(name, value if isinstance(value, str) else plain, found)
    return found


def logprob(name: str, value: Any, told: Told, source: str, tokens: Any) -> float | None:
    """Read the log-probability of a draw. A list is summed if it has one for each token."""
    if not isinstance(value, list):
        return number(name, value, told, source)
    numbers = [each for each in value if type(each) in (int, float) and each <= 0]
    if value and len(numbers) == len(value) and tokens == len(value):
        told.example("summed over the tokens", name, value)
        return float(sum(numbers))
    told.example("not read, as it is unknown whether it has one number for each token", name, value)
    return None


def reference(name: str, value: Any, told: Told, source: str) -> dict[str, Any]:
    """Read a reference that is the answer itself, or several, or the JSON of an object."""
    if (found := json_object(value)) is not None:
        return found
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if plain or (isinstance(value, list) and value and all(isinstance(e, str) for e in value)):
        if source == name:
            told.example("read as reference.answer", name, value)
        return {"answer": value if isinstance(value, (str, list)) else str(value)}
    raise ValueError(f"must be an object or an answer, not {_told_kind(value)}")


def settings(name: str, value: Any, told: Told, source: str) -> dict[str, Any]:
    """Read the JSON of an object, as tables hold it."""
    if (found := json_object(value)) is not None:
        return found
    raise ValueError(f"must be an object, not {_told_kind(value)}")


def json_object(value: Any) -> dict[str, Any] | None:
    """Return the object of a JSON text; None if the value is no such text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            found = json.loads(value)
        except ValueError:
            return None
        if isinstance(found, dict):
            return found
    return None


def _told_kind(value: Any) -> str:
    if isinstance(value, (dict, list)) or value is None:
        return kind_of(value)
    return written(value) if isinstance(value, bool) else _quoted(value)


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 2 * SHOWN else f"{text[: 2 * SHOWN - 1]}…"


def inside(name: str, source: str, value: Any) -> str:
    """Return how to name what is meant inside a list or an object; "" for a plain value."""
    if not isinstance(value, (dict, list)) or (steps := _text_in(value)) is None:
        return ""
    each = ", which makes a draw of each" if "*" in steps else ""
    return f"; name what is meant in it: --map {name}={'.'.join((source, *steps))}{each}"


def _text_in(value: Any) -> tuple[str, ...] | None:
    """Return the steps to the text in a list or an object that is most likely meant."""
    level: list[tuple[tuple[str, ...], Any]] = [((), value)]
    for _ in range(7):
        inner: list[tuple[tuple[str, ...], Any]] = []
        for steps, each in level:
            if isinstance(each, list) and each:
                # One thing in a list needs no draw of each.
                inner.append(((*steps, "*" if len(each) > 1 else "0"), each[0]))
            elif isinstance(each, dict):
                inner += [((*steps, key), found) for key, found in each.items()]
        for steps, each in inner:
            if not isinstance(each, (dict, list)) and (
                steps[-1] in _CONTENT or steps[-1] in ("*", "0")
            ):
                return steps
        level = inner
    return None
