"""Templates that read the clock: what they read is part of a key, and of no other template's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ttc import keys
from ttc.backends import ModelInfo
from ttc.backends.template_clock import Clock
from ttc.errors import UsageError
from ttc.options import OptionReader
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.plan import Recipe, already_drawn, make_plan
from ttc.store import Store

DAY = Clock(date(2026, 1, 31))
LLAMA = """{%- if not date_string is defined %}{%- if strftime_now is defined %}
{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}
{%- set date_string = "26 Jul 2024" %}{%- endif %}{%- endif %}{{ date_string }}"""


@pytest.mark.parametrize(
    ("template", "read"),
    [
        ("", None),
        ("{{ messages[0]['content'] }}", None),
        ("{# dated by strftime_now('%Y') once #}{{ x }}", None),
        ("{% if strftime_now is defined %}x{% endif %}", None),
        (LLAMA, "31 Jan 2026"),
        ("{{ strftime_now('%Y-%m-%d') }}", "2026-01-31"),
        ("{{ strftime_now ( \"%Y\" ) }}{{ strftime_now('%m') }}", "01; 2026"),
        # At any hour of the day it is the same.
        ("{{ strftime_now('%H:%M') }}", "00:00"),
        # Forms that are not written out may render anything of the day.
        ("{{ strftime_now(form) }}", "2026-01-31"),
        ("{% set now = strftime_now %}{{ now('%Y') }}", "2026-01-31"),
        ("{{ strftime_now('%Y' ~ '%m') }}{{ strftime_now('%Y') }}", "2026; 2026-01-31"),
    ],
)
def test_what_a_template_reads(template: str, read: str | None) -> None:
    assert DAY.read_by(template) == read


def test_what_is_read_is_what_jinja_renders() -> None:
    jinja2 = pytest.importorskip("jinja2")
    rendered = jinja2.Environment().from_string(LLAMA).render(strftime_now=DAY.strftime_now)
    assert rendered.strip() == DAY.read_by(LLAMA)


def test_the_option() -> None:
    for given in ("2026-01-31", date(2026, 1, 31)):
        assert Clock.parse(OptionReader("x", {"today": given})) == DAY
    assert Clock.parse(OptionReader("x", {})).day == date.today()
    for wrong in ("yesterday", 7, "31.1.2026"):
        with pytest.raises(UsageError, match="x: today must be a date such as 2026-01-31"):
            Clock.parse(OptionReader("x", {"today": wrong}))


def recipe(clock: str | None, *, raw: bool = False) -> Recipe:
    return Recipe("mine", ModelInfo("m", "sha256:1", clock=clock), SamplingParams(), raw=raw)


def test_without_a_clock_keys_are_those_of_old() -> None:
    old: Mapping[str, Any] = keys.identity("mine", "sha256:1", SamplingParams(), 0)
    assert recipe(None).key == old
    # What is not rendered is not dated.
    assert recipe("31 Jan 2026", raw=True).key == old
    assert recipe("31 Jan 2026").key == {**old, "clock": "31 Jan 2026"}


def test_two_days_are_not_mixed_and_one_day_is_found_again(tmp_path: Path) -> None:
    problems = [Problem("a", (Message("user", "Hi"),))]
    with Store.writing(tmp_path / "ttc.db") as store:
        first = make_plan(store, "p", recipe("31 Jan 2026"), problems, 2)
        again = make_plan(store, "p", recipe("31 Jan 2026"), problems, 2)
        assert again.pool == first.pool
        assert again.enrolled[0].request_id == first.enrolled[0].request_id
        other = keys.sample_key(recipe("01 Feb 2026").key, keys.prompt_id(problems[0]))
        assert other != keys.sample_key(first.recipe.key, keys.prompt_id(problems[0]))
        assert already_drawn(store, recipe("01 Feb 2026"), problems, 2) == [0]
