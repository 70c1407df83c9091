"""Pool → export → import into a fresh store → equal in all that both sides can hold; and logs of
other tools → import → export → import."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import full_pools as full
import pytest
from commands import Ttc

from ttc.formats import Draw
from ttc.records import Verdict

QUESTIONS = ("question",)
# What only ttc's own lines and inspect hold.
FEW = ("prompt_tokens", "completion_tokens", "logprob", "seconds", "seed", "stop", "params")
FEW += ("confidences", "question", "reference", "tags", "think_tokens", "token_logprobs")
LINES = ("jsonl", "csv", "tsv", "parquet", "arrow")
BATCHED = {"prompt_tokens", "completion_tokens", "think_tokens", "token_logprobs"}
# Format → file, and what is lost. An option of the command is part of the name.
FORMATS = {
    "jsonl": ("x.jsonl", QUESTIONS),
    "jsonl --questions": ("x.jsonl", ()),
    "csv": ("x.csv", (*QUESTIONS, "confidences", "token_logprobs")),
    "csv --questions": ("x.csv", ("confidences", "token_logprobs")),
    "tsv": ("x.tsv", (*QUESTIONS, "confidences", "token_logprobs")),
    "parquet": ("x.parquet", QUESTIONS),
    "arrow": ("x.arrow", QUESTIONS),
    "inspect": ("x.eval", ()),
    "human-eval": ("x.jsonl", (*FEW, "index", "finish_reason", "model", "verdicts", "reading")),
    "evalplus": ("x.jsonl", (*FEW, "index", "finish_reason", "model", "verdicts", "reading")),
    "openai-batch": (
        "x.jsonl",
        tuple({*FEW, "verdicts", "reading"} - BATCHED),
    ),
}


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "full.db"
    full.make(path)
    return path


@pytest.mark.parametrize("named", FORMATS)
def test_a_pool_comes_back_as_it_was(ttc: Ttc, own_home: Path, pool: Path, named: str) -> None:
    form, *options = named.split()
    target, lost = FORMATS[named]
    done = ttc("export", "full", "--db", pool, "--format", form, "-o", target, *options)
    assert done.code == 0, done.err
    fresh = own_home / "fresh.db"
    # It is recognised by its content.
    back = ttc("import", target, "--pool", "back", "--db", fresh, "--json")
    assert back.code == 0, back.err
    assert list(back.document["tools"]) == ["ttc" if form in LINES else form]
    before, after = full.draws(pool, "full"), full.draws(fresh, "back")
    assert len(after) == full.COUNT
    for one, two in zip(before, after, strict=True):
        wanted, found = full.told(one, without=lost), full.told(two, without=lost)
        if form in ("csv", "tsv"):
            wanted["verdicts"] = [(name, _as_cell(verdict)) for name, verdict in wanted["verdicts"]]
        assert found == wanted
    again = ttc("import", target, "--pool", "back", "--db", fresh, "--json")
    assert (again.document["new"], again.document["conflicts"]) == (0, [])


def _as_cell(verdict: Verdict) -> Verdict:
    """An empty cell is an answer that is not known."""
    return replace(verdict, answer=verdict.answer or None)


def test_what_a_format_cannot_hold_is_told(ttc: Ttc, pool: Path) -> None:
    told = {
        "csv": "csv cannot hold: ",
        "human-eval": "human-eval cannot hold: questions, ",
        "evalplus": "evalplus cannot hold: questions, ",
        "openai-batch": "openai-batch cannot hold: questions, ",
    }
    for form, line in told.items():
        done = ttc("export", "full", "--db", pool, "--format", form, "-o", "x")
        assert line in done.err, form


def test_records_of_every_eval_ever_hold_all_that_is_decided(
    ttc: Ttc, own_home: Path, pool: Path
) -> None:
    done = ttc("export", "full", "--db", pool, "--format", "every-eval-ever", "-o", "x.json")
    decided = [draw for draw in full.draws(pool, "full") if _decided(draw)]
    left_out = full.COUNT - len(decided)
    assert f"cannot hold: {left_out} draws without a decided verdict" in done.err
    fresh = own_home / "fresh.db"
    assert ttc("import", "x.json", "--pool", "back", "--db", fresh).code == 0
    found = full.draws(fresh, "back")
    assert [full.told(draw) for draw in found] == [full.told(draw) for draw in decided]
    again = ttc("import", "x_samples.jsonl", "--pool", "back", "--db", fresh, "--json")
    assert again.document["new"] == 0


def _decided(draw: Draw) -> bool:
    return bool(draw.opinions) and draw.opinions[0].verdict.correct is not None


@pytest.mark.parametrize("named", ["inspect x.json", "parquet x.csv", "arrow x.jsonl"])
def test_a_binary_format_takes_no_name_of_a_text_file(
    ttc: Ttc, own_home: Path, pool: Path, named: str
) -> None:
    form, target = named.split()
    done = ttc("export", "full", "--db", pool, "--format", form, "-o", target)
    assert done.code == 2
    assert f"-o {target}: {form} is no {Path(target).suffix} file; name it x." in done.err
    assert not (own_home / target).exists()
