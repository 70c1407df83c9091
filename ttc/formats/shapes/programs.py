"""Contest problems: programs that are judged by inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import noting
from ttc.formats.shapes.fields import CASES, KEPT, asked, has, optional
from ttc.formats.shapes.shape import Asked, Shape, of

REQUEST = "{prompt}\n\nReply with the Python program in one code block."
_GOLDS = ("input_output", "public_test_cases", "public_tests")


class Contest(Shape):
    """The base of contest problems."""

    verifier = "python"
    asks: ClassVar[str] = "question"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the statement with the code to begin with, and the cases of the tests."""
        whole = asked(record, self.asks)
        if optional(record, "starter_code"):
            whole += f"\n\nBegin with this code:\n\n{record['starter_code']}"
            noting.role(record, "question", "starter_code")
        names = [name for name in (*KEPT, *CASES) if name in record]
        reference = {name: record[name] for name in names if record[name] is not None}
        for name in _GOLDS:
            if reference.get(name):
                noting.role(record, "reference", name)
        return Asked(whole, reference=reference)


class LiveCodeBench(Contest):
    """Read LiveCodeBench: `question_content` and its test cases. Verifier: python."""

    name = "livecodebench"
    fields = of("question_content", "public_test_cases")
    identifiers = ("question_id",)
    template = REQUEST
    asks = "question_content"


class CodeContests(Contest):
    """Read CodeContests: `description` and its tests. Verifier: python."""

    name = "codecontests"
    fields = of("description", "public_tests")
    identifiers = ("name",)
    template = REQUEST
    asks = "description"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the statement and the cases. ValueError if it hangs on a picture."""
        found = super().read(record)
        if "<image>" in str(found.question):
            noting.remark(record, "statements have pictures in them, which are not sent")
        return found


class Apps(Contest):
    """Read APPS and TACO: `question`, `input_output`, `starter_code`. Verifier: python."""

    name = "apps"
    fields = of("question", "input_output", "starter_code")

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the question is a text."""
        return has(record, "question", str)
