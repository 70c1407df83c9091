"""Logs of inspect: archives, documents, epochs, scores, failures; and what inspect reads back."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import full_pools as full
import pytest
from commands import Ttc

SYSTEM = {"role": "system", "content": "You add."}
USER = {"role": "user", "content": "1+1?"}


def said(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "source": "generate", "model": "m"}


def choice(content: Any, reason: str = "stop", **more: Any) -> dict[str, Any]:
    return {"message": said(content), "stop_reason": reason, **more}


def sample(
    name: Any = "q/1", epoch: int = 1, text: Any = "It is 2.", **more: Any
) -> dict[str, Any]:
    usage = {"input_tokens": 5, "output_tokens": 4, "total_tokens": 9, "reasoning_tokens": 1}
    return {
        "id": name,
        "epoch": epoch,
        "input": "1+1?",
        "target": "2",
        "messages": [SYSTEM, USER, said(text)],
        "output": {"model": "m", "choices": [choice(text)], "usage": usage, "time": 0.5},
        "scores": {"match": {"value": "C", "answer": "2", "explanation": text}},
        "metadata": {"level": "easy", "foo": 1},
        "uuid": f"{name}-{epoch}",
        **more,
    }


def log(samples: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    about = {
        "eval_id": "e",
        "run_id": "r",
        "task": "t",
        "model": "openai/gpt-4o",
        "packages": {"inspect_ai": "0.3.99"},
        "config": {"epochs": 2},
        "scorers": [{"name": "match", "options": {"location": "end"}}],
        **spec,
    }
    plan = {"name": "plan", "config": {"temperature": 0.7, "max_tokens": 9, "max_retries": 3}}
    head = {"version": 2, "status": "success", "eval": about, "plan": plan}
    return {**head, "samples": samples}


def document(path: Path, samples: list[dict[str, Any]], **spec: Any) -> Path:
    path.write_text(json.dumps(log(samples, **spec)))
    return path


def archive(path: Path, samples: list[dict[str, Any]], *, header: bool = True) -> Path:
    head = log([])
    del head["samples"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_journal/start.json", json.dumps(head))
        for each in samples:
            file.writestr(f"samples/{each['id']}_epoch_{each['epoch']}.json", json.dumps(each))
        if header:
            file.writestr("header.json", json.dumps(head))
    return path


TWO = [sample(epoch=1), sample(epoch=2, text="It is 3.")]


def test_epochs_are_draws_and_scores_verdicts(ttc: Ttc, own_home: Path) -> None:
    done = ttc("import", archive(own_home / "a.eval", TWO), "--pool", "p")
    assert done.err.splitlines()[0] == (
        "p: imported 1 problem × 2 draws from 1 file (inspect 0.3.99, openai/gpt-4o), "
        "2 verdicts by inspect:match; not used: metadata.foo"
    )
    first, second = ttc("export", "p", "-q").lines
    assert (first["index"], first["text"], first["completion_tokens"]) == (0, "It is 2.", 4)
    assert (first["prompt_tokens"], first["think_tokens"], first["seconds"]) == (5, 1, 0.5)
    assert first["params"] == {"temperature": 0.7, "max_tokens": 9}
    assert (first["answer"], first["correct"], first["verifier"]) == ("2", True, "inspect:match")
    assert (first["reference"], first["tags"]) == ({"answer": "2"}, {"level": "easy"})
    assert second["index"] == 1
    asked = ttc("show", "p", "q/1", "--json").document["messages"]
    assert asked == [SYSTEM, USER]
    shown = ttc("show", "p", "--json").document["verifiers"]
    assert json.loads(shown[0]["config"]) == {"imported": "inspect", "location": "end"}


@pytest.mark.parametrize("header", [True, False])
def test_an_archive_a_document_and_one_that_is_not_finished_are_one_log(
    ttc: Ttc, own_home: Path, header: bool
) -> None:
    archived = archive(own_home / "a.eval", TWO, header=header)
    assert ttc("import", archived, "--pool", "p", "--json").document["new"] == 2
    other = document(own_home / "a.json", TWO)
    assert ttc("import", other, "--pool", "p", "--json").document["new"] == 0


def test_an_archive_that_is_packed_with_zstandard(
    ttc: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As inspect writes it, in several frames."""
    library = pytest.importorskip("zstandard", reason="zstandard is not here")
    head, text = log([]), json.dumps(TWO[0]).encode()
    frames = [library.compress(text[:50]), library.compress(text[50:])]
    with zipfile.ZipFile("a.eval", "w") as file:
        file.writestr("header.json", library.compress(json.dumps(head).encode()))
        file.writestr("samples/1_epoch_1.json", b"".join(frames))
    packed = (own_home / "a.eval").read_bytes()
    for signature, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        parts = packed.split(signature)
        method = (93).to_bytes(2, "little")
        parts[1:] = [part[: at - 4] + method + part[at - 2 :] for part in parts[1:]]
        packed = signature.join(parts)
    (own_home / "a.eval").write_bytes(packed)
    if sys.version_info < (3, 14):  # which checks the sums
        assert ttc("import", "a.eval", "--pool", "p", "--json").document["new"] == 1
        monkeypatch.setitem(sys.modules, "zstandard", None)
        done = ttc("import", "a.eval", "--pool", "q")
        assert (done.code, "needs a package: " in done.err) == (2, True)
        assert "or convert it: inspect log dump FILE | ttc import -" in done.err


