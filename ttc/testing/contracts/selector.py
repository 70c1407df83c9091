"""What every selection rule must do: subclass SelectorContract and give it a fixture `rule`.

    import pytest
    from ttc.testing import SelectorContract

    class TestMine(SelectorContract):
        @pytest.fixture
        def rule(self):
            return Mine()

The means of a rule are compared with brute force: its own `pick` on every subset of up to nine
draws, with ties, missing answers, truncated draws, and draws whose verdict is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import combinations, pairwise, permutations
from random import Random
from typing import Any, ClassVar

import pytest

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.by_picks import with_means
from ttc.selectors.exact.estimates import Estimate, estimates_of, value_on
from ttc.selectors.extras import Measuring, Stoppable, is_graded, is_oracle, scorers_of

# What reads of a field in `needs` stands for.
_FIELDS = {"tokens": ("completion_tokens",)}
_ALWAYS = {"index", "correct", "finish_reason", "value"}


class SelectorContract:
    """The contract of `ttc.selectors`.

    `pools` random pools of up to `most` draws are tried, with these `scores`. `mixed`: draws with
    one answer may differ in being correct. `ordered`: the pick depends on the order in which draws
    came, so that means are over all orders of up to five draws. `close` is what exact means may
    differ by; a mean with an error may be off by `errors` of them.
    """

    pools = 40
    most = 9
    scores: ClassVar[tuple[float, ...]] = (0.0, 0.5, 1.0, math.nan)
    mixed = True
    ordered = False
    close = 1e-9
    errors = 5.0

    # What it says of itself.

    def test_it_says_what_it_is(self, rule: Selector) -> None:
        assert isinstance(rule.name, str)
        assert rule.name
        known = {field.name for field in fields(Outcome)} | _FIELDS.keys()
        assert set(rule.needs) <= known, "`needs` has names of fields of Outcome"
        assert rule.finishes is None or rule.finishes >= 1

    # Picks.

    def test_a_pick_is_of_the_draws_there_are(self, rule: Selector) -> None:
        assert tuple(rule.pick([])) == (), "of no draws, none is picked"
        for draws in self.drawn(rule):
            picked = rule.pick(draws)
            assert isinstance(picked, tuple)
            assert len(set(picked)) == len(picked), "no draw is picked twice"
            assert all(0 <= at < len(draws) for at in picked)
            assert rule.pick(draws) == picked, "the same draws give the same pick"

    def test_the_order_of_draws_changes_no_pick(self, rule: Selector) -> None:
        """Or it picks others that are worth as much, or says that it is `ordered`."""
        if self.ordered:
            pytest.skip("the pick depends on the order in which draws came")
        chance = Random(2)
        for draws in self.drawn(rule):
            shuffled = chance.sample(draws, len(draws))
            assert value_on(rule, shuffled) == pytest.approx(value_on(rule, draws), abs=self.close)

    def test_only_an_oracle_looks_at_what_is_correct(self, rule: Selector) -> None:
        if is_oracle(rule) or isinstance(rule, Measuring):
            pytest.skip("an oracle picks by what is correct")
        for draws in self.drawn(rule):
            flipped = [replace(each, correct=not each.correct) for each in draws]
            assert rule.pick(flipped) == rule.pick(draws), "a rule that does is an `oracle`"

    def test_it_reads_only_what_it_needs(self, rule: Selector) -> None:
        read = {name for need in rule.needs for name in (need, *_FIELDS.get(need, ()))}
        unread: dict[str, Any] = {
            each.name: None for each in fields(Outcome) if each.name not in read | _ALWAYS
        }
        for draws in self.drawn(rule):
            without = [replace(each, **unread) for each in draws]
            assert rule.pick(without) == rule.pick(draws), "it reads a field not in `needs`"

    # Means.

    def test_expected_is_the_mean_of_picks_over_all_subsets(self, rule: Selector) -> None:
        full = with_means(rule)
        for draws in self.drawn(rule, 5 if self.ordered else self.most):
            ks = range(1, len(draws) + 1)
            self._agree(full, draws, ks)

    def test_graded_draws_have_their_means_too(self, rule: Selector) -> None:
        if not is_graded(rule):
            pytest.skip("the rule does not claim `graded`")
        full, chance = with_means(rule), Random(4)
        for draws in self.drawn(rule, 5 if self.ordered else 6):
            worths = [chance.choice([-1.0, 0.0, 0.5, 2.0]) for _ in draws]
            if not self.mixed:
                first = {each.answer: worth for each, worth in zip(draws, worths, strict=True)}
                worths = [first[each.answer] for each in draws]
            graded = [replace(e, value=worth) for e, worth in zip(draws, worths, strict=True)]
            self._agree(full, graded, range(1, len(graded) + 1))

    def test_the_order_of_draws_changes_no_mean(self, rule: Selector) -> None:
        full, chance = with_means(rule), Random(3)
        for draws in self.drawn(rule):
            ks = range(1, len(draws) + 1)
            found = full.expected(draws, ks)
            again = full.expected(chance.sample(draws, len(draws)), ks)
            assert again == pytest.approx(found, abs=self.close, rel=0)

    def test_budgets_are_those_asked_for(self, rule: Selector) -> None:
        full = with_means(rule)
        draws = next(each for each in self.drawn(rule) if len(each) >= 4)
        means = full.expected(draws, [1, 2, 3, 4])
        assert len(means) == 4
        assert full.expected(draws, [3, 1]) == pytest.approx([means[2], means[0]], abs=1e-12)
        assert list(full.expected(draws, [])) == []
        for k in (-1, 0, len(draws) + 1):
            with pytest.raises(ValueError, match="k"):
                full.expected(draws, [1, k])

    def test_what_it_draws_grows_with_the_budget(self, rule: Selector) -> None:
        """A rule that stops by itself draws from 1 to k of k, and more of a larger budget."""
        for draws in self.drawn(rule):
            ks = range(1, len(draws) + 1)
            if isinstance(rule, Stoppable):
                assert 1 <= rule.stop(draws) <= len(draws)
            took = [each.drawn for each in estimates_of(with_means(rule), draws, ks)]
            for k, drawn in zip(ks, took, strict=True):
                assert drawn is None or 1 - self.close <= drawn <= k + self.close
            known = [drawn for drawn in took if drawn is not None]
            assert all(more >= fewer - 0.1 for fewer, more in pairwise(known))

    # How they are tested.

    def drawn(self, rule: Selector, most: int | None = None) -> Iterator[list[Outcome]]:
        """Yield pools of 1 to `most` draws that a rule may get, the same in every run."""
        chance = Random(1)
        for number in range(self.pools):
            count = 1 + number % (most or self.most)
            yield [self._outcome(rule, chance, index) for index in range(count)]

    def _outcome(self, rule: Selector, chance: Random, index: int) -> Outcome:
        tokens, answer = chance.randint(0, 4), chance.choice([None, "a", "a", "b", "c"])
        correct = chance.choice([None, False, True])
        return Outcome(
            index,
            answer=answer,
            correct=correct if self.mixed else answer == "a",
            score=chance.choice(self.scores),
            logprob=chance.choice([-3.0, -1.0, -0.5]),
            prompt_tokens=3,
            completion_tokens=tokens,
            finish_reason=chance.choice(["stop", "stop", "length"]),
            seconds=0.1 * tokens,
            text=chance.choice(["", "a", "a b", "the answer is b"]),
            verifier_tokens=2,
            scores={name: chance.choice([0.0, 0.5, 1.0]) for name in scorers_of(rule)},
            think_tokens=min(tokens, 2),
        )

    def _agree(self, rule: Selector, draws: Sequence[Outcome], ks: Sequence[int]) -> None:
        told = [each.value for each in estimates_of(rule, draws, ks)]
        assert told == pytest.approx(rule.expected(draws, ks), abs=self.close, rel=0)
        for k, found in zip(ks, estimates_of(rule, draws, ks), strict=True):
            brute = self.brute(rule, draws, k)
            off, allowed = abs(found.value - brute), self._allowed(found)
            assert off <= allowed, f"at k = {k} of {draws}: {found.value}, not {brute}"

    def _allowed(self, found: Estimate) -> float:
        times: dict[str, float] = {"exact": 0.0, "bracket": 1.0, "mc": self.errors}
        return self.close + times[found.kind] * found.error

    def brute(self, rule: Any, draws: Sequence[Outcome], k: int) -> float:
        """Return the mean value of the picks from every k-subset, in every order if `ordered`."""
        chosen = permutations(draws, k) if self.ordered else combinations(draws, k)
        values = [value_on(rule, subset) for subset in chosen]
        return math.fsum(values) / len(values)
