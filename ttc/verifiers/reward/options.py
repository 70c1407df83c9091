"""The options of `rm`, and how a row of logits becomes a score."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttc import keys
from ttc.options import OptionReader, parse_text
from ttc.verifiers.reward.checkpoint import RewardFiles

AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "prod": math.prod,
    "mean": lambda scores: math.fsum(scores) / len(scores),
}
DTYPES = ("auto", "float32", "bfloat16", "float16")
HEADS = ("sequence", "token")
_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
_DEFAULT_STEP = r"\n\n"


@dataclass(frozen=True, slots=True)
class RewardOptions:
    """The options of `rm`; None if the model or its architecture decides.

    `max_length` is in tokens; `template` is the text of a chat template, not its path.
    """

    aggregate: str | None
    batch: int
    device: str
    dtype: str
    head: str | None
    label: str | None
    mark: str
    max_length: int | None
    revision: str | None
    sigmoid: bool
    step: str
    template: str | None
    threshold: float | None
    trusted: bool

    @classmethod
    def parse(cls, text: str) -> tuple[str, RewardOptions]:
        """Return the model and the options of `MODEL,key=value,…`. OptionError if invalid."""
        model, given = parse_text(text, "rm:MODEL,key=value,key=value")
        read = OptionReader("rm", given)
        if not model:
            raise read.error("rm needs a model, as in rm:hf:OWNER/NAME or rm:FOLDER")
        options = cls(
            aggregate=read.choice("aggregate", tuple(AGGREGATES), None),
            batch=read.whole("batch", 8),
            device=read.text("device", "auto"),
            dtype=read.choice("dtype", DTYPES, "auto"),
            head=read.choice("head", HEADS, None),
            label=read.text("label", None),
            mark=_unescaped(read.text("mark", "")),
            max_length=read.whole("max_length", None),
            revision=read.text("revision", None),
            sigmoid=read.switch("sigmoid", False),
            step=_unescaped(read.text("step", _DEFAULT_STEP)),
            template=read.file("template"),
            threshold=read.number("threshold", None),
            trusted=read.switch("trust_remote_code", False),
        )
        read.end()
        if not options.step:
            raise read.error(rf"step must be a text, as in step={_DEFAULT_STEP}")
        return model, options

    @property
    def template_digest(self) -> str | None:
        """The digest of the chat template, which keys verdicts."""
        return None if self.template is None else keys.digest("template1", self.template)


def _unescaped(text: str) -> str:
    r"""Return a text with the escapes \n, \t and \\ replaced."""
    return re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found[0]], text)


@dataclass(frozen=True, slots=True)
class Rating:
    """How logits become a score: of which label, how steps are combined, and what is correct."""

    head: str
    aggregate: str
    step: str
    mark: str
    label: int | None
    sigmoid: bool
    threshold: float | None

    @classmethod
    def of(cls, options: RewardOptions, files: RewardFiles) -> Rating:
        """Return how the options rate with a model; ValueError if the model does not fit."""
        head = options.head or files.head
        if files.custom and not options.trusted:
            raise ValueError(
                "it has Python code of its own, which would run here with all your rights; "
                "trust_remote_code=yes if you trust it"
            )
        if head is None or (files.head is None and not files.custom):
            raise ValueError(
                f"its architecture is {files.architecture}, and a reward model is a "
                "…ForSequenceClassification or …ForTokenClassification"
                + ("; for a model with its own code set head=sequence or head=token"
                   if files.custom else "; for a model that generates text use -V judge or genrm")
            )  # fmt: skip
        if files.head not in (None, head):
            raise ValueError(f"its architecture is {files.architecture}; it has no head={head}")
        usual = "last" if head == "sequence" else "min"
        rating = cls(
            head,
            options.aggregate or usual,
            options.step,
            options.mark or options.step,
            _label(options.label, files),
            options.sigmoid,
            options.threshold,
        )
        # A model's own code may give other labels than its configuration.
        if files.head is not None:
            rating.check([0.0] * len(files.labels))
        return rating

    @property
    def by_step(self) -> bool:
        """Whether steps are scored, not only the whole answer."""
        return self.head == "token" or self.aggregate != "last"

    def check(self, row: Sequence[float]) -> None:
        """Raise ValueError if no score can be computed from a row of this many logits."""
        if len(row) > 2 and self.label is None:
            raise ValueError(f"it has {len(row)} labels; name the one to score with label=NAME")
        if len(row) == 1 and self.aggregate == "prod" and not self.sigmoid:
            raise ValueError("aggregate=prod needs probabilities, but its scores are logits; "
                             "add sigmoid=yes")  # fmt: skip
        if len(row) > 1 and self.sigmoid:
            raise ValueError(f"it has {len(row)} labels, whose scores are probabilities already; "
                             "leave out sigmoid=yes")  # fmt: skip

    def score(self, row: Sequence[float]) -> float:
        """Return the score of a row of logits; NaN if they are."""
        self.check(row)
        if len(row) == 1:
            return sigmoid(row[0]) if self.sigmoid else row[0]
        return chance(row, 1 if self.label is None else self.label)

    @property
    def config(self) -> dict[str, Any]:
        """The fields that can change a verdict."""
        fields: dict[str, Any] = {
            "aggregate": self.aggregate,
            "head": self.head,
            "label": self.label,
            "sigmoid": self.sigmoid,
            "threshold": self.threshold,
        }
        if self.by_step:
            fields["step"] = self.step
        return {**fields, "mark": self.mark} if self.head == "token" else fields


def _label(text: str | None, files: RewardFiles) -> int | None:
    if text is None:
        return None
    if text in files.labels:
        return files.labels.index(text)
    if text.isdecimal() and int(text) < len(files.labels):
        return int(text)
    raise ValueError(f"it has no label {text!r}; it has {', '.join(files.labels)}")


def chance(row: Sequence[float], label: int) -> float:
    """Return the softmax probability of one label."""
    highest = max(row)
    parts = [math.exp(logit - highest) for logit in row]
    return parts[label] / math.fsum(parts)


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(−logit)), without an overflow."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
