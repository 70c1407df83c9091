"""Commands that a message names work when they are pasted into a shell."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Ttc


@pytest.mark.parametrize("name", ["demo", "my pool", "it's"])
def test_the_command_that_judges_the_rest_can_be_pasted(ttc: Ttc, sums: Path, name: str) -> None:
    model = ("-m", "scripted:answers=1", "-q")
    assert ttc("sample", sums, "-n", 2, "--pool", name, *model).code == 0
    none = ttc("sweep", name)
    assert f"ttc verify {shlex.quote(name)} -V NAME" in none.err
    assert ttc("verify", name, "-V", "numeric:tol=0.5", "-q").code == 0
    assert ttc("sample", sums, "-n", 3, "--pool", name, *model).code == 0
    for looking in (("show", name, "--wrong"), ("sweep", name, "-k", 1)):
        told = ttc(*looking).err
        found = re.search(r"; ttc (verify .*? -V \S+)", told)
        assert found is not None, told
        assert shlex.split(found[1]) == ["verify", name, "-V", "numeric:tol=0.5"]
    assert ttc(*shlex.split(found[1]), "-q").code == 0
    assert "no verdict" not in ttc("sweep", name, "-k", 1).err
