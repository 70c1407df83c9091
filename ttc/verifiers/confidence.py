"""confidence: how sure the model was of a draw, from the values of `ttc sample --confidence K`.

Fu et al. 2025, "Deep Think with Confidence" (DeepConf). The confidence of a token is minus the
mean log-probability of the K likeliest tokens at its place. The confidence of a group is the mean
over a window of tokens. The score of a draw is the `mean` over all its tokens, over its last
`window` tokens (`tail`), that of its least confident group (`lowest`), or the mean of the least
confident tenth of its groups (`bottom`). The published rules are
`keep=10%:score=confidence>weighted:score=confidence` and `keep=90%:…`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.options import OptionReader
from ttc.records import Sample, Verdict

AGGREGATES = ("lowest", "tail", "mean", "bottom")
BOTTOM = 0.1


def groups(confidences: Sequence[float], window: int) -> NDArray[np.float64]:
    """Return the mean over each window of `window` tokens; over all tokens if there are fewer."""
    values = np.asarray(confidences, dtype=np.float64)
    width = min(window, len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means: NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return means


def score(confidences: Sequence[float], aggregate: str, window: int) -> float:
    """Return the confidence of a draw with at least one token; higher is more confident."""
    if aggregate == "mean":
        return float(np.mean(confidences, dtype=np.float64))
    if aggregate == "tail":
        return float(np.mean(confidences[-window:], dtype=np.float64))
    means = np.sort(groups(confidences, window))
    least = 1 if aggregate == "lowest" else max(int(len(means) * BOTTOM), 1)
    return float(means[:least].mean())


class Confidence:
    """A score from the stored confidences of tokens; `aggregate=lowest|tail|mean|bottom`."""

    name = "confidence"
    version = "1"
    reads_reference = False

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        self._aggregate = read.choice("aggregate", AGGREGATES, AGGREGATES[0])
        self._window = read.whole("window", 2048)
        read.end()

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        window = {} if self._aggregate == "mean" else {"window": self._window}
        return {"aggregate": self._aggregate, **window}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; without confidences it has no score."""
        return map(self._judge, samples)

    def _judge(self, sample: Sample) -> Verdict:
        if sample.confidences is None:
            return Verdict(status="no_confidences", detail="drawn without --confidence")
        if not len(sample.confidences):
            return Verdict(status="no_answer")
        return Verdict(score=score(sample.confidences, self._aggregate, self._window))
