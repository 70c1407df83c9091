"""Few-shot examples: which are chosen, how they are shown, and what they change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from data_files import write

from ttc import problems
from ttc.errors import UsageError
from ttc.problems import few_shot
from ttc.problems.few_shot import FewShot
from ttc.records import Message, Problem

GSM8K = [
    {"question": f"What is {at}+1?", "answer": f"{at}+1={at + 1}\n#### {at + 1}"}
    for at in range(30)
]


@pytest.fixture
def train(tmp_path: Path) -> str:
    return write(tmp_path / "train.jsonl", *GSM8K)


def problem(question: str, name: str = "p") -> Problem:
    return Problem(name, (Message("user", question),))


def chosen(source: str, shots: str | int | None) -> FewShot:
    found = few_shot.chosen(source, shots)
    assert found is not None
    return found


def asked(examples: FewShot, of: Problem) -> list[str]:
    return [each.turns[-1].content for each in examples.of(of)]


REPLIES: list[tuple[dict[str, Any], str]] = [
    (GSM8K[0], "0+1=1\n#### 1"),
    ({"problem": "x?", "solution": r"So $\boxed{3}$.", "level": "Level 1"}, r"So $\boxed{3}$."),
    ({"question": "x?", "answer": "7"}, "7"),
    ({"question": "x?", "answer": "1,018", "rationale": "It is 1018."}, "It is 1018."),
    ({"question": "x?", "answer": "B", "rationale": "Look."}, "Look.\n\nThe answer is B."),
    ({"question": "x?", "choices": ["red", "blue"], "answer": 1}, "B"),
    ({"messages": [{"role": "user", "content": "x?"}, {"role": "assistant", "content": "y"}]}, "y"),
    (
        {
            "task_id": "H/0",
            "prompt": "def f():\n",
            "entry_point": "f",
            "test": "def check(c): 1",
            "canonical_solution": "    return 1\n",
        },
        "```python\ndef f():\n    return 1\n```",
    ),
]


@pytest.mark.parametrize(("record", "reply"), REPLIES)
def test_the_reply_is_the_worked_solution_else_the_answer(
    tmp_path: Path, record: dict[str, Any], reply: str
) -> None:
    (example,) = chosen(write(tmp_path / "d.jsonl", record), None).examples
    assert example.reply == reply


def test_the_first_ones_are_shown_but_never_the_problem_itself(train: str) -> None:
    examples = chosen(train, 3)
    assert asked(examples, problem("Other?")) == [f"What is {at}+1?" for at in (0, 1, 2)]
    # Spaces and capitals make no other question.
    assert asked(examples, problem(" what is  1+1? ")) == [f"What is {at}+1?" for at in (0, 2, 3)]


def test_drawn_ones_depend_on_the_seed_and_the_problem_alone(train: str) -> None:
    one, other = chosen(train, "4@7"), chosen(train, "4@8")
    first = asked(one, problem("Other?", "a"))
    assert first == asked(chosen(train, "4@7"), problem("Other?", "a"))
    assert first == asked(chosen(train, "6@7"), problem("Other?", "a"))[:4]
    assert len({*first}) == 4
    assert first != asked(one, problem("Other?", "b"))
    assert first != asked(other, problem("Other?", "a"))
    own = problem(first[0], "a")
    assert asked(one, own)[:3] == first[1:]


def test_each_example_is_drawn_as_often(train: str) -> None:
    counts = dict.fromkeys((row["question"] for row in GSM8K), 0)
    examples = chosen(train, "3@1")
    for at in range(1000):
        for question in asked(examples, problem("Other?", str(at))):
            counts[question] += 1
    # 100 expected; six standard deviations of about 9.5.
    assert all(43 < count < 157 for count in counts.values())


def test_examples_are_turns_between_the_system_message_and_the_question(train: str) -> None:
    made = problems.render(
        problem("Why?"), "Be brief.", "Q: {prompt}", False, chosen(train, 1).of(problem("Why?"))
    )
    assert made.messages == (
        Message("system", "Be brief."),
        Message("user", "Q: What is 0+1?"),
        Message("assistant", "0+1=1\n#### 1"),
        Message("user", "Q: Why?"),
    )


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        (None, "What is 0+1?\n0+1=1\n#### 1\n\nWhy?"),
        ("Q: {prompt}\nA:", "Q: What is 0+1?\nA: 0+1=1\n#### 1\n\nQ: Why?\nA:"),
    ],
)
def test_examples_are_text_before_a_raw_prompt(
    train: str, template: str | None, prompt: str
) -> None:
    shown = chosen(train, 1).of(problem("Why?"))
    assert problems.render(problem("Why?"), None, template, True, shown).prompt == prompt


def test_the_identity_is_that_of_what_is_shown(train: str, tmp_path: Path) -> None:
    names = {chosen(train, shots).identity for shots in ("2", "3", "2@1", "2@2")}
    assert len(names) == 4
    longer = write(tmp_path / "longer.jsonl", *GSM8K[:10])
    assert chosen(longer, 2).identity == chosen(train, 2).identity
    assert chosen(longer, "2@1").identity != chosen(train, "2@1").identity


@pytest.mark.parametrize(
    ("shots", "fault"),
    [
        ("31", "--shots 31: train has 30 examples"),
        ("many", "--shots many: write K, or K@SEED"),
        ("2@", "write K, or K@SEED"),
        (None, "it has 30 examples; say how many with --shots K"),
    ],
)
def test_wrong_numbers_are_told(train: str, shots: str | None, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        few_shot.chosen(train, shots)


def test_too_few_besides_the_problem_itself(tmp_path: Path) -> None:
    source = write(tmp_path / "d.jsonl", *GSM8K[:2])
    with pytest.raises(UsageError, match="d has 1 examples besides 'p' itself"):
        chosen(source, 2).of(problem("What is 0+1?"))
    # All that there are was not said in a number.
    assert asked(chosen(source, None), problem("What is 0+1?")) == ["What is 1+1?"]


def test_a_file_without_references_gives_no_examples(tmp_path: Path) -> None:
    source = write(tmp_path / "d.jsonl", {"question": "Why?"})
    with pytest.raises(UsageError, match="no problem in it has an answer or a solution"):
        few_shot.chosen(source, 1)
    assert few_shot.chosen(source, 0) is None
    assert few_shot.chosen(None, None) is None
    with pytest.raises(UsageError, match="--few-shot FILE"):
        few_shot.chosen(None, 1)


def test_a_pool_has_them_in_its_identity_only_if_there_are_any(train: str, tmp_path: Path) -> None:
    import ttc

    data = write(tmp_path / "test.jsonl", {"id": "a", "question": "Why?", "answer": "so"})
    options: dict[str, Any] = {"model": "scripted:", "database": tmp_path / "t.db"}
    plain = ttc.sample(data, 1, pool="plain", **options)
    shown = ttc.sample(data, 1, pool="shown", few_shot=train, shots=2, **options)
    assert [s.prompt_id for s in plain.samples()] != [s.prompt_id for s in shown.samples()]
    with pytest.raises(UsageError, match="few_shot"):
        ttc.sample(data, 1, pool="shown", few_shot=train, shots=3, **options)
    again = ttc.sample(data, 1, pool="shown", few_shot=train, shots="2", **options)
    assert len(list(again.samples())) == 1
