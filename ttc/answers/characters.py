r"""Unicode to ASCII, as far as it means the same: digits of all scripts, signs, ½, x⁴, spaces.

Text that is ASCII already is returned as it is. What has no ASCII spelling (π, ∪) stays.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain_characters"]

_SIGNS = {
    **dict.fromkeys("−‒－﹣➖", "-"),
    **dict.fromkeys("＋﹢➕", "+"),
    **dict.fromkeys(
        "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "
    ),
    **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\ufeff\u00ad\ufe0f", ""),
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", ""),
    "٫": ".",  # Arabic decimal separator
    "٬": ",",  # and thousands separator
    "،": ",",
    "、": ",",
    "。": ".",
    "；": ";",
    "٪": "%",
    "⁄": "/",
    "∕": "/",
    "º": "°",  # the ordinal indicator, for want of a degree sign
    "˚": "°",
    "…": "...",
    "⋯": "...",
    "⋮": r"\vdots ",
}
# Blocks whose characters are letters, digits and signs in another style.
_STYLED = (
    (0xFF01, 0xFF5E),  # full-width ASCII
    (0xFFE0, 0xFFE6),  # full-width currency
    (0x1D400, 0x1D7FF),  # mathematical letters and digits
    (0x3250, 0x33FF),  # ㎝, ㎏, ㎡
)
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵃᵇᶜᵈᵉᵏᵐᵗˣʸᶻᵀ"
_LOWERED = "₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙₖₘᵢⱼₐₓₜ"
_SCRIPTS = re.compile(f"([{_RAISED}]+)|([{_LOWERED}]+)")
_VULGAR = re.compile(r"([0-9]?)\s?([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒↉])")
# A dash between two digits is a range (3–5), elsewhere it is a minus sign.
_DASH = re.compile(
    r"^—(?=\s?[0-9.])|(?<![0-9])–(?=\s?[0-9.\\(A-Za-z√])|(?<=[\w)}])–(?=[\sA-Za-z\\(])"
    r"|(?<=\s)–(?=\s)"
)
_REPEATING = re.compile("((?:[0-9][\u0304\u0305\u0307])+)")
_APOSTROPHE = re.compile(r"(?<=[0-9])[’ʼ´`](?=[0-9]{3})")


class _Table(dict[int, str]):
    """Maps code points; those not yet seen are looked up in the Unicode database."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            found = str(digit)
        elif any(first <= code <= last for first, last in _STYLED):
            found = unicodedata.normalize("NFKC", character)
        else:
            found = character
        self[code] = found
        return found


_TABLE = _Table({ord(sign): plain for sign, plain in _SIGNS.items()})


def plain_characters(text: str) -> str:
    r"""Return a text with its characters in ASCII where they have such a spelling.

    ४२ and ４２ become 42, −5 and –5 become -5, x⁴ becomes x^{4}, 10⁻³ 10^{-3}, x₁ x_{1},
    1¾ 1\frac{3}{4}. Narrow and no-break spaces become spaces. Idempotent.
    """
    if text.isascii():
        return text
    text = _SCRIPTS.sub(_scripted, text).translate(_TABLE)
    text = _VULGAR.sub(_vulgar, _REPEATING.sub(_overlined, text))
    return _APOSTROPHE.sub("'", _DASH.sub("-", text))


def _overlined(found: re.Match[str]) -> str:
    return rf"\overline{{{found[0][::2]}}}"


def _scripted(found: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKC", found[0]).replace("−", "-")
    return f"{'^' if found[1] else '_'}{{{plain}}}"


def _vulgar(found: re.Match[str]) -> str:
    top, bottom = unicodedata.normalize("NFKC", found[2]).split("⁄")
    between = " " if found[1] else ""
    return rf"{found[1]}{between}\frac{{{top}}}{{{bottom}}}"
