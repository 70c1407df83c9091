"""`ttc plugins NAME`: what a plugin is, its options and needs; a wrong option lists them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

from ttc import plugins
from ttc.doctor.describing import describe, options
from ttc.plugins.option_reading import meanings, parameters_of, recorded

MEMBERS = [(group, name) for group in plugins.GROUPS for name in sorted(plugins.installed(group))]


def row(ttc: Ttc, name: str) -> dict[str, Any]:
    (found,) = ttc("plugins", name, "--json").document["plugins"]
    return dict(found)


def test_options_have_defaults_values_and_meanings(ttc: Ttc) -> None:
    told = {each["name"]: each for each in row(ttc, "beam")["options"]}
    assert told["n"] == {
        "name": "n",
        "default": "16",
        "value": "a whole number from 1",
        "meaning": "traces of the beam",
    }
    assert told["step_tokens"]["meaning"] == "the most tokens of a step"  # of its base class
    assert told["pick"]["value"] == "one of best, weighted, majority"
    shown = ttc("plugins", "beam").out
    assert "n: a whole number from 1 [default: 16]\n      traces of the beam\n" in shown
    assert "needs: prefix, stop-kept, a scorer\n" in shown
    assert "arXiv 2408.03314" in shown
    assert "ttc-cli 0.1.0" in shown
    assert "--method beam:key=value" in shown


def test_meanings_come_from_the_code_that_reads(ttc: Ttc) -> None:
    pytest.importorskip("ttc_openai")
    told = {each["name"]: each["meaning"] for each in row(ttc, "openai")["options"]}
    assert told["timeout"] == "maximal silence of a server, in seconds"


def test_extras_say_how_to_install_them(ttc: Ttc) -> None:
    (extra,) = row(ttc, "rm")["extras"]
    assert extra["name"] == "ttc-cli[rm]"
    assert "install" in extra["install"]
    assert row(ttc, "majority")["extras"] == []


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("gsm8k", "ttc sample FILE --format gsm8k"),
        ("human-eval", "ttc import FILE --format human-eval --pool POOL · ttc export"),
        ("gzip", "found by the bytes of a file"),
        ("scripted", "-m scripted:key=value,…"),
        ("replay", "-m replay:MODEL"),
        ("keep", "-s 'keep=M:by=KEY>RULE'"),
        ("numeric", "-V numeric:key=value,…"),
        ("cmd", "-V cmd:true"),
    ],
)
def test_a_command_uses_it(ttc: Ttc, name: str, use: str) -> None:
    assert use in row(ttc, name)["use"]


def test_one_name_of_several_kinds(ttc: Ttc) -> None:
    found = ttc("plugins", "synth", "--json").document["plugins"]
    assert [each["kind"] for each in found] == ["backends", "verifiers"]
    only = ttc("plugins", "synth", "--verifiers", "--json").document["plugins"]
    assert [each["kind"] for each in only] == ["verifiers"]
    assert "\n\nsynth: a verifier of" in ttc("plugins", "synth").out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("majorty",), "no plugin 'majorty'; did you mean majority?"),
        (("Beam",), "did you mean beam?"),
        (("zzz",), "ttc plugins lists them"),
        (("beam", "--selectors"), "'beam' is in strategies, not in selectors"),
    ],
)
def test_a_name_that_is_not_there(ttc: Ttc, args: tuple[str, ...], told: str) -> None:
    ran = ttc("plugins", *args)
    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(("group", "name"), MEMBERS)
def test_every_plugin_is_described(group: str, name: str) -> None:
    found = describe(group, name)
    assert "broken" not in found["about"]
    assert found["use"]
    assert all(each["name"] for each in found["options"])


@pytest.mark.parametrize(
    ("group", "name"),
    [each for each in MEMBERS if each[0] in ("verifiers", "selectors", "strategies")],
)
def test_a_wrong_option_lists_all(group: str, name: str) -> None:
    from ttc.doctor.describing import MADE, WRITTEN
    from ttc.errors import UsageError
    from ttc.selectors import spec

    if group == "verifiers" and (name in MADE or name == "synth"):
        pytest.skip("its text is not a list of options")
    written = WRITTEN.get(name, name) if group == "selectors" else name
    head, chained, rest = written.partition(">")
    wrong = f"{head}{',' if ':' in head else ':'}zeal=1{chained}{rest}"
    with pytest.raises(UsageError, match="zeal") as error:
        spec.build(wrong) if group == "selectors" else plugins.build(group, wrong)
    lacking = [each.name for each in options(group, name) if each.name not in str(error.value)]
    assert lacking == [], str(error.value)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("sample", "d.jsonl", "--format", "gsm8k:zeal=1"), "gsm8k takes no options"),
        (("export", "d.jsonl", "--format", "inspect:zeal=1"), "inspect takes no options here"),
        (("import", "d.jsonl", "--pool", "q", "--format", "lm-eval:zeal=1"), "has --option KEY"),
        (("solve", "q", "-m", "scripted:zeal=1"), "it takes: answers, tokens, think, slots"),
    ],
)
def test_a_wrong_option_of_formats_and_models(
    ttc: Ttc, own_home: Path, args: tuple[str, ...], told: str
) -> None:
    line = '{"problem": "p", "index": 0, "text": "4", "finish_reason": "stop", "question": "q"}\n'
    (own_home / "d.jsonl").write_text(line, encoding="utf-8")
    ran = ttc(*args)
    assert ran.code == 2
    assert told in ran.err


def test_parameters_are_options_too() -> None:
    class Mine:
        """Draws.

        - `n`, `m`: how many; `case`: of letters
        """

        def __init__(self, n: str = "4", *, case: str = "fold", **unknown: object) -> None:
            self.n = n

    assert [(each.name, each.default) for each in parameters_of(Mine)] == [
        ("n", "4"),
        ("case", "fold"),
    ]
    told = {"n": "how many", "m": "how many", "case": "of letters"}
    assert meanings(Mine, []) == told


def test_nothing_is_recorded_after_the_block() -> None:
    with recorded() as found:
        plugins.build("verifiers", "numeric")
    before = len(found)
    plugins.build("verifiers", "exact")
    assert len(found) == before > 0
