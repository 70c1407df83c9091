"""Arguments of chat templates: those that a template reads, and a line for those it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend
from ttc.backends.template_clock import Clock
from ttc.cli.main import run
from ttc.errors import UsageError
from ttc.records import Message, SamplingParams
from ttc.samples.asked import check, logit_bias
from ttc_llamacpp import parameters
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.prompts import PromptTokenizer

pytest.importorskip("llama_cpp")

TEMPLATE = (
    "{% if reasoning_effort is not defined %}{% set reasoning_effort = 'medium' %}{% endif %}"
    "{{ reasoning_effort }}|{% if enable_thinking is defined %}{{ enable_thinking }}{% endif %}|"
    "{{ tone }}|{{ messages[-1]['content'] }}"
)


class Vocabulary:
    """A model whose tokens are characters."""

    eos, bos = "</s>", "<s>"

    def tokenize(self, text: str, *, add_bos: bool) -> tuple[int, ...]:
        return tuple(map(ord, text))


def header(template: str) -> Header:
    metadata = {"tokenizer.chat_template": template}
    return Header(Path("m.gguf"), metadata, "llama", "m", 8, 1, {})


@pytest.mark.parametrize(
    ("thinking", "extra", "expected"),
    [
        (None, "", "medium|||2?"),
        ("off", "", "medium|False||2?"),
        ("512", "", "medium|True||2?"),
        ("high", "", "high|||2?"),
        (None, '{"chat_template_kwargs": {"tone": "dry"}}', "medium||dry|2?"),
        ("on", '{"chat_template_kwargs": {"reasoning_effort": "low"}}', "low|True||2?"),
    ],
)
def test_the_template_gets_them(thinking: str | None, extra: str, expected: str) -> None:
    model: Any = Vocabulary()
    prompts = PromptTokenizer(model, TEMPLATE, Clock())
    found, _, _ = prompts._tokenize((Message("user", "2?"),), None, "", thinking, extra)
    assert "".join(map(chr, found)) == expected


def test_what_a_template_can_do_is_read_from_it() -> None:
    able = parameters.capabilities(TEMPLATE)
    assert {"thinking", "thinking-effort", "template-arguments", "thinking-budget"} <= able
    assert able <= parameters.CAPABILITIES
    plain = parameters.capabilities("{{ messages[-1]['content'] }}")
    assert not plain & {"thinking", "thinking-effort"}
    assert "template-arguments" not in parameters.capabilities("")


def test_an_argument_without_effect_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    params = SamplingParams(extra='{"chat_template_kwargs": {"tone": "dry", "mood": 1}}')
    parameters.tell_unread(header(TEMPLATE), params)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "--extra mood: no effect" in told
    assert "variables that it reads: enable_thinking, reasoning_effort, tone" in told


def test_a_bias_may_name_a_token_by_its_text(single: Backend) -> None:
    (yes,) = single.tokens_of(" yes")  # type: ignore[attr-defined]
    assert logit_bias([" yes=5", "11=-100"], single) == ((11, -100.0), (yes, 5.0))
    with pytest.raises(UsageError, match=r"' yes sir': 2 tokens of .*; give a text that is one"):
        logit_bias({" yes sir": 1}, single)
    beyond = SamplingParams(logit_bias=((99_999, 1.0),))
    with pytest.raises(UsageError, match="the model's last token is 49151"):
        check(single, beyond, 0, raw=False)


def test_a_secret_header_is_refused_where_no_server_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    asked = ["solve", "-m", "smollm2", "--extra", 'header.Authorization="Bearer x"', "Well?"]
    assert run(asked) == 2
    assert "is sent no headers: it is no server; leave it out" in capsys.readouterr().err


def test_an_answer_that_is_cut_before_its_schema_is_complete_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    schema = '{"type": "array", "items": {"type": "integer"}, "minItems": 9}'
    asked = ["solve", "-m", "smollm2", "-n", "1", "--max-tokens", "3", "--schema", schema, "Well?"]
    run(asked)
    assert "--schema: the answer was cut at the token limit" in capsys.readouterr().err


def test_kept_samples_with_fewer_likeliest_tokens_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTC_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("q.jsonl").write_text('{"question": "hi"}\n')
    asked = ["sample", "q.jsonl", "-m", "smollm2", "-n", "1", "--max-tokens", "4", "--pool", "p"]
    for wanted, said in ((3, False), (20, True), (2, False)):
        assert run([*asked, "--logprobs", str(wanted)]) == 0
        told = f"--logprobs {wanted}: kept samples have 3 tokens at each place"
        assert (told in capsys.readouterr().err) == said
