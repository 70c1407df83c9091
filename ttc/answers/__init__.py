"""Answers: separate thoughts from the text, extract the answer, give it a canonical form."""

from __future__ import annotations

from ttc.answers.extract import visible

__all__ = ["visible"]
