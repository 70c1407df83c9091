"""The search tree of a strategy as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ttc.strategies import Node

SHOWN = 64  # characters of a node's text
MOST = 12  # children of one node

Name: TypeAlias = "tuple[str, int]"


def _name(node: Node) -> Name:
    # A strategy may have cut the text of a node; its draw is the same.
    return node.key, node.index


def picture(
    nodes: Sequence[Node], scores: Mapping[int, float], answer: Node | None
) -> Iterator[str]:
    """Yield the lines of the tree; `→` marks the path to the answer. `scores` are by `id(node)`."""
    chosen = set() if answer is None else {_name(node) for node in answer.path}
    children: dict[Name | None, list[Node]] = {}
    for node in nodes:
        parent = node.parent
        # Text that a strategy inserted between two draws is shown with the next draw.
        while parent is not None and not parent.key:
            parent = parent.parent
        children.setdefault(None if parent is None else _name(parent), []).append(node)

    def walk(place: Name | None, before: str) -> Iterator[str]:
        below = children.get(place, [])
        shown = below if len(below) <= MOST else _few(below, chosen)
        for at, node in enumerate(shown):
            last = at == len(shown) - 1 and len(shown) == len(below)
            yield before + ("└" if last else "├") + _line(node, scores, _name(node) in chosen)
            yield from walk(_name(node), before + ("  " if last else "│ "))
        if len(shown) < len(below):
            yield f"{before}└ … {len(below) - len(shown)} more"

    yield from walk(None, "")


def _few(below: Sequence[Node], chosen: set[Name]) -> list[Node]:
    first = [node for node in below if _name(node) in chosen]
    return [*first, *(node for node in below if _name(node) not in chosen)][:MOST]


def _line(node: Node, scores: Mapping[int, float], chosen: bool) -> str:
    text = " ".join(node.text.split())
    said = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    score = f" {scores[id(node)]:.3f}" if id(node) in scores else ""
    end = {"length": " cut", "cancelled": " cancelled"}.get(node.finish, "")
    who = "" if node.model == "main" else f" {node.model}"
    return f"{'→' if chosen else '─'}{score} [{node.tokens}{who}{end}] {said}"
