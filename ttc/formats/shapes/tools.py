"""Problems as other tools of evaluation have them: inspect, lm-eval, promptfoo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import choices, noting, turns
from ttc.formats.shapes.fields import ASK, asked, has, scalar, several, text
from ttc.formats.shapes.multiple_choice import MultipleChoice
from ttc.formats.shapes.noting import inside, plain
from ttc.formats.shapes.shape import Asked, Shape, lettered, of


class Inspect(Shape):
    """Read samples of inspect: `input` as text or chat, `target`, `choices`. Verifier: choice."""

    name = "inspect-samples"
    fields = of("input", "target")
    verifier = "choice"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the input is a chat, or there are choices and a letter."""
        asks = has(record, "input", list) and turns.is_chat(record["input"])
        listed = has(record, "choices", list) and has(record, "input", str)
        return asks or listed or (has(record, "target", list) and has(record, "input", str))

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the input with its choices, and the target or all targets."""
        chat = has(record, "input", list)
        question = turns.read(record, "input")[0] if chat else asked(record, "input")
        noting.role(record, "question", "input")
        if not plain(record).get("choices"):
            several_ = has(record, "target", list)
            gold = several(record, "target") if several_ else scalar("target", record["target"])
            noting.role(record, "reference", "target")
            return Asked(question, gold or None)
        found = choices.read(record, "choices")
        targets = record["target"] if has(record, "target", list) else [record["target"]]
        letters = [lettered({"target": target}, "target", found) for target in targets]
        noting.role(record, "reference", "target")
        right = [letter for letter in letters if letter is not None]
        return Asked(question, (right[0] if len(right) == 1 else right) or None, found)


class LmEvalDocs(MultipleChoice):
    """Read documents of lm-eval: `query`, `choices`, the place in `gold`. Verifier: choice.

    AGIEval has them too; its queries list the choices, which are not listed again.
    """

    name = "lm-eval-docs"
    fields = of("query", "choices", "gold")
    asks = ("query",)
    lists = ("choices",)
    golds = ("gold",)


class OpenAiEvals(Shape):
    """Read samples of OpenAI's evals: `input` as text or chat, `ideal`. Verifier: exact."""

    name = "openai-evals"
    fields = of("input", "ideal")
    verifier = "exact"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the input, and the ideal answer or all of them."""
        noting.role(record, "question", "input")
        noting.role(record, "reference", "ideal")
        chat = has(record, "input", list)
        question = turns.read(record, "input")[0] if chat else asked(record, "input")
        if has(record, "ideal", list):
            return Asked(question, several(record, "ideal") or None)
        return Asked(question, scalar("ideal", record["ideal"]))


class LangSmith(Shape):
    """Read examples of LangSmith: objects in `inputs` and `outputs`. Verifier: judge."""

    name = "langsmith"
    fields = of("inputs", "outputs")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether both are objects, and there is no question beside them."""
        both = has(record, "inputs", dict) and has(record, "outputs", dict, type(None))
        return both and not any(name in record for name in ASK)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the one input, and the one output. ValueError for several inputs."""
        given = inside(record, "inputs")
        if len(given) != 1:
            raise ValueError(
                f"there are {', '.join(given) or 'none'} in 'inputs'; say which one is the "
                "question with --map prompt=inputs.NAME"
            )
        name = next(iter(given))
        noting.role(given, "question", name)
        chat = has(given, name, list)
        question = turns.read(given, name)[0] if chat else text(given, name)
        outputs = plain(record).get("outputs")
        if not isinstance(outputs, dict) or len(outputs) != 1:
            return Asked(question)
        answers = inside(record, "outputs")
        gold = next(iter(answers))
        noting.role(answers, "reference", gold)
        return Asked(question, scalar(gold, answers[gold]))


class Promptfoo(Shape):
    """Read tests of promptfoo: `vars` with a question, and `assert`. Verifier: exact.

    Of several variables, --map prompt=vars.NAME says which one is the question.
    """

    name = "promptfoo-tests"
    fields = of("vars")
    verifier = "exact"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the variables are an object, and nothing else is a question."""
        return has(record, "vars", dict) and not any(name in record for name in ASK[1:])

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question, and the text that an assertion wants."""
        if has(record, "prompt", str):
            return Asked(asked(record, "prompt"), self._wanted(record))
        names = inside(record, "vars")
        named = [name for name in ASK if has(names, name, str)]
        there = named or [name for name in names if has(names, name, str)]
        if len(names) > 1 or not there:
            listed = ", ".join(names) or "none"
            raise ValueError(
                f"the variables in 'vars' are {listed}; say which one is the question with "
                "--map prompt=vars.NAME"
            )
        noting.role(names, "question", there[0])
        return Asked(text(names, there[0]), self._wanted(record))

    def _wanted(self, record: Mapping[str, Any]) -> str | None:
        checks = plain(record).get("assert") or []
        for check in checks if isinstance(checks, list) else []:
            if isinstance(check, Mapping) and check.get("type") == "equals":
                noting.used(record, "assert")
                noting.role(record, "reference", "assert")
                return scalar("value", check.get("value"))
        return None


class PromptfooTable(Shape):
    """Read tables of promptfoo's tests: a question and `__expected`. Verifier: exact."""

    name = "promptfoo-table"
    fields = of("__expected")
    verifier = "exact"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether there is one variable, or one that is a question."""
        return self._asks(record) is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question, and the text that is expected."""
        name = self._asks(record)
        if name is None:
            raise KeyError("question")
        wanted = scalar("__expected", record["__expected"])
        if wanted is None:
            return Asked(asked(record, name))
        kind, colon, value = wanted.partition(":")
        if colon and kind.strip() not in ("equals", "") and kind.strip().isidentifier():
            noting.remark(record, f"{kind.strip()} of __expected is no reference")
            return Asked(asked(record, name))
        noting.role(record, "reference", "__expected")
        return Asked(asked(record, name), value.strip() if kind.strip() == "equals" else wanted)

    def _asks(self, record: Mapping[str, Any]) -> str | None:
        names = [name for name in record if not name.startswith("__") and has(record, name, str)]
        named = [name for name in ASK if name in names]
        return (named or names)[0] if named or len(names) == 1 else None
