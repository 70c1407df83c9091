"""Shapes of datasets: each is known by its fields, asked whole, and told in a line."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from data_files import write
from shape_cases import CASES, GPQA, Case

from ttc import plugins, problems
from ttc.errors import UsageError
from ttc.formats.mapping import parse_mapping
from ttc.formats.shapes.known import shapes
from ttc.problems import ReadOptions
from ttc.records import Sample


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
    ({"question": "Who is it?", "puzzle": "There are 3 houses."}, "puzzle", "question"),
    ({"question": "Is she green?", "theory": "Anne is blue."}, "theory", "question"),
]  # fmt: skip


def test_the_remedy_joins_all_parts(tmp_path: Path) -> None:
    record = {"passage": "Two figs.", "question": "How many?", "answer": "2", "hint": "Count."}
    path = write(tmp_path / "data.jsonl", record)
    with pytest.raises(UsageError, match=r"--map prompt=hint\+passage\+question joins them"):
        problems.read(path)
    options = ReadOptions({"prompt": "hint+passage+question"})
    (problem,) = problems.read(path, options).problems
    assert problem.messages[0].content == "Count.\n\nTwo figs.\n\nHow many?"
    odd = write(tmp_path / "data.jsonl", {"question": "Why?", "the, context": "It was so."})
    with pytest.raises(UsageError, match="--map") as raised:
        problems.read(odd)
    pair = shlex.split(str(raised.value).partition("--map ")[2])[0]
    (problem,) = problems.read(odd, ReadOptions(parse_mapping(pair, ["prompt"]))).problems
    assert problem.messages[0].content == "It was so.\n\nWhy?"


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
        {"question": "Why?", "prompt": "Q: Why? A:"},
        {"problem": "Why?", "formal_statement": "theorem a : 1 = 1"},
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
    ({"problem": "p", "text": "4"}, "ttc verify"),
    ({"problem": "p", "text": "4", "reference": {"answer": "4"}}, "ttc verify"),
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


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"question": "Which?", "choices": "['red' 'blue']", "answer": 1}, "no commas between"),
        ({"question": "Which?", "options": ["red", "blue"], "answer": "C"}, "none of the choices"),
        ({"question": "Which?", "options": ["red", "blue"], "answer": 2}, "no place among 2"),
        ({"question": "Which?", "options": ["red", "blue"], "answer": "A", "answer_index": 1},
         "'answer' is A, but 'answer_index' is 1"),
        ({"question": "Which?", "options": [{"x": 1}], "answer": 0}, "must be a list of strings"),
        ({"question": "Which?", "A": "red", "B": "blue", "answer": "E"}, "none of the choices"),
        ({"premise": "a", "hypothesis": "b", "label": 7}, "no place among 3 choices"),
        ({"question": "Which?", "passage": "a b", "answer": True, "options": ["x"]},
         "'options' are not shown"),
    ],
)  # fmt: skip
def test_references_that_are_no_choice_are_told(
    tmp_path: Path, record: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=r"data.jsonl:1: ") as raised:
        problems.read(write(tmp_path / "data.jsonl", record))
    assert told in str(raised.value)


ODD: tuple[Any, ...] = (
    *(None, True, -5, 2.5, "", "x", "[", "['a'", "9" * 30, [], {}, [1], [None], ["a"], [{}], [[]]),
    *({"a": 1}, {"text": "a"}, {"text": ["a"], "label": ["A", "B"]}, [{"role": 1, "content": 1}]),
)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{c.shape}" for at, c in enumerate(CASES)])
def test_whatever_is_in_a_field_is_read_or_told(case: Case) -> None:
    for name in case.record:
        for odd in ODD:
            record = {**case.record, name: odd}
            for form in (None, case.shape):
                with contextlib.suppress(UsageError):
                    problems.read([record], ReadOptions(format=form)).describe()


def test_braces_in_questions_and_choices_stay() -> None:
    record = {"question": "{text}?", "choices": ["{question}", "{label}"], "answer": 0}
    (problem,) = problems.read([record]).problems
    assert problem.messages[0].content.startswith("{text}?\nA) {question}\nB) {label}\n")


def right(reference: dict[str, Any]) -> str:
    """Return a completion that gives the answer of a reference."""
    answer = reference.get("answer", reference.get("answers"))
    if isinstance(answer, dict):
        answer = answer.get("value") or answer["text"]
    answer = answer[0] if isinstance(answer, list) else answer
    if isinstance(answer, int):
        answer = chr(ord("A") + answer)
    return f"So the answer is {answer}."


JUDGED = [
    case
    for case in CASES
    if "answer" in case.reference or "answers" in case.reference
    if shapes()[case.shape].verifier.partition(":")[0] in ("choice", "numeric", "exact", "math")
]


@pytest.mark.parametrize("case", JUDGED, ids=[f"{at}-{c.shape}" for at, c in enumerate(JUDGED)])
def test_the_verifier_that_fits_reads_the_reference(case: Case) -> None:
    shape = shapes()[case.shape]
    name = "numeric" if shape.verifier == "math" else shape.verifier  # math is an extra
    if case.shape == "inspect-samples" and "choices" not in case.reference:
        name = "exact"
    if case.shape == "olympiadbench" or (
        name == "numeric" and not any(map(str.isdecimal, str(case.reference["answer"])))
    ):
        name = "exact"
    sample = Sample("p", 0, right(case.reference), "stop", reference=case.reference)
    (verdict,) = plugins.build("verifiers", name).verify([sample])
    assert verdict.correct is True, verdict


def test_each_own_shape_names_its_fields_and_one_line() -> None:
    from ttc.formats.shapes.shape import Shape

    known = shapes()
    for name, entry in plugins.installed("formats").items():
        if not entry.value.startswith("ttc.formats.shapes."):
            continue
        shape = known[name]
        assert isinstance(shape, Shape)
        assert shape.name == name
        assert (type(shape).__doc__ or "").startswith("Read ")
        # The fields that a shape needs are told in its line, so that ttc plugins shows them.
        verifier = shape.verifier.partition(":")[0]
        assert not verifier or verifier in plugins.installed("verifiers")


def test_names_of_fields_are_made_visible(ttc: Ttc, tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", {"prompt": "a", "b\x1b[2J": 1})
    ran = ttc("sample", path, "--dry-run", "-m", "scripted:")
    assert "not used: `b␛[2J`" in ran.err
    assert "\x1b" not in ran.err


def test_the_first_name_of_the_generic_shape_is_still_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", GSM8K)
    read = problems.read(path, ReadOptions(format="jsonl"))
    assert read.problems[0].reference == {"answer": GSM8K["answer"]}
    with pytest.raises(UsageError, match="did you mean gsm8k"):
        problems.read(path, ReadOptions(format="gsm8"))


@pytest.mark.parametrize(("name", "told"), [("inspect", "ttc import"), ("gzip", "no --format")])
def test_formats_that_are_no_shapes_are_told_from_unknown_ones(
    tmp_path: Path, name: str, told: str
) -> None:
    path = write(tmp_path / "data.jsonl", GSM8K)
    with pytest.raises(UsageError, match=told):
        problems.read(path, ReadOptions(format=name))
