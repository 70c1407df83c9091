"""Write the parts of the documentation that are made from the code.

    python docs/generate.py           writes them
    python docs/generate.py --check   names the pages that are not current, exit code 1

A page has a part between `<!-- generated: NAME -->` and `<!-- end -->`; PARTS has the function that
returns its text. The schemas of JSON are files of their own, and written by hand.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from generator import commands, members, methods, python_names, schemas, settings, shapes

DOCS = Path(__file__).resolve().parent
PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

PARTS: Mapping[str, Callable[[], str]] = {
    "backends": members.backends,
    "capabilities": members.capabilities,
    "commands": commands.reference,
    "cost-axes": settings.cost_axes,
    "exit-codes": settings.exit_codes,
    "python-names": python_names.reference,
    "rules": methods.rules,
    "rule-synonyms": methods.synonyms,
    "schemas": schemas.reference,
    "settings": settings.settings,
    "shapes": shapes.table,
    "strategies": methods.strategies,
    "strategy-table": methods.strategy_table,
    "variables": settings.variables,
    "verifier-table": members.verifier_table,
    "verifiers": members.verifiers,
}


def pages() -> list[Path]:
    """Return every page, the README among them."""
    return [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]


def renewed(text: str) -> str:
    """Return a page with its generated parts as the code has them now. KeyError for a name that
    PARTS does not have."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


def main() -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only name what is not current")
    check = parser.parse_args().check
    stale = []
    for path in pages():
        old = path.read_text(encoding="utf-8")
        if (new := renewed(old)) != old:
            stale.append(path.relative_to(DOCS.parent).as_posix())
            if not check:
                path.write_text(new, encoding="utf-8")
    for name in stale:
        print(f"{name} {'is not current: python docs/generate.py' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
