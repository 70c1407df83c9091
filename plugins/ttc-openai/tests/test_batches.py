"""Draws by batch files: what is submitted, what comes back, and kills between any two steps."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Ran, Ttc, in_this_process

from ttc.backends import Completion, Request
from ttc.backends.resolve import open_model
from ttc.errors import UsageError
from ttc.records import Message, SamplingParams
from ttc.session import load
from ttc.testing.http_answers import Behaviour
from ttc.testing.http_batches import Batches
from ttc.testing.http_server import ScriptedServer
from ttc_openai.batch import api, submission, watch
from ttc_openai.batch.lines import completion_of, custom_id
from ttc_openai.server_traits import ServerTraits

ALIAS = """
[models.b]
model = "{url}#scripted"
batch_poll = 0.02
{more}
"""
UNKNOWN = frozenset({"top_k", "min_p", "repeat_penalty", "repetition_penalty"})


class Place:
    """A folder with data, an alias and a server with a batch API."""

    def __init__(self, folder: Path, server: ScriptedServer, ttc: Ttc) -> None:
        self.folder, self.server, self._ttc = folder, server, ttc
        assert server.batches is not None
        self.batches = server.batches

    def alias(self, more: str = "") -> None:
        (self.folder / "ttc.toml").write_text(ALIAS.format(url=self.server.url, more=more))

    def line(self, *options: str, model: str = "batch:b", n: int = 4) -> list[str]:
        return ["sample", "q.jsonl", "-m", model, "-n", str(n), "--pool", "p", *options]

    def sample(self, *options: str, model: str = "batch:b", n: int = 4) -> Ran:
        return self._ttc(*self.line(*options, model=model, n=n), "-o", "out.jsonl")

    def ttc(self, *args: str) -> Ran:
        return self._ttc(*args)

    @property
    def drawn(self) -> list[dict[str, Any]]:
        text = (self.folder / "out.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "ttc", *self.line()],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    for variable in ("TTC_HOME", "TTC_CACHE", "TTC_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(submission, "SOON", 0.01)
    monkeypatch.setattr(watch, "SLOWEST", 0.1)
    monkeypatch.setattr(api, "LONGEST", 0.02)
    rows = ({"id": f"p{i}", "question": f"{i} + 1?", "answer": str(i + 1)} for i in range(3))
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    behaviour = Behaviour(able=frozenset({"usage", "seed", "stop", "raw"}), strict=UNKNOWN)
    with ScriptedServer(behaviour, batches=Batches()) as server:
        found = Place(tmp_path, server, in_this_process(capsys, monkeypatch))
        found.alias()
        yield found


def records(place: Place) -> list[Path]:
    return sorted((place.folder / "ttc_home").rglob("batches/*/*"))


def test_draws_come_from_one_batch_and_are_those_of_the_alias(place: Place) -> None:
    place.alias("price = { usd_prompt = 1.0, usd_completion = 2.0, batch = 0.5 }")
    ran = place.sample("--budget", "usd=1", "--json")
    assert ran.code == 0, ran.stderr
    assert len(place.batches.batches) == 1
    (batch,) = place.batches.batches.values()
    assert (batch["endpoint"], batch["completion_window"]) == ("/v1/chat/completions", "24h")
    assert batch["metadata"]["ttc"].startswith("ttc-")
    assert "batch_0: 12 draws submitted to http" in ran.stderr
    lines = [json.loads(row) for row in place.batches.files["file-0"].splitlines()]
    assert len({line["custom_id"] for line in lines}) == 12
    assert all(line["custom_id"].rpartition("-")[2] in "0123" for line in lines)
    # No field that the server does not know, nor what is for streams.
    assert lines[0]["body"].keys() == {"model", "messages", "temperature", "top_p", "max_tokens"}
    drawn = place.drawn
    assert len(drawn) == 12
    assert {line["completion_tokens"] for line in drawn} == {12}
    assert "seconds" not in drawn[0]
    tokens = sum(line["prompt_tokens"] + 2 * line["completion_tokens"] for line in drawn)
    assert ran.document["budget"]["spent"]["usd"] == pytest.approx(tokens / 2e6)
    # Nothing is left of it, and the alias itself goes on with the same pool.
    assert records(place) == []
    more = place.sample(n=5, model="b")
    assert "3 new" in more.stderr and "12 kept" in more.stderr  # noqa: PT018
    assert place.sample(n=5).stderr.count("batch_") == 0
    assert len(place.batches.batches) == 1


def test_seeds_and_raw_prompts_are_submitted(place: Place) -> None:
    from ttc_openai import server_traits
    from ttc_openai.address import Address

    traits = ServerTraits(seed=True, usage=True, chunks=True, raw=True, probed=True)
    server_traits.write(Address(place.server.url, "scripted"), traits)
    assert place.sample("--raw", "--stop", "carry").code == 0
    lines = [json.loads(row) for row in place.batches.files["file-0"].splitlines()]
    assert {line["url"] for line in lines} == {"/v1/completions"}
    assert len({line["body"]["seed"] for line in lines}) == 12
    assert lines[0]["body"]["stop"] == ["carry"]
    assert lines[0]["body"]["prompt"] == "0 + 1?"
    seeds = {(line["problem"], line["index"]): line["seed"] for line in place.drawn}
    live = place.sample("--raw", "--stop", "carry", model="b", n=4)
    assert live.code == 0
    assert "0 new" in live.stderr
    assert len(seeds) == 12


def test_several_files_within_the_limits_of_a_server(place: Place) -> None:
    place.alias("batch_size = 5")
    assert place.sample().code == 0
    sizes = [len(place.batches.files[b["input_file_id"]].splitlines())
             for b in place.batches.batches.values()]  # fmt: skip
    assert sizes == [5, 5, 2]
    assert len(place.drawn) == 12


def test_what_a_batch_lacks_is_drawn_by_the_next(place: Place) -> None:
    place.batches.ends = "expired"
    place.batches.gives = lambda at: {0: "error", 1: "nothing"}.get(at, "answer")
    ran = place.sample()
    assert ran.code == 4
    assert "2 draws failed" in ran.stderr
    attempts = place.ttc("ls", "--json").document["pools"][0]
    assert attempts["samples"] == 10
    place.batches.ends, place.batches.gives = "completed", lambda at: "answer"
    again = place.sample()
    assert again.code == 0
    assert [len(place.batches.files[b["input_file_id"]].splitlines())
            for b in place.batches.batches.values()] == [12, 2]  # fmt: skip
    assert len(place.drawn) == 12


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ("failed", "the batch batch_0 failed: the file is not valid (line 1), without this draw"),
        ("expired", "the batch batch_0 expired, without this draw"),
        ("cancelled", "the batch batch_0 was cancelled, without this draw"),
    ],
)
def test_a_batch_without_any_draw(place: Place, ends: str, told: str) -> None:
    place.batches.ends, place.batches.gives = ends, lambda at: "nothing"
    ran = place.sample()
    assert ran.code == 3
    assert told in ran.stderr
    assert records(place) == []


def test_states_in_other_spellings_and_a_server_without_metadata(place: Place) -> None:
    place.batches.spelling, place.batches.metadata = str.upper, "refused"
    assert place.sample().code == 0
    assert len(place.drawn) == 12


@pytest.mark.parametrize("faults", [["429:0.01", "500"], ["", "503"], ["", "", "429:0.01", "502"]])
def test_faults_that_pass(place: Place, faults: list[str]) -> None:
    place.batches.faults = deque(faults)
    ran = place.sample()
    assert ran.code == 0, ran.stderr
    assert Counter(place.batches.submitted).most_common(1)[0][1] == 1


def test_the_rehearsal_is_tried_again_and_a_refusal_comes_before_any_batch(place: Place) -> None:
    place.server.behaviour.faults = deque(["429:0.01", "503"])
    assert place.sample().code == 0
    place.server.behaviour.refuses = lambda body: {"error": {"message": "no such temperature"}}
    ran = place.sample(n=5)
    assert ran.code == 4 or "no such temperature" in ran.stderr
    assert len(place.batches.batches) == 1


def test_a_create_that_failed_may_have_worked(place: Place) -> None:
    # The server creates the batch, and its answer is lost.
    place.batches.hangs = "create-after"
    place.alias("timeout = 0.5")
    ran = place.sample()
    assert ran.code == 0, ran.stderr
    assert len(place.batches.batches) == 1
    assert "list" in place.batches.steps


def test_a_refused_batch_is_an_error_and_leaves_nothing(place: Place) -> None:
    place.batches.faults = deque(["", "400"])
    ran = place.sample()
    assert ran.code == 3
    assert "the batch was not created: " in ran.stderr
    assert records(place) == []


def test_a_server_without_batches(place: Place) -> None:
    place.server.batches = None
    ran = place.sample()
    assert ran.code == 3
    assert "has no batch API; write the model without batch:" in ran.stderr
    assert records(place) == []


# Of the fates that a batch may have, those that a kill is most likely to confuse; the others, and
# what waits for processes besides, take longer.
STEPS = [
    *("create-after", "download-after"),
    *(
        pytest.param(step, marks=pytest.mark.slow)
        for step in ("upload", "upload-after", "create", "poll", "download")
    ),
]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_in_any_step_neither_loses_nor_doubles(place: Place, step: str) -> None:
    place.batches.hangs = step
    process = place.start()
    assert place.batches.held.wait(30)
    process.kill()
    process.communicate()
    ran = place.sample()
    assert ran.code == 0, ran.stderr
    assert len(place.batches.batches) == 1
    assert Counter(place.batches.submitted).most_common(1)[0][1] == 1
    drawn = {(line["problem"], line["index"]) for line in place.drawn}
    assert len(drawn) == len(place.drawn) == 12
    assert records(place) == []
    resumed = "waiting for 12 draws submitted before" in ran.stderr
    assert resumed == (step not in ("upload", "upload-after", "create"))


@pytest.mark.slow
def test_an_unknown_fate_is_told_where_batches_cannot_be_listed(place: Place) -> None:
    place.batches.hangs, place.batches.lists = "create-after", False
    process = place.start()
    assert place.batches.held.wait(30)
    process.kill()
    process.communicate()
    ran = place.sample()
    assert ran.code == 3
    assert "cannot be known: if the provider's page does not show it, delete " in ran.stderr
    path = next(path for path in records(place) if path.suffix == ".json")
    assert str(path) in ran.stderr
    path.unlink()
    assert place.sample().code == 0
    assert len(place.batches.batches) == 2


@pytest.mark.slow
def test_an_interrupt_leaves_the_batch_and_says_how_to_end_it(place: Place) -> None:
    place.batches.polls = 10**6
    process = place.start()
    while "poll" not in place.batches.steps:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"batch_0 goes on at http" in told
    assert b"ttc models batches batch:b --cancel batch_0 ends it" in told
    assert b"to resume: " in told
    listed = place.ttc("models", "batches", "batch:b", "--json").document["batches"]
    assert [(row["batch"], row["draws"]) for row in listed] == [("batch_0", 12)]
    assert listed[0]["status"].startswith("in_progress, 0 of 12 done")
    place.batches.polls, place.batches.gives = 0, lambda at: "answer" if at < 7 else "nothing"
    gone = place.ttc("models", "batches", "batch:b", "--cancel", "batch_0")
    assert "batch_0: cancelling" in gone.stderr
    ran = place.sample()
    assert ran.code == 4
    assert len(place.drawn) == 7
    assert len(place.batches.batches) == 1


def test_time_that_is_up_leaves_the_batch_too(place: Place) -> None:
    place.batches.polls = 10**6
    cut = place.sample("--max-time", "2")
    assert cut.code == 4
    assert "time is up, 12 draws to go" in cut.stderr
    assert "batch_0 goes on at http" in cut.stderr
    place.batches.polls = 0
    ran = place.sample()
    assert ran.code == 0
    assert len(place.batches.batches) == 1


@pytest.mark.slow
def test_another_store_asks_for_its_own_draws(place: Place) -> None:
    place.batches.hangs = "poll"
    process = place.start()
    assert place.batches.held.wait(30)
    process.kill()
    process.communicate()
    assert place.sample("--db", "other.db").code == 0
    assert len(place.batches.batches) == 2
    assert place.sample().code == 0
    assert len(place.batches.batches) == 2


def test_batches_are_for_models_on_servers_and_for_sampling(place: Place) -> None:
    ran = place.ttc("solve", "2?", "-m", "batch:b")
    assert ran.code == 2
    assert "draw with ttc sample -m batch:b, or write the model without batch:" in ran.stderr
    (place.folder / "ttc.toml").write_text('[models.x]\nmodel = "batch:x"\n')
    for spec in ("batch:scripted:", "batch:batch:b", "x", "batch:x"):
        with pytest.raises(UsageError, match="batch files are for models on servers"):
            open_model(load(None, None, print, ""), spec, batches=True)


ASKED = Request("7/3", (Message("user", "2?"),), params=SamplingParams(), draw=3)


def body(**choice: Any) -> dict[str, Any]:
    return {"response": {"status_code": 200, "body": {
        "choices": [{"index": 0, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 9,
                  "completion_tokens_details": {"reasoning_tokens": 4}}}}}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "text", "error"),
    [
        (body(message={"content": "4"}), "4", None),
        (body(message={"content": "4", "reasoning_content": "2+2"}),
         "<think>\n2+2\n</think>\n\n4", None),
        (body(message={"content": None, "refusal": "no"}), "", "the model refused"),
        (body(message={"content": ""}), "", "an empty answer"),
        (body(message={"content": "4"}, finish_reason=None), "", "an answer without an end"),
        (body(message={"content": "4"}, finish_reason="content_filter"), "", "content filter"),
        ({"response": {"status_code": 200, "body": {"choices": []}}}, "", "without a choice"),
        ({"response": {"status_code": 400, "body": {"error": {"message": "bad"}}}}, "", "bad"),
        ({"response": None, "error": {"code": "batch_expired", "message": "too late"}}, "",
         "too late"),
        ({"response": None, "error": "down"}, "", "down"),
        ({}, "", "status 0"),
    ],
)  # fmt: skip
def test_lines_of_output_files(row: Any, text: str, error: str | None) -> None:
    done = completion_of(ASKED, row, ServerTraits())
    assert done.request_id == "7/3"
    if error is None:
        expected = (text, "stop", 5, 9, 4)
        counts = (done.prompt_tokens, done.completion_tokens, done.think_tokens)
        assert (done.text, done.finish_reason, *counts) == expected
    else:
        assert done.finish_reason == "error"
        assert error in (done.error or "")


def test_a_draw_has_the_same_name_in_every_run() -> None:
    # A batch that was submitted by an older version is found by it.
    assert custom_id(ASKED) == "45ba3fbaa86530c72c629f7b82b445dc-3"

    def names(**fields: Any) -> Request:
        return Request(**{"id": "7/3", "messages": ASKED.messages, "draw": 3, **fields})

    others = [names(id="8/3"), names(draw=4), names(seed=1), names(prefix="a"),
              names(params=SamplingParams(temperature=0.5))]  # fmt: skip
    assert len({custom_id(each) for each in [ASKED, *others]}) == 6


def test_a_batch_gets_all_draws_at_once(place: Place) -> None:
    session = load(None, None, print, "")
    _, backend = open_model(session, "batch:b", batches=True)
    assert backend.room() == 200_000  # type: ignore[attr-defined]
    backend.submit(ASKED)
    assert place.batches.steps == []
    done: Completion = backend.wait()
    assert done.finish_reason == "stop"
    backend.close()