def test_another_run_adds_its_epochs_and_an_edited_one_is_told(ttc: Ttc, own_home: Path) -> None:
    ttc("import", document(own_home / "a.json", TWO), "--pool", "p")
    other = [{**each, "uuid": f"other{each['epoch']}"} for each in TWO]
    second = document(own_home / "b.json", other, eval_id="f")
    assert ttc("import", second, "--pool", "p", "--json").document["new"] == 2
    assert [line["index"] for line in ttc("export", "p", "-q").lines] == [0, 1, 2, 3]
    edited = document(own_home / "c.json", [sample(text="It is 4."), TWO[1]])
    told = ttc("import", edited, "--pool", "p", "--json").document
    assert (told["new"], told["known"]) == (0, 1)
    (conflict,) = told["conflicts"]
    assert conflict["kind"] == "another text for the draw"
    assert conflict["first"] == f"{edited}: samples[0]"


# A score as inspect writes it, and the verdict: correct, score, status.
SCORES = [
    ("C", True, 1.0, "ok"),
    ("I", False, 0.0, "ok"),
    ("P", None, 0.5, "ok"),
    ("N", False, 0.0, "no_answer"),
    (True, True, 1.0, "ok"),
    ("no", False, 0.0, "ok"),
    (0.25, None, 0.25, "ok"),
    ("0.25", None, 0.25, "ok"),
    (float("nan"), None, None, "unscored"),
]


@pytest.mark.parametrize(("value", "correct", "score", "status"), SCORES)
def test_each_value_of_a_score_is_a_verdict(
    ttc: Ttc, own_home: Path, value: Any, correct: bool | None, score: float | None, status: str
) -> None:
    one = sample(scores={"mine": {"value": value}})
    ttc("import", document(own_home / "a.json", [one]), "--pool", "p")
    (line,) = ttc("export", "p", "-q").lines
    assert (line["correct"], line["score"], line["status"]) == (correct, score, status)
    assert line["reads_reference"] is None


def test_numbers_decide_if_all_are_0_or_1(ttc: Ttc, own_home: Path) -> None:
    both = [sample(epoch=at + 1, scores={"mine": {"value": at}}) for at in (0, 1)]
    ttc("import", document(own_home / "a.json", both), "--pool", "p")
    assert [line["correct"] for line in ttc("export", "p", "-q").lines] == [False, True]


