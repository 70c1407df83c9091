"""`tree`: the searches of a problem, from the draws that they left in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ttc.records import Problem
from ttc.store import samples, traces
from ttc.strategies import Node, given
from ttc.strategies.driver.scoring import LikelihoodScorer, remembered
from ttc.view import parameters
from ttc.view.documents.listing import number_of
from ttc.view.library import Library
from ttc.view.writing import exact

LONGEST = 20_000  # characters of a node's text


def tree(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the searches of a problem, as far as the store has their draws.

    A node is a draw: `parent` is the draw it continues, `text` what it adds, `chosen` whether it is
    on the way to the answer. `state` is `chosen`, `expanded`, `cut` (by the token limit) or `leaf`.
    `score` is that of the step alone, if the scorer's memory has it. `shared`: which of several
    methods that searched this prompt made a draw is not in the store, so all are shown.
    """
    name = parameters.text(given, "pool")
    with library.reading() as reader:
        shelf = library.shelf(reader, name, given.get("verifier"))
        problem = parameters.text(given, "problem")
        row = int(shelf.table.rows[number_of(shelf, problem)])
        found = traces.nodes_of(reader, row)
        asked = samples.problem_of(reader, shelf.pool, problem)
        answer = samples.draw_of(reader, shelf.pool, problem, 0)
    about = shelf.pool.identity.get("strategy")
    method: Mapping[str, Any] = about if isinstance(about, Mapping) else {}
    runs = []
    if found and asked is not None:
        text = answer[1].text if method and answer is not None else None
        scorer = method.get("scorer")
        run = {
            "method": method.get("name"),
            "options": exact(method.get("options") or {}),
            "aggregate": method.get("aggregate"),
            "scorer": scorer.get("name") if isinstance(scorer, Mapping) else None,
            "budget": exact(dict(shelf.pool.identity.get("budget") or {})),
            "answer": None if text is None else text[:LONGEST],
            "nodes": _nodes(found, asked, text, scorer),
        }
        runs.append(run)
    return {"pool": name, "problem": problem, "shared": True, "runs": runs}


def _nodes(
    found: Sequence[Mapping[str, Any]],
    asked: Problem,
    answer: str | None,
    scorer: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Return the nodes as JSON, a parent before its children."""
    nodes = _chained(found)
    chosen: set[int] = set()
    ends = [row["id"] for row in found if answer is not None and nodes[row["id"]].trace == answer]
    parents = {row["id"]: row["parent"] for row in found}
    at = ends[0] if ends else None
    while at is not None:
        chosen.add(at)
        at = parents[at]
    scores = _scores(asked, [nodes[row["id"]] for row in found], scorer)
    expanded = {row["parent"] for row in found}
    return [
        {
            "id": row["id"],
            "parent": row["parent"],
            "depth": _depth(row["id"], parents),
            "state": _state(row, chosen, expanded),
            "score": score,
            "text": row["text"][:LONGEST],
            "text_length": len(row["text"]),
            "before": _inserted(nodes[row["id"]])[:LONGEST],
            "tokens": row["completion_tokens"],
            "logprob": row["logprob"],
            "finish_reason": row["finish_reason"],
            "model": row["model"],
            "chosen": row["id"] in chosen,
        }
        for row, score in zip(found, scores, strict=True)
    ]


def _chained(found: Sequence[Mapping[str, Any]]) -> dict[int, Node]:
    """Return the draws as the nodes of strategies. Text that a strategy wrote between two draws is
    the part of a request's prefix that its parent's trace does not have."""
    nodes: dict[int, Node] = {}
    for row in found:  # a parent was stored before what continues it
        above = nodes.get(row["parent"])
        prefix = str(json.loads(row["identity"]).get("prefix") or "")
        before = "" if above is None else above.trace
        if prefix.startswith(before):
            if prefix != before:
                above = given(above, prefix[len(before) :])
        else:  # the strategy cut the text of the parent
            above = given(None, prefix)
        tokens = row["completion_tokens"]
        nodes[row["id"]] = Node(
            above,
            row["text"],
            tokens or 0,
            row["finish_reason"],
            logprob=row["logprob"],
            key=row["key"],
            index=row["draw"],
            counted=tokens is not None,
        )
    return nodes


def _inserted(node: Node) -> str:
    """Return the text that a strategy wrote before a node; empty if there is none."""
    above = node.parent
    return above.text if above is not None and above.model == "given" else ""


def _scores(
    asked: Problem, nodes: Sequence[Node], scorer: Mapping[str, Any] | None
) -> list[float | None]:
    """Return the score of each node's step, as far as it is known."""
    if not isinstance(scorer, Mapping):
        return [None] * len(nodes)
    if scorer.get("name") == LikelihoodScorer.name:
        return [each.value for each in LikelihoodScorer().score(asked, nodes, "step")]
    return remembered(dict(scorer), asked, nodes)


def _depth(row: int, parents: Mapping[int, int | None]) -> int:
    depth, above = 0, parents[row]
    while above is not None:
        depth, above = depth + 1, parents[above]
    return depth


def _state(row: Mapping[str, Any], chosen: set[int], expanded: set[int | None]) -> str:
    if row["id"] in chosen:
        return "chosen"
    if row["id"] in expanded:
        return "expanded"
    return "cut" if row["finish_reason"] == "length" else "leaf"
