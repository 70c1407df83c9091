"""Two pools that share no problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Ttc
from view.pages import document

from ttc.errors import UsageError
from ttc.view.library import Library


def test_the_remedy_is_not_a_verifier(ttc: Ttc, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    for name in ("one", "two"):
        asked = json.dumps({"id": name, "question": "?", "reference": {"answer": "18"}})
        (tmp_path / f"{name}.jsonl").write_text(asked)
        file = str(tmp_path / f"{name}.jsonl")
        args = ("-m", "scripted:answers=18", "-n", "2", "--pool", name, "--db", str(store))
        assert ttc("sample", file, *args).code == 0
        assert ttc("verify", name, "-V", "numeric", "--db", str(store)).code == 0
    library = Library(store, ())
    try:
        with pytest.raises(UsageError, match="no problem in common, so there is nothing"):
            document(library, "compare", a="one", b="two")
    finally:
        library.close()
