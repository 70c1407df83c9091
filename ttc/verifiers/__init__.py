"""Verifiers: samples in, verdicts out. One file each.

A plugin registers a class under the entry-point group `ttc.verifiers`. It is called with the
options of `-V NAME:key=value,…` as keyword arguments (strings) and raises ValueError for one it
does not know or cannot use. One with the class attribute `takes = "text"` is called with all that
stands behind `NAME:`, commas and equals signs too, as its only argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ttc.records import Sample, Verdict


class Verifier(Protocol):
    """A rule that judges samples.

    `name`, `version` and `config` (all that can change a verdict besides the sample and its
    reference) key the stored verdicts: raise `version` with every change in behaviour.

    Some members are optional. One that runs code has `use_sandbox(tier)`, which takes what
    `--sandbox` says. `note`, a line or None, is told on stderr once all is judged.

    One that asks a model has `model`, which its option names (None for the default), and
    `attach(backend)`, which is called before anything else; `asks = True` tells that it reads
    `Sample.asked`, and that its scores are to be held against what is known to be right. That
    is never taken from a verifier with `model` in its `config`.

    One that judges the draws of a problem together, since the verdict on one depends on the
    others, has `together = True`. It is given all draws of a problem one after the other, and
    again those it has judged before when there are new ones.
    """

    name: str
    version: str

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in force, as canonical JSON values."""

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order; may read ahead of what it has yielded.

        A sample without an answer gets status `no_answer` and `correct` False; one whose
        reference lacks what the verifier needs gets status `no_reference` and `correct` None.
        What the iterator holds is given back when it ends or is closed.
        """
