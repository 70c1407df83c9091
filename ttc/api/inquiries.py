"""What a sweep has besides the curves: draws until X, bounds, how good verifiers are, posteriors,
and the rules that could not be computed."""

from __future__ import annotations

from collections.abc import Mapping

from ttc.curves.inquiries.bounds import Bounds
from ttc.curves.inquiries.confusion import Confusion
from ttc.curves.inquiries.draws_beyond import Until
from ttc.curves.inquiries.self_agreement import SelfAgreement
from ttc.curves.lack import LeftOut
from ttc.curves.posteriors import Posterior
from ttc.curves.sweep import SweepResult


class Inquiries:
    """The answers, per source; empty for what was not asked."""

    _result: SweepResult

    @property
    def untils(self) -> Mapping[str, list[Until]]:
        """The draws that each target takes, with `until`."""
        return self._result.untils

    @property
    def bounds(self) -> Mapping[str, Bounds]:
        """What undecided and truncated draws leave open, with `bounds`."""
        return self._result.bounds

    @property
    def confusions(self) -> Mapping[str, list[Confusion]]:
        """Each verifier against the one that is taken as the truth, with `confusion`."""
        return self._result.confusions

    @property
    def agreements(self) -> Mapping[str, list[SelfAgreement]]:
        """How far judges agree with themselves, with `agreement`."""
        return self._result.agreements

    @property
    def left_out(self) -> list[LeftOut]:
        """The rules that could not be computed, per source, with the reason."""
        return self._result.left_out

    @property
    def posteriors(self) -> list[Posterior]:
        """The posterior of each point of Bayes@N, with its interval for these problems."""
        return self._result.posteriors
