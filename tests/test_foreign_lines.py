"""Lines of other tools: what is read as what, in one note for each kind, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc
from data_files import write

import ttc as library
from ttc.errors import UsageError
from ttc.formats import finish_reasons
from ttc.interchange import Intake, read_samples
from ttc.jsonl import Line
from ttc.outcomes.lines import Reading, read_outcomes

Record = dict[str, Any]


def judged(*records: Record, **mapping: str) -> tuple[list[Any], list[str]]:
    """Return the outcomes of records, and the notes."""
    intake = Intake(mapping, judged=True)
    found = [each for _, _, each in read_outcomes(records, reading=Reading(intake=intake))]
    return found, intake.notes()


def sampled(*records: Record, **mapping: str) -> tuple[list[Any], list[str]]:
    """Return the samples of records, and the notes."""
    intake = Intake(mapping, ("problem", "text"))
    return [each for _, each in read_samples(records, intake=intake)], intake.notes()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1, True),
        (0, False),
        (1.0, True),
        (0.0, False),
        ("1", True),
        ("0.0", False),
        ("True", True),
        ("false", False),
        (" TRUE ", True),
        ("yes", True),
        ("no", False),
        ("pass", True),
        ("Passed", True),
        ("fail", False),
        ("C", True),
        ("I", False),
        ("correct", True),
        ("incorrect", False),
        ("", None),
        ("NaN", None),
        ("None", None),
    ],
)
def test_truths_in_other_notations(value: Any, read: bool | None) -> None:
    (outcome,), notes = judged({"problem": "p", "correct": value})
    assert outcome.correct is read
    (note,) = notes
    assert note.startswith("correct: read ")
    assert note.endswith(f" as {json.dumps(read)} (1)")


def test_each_notation_is_counted_in_one_note() -> None:
    _, notes = judged(*({"problem": "p", "correct": at % 2} for at in range(5)))
    assert notes == ["correct: read 0 as false (3), 1 as true (2)"]
    assert judged({"problem": "p", "correct": True})[1] == []


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.5, r"0.5 is a score: read it with --map score=passed.*'correct=passed:>0.5'"),
        ("0.7", r"0.7 is a score.*'correct=passed:>0.5'"),
        (3, r"3 is a score.*'correct=passed:>=1'"),
        ("Maybe", "true or false, not 'Maybe'.*--map 'correct=passed:==.VALUE.'"),
        ({"value": 1}, r"not an object; .*--map correct=passed.value"),
        ([1, 0], r"not a list; .*--map correct=passed\.\*, which makes a draw of each"),
    ],
)
def test_what_is_no_truth_is_refused_with_a_remedy(value: Any, why: str) -> None:
    for record, mapping in (
        ({"problem": "p", "passed": value}, {}),
        ({"problem": "p", "passed": value}, {"correct": "passed"}),
    ):
        with pytest.raises(UsageError, match=f"record 0: 'correct' must.*{why}"):
            judged(record, **mapping)


@pytest.mark.parametrize(
    ("mapping", "value", "read"),
    [
        ("s:>0.5", 0.75, True),
        ("s:>0.5", 0.25, False),
        ("s:>0.5", "0.75", True),
        ("s:>0.5", None, None),
        ("s:==C", "C", True),
        ("s:==C", "P", False),
        ("s:==null", "an error", False),
    ],
)
def test_the_remedies_work(mapping: str, value: Any, read: bool | None) -> None:
    (outcome,), notes = judged({"problem": "p", "s": value}, correct=mapping)
    assert (outcome.correct, notes) == (read, [])


@pytest.mark.parametrize(
    ("name", "value", "read", "note"),
    [
        ("completion_tokens", 17.0, 17, "read as whole numbers: completion_tokens (1, as 17.0)"),
        ("completion_tokens", "17", 17, "read as whole numbers: completion_tokens (1, as 17)"),
        ("completion_tokens", "17.0", 17, "read as whole numbers: completion_tokens (1, as 17.0)"),
        ("completion_tokens", nan, None, None),
        ("completion_tokens", "", None, "read as null: completion_tokens (1, as '')"),
        ("prompt_tokens", 3.0, 3, "read as whole numbers: prompt_tokens (1, as 3.0)"),
        ("verifier_tokens", 3.0, 3, "read as whole numbers: verifier_tokens (1, as 3.0)"),
        ("index", 4.0, 4, "read as whole numbers: index (1, as 4.0)"),
        ("index", "4", 4, "read as whole numbers: index (1, as 4)"),
        ("score", "0.83", 0.83, "read as numbers: score (1, as 0.83)"),
        ("score", "nan", None, "read as null: score (1, as nan)"),
        ("score", "", None, "read as null: score (1, as '')"),
        ("seconds", "1.5", 1.5, "read as numbers: seconds (1, as 1.5)"),
        ("logprob", "-3.5", -3.5, "read as numbers: logprob (1, as -3.5)"),
        ("answer", True, "True", "answer: read True as the text True (1)"),
        ("prompt_tokens", "many", None, "not read, as of another type: prompt_tokens (1, as many)"),
        ("stop", ["\n"], None, None),
        ("think_tokens", 5.0, 5, "read as whole numbers: think_tokens (1, as 5.0)"),
        ("reasoning_tokens", 5, 5, "read by other names: think_tokens from reasoning_tokens"),
        ("logprobs", [-0.5], None, "not read, as of another type: logprobs (1, as [-0.5])"),
    ],
)
def test_numbers_in_other_notations(name: str, value: Any, read: Any, note: str | None) -> None:
    record = {"problem": "p", "correct": True, name: value}
    if value != value:
        # NaN is no JSON; it comes from tables.
        line = Intake(judged=True)._checked(Line("f:1", record))
        assert line.record[name] is None
        return
    (outcome,), notes = judged(record)
    if hasattr(outcome, name):
        assert getattr(outcome, name) == read
    assert note is None or notes == [note]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("completion_tokens", 17.5, "must be a whole number, not 17.5"),
        ("completion_tokens", {"total": 5}, "must be a whole number, not an object"),
        ("completion_tokens", True, "must be a whole number, not true"),
        ("index", "first", "must be a whole number, not 'first'"),
        ("problem", 17.5, "must be a text or a whole number, not 17.5"),
        ("problem", True, "must be a text or a whole number, not true"),
        ("problem", ["a", "b"], "not a list"),
        ("score", True, "must be a number, not true; .*--map correct=score"),
        ("score", "high", "must be a number, not 'high'"),
        ("answer", ["4"], r"not a list; .*--map answer=answer\.0"),
        ("finish_reason", 3, "must be stop, length, cancelled or error, not a number"),
    ],
)
def test_what_no_field_can_be_is_refused(name: str, value: Any, why: str) -> None:
    with pytest.raises(UsageError, match=f"record 0: '{name}' .*{why}"):
        judged({"problem": "p", "correct": True, name: value})


@pytest.mark.parametrize("value", [17, 17.0, "17"])
def test_one_problem_in_any_notation(value: Any) -> None:
    records = [{"problem": each, "correct": True} for each in (17, value)]
    intake = Intake(judged=True)
    found = [name for name, _, _ in read_outcomes(records, reading=Reading(intake=intake))]
    assert found == ["17", "17"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("eos", "stop"),
        ("STOP", "stop"),
        ("COMPLETE", "stop"),
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("length_capped", "length"),
        ("model_length", "length"),
        ("FinishReason.MAX_TOKENS", "length"),
        ({"type": "length", "length": 512}, "length"),
        ({"type": "stop", "matched": 128001}, "stop"),
        ("unknown", None),
        ("", None),
        ("banana", None),
    ],
)
def test_ends_in_the_words_of_other_tools(value: Any, read: str | None) -> None:
    (outcome,), notes = judged({"problem": "p", "correct": True, "finish_reason": value})
    assert outcome.finish_reason == read
    assert len(notes) == 1
    assert "finish_reason: read" in notes[0]


@pytest.mark.parametrize("value", ["content_filter", "SAFETY", "tool_calls", "error", "abort"])
def test_draws_without_an_answer_are_left_out_and_told(value: str) -> None:
    found, notes = judged(
        {"problem": "p", "correct": False, "finish_reason": value},
        {"problem": "p", "correct": True, "finish_reason": "stop"},
    )
    assert len(found) == 1
    assert notes[-1].startswith("1 draw did not end, and is left out (1 ")


def test_the_words_of_servers_and_of_logs_are_one_table() -> None:
    stream_parser = pytest.importorskip("ttc_openai.stream_parser")
    assert stream_parser.ENDS is finish_reasons.ENDS


@pytest.mark.parametrize(
    ("record", "note"),
    [
        ({"task_id": "a", "passed": True}, "problem from task_id, correct from passed"),
        ({"doc_id": 3, "exact_match": 1.0}, "problem from doc_id, correct from exact_match"),
        ({"question_id": 3, "is_correct": 1}, "problem from question_id, correct from is_correct"),
        ({"problem_id": "x", "acc": 0.0}, "problem from problem_id, correct from acc"),
        (
            {"problem": "x", "correct": True, "num_generated_tokens": 9},
            "completion_tokens from num_generated_tokens",
        ),
        (
            {"problem": "x", "correct": True, "predicted_answer": "4"},
            "answer from predicted_answer",
        ),
        ({"problem": "x", "correct": True, "stop_reason": "end_turn"}, "finish_reason from stop_"),
        ({"problem": "x", "correct": True, "stop_reason": "\n\n"}, None),
        ({"problem": "x", "correct": True, "passed": False}, None),
        ({"problem": "x", "correct": None, "passed": False}, None),
        ({"schema": 1, "problem": "x", "status": "ok", "passed": False}, None),
    ],
)
def test_verdicts_by_other_names(record: Record, note: str | None) -> None:
    (outcome,), notes = judged(record)
    told = [each for each in notes if each.startswith("read by other names: ")]
    assert [note in each for each in told] == ([] if note is None else [True])
    if note is not None and "correct from" in note:
        assert outcome.correct is bool(next(v for n, v in record.items() if "_id" not in n))


@pytest.mark.parametrize(
    "record",
    [
        {"task_id": "a", "completion": "x"},
        {"custom_id": "a", "response": "x"},
        {"problem_id": "a", "output": "x"},
        {"doc_id": "a", "generation": "x"},
        {"question_id": "a", "model_output": "x"},
        {"task_id": "a", "solution": "x"},
        {"task_id": "a", "generated_text": "x", "prompt": "q"},
    ],
)
def test_samples_by_other_names(record: Record) -> None:
    (sample,), notes = sampled(record)
    assert (sample.problem, sample.text) == ("a", "x")
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"task_id": "a", "question_id": "b", "text": "x"}, "--map problem=question_id or --map"),
        ({"task_id": "a", "response": "x", "output": "y"}, "--map text=response or --map text=out"),
        ({"task_id": "a", "question": "q", "solution": "x"}, "these look like problems"),
        ({"id": "a", "text": "x"}, "--map problem=FIELD, such as problem=id"),
        ({"problem": "a", "answer": "x"}, "--map text=FIELD, such as text=answer"),
        (
            {"problem": "a", "text": None},
            r"'text' is null; leave such lines out: `jq -c 'select\(.text != null\)'",
        ),
        ({"problem": "a", "text": ["x", "y"]}, r"--map text=text\.\*, which makes a draw of each"),
        ({"problem": "a", "text": [["x", "y"]]}, r"--map text=text\.0\.\*"),
        ({"problem": "a", "text": [{"type": "text", "text": "x"}]}, r"--map text=text\.0\.text"),
        (
            {"problem": "a", "text": {"choices": [{"message": {"content": "x"}}]}},
            r"--map text=text\.choices\.0\.message\.content",
        ),
        ({"doc_id": 1, "resps": [["x"]]}, r"--map text=resps\.0\.\*"),
    ],
)
def test_names_that_may_mean_something_else_are_refused(record: Record, why: str) -> None:
    with pytest.raises(UsageError, match=f"record 0: .*{why}"):
        sampled(record)


@pytest.mark.parametrize(
    ("record", "reference", "note"),
    [
        ({"target": "4"}, {"answer": "4"}, "reference.answer from target"),
        ({"expected_answer": 4}, {"answer": "4"}, "reference.answer from expected_answer"),
        ({"gold": ["4"]}, {}, None),
        ({"gold": "4", "target": "5"}, {}, "may both be it; choose with --map reference=FIELD"),
        ({"reference": "4"}, {"answer": "4"}, "read as reference.answer: reference (1, as 4)"),
        ({"reference": {"answer": "4"}, "target": "5"}, {"answer": "4"}, None),
    ],
)
def test_references_by_other_names(record: Record, reference: Record, note: str | None) -> None:
    (sample,), notes = sampled({"problem": "p", "text": "x", **record})
    assert sample.reference == reference
    assert notes == [] if note is None else note in notes[0]


@pytest.mark.parametrize(
    ("tokens", "logprob", "note"),
    [
        (2, -0.75, "summed over the tokens: logprob (1,"),
        (3, None, "not read, as it is unknown whether it has one number for each token: logprob"),
        (None, None, "not read, as it is unknown whether it has one number for each token"),
    ],
)
def test_lists_of_log_probabilities(tokens: int | None, logprob: float | None, note: str) -> None:
    record = {"problem": "p", "text": "x", "logprob": [-0.5, -0.25], "completion_tokens": tokens}
    (sample,), notes = sampled(record)
    assert sample.logprob == logprob
    assert note in notes[-1]


def rows(filters: Sequence[str], documents: int = 2, repeats: int = 2) -> list[Record]:
    """Return the rows of lm-eval's --log_samples."""
    return [
        {
            "doc_id": doc,
            "target": str(doc),
            "resps": [[f"The answer is {doc + at}" for at in range(repeats)]],
            "filter": name,
            "exact_match": 1.0,
        }
        for name in filters
        for doc in range(documents)
    ]


