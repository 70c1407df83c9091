"""The clause behind a cue: where an answer ends, and whether it is one rather than prose."""

from __future__ import annotations

import json
import re

from ttc.answers.canonical import count_words, number
from ttc.answers.extraction.cues import Cue, phrases
from ttc.answers.extraction.languages import BETWEEN, BUT, DENIES, LAST_VERB, SCALES
from ttc.answers.extraction.mentions import first_number, last_number, only_number

_FEW_WORDS, _MANY_WORDS = 4, 12  # up to 4 words: a name; up to 12: a phrase; more: prose
_WINDOW = 300  # characters after its cue within which an answer ends

_LEAD = re.compile(
    rf"(?:[\s*_:：=＝>`}}|、，]|-{{3,}}\s*\n|\$\$|\\[\[(]|\\[;,! ]|(?:{BETWEEN})(?!\w),?)*"
    r"(?:that\s(?=[0-9])|R(?=\$)|(?:shilingi|ksh|tsh)\.?\s(?=[0-9]))?",
    re.I,
)
_SENTENCE_END = re.compile(
    r"(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<!\bSt)(?<!\bMt)(?<!\bMrs)(?<!\b[A-Z]\.[A-Z])(?<![.\s])"
    r"(?:[.?]|(?<=[a-z]{2})!)(?=[*_\"”'’»)\]]*(?:\s|$))|</|[。！？।॥؟]|<\|"
)
_REASON = re.compile(r",?\s(?:because|since|which)\b")
_ASIDE = re.compile(
    r",?\s(?:as|so|when|where|if|for|after)\b"
    r"|\sand\s(?:there|it|she|he|they|we|this|that|in|then)\b|,\s(?=[^\W\d_]{2})|\s[(–—]|\s-{1,2}\s(?=[^\W\d_]{2})"
    rf"|;|（|[，،](?!\d)|\s(?:rather than|instead of|as opposed to|{DENIES})\s|\s\|"
)
_OPTION = re.compile(r"\W*(?:(?:option|choice)\s)?\(?[A-Z](?:[).:]\W*\s|\W*$)", re.I)
# "the answer is …" and "Answer: …" also introduce remarks on an answer, and reasoning.
_NO_ANSWER = re.compile(
    r"(?:(?:in)?correct|reasonable|consistent|verified|confirmed|below|as follows|step [0-9]+"
    r"|not (?:[0-9$]+|correct|the)|let(?:['’]s| us| me)|we|first(?=,))\b",
    re.I,
)
_DENIED = re.compile(
    rf"(?:not|nicht|pas|no|non|não|niet|nie|не|bukan|không phải|si|不是|ليس)?(?:\s|\b|(?<=是))"
    rf"[^.;\n]{{1,40}}?[,，;]?\s?(?:[—–-]\s)?(?<![^\W\d_])(?:{BUT})(?![^\W\d_](?<!而是.))\s?",
    re.I,
)
_NOT = re.compile(
    r"(?:not|nicht|pas|non|não|niet|nie|не|bukan|không phải|不是|ليس)\s?"
    r"(?=[*$\\(\[“\"'‘]{0,3}(?:[0-9]|[A-Z]\b))"
)
# Letters of another script, but not π, x⁴ and ½, which belong to a number or a formula.
_FOREIGN = re.compile(r"[^\W\d_A-Za-zΑ-Ωα-ωⁿ⁰¹²³⁴-⁹₀-₉¼-¾⅐-⅞]|[Α-Ωα-ωάέήίόύώ]{2,}")
_WORDED = re.compile(r"[0-9]\s(?:[a-z]{2,}\s){1,3}[-+*/×÷]\s")  # 60 spools / 150 spools
_SPELLED = re.compile(  # forty-two (42)
    r"(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|zero|half|(?:twen|thir|for"
    r"|fif|six|seven|eigh|nine)t(?:y|een)|hundred|thousand|million|and|minus)[\s-]){1,9}"
    r"\(([-−]?[0-9][0-9.,]*)\)",
    re.I,
)
_LABELLED = re.compile(r"\W{0,3}[A-Z]\)?[).:]\s+(.+)", re.S)
_INITIALS = re.compile(r"(?:[A-Z]\.\s?){2,}(?=[A-Z][a-z])")  # J. K. Rowling
_NEXT = re.compile(r"\s[\u0e00-\u0e7f]")  # in Thai a space ends a clause
_UNDER_HEAD = re.compile(r"[ \t]*\|?[ \t]*:?-{2}")
_QUOTES = {
    "'": "'",
    '"': '"',
    "‘": "’",
    "“": "”",
    "«": "»",
    "„": "“”",
    "「": "」",
    "『": "』",
    "`": "`",
}
_LAST_VERB = re.compile(rf"(?:{LAST_VERB})[\s.]*$", re.I)
_SCALE = re.compile(rf"\s?(?:(?:{SCALES})(?![^\W\d_])|[万萬億亿千百兆만천백억])", re.I)
_CONCLUDES = re.compile(
    r"(?:so|therefore|thus|hence|in total|altogether|consequently|as a result|this means|finally"
    r"|in conclusion|overall|that means)\b",
    re.I,
)
_REMARK = re.compile(
    r"\W*(?:note|check|verif|this|here|remember|explanation|i hope|let me know|assum|feel free"
    r"|if you|that is|because|since|p\.?\s?s\b)",
    re.I,
)


