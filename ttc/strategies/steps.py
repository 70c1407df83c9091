"""Where a step ends and where a trace ends, for any model and any search."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ttc.options import OptionReader
from ttc.records import SamplingParams
from ttc.strategies import Generate, Node

ESCAPES = {r"\n": "\n", r"\t": "\t"}


@dataclass(frozen=True, slots=True)
class Steps:
    """A step ends with `boundary`, which stays in its text, or after `longest` tokens.

    With a `pattern` (a regular expression) in place of the boundary, it ends at the first match;
    text behind that, up to `longest` tokens, is paid for and dropped. With neither, `longest` alone
    ends it. A trace ends when the model ends it, with an empty step, after `limit` steps, or at the
    task's `max_tokens`.
    """

    boundary: str = "\n\n"
    longest: int = 256
    limit: int = 40
    pattern: str = ""

    @classmethod
    def parse(cls, read: OptionReader) -> Steps:
        """Read `step` or `pattern`, `step_tokens` and `steps`. OptionError."""
        pattern = read.text("pattern", "")
        try:
            re.compile(pattern)
        except re.error as error:
            raise read.error(f"pattern is not a regular expression: {error}") from None
        if pattern and read.has("step"):
            raise read.error("a step ends with step=TEXT or where pattern=REGEX matches, not both")
        boundary = read.text("step", "" if pattern else r"\n\n")
        for written, meant in ESCAPES.items():
            boundary = boundary.replace(written, meant)
        return cls(boundary, read.whole("step_tokens", 256), read.whole("steps", 40), pattern)

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force, as JSON values."""
        ends = {"pattern": self.pattern} if self.pattern else {"step": self.boundary}
        return {**ends, "step_tokens": self.longest, "steps": self.limit}

    def ask(self, at: Node | None, params: SamplingParams, longest: int | None = None) -> Generate:
        """Return the request for the step after `at`, or for its first `longest` tokens."""
        room = params.max_tokens - (at.length if at is not None else 0)
        stop = (*params.stop, self.boundary) if self.boundary else params.stop
        most = max(min(longest or self.longest, room), 1)
        return Generate(at, most, stop, until=self.pattern)

    def rest(self, at: Node | None, params: SamplingParams) -> Generate:
        """Return the request for the rest of a trace."""
        room = params.max_tokens - (at.length if at is not None else 0)
        return Generate(at, max(room, 1), params.stop)

    def ended(self, node: Node, params: SamplingParams) -> bool:
        """Whether the trace ends with this step."""
        by_itself = node.finish == "stop" and not self._at_boundary(node)
        return by_itself or node.length >= params.max_tokens or self._count(node) >= self.limit

    def _count(self, node: Node) -> int:
        """Return the number of steps of a trace; a step may consist of several nodes."""
        count = tokens = 0
        for piece in node.path:
            tokens += piece.tokens
            if piece.tokens and (piece.finish == "stop" or tokens >= self.longest):
                count, tokens = count + 1, 0
        return count

    def _at_boundary(self, node: Node) -> bool:
        if self.pattern:
            matched = node.stop is not None and re.search(self.pattern, node.stop) is not None
            return matched and bool(node.text.strip())
        if not self.boundary:
            return False
        # An empty step ends the trace, which would repeat it without end. The rest of a step that
        # was cut short may be its boundary alone.
        cut = node.parent is not None and node.parent.finish == "length"
        return node.text.endswith(self.boundary) and (cut or bool(node.text.strip()))
