"""Options of plugins: one reader, one wording of errors, and no value dropped in silence."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc import plugins
from ttc.backends import resolve
from ttc.backends.resolve import ModelChoice
from ttc.errors import BackendError, UsageError
from ttc.options import OptionError, OptionReader, pairs, parse_spec, parse_text
from ttc.selectors import spec as selectors

KEYS = st.text(st.sampled_from("abcxyz_"), min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_characters=",", codec="utf-8"), max_size=12)


def reader(**given: Any) -> OptionReader:
    return OptionReader("me", given)


# --- the text


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_joined_is_split_again(options: dict[str, str]) -> None:
    text = ",".join(f"{key}={value}" for key, value in options.items())
    assert parse_spec(f"name:{text}") == ("name", options)


@given(st.dictionaries(KEYS, st.text(st.sampled_from("ab=/ ."), max_size=12)), st.text("a/,. "))
def test_values_of_a_text_may_hold_equals_signs(options: dict[str, str], head: str) -> None:
    text = "".join([head, *(f",{key}={value}" for key, value in options.items())])
    assert parse_text(text, "form") == (head, options)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("beam:n", "beam:n: write options as beam:key=value,key=value"),
        ("beam:=4", "beam:=4: write options as beam:key=value,key=value"),
        ("beam:n=1,n=2", "beam:n=1,n=2: n is given twice"),
    ],
)
def test_malformed_options(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec(spec)
    assert str(caught.value) == message


def test_a_repeated_option_of_a_text_is_refused() -> None:
    with pytest.raises(OptionError, match="a is given twice"):
        pairs(["a=1", "a=1"], "form")


# --- values


@given(st.integers(-(10**30), 10**30))
def test_whole_numbers_round_trip(value: int) -> None:
    for written in (value, str(value), f" {value} "):
        assert reader(n=written).whole("n", 0, least=None) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_round_trip(value: float) -> None:
    for written in (value, repr(value)):
        assert reader(x=written).number("x", None) == value


@given(st.text())
def test_texts_are_kept_as_they_are(value: str) -> None:
    assert reader(t=value).text("t", "default") == value
    assert reader(t=value).text("t", None) == (value or None)


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none() | st.lists(st.none()))
def test_any_value_is_read_or_refused_with_one_error(value: object) -> None:
    read = OptionReader("me", {"x": value})
    for method in (
        lambda: read.whole("x", None),
        lambda: read.number("x", None, above=0, below=1),
        lambda: read.switch("x", None),
        lambda: read.choice("x", ("a", "b"), None),
        lambda: read.text("x", None),
        lambda: read.wholes("x", None, "+", "numbers as in 1+2"),
        lambda: read.file("x"),
    ):
        try:
            found = method()
        except OptionError:
            continue
        assert not isinstance(found, float) or math.isfinite(found)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda o: o.whole("x", 1), "must be a whole number from 1, not "),
        (lambda o: o.whole("x", 1, 8, 2**24), "must be a whole number from 8 to 16777216, not "),
        (lambda o: o.whole("x", 1, None), "must be a whole number, not "),
        (lambda o: o.number("x", 1), "must be a number, not "),
        (lambda o: o.number("x", 1, above=0), "must be a number above 0, not "),
        (
            lambda r: r.number("x", 1, above=0, most=1),
            "must be a number above 0 and at most 1, not ",
        ),
        (lambda o: o.number("x", 1, least=0, below=1), "must be a number from 0 to below 1, not "),
        (lambda o: o.number("x", 1, most=1), "must be a number at most 1, not "),
        (lambda o: o.switch("x", False), "must be yes or no, not "),
        (lambda o: o.choice("x", ("a", "b"), "a"), "must be a or b, not "),
        (lambda o: o.choice("x", ("a", "b", "c"), "a"), "must be one of a, b, c, not "),
    ],
)
@pytest.mark.parametrize("given", ["many", "nan", "1e999", [1], {}, object])
def test_what_an_error_says(
    read: Callable[[OptionReader], object], message: str, given: Any
) -> None:
    with pytest.raises(OptionError) as caught:
        read(reader(x=given))
    assert str(caught.value) == f"me: x {message}{given!r}"


def test_what_a_parser_computes_with_may_fail() -> None:
    with pytest.raises(
        UsageError, match=r"ac:c=1/0: c must be a probability above 0\.5 and below 1"
    ):
        selectors.build("ac:c=1/0")


@pytest.mark.parametrize("given", [True, False, "true", "1.5", 1.5])
def test_what_is_no_whole_number(given: object) -> None:
    with pytest.raises(OptionError):
        reader(x=given).whole("x", 1)


def test_spellings_of_switches_and_numbers() -> None:
    assert all(reader(x=each).switch("x", False) for each in (True, "yes", "Yes", "true", "1", 1))
    assert not any(reader(x=each).switch("x", True) for each in (False, "no", "NO", "false", "0"))
    assert [reader(x=each).whole("x", 1) for each in (4, "4", "+4", 4.0, "4.0", "4e0")] == [4] * 6
    assert reader(x="1+2").wholes("x", [1], "+", "numbers") == [1, 2]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "prompt.txt"
    path.write_text("x é", encoding="utf-8")
    assert reader(prompt=str(path)).file("prompt") == "x é"
    assert reader(prompt="").file("prompt") is None
    with pytest.raises(OptionError, match=r"me: prompt=.*none.txt: .*No such file"):
        reader(prompt=str(tmp_path / "none.txt")).file("prompt")
    path.write_bytes(b"\xff")
    with pytest.raises(OptionError, match=r"me: prompt=.*can't decode"):
        reader(prompt=str(path)).file("prompt")


def test_the_error_is_what_each_kind_of_plugin_may_raise() -> None:
    assert issubclass(OptionError, UsageError)
    assert issubclass(OptionError, ValueError)


# --- unknown options


def test_unknown_options_are_answered_with_the_known_ones() -> None:
    read = reader(treshold=1, colour=2)
    read.whole("n", 1)
    read.number("threshold", None)
    read.choice("by", ("score", "tokens"), "score")
    read.switch("hard", False)
    read.accept("then")
    with pytest.raises(OptionError) as caught:
        read.end()
    assert str(caught.value) == (
        "me: unknown options 'treshold', 'colour'; did you mean threshold? "
        "it takes: n, threshold, by=score|tokens, hard=yes|no, then"
    )
    with pytest.raises(OptionError, match=r"^me: unknown option 'x'; it takes none$"):
        reader(x=1).end()
    reader().end()


def test_an_option_may_be_refused_with_a_reason() -> None:
    reader(v=1).refuse("n", "it is v, not n")
    with pytest.raises(OptionError, match=r"^me: it is v, not n$"):
        reader(n=1).refuse("n", "it is v, not n")


class Plain:
    """A plugin with parameters and no reader, as a class of somebody else's may be."""

    def __init__(self, case: str = "fold", depth: str = "1") -> None:
        self.config = {"case": case, "depth": depth}


