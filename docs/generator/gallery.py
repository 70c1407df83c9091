"""A hook of MkDocs: the studies of `examples/` are pages of the site.

Their README stays where its commands are, and reads well on the web page of the repository; here
it and its figure become files of the site, and links between both places are written anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def on_files(files: Files, config: Any) -> Files:
    """Add each README of a folder of `examples/`, and the pictures beside it."""
    for path in sorted(EXAMPLES.glob("*/README.md")):
        for each in (path, *sorted(path.parent.glob("*.svg"))):
            where = each.relative_to(EXAMPLES.parent).as_posix()
            files.append(File.generated(config, where, abs_src_path=str(each)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return a page whose links lead to pages of the site."""
    if page.file.src_uri.startswith("examples/"):
        return re.sub(r"\]\(\.\./\.\./docs/", "](../../", markdown)
    return re.sub(r"\]\((?:\.\./)+(examples/[\w-]+/README\.md)", r"](\1", markdown)
