"""How a question is put to the model: the system message, the template, and raw prompts."""

from __future__ import annotations

from dataclasses import replace

from ttc.errors import UsageError
from ttc.records import Message, Problem


def render(problem: Problem, system: str | None, template: str | None, raw: bool) -> Problem:
    """Put the system message and the template around the question.

    `template` contains `{prompt}`, which is replaced by the last turn (or the raw prompt). With
    `raw` the result is a raw prompt, not a chat. UsageError for a template without `{prompt}`.
    """
    if template is not None and "{prompt}" not in template:
        raise UsageError("the template has no {prompt} in it; put it where the question goes")

    def around(text: str) -> str:
        return text if template is None else template.replace("{prompt}", text)

    if raw:
        text = problem.prompt if problem.prompt is not None else problem.messages[-1].content
        return replace(problem, messages=(), prompt=around(text))
    if problem.prompt is not None:
        return replace(problem, prompt=around(problem.prompt))
    *before, last = problem.messages
    messages = [*before, Message(last.role, around(last.content))]
    if system is not None:
        messages = [Message("system", system), *(m for m in messages if m.role != "system")]
    return replace(problem, messages=tuple(messages))
