"""How often verifiers are wrong, and how far judges agree with themselves, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Protocol

from ttc.curves.inquiries.clustered import Share
from ttc.curves.inquiries.confusion import Confusion, Decision
from ttc.curves.inquiries.self_agreement import SelfAgreement
from ttc.messages.counts import some
from ttc.report.tables.columns import aligned

_WORDS: dict[Decision, str] = {True: "correct", False: "wrong", None: "undecided"}
_MEANING = {
    "false_positive_rate": "of the wrong draws are accepted",
    "false_negative_rate": "of the correct draws are rejected",
    "precision": "of the accepted draws are correct",
    "recall": "of the correct draws are accepted",
    "agreement": "of the decided draws are judged alike",
    "kappa": "Cohen's: agreement beyond that of chance",
}
NAMED = 6  # draws that a line names at most


def confusions(source: str, found: Sequence[Confusion]) -> Iterator[str]:
    """Yield the table of each verifier against the truth, its shares and worst problems."""
    for each in found:
        draws = sum(each.cells.values())
        count = some(draws, "draw")
        yield f"{source}: {each.tested} against {each.truth}, taken as the truth: {count}"
        heads = ("", *(f"{each.tested} {word}" for word in _WORDS.values()))
        rows = [
            (f"{each.truth} {_WORDS[truth]}", *(str(each.cells[truth, to]) for to in _WORDS))
            for truth in _WORDS
        ]
        yield from aligned([heads, *rows], heads)
        shares = each.shares.items()
        yield from aligned([(_spaced(name), _share(it), _MEANING[name]) for name, it in shares])
        for worst in each.worst:
            apart = len(worst.accepted) + len(worst.rejected)
            parts = [
                f"{word} {_listed(indices)}"
                for word, indices in (("accepts", worst.accepted), ("rejects", worst.rejected))
                if indices
            ]
            look = f": ttc show {quote(source)} {quote(worst.problem)}" if each.stored else ""
            yield (
                f"{worst.problem}: {apart} of {worst.draws} draws apart, "
                f"{each.tested} {' and '.join(parts)}{look}"
            )


def self_agreements(source: str, found: Sequence[SelfAgreement]) -> Iterator[str]:
    """Yield how far the runs or votes of a judge agree, and what that means for its accuracy."""
    for each in found:
        what = "two runs" if each.of == "verdicts" else "two of its votes"
        spent = "" if each.tokens is None else f", {each.tokens:,} tokens"
        yield (
            f"{source}: {each.judge}: {what} on {some(each.draws, 'draw')} of "
            f"{some(each.problems, 'problem')}{spent}"
        )
        if each.agreement.value is not None:
            undecided = (
                f", {some(each.undecided, 'draw')} undecided in one" if each.undecided else ""
            )
            yield from aligned(
                [
                    ("agreement", _share(each.agreement), f"of the draws judged alike{undecided}"),
                    ("kappa", _share(each.kappa), _MEANING["kappa"]),
                ]
            )
        if each.noise is not None and each.best is not None:
            alone = "a run" if each.of == "verdicts" else "a run of one vote"
            yield (
                f"the share that {alone} accepts of {each.judged} draws varies by "
                f"±{1.96 * each.noise:.4f} (95%) from the judge alone; it agrees with no truth on "
                f"more than {each.best:.4f} of the draws"
            )
        if each.score_noise is not None:
            yield f"the score of a draw varies by {each.score_noise:.4f} (standard deviation)"


class _Rerun(Protocol):
    def agreement(self, source: str) -> list[SelfAgreement]: ...


def rerun(run: _Rerun | None, source: str) -> Iterator[str]:
    """Yield how far the two runs of a judge agree; nothing without a second one."""
    if run is not None:
        yield from self_agreements(source, run.agreement(source))


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _share(found: Share) -> str:
    if found.value is None:
        return "–"
    interval = "" if found.low is None else f" [{found.low:.3f}, {found.high:.3f}]"
    return f"{found.value:.4f}{interval}"


def _listed(indices: Sequence[int]) -> str:
    more = f" and {len(indices) - NAMED} more" if len(indices) > NAMED else ""
    return ", ".join(map(str, indices[:NAMED])) + more