def test_rows_by_two_filters_are_one_draw() -> None:
    with pytest.raises(UsageError, match=r"'0' has rows by the filters 'strict' and 'flexible'"):
        judged(*rows(("strict", "flexible")))
    found, notes = judged(*rows(("strict",)))
    assert len(found) == 2
    assert "2 rows of lm-eval have several responses and one verdict" in notes[1]
    # A field of this name that differs between problems is no filter.
    other = [{"problem": name, "correct": True, "filter": name} for name in "ab"]
    assert len(judged(*other)[0]) == 2


def test_repeats_of_rows_are_draws() -> None:
    found, notes = sampled(*rows(("strict",)), text="resps.0.*")
    assert [(each.problem, each.index, each.text[-1]) for each in found] == [
        *(("0", 0, "0"), ("0", 1, "1")),
        *(("1", 0, "1"), ("1", 1, "2")),
    ]
    assert [each.reference for each in found] == [{"answer": each.problem} for each in found]
    assert notes == ["read by other names: problem from doc_id, reference.answer from target"]


def test_a_sweep_tells_what_it_read(ttc: Ttc, own_home: Path) -> None:
    path = write(own_home / "s.jsonl", *({"task_id": "a", "passed": at % 2} for at in range(4)))
    done = ttc("sweep", path, "-s", "coverage", "-k", "1", "--json").document
    assert done["curves"][0]["points"][0]["value"] == 0.5
    assert [line for line in done["warnings"] if "read" in line] == [
        "read by other names: problem from task_id, correct from passed",
        "correct: read 0 as false (2), 1 as true (2)",
    ]


