"""Falls below a baseline in words."""

from __future__ import annotations

from ttc.curves.suite_tests.falls import ProblemFall


def in_words(fall: ProblemFall) -> str:
    """Return the fall of a problem in words."""
    term = "" if fall.term is None else f"{fall.term} "
    return f"{fall.problem} {term}{change_of(fall)} ({p_text(fall.adjusted)})"


def change_of(fall: ProblemFall) -> str:
    """Return what fell: correct draws, or a rule's value with them."""
    counts = f"{fall.baseline} → {fall.now}"
    if fall.term is None:
        return counts
    values = f"{fall.baseline_value:.4f} → {fall.value:.4f}"
    # Of draws that are worth their scores, none needs to be correct.
    return f"{values} ({counts})" if fall.baseline.correct or fall.now.correct else values


def p_text(p: float) -> str:
    """Return a p-value in words."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"
