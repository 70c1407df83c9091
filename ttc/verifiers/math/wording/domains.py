r"""Domains of free parameters: `, k \in \mathbb{Z}`, "for all real x", "where n is an integer"."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Domain", "parameter", "renamed", "without_domain"]

_LETTER = r"(?:[A-Za-z]|\\(?:alpha|beta|gamma|lambda|mu|theta|epsilon)(?![A-Za-z]))(?:_\w)?"
_NAMES = rf"{_LETTER}(?: ?, ?{_LETTER}){{0,3}}"
_SET = (
    r"\\(?:mathbb|mathbf|Bbb) ?\{? ?[NZQRC] ?\}?(?:[_^](?:\\?[\w+*]+|\{[^{}]{1,12}\}))*"
    r"(?: ?\\setminus ?\\\{[^{}]*\\\})?|[NZQRCℕℤℚℝℂ](?![A-Za-z])(?:[_^]?[+*0])?"
    r"|[\[(][^()\[\]]{1,30}[\])]"
)
_ADJECTIVE = (
    r"any|all|some|an?|each|every|the|arbitrary|non-?negative|positive|negative|real|complex"
    r"|natural|whole|rational|even|odd|non-?zero|fixed|free|valued"
)
_KIND = (
    rf"(?:(?:{_ADJECTIVE}) )*(?:integers?|numbers?|reals?|constants?|naturals?|rationals?|scalars?"
    r"|parameters?|values?|real)(?: (?:constants?|numbers?|parameters?))?"
)
_FOR = (
    r"(?:,|;|:|\(|\[|\b(?:and|or)\b)? ?[(\[]? ?(?:(?:for|where|with|given|as|here|when)"
    r"(?: (?:all|any|every|each|some|arbitrary))?\b|\\(?:forall|exists)(?![A-Za-z])|∀)"
)
_IN = (
    r"(?: ?(?:\\in(?![A-Za-z])|∈) ?| (?:is|are|in|be|being|belongs? to|ranges? over|denotes?) "
    r"| (?=an? |any |integers?\b))"
)
_DOTS = r"(?:\\[lc]?dots|\.{3})"
_END = r" ?[)\]]?[\s.,;]*$"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # , k \in \mathbb{Z}; (k ∈ ℤ); for all x \in \mathbb{R}; where n is an integer
        rf" ?(?:{_FOR}|[,;:(\[]) ?(?P<names>{_NAMES}){_IN}\(?(?P<set>{_SET}|{_KIND}){_END}",
        # for any integer n; for all real x
        rf" ?{_FOR} (?P<set>{_KIND})(?: (?P<names>{_NAMES}))?{_END}",
        # for n ≥ 1
        rf" ?{_FOR} ?(?P<names>{_LETTER}) ?(?P<set>(?:\\[gln]e(?![a-z])|[<>]) ?-?[0-9]+){_END}",
        # for all x; \forall x
        rf" ?(?:{_FOR}) ?(?P<names>{_NAMES}){_END}(?P<set>)",
        # n = 0, 1, 2, …
        rf" ?(?:{_FOR}|[,;(]) ?(?P<names>{_LETTER}) ?= ?"
        rf"(?P<set>(?:\\pm ?)?[01] ?, ?(?:\\pm ?)?[0-9] ?,[^()]{{0,30}}?{_DOTS}[^()]{{0,8}}){_END}",
        r" ?(?:,|\() ?(?P<names>[a-z]) (?P<set>integer|real|constant)s?\)?\.?$",
    )
)
_TOKENS = re.compile(r"\\[A-Za-z]+|[A-Za-z]+")
_WORDS = (
    ("integer", "Z"), ("whole", "N0"), ("natural", "N"), ("rational", "Q"), ("complex", "C"),
    ("constant", ""), ("scalar", ""), ("parameter", ""), ("real", "R"), ("number", "R"),
)  # fmt: skip
_SPECIAL = re.compile(r"non-?negative|positive|negative|even|odd|non-?zero")


class Domain(NamedTuple):
    """What free parameters range over: their names, and a set such as `Z`, "" for any."""

    names: str
    over: str


def without_domain(text: str) -> tuple[str, Domain | None]:
    r"""Split `2\pi k, k \in \mathbb{Z}` into the formula and the domain, if it has one."""
    if not _TOKENS.search(text):
        return text, None
    for pattern in _PATTERNS:
        found = pattern.search(text)
        if found and re.search(r"\w", text[: found.start()]):
            groups = found.groupdict()
            names = (groups.get("names") or "").replace(" ", "")
            return text[: found.start()].strip(" ,;"), Domain(names, _over(groups["set"] or ""))
    return text, None


def parameter(domain: Domain) -> str:
    """Return the letter of a family's parameter, which ranges over integers, or ""."""
    family = re.fullmatch("[a-z]", domain.names) and domain.over.startswith(("Z", "N"))
    return domain.names if family else ""


def renamed(text: str, name: str) -> str:
    """Return a formula whose parameter is called k, whatever its letter is."""
    if name in ("", "k"):
        return text
    parts = [token[0] for token in _TOKENS.finditer(text)]
    if any("k" in part and not part.startswith("\\") and len(part) < 3 for part in parts):
        return text

    def rename(token: re.Match[str]) -> str:
        plain = not token[0].startswith("\\") and len(token[0]) < 3
        return token[0].replace(name, "k") if plain else token[0]

    return _TOKENS.sub(rename, text)


def _over(written: str) -> str:
    if written[:1] in ("0", "1") or written.startswith(r"\pm"):
        return "Z" if r"\pm" in written else "N0" if written[0] == "0" else "N"
    if found := re.match(r"\\(?:mathbb|mathbf|Bbb) ?\{? ?([NZQRC])", written):
        rest = re.sub(r"[{}^_\s]|\\geq?", "", written[found.end() :])
        return found[1] + rest
    if re.match(r"[a-z]", written):
        bare = written.lower()
        letter = next((letter for word, letter in _WORDS if word in bare), "")
        return letter + "".join(_SPECIAL.findall(bare)).replace("-", "")
    return written.translate(str.maketrans("ℕℤℚℝℂ", "NZQRC")).replace(" ", "")