def test_verify_draws_each_item_and_tells(ttc: Ttc, own_home: Path) -> None:
    path = write(
        own_home / "s.jsonl", {"q": 1, "outs": ["2", "3"], "gold": 2}, {"q": 2, "outs": []}
    )
    mapped = ("--map", "problem=q,text=outs.*", "--map", "reference.answer=gold")
    done = ttc("verify", path, "-V", "numeric", "-o", "-", *mapped)
    assert [(line["problem"], line["text"], line["correct"]) for line in done.lines] == [
        (1, "2", True),
        (1, "3", False),
    ]
    assert "1 of 2 records lack 'gold'" in done.err
    assert "1 of 2 records have an empty list of draws" in done.err


@pytest.mark.parametrize("command", ["sweep", "verify"])
def test_a_field_that_no_line_has_is_an_error(ttc: Ttc, own_home: Path, command: str) -> None:
    path = write(own_home / "s.jsonl", {"problem": "a", "text": "x", "correct": True, "final": "4"})
    verifier = ("-V", "regex:x") if command == "verify" else ()
    done = ttc(command, path, *verifier, "--map", "answer=fianl")
    assert (done.code, "answer=fianl: no record has it" in done.err) == (2, True)
    assert "did you mean 'final'" in done.err


def test_sample_says_what_no_record_has(ttc: Ttc, own_home: Path) -> None:
    path = write(own_home / "p.jsonl", {"id": "a", "question": "1+1?", "answer": "2"})
    dry = ("--dry-run", "-n", "1", "-m", "scripted:")
    done = ttc("sample", path, *dry, "--map", "answer=gold")
    assert (done.code, "no field 'gold' among id, question, answer" in done.err) == (2, True)
    more = write(own_home / "q.jsonl", {"id": "b", "question": "1+2?", "gold": "3"})
    done = ttc("sample", path, more, *dry, "--map", "answer=gold")
    assert (done.code, "p: no record has 'gold'" in done.err) == (0, True)


