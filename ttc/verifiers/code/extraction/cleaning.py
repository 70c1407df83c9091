"""Removes what surrounds the code of a completion: special tokens, markers, prompts of sessions."""

from __future__ import annotations

import re
import textwrap

from ttc.answers.thinking import said
from ttc.verifiers.code.extraction.fences import Quotes
from ttc.verifiers.code.parsing import valid

# The tokens that end a turn or a document, of any family of models.
_TOKEN = re.compile(
    r"<\|[A-Za-z_/][\w▁ /-]{0,38}\|>|<｜[^｜<>\n]{1,40}｜>"
    r"|</s>|<eos>|<eod>|<EOT>|<(?:start|end)_of_(?:turn|utterance)>|<file_sep>|<reponame>"
    r"|\[EOS\]|\[/?INST\]|\[end of text\]"
)
_LEADING = re.compile(
    r"\s*(?:<\|start_header_id\|>\w*<\|end_header_id\|>|<\|im_start\|>\w*\n|<s>|<bos>"
    r"|<start_of_turn>\w*\n|<\|[A-Za-z_][\w▁-]{0,38}\|>|<｜[^｜<>\n]{1,40}｜>|\[/?INST\])"
)
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_NEAR = 400  # characters before a token that show whether it is in a string

_BEGIN = re.compile(r"^[ \t]*\[BEGIN\]", re.M)
_DONE = re.compile(r"\[DONE\]")
_DONE_ALONE = re.compile(r"^[ \t]*\[DONE\]|(?<=\S)[ \t]*\[DONE\][ \t]*$", re.M)
_QUOTED = re.compile(r"\s*(?P<mark>'''|\"\"\"|'|\")(?P<code>.*)(?P=mark)\s*", re.S)
# Pairs of marks that stand for a fence.
_PAIRS = (
    ("[PYTHON]", "[/PYTHON]"),
    ("<code>", "</code>"),
    ("<python>", "</python>"),
    ("<solution>", "</solution>"),
    ("<answer>", "</answer>"),
    ("BEGIN SOLUTION", "END SOLUTION"),
    ("\\begin{python}", "\\end{python}"),
    ("\\begin{code}", "\\end{code}"),
    ("\\begin{verbatim}", "\\end{verbatim}"),
    ("\\begin{lstlisting}", "\\end{lstlisting}"),
)

_TO_REPAIR = re.compile(
    r"^[ \t]*(?:>>>|In \[\d+\]:|%%?[A-Za-z]|!)|[\u00a0\u200b\u202f\u3000\ufeff]", re.M
)
_SESSION = re.compile(r"\s*(?:>>>(?: |$)|In \[\d+\]: )", re.M)
_SESSION_LINE = re.compile(r"[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)(?: |$)(?P<code>.*)")
_MAGIC = re.compile(r"^(?P<indent>[ \t]*)(?:%%?[A-Za-z]|![A-Za-z./]).*$", re.M)
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u3000": " ", "\u200b": "", "\ufeff": ""})


def cleaned(text: str) -> str:
    """Return a completion without thoughts, special tokens and all that follows them."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if (apart := said(text)) != text:
        text = apart.lstrip("\n")  # not spaces: the first indentation is part of the code
    return _between_marks(_before_tokens(text))


def _before_tokens(text: str) -> str:
    start = 0
    while (leading := _LEADING.match(text, start)) is not None:
        start = leading.end()
    text = text[start:]
    quotes, at = Quotes(), 0
    for token in _TOKEN.finditer(text):
        start = text.rfind("\n", 0, token.start()) + 1
        for line in text[at:start].split("\n"):
            quotes.feed(line)
        at = max(at, start)
        before = _STRING.sub("", text[max(start, token.start() - _NEAR) : token.start()])
        if not quotes.open and not any(mark in before for mark in "'\"`#"):
            return text[: token.start()]
    return text


def _between_marks(text: str) -> str:
    """Return the code between MBPP's marks [BEGIN] and [DONE], if a text has them."""
    if (begin := _BEGIN.search(text)) is not None:
        done = _DONE.search(text, begin.end())
        text = text[begin.end() : done.start() if done is not None else len(text)].lstrip("\n")
    elif (alone := _DONE_ALONE.search(text)) is not None:
        text = text[: alone.start()]
    else:
        return text
    quoted = _QUOTED.fullmatch(text)
    return text if quoted is None else quoted["code"].strip("\n")


def between_tags(text: str) -> str | None:
    """Return the last code between tags such as [PYTHON]; None if there is none."""
    for opening, closing in _PAIRS:
        _, mark, rest = text.rpartition(opening)
        if mark and (code := rest.partition(closing)[0]).strip():
            inner = between_tags(code)
            return inner if inner is not None else textwrap.dedent(code.strip("\n"))
    return None


def repaired(code: str) -> str:
    """Return code without the prompts of an interactive session, the magics of a notebook and
    blanks that Python does not know, if it is no valid Python as it is."""
    if _TO_REPAIR.search(code) is None:
        return code
    if _SESSION.match(code) is not None:
        lines = (_SESSION_LINE.match(line) for line in code.split("\n"))
        return "\n".join(line["code"] for line in lines if line is not None) + "\n"
    if valid(code):
        return code
    for changed in (
        _MAGIC.sub(r"\g<indent>pass", code),
        code.translate(_BLANKS),
        _MAGIC.sub(r"\g<indent>pass", code.translate(_BLANKS)),
    ):
        if changed != code and valid(changed):
            return changed
    return code
