"""Searches over steps on worlds whose values are known: exact laws, invariants, hand-made trees."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    WORLD,
    Table,
    binomial_error,
    by_name,
    driver,
    named,
    over,
    right,
    said,
    scripted,
    task,
    within,
)

from ttc.backends import Completion, Request
from ttc.records import SamplingParams
from ttc.store import Store
from ttc.strategies import Node, Task
from ttc.strategies.astar import AStar
from ttc.strategies.beam import DVTS, Beam, EarlyRejection
from ttc.strategies.driver.driver import RunResult
from ttc.strategies.ets_pruning import clusters, prune, value
from ttc.strategies.mcts import MCTS
from ttc.strategies.particles import Particles
from ttc.strategies.rebase import ETS, Rebase, allocate
from ttc.strategies.rollover import Rollover
from ttc.strategies.steps import Steps
from ttc.testing.synthworld import Scorer

# Long simulations, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

END = "\n\n"


@pytest.mark.parametrize(("n", "tasks"), [(1, 400), (4, 400), (16, 200)])
def test_best_of_n_by_an_oracle_is_coverage(n: int, tasks: int, store: Store) -> None:
    solver = driver(store)
    runs = (solver.solve(by_name("best-of-n", n), task(at)) for at in range(tasks))
    accuracy = fmean(right(run.decision.node) for run in runs)
    expected = 1 - (1 - WORLD.solvable) ** n
    assert within(accuracy, expected, binomial_error(expected, tasks))


# --- beam ------------------------------------------------------------------------------------


def test_beam_of_one_child_is_plain_samples(store: Store) -> None:
    solver, tasks = driver(store), 80
    runs = [solver.solve(Beam(n="8", m="1"), task(at)) for at in range(tasks)]
    assert [len(run.decision.finals) for run in runs] == [8] * tasks
    found = fmean(right(node) for run in runs for node, _ in run.decision.finals)
    assert within(found, WORLD.solvable, binomial_error(WORLD.solvable, 8 * tasks))
    # Nothing is dropped on the way.
    assert all(len(run.nodes) == 8 * WORLD.depth for run in runs)


def test_beam_keeps_the_best_of_each_round(store: Store) -> None:
    scorer = Scorer(WORLD, sigma=1)  # no two scores are equal
    run = driver(store, scorer=scorer).solve(Beam(n="8", m="4"), task(1))
    for depth in range(1, WORLD.depth):
        drawn = [node for node in run.nodes if node.depth == depth]
        best = sorted(drawn, key=lambda node: -run.scores[id(node)])[:2]
        continued = Counter(id(node.parent) for node in run.nodes if node.depth == depth + 1)
        assert continued == {id(node): 4 for node in best}


def test_trees_of_dvts_do_not_mix(store: Store) -> None:
    for at in range(10):
        run = driver(store).solve(DVTS(n="12", m="3"), task(at))
        roots = Counter(id(node.path[0]) for node, _ in run.decision.finals)
        assert sorted(roots.values()) == [3] * 4
        # Each tree goes on from its own best child alone.
        for depth in range(1, WORLD.depth):
            parents = {id(node.parent) for node in run.nodes if node.depth == depth + 1}
            assert len(parents) == 4


def test_each_tree_of_dvts_goes_on_from_its_best(store: Store) -> None:
    scorer = Scorer(WORLD, sigma=1)  # no two scores are equal
    run = driver(store, scorer=scorer).solve(DVTS(n="12", m="3"), task(1))
    heads = {id(node.parent): node.parent for node in run.nodes if node.parent is not None}
    deeper = [node for node in heads.values() if node is not None and node.parent is not None]
    assert len(deeper) == 4 * (WORLD.depth - 2)
    for head in deeper:
        family = [node for node in run.nodes if node.parent is head.parent]
        assert len(family) == 3
        assert max(family, key=lambda node: run.scores[id(node)]) is head


def test_lookahead_changes_scores_and_not_what_is_appended(store: Store) -> None:
    found: dict[str, tuple[RunResult, Table]] = {}
    for ahead in ("0", "2"):
        scorer = Table(Scorer(WORLD).of)
        solver = driver(store, scorer=scorer)
        found[ahead] = solver.solve(Beam(n="4", m="1", lookahead=ahead), task(7)), scorer
    (plain, near), (ahead_run, far) = found["0"], found["2"]
    finals = [{node.trace for node, _ in run.decision.finals} for run in (plain, ahead_run)]
    assert finals[0] == finals[1]
    first = [[trace for _, trace in scorer.asked[:4]] for scorer in (near, far)]
    assert [trace.count(END) for trace in first[0]] == [1] * 4
    assert [trace.count(END) for trace in first[1]] == [3] * 4
    assert [trace.partition(END)[0] for trace in first[0]] == [
        trace.partition(END)[0] for trace in first[1]
    ]
    # What was looked at ahead is in no trace.
    used = {id(piece) for node, _ in ahead_run.decision.finals for piece in node.path}
    assert len(used) == 4 * WORLD.depth < len(ahead_run.nodes)


def test_a_lookahead_that_fails_leaves_the_others_their_scores(store: Store) -> None:
    def tell(request: Request) -> Completion:
        if not request.prefix:
            return said(f"{request.draw}{END}", 1, stop=END)
        if request.params.temperature == 0 and request.prefix.startswith("1"):
            return said("", 0, "error", error="lost")
        return said("end")

    scorer = Table(lambda trace: 0.5)
    over(store, scripted(tell), scorer).solve(Beam(n="4", m="2", lookahead="1"), task())
    first = {trace[0]: trace for _, trace in scorer.asked[:4]}
    assert first == {at: f"{at}{END}{'' if at == '1' else 'end'}" for at in "0123"}


@pytest.mark.parametrize("tau", ["40", "64", "1000"])
def test_rejection_beyond_the_longest_step_is_beam(tau: str, store: Store) -> None:
    options = {"n": "8", "m": "4", "step_tokens": "40"}
    beam = driver(store).solve(Beam(**options), task(2))
    rejecting = driver(store).solve(EarlyRejection(**options, tau=tau), task(2))
    assert named(rejecting.nodes) == named(beam.nodes)
    assert rejecting.decision.node is not None
    assert rejecting.decision.node.trace == beam.decision.node.trace  # type: ignore[union-attr]
    assert rejecting.usage.scores == beam.usage.scores


def test_early_rejection_costs_fewer_tokens(store: Store) -> None:
    tasks = 25
    totals: dict[str, list[int]] = defaultdict(list)
    for at in range(tasks):
        for strategy in (Beam(), EarlyRejection(tau="8")):
            run = driver(store).solve(strategy, task(at))
            totals[strategy.name].append(run.usage.tokens)
            assert right(run.decision.node)
    assert sum(totals["beam"]) > 1.8 * sum(totals["early-rejection"])


def test_the_more_of_a_step_is_seen_the_fewer_broken_ones_are_kept(store: Store) -> None:
    shares = []
    for tau in (2, 8, 32):
        kept = []
        for at in range(40):
            scorer = Scorer(WORLD, blur=4.0)
            run = driver(store, scorer=scorer).solve(EarlyRejection(n="8", tau=str(tau)), task(at))
            begun = [node for node in run.nodes if node.depth == 1]
            good = [WORLD.right(node.text.split()[0]) for node in begun]
            if any(good):
                kept += [
                    not WORLD.right(node.trace.split()[0])
                    for node in run.nodes
                    if node.depth == 2 and node.parent.finish == "length"  # type: ignore[union-attr]
                ]
        shares.append(fmean(kept))
    assert shares[0] > shares[1] + 0.05 > shares[2] + 0.05


# --- particles -------------------------------------------------------------------------------

PRIOR = {"a": {"c": 0.7, "d": 0.3}, "b": {"c": 0.2, "d": 0.8}}
FIRST = {"a": 0.6, "b": 0.4}
RATED = {"a": 0.3, "b": 0.8, "ac": 0.5, "ad": 0.9, "bc": 0.6, "bd": 0.2}


def letters(trace: str) -> str:
    return trace.replace(END, "")


def two_steps(request: Request) -> Completion:
    chance = random.Random(f"{request.prefix}/{request.seed}")
    law = PRIOR[request.prefix[0]] if request.prefix else FIRST
    (letter,) = chance.choices(list(law), list(law.values()))
    ends = bool(request.prefix)
    return said(letter if ends else letter + END, 1, stop=None if ends else END)


def law(odds: Callable[[str], float]) -> dict[str, float]:
    """The target: prior × odds of each score on the way."""
    mass = {
        first + last: FIRST[first] * chance * odds(first) * odds(first + last)
        for first, after in PRIOR.items()
        for last, chance in after.items()
    }
    total = sum(mass.values())
    return {leaf: each / total for leaf, each in mass.items()}


def swarm(store: Store, n: int, seed: int, rated: Mapping[str, float] | None = None) -> Any:
    """The final weights of the leaves, and the run."""
    scorer = Table(lambda trace: 0.5 if rated is None else rated[letters(trace)])
    run = over(store, scripted(two_steps), scorer).solve(
        Particles(n=str(n), final="draw"), task(seed)
    )
    weights: dict[str, float] = defaultdict(float)
    for node, weight in run.decision.finals:
        weights[letters(node.trace)] += weight
    return weights, run


def apart(found: Mapping[str, float], target: Mapping[str, float]) -> float:
    return sum(abs(found.get(leaf, 0.0) - mass) for leaf, mass in target.items()) / 2


def test_particles_come_to_their_target_at_the_rate_of_monte_carlo(store: Store) -> None:
    target = law(lambda trace: RATED[trace] / (1 - RATED[trace]))
    found = {}
    for n, seeds in ((16, 60), (256, 12), (4096, 1)):
        weights = [swarm(store, n, seed, RATED)[0] for seed in range(seeds)]
        found[n] = fmean(apart(each, target) for each in weights)
    assert found[4096] < 0.03
    # N^(-1/2): times √N, the distance is the same.
    scaled = [distance * math.sqrt(n) for n, distance in found.items()]
    assert max(scaled) < 2.2 * min(scaled)
    # It is the target with odds, not that with the scores themselves.
    wrong = law(lambda trace: RATED[trace])
    assert apart(weights[0], wrong) > 4 * found[4096]


def test_particles_of_equal_scores_are_plain_samples(store: Store) -> None:
    n = 2048
    weights, run = swarm(store, n, 0)
    plain = law(lambda trace: 1.0)
    for leaf, mass in plain.items():
        # Resampling doubles the variance of the first step at most.
        assert within(weights[leaf], mass, math.sqrt(2) * binomial_error(mass, n), 4)
    assert all(weight == pytest.approx(1 / n) for _, weight in run.decision.finals)


def test_one_particle_is_a_plain_sample(store: Store) -> None:
    for at in range(5):
        one = driver(store).solve(Particles(n="1"), task(at)).decision.node
        plain = driver(store).solve(Beam(n="1", m="1"), task(at)).decision.node
        assert one is not None
        assert plain is not None
        assert (one.trace, named(one.path)) == (plain.trace, named(plain.path))


@pytest.mark.parametrize("final", ["best", "draw"])
def test_particles_depend_on_their_seed_alone(final: str, store: Store) -> None:
    found = set()
    for seed in (1, 1, 2, 3, 4, 5):
        asked = task(0)
        asked.seed = seed
        run = driver(store, scorer=Scorer(WORLD, sigma=2)).solve(
            Particles(n="8", final=final), asked
        )
        found.add((seed, tuple(named(run.nodes)), run.decision.node and run.decision.node.trace))
    assert len({seed for seed, _, _ in found}) == len(found) == 5
    assert len({trace for _, _, trace in found}) > 1


def test_gibbs_keeps_its_reference(store: Store) -> None:
    sweeps: list[tuple[Node | None, list[tuple[Node, float]]]] = []

    class Watched(Particles):
        def sweep(self, task: Task, count: int, reference: Node | None, chance: Any) -> Any:
            found = yield from super().sweep(task, count, reference, chance)
            sweeps.append((reference, found))
            return found

    driver(store, scorer=Scorer(WORLD, sigma=2)).solve(Watched(n="24", iterations="4"), task(3))
    assert len(sweeps) == 4
    assert sweeps[0][0] is None
    for (_, before), (reference, after) in itertools.pairwise(sweeps):
        assert reference is not None
        assert any(node is reference for node, _ in before)
        assert any(node is reference for node, _ in after)
        assert len(after) == 6
        assert sum(weight for _, weight in after) == pytest.approx(1)


# --- REBASE and ETS --------------------------------------------------------------------------

scores = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@settings(deadline=None, derandomize=True)
@given(scores=scores, width=st.integers(1, 300), temperature=st.sampled_from([0.01, 0.2, 1.0]))
def test_shares_add_up_to_the_width(scores: list[float], width: int, temperature: float) -> None:
    shares = allocate(scores, width, temperature)
    assert sum(shares) == width
    assert min(shares) >= 0
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    ranked = [shares[at] for at in order]
    assert ranked[0] == max(ranked) or width < len(scores)


def test_shares_by_hand() -> None:
    # 1 : e^-2 : e^-4; ⌈8 · 0.8668⌉ = 7, ⌈1 · 0.8808⌉ = 1, and nothing is left.
    assert allocate([0.1, 0.9, 0.5], 8, 0.2) == [0, 7, 1]
    # 1 : e^-0.5; ⌈8 · 0.6225⌉ = 5, and the other three.
    assert allocate([0.4, 0.5], 8, 0.2) == [3, 5]
    assert allocate([0.5] * 4, 8, 0.2) == [2] * 4


def random_tree(chance: random.Random) -> list[Node]:
    """Up to nine leaves below up to twelve ancestors."""
    inner: list[Node | None] = [None]
    for _ in range(chance.randint(1, 12)):
        inner.append(Node(chance.choice(inner), "x", 1, "stop"))
    count = chance.choice([1, 2, 3, 4, 5, 6, 7, 9])
    return [Node(chance.choice(inner), "y", 1, "stop") for _ in range(count)]


@pytest.mark.parametrize("block", range(4))
def test_pruning_is_the_best_of_all_choices(block: int) -> None:
    chance = random.Random(block)
    for _ in range(50):
        leaves = random_tree(chance)
        shares = [chance.randint(0, 9) for _ in leaves]
        alike = [chance.randrange(3) for _ in leaves]
        weights = chance.uniform(0, 2), chance.uniform(0, 2)
        kept = prune(leaves, shares, alike, *weights)
        assert any(kept)
        choices = itertools.product((True, False), repeat=len(leaves))
        best = max(
            value(choice, leaves, shares, alike, *weights) for choice in choices if any(choice)
        )
        assert value(kept, leaves, shares, alike, *weights) == pytest.approx(best, abs=1e-9)


def test_the_value_of_a_choice_by_hand() -> None:
    trunk = Node(None, "t", 1, "stop")
    left, other = Node(trunk, "l", 1, "stop"), Node(trunk, "o", 1, "stop")
    leaves = [Node(left, "1", 1, "stop"), Node(left, "2", 1, "stop"), Node(other, "3", 1, "stop")]
    found = value([True, False, False], leaves, [3, 2, 1], [0, 0, 1], 1.0, 1.5)
    # 3/6 of the children, 2 ancestors and 1 leaf of 3 and 3, 1 of 2 clusters.
    assert found == pytest.approx(3 / 6 - 3 / 6 + 1.5 / 2)


def test_steps_are_alike_by_their_letters() -> None:
    texts = ["add two and two", "add two and two!", "a quite different step", "add two and two"]
    found = clusters(texts, 0.2)
    assert found[0] == found[1] == found[3] != found[2]
    assert clusters(["one"], 0.05) == [0]


def test_ets_without_its_programme_is_rebase(store: Store) -> None:
    for at in range(5):
        rebase = driver(store).solve(Rebase(), task(at))
        ets = driver(store).solve(ETS(memory="0", variety="0"), task(at))
        assert named(ets.nodes) == named(rebase.nodes)
        assert ets.usage.kv == rebase.usage.kv
        assert ets.decision.node is not None
        assert ets.decision.node.trace == rebase.decision.node.trace  # type: ignore[union-attr]


def test_the_dearer_memory_is_the_less_is_held_and_never_nothing(store: Store) -> None:
    held = []
    for memory in ("0", "1", "2", "1000"):
        runs = [
            driver(store, scorer=Scorer(WORLD, sigma=2)).solve(
                ETS(memory=memory, variety="0"), task(at)
            )
            for at in range(10)
        ]
        assert all(len(run.decision.finals) == 16 for run in runs)
        held.append(sum(run.usage.kv for run in runs))
    assert held[0] > held[1] > held[2] >= held[3]


# --- MCTS ------------------------------------------------------------------------------------

ARMS = {"0": 0.35, "1": 0.8, "2": 0.55, "3": 0.7}


def ucb1(rewards: list[float], rounds: int, c: float) -> list[int]:
    """The visits of a reference UCB1 over arms of known rewards, each tried once at first."""
    visits = [0] * len(rewards)
    for played in range(rounds):
        if played < len(rewards):
            visits[played] += 1
            continue
        bounds = [
            reward + c * math.sqrt(math.log(played) / count)
            for reward, count in zip(rewards, visits, strict=True)
        ]
        visits[bounds.index(max(bounds))] += 1
    return visits


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(("rollouts", "c"), [(4, 1.4), (50, 1.4), (200, 0.5)])
def test_visits_are_those_of_ucb1(rollouts: int, c: float, deep: bool, store: Store) -> None:
    def arm(request: Request) -> Completion:
        if request.prefix:
            return said(f"{request.draw}")
        return said(f"{request.draw}{END * deep}", 1, stop=END if deep else None)

    options = {"rollouts": str(rollouts), "children": "4", "c": str(c)}
    scorer = Table(lambda trace: ARMS[trace[0]])
    run = over(store, scripted(arm), scorer).solve(MCTS(**options), task())
    visits = [int(part) for part in run.decision.note.rpartition("visits ")[2].split("/")]
    assert sum(visits) == rollouts
    assert visits == ucb1(list(ARMS.values()), rollouts, c)
    assert run.decision.node is not None
    assert run.decision.node.trace[0] == "1"


# --- A* --------------------------------------------------------------------------------------

TREE = {
    "0": 0.9,
    "1": 0.75,
    "00": 0.3,
    "01": 0.6,
    "10": 0.7,
    "11": 0.7,
    "000": 0.9,
    "001": 0.2,
    "010": 0.5,
    "011": 0.45,
    "100": 0.55,
    "101": 0.65,
    "110": 0.5,
    "111": 0.95,
}


def branches(request: Request) -> Completion:
    """A child for each draw; the third step is the last."""
    ends = request.prefix.count(END) == 2
    return said(f"{request.draw}{'' if ends else END}", 1, stop=None if ends else END)


def popped(tree: Mapping[str, float], g: str) -> tuple[list[str], str]:
    """Which places are expanded, in order, and which leaf answers: a reference."""
    frontier, count = [(0.0, 0, "")], 1
    order: list[str] = []
    while True:
        frontier.sort()
        _, _, place = frontier.pop(0)
        if len(place) == 3:
            return order, place
        order.append(place)
        for child in (place + "0", place + "1"):
            costs = [1 - tree[child[:end]] for end in range(1, len(child))]
            so_far = {"zero": 0.0, "cum": sum(costs), "mean": fmean(costs) if costs else 0.0}
            frontier.append((so_far[g] + 1 - tree[child], count, child))
            count += 1


def expanded(
    store: Store, tree: Mapping[str, float], seed: int = 0, **options: str
) -> tuple[list[str], str]:
    scorer = Table(lambda trace: tree[letters(trace)])
    strategy = AStar(children="2", **options)
    run = over(store, scripted(branches), scorer).solve(strategy, task(seed))
    assert run.decision.node is not None
    steps = [
        node
        for node in run.nodes
        if node is not run.decision.node or "forced" not in (run.decision.note)
    ]
    order = [letters(node.parent.trace) if node.parent else "" for node in steps]
    assert order[::2] == order[1::2]
    return order[::2], letters(run.decision.node.trace)


def test_places_are_popped_in_the_order_of_f(store: Store) -> None:
    found = {g: expanded(store, TREE, g=g) for g in ("zero", "mean", "cum")}
    # zero: .1, .25, then both children of 1 at .3, the earlier first; 111 has .05.
    assert found["zero"] == (["", "0", "1", "10", "11"], "111")
    # mean: 0 has .1, 1 has .25; 01 .5, 10 and 11 .55; then 010 .75, 101 .625, 111 .325.
    assert found["mean"] == (["", "0", "1", "01", "10", "11"], "111")
    # cum: 01 .5, 10 and 11 .55, 111 .6, since its two steps before cost .55.
    assert found["cum"] == (["", "0", "1", "01", "10", "11"], "111")
    assert found == {g: popped(TREE, g) for g in found}


@pytest.mark.parametrize("g", ["zero", "mean", "cum"])
def test_places_are_popped_as_by_a_reference(g: str, store: Store) -> None:
    orders = set()
    for seed in range(30):
        chance = random.Random(seed)
        # Few values, so that there are ties.
        tree = {name: chance.randint(1, 8) / 8 for name in TREE}
        found = expanded(store, tree, seed, g=g)
        assert found == popped(tree, g)
        orders.add(tuple(found[0]))
        assert expanded(store, tree, seed, g=g) == found  # from the store
    assert len(orders) > 10


def test_what_g_is_decides_how_deep_it_goes(store: Store) -> None:
    tree = dict.fromkeys(TREE, 0.6)
    depth_first = expanded(store, tree, g="zero", expansions="3")[0]
    # Equal scores: plain best-first goes by insertion, and so does the mean.
    assert depth_first == ["", "0", "1"]
    steep = {name: 0.5 + 0.1 * len(name) for name in TREE}
    assert expanded(store, steep, 1, g="zero")[0] == ["", "0", "00"]
    assert expanded(store, steep, 1, g="mean")[0][:2] == ["", "0"]
    # A sum punishes depth: all of a level comes before the next.
    assert expanded(store, steep, 1, g="cum")[0] == ["", "0", "1", "00", "01", "10", "11"]


@pytest.mark.parametrize("expansions", [1, 2, 5])
def test_expansions_bound_the_draws(expansions: int, store: Store) -> None:
    for at in range(5):
        run = driver(store).solve(AStar(expansions=str(expansions), children="3"), task(at))
        steps = [node for node in run.nodes if node.finish != "cancelled"]
        forced = "forced" in run.decision.note
        assert len(steps) <= 3 * expansions + forced
        assert forced
        assert run.decision.node is not None
        assert "answer=" in run.decision.node.trace


def test_children_that_say_the_same_are_one(store: Store) -> None:
    def tell(request: Request) -> Completion:
        ends = request.prefix.count(END) == 2
        return said("same" if ends else f"same{END}", 1, stop=None if ends else END)

    scorer = Table(lambda trace: 0.5)
    run = over(store, scripted(tell), scorer).solve(AStar(children="4"), task())
    assert len(run.nodes) == 12
    assert run.usage.scores == 3


def test_a_star_takes_several_at_a_time(store: Store) -> None:
    one = expanded(store, TREE, g="zero")
    two = expanded(store, TREE, g="zero", batch="2")
    assert one[1] == two[1] == "111"
    assert two[0] == ["", "0", "1", "10", "11"]


# --- rollover --------------------------------------------------------------------------------


def test_a_quota_rolls_over(store: Store) -> None:
    steps = [["0.5"], ["0.4"] * 5, ["0.3"] * 3, ["0.2", "0.6"], ["0.5"] * 4]

    def tell(request: Request) -> Completion:
        at = request.prefix.count(END)
        text = steps[at][request.draw or 0]
        ends = at == len(steps) - 1
        return said(text if ends else text + END, 1, stop=None if ends else END)

    scorer = Table(lambda trace: float(trace.strip().rpartition(END)[2]))
    run = over(store, scripted(tell), scorer).solve(Rollover(quota="3"), task())
    # 1 of 3 leaves 2; 5 without a better one leave nothing; 3 again; 2 of 3 leave 1.
    assert Counter(node.depth for node in run.nodes) == {1: 1, 2: 5, 3: 3, 4: 2, 5: 4}
    assert run.decision.node is not None
    assert run.decision.node.depth == 5


@pytest.mark.parametrize("quota", [1, 2, 4, 8])
def test_quotas_are_never_exceeded(quota: int, store: Store) -> None:
    for at in range(15):
        for scorer in (Scorer(WORLD), Scorer(WORLD, sigma=3)):
            run = driver(store, scorer=scorer).solve(Rollover(quota=str(quota)), task(at))
            assert run.usage.calls <= quota * WORLD.depth
            assert run.decision.node is not None
            depths = Counter(node.depth for node in run.nodes)
            spent = list(itertools.accumulate(depths[depth + 1] for depth in range(WORLD.depth)))
            assert all(each <= quota * (at + 1) for at, each in enumerate(spent))


# --- where steps and traces end --------------------------------------------------------------


def node_of(*pieces: tuple[str, int, Any]) -> Node:
    node: Node | None = None
    for text, tokens, finish in pieces:
        node = Node(node, text, tokens, finish)
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("pieces", "over"),
    [
        ([("a step\n\n", 3, "stop")], False),
        ([("the end", 2, "stop")], True),
        ([("\n\n", 1, "stop")], True),  # says nothing, and would for ever
        ([("half a", 2, "length")], False),
        ([("half a", 2, "length"), (" step\n\n", 2, "stop")], False),
        ([("a whole", 2, "length"), ("\n\n", 1, "stop")], False),  # only its end was left
        ([("a\n\n", 2, "stop")] * 3, True),  # three steps
        ([("long", 5, "length")] * 3, True),  # three, cut by tokens
        ([("lo", 2, "length"), ("ng", 3, "length")] * 2, False),  # two, in pieces
        ([("x\n\n", 25, "stop")] * 2, True),  # all tokens of the task
    ],
)
def test_where_a_trace_ends(pieces: list[tuple[str, int, Any]], over: bool) -> None:
    steps, params = Steps(longest=5, limit=3), SamplingParams(max_tokens=50)
    assert steps.ended(node_of(*pieces), params) is over


def test_steps_of_tokens_alone(store: Store) -> None:
    """Without a boundary, steps have as many tokens as they may, and join to a plain sample."""
    run = driver(store).solve(Beam(n="2", m="1", step="", step_tokens="10"), task(1))
    for node, _ in run.decision.finals:
        assert [piece.tokens for piece in node.path[:-1]] == [10] * (node.depth - 1)
        assert node.trace.count(END) == WORLD.depth - 1


@pytest.mark.parametrize("method", [Beam, DVTS, Particles, Rebase, EarlyRejection])
def test_steps_that_end_where_a_pattern_matches(method: Any, store: Store) -> None:
    """What is drawn behind the match is paid for and dropped; the world goes on from the step."""
    size = {"width": "4"} if method is Rebase else {"n": "4"}
    run = driver(store).solve(method(pattern=r"\s*\n\s*\n", **size), task(1))
    assert run.decision.node is not None
    for node, _ in run.decision.finals:
        assert node.trace.count(END) == WORLD.depth - 1
        assert "answer=" in node.trace
    assert run.usage.tokens > sum(node.tokens for node in run.nodes)
    again = driver(store).solve(method(pattern=r"\s*\n\s*\n", **size), task(1))
    assert (again.usage.new, again.usage.tokens) == (0, run.usage.tokens)
    assert again.decision.node is not None
    assert again.decision.node.trace == run.decision.node.trace


def test_a_pattern_is_checked() -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        Beam(pattern="(")
    with pytest.raises(ValueError, match="not both"):
        Beam(pattern="x", step="y")