def clause_of(text: str, cue: Cue) -> str | None:
    """Return the answer that a cue of a text announces, or None if what follows is none."""
    if cue.closes is not None and cue.form in ("box", "json"):
        content = text[cue.end : cue.closes].strip()
        return (_worded(_decoded(content)) if cue.form == "json" else content) or None
    if cue.form == "hash":
        return _hashed(text, cue)
    if cue.form == "tag":
        return _tagged(text, cue)
    return _bold(text, cue) if cue.form == "bold" else _phrased(text, cue)


def unquoted(text: str) -> str:
    """Return a text without the quotes around the whole of it: 'blue' becomes blue.

    Quotes that only begin and end it ('a' or 'b') and a mark at one end (5') stay.
    """
    closing = _QUOTES.get(text[:1], "")
    inner = text[1:-1]
    if len(text) > 2 and closing and text[-1] in closing and not {text[0], text[-1]} & {*inner}:
        return inner.strip().removesuffix(".") or text
    return text


def unlabelled(text: str) -> str:
    """Return the number of an option with its label ("(B) 42"), else the text."""
    labelled = _LABELLED.fullmatch(text)
    return labelled[1] if labelled and number(labelled[1]) is not None else text


def _worded(content: str) -> str:
    """Return the answer that a content states in words ("The answer is 18"), else the content."""
    found = (_phrased(content, cue) for cue in reversed(phrases(content)))
    return next(filter(None, found), content)


def _decoded(value: str) -> str:
    try:
        return str(json.loads(value, parse_float=str, parse_int=str)).strip()
    except ValueError:
        return value.strip("'\"").strip()


def _hashed(text: str, cue: Cue) -> str | None:
    content = text[cue.end : cue.closes].strip()
    last = cue.closes is not None and not text[cue.closes :].strip()
    if number(content) is not None:
        return content
    announces = content.endswith((":", "：")) or phrases(content[:_WINDOW])
    return content if content and last and not announces else None


def _tagged(text: str, cue: Cue) -> str | None:
    """Return what a tag holds: a short text, or what is stated or last in a longer one."""
    if cue.closes is None:
        return _phrased(text, cue)
    content = text[cue.end : cue.closes].strip()
    if (found := _worded(content)) != content:
        return found
    if "\n" not in content and _answers(content, brief=False):
        return content
    return _phrased(text, cue) or last_number(content)


