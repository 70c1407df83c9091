"""Separates thoughts from the answer in a text, by the markers of `ttc.answers.thinking_marks`.

A quoted tag (in backticks, in a fenced block of an answer) is a mention, not a marker.
"""

from __future__ import annotations

import re
from bisect import bisect, bisect_left
from collections import Counter
from typing import NamedTuple

from ttc.answers.thinking_marks import (
    AROUND,
    CHANNELS,
    CONTROL,
    FLAT,
    FLAT_END,
    GRANITE,
    GRANITE_END,
    LATER_CHANNEL,
    MESSAGE_ENDS,
    OPENS_NOW,
    RESPONSE,
    TAG,
)

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.M)
_SENTENCE = re.compile(r"(?:\A|\n|[.!?:;>)\]]|▷)[ \t]*\Z")
_NEAR = 80  # the most characters of a quotation, on one line


class SplitText(NamedTuple):
    """A text without its thoughts.

    `said` is the text outside of thoughts. `thought`: there was a thought; `open`: the text ends
    inside a thought; `unopened`: it closes a thought that the prompt must have opened. `spans` are
    the start and end of each thought, without the marks around it.
    """

    said: str
    thought: bool = False
    open: bool = False
    unopened: bool = False
    spans: tuple[tuple[int, int], ...] = ()


def said(text: str) -> str:
    """Return a text without its thoughts.

    A closing tag without an opening one ends a thought that the prompt opened: everything before it
    is removed. An opening tag without a closing one begins a truncated thought: everything after
    it is removed.
    """
    return read(text).said


def read(text: str) -> SplitText:
    """Separate thoughts from the answer."""
    if CHANNELS.match(text) or LATER_CHANNEL in text:
        return _channels(text)
    if found := FLAT.match(text):
        thought, end, answer = text.rpartition(FLAT_END)
        span = (found.end(), len(thought) if end else len(text))
        return SplitText(answer if end else "", True, not end, spans=(span,))
    if found := GRANITE.match(text):
        close = GRANITE_END.search(text, found.end())
        span = (found.end(), close.start() if close else len(text))
        return SplitText(text[close.end() :] if close else "", True, not close, spans=(span,))
    return _Scan(text).read()


def opening(prompt: str) -> str:
    """Return the tag at the end of a rendered prompt that opens a thought, with the white space
    after it; "" if there is none. The model continues from there."""
    found = OPENS_NOW.search(prompt, max(len(prompt) - 200, 0))
    return "" if found is None else prompt[found.start() :]


def behind(prompt: str, prefix: str) -> str:
    """Return a rendered prompt followed by the beginning of the answer.

    If both contain the tag that opens the thought, it is written once.
    """
    mark = opening(prompt)
    return prompt + (prefix.removeprefix(mark) if mark else prefix)


def wrap(thought: str, answer: str, *, ended: bool) -> str:
    """Join a thought and an answer that came separately into one text. The thought is closed if it
    has `ended` or there is an answer."""
    if not thought:
        return answer
    return f"<think>\n{thought}" + (f"\n</think>\n\n{answer}" if answer or ended else "")


def is_mark(token: str) -> bool:
    """Return whether a special token marks thoughts and so must stay in the text."""
    return any(pattern.fullmatch(token) is not None for pattern in (TAG, CONTROL, AROUND))


