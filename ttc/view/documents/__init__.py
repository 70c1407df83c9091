"""The documents of the page: a store → JSON, under the names by which the page asks for them.

    pools                                       what the store holds
    overview    pool, verifier                  counts, groups and notes of a pool
    problems    pool, verifier, filter, …       a page of its problems
    draws       pool, verifier, filter, …       a page of its draws
    problem     pool, problem, verifier         a question, its vote, its attempts
    draw        pool, problem, index            one draw whole, with every verdict
    tree        pool, problem                   the searches of a problem
    curves      pool, verifier, rules, cost     what `ttc sweep --json` prints
    compare     a, b, verifier, rule, k         two pools, problem by problem

`filter` are facets (`ttc.view.facets`) with commas between them, each percent-encoded; a draw has
all of them. `search` is a text in the draw, in any case. `sort` is `order`, or `-order` for the
other direction. `page` counts from 0, `size` is 100 if it is not given. Each function takes a
`Library` and the parameters, texts by name; UsageError for a parameter that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ttc.view.documents.compare import compare
from ttc.view.documents.curves import curves
from ttc.view.documents.draw import draw
from ttc.view.documents.listing import draws, problems
from ttc.view.documents.overview import overview
from ttc.view.documents.pools import pools
from ttc.view.documents.problem import problem
from ttc.view.documents.tree import tree
from ttc.view.library import Library

Document: TypeAlias = Callable[[Library, Mapping[str, str]], dict[str, Any]]
DOCUMENTS: Mapping[str, Document] = {
    "pools": pools,
    "overview": overview,
    "problems": problems,
    "draws": draws,
    "problem": problem,
    "draw": draw,
    "tree": tree,
    "curves": curves,
    "compare": compare,
}