def _bold(text: str, cue: Cue) -> str | None:
    """Return the one bold number of a sentence that concludes a text, remarks aside."""
    content = text[cue.end : cue.closes].rpartition(":")[2].strip(" =")
    if number(content) is None or cue.closes is None:
        return None
    around = text[max(cue.start - _WINDOW, 0) : cue.start].rpartition("\n")[2]
    around = re.split(r"(?<=[.!?])\s", around)[-1]
    if "**" in around or not _CONCLUDES.match(around.lstrip(" -*#>")):
        return None
    after = text[cue.closes + 2 : cue.closes + 2 + _WINDOW]
    if len(text) > cue.closes + 2 + _WINDOW:
        return None
    rest, *following = re.split(r"(?<=[.!?])\s|\n", after)
    if re.search(r"[=≈*]|\b(?:gives?|makes?|equals?|yields?)\b", rest):
        return None
    return content if all(map(_REMARK.match, filter(str.strip, following))) else None


def _phrased(text: str, cue: Cue) -> str | None:
    limit = len(text) if cue.closes is None else cue.closes
    window = text[cue.end : min(cue.end + _WINDOW, limit)]
    window = window[_leading(window) :]
    replaced = _DENIED.match(window) if cue.negated or _NOT.match(window) else None
    if replaced:
        window = window[replaced.end() :]
    elif cue.negated or _NOT.match(window):
        return None
    line, _, below = window.partition("\n")
    if "|" in line and _UNDER_HEAD.match(below):
        return None  # the head of a table
    clause = _clause(line)
    if cue.form == "correction" and number(clause) is None and not _OPTION.fullmatch(clause):
        return None
    followed = len(line) > len(clause) + 1 or bool(below.strip())
    return clause if _answers(clause, brief=followed and cue.form == "label") else None


def _leading(window: str) -> int:
    lead = _LEAD.match(window)
    return lead.end() if lead else 0


def _clause(line: str) -> str:
    """Cut a line to the answer at its start: before the next sentence, reasons and asides."""
    initials = _INITIALS.match(line)
    end = _SENTENCE_END.search(line, initials.end() if initials else 0)
    clause = _REASON.split(line[: end.start()] if end else line, maxsplit=1)[0].strip()
    clause = _loose_quote(_LAST_VERB.sub("", clause).strip())
    head = _ASIDE.split(clause, maxsplit=1)[0].strip()
    token = first_number(head)  # times and dates too
    if (
        number(head) is not None
        or (token and token.end() == len(head))
        or re.fullmatch(r"\W*[A-Z]\W*|\([a-z]\)", head)
    ):
        return head
    work, _, result = clause.rpartition("=")
    letters = re.search(r"[A-Za-z,;]", re.sub(r"\\[a-z]+", "", work))
    if work and number(result) is not None and (not letters or _WORDED.search(work)):
        return result.strip()
    spelled = _SPELLED.fullmatch(clause)
    return spelled[1] if spelled else _counted(head) or unquoted(clause)


def _loose_quote(clause: str) -> str:
    """Return a clause without a quote that its end was cut from."""
    closing = _QUOTES.get(clause[:1], "")
    cut = closing and not any(mark in clause[1:] for mark in closing) and clause[:1] != "'"
    return clause[1:] if cut else clause


def _counted(head: str) -> str | None:
    """Return the number of an answer with a unit in another script or in capitals ("42 яблока"),
    or of a sentence in a script without spaces; None if it has more than one number."""
    foreign = _FOREIGN.search(head)
    found = first_number(head)
    if found is None:
        return only_number(head) if foreign and not re.search(r"[A-Za-z\\]", head) else None
    tail = head[found.end() :]
    if _SCALE.match(tail) or (only_number(head) is None and not _NEXT.match(tail)):
        return None
    counted = foreign or re.fullmatch(r"\s[A-Z][a-z]{2,}", tail)
    return found[0].strip() if counted and count_words(tail) <= _FEW_WORDS else None


def _answers(clause: str, *, brief: bool) -> bool:
    """Return whether a clause is an answer rather than prose (which may contain one).

    `brief`: the clause begins a longer text, as in "Answer: Let us see. …".
    """
    if not re.search(r"\w", clause) or _NO_ANSWER.match(clause):
        return False
    words = count_words(clause)
    if words <= _FEW_WORDS or number(clause) is not None or _OPTION.match(clause):
        return True
    return words <= _MANY_WORDS and not brief and not re.search(r"[0-9]", clause)
