"""Members of ttc itself keep the contracts of plugins."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from worlds import SMALL_ONES

from ttc import plugins
from ttc.formats.loading import named
from ttc.selectors import Selector
from ttc.selectors.spec import build
from ttc.testing import FormatContract, SelectorContract, StrategyContract, VerifierContract


@pytest.mark.parametrize("name", ["adaptive", "beam", "budget-forcing", "review"])
class TestStrategies(StrategyContract):
    problems = 2

    @pytest.fixture
    def strategy(self, name: str) -> Any:
        return SMALL_ONES[name]()


RULES = ["bayes", "best-of-n", "coverage", "first-finish", "keep=50%:by=tokens>coverage"]
RULES += ["majority", "majority:ties=strict", "majority:invalid=wrong", "mean-of-best:m=2"]


@pytest.mark.parametrize("name", RULES)
class TestRules(SelectorContract):
    pools = 18
    most = 7

    @pytest.fixture
    def rule(self, name: str) -> Selector:
        return build(name)


@pytest.mark.parametrize("name", ["ac", "esc:w=2", "majority:ties=first", "threshold:at=0.9"])
class TestRulesThatGoByTheOrder(SelectorContract):
    pools = 10
    ordered = True

    @pytest.fixture
    def rule(self, name: str) -> Selector:
        return build(name)


@pytest.mark.parametrize("name", ["weighted", "weighted:ties=strict"])
class TestWeights(SelectorContract):
    pools = 18
    most = 7
    scores = (0.0, 0.5, 1.0)
    mixed = False

    @pytest.fixture
    def rule(self, name: str) -> Selector:
        return build(name)


class TestNumeric(VerifierContract):
    cases = (("The answer is 18.", {"answer": "18"}, True), ("19", {"answer": "18"}, False))

    @pytest.fixture
    def verifier(self) -> Any:
        return plugins.build("verifiers", "numeric")


class TestExact(TestNumeric):
    @pytest.fixture
    def verifier(self) -> Any:
        return plugins.build("verifiers", "exact:case=fold")


class TestGsm8k(FormatContract):
    records = ({"question": "How many?", "answer": "It is 18.\n#### 18"},)
    broken = ({"question": "How many?", "answer": "18"}, {"question": "", "answer": "#### 1"})

    @pytest.fixture
    def format_(self) -> Any:
        return named("gsm8k")


class TestJsonLines(FormatContract):
    files = ((b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),)
    damaged = (b'{"a": 1}\n{"a": \n',)

    @pytest.fixture
    def format_(self) -> Any:
        return named("json-lines")


class TestHumanEval(FormatContract):
    logs = (("s.jsonl", b'{"task_id": "t", "completion": "x"}\n' * 3, 3),)
    damaged = (b'{"task_id": "t", "completion": 1}\n',)

    @pytest.fixture
    def format_(self) -> Any:
        return named("human-eval")


class TestGzip(FormatContract):
    packed = ((gzip.compress(b"text"), b"text"),)

    @pytest.fixture
    def format_(self) -> Any:
        return named("gzip")