def _channels(text: str) -> SplitText:
    """Read gpt-oss's channels; the channel `final` has the answer."""
    answers, spans, thought, going_on = [], [], False, False
    ends = [found.span() for found in MESSAGE_ENDS.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    for start, end in zip(starts, [*(begin for begin, _ in ends), len(text)], strict=True):
        head, message, content = text[start:end].partition("<|message|>")
        _, channel, name = head.partition("<|channel|>")
        if message and (not channel or name.strip().startswith("final")):
            answers.append(content)
            going_on = False
        elif channel:
            thought, going_on = True, end == len(text)
            spans.append((end - len(content), end))
        elif not start and head.strip() and not message:
            answers.append(head)
    return SplitText("".join(answers), thought, going_on, spans=tuple(spans))


class _Scan:
    """A scan over the tags of a text, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tags = list(TAG.finditer(text))
        self.last = {_family(tag): tag.start() for tag in self.tags if _closes(tag)}
        self.fences = [found.start() for found in _FENCE.finditer(text)] if self.tags else []
        self.kept: list[str] = []
        self.spans: list[tuple[int, int]] = []  # of the thoughts
        self.start = 0  # of the current stretch, in a thought or outside
        self.inside = ""  # the family of the open thought
        self.owed: Counter[str] = Counter()  # nested thoughts that are not closed yet
        self.listed: Counter[str] = Counter()  # opening tags in fenced blocks
        self.thought = self.unopened = False

    def read(self) -> SplitText:
        """Return the text outside of thoughts."""
        for tag in self.tags:
            if self.inside:
                self._think(tag)
            elif not self._mentioned(tag):
                (self._close if _closes(tag) else self._open)(tag)
        if self.inside:
            self.spans.append((self.start, len(self.text)))
        else:
            self.kept.append(self.text[self.start :])
        text = "".join(self.kept)
        if self.thought:
            text = AROUND.sub("", text)
            around = RESPONSE.fullmatch(text)
            text = text if around is None else around[1]
        spans = tuple(self.spans)
        return SplitText(text, self.thought, bool(self.inside), self.unopened, spans)

    def _think(self, tag: re.Match[str]) -> None:
        if _family(tag) != self.inside:
            return
        if not _closes(tag):
            self.owed[self.inside] += 1
        elif not self._quoted(tag):
            self.spans.append((self.start, tag.start()))
            self.start, self.inside = tag.end(), ""

    def _open(self, tag: re.Match[str]) -> None:
        family, text = _family(tag), self.text
        begins = _SENTENCE.search(text[max(tag.start() - _NEAR, 0) : tag.start()]) is not None
        # "Put it in <think> tags" opens nothing.
        if begins or self.last.get(family, -1) > tag.start():
            self.kept.append(text[self.start : tag.start()])
            self.start, self.inside, self.thought = tag.end(), family, True
            self.owed[family] = 0

    def _close(self, tag: re.Match[str]) -> None:
        family = _family(tag)
        before = self.text[self.start : tag.start()]
        if self.owed[family]:
            self.owed[family] -= 1
        elif self.thought and before.strip() and not self.text[tag.end() :].strip():
            self.kept.append(before)  # a superfluous closing tag after the answer
        else:
            self.unopened = self.unopened or not self.thought
            self.kept.clear()
            self.spans = [(0, tag.start())]
        self.start, self.thought = tag.end(), True

    def _mentioned(self, tag: re.Match[str]) -> bool:
        if self._quoted(tag):
            return True
        here = bisect(self.fences, tag.start())
        if not (here - bisect_left(self.fences, self.start)) % 2 or here == len(self.fences):
            self.listed.clear()
            return False
        if not _closes(tag):
            self.listed[_family(tag)] += 1
            return True
        if self.listed[_family(tag)]:
            return True
        # Alone on its line, the tag ends a thought whose code block was left open.
        line = self.text[self.text.rfind("\n", 0, tag.start()) + 1 : tag.start()]
        return bool((line + self.text[tag.end() :].partition("\n")[0]).strip())

    def _quoted(self, tag: re.Match[str]) -> bool:
        start, end, text = tag.start(), tag.end(), self.text
        mark = text[start - 1 : start]
        if mark in ('"', "'") and text[end : end + 1] == mark:
            return True
        if self.inside and not (mark == "`" and text[end : end + 1] == "`"):
            return False  # quotes inside thoughts are often unbalanced
        before = text[max(start - _NEAR, 0) : start].rpartition("\n")[2]
        after = text[end : end + _NEAR].partition("\n")[0]
        opened, closed = before.rfind("`"), after.find("`")
        if opened < 0 or closed < 0:
            return False
        if before[: opened + 1].endswith("```") or after[closed:].startswith("```"):
            return False  # fences
        inner = before[opened + 1 :] + tag[0] + after[:closed]
        return inner == inner.strip()


def _closes(tag: re.Match[str]) -> bool:
    name = tag.lastgroup or ""
    return name == "closes" or name.endswith("_")


def _family(tag: re.Match[str]) -> str:
    """Return the name that an opening tag and its closing tag share."""
    name = tag["opens"] or tag["closes"]
    if name is None:
        return (tag.lastgroup or "").removesuffix("_")
    return name.lower().removesuffix("ing").removesuffix("s")
