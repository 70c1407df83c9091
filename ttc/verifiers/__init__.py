"""Verifiers: samples in, verdicts out. One file each; this page is the protocol.

A plugin registers a class under the entry-point group `ttc.verifiers`. The class is called with the
options of `-V NAME:key=value,…` as keyword arguments (strings), and raises ValueError for an option
that is unknown or invalid. If the class has `takes = "text"`, its only argument is the whole text
after `NAME:`, including commas and equals signs. The first line of the class's docstring is its
description in `ttc plugins`. `examples/plugin-verifier` is a template, and
`ttc.testing.VerifierContract` tests a verifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ttc.records import Sample, Verdict


class Verifier(Protocol):
    """A rule that judges samples.

    `name`, `version` and `config` key the stored verdicts. `config` has everything besides the
    sample and its reference that can change a verdict; raise `version` with every change in
    behaviour.

    Optional members, each a protocol in `ttc.verifiers.extras`:

    - `use_sandbox(tier)`, for a verifier that runs code: gets the value of `--sandbox`;
      `trust_equality()`, for one that can believe a program's own comparisons: is called for
      `--trust-eq`; `pass_environment(names)`, for one that runs a command: gets the values of
      `--env`.
    - `note`, a line or None: printed to stderr once all samples are judged.
    - `together = True`, if the verdict on a draw depends on the other draws of its problem: it gets
      all draws of a problem one after the other, and all of them again when there are new ones.
    - `reads_reference`: whether verdicts depend on `Sample.reference`, which may depend on the
      options. Rules that pick by the scores of a verifier that reads it, or does not say, are
      oracles (`ttc.selectors.oracles`), which `ttc sweep` never recommends.
    - `asks = True`, if it reads the prompt (`Sample.asked`). Its scores are then compared with
      known correct answers, for the AUC that `ttc verify` prints. Verdicts of a verifier with
      `model` in its `config` do not count as known.
    - `model` and `attach(backend)`, if it uses a model: the model named by its option (None for the
      default), and a method that gets the opened backend before anything else is called.
    - `remember(recall, keep)`, if its votes are to be stored one by one.
    """

    name: str
    version: str

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect, as JSON values."""

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; it may read ahead of what it has yielded.

        A sample without an answer gets status `no_answer` and `correct` False. If the reference
        lacks what the verifier needs, the status is `no_reference` and `correct` None. The
        iterator releases its resources when it ends or is closed.
        """
