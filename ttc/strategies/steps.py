"""Where a step of a trace ends, and where the trace does: apart from model and algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ttc.records import SamplingParams
from ttc.strategies.nodes import Generate, Node
from ttc.strategies.options import whole

ESCAPES = {r"\n": "\n", r"\t": "\t"}


@dataclass(frozen=True, slots=True)
class Steps:
    """A step ends with `boundary`, which its text keeps, or after `longest` tokens.

    An empty boundary cuts steps by tokens alone. A trace ends when the model ends it, with an
    empty step, after `limit` steps, or when it has the task's `max_tokens`.
    """

    boundary: str = "\n\n"
    longest: int = 256
    limit: int = 40

    @classmethod
    def parse(cls, options: dict[str, str]) -> Steps:
        """Take `step`, `step_tokens` and `steps` from options of a strategy. ValueError."""
        boundary = options.pop("step", r"\n\n")
        for written, meant in ESCAPES.items():
            boundary = boundary.replace(written, meant)
        longest, limit = (whole(options, *given) for given in (("step_tokens", 256), ("steps", 40)))
        return cls(boundary, longest, limit)

    @property
    def config(self) -> Mapping[str, object]:
        """As canonical JSON values."""
        return {"step": self.boundary, "step_tokens": self.longest, "steps": self.limit}

    def ask(self, at: Node | None, params: SamplingParams, longest: int | None = None) -> Generate:
        """Return the request for the step after `at`, or for its first `longest` tokens."""
        room = params.max_tokens - (at.length if at is not None else 0)
        stop = (*params.stop, self.boundary) if self.boundary else params.stop
        return Generate(at, max(min(longest or self.longest, room), 1), stop)

    def rest(self, at: Node | None, params: SamplingParams) -> Generate:
        """Return the request for all that is left of a trace."""
        room = params.max_tokens - (at.length if at is not None else 0)
        return Generate(at, max(room, 1), params.stop)

    def ended(self, node: Node, params: SamplingParams) -> bool:
        """Whether nothing can come after a step."""
        by_itself = node.finish == "stop" and not (self.boundary and self._at_boundary(node))
        return by_itself or node.length >= params.max_tokens or self._count(node) >= self.limit

    def _count(self, node: Node) -> int:
        """Return how many steps a trace has; one may have come in pieces, cut short."""
        count = tokens = 0
        for piece in node.path:
            tokens += piece.tokens
            if piece.tokens and (piece.finish == "stop" or tokens >= self.longest):
                count, tokens = count + 1, 0
        return count

    def _at_boundary(self, node: Node) -> bool:
        # One that is nothing but its boundary says nothing, and would do so for ever; the rest of
        # a step that was cut short may be.
        cut = node.parent is not None and node.parent.finish == "length"
        return node.text.endswith(self.boundary) and (cut or bool(node.text.strip()))
