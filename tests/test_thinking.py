"""Thoughts and answers: every mark that models use, mentions of marks, and any text at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.answers import thinking
from ttc.answers.extract import extract, visible
from ttc.backends import template_variables
from ttc.backends.template_clock import Clock
from ttc.records import Outcome
from ttc.selectors.mbr import MinimumBayesRisk, agreement
from ttc.verifiers.code.extraction import program_of

PAIRS = [
    ("<think>", "</think>"),
    ("<THINK>", "</Think>"),
    ("<think >", "</think >"),
    ('<think effort="low">', "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("<longcat_think>", "</longcat_think>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
    ("<|channel>thought\n", "<channel|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("Here is my thought process:", "Here is my response:"),
]


@pytest.mark.parametrize(("opens", "closes"), PAIRS)
def test_a_thought_is_no_answer(opens: str, closes: str) -> None:
    whole = thinking.read(f"{opens}The answer is 99{closes}\nThe answer is 24")
    assert (whole.said.strip(), whole.thought, whole.open) == ("The answer is 24", True, False)
    cut = thinking.read(f"{opens}The answer is 99")
    assert (cut.said.strip(), cut.thought, cut.open) == ("", True, True)
    alone = thinking.read(f"{opens}The answer is 99{closes}")
    assert (alone.said.strip(), alone.thought, alone.open) == ("", True, False)
    assert extract(f"{opens}The answer is 99{closes}\nThe answer is 24") == "24"
    assert extract(f"{opens}The answer is 99") is None


@pytest.mark.parametrize(("opens", "closes"), PAIRS[:15])
def test_a_closing_mark_alone_ends_what_the_prompt_opened(opens: str, closes: str) -> None:
    found = thinking.read(f"6*4=24? The answer is 99\n{closes}\n\nThe answer is 24")
    assert (found.said.strip(), found.unopened) == ("The answer is 24", True)
    assert thinking.read(f"{opens}x{closes}y").unopened is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>a<think>b</think>c</think>d", "d"),
        ("<think>\n<think>\nx</think>d", "d"),  # the template's mark and the model's own
        ("<think>x</think> 24 </think>\n", "24"),  # one mark too many, behind the answer
        ("<think>x</think>5<think>9</think>6", "56"),
        ("<think>x [THINK] y</think>z", "z"),
        ("<think>x</thought>y</think>z", "z"),
        ("<think/> 4", "<think/> 4"),
        ("Use `<think>` and `</think>`. It is 4", "Use `<think>` and `</think>`. It is 4"),
        ("Use the <think> tag: 4", "Use the <think> tag: 4"),
        ("see `<think>x</think>` there", "see `<think>x</think>` there"),
        ("split('</think>')[1]", "split('</think>')[1]"),
        ("```\n<think>\nfoo\n</think>\nbar\n```\nok", "```\n<think>\nfoo\n</think>\nbar\n```\nok"),
        ("<think>`so 7</think>`x`", "`x`"),
        ("<think>`</think>` ends it</think>z", "z"),
        ("<think>```\ncode\n</think>\nanswer", "answer"),
        ("```\nunfinished code\n</think>\n```\nx = 1\n```", "```\nx = 1\n```"),
        ("<think>9</think><response>2</response>", "2"),
        ("<|begin_of_thought|>9<|end_of_thought|><|begin_of_solution|>2<|end_of_solution|>", "2"),
        ("analysisWe need 99assistantfinal24", "24"),
        ("analysisWe need 99", ""),
        ("analysis of variance shows 3", "analysis of variance shows 3"),
        ("<|channel|>commentary<|message|>hm<|end|>", ""),
        ("<|start|>assistant<|channel|>final<|message|>24<|return|>", "24"),
        ("<|channel|>fin", ""),
        ("I think <b>so</b>", "I think <b>so</b>"),
        ("", ""),
    ],
)
def test_marks_in_odd_places(text: str, said: str) -> None:
    assert thinking.said(text).strip() == said


MARKS = [mark for pair in PAIRS for mark in pair]
PIECES = st.sampled_from([*MARKS, "`", "```\n", "\n", " ", "x", "The answer is 4.", "'", "<", ">"])


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_can_be_read(text: str) -> None:
    found = thinking.read(text)
    assert len(found.said) <= len(text)
    assert found.thought or found.said == text or "<|channel|>final" in text
    assert not found.open or found.thought


@given(st.text(alphabet="abc 4`'\n.<>/", max_size=40), st.sampled_from(PAIRS[:15]))
def test_a_thought_in_front_changes_no_answer(text: str, pair: tuple[str, str]) -> None:
    opens, closes = pair
    assert thinking.said(f"{opens}so 9{closes}\n{text}").strip() == text.strip()


@given(st.integers(2_000, 4_000), st.sampled_from(MARKS))
def test_long_runs_of_marks_are_read_in_time(count: int, mark: str) -> None:
    thinking.read(mark * count)


@pytest.mark.parametrize(
    ("prompt", "mark"),
    [
        ("<|user|>2+2?<|assistant|><think>\n", "<think>\n"),
        ("<|user|>2+2?<|assistant|>\n<think>\n\n</think>\n\n", ""),
        ("user <think> here", ""),
        ("[INST]x[/INST][THINK]", "[THINK]"),
        ("<|start|>assistant<|channel|>analysis<|message|>", "<|channel|>analysis<|message|>"),
        ("<seed:think>", "<seed:think>"),
        ("<|start|>assistant", ""),
    ],
)
def test_the_mark_that_a_prompt_ends_in(prompt: str, mark: str) -> None:
    assert thinking.opening(prompt) == mark
    # What was drawn holds the mark, so that a continuation has it once.
    assert thinking.behind(prompt, f"{mark}so 9") == f"{prompt}so 9"
    assert thinking.behind(prompt, "So") == f"{prompt}So"


def test_a_thought_that_came_apart_is_put_before_its_answer() -> None:
    assert thinking.wrap("", "24", ended=True) == "24"
    assert thinking.read(thinking.wrap("hm", "24", ended=True)).said.strip() == "24"
    assert thinking.read(thinking.wrap("hm", "", ended=False)).open
    assert not thinking.read(thinking.wrap("hm", "", ended=True)).open


@pytest.mark.parametrize("token", ["<think>", "[/THINK]", "<|channel|>", "<|message|>", "◁/think▷"])
def test_tokens_that_mark_thoughts(token: str) -> None:
    assert thinking.is_mark(token)
    assert not thinking.is_mark("<|im_end|>")
    assert not thinking.is_mark("</s>")


@pytest.mark.parametrize(
    ("template", "names"),
    [
        (
            "{%- if enable_thinking is defined and not enable_thinking %}x{% endif %}",
            "enable_thinking",
        ),
        ("{% if not thinking is defined %}{% set thinking = false %}{% endif %}", "thinking"),
        (
            "{% if reasoning %}{% for m in messages %}{% break %}{% endfor %}{% endif %}",
            "reasoning",
        ),
        ("{% set thinking = messages[0].thinking %}{{ thinking }}", ""),
        ("thinking {{ messages[0].reasoning }} {{ messages[0]['thinking'] }}", ""),
        ("{% if enable_thinking %}{% nonsense %}", "enable_thinking"),
        ("{{ messages }}", ""),
        ("", ""),
    ],
)
def test_the_switch_that_a_template_reads(template: str, names: str) -> None:
    pytest.importorskip("jinja2")  # which the backends that render templates bring
    assert " ".join(sorted(template_variables.switches(template))) == names


def test_programs_are_read_behind_thoughts() -> None:
    body = "[THINK]```python\ndef f(): return 0\n```[/THINK]\n    return 1"
    assert program_of(body, "def f():\n", ("f",)) == "def f():\n    return 1\n"


def test_agreement_is_of_what_is_said() -> None:
    def draws(*texts: str) -> list[Outcome]:
        return [Outcome(i, text=text, correct=True) for i, text in enumerate(texts)]

    same = "<think>the very same long thought</think>"
    pool = draws(f"{same}A fox.", "Ships sail by night.", "Ships sail at night.", same, same, "")
    assert set(MinimumBayesRisk().pick(pool)) <= {1, 2}
    found = agreement(pool, 1)
    alone = agreement(draws("A fox.", "Ships sail by night.", "Ships sail at night."), 1)
    assert found == pytest.approx(alone)
    silent = draws(same, "", " ", "<think>hm")
    assert MinimumBayesRisk().pick(silent) == ()
    assert agreement(silent, 0) is None
    assert MinimumBayesRisk().expected(silent, [1, 2, 4]) == [0.0, 0.0, 0.0]


def test_visible_text_has_no_thought_and_no_annotation() -> None:
    assert visible("[THINK]9[/THINK] It is <<2*2=4>>4. ") == "It is 4."


class Tokenizer:
    """Characters as tokens, and a template with a switch that ends in a thought."""

    all_special_tokens = ("[THINK]", "</s>")

    def encode(self, text: str, **_: Any) -> list[int]:
        return list(map(ord, text))

    def apply_chat_template(self, turns: Any, **more: Any) -> str:
        off = more.get("enable_thinking") is False
        return turns[-1]["content"] + ("[THINK][/THINK]" if off else "[THINK]")


def test_vllm_prompts_tell_the_mark_and_turn_the_switch() -> None:
    prompts = pytest.importorskip("ttc_vllm.prompts")
    from ttc.backends import Request
    from ttc.records import Message, SamplingParams

    made = prompts.PromptEncoder(Tokenizer())

    def tokens(**more: Any) -> str:
        request = Request("a", messages=(Message("user", "2?"),), **more)
        return "".join(map(chr, made.tokens(request))) + "|" + made.opened(request)

    assert tokens() == "2?[THINK]|[THINK]"
    assert tokens(params=SamplingParams(thinking="off")) == "2?[THINK][/THINK]|"
    assert tokens(prefix="[THINK]so") == "2?[THINK]so|"
    assert made.shows
    assert made.shown("[THINK]9</s>") == "[THINK]9"


def test_llamacpp_templates_get_the_switch(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    chat = pytest.importorskip("ttc_llamacpp.chat_template")
    from ttc.records import Message

    template = (
        "{{ messages[0]['content'] }}{% if enable_thinking is defined and not enable_thinking %}"
        "<think></think>{% else %}<think>\n{% endif %}"
    )
    made = chat.ChatTemplate(SimpleNamespace(eos="</s>", bos="<s>"), template, Clock())
    asked = [Message("user", "2?")]
    # Jinja drops a line's end behind a block, as templates know.
    assert thinking.opening(made.render(asked)).strip() == "<think>"
    assert made.render(asked, "on") == made.render(asked)
    assert thinking.opening(made.render(asked, "off")) == ""
