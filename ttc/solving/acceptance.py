"""Which whole answers a verifier accepts. It alone sees the reference."""

from __future__ import annotations

from collections.abc import Sequence

from ttc import verdicts
from ttc.records import Problem, Sample
from ttc.strategies import Node, chat
from ttc.verifiers import Verifier


class Accepting:
    """The verifier's word on whole answers, if there is a verifier."""

    def __init__(self, problem: Problem, verifier: Verifier | None) -> None:
        self._problem = problem
        self._verifier = verifier
        self.judged = 0

    @property
    def asked(self) -> bool:
        """Whether there is one."""
        return self._verifier is not None

    def accepts(self, nodes: Sequence[Node]) -> list[bool]:
        """Return which it accepts; all, if there is none."""
        self.judged = len(nodes)
        if self._verifier is None:
            return [True] * len(nodes)
        problem = self._problem
        question = chat(problem)
        given = [
            Sample(
                problem.id,
                place,
                node.trace,
                node.finish,
                completion_tokens=node.length,
                reference=problem.reference,
                asked=question,
            )
            for place, node in enumerate(nodes)
        ]
        return [bool(verdict.correct) for _, verdict in verdicts.judge(self._verifier, given)]