def test_a_plugin_without_a_reader_refuses_in_the_same_words() -> None:
    with pytest.raises(UsageError) as caught:
        plugins.make("verifiers", "plain", "plain:deptj=2", Plain, {"deptj": "2"})
    assert str(caught.value) == (
        "plain:deptj=2: unknown option 'deptj'; did you mean depth? it takes: case, depth"
    )
    made = plugins.make("verifiers", "plain", "plain:depth=2", Plain, {"depth": "2"})
    assert made.config == {"case": "fold", "depth": "2"}


# Those that take all text behind the colon, so that nothing of it is an unknown option.
TEXTS = {"regex", "schema"}
TAKING = {
    "accept": "accept=0.5:zeal=1>majority",
    "keep": "keep=2:zeal=1>majority",
    "short": "short-2:zeal=1",
    "rm": "rm:.,zeal=1",
    "cmd": "cmd:zeal=1 true",
}
SHAPE = r": unknown option 'zeal'; (did you mean \S+\? )?it takes(: \S.*| none)$"


def made_with_an_unknown_option(group: str, name: str) -> object:
    spec = TAKING.get(name, f"{name}:zeal=1")
    return selectors.build(spec) if group == "selectors" else plugins.build(group, spec)


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, name)
        for group in ("verifiers", "selectors", "strategies")
        for name in plugins.installed(group)
        if name not in TEXTS
    ],
)
def test_every_plugin_refuses_an_unknown_option_in_the_same_words(group: str, name: str) -> None:
    with pytest.raises(UsageError, match=SHAPE):
        made_with_an_unknown_option(group, name)


@pytest.mark.parametrize("name", plugins.installed("backends"))
def test_every_backend_refuses_an_unknown_option_in_the_same_words(
    name: str, tmp_path: Path
) -> None:
    server = "http://localhost:1/v1#m"
    models = {"openai": server, "batch": server, "llamacpp": "smollm2", "ray": "scripted:"}
    options = {"zeal": 1}
    if name == "ray":  # it passes what is not its own on to the backend that it spreads
        with pytest.raises(UsageError, match=r"ray: unknown option 'ray_zeal'; .*it takes: "):
            resolve.open_backend(ModelChoice(name, models[name], {"ray_zeal": 1}), tmp_path)
    with pytest.raises((UsageError, BackendError)) as caught:
        resolve.open_backend(ModelChoice(name, models.get(name, ""), options), tmp_path)
    if not isinstance(caught.value, UsageError):
        pytest.skip(f"{caught.value}")
    assert "unknown option 'zeal'; " in str(caught.value)
    assert "it takes" in str(caught.value)


@pytest.mark.parametrize("spec", ["keep=2:m=3>majority", "keep=2:then=x>majority", "short-2:m=1"])
def test_an_option_that_the_form_of_a_rule_sets_is_not_dropped(spec: str) -> None:
    with pytest.raises(UsageError, match="write "):
        selectors.build(spec)


def test_the_message_of_the_command_line(ttc: Callable[..., Any], own_home: Path) -> None:
    (own_home / "s.jsonl").write_text('{"problem": "p", "index": 0, "text": "x"}\n')
    ran = ttc("verify", "s.jsonl", "-V", "numeric:tolerance=1")
    assert (ran.code, ran.err) == (
        2,
        "ttc: numeric:tolerance=1: unknown option 'tolerance'; it takes: tol, locale\n",
    )


def test_an_alias_cannot_choose_the_store_of_replay(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="replay:p: an alias does not choose the store; --db does"):
        resolve.open_backend(ModelChoice("replay", "p", {"db": "other.db"}), tmp_path / "ttc.db")
