"""Which finished traces a verifier accepts. Only the verifier sees the reference."""

from __future__ import annotations

from collections.abc import Sequence

from ttc import verdicts
from ttc.errors import UsageError
from ttc.records import Problem, Sample
from ttc.strategies import Node, chat
from ttc.verifiers import Verifier
from ttc.verifiers.extras import reads_reference


def is_oracle(verifier: Verifier | None, problem: Problem) -> bool:
    """Return whether a verifier accepts answers to a problem by its reference, or may do so.

    Nobody who asks because the answer is not known could. One that does not say whether it reads
    the reference is taken for one that does.
    """
    return (
        verifier is not None and bool(problem.reference) and reads_reference(verifier) is not False
    )


def refuse_oracle(verifier: Verifier | None, problem: Problem) -> None:
    """Raise UsageError if a verifier is an oracle for a problem."""
    if verifier is None or not is_oracle(verifier, problem):
        return
    raise UsageError(
        f"{problem.id}: {verifier.name} {'accepts' if reads_reference(verifier) else 'may accept'} "
        "answers by the reference, which makes solve an oracle; allow it with --oracle, leave the "
        "reference out, or name a verifier that does not read it"
    )


class Acceptance:
    """The verdicts of a verifier on finished traces of a problem; without one, all are accepted.

    `judged` is the number of traces that were judged last.
    """

    def __init__(self, problem: Problem, verifier: Verifier | None) -> None:
        self._problem = problem
        self._verifier = verifier
        self.judged = 0

    @property
    def verified(self) -> bool:
        """Whether there is a verifier."""
        return self._verifier is not None

    def accepts(self, nodes: Sequence[Node]) -> list[bool]:
        """Return for each trace whether it is accepted; one without a verdict is not."""
        self.judged = len(nodes)
        if self._verifier is None:
            return [True] * len(nodes)
        problem = self._problem
        asked = chat(problem)
        samples = [
            Sample(
                problem.id,
                index,
                node.trace,
                node.finish,
                completion_tokens=node.length,
                reference=problem.reference,
                asked=asked,
            )
            for index, node in enumerate(nodes)
        ]
        return [bool(verdict.correct) for _, verdict in verdicts.judge(self._verifier, samples)]
