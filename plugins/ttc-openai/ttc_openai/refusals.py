"""The fields of a request that a rejection is about.

Servers name them in many ways: `param` (OpenAI), `loc` (pydantic), `field` (Google), or a sentence.
Only fields named as rejected count, not others that are mentioned: a message that lists the
existing fields (serde: "expected one of …") is about none of those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Text about other fields than the rejected ones, up to the end of its sentence.
_ASIDE = re.compile(
    r"(?<!not )(?<!n't )(?<!never )\b"
    r"(?:expected|did you mean|instead of|(?:please |try to )?use|choose from|one of|to drop|"
    r"(?:supported|allowed|valid|accepted|available|known|permitted|possible|recogni[sz]ed)"
    r"(?: (?:parameter|field|argument|propert|name|option|key|value|input|one)\w*)?"
    r"(?: are| is|:))(?![\w.])(?:(?![.;] |[.;]$|\n).)*",
    re.IGNORECASE,
)
# A sentence with none of these words rejects nothing.
_REFUSES = re.compile(
    r"\b(?:un\w+|in(?:valid|correct|compatible)|not|cannot|no|never|neither|must|should|extra|additional|"
    r"forbid\w*|disallow\w*|illegal|deprecated|removed|too|exceeds?|only|out of|bad|wrong|mutually|"
    r"both|less|greater|above|below|between|at (?:most|least))\b|n't\b|[<>≤≥]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.;!])\s+|\n{2,}|\n(?=\S)")
# Names of fields that are also English words count only where they stand as a name.
_WORDS = ("model", "messages", "prompt", "stream", "stop", "seed", "n")
_KIND = r"(?:parameter|argument|field|property|key|option|setting|support)"
_PLACES = re.compile(r"['\"](?:loc|path)['\"]\s*:\s*[\[(]([^\])]*)[\])]")
_BOTH = re.compile(
    r"\bboth\b|\btogether\b|only one of|at the same time|mutually exclusive|simultaneous",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"must be|should be|between|less than|greater than|at (?:most|least)|range|positive|maximum|"
    r"minimum|[<>≤≥]",
    re.IGNORECASE,
)
_POINTERS = ("param", "field", "parameter", "property", "path", "loc", "params", "fields")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's message about a request that it does not accept, and the body of its response."""

    message: str
    body: Any = None

    def fields(self, sent: Collection[str]) -> frozenset[str]:
        """Return which of the sent fields are rejected; empty if it names none."""
        pointed = frozenset(_pointed_to(self.body, sent))
        return pointed or frozenset(_named_in_text(self.text, sent))

    @property
    def text(self) -> str:
        """All texts of the body, else the message."""
        return "\n".join(_texts(self.body)) or self.message

    @property
    def both(self) -> bool:
        """Whether fields are only rejected in combination."""
        return bool(_BOTH.search(self.text))

    @property
    def of_value(self) -> bool:
        """Whether another value of the same field may be accepted."""
        return bool(_RANGE.search(self.text))


def _inner(text: str) -> Any:
    """Return JSON that is quoted inside a text, as proxies do; None if there is none."""
    at, end = text.find("{"), text.rfind("}")
    try:
        return json.loads(text[at : end + 1]) if 0 <= at < end else None
    except ValueError:
        return None


def _pointed_to(body: Any, sent: Collection[str]) -> Iterator[str]:
    """Yield the fields that the structure of a body points to."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name in _POINTERS:
                yield from _sent_of(value, sent)
            yield from _pointed_to(value, sent)
    elif isinstance(body, (list, tuple)):
        for each in body:
            yield from _pointed_to(each, sent)
    elif isinstance(body, str):
        if (inner := _inner(body)) is not None:
            yield from _pointed_to(inner, sent)
        for place in _PLACES.findall(body):
            yield from _sent_of(place, sent)


def _sent_of(pointer: Any, sent: Collection[str]) -> Iterator[str]:
    """Yield the sent field that a pointer leads into: `body.top_k`, `messages[0].role`."""
    parts = pointer if isinstance(pointer, (list, tuple)) else [pointer]
    words = [word for part in parts if isinstance(part, str) for word in re.findall(r"\w+", part)]
    found = next((word for word in words if word in sent), None)
    if found is not None:
        yield found


def _texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, Mapping):
        for each in body.values():
            yield from _texts(each)
    elif isinstance(body, (list, tuple)):
        for each in body:
            yield from _texts(each)


def _named_in_text(text: str, sent: Collection[str]) -> Iterator[str]:
    """Yield the fields that sentences name as rejected."""
    for sentence in _SENTENCE.split(_ASIDE.sub("", text)):
        if not _REFUSES.search(sentence):
            continue
        for name in sent:
            plain = r"(?<![\w-])" + re.escape(name) + r"(?![\w-])"
            named = rf"{_KIND}s?(?:\(s\))?:? {plain}|: {plain}$|^{plain}(?:$|:| is\b)"
            quoted = rf"[\"'`“‘./\[{{(]{plain}|{named}"
            if re.search(quoted if name in _WORDS else plain, sentence, re.IGNORECASE):
                yield name
