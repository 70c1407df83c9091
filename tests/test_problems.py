"""Dataset readers: every format from its fields, rendered as asked."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from data_files import write
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc import problems
from ttc.errors import UsageError
from ttc.problems import ReadOptions
from ttc.records import Message, Problem

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "gsm8k",
        {"question": "How many?", "answer": "3 * 6 = <<3*6=18>>18\n#### 1,018"},
        "How many?",
        {"answer": "1018"},
    ),
    (
        "math",
        {"problem": "Find x.", "solution": r"So $x=\boxed{\frac{1}{2}}$.", "unique_id": "a/1"},
        "Find x.",
        {"answer": r"\frac{1}{2}"},
    ),
    (
        "math",
        {"problem": "Find x.", "solution": "…", "answer": "5"},
        "Find x.",
        {"answer": "5"},
    ),
    (
        "humaneval",
        {"task_id": "H/0", "prompt": "def f():\n", "entry_point": "f", "test": "def check(c): 1"},
        "def f():\n",
        {"tests": "def check(c): 1", "entry_point": "f", "prompt": "def f():\n"},
    ),
    (
        "humaneval-x",
        {"task_id": "Python/0", "prompt": "def f():\n", "test": "def check(f): 1\ncheck(f)"},
        "def f():\n",
        {"tests": "def check(f): 1\ncheck(f)", "prompt": "def f():\n"},
    ),
    (
        "livecodebench",
        {
            "question_id": "abc1",
            "question_content": "Add.",
            "starter_code": "class Solution:",
            "public_test_cases": "[]",
            "private_test_cases": "eJw=",
            "metadata": "{}",
            "difficulty": "easy",
        },
        "Add.\n\nBegin with this code:\n\nclass Solution:",
        {
            "starter_code": "class Solution:",
            "public_test_cases": "[]",
            "private_test_cases": "eJw=",
            "metadata": "{}",
        },
    ),
    (
        "codecontests",
        {"name": "A", "description": "Add.", "public_tests": {"input": ["1"], "output": ["2"]}},
        "Add.",
        {"public_tests": {"input": ["1"], "output": ["2"]}},
    ),
    (
        "generic",
        {"question": "Add.", "input_output": "{}", "fn_name": "add", "eps": 0.1, "level": 1},
        "Add.",
        {"input_output": "{}", "fn_name": "add", "eps": 0.1},
    ),
    ("generic", {"prompt": "Say it.", "answer": 4}, "Say it.", {"answer": "4"}),
    ("generic", {"question": "Why?", "target": "so"}, "Why?", {"answer": "so"}),
    ("generic", {"problem": "How?", "expected_answer": "thus"}, "How?", {"answer": "thus"}),
    ("generic", {"prompt": "No reference."}, "No reference.", {}),
]


@pytest.mark.parametrize(("form", "record", "asked", "reference"), CASES)
def test_formats_are_told_by_their_fields(
    tmp_path: Path, form: str, record: dict[str, Any], asked: str, reference: dict[str, Any]
) -> None:
    read = problems.read(write(tmp_path / "data.jsonl", record))
    assert read.format == form
    assert read.problems[0].messages == (Message("user", asked),)
    assert read.problems[0].reference == reference


def test_choices_are_listed_in_the_question(tmp_path: Path) -> None:
    record = {"question": "Which?", "choices": ["red", "blue"], "answer": "B"}
    problem = problems.read(write(tmp_path / "d.jsonl", record)).problems[0]
    assert "A) red\nB) blue" in problem.messages[0].content
    assert problem.reference == {"answer": "B", "choices": ["red", "blue"]}


@pytest.mark.parametrize(
    ("record", "listed", "reference"),
    [
        (
            {"question": "Which?", "choices": ["1", "0"], "answer": 1},
            "A) 1\nB) 0\nAnswer with the letter",
            {"answer": 1, "choices": ["1", "0"]},
        ),
        (
            {
                "question": "Which?",
                "choices": {"text": ["red", "blue"], "label": ["1", "2"]},
                "answerKey": "2",
            },
            "1) red\n2) blue\nAnswer with the number",
            {"answer": "2", "choices": {"text": ["red", "blue"], "label": ["1", "2"]}},
        ),
        ({"question": "Who?", "answer": ["UK", "Britain"]}, "Who?", {"answer": ["UK", "Britain"]}),
        (
            {"question": "Who?", "answers": {"text": ["UK"], "answer_start": [4]}},
            "Who?",
            {"answers": {"text": ["UK"], "answer_start": [4]}},
        ),
        (
            {"question": "Who?", "answer": {"value": "UK", "aliases": ["Britain"]}},
            "Who?",
            {"answer": {"value": "UK", "aliases": ["Britain"]}},
        ),
    ],
)
def test_places_labels_and_several_answers_are_kept(
    tmp_path: Path, record: dict[str, Any], listed: str, reference: dict[str, Any]
) -> None:
    (problem,) = problems.read(write(tmp_path / "d.jsonl", record)).problems
    assert listed in problem.messages[0].content
    assert problem.reference == reference


def test_messages_keep_their_turns(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    problem = problems.read(write(tmp_path / "d.jsonl", {"messages": turns})).problems[0]
    assert problem.messages == (Message("system", "Be brief."), Message("user", "Hi"))


def test_ids_come_from_the_record_else_from_the_place(tmp_path: Path) -> None:
    rows = ({"prompt": "a"}, {"prompt": "b", "id": 7}, {"prompt": "c"})
    read = problems.read(write(tmp_path / "my.set.jsonl", *rows))
    assert [problem.id for problem in read.problems] == ["my/0", "7", "my/2"]


def test_identical_lines_count_once_and_are_told(tmp_path: Path) -> None:
    row = {"id": 1, "prompt": "a"}
    read = problems.read(write(tmp_path / "d.jsonl", row, row))
    assert (len(read.problems), read.repeated) == (1, 1)
    assert "1 identical lines dropped" in read.describe()


def test_map_renames_and_detection_sees_the_new_names(tmp_path: Path) -> None:
    source = write(tmp_path / "d.jsonl", {"ask": "Why?", "gold": "so", "nr": "x1"})
    with pytest.raises(UsageError, match=r"d.jsonl:1: no question in the fields ask, gold, nr"):
        problems.read(source)
    mapping = {"prompt": "ask", "answer": "gold", "id": "nr"}
    problem = problems.read(source, ReadOptions(mapping)).problems[0]
    assert (problem.id, problem.reference) == ("x1", {"answer": "so"})


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ({"prompt": ""}, "'prompt' must be a non-empty string"),
        ({"prompt": "a", "answer": [1]}, "'answer' must be a string or a number"),
        ({"prompt": "a", "choices": "AB"}, "'choices' must be a list of strings"),
        ({"prompt": "a", "choices": {"text": ["b"]}}, "or an object with 'text' and 'label'"),
        ({"messages": []}, "'messages' must be a list of turns"),
        ({"messages": [{"role": "user"}]}, "needs 'role' and 'content'"),
        ({"problem": "a", "solution": "no box"}, "neither an 'answer' nor a"),
        ({"prompt": "a", "id": 1.5}, "'id' must be a string or an integer"),
    ],
)
def test_a_wrong_field_is_told_with_its_line(
    tmp_path: Path, record: dict[str, Any], fault: str
) -> None:
    with pytest.raises(UsageError, match=r"d.jsonl:1: ") as raised:
        problems.read(write(tmp_path / "d.jsonl", record))
    assert fault in str(raised.value)


def test_skip_bad_counts_what_it_passes_over(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'{"prompt": "a"}\nnot json\n{"prompt": ""}\n\xff\n{"prompt": "b"}\n')
    read = problems.read(str(path), ReadOptions(skip_bad=True))
    assert [problem.messages[0].content for problem in read.problems] == ["a", "b"]
    assert len(read.skipped) == 3
    assert "3 bad lines skipped" in read.describe()


def test_gzip_is_told_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "named_wrong.jsonl"
    path.write_bytes(gzip.compress(b'{"prompt": "a"}\n'))
    assert len(problems.read(str(path)).problems) == 1


def test_a_cut_gzip_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(b'{"prompt": "a"}\n' * 1000)[:-20])
    with pytest.raises(UsageError, match="cannot be read"):
        problems.read(str(path))


PROBLEM = Problem("p", (Message("user", "Why?"),))


def test_render_puts_system_and_template_around_the_question() -> None:
    made = problems.render(PROBLEM, "Be brief.", "Q: {prompt}\nA:", raw=False)
    assert made.messages == (Message("system", "Be brief."), Message("user", "Q: Why?\nA:"))


def test_render_raw_is_the_question_alone() -> None:
    made = problems.render(PROBLEM, None, "Q: {prompt}", raw=True)
    assert (made.prompt, made.messages) == ("Q: Why?", ())


def test_a_system_message_replaces_the_problem_s_own() -> None:
    own = Problem("p", (Message("system", "old"), Message("user", "Why?")))
    assert problems.render(own, "new", None, raw=False).messages[0] == Message("system", "new")
    assert problems.render(own, None, None, raw=False) == own


def test_a_template_without_its_place_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no \{prompt\} in it"):
        problems.render(PROBLEM, None, "Answer!", raw=False)


@settings(deadline=None)  # the first one imports all shapes
@given(
    st.lists(
        st.fixed_dictionaries(
            {"question": st.text(min_size=1).filter(str.strip), "answer": st.text(min_size=1)}
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_generic_jsonl_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    numbered = [
        {"id": str(at), **row, "answer": "=" + row["answer"]} for at, row in enumerate(rows)
    ]
    path = tmp_path_factory.mktemp("rows") / "d.jsonl"
    read = problems.read(write(path, *numbered), ReadOptions(format="jsonl"))
    assert [p.messages[0].content for p in read.problems] == [row["question"] for row in numbered]
    assert [p.reference["answer"] for p in read.problems] == [row["answer"] for row in numbered]


@pytest.mark.parametrize(
    ("name", "form", "count"),
    [("gsm8k_test.jsonl", "gsm8k", 1319), ("math500.jsonl", "math", 500)],
)
def test_the_public_sets_are_read_whole(name: str, form: str, count: int) -> None:
    if not (DATA / name).exists():
        pytest.skip("the public data sets are not here")
    read = problems.read(str(DATA / name))
    assert (read.format, len(read.problems)) == (form, count)
    assert all(problem.reference["answer"] for problem in read.problems)


def test_mbpp_is_read(tmp_path: Path) -> None:
    row = {
        "task_id": 11,
        "text": "Write a function to double a number.",
        "code": "def double(n): return 2 * n",
        "test_list": ["assert double(2) == 4", "assert double(0) == 0"],
        "test_setup_code": "import math",
    }
    (tmp_path / "m.jsonl").write_text(json.dumps(row) + "\n")
    (problem,) = problems.read(str(tmp_path / "m.jsonl")).problems
    assert problem.id == "mbpp/11"
    assert problem.messages[0].content.endswith("assert double(2) == 4\nassert double(0) == 0")
    assert problem.reference == {"tests": row["test_list"], "setup": "import math"}
    plus = {**row, "test": "for n in range(9): assert double(n) == 2 * n", "test_imports": []}
    (tmp_path / "m.jsonl").write_text(json.dumps(plus) + "\n")
    (problem,) = problems.read(str(tmp_path / "m.jsonl")).problems
    assert problem.reference["tests"] == plus["test"]
    (tmp_path / "m.jsonl").write_text(json.dumps({**row, "test_list": "assert"}) + "\n")
    with pytest.raises(UsageError, match="'test_list' must be a list of asserts"):
        problems.read(str(tmp_path / "m.jsonl"))


def test_evalplus_own_files_are_read(tmp_path: Path) -> None:
    row = {
        "task_id": "HumanEval/0",
        "prompt": "def double(n):\n",
        "entry_point": "double",
        "canonical_solution": "    return 2 * n\n",
        "base_input": [[1]],
        "plus_input": [[2.5]],
        "atol": 0,
    }
    path = tmp_path / "plus.jsonl"
    path.write_text(json.dumps(row) + "\n")
    read = problems.read(str(path))
    assert read.format == "evalplus"
    (problem,) = read.problems
    assert problem.messages[0].content == row["prompt"]
    assert "[[1], [2.5]]" in problem.reference["tests"]
    for change, message in [
        ({"task_id": "Mbpp/2"}, "mbppplus"),
        ({"base_input": [], "plus_input": None}, "neither 'base_input' nor 'plus_input'"),
        ({"plus_input": [1]}, "'plus_input' must be a list of lists"),
        ({"atol": "1e-6"}, "'atol' must be a number"),
    ]:
        path.write_text(json.dumps({**row, **change}) + "\n")
        with pytest.raises(UsageError, match=message):
            problems.read(str(path))


def test_what_programs_and_models_need_is_kept(tmp_path: Path) -> None:
    row = {"prompt": "Double it.", "inputs": ["2\n"], "outputs": ["4\n"], "other": 1}
    (tmp_path / "s.jsonl").write_text(json.dumps(row) + "\n")
    (problem,) = problems.read(str(tmp_path / "s.jsonl")).problems
    assert problem.reference == {"inputs": ["2\n"], "outputs": ["4\n"]}


def test_humaneval_gzip_is_read_whole() -> None:
    path = DATA / "HumanEval.jsonl.gz"
    if not path.exists():
        pytest.skip("the public data sets are not here")
    read = problems.read(str(path))
    assert (read.format, len(read.problems)) == ("humaneval", 164)
    assert read.template is not None
    rendered = problems.render(read.problems[0], None, None, raw=True)
    assert rendered.prompt == read.problems[0].reference["prompt"]
