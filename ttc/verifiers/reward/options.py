"""What can be said behind `rm:`, and how a row of logits becomes a score."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttc import keys
from ttc.verifiers.reward.checkpoint import RewardFiles

AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "prod": math.prod,
    "mean": lambda scores: math.fsum(scores) / len(scores),
}
DEFAULTS = {
    "aggregate": "",
    "batch": "8",
    "device": "auto",
    "dtype": "auto",
    "head": "",
    "label": "",
    "mark": "",
    "max_length": "",
    "revision": "",
    "sigmoid": "no",
    "step": r"\n\n",
    "template": "",
    "threshold": "",
    "trust_remote_code": "no",
}
DTYPES = ("auto", "float32", "bfloat16", "float16")
HEADS = ("sequence", "token")
# Places, which may hold commas and equals signs, end where the next option begins.
_NEXT = re.compile(r",(?=[a-z_]+=)")
_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were given, each of them readable; ValueError says what is not."""

    model: str
    texts: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Given:
        """Read `MODEL,key=value,…`."""
        model, *parts = _NEXT.split(text)
        if not model:
            raise ValueError("rm needs a model, as in rm:hf:OWNER/NAME or rm:FOLDER")
        told = dict(part.split("=", 1) for part in parts)
        if unknown := sorted(set(told) - set(DEFAULTS)):
            raise ValueError(
                f"rm has no option {', '.join(unknown)}; it knows: {', '.join(DEFAULTS)}"
            )
        return cls(model, {**DEFAULTS, **told})

    def one_of(self, name: str, known: Sequence[str]) -> str:
        """Return an option that is one of a few words, or its default."""
        if (value := self.texts[name]) not in (*known, DEFAULTS[name]):
            raise ValueError(f"{name} must be {' or '.join(known)}, not {value!r}")
        return value

    def yes(self, name: str) -> bool:
        """Return whether an option says yes."""
        return self.one_of(name, ("yes", "no")) == "yes"

    def whole(self, name: str) -> int | None:
        """Return an option that is a whole number from 1, None if it is empty."""
        if not (value := self.texts[name]):
            return None
        if not (value.isdecimal() and int(value) >= 1):
            raise ValueError(f"{name} must be a whole number from 1, not {value!r}")
        return int(value)

    def number(self, name: str) -> float | None:
        """Return an option that is a number, None if it is empty."""
        value = self.texts[name]
        try:
            return float(value) if value else None
        except ValueError:
            raise ValueError(f"{name} must be a number, not {value!r}") from None

    def string(self, name: str) -> str:
        r"""Return a text in which \n, \t and \\ stand for what they do in most languages."""
        return re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found[0]], self.texts[name])


@dataclass(frozen=True, slots=True)
class Rating:
    """How scores are made: of which label, how many steps are one, and what is correct."""

    head: str
    aggregate: str
    step: str
    mark: str
    label: int | None
    sigmoid: bool
    threshold: float | None

    @classmethod
    def of(cls, given: Given, files: RewardFiles) -> Rating:
        """Return what the options make of a model; ValueError where it cannot do it."""
        head = given.one_of("head", HEADS) or files.head
        if files.custom and not given.yes("trust_remote_code"):
            raise ValueError(
                "it comes with Python code of its own, which would run here with all your "
                "rights: trust_remote_code=yes if you trust it"
            )
        if head is None or (files.head is None and not files.custom):
            raise ValueError(
                f"its architecture is {files.architecture}, and a reward model is one "
                "…ForSequenceClassification or …ForTokenClassification"
                + ("; for one with code of its own say head=sequence or head=token"
                   if files.custom else "; a model that writes is asked with -V judge or genrm")
            )  # fmt: skip
        if files.head not in (None, head):
            raise ValueError(f"its architecture is {files.architecture}; it has no head={head}")
        usual = "last" if head == "sequence" else "min"
        rating = cls(
            head,
            given.one_of("aggregate", tuple(AGGREGATES)) or usual,
            given.string("step"),
            given.string("mark") or given.string("step"),
            _label(given.texts["label"], files),
            given.yes("sigmoid"),
            given.number("threshold"),
        )
        if not rating.step:
            raise ValueError(r"step must be a text, as in step=\n\n")
        # Code of its own may give other labels than its configuration says.
        if files.head is not None:
            rating.check([0.0] * len(files.labels))
        return rating

    @property
    def by_step(self) -> bool:
        """Whether steps are scored, and not the whole alone."""
        return self.head == "token" or self.aggregate != "last"

    def check(self, row: Sequence[float]) -> None:
        """ValueError if no score can be made of a row of as many logits."""
        if len(row) > 2 and self.label is None:
            raise ValueError(f"it has {len(row)} labels; say with label=NAME which one is right")
        if len(row) == 1 and self.aggregate == "prod" and not self.sigmoid:
            raise ValueError("aggregate=prod multiplies chances, and its logits are none; "
                             "add sigmoid=yes")  # fmt: skip
        if len(row) > 1 and self.sigmoid:
            raise ValueError(f"it has {len(row)} labels, whose scores are chances without sigmoid")

    def score(self, row: Sequence[float]) -> float:
        """Return the score in a row of logits, which may be NaN."""
        self.check(row)
        if len(row) == 1:
            return sigmoid(row[0]) if self.sigmoid else row[0]
        return chance(row, 1 if self.label is None else self.label)

    @property
    def config(self) -> dict[str, Any]:
        """What of it can change a verdict."""
        told: dict[str, Any] = {
            "aggregate": self.aggregate,
            "head": self.head,
            "label": self.label,
            "sigmoid": self.sigmoid,
            "threshold": self.threshold,
        }
        if self.by_step:
            told["step"] = self.step
        return {**told, "mark": self.mark} if self.head == "token" else told


def _label(text: str, files: RewardFiles) -> int | None:
    if not text:
        return None
    if text in files.labels:
        return files.labels.index(text)
    if text.isdecimal() and int(text) < len(files.labels):
        return int(text)
    raise ValueError(f"it has no label {text!r}; it has {', '.join(files.labels)}")


def read_template(path: str) -> tuple[str | None, str | None]:
    """Return a chat template of the user's and its digest; None for none."""
    if not path:
        return None, None
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"template={path}: {error}") from None
    return text, keys.digest("template1", text)


def chance(row: Sequence[float], label: int) -> float:
    """Return the softmax of one label among all."""
    highest = max(row)
    parts = [math.exp(logit - highest) for logit in row]
    return parts[label] / math.fsum(parts)


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(−logit)), without an overflow."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
