"""rm: the score of a reward model, of the whole answer or of each of its steps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttc import keys
from ttc.answers.extract import visible
from ttc.cache import Memo
from ttc.records import Sample, Verdict
from ttc.verifiers.judges.prompting import UNASKED
from ttc.verifiers.reward.checkpoint import locate
from ttc.verifiers.reward.inputs import InputTokenizer, TokenizedText, prefixes, steps
from ttc.verifiers.reward.model import FAILURES, LoadedModel, LoadOptions, load_tokenizer
from ttc.verifiers.reward.options import AGGREGATES, DTYPES, Given, Rating, read_template

# Batches' worth of samples that are read before the first is judged: the texts of a batch are of
# about one length then.
AHEAD = 8
_MEMO = 1  # raise with every change in what the memo holds

# The logits of a text, a row for each score; or why there are none.
Rows = list[list[float]] | str


@dataclass(slots=True)
class _Case:
    """A sample under judgement: what is to be read, or the verdict where nothing is."""

    texts: Sequence[TokenizedText] = ()
    verdict: Verdict | None = None


class RewardModel:
    r"""The score of a reward model: `rm:hf:OWNER/NAME` or `rm:FOLDER,aggregate=min,step=\n`.

    It reads question and answer (without its thinking) in the tokenizer's chat template, or
    `template=FILE`, else as a pair of texts, and never the reference.

    A model …ForSequenceClassification scores the whole answer: its logit where it has one label
    (`sigmoid=yes` makes it a weight), the chance of the second of two, or of `label=NAME`. With an
    `aggregate` other than `last` each prefix of the answer that ends with a step is scored. A
    model …ForTokenClassification scores each step, at the last token of `mark` (`\n\n`, or what it
    was trained with), which stands behind every step; `aggregate=min` (default), `prod`, `mean` or
    `last` of them (Lightman et al. 2023, 2305.20050; Wang et al. 2024, 2312.08935; Snell et al.
    2024, 2408.03314). The detail has the scores of all steps. Steps are what `step` (`\n\n`)
    separates.

    `threshold=X` makes samples that reach it correct. An answer that is longer than the model can
    read, or `max_length`, gets the status `too_long` and no score; nothing is cut. Others:
    `batch`, `device`, `dtype` (that of the weights), `revision`, `head` and `trust_remote_code`
    for models with code of their own.
    """

    name = "rm"
    version = "1"
    takes = "text"
    asks = True

    def __init__(self, text: str) -> None:
        given = Given.parse(text)
        self._files = locate(given.model, given.texts["revision"] or None)
        self._rating = Rating.of(given, self._files)
        trusted = given.yes("trust_remote_code")
        dtype = given.one_of("dtype", DTYPES)
        self._loading = LoadOptions(self._rating.head, given.texts["device"], dtype, trusted)
        self._batch = given.whole("batch") or 1
        self._max_length = given.whole("max_length")
        self._template, self._template_digest = read_template(given.texts["template"])
        self._reader: InputTokenizer | None = None
        self._head: LoadedModel | None = None
        self._limit: int | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """All that can change a verdict beyond the noise of floating point."""
        return {
            **self._rating.config,
            "dtype": self._loading.dtype,
            "max_length": self._max_length,
            "model": self._files.fingerprint,
            "template": self._template_digest,
        }

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order; reads some batches ahead."""
        cases: list[_Case] = []
        with Memo("rm", _MEMO, self._files.fingerprint, self._loading.dtype) as memo:
            for sample in samples:
                try:
                    cases.append(self._open(sample))
                except Exception:
                    # Those before it first: it fails on this sample, not on the oldest one.
                    yield from self._judged(cases, memo)
                    raise
                if len(cases) == AHEAD * self._batch:
                    yield from self._judged(cases, memo)
                    cases = []
            yield from self._judged(cases, memo)

    def _open(self, sample: Sample) -> _Case:
        if not sample.asked:
            return _Case(verdict=Verdict(status="no_prompt", detail=UNASKED))
        answer = visible(sample.text)
        pieces = steps(answer, self._rating.step)
        if not pieces:
            return _Case(verdict=Verdict(status="no_answer"))
        reader = self._reading()
        if self._rating.head == "token":
            texts = [reader.marked(sample, pieces, self._rating.mark)]
        else:
            cuts = prefixes(answer, self._rating.step) if self._rating.by_step else [answer]
            texts = [reader.whole(sample, cut) for cut in cuts]
        longest = max(len(text.ids) for text in texts)
        if self._limit is not None and longest > self._limit:
            detail = f"{longest} tokens with the question; the limit is {self._limit}"
            return _Case(verdict=Verdict(status="too_long", detail=detail))
        return _Case(texts)

    def _reading(self) -> InputTokenizer:
        """Return what makes tokens, loaded when there is a first sample to read."""
        if self._reader is None:
            tokenizer = load_tokenizer(self._files, self._loading)
            self._reader = InputTokenizer(tokenizer, self._template, self._files.name)
            limits = (self._max_length, self._files.longest, tokenizer.model_max_length)
            self._limit = min((limit for limit in limits if limit is not None), default=None)
        return self._reader

    def _judged(self, cases: Sequence[_Case], memo: Memo) -> Iterator[Verdict]:
        texts = {text for case in cases for text in case.texts}
        places = {text: keys.digest("reading1", text) for text in texts}
        known: dict[TokenizedText, Rows] = {
            text: rows for text, at in places.items() if (rows := memo.get(at)) is not None
        }
        new = sorted(texts - known.keys(), key=lambda text: (len(text.ids), text))
        for start in range(0, len(new), self._batch):
            batch = new[start : start + self._batch]
            found = self._run(batch)
            known |= zip(batch, found, strict=True)
            pairs = [(places[text], rows) for text, rows in zip(batch, found, strict=True)]
            memo.keep(pair for pair in pairs if _lasting(pair[1]))
        for case in cases:
            yield case.verdict or self._verdict(case, [known[text] for text in case.texts])

    def _run(self, batch: Sequence[TokenizedText]) -> list[Rows]:
        """Return the logits of a batch; if it fails, those of its halves, down to the culprit."""
        if self._head is None:
            self._head = LoadedModel(self._files, self._loading)
        try:
            return list(self._head.run(batch))
        except FAILURES as error:
            if len(batch) == 1:
                return [f"{type(error).__name__}: {error}".splitlines()[0]]
        middle = len(batch) // 2
        return [*self._run(batch[:middle]), *self._run(batch[middle:])]

    def _verdict(self, case: _Case, found: Sequence[Rows]) -> Verdict:
        tokens = sum(len(text.ids) for text in case.texts)
        rows: list[list[float]] = []
        for part in found:
            if isinstance(part, str):
                return Verdict(status="error", detail=part, tokens=tokens)
            rows += part
        scores = [self._rating.score(row) for row in rows]
        if not all(map(math.isfinite, scores)):
            detail = f"the model's score is not finite: {scores}"
            return Verdict(status="error", detail=detail, tokens=tokens)
        score = AGGREGATES[self._rating.aggregate](scores)
        correct = None if self._rating.threshold is None else score >= self._rating.threshold
        # Not as votes: these are opinions on one thing, of which any number may be drawn.
        detail = "steps " + json.dumps([float(f"{each:.6g}") for each in scores])
        return Verdict(None, correct, score, "ok", detail if self._rating.by_step else "", tokens)


def _lasting(rows: Rows) -> bool:
    """Whether it may be remembered: no failure, and no number that JSON cannot say."""
    return not isinstance(rows, str) and all(math.isfinite(logit) for row in rows for logit in row)
