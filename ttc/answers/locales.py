"""The option `locale`: whether a language writes decimals with a comma."""

from __future__ import annotations

import re

LOCALE = "a language such as en, de or pt-BR"

_COMMA = (
    "af bg ca cs da de el es et eu fi fr gl hr hu id is it kk lt lv nb nl nn no pl pt ro ru sk sl"
    " sq sr sv tr uk vi"
)
_POINT = "ar bn cy en fa ga gu he hi ja ka km kn ko ml mr ms my ne pa si ta te th ur zh"
_BY_COUNTRY = {"de-ch": False, "de-li": False, "it-ch": False, "es-mx": False, "es-us": False}
_BY_COUNTRY |= {"en-za": True, "fr-ch": False}


def decimal_comma(given: object) -> bool | None:
    """Return whether a locale has decimal commas; None for `auto`. ValueError if it is unknown."""
    name = str(given).strip().lower().replace("_", "-")
    language = re.sub(r"[-.].*", "", name)
    if name == "auto":
        return None
    if name in _BY_COUNTRY:
        return _BY_COUNTRY[name]
    if language not in f"{_COMMA} {_POINT}".split():
        raise ValueError
    return language in _COMMA.split()