def test_sample_reaches_inside_and_joins(ttc: Ttc, own_home: Path) -> None:
    turns = [{"role": "user", "content": "1+1?"}]
    path = write(own_home / "p.jsonl", {"i": "a", "body": {"messages": turns}}, {"i": "b"})
    mapped = ("--map", "id=i,messages=body.messages")
    done = ttc("sample", path, "-n", "1", "-m", "scripted:", "--pool", "p", *mapped)
    assert (done.code, "p.jsonl:2: --map messages=body.messages: no field" in done.err) == (2, True)
    done = ttc("sample", path, "-n", "1", "-m", "scripted:", "--pool", "p", "--skip-bad", *mapped)
    assert done.code == 0
    assert ttc("show", "p", "a", "--json").document["messages"] == turns
    story = {"i": "c", "body": "Ann has 2.", "more": "", "ask": "How many?", "tip": "Count."}
    path = write(own_home / "r.jsonl", story)
    joined = ("--map", 'id=i,prompt=body+more+ask+"\\nHint: "+tip')
    assert ttc("sample", path, "-n", "1", "-m", "scripted:", "--pool", "r", *joined).code == 0
    (message,) = ttc("show", "r", "c", "--json").document["messages"]
    assert message["content"] == "Ann has 2.\n\nHow many?\nHint: Count."


