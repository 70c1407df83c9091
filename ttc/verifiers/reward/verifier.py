"""rm: the score of a reward model, for the whole answer or for each of its steps."""

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
from ttc.verifiers.reward.options import AGGREGATES, Rating, RewardOptions

# Batches of samples that are read before the first is run, so that each batch can be made of texts
# of about the same length.
AHEAD = 8
_MEMO = 1  # raise with every change in what the memo holds

# The logits of a text, one row per score; or the error if there are none.
Rows = list[list[float]] | str


@dataclass(slots=True)
class _Case:
    """The texts to run for a sample, or its verdict if there are none."""

    texts: Sequence[TokenizedText] = ()
    verdict: Verdict | None = None


class RewardModel:
    r"""The score of a reward model: `rm:hf:OWNER/NAME` or `rm:FOLDER,aggregate=min,step=\n`.

    The model reads the question and the answer (without its thinking) in the tokenizer's chat
    template or that of `template=FILE`, else as a pair of texts; never the reference.

    A …ForSequenceClassification model scores the whole answer: by its logit if it has one label
    (`sigmoid=yes` maps it to (0, 1), for use as a weight), else by the probability of the second of
    two labels, or of `label=NAME`. With an `aggregate` other than `last`, each prefix of the answer
    that ends with a step is scored. A …ForTokenClassification model scores each step, at the last
    token of `mark` (`\n\n`, or the text it was trained with), which is put after every step. The
    score is `aggregate=min` (default), `prod`, `mean` or `last` of the steps' scores (Lightman et
    al. 2023, 2305.20050; Wang et al. 2024, 2312.08935; Snell et al. 2024, 2408.03314), and the
    detail lists them. `step` (`\n\n`) separates steps.

    With `threshold=X`, samples that reach it are correct. An answer longer than the model can read,
    or than `max_length`, gets the status `too_long` and no score; nothing is cut. Other options:
    `batch`, `device`, `dtype` (default: that of the weights), `revision`, `head`, and
    `trust_remote_code` for models with code of their own.
    """

    name = "rm"
    version = "1"
    reads_reference = False
    takes = "text"
    asks = True

    def __init__(self, text: str) -> None:
        model, options = RewardOptions.parse(text)
        self._files = locate(model, options.revision)
        self._rating = Rating.of(options, self._files)
        self._loading = LoadOptions(
            self._rating.head, options.device, options.dtype, options.trusted
        )
        self._batch = options.batch
        self._max_length = options.max_length
        self._template, self._template_digest = options.template, options.template_digest
        self._reader: InputTokenizer | None = None
        self._head: LoadedModel | None = None
        self._limit: int | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """Everything that can change a verdict by more than floating-point error."""
        return {
            **self._rating.config,
            "dtype": self._loading.dtype,
            "max_length": self._max_length,
            "model": self._files.fingerprint,
            "template": self._template_digest,
        }

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; reads some batches ahead."""
        cases: list[_Case] = []
        with Memo("rm", _MEMO, self._files.fingerprint, self._loading.dtype) as memo:
            for sample in samples:
                try:
                    cases.append(self._open(sample))
                except Exception:
                    # First yield the earlier verdicts, so that the error is for this sample.
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
        reader = self._loaded_tokenizer()
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

    def _loaded_tokenizer(self) -> InputTokenizer:
        """Return the tokenizer of inputs; it is loaded for the first sample."""
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
        """Return the logits of a batch. If it fails, run its halves, down to the failing text."""
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
        # Not as votes, which are repeated opinions on the same question.
        detail = "steps " + json.dumps([float(f"{each:.6g}") for each in scores])
        return Verdict(None, correct, score, "ok", detail if self._rating.by_step else "", tokens)


def _lasting(rows: Rows) -> bool:
    """Return whether logits may be memoised: no error, and only numbers that JSON can express."""
    return not isinstance(rows, str) and all(math.isfinite(logit) for row in rows for logit in row)
