"""Chats of fine-tuning and preference sets, of ShareGPT and of verl."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import noting, turns
from ttc.formats.shapes.fields import has, scalar, text
from ttc.formats.shapes.noting import inside
from ttc.formats.shapes.shape import Asked, Shape, of
from ttc.records import Message

# Who speaks in the dialogues of HH-RLHF.
_SPEAKERS = re.compile(r"(?:^|\n\n)(Human|Assistant):")


class OpenAiChat(Shape):
    """Read chats for fine-tuning: `messages` that end with the assistant's turn. Verifier: judge.

    That turn is the reference; it is never sent.
    """

    name = "openai-chat"
    fields = of("messages")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the last turn is the assistant's, and there is no other reference."""
        given = record["messages"]
        others = {"answer", "target", "expected_answer", "answerKey", "reference"} & record.keys()
        return turns.is_chat(given) and _role(given[-1]) == "assistant" and not others

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the turns before the last one, which is the reference."""
        chat, said = turns.read(record, "messages")
        noting.role(record, "question", "messages")
        noting.role(record, "reference", "messages")
        return Asked(turns.with_system(record, chat), said)


def _role(turn: Mapping[str, Any]) -> object:
    role = turn.get("role", turn.get("from"))
    return "assistant" if role in ("gpt", "chatgpt", "model") else role


class ShareGpt(Shape):
    """Read ShareGPT: `conversations` of from and value, `system`, `chosen`. Verifier: judge.

    The last turn of the assistant is the reference; it is never sent.
    """

    name = "sharegpt"
    fields = of("conversations")
    verifier = "judge"
    chat: ClassVar[str] = "conversations"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the conversations are turns."""
        return turns.is_chat(record[self.chat])

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the conversation up to the last question, and what the assistant said."""
        chat, said = turns.read(record, self.chat)
        noting.role(record, "question", self.chat)
        chat = turns.with_system(record, chat)
        if said is not None:
            noting.role(record, "reference", self.chat)
        elif "chosen" in record:
            said = turns.said(record, "chosen")
        return Asked(chat, said)


class WildChat(ShareGpt):
    """Read WildChat and LMSYS-Chat: `conversation` of role and content. Verifier: judge."""

    name = "wildchat"
    fields = of("conversation")
    chat = "conversation"


class Preference(Shape):
    """Read preferences as TRL has them: `prompt`, `chosen`, `rejected`. Verifier: judge.

    The prompt is a text or a chat, and what was chosen is the reference.
    """

    name = "dpo"
    fields = of("prompt", "chosen", "rejected")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the prompt, and what was chosen."""
        return Asked(_prompt(record, "prompt"), turns.said(record, "chosen"))


class PreferenceChats(Shape):
    """Read preferences without a prompt: chats in `chosen` and `rejected`. Verifier: judge."""

    name = "dpo-chats"
    fields = of("chosen", "rejected")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether what was chosen is a chat of several turns, and there is no prompt."""
        found = record["chosen"]
        asks = {"prompt", "conversations", "question", "messages"} & record.keys()
        return turns.is_chat(found) and len(found) > 1 and not asks

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the turns before the last one, which is the reference."""
        chat, said = turns.read(record, "chosen")
        noting.role(record, "question", "chosen")
        noting.role(record, "reference", "chosen")
        return Asked(chat, said)


class HhRlhf(Shape):
    """Read HH-RLHF: dialogues as text in `chosen` and `rejected`. Verifier: judge."""

    name = "hh-rlhf"
    fields = of("chosen", "rejected")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether what was chosen is a dialogue of a human and an assistant."""
        said = record["chosen"]
        return isinstance(said, str) and said.lstrip().startswith("Human:")

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the turns before the assistant's last one, which is the reference. ValueError for
        a dialogue that does not end with one."""
        parts = _SPEAKERS.split(text(record, "chosen").strip())[1:]
        roles = ["user" if name == "Human" else "assistant" for name in parts[::2]]
        chat = [Message(role, said.strip()) for role, said in zip(roles, parts[1::2], strict=True)]
        if len(chat) < 2 or roles[-1] != "assistant":
            raise ValueError("'chosen' must end with what the assistant says")
        noting.role(record, "question", "chosen")
        noting.role(record, "reference", "chosen")
        return Asked(tuple(chat[:-1]), chat[-1].content)


class PromptCompletion(Shape):
    """Read prompts with completions: `prompt`, `completion`, and KTO's `label`. Verifier: judge."""

    name = "prompt-completion"
    fields = of("prompt", "completion")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the prompt, and the completion unless it is a bad one."""
        chat = _prompt(record, "prompt")
        if record.get("label") is False or record.get("label") == 0:
            return Asked(chat)
        return Asked(chat, turns.said(record, "completion"))


def _prompt(record: Mapping[str, Any], name: str) -> str | tuple[Message, ...]:
    """Return a prompt that is a text or a chat."""
    noting.role(record, "question", name)
    return turns.read(record, name)[0] if has(record, name, list) else text(record, name)


class Verl(Shape):
    """Read verl: `prompt` as a chat, `reward_model.ground_truth`. Verifier: math, or python."""

    name = "verl"
    fields = of("data_source", "prompt", "reward_model")
    verifier = "math"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the chat, and the truth: an answer, or the cases of a program."""
        model = inside(record, "reward_model")
        truth = model.get("ground_truth")
        chat = _prompt(record, "prompt")
        if isinstance(truth, list) and len(truth) == 1:
            truth = truth[0]
        if truth in (None, "", []):
            return Asked(chat)
        noting.role(model, "reference", "ground_truth")
        if _is_program(truth):
            return Asked(chat, reference={"ground_truth": truth})
        if isinstance(truth, str) and truth.lstrip().startswith("["):
            truth = _listed(truth)
        if isinstance(truth, list):
            return Asked(chat, [str(each) for each in truth])
        return Asked(chat, scalar("ground_truth", truth))

    def identify(self, record: Mapping[str, Any], default_id: str) -> str:
        """Return `extra_info.index`, if the record has no identifier of its own."""
        found = super().identify(record, "")
        if found or not has(record, "extra_info", dict):
            return found or default_id
        index = inside(record, "extra_info").get("index")
        return default_id if index in (None, "") or isinstance(index, bool) else str(index)


def _listed(truth: str) -> str | list[Any]:
    """Return the answers that a text lists as JSON, or else the text."""
    try:
        found = json.loads(truth)
    except ValueError:
        return truth
    plain_ones = isinstance(found, list) and all(isinstance(each, (str, int)) for each in found)
    return found if plain_ones and found else truth


def _is_program(truth: object) -> bool:
    """Return whether a truth holds the inputs and outputs of a program."""
    if isinstance(truth, str):
        if truth.lstrip()[:1] not in ("{", "["):
            return False
        try:
            truth = json.loads(truth)
        except ValueError:
            return False
    first = truth[0] if isinstance(truth, list) and truth else truth
    return isinstance(first, Mapping) and bool({"input", "inputs"} & first.keys())