def test_a_score_of_parts_has_a_verdict_for_each(ttc: Ttc, own_home: Path) -> None:
    one = sample(scores={"mine": {"value": {"a": 1, "b": 0}}, "many": {"value": [1, 0]}})
    done = ttc("import", document(own_home / "a.json", [one]), "--pool", "p")
    assert "2 verdicts by inspect:mine.a, inspect:mine.b" in done.err
    assert "scores.many" in done.err
    assert ttc("export", "p", "-V", "inspect:mine.b", "-q").lines[0]["correct"] is False


def test_a_log_of_the_first_version_has_one_score(ttc: Ttc, own_home: Path) -> None:
    one = sample(score={"value": "I", "answer": "2"})
    del one["scores"]
    whole = {**log([one]), "version": 1, "results": {"scorer": {"name": "includes"}}}
    (own_home / "a.json").write_text(json.dumps(whole))
    assert "1 verdict by inspect:includes" in ttc("import", "a.json", "--pool", "p").err


FAILED = [
    (sample(error={"message": "boom", "traceback": ""}), "error", "boom"),
    (sample(output={"choices": []}), "error", "no output"),
    (sample(output={"choices": []}, limit={"type": "time"}), "cancelled", "the time limit"),
    (sample(invalidation={"author": "x"}), "cancelled", "the sample was invalidated"),
]


@pytest.mark.parametrize(("failed", "status", "detail"), FAILED)
def test_a_failed_sample_is_an_attempt(
    ttc: Ttc, own_home: Path, failed: dict[str, Any], status: str, detail: str
) -> None:
    import sqlite3

    path = document(own_home / "a.json", [failed, sample("q/2")])
    done = ttc("import", path, "--pool", "p", "--db", "s.db")
    assert "1 draw failed or cancelled: attempts, not samples" in done.err
    ttc("import", path, "--pool", "p", "--db", "s.db")
    found = sqlite3.connect("s.db").execute("SELECT status, detail FROM attempts").fetchall()
    assert found == [(status, detail)]
    assert len(ttc("export", "p", "--db", "s.db", "-q").lines) == 1


def test_parts_of_outputs(ttc: Ttc, own_home: Path) -> None:
    """Thoughts, attachments, several choices, cuts, log-probabilities, unknown counts."""
    thought = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "2"}]
    probable = {"content": [{"token": "2", "logprob": -0.5}, {"token": ".", "logprob": -0.25}]}
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    choices = [choice("a", logprobs=probable), choice("b", "max_tokens")]
    samples = [
        sample("thought", output={"choices": [choice(thought)], "usage": usage}),
        sample("two", output={"choices": choices, "usage": {"output_tokens": 9}}),
        sample(
            "attached",
            output={"choices": [choice("attachment://1")]},
            attachments={"1": "long"},
        ),
        sample("chat", input=[SYSTEM, {"role": "user", "content": "x"}], messages=[]),
    ]
    ttc("import", document(own_home / "a.json", samples), "--pool", "p")
    lines = {(line["problem"], line["index"]): line for line in ttc("export", "p", "-q").lines}
    assert lines["thought", 0]["text"] == "<think>\nhm\n</think>\n\n2"
    assert "completion_tokens" not in lines["thought", 0]
    assert "prompt_tokens" not in lines["thought", 0]
    assert (lines["two", 0]["text"], lines["two", 0]["logprob"]) == ("a", -0.75)
    assert (lines["two", 1]["text"], lines["two", 1]["finish_reason"]) == ("b", "length")
    assert "completion_tokens" not in lines["two", 0]
    assert "correct" in lines["two", 0]
    assert "correct" not in lines["two", 1]
    assert lines["attached", 0]["text"] == "long"
    asked = ttc("show", "p", "chat", "--json").document["messages"]
    assert asked == [SYSTEM, {"role": "user", "content": "x"}]


