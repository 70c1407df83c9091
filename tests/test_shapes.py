"""Shapes of datasets: each is known by its fields, asked whole, and told in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shape_cases import CASES, GPQA, Case

from ttc import problems
from ttc.errors import UsageError
from ttc.problems import ReadOptions


def write(path: Path, *records: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{c.shape}" for at, c in enumerate(CASES)])
def test_each_shape_is_read_whole(tmp_path: Path, case: Case) -> None:
    read = problems.read(write(tmp_path / "data.jsonl", case.record))
    (problem,) = read.problems
    assert read.format == case.shape
    assert problem.messages[-1].content == case.asked
    assert tuple(turn.role for turn in problem.messages) == case.turns
    assert problem.reference == case.reference
    assert (problem.id, problem.tags) == (case.id, case.tags)
    assert set(case.unused) <= set(read.unused)
    assert case.said in read.describe()


def test_the_table_has_sixty_shapes() -> None:
    assert len({case.shape for case in CASES}) >= 60


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"question": "Why?", "tools": [{"type": "function"}]}, "it has 'tools'"),
        ({"messages": [{"role": "user", "content": "Hi"}], "functions": [{}]}, "has 'functions'"),
        ({"question": "What is it?", "image": {"path": "a.png"}}, "it has 'image'"),
        ({"question": "What is it?", "images": ["a.png"]}, "it has 'images'"),
        ({"problem": "Look.", "image_1": "a.png", "answer": "2"}, "it has 'image_1'"),
        ({"question": "Hear.", "audio": {"array": [0.1]}}, "it has 'audio'"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "'messages' has 'image_url' in it",
        ),
        (
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "tool", "content": "4"}]},
            "turns of tools",
        ),
        (
            {"messages": [{"role": "user", "content": "Hi"},
                          {"role": "assistant", "content": None, "tool_calls": [{}]}]},
            "turns of tools",
        ),
        (
            {"conversations": [{"from": "human", "value": "Hi"},
                               {"from": "function_call", "value": "{}"}]},
            "turns of tools",
        ),
        (
            {"custom_id": "a", "body": {"messages": [{"role": "user", "content": "Hi"}],
                                        "tools": [{}]}},
            "it has 'tools'",
        ),
        (
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "S"}]},
            "the last of 'messages' is the system's turn",
        ),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, "the assistant's turn, not the"),
        ({"Question": "Sum it.", "Final answer": "4", "file_name": "a.xlsx"}, "names a file"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_yet_is_refused_by_name(
    tmp_path: Path, record: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=r"data.jsonl:1: ") as raised:
        problems.read(write(tmp_path / "data.jsonl", record))
    assert told in str(raised.value)


def test_empty_tools_and_images_are_nothing(tmp_path: Path) -> None:
    record = {"question": "Why?", "tools": [], "functions": None, "image": "", "images": []}
    read = problems.read(write(tmp_path / "data.jsonl", record))
    assert (len(read.problems), read.unused) == (1, ())


HALVES = [
    ({"instruction": "Translate.", "input": "Hello", "answer": "Hallo"}, "instruction", "input"),
    ({"question": "How many?", "hint": "Count the red ones."}, "hint", "question"),
    ({"question": "What does it print?", "code": "print(2 + 2)"}, "code", "question"),
    ({"question": "Who won?", "table": "| a | b |"}, "table", "question"),
    ({"question": "Who won?", "passage_text": "Ann won the race."}, "passage_text", "question"),
    ({"prompt": "Answer it.", "background": "Ann won."}, "background", "prompt"),
    ({"question": "Entailed?", "premise": "It rains.", "hypothesis": "It is wet."}, "premise",
     "question"),
    ({"question": "Who won?", "context": "Ann ran.", "article": "Ann won."}, "context", "question"),
    ({"problem": "How many?", "body": "Ann has 2 figs."}, "body", "problem"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "lost", "asked"), HALVES)
def test_no_question_is_asked_in_half(
    tmp_path: Path, record: dict[str, Any], lost: str, asked: str
) -> None:
    path = write(tmp_path / "data.jsonl", record)
    with pytest.raises(UsageError, match=r"data.jsonl:1: ") as raised:
        problems.read(path)
    assert f"{lost!r} is not asked with the question in {asked!r}" in str(raised.value)
    assert f"--map prompt={lost}+{asked}" in str(raised.value)
    alone = problems.read(path, ReadOptions(format="generic"))
    assert alone.problems[0].messages[-1].content == record[asked]
    assert lost in alone.unused


@pytest.mark.parametrize(
    "record",
    [
        {"question": "Who?", "contexts": ["Ann ran.", "Ann won."]},
        {"question": "Who?", "context": {"title": ["A"], "sentences": [["Ann ran.", "Fast."]]}},
    ],
)
def test_lists_beside_a_question_are_refused_too(tmp_path: Path, record: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"is not asked with .* join them into one text"):
        problems.read(write(tmp_path / "data.jsonl", record))


@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "Sing.", "input": "", "output": "La.", "text": "Below: Sing. La."},
        {"prompt": "Sing.", "prompt_text": "User: Sing."},
        {"question": "Why?", "context_id": "c 1", "answer_text": "so it is", "document_url": "a b"},
        {"messages": [{"role": "user", "content": "Hi"}], "text": "<user> Hi"},
        {"question": "Why?", "evidence_document": "d1"},
    ],
)
def test_what_belongs_to_no_question_is_only_told(tmp_path: Path, record: dict[str, Any]) -> None:
    assert problems.read(write(tmp_path / "data.jsonl", record)).unused


def test_choices_that_would_not_be_shown_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", {"question": "Which?", "options": ["red", "blue"]})
    with pytest.raises(UsageError, match="--map choices=options shows them"):
        problems.read(path)
    (problem,) = problems.read(path, ReadOptions({"choices": "options"})).problems
    assert problem.messages[0].content.startswith("Which?\nA) red\nB) blue\n")


SAMPLES = [
    ({"problem": "p", "index": 0, "text": "4", "finish_reason": "stop"}, "ttc verify"),
    ({"problem": "p", "correct": True}, "ttc sweep"),
    ({"task_id": "HumanEval/0", "completion": "    return 1"}, "ttc import"),
    ({"task_id": "HumanEval/0", "completion": "…", "passed": True, "result": "passed"}, "import"),
    ({"task_id": "HumanEval/0", "solution": "def f(): …"}, "ttc import"),
    ({"doc_id": 0, "doc": {"question": "Why?"}, "target": "4", "resps": [["4"]]}, "ttc import"),
    ({"id": "b", "custom_id": "r", "response": {"body": {}}, "error": None}, "ttc import"),
    ({"vars": {"q": "1+1"}, "response": {"output": "2"}, "success": True}, "ttc import"),
    ({"problem": "Add.", "generation": "4", "predicted_answer": "4"}, "ttc import"),
]


@pytest.mark.parametrize(("record", "way"), SAMPLES)
def test_samples_are_no_problems(tmp_path: Path, record: dict[str, Any], way: str) -> None:
    path = write(tmp_path / "out.jsonl", record)
    with pytest.raises(UsageError, match=r"out.jsonl:1: .*not problems") as raised:
        problems.read(path, ReadOptions(skip_bad=True))
    assert way in str(raised.value)
    assert path in str(raised.value).partition("not problems")[2]


GSM8K = {"question": "3 times 6?", "answer": "18\n#### 18"}
PLAIN = {"prompt": "Say it.", "answer": "it"}


def test_a_record_of_another_shape_is_told_with_both_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "data.jsonl", *({**GSM8K, "question": f"{at}?"} for at in range(29)), PLAIN
    )
    with pytest.raises(UsageError, match=r"data.jsonl:30: .*generic.*gsm8k"):
        problems.read(path)
    write(tmp_path / "data.jsonl", *({**PLAIN, "prompt": f"{at}?"} for at in range(29)), GSM8K)
    with pytest.raises(UsageError, match=r"data.jsonl:30: .*gsm8k.*generic.*--format generic"):
        problems.read(path)
    read = problems.read(str(tmp_path / "data.jsonl"), ReadOptions(format="generic"))
    assert (read.format, len(read.problems)) == ("generic", 30)


def test_the_first_records_decide_and_not_only_the_first(tmp_path: Path) -> None:
    about = {"question": "Where?", "answer": "home"}
    rows = [{**about, "context": text} for text in ("", "Ann went home.", "Bob is home.")]
    read = problems.read(write(tmp_path / "data.jsonl", *rows))
    assert read.format == "reading"
    assert [each.messages[0].content for each in read.problems][:2] == [
        "Where?", "Ann went home.\n\nWhere?"]  # fmt: skip
    broken = {**GSM8K, "answer": "no gold"}
    with pytest.raises(UsageError, match=r"data.jsonl:1: 'answer' has no '#### ' line"):
        problems.read(write(tmp_path / "data.jsonl", broken, GSM8K, {**GSM8K, "question": "2?"}))


def test_problems_without_a_reference_are_counted(tmp_path: Path) -> None:
    answers: list[Any] = ["4", None, "", "5", []]
    rows = [{"prompt": str(at), "answer": each} for at, each in enumerate(answers[:4])]
    told = problems.read(write(tmp_path / "data.jsonl", *rows)).describe()
    assert "4 problems, 2 with a reference (answer), 2 without" in told


def test_long_lists_of_unused_fields_are_shortened(tmp_path: Path) -> None:
    record = {"prompt": "a", **{f"column{at}": at for at in range(20)}}
    told = problems.read(write(tmp_path / "data.jsonl", record)).describe()
    assert told.endswith("not used: `column0`, `column1`, `column2`, `column3`, `column4`, "
                         "`column5`, … (14 more)")  # fmt: skip


def test_what_is_mapped_is_read_whatever_the_shape(tmp_path: Path) -> None:
    record = {"question": "Which?", "context": "It is blue.", "answers": {"text": ["blue"]}}
    path = write(tmp_path / "data.jsonl", record)
    assert problems.read(path).format == "squad"
    (problem,) = problems.read(path, ReadOptions({"prompt": "question"})).problems
    assert problem.messages[0].content == "Which?"
    record = {"q": "3 times 6?", "a": "#### 18"}
    read = problems.read(write(tmp_path / "d.jsonl", record),
                         ReadOptions({"question": "q", "answer": "a"}))  # fmt: skip
    assert (read.format, read.unused) == ("gsm8k", ())


def test_gpqa_puts_the_right_choice_anywhere() -> None:
    rows = [{**GPQA, "Record ID": str(at), "Question": f"Which of {at}?"} for at in range(400)]
    found = [each.reference["answer"] for each in problems.read(rows).problems]
    assert found == [each.reference["answer"] for each in problems.read(rows).problems]
    assert all(70 <= found.count(letter) <= 130 for letter in "ABCD")


TEMPLATES = [
    ("{question}\n{choices}\nLetter:", "Which?\nA) red\nB) blue\nLetter:"),
    ("{question}\n({label}) {text}\n{labels}?", "Which?\n(A) red\n(B) blue\nA, B?"),
    ("{question} {choices} {x} {{", "Which? A) red\nB) blue {x} {{"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "asked"), TEMPLATES)
def test_the_text_around_choices_can_be_changed(tmp_path: Path, template: str, asked: str) -> None:
    for record in (
        {"question": "Which?", "choices": ["red", "blue"], "answer": 1},
        {"prompt": "Which?", "choices": ["red", "blue"], "answer": "B"},
        {"question": "Which?", "options": ["red", "blue"], "answer": "B", "answer_index": 1},
    ):
        options = ReadOptions(choices_template=template)
        (problem,) = problems.read(write(tmp_path / "data.jsonl", record), options).problems
        assert problem.messages[0].content == asked


@pytest.mark.parametrize("template", ["{question}", "{choices}", "{question} {label}", ""])
def test_a_template_that_hides_something_is_refused(tmp_path: Path, template: str) -> None:
    path = write(tmp_path / "data.jsonl", {"prompt": "a"})
    with pytest.raises(UsageError, match=r"template of choices needs \{question\}"):
        problems.read(path, ReadOptions(choices_template=template))


def test_braces_in_questions_and_choices_stay() -> None:
    record = {"question": "{text}?", "choices": ["{question}", "{label}"], "answer": 0}
    (problem,) = problems.read([record]).problems
    assert problem.messages[0].content.startswith("{text}?\nA) {question}\nB) {label}\n")
