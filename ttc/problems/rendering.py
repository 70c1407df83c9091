"""How a question is put to the model: the system message, the template, few-shot examples, and raw
prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ttc.errors import UsageError
from ttc.problems.few_shot import Example
from ttc.records import Message, Problem


def render(
    problem: Problem,
    system: str | None,
    template: str | None,
    raw: bool,
    examples: Sequence[Example] = (),
) -> Problem:
    """Put the system message, the examples and the template around the question.

    `template` contains `{prompt}`, which is replaced by the last turn (or the raw prompt). Examples
    are turns of the chat, their questions in the template too. With `raw` the result is a raw
    prompt, not a chat, the examples before it. UsageError for a template without `{prompt}`.
    """
    if template is not None and "{prompt}" not in template:
        raise UsageError("the template has no {prompt} in it; put it where the question goes")

    def around(text: str) -> str:
        return text if template is None else template.replace("{prompt}", text)

    if raw or problem.prompt is not None:
        text = problem.prompt if problem.prompt is not None else problem.messages[-1].content
        shown = [_solved(around(each.turns[-1].content), each.reply) for each in examples]
        return replace(problem, messages=(), prompt="".join(shown) + around(text))
    *before, last = problem.messages
    messages = [*before, Message(last.role, around(last.content))]
    if system is not None:
        messages = [Message("system", system), *(m for m in messages if m.role != "system")]
    first = next((at for at, turn in enumerate(messages) if turn.role != "system"), 0)
    turns = [turn for each in examples for turn in _turns(each, around(each.turns[-1].content))]
    return replace(problem, messages=(*messages[:first], *turns, *messages[first:]))


def _turns(example: Example, question: str) -> list[Message]:
    *before, last = (turn for turn in example.turns if turn.role != "system")
    return [*before, Message(last.role, question), Message("assistant", example.reply)]


def _solved(question: str, reply: str) -> str:
    """Return an example as text: a template says what is between question and reply."""
    between = "" if question[-1:].isspace() else " " if question.rstrip()[-1:] == ":" else "\n"
    return f"{question}{between}{reply}\n\n"
