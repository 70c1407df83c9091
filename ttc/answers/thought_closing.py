"""Which mark closes an open thought: for engines that end a thought at a budget of tokens."""

from __future__ import annotations

import re

from ttc.answers import thinking
from ttc.answers.thinking_marks import CHANNELS, FLAT, FLAT_END, GRANITE, LATER_CHANNEL, OPENER

# By the group of the opener, where the name does not say it.
_CLOSED_BY = {
    "magistral": "[/THINK]",
    "sky": "<|end_of_thought|>\n\n<|begin_of_solution|>",
    "command": "<|END_THINKING|><|START_RESPONSE|>",
    "kimi": "◁/think▷",
    "gemma": "<channel|>",
}
_FINAL_CHANNEL = "<|end|><|start|>assistant<|channel|>final<|message|>"


def closing(text: str) -> str:
    """Return the mark that closes the thought in which a text ends; "" if it ends in none.

    It leads to where the answer begins, so it may hold a mark of the answer as well.
    """
    found = thinking.read(text)
    if not found.open:
        return ""
    if CHANNELS.match(text) or LATER_CHANNEL in text:
        return _FINAL_CHANNEL
    if FLAT.match(text):
        return FLAT_END
    if GRANITE.match(text):
        return "Here is my response:"
    start = found.spans[-1][0]
    opener = next(tag for tag in re.finditer(OPENER, text) if tag.end() == start)
    name = opener["opens"]
    return _CLOSED_BY[opener.lastgroup or ""] if name is None else f"</{name}>"
