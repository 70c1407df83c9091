"""MBPP: a task and three asserts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import noting
from ttc.formats.shapes.fields import text
from ttc.formats.shapes.programs import REQUEST
from ttc.formats.shapes.shape import Asked, Shape, of


class Mbpp(Shape):
    """Read MBPP, its sanitized part and MBPP+: a task and its `test_list`. Verifier: python."""

    name = "mbpp"
    fields = of("task_id", "code", "test_list")
    template = REQUEST
    verifier = "python"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the task with the asserts that are shown, and the tests."""
        shown = record["test_list"]
        if not isinstance(shown, list) or not shown or not all(isinstance(t, str) for t in shown):
            raise ValueError("'test_list' must be a list of asserts")
        task = text(record, *(name for name in ("text", "prompt") if name in record), "text")
        imports = record.get("test_imports") or []
        if not isinstance(imports, list):
            raise ValueError("'test_imports' must be a list of imports")
        setup = "\n".join([*map(str, imports), str(record.get("test_setup_code") or "")]).strip()
        # MBPP+ has a script with many more tests than the three in the prompt.
        whole = record.get("test")
        scripted = isinstance(whole, str) and bool(whole)
        noting.role(record, "reference", "test" if scripted else "test_list")
        reference = {"tests": whole if scripted else shown, "setup": setup}
        asked = "\n".join([f"{task} Your code should pass these tests:", "", *shown])
        return Asked(asked, reference=reference)

    def identify(self, record: Mapping[str, Any], default_id: str) -> str:
        """Return the identifier, as in `mbpp/11` where it is a number."""
        name = super().identify(record, default_id)
        return f"mbpp/{name}" if name.isdecimal() else name