def test_the_library_reads_the_same_way() -> None:
    records = [{"q": "a", "outs": ["2", "3"], "oks": ["pass", "fail"]}]
    mapping = {"problem": "q", "answer": "outs.*", "correct": "oks.*"}
    swept = library.sweep(records, rules="coverage", ks=(1, 2), mapping=mapping)
    assert [point.value for point in swept.curves[0].points] == [0.5, 1.0]
    assert any("correct: read pass as true (1)" in line for line in swept.warnings)
    with pytest.raises(UsageError, match=r"mapping=\{'correct': 'ok\.\*'\}: no record has it"):
        library.sweep([{"problem": "a", "correct": True}], mapping={"correct": "ok.*"})
    with pytest.raises(UsageError, match=r"mapping=\{'text': 'a\.'\}.*missing after the dot"):
        library.verify(records, "numeric", mapping={"text": "a."})


def test_foreign_samples_with_their_questions_are_replayed(ttc: Ttc, own_home: Path) -> None:
    outs = [{"task_id": "x", "question": "1+1?", "response": out} for out in ("2", "3")]
    recorded = write(own_home / "r.jsonl", *outs)
    path = write(own_home / "p.jsonl", {"id": "a", "question": "1+1?"})
    done = ttc("sample", path, "-n", "2", "-m", f"replay:{recorded}", "--pool", "p", "-o", "-")
    assert [line["text"] for line in done.lines] == ["2", "3"]
    assert "read by other names: problem from task_id, text from response" in done.err


