"""Whole answers: online rules pick and stop as the selectors say of the same draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

import numpy as np
import pytest
from worlds import WORLD, by_name, driver, engine, over, rule, said, scripted, task, within

from ttc.backends import Completion, Request
from ttc.records import Outcome, SamplingParams
from ttc.selectors.exact.estimates import estimates_of
from ttc.selectors.threshold import Threshold
from ttc.solving.rule_strategy import outcome_of
from ttc.store import Store
from ttc.strategies import Node
from ttc.strategies.adaptive import Adaptive, Prune
from ttc.strategies.deepconf import DeepConf
from ttc.strategies.driver.driver import Driver
from ttc.testing.scripted import open_scripted
from ttc.testing.synthworld import Scorer
from ttc.verifiers.confidence import groups

# Long simulations, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

NOISY = Scorer(WORLD, sigma=3)


def draws_of(solver: Driver, number: int, n: int) -> list[Node]:
    """All draws of a task, by index."""
    run = solver.solve(by_name("best-of-n", n), task(number))
    return sorted(run.nodes, key=lambda node: node.index)


def outcomes(drawn: Sequence[Node], number: int) -> list[Outcome]:
    problem = task(number).problem
    return [outcome_of(problem, node, NOISY.of(node.trace)) for node in drawn]


RULES = ["majority", "first-finish", "short-3", "last-finish", "esc:w=2", "esc", "ac", "best-of-n"]


@pytest.mark.parametrize("spec", [*RULES, "perplexity", "keep=4:by=score>majority"])
def test_a_rule_picks_online_what_it_picks_of_the_stored_draws(spec: str, store: Store) -> None:
    for number in range(12):
        solver = driver(store, scorer=NOISY)
        online = solver.solve(by_name(spec), task(number)).decision.node
        drawn = draws_of(solver, number, 16)
        picked = rule(spec).pick(outcomes(drawn, number))
        assert (online is None) == (not picked)
        if online is not None:
            assert online.index == drawn[picked[0]].index
            assert online.trace == drawn[picked[0]].trace


ANSWERS = {"18": 0.5, "20": 0.3, "22": 0.2}


def of_known_answers(store: Store) -> Driver:
    law = "/".join(f"{answer}*{chance}" for answer, chance in ANSWERS.items())
    return over(store, open_scripted(f"answers={law},tokens=10-30", {}))


@pytest.mark.parametrize("spec", ["esc:w=3", "ac", "ac:c=0.8"])
def test_rules_that_stop_draw_as_many_as_is_expected_of_them(spec: str, store: Store) -> None:
    n, tasks = 18, 100
    solver = of_known_answers(store)
    off = []
    total = 0
    for number in range(tasks):
        taken = solver.solve(by_name(spec, n), task(number)).usage.calls
        run = solver.solve(by_name("majority", n), task(number))
        stored = outcomes(sorted(run.nodes, key=lambda node: node.index), number)
        (estimate,) = estimates_of(rule(spec), stored, [n])
        assert estimate.drawn is not None
        off.append(taken - estimate.drawn)
        total += taken
    # Each task's estimate is the mean over all orders of its draws, of which online has one.
    assert within(fmean(off), 0, stdev(off) / math.sqrt(tasks))
    assert total < 0.9 * n * tasks
    if spec == "esc:w=3":
        unanimous = sum(chance**3 for chance in ANSWERS.values())
        expected = 3 * (1 - (1 - unanimous) ** 6) / unanimous
        assert within(total / tasks, expected, 6 / math.sqrt(tasks))


def test_adaptive_stops_where_the_threshold_rule_does(store: Store) -> None:
    # About one in nine draws scores as high as that.
    gamma, stops = 0.99999, set()
    for number in range(40):
        solver = driver(store, scorer=NOISY)
        run = solver.solve(Adaptive(n="16", gamma=str(gamma)), task(number))
        drawn = draws_of(solver, number, 16)
        threshold = Threshold(at=str(gamma), batch="1+1+2+4+8")
        picked = threshold.pick(outcomes(drawn, number))
        assert run.decision.node is not None
        assert run.decision.node.index == drawn[picked[0]].index
        good = [at for at, each in enumerate(outcomes(drawn, number)) if (each.score or 0) >= gamma]
        ends = [1, 2, 4, 8, 16]
        expected = next((end for end in ends if good and end > good[0]), 16)
        assert run.usage.calls == run.usage.scores == expected
        stops.add(expected)
    assert len(stops) >= 4


@pytest.mark.parametrize("keep", ["0.25", "0.5", "1"])
def test_pruning_keeps_the_best_begun_and_then_takes_the_best(keep: str, store: Store) -> None:
    n, tokens = 12, 60
    for number in range(10):
        scorer = Scorer(WORLD, sigma=1.5, blur=2)
        solver = driver(store, scorer=scorer)
        run = solver.solve(Prune(n=str(n), tokens=str(tokens), keep=keep), task(number))
        begun = [node for node in run.nodes if node.parent is None]
        assert len(begun) == n
        by_partial = sorted(begun, key=lambda node: -scorer.of(node.trace))
        kept = by_partial[: math.ceil(float(keep) * n)]
        rest = {id(node.parent): node for node in run.nodes if node.parent is not None}
        whole = [rest.get(id(node), node) for node in kept]
        assert len(rest) == sum(node.finish == "length" for node in kept)
        assert run.decision.node is max(whole, key=lambda node: scorer.of(node.trace))
        lengths = {id(node): node.length for node in whole}
        cost = sum(node.tokens for node in begun)
        cost += sum(lengths[id(end)] - head.tokens for head, end in zip(kept, whole, strict=True))
        assert run.usage.tokens == cost
        assert all(node.tokens == tokens for node in begun if node.finish == "length")
        assert all(node.trace.endswith(("1", "2", "3", "4", "5")) for node in whole)


def test_pruning_finishes_no_more_than_its_share() -> None:
    # 0.07 · 100 is 7.000000000000001 in binary.
    from ttc.strategies import Evaluate, Generate, Reply

    talk = Prune(n="100", keep="0.07").run(task())
    asked = next(talk)
    begun = [Reply(each, Node(None, "x", 64, "length")) for each in asked if each]  # type: ignore[arg-type]
    rated = talk.send(begun)
    assert all(isinstance(each, Evaluate) for each in rated)
    finished = talk.send([Reply(each, score=0.5) for each in rated])  # type: ignore[arg-type]
    assert [type(each) for each in finished] == [Generate] * 7


# --- DeepConf --------------------------------------------------------------------------------

WINDOW, CHUNK, LONG = 8, 5, SamplingParams(max_tokens=60, temperature=1.0, top_p=1.0)


def confident(request: Request) -> Completion:
    """A trace of known confidences, told piece by piece: it is named by its first word."""
    name = request.prefix.split()[0] if request.prefix else f"t{request.seed}"
    chance = np.random.default_rng(int(name[1:]) % 2**32)
    length = int(chance.integers(4, 50))
    # A weak spot of 10 tokens somewhere, in some of them.
    sure = chance.uniform(10, 14, length)
    at = int(chance.integers(0, 60))
    sure[at : at + 10] -= chance.uniform(0, 8)
    words = [name, *["so"] * (length - 2), f"answer={1 + int(chance.integers(0, 3))}"]
    done = len(request.prefix.split())
    until = min(done + request.params.max_tokens, length)
    text = " " * bool(done) + " ".join(words[done:until])
    finish = "stop" if until == length else "length"
    return said(text, until - done, finish, confidences=[float(each) for each in sure[done:until]])


def lowest(node: Node) -> float:
    told = [value for piece in node.path for value in piece.confidences or ()]
    return float(groups(told, WINDOW).min())


@pytest.mark.parametrize("keep", ["90", "50", "10"])
def test_deepconf_gives_up_what_falls_below_the_percentile(keep: str, store: Store) -> None:
    options = {"n": "40", "warmup": "16", "window": str(WINDOW), "chunk": str(CHUNK)}
    ended = given_up = short = 0
    for number in range(6):
        solver = Driver(store, {"main": engine(scripted(confident), LONG)})
        run = solver.solve(DeepConf(keep=keep, **options), task(number, LONG))
        heads = [node for node in run.nodes if node.parent is None]
        # The pieces of the others have another limit, and so another key.
        (first_key,) = {node.key for node in heads if node.length > CHUNK}
        warm = [node for node in heads if node.key == first_key]
        assert len(warm) == 16
        threshold = float(np.percentile([lowest(node) for node in warm], 100 - float(keep)))
        voting = {id(node) for node, _ in run.decision.finals}
        # Warm-up traces vote from the threshold on.
        assert all((id(node) in voting) == (lowest(node) >= threshold) for node in warm)
        parents = {id(node.parent) for node in run.nodes}
        others = [node for node in run.nodes if id(node) not in parents and node not in warm]
        assert len(others) == 24
        for node in others:
            told = np.array([value for piece in node.path for value in piece.confidences or ()])
            if node.length < WINDOW:
                short += 1
                assert node.finish == "stop"
                assert id(node) in voting
            elif lowest(node) < threshold:
                given_up += 1
                assert id(node) not in voting
                # The group that fell below ended within the last piece: no more than a chunk late.
                first = int(np.argmax(groups(told.tolist(), WINDOW) < threshold)) + WINDOW
                assert node.length - first < CHUNK
            else:
                ended += 1
                assert node.finish == "stop"
                assert id(node) in voting
        assert all(weight == lowest(node) for node, weight in run.decision.finals)
        # What was given up is paid for.
        assert run.usage.tokens == sum(node.length for node in [*warm, *others])
    assert min(ended, given_up, short) >= 2
