"""regex: the text contains a match of a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ttc.answers.extract import canonical, visible
from ttc.records import Sample, Verdict
from ttc.verifiers.workers.pool import CallLimits, Reply, Workers, require

_LIMITS = CallLimits(cpu_seconds=1.0, memory_bytes=1 << 29)


class Regex:
    r"""The text matches a pattern of Python's `re`, as in `regex:^\s*42\b`.

    The whole text after `regex:` is the pattern; flags go into it, as in `(?im)^yes`. It is
    searched in the completion without its thinking. The answer is the capture of the group `answer`
    or else of the first group. No reference is needed. A search that takes more than one second of
    processor time is undecided.
    """

    name = "regex"
    version = "1"
    reads_reference = False
    takes = "text"

    def __init__(self, pattern: str) -> None:
        if not pattern:
            raise ValueError(r"regex needs a pattern, as in regex:^\s*42\b")
        require("regex")
        try:
            self._captures = re.compile(pattern).groups > 0
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"regex: {error} in {pattern!r}") from None
        self._pattern = pattern

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        return {"pattern": self._pattern}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order."""
        with Workers("ttc.verifiers.workers.regex_search:search", _LIMITS, count=1) as workers:
            for sample in samples:
                (reply,) = workers.map([[self._pattern, visible(sample.text)]])
                yield self._verdict(reply)

    def _verdict(self, reply: Reply) -> Verdict:
        if reply.status != "ok":
            return Verdict(status=reply.status, detail=reply.detail)
        if not isinstance(reply.value, list):
            status = "no_answer" if self._captures else "ok"
            return Verdict(correct=False, score=0.0, status=status)
        answer = canonical(str(reply.value[0])) if reply.value[0] else None
        return Verdict(answer, correct=True, score=1.0)