def test_a_field_that_is_mapped_has_no_meaning_of_its_own() -> None:
    records = [{"id": "a", "score": word} for word in "CI"]
    found, _ = judged(*records, problem="id", correct="score")
    assert [each.correct for each in found] == [True, False]
    assert [each.score for each in found] == [None, None]
    records = [{"index": 7, "score": word} for word in "CI"]
    found, _ = judged(*records, problem="index", correct="score:==C")
    assert [each.index for each in found] == [0, 1]
    with pytest.raises(UsageError, match=r"draw 7 of 'a' .* `jq -c 'del"):
        judged(*({"problem": "a", "correct": True, "index": 7} for _ in range(2)))


def test_a_mapping_of_a_pool_is_told(ttc: Ttc, own_home: Path) -> None:
    path = write(own_home / "p.jsonl", {"id": "a", "question": "1+1?", "answer": "2"})
    ttc("sample", path, "-n", "2", "-m", "scripted:", "--pool", "p", "-q")
    ttc("verify", "p", "-V", "numeric", "-q")
    swept = ttc("sweep", "p", "-s", "coverage", "--map", "correct=passed")
    assert "--map names the fields of files, and changes nothing in a pool" in swept.err
    assert ttc("verify", "p", "-V", "numeric", "--map", "text=out").code == 2


@pytest.mark.parametrize(
    ("name", "content", "tool"),
    [
        ("out.json", '{"evalId": "e", "results": {"results": [{"response": {}}]}}', "promptfoo"),
        ("rows.jsonl", '{"doc_id": 1, "resps": [["x"]], "filter": "none"}', "lm-eval"),
        ("output-rs0.jsonl", '{"generation": "x", "expected_answer": "4"}', "nemo-skills"),
        ("7.yaml", "prompt: p\nquestion: q\nsamples:\n- x\n", "large-language-monkeys"),
    ],
)
@pytest.mark.parametrize("command", [("verify", "-V", "numeric"), ("sweep",)])
def test_logs_of_other_tools_are_answered_with_import(
    ttc: Ttc, own_home: Path, name: str, content: str, tool: str, command: tuple[str, ...]
) -> None:
    (own_home / name).write_text(content + "\n")
    done = ttc(command[0], name, *command[1:])
    assert done.code == 2
    if tool != "lm-eval" or command[0] == "verify":
        assert f"a log of {tool}: ttc import {name} --pool NAME" in done.err.replace("`", "")
    assert ttc("import", name, "--pool", "p").code in (0, 2)


def test_solve_names_a_field_that_no_question_has(ttc: Ttc, own_home: Path) -> None:
    path = write(own_home / "p.jsonl", {"id": "a", "body": {"ask": "1+1?"}})
    command = ("solve", "--each", path, "-m", "scripted:", "-n", "2")
    assert ttc(*command, "--map", "question=body.ask", "-q").code == 0
    done = ttc(*command, "--map", "question=body.ask,answer=body.gold")
    assert (done.code, "no field 'gold' in body among ask" in done.err) == (2, True)
    done = ttc(*command, "--map", "question=body.question")
    assert (done.code, "p.jsonl:1: --map question=body.question" in done.err) == (2, True)


def test_objects_and_truths_may_be_texts_as_in_tables() -> None:
    record = {"problem": "a", "text": "42", "index": 0, "correct": "true"}
    record |= {"reads_reference": "true", "reference": '{"answer": "42"}'}
    record |= {"params": '{"temperature": 0.5}'}
    (sample,), _ = sampled(record)
    assert sample.reference == {"answer": "42"}
    assert sample.params == {"temperature": 0.5}
    (outcome,), _ = judged(record)
    assert outcome.correct is True
