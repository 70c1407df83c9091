"""Errors that are the reference's own."""

from __future__ import annotations


class BadReferenceError(BaseException):
    """The tests cannot be run, whatever the program does."""