def test_models_of_one_import_have_a_pool_each(ttc: Ttc, own_home: Path) -> None:
    folder = own_home / "logs"
    folder.mkdir()
    document(folder / "a.json", TWO)
    document(folder / "b.json", [sample(uuid="b")], model="mistral/Large 2", eval_id="b")
    (folder / "notes.txt").write_text("notes")
    done = ttc("import", folder, "--pool", "p")
    assert "2 models, a pool for each: p (openai/gpt-4o), p-mistral-large-2 (mistral/Large 2)" in (
        done.err
    )
    assert "1 file that no format knows" in done.err
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == [
        "p",
        "p-mistral-large-2",
    ]


def test_another_setting_is_refused_before_anything_is_written(ttc: Ttc, own_home: Path) -> None:
    first = document(own_home / "a.json", TWO)
    whole = json.loads(first.read_text())
    whole["plan"]["config"]["temperature"] = 1.0
    (own_home / "b.json").write_text(json.dumps(whole))
    done = ttc("import", first, "b.json", "--pool", "p")
    assert (done.code, "temperature 0.7 → 1.0" in done.err) == (2, True)
    assert ttc("ls").out == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            '{"status": "x", "eval": {"task": 1, "model": "m"}, "samples": [7]}',
            "samples[0]: a",
        ),
        ('{"status": "x", "eval": {"task": 1, "model": "m"}, "samples": [{}]}', "no 'id'"),
        ('{"status": "x", "eval": {"task": 1, "model": "m"}, "samples": [', "not valid JSON"),
        ('{"status": "x", "eval": {"task": 1, "model": "m"}}', "no draws in it"),
    ],
)
def test_a_bad_document_is_told_with_its_place(
    ttc: Ttc, own_home: Path, text: str, why: str
) -> None:
    (own_home / "a.json").write_text(text)
    done = ttc("import", "a.json", "--pool", "p")
    assert (done.code, why in done.err, "a.json" in done.err) == (2, True, True)


def test_ours_beside_theirs(ttc: Ttc, own_home: Path) -> None:
    """Their verdicts count where there are no others; ours are compared with them."""
    ttc("import", document(own_home / "a.json", TWO), "--pool", "p")
    swept = ttc("sweep", "p", "-s", "coverage", "-k", "1", "--json").document["curves"]
    assert swept[0]["points"][0]["value"] == 1.0
    ttc("verify", "p", "-V", "numeric", "-q")
    swept = ttc("sweep", "p", "-s", "coverage", "-k", "1", "--json").document["curves"]
    assert swept[0]["points"][0]["value"] == 0.5
    theirs = ttc("sweep", "p", "-s", "coverage", "-k", "1", "-V", "inspect:match", "--json")
    assert theirs.document["curves"][0]["points"][0]["value"] == 1.0
    compared = ttc("sweep", "p", "--confusion", "numeric,inspect:match", "-k", "1")
    assert (compared.code, "inspect:match" in compared.out + compared.err) == (0, True)


def test_a_log_comes_back_through_an_export(ttc: Ttc, own_home: Path) -> None:
    home, fresh = own_home / "a.db", own_home / "b.db"
    ttc("import", document(own_home / "a.json", TWO), "--pool", "p", "--db", home)
    ttc("export", "p", "--db", home, "-o", "x.eval")
    ttc("import", "x.eval", "--pool", "q", "--db", fresh)
    before, after = full.draws(home, "p"), full.draws(fresh, "q")
    assert [full.told(draw) for draw in after] == [full.told(draw) for draw in before]
    # It has the identifiers of the first log: it adds nothing to the pool that it came from.
    assert ttc("import", "x.eval", "--pool", "p", "--db", home, "--json").document["new"] == 0


def test_inspect_reads_what_is_written(ttc: Ttc, own_home: Path) -> None:
    reader = pytest.importorskip("inspect_ai.log", reason="inspect-ai is not here")
    full.make(own_home / "s.db")
    ttc("export", "full", "--db", "s.db", "-o", "x.eval")
    found = reader.read_eval_log("x.eval")
    assert (found.status, found.eval.model, len(found.samples)) == (
        "success",
        "a/model",
        full.COUNT,
    )
    texts = {each.output.completion for each in found.samples}
    assert texts == set(full.TEXTS)
