"""The integer programme of ETS: which leaves of a tree are worth the memory that they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from ttc.errors import BackendError
from ttc.plugins import installing
from ttc.strategies import Node

GRAM = 3


def check_solver() -> None:
    """Raise BackendError if scipy, which has the solver, is not installed."""
    if find_spec("scipy") is None:
        raise BackendError(f"ets needs scipy; {installing.install('ttc-cli[rpc]')}")


def _scipy() -> Any:
    import scipy.cluster.hierarchy
    import scipy.optimize

    return scipy


def clusters(texts: Sequence[str], distance: float) -> list[int]:
    """Return a cluster number from 0 for each text: average linkage over the cosine distances of
    3-gram counts, cut at `distance`."""
    if len(texts) < 2:
        return [0] * len(texts)
    scipy = _scipy()
    grams = [Counter(text[at : at + GRAM] for at in range(len(text))) for text in texts]
    names = {name: place for place, name in enumerate(sorted(set().union(*grams)))}
    table = np.zeros((len(texts), max(len(names), 1)))
    for row, counted in enumerate(grams):
        for name, count in counted.items():
            table[row, names[name]] = count
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    table /= np.where(norms > 0, norms, 1.0)
    apart = np.clip(1 - table @ table.T, 0.0, None)
    condensed = apart[np.triu_indices(len(texts), 1)]
    tree = scipy.cluster.hierarchy.linkage(condensed, "average")
    found = scipy.cluster.hierarchy.fcluster(tree, distance, "distance")
    return [int(number) - 1 for number in found]


def value(
    kept: Sequence[bool],
    leaves: Sequence[Node],
    shares: Sequence[int],
    alike: Sequence[int],
    memory: float,
    variety: float,
) -> float:
    """Return the objective of keeping some of the leaves (ETS, Hooper et al. 2025).

    Σ Oᵢxᵢ − λ_b·(ancestors + leaves kept)/(ancestors + leaves) + λ_d·clusters kept/clusters: xᵢ is
    1 for a leaf that is kept, Oᵢ its part of `shares`, λ_b is `memory`, λ_d `variety`, and `alike`
    has the cluster of each leaf.
    """
    above = _ancestors(leaves)
    live = {place for keep, each in zip(kept, above, strict=True) if keep for place in each}
    every = {place for each in above for place in each}
    total = sum(shares) or 1
    worth = sum(share for keep, share in zip(kept, shares, strict=True) if keep) / total
    held = (len(live) + sum(kept)) / (len(every) + len(leaves))
    there = {number for keep, number in zip(kept, alike, strict=True) if keep}
    return worth - memory * held + variety * len(there) / len(set(alike))


def _ancestors(leaves: Sequence[Node]) -> list[list[int]]:
    return [[id(node) for node in leaf.path[:-1]] for leaf in leaves]


def prune(
    leaves: Sequence[Node],
    shares: Sequence[int],
    alike: Sequence[int],
    memory: float,
    variety: float,
) -> list[bool]:
    """Return for each leaf whether to keep it: the exact maximum of `value` with one leaf or more.

    All leaves are kept if the solver fails.
    """
    scipy = _scipy()
    above = _ancestors(leaves)
    # In the order of the leaves, so that ties are always broken in the same way.
    every = list(dict.fromkeys(place for each in above for place in each))
    kinds = sorted(set(alike))
    n, m = len(leaves), len(every)
    place = {name: n + at for at, name in enumerate(every)}
    kind = {name: n + m + at for at, name in enumerate(kinds)}
    total = sum(shares) or 1
    gains = np.concatenate(
        [
            np.array(shares) / total - memory / (n + m),
            np.full(m, -memory / (n + m)),
            np.full(len(kinds), variety / len(kinds)),
        ]
    )
    rows: list[tuple[dict[int, float], float, float]] = [(dict.fromkeys(range(n), 1.0), 1.0, n)]
    for at, names in enumerate(above):
        # The ancestors of a leaf that is kept are in memory.
        rows += [({place[name]: 1.0, at: -1.0}, 0.0, 1.0) for name in names]
    for name in kinds:
        inside = {at: 1.0 for at in range(n) if alike[at] == name}
        rows.append(({**inside, kind[name]: -1.0}, 0.0, float(n)))
    matrix = np.zeros((len(rows), len(gains)))
    for row, (terms, _, _) in enumerate(rows):
        for at, factor in terms.items():
            matrix[row, at] = factor
    bounds = [row[1] for row in rows], [row[2] for row in rows]
    found = scipy.optimize.milp(
        -gains,
        constraints=scipy.optimize.LinearConstraint(matrix, *bounds),
        integrality=np.ones(len(gains)),
        bounds=scipy.optimize.Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        return [True] * n
    return [bool(x > 0.5) for x in found.x[:n]]
