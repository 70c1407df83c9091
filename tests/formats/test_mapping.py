"""`--map`: its grammar, paths against brute force, joins, values, and draws of lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.errors import UsageError
from ttc.formats.mapping import (
    FieldMap,
    MapSyntaxError,
    Value,
    check,
    check_mapping,
    evaluate,
    fields_used,
    parse_mapping,
    parse_pairs,
    parse_value,
)
from ttc.formats.mapping.grammar import Test as Comparison
from ttc.formats.mapping.grammar import Text
from ttc.formats.paths import MISSING, Many, Path, Step
from ttc.jsonl import BadLineError, Line

RECORD: dict[str, Any] = {
    "a": {"b": {"c": 1}, "list": [{"t": "x", "ok": 1}, {"t": "y", "ok": 0}], "0": "zero"},
    "a.b": {"d": 2},
    "odd name": "spaces",
    "C++": "plus",
    "x:y": "colon",
    "don't": "apostrophe",
    "nested": [["p", "q"], ["r"]],
    "doc": '{"gold": ["7"], "n": 3}',
    "gold": "2 + 2 = 4\n#### 4",
    "empty": "",
    "null": None,
    "yes": True,
    "score": 0.75,
    "text": "0.25",
    "label": "C",
    "choices[0]": "flat",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b.c", 1),
        ("a.b.d", 2),  # the field `a.b` wins, and has a `d`
        ("a.0", "zero"),  # the name of a field of an object
        ("a.list.0.t", "x"),
        ("a.list.-1.t", "y"),
        ("a.list[1].t", "y"),
        ('a["list"][0]["t"]', "x"),
        ("odd name", "spaces"),
        (" odd name ", "spaces"),
        ('"odd name"', "spaces"),
        ('["odd name"]', "spaces"),
        (r"C\+\+", "plus"),
        (r"x\:y", "colon"),
        ("don't", "apostrophe"),
        ("choices[0]", "flat"),  # a field with the whole name
        ("a.list.*.t", Many(["x", "y"])),
        ("nested.0.*", Many(["p", "q"])),
        ("nested.*.*", Many(["p", "q", "r"])),
        ("nested.*.0", Many(["p", "r"])),
        ("nested.*.1", Many(["q", MISSING])),
        ("doc:json.gold.0", "7"),
        ("doc:json", {"gold": ["7"], "n": 3}),
        ('gold:after("####")', "4"),
        ("odd name+label", "spaces\n\nC"),
        ("odd name+empty+label", "spaces\n\nC"),
        ("odd name+null", "spaces"),
        ('odd name+"\\n"+label', "spaces\nC"),
        ('"Q: "+label+"?"', "Q: C?"),
        ("'Q: '+label", "Q: C"),
        ('label+""+text', "C0.25"),
        ("label+a.b.c", "C\n\n1"),
        ('"<"+a.list.*.t+">"', Many(["<x>", "<y>"])),
        ("score:>0.5", True),
        ("score:>=0.75", True),
        ("score:<0.75", False),
        ("score: <= 0.75 ", True),
        ("text:>0.5", False),
        ("text:==0.250", True),
        ("label:==C", True),
        ('label:=="C"', True),
        ("label:!=C", False),
        ("yes:==true", True),
        ("yes:==1", True),
        ("null:>0.5", None),
        ("null:==null", True),
        ("label:!=null", True),
        ("a.list.*.ok:==1", Many([True, False])),
        ("nothing", MISSING),
        ("a.nothing.c", MISSING),
        ("a.list.7", MISSING),
        ("label+nothing", MISSING),
        ("nothing:>1", MISSING),
    ],
)
def test_values_of_a_record(text: str, found: Any) -> None:
    assert evaluate(parse_value(text), RECORD) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a.*", "'a' is an object, not a list"),
        ("label.*", "'label' is text, not a list"),
        ("label:json", "'label' holds no JSON"),
        ('label:after("#")', "has no '#' in it"),
        ("label:>1", "'C', which is not a number"),
        ("label:==true", "'C', which is not true or false"),
        ("label+a", "'a' is an object; .+ joins texts"),
        ("a.list.*.t+nested.0.*+nested.1.*", "the lists in .* have 1 and 2 items"),
    ],
)
def test_values_that_cannot_be_are_errors(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        evaluate(parse_value(text), RECORD)


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("answer", 0, "write OURS=THEIRS"),
        ("id=a,answer", 5, "write OURS=THEIRS"),
        ("prompt=", 7, "the name of a field is missing"),
        ("prompt=a..b", 9, "missing after the dot"),
        ("prompt=a.", 9, "missing after the dot"),
        ("prompt=a+", 9, "missing after +"),
        ("prompt=C++", 9, r"write \+ for one in a name"),
        ("prompt=+a", 7, "the name of a field is missing"),
        ('prompt="a', 7, 'the closing " is missing'),
        ('prompt="a"+"b"', 7, "name a field"),
        ("prompt=a[b]", 9, 'write [0], [*] or ["name"]'),
        ("prompt=a[0", 9, "] is missing"),
        ("correct=s:0.5", 9, "after : comes >"),
        ("correct=s:=1", 9, "after : comes >"),
        ("correct=s:>", 11, "compares with a number"),
        ("correct=s:>high", 11, "compares with a number"),
        ("correct=s:==", 12, "a value is missing"),
        ("answer=g:after(x)", 15, 'write after("TEXT")'),
        ("correct=s:>1:>2", 11, "compares with a number"),
    ],
)
def test_malformed_mappings_name_the_place(text: str, at: int, why: str) -> None:
    with pytest.raises(MapSyntaxError) as raised:
        list(parse_pairs(text))
    assert why in str(raised.value)
    assert raised.value.at == at
    with pytest.raises(UsageError, match="--map"):
        parse_mapping(text, ["answer", "id", "prompt", "correct"])


NAMES = ["id", "prompt", "answer", "reference.*"]


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        ("", {}),
        ("id=a, answer=b.c ,", {"id": "a", "answer": "b.c"}),
        (("id=a", "answer=b"), {"id": "a", "answer": "b"}),
        (("id=a", "id=a"), {"id": "a"}),
        ('prompt="a, b"+c,id=d', {"prompt": '"a, b"+c', "id": "d"}),
        (r"prompt=a\,b,id=d", {"prompt": r"a\,b", "id": "d"}),
        ("reference.answer=gold", {"reference.answer": "gold"}),
        ("reference.outputs=o,reference.own=x", {"reference.outputs": "o", "reference.own": "x"}),
        ("id=a=b", {"id": "a=b"}),
    ],
)
def test_pairs_are_read(given_: Any, read: dict[str, str]) -> None:
    assert parse_mapping(given_, NAMES) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("anwser=x", "write OURS=THEIRS with OURS one of id, .*did you mean 'answer'"),
        ("tags.x=y", "write OURS=THEIRS"),
        ("reference.anwser=x", "did you mean 'reference.answer'"),
        ("reference.test_lst=x", "did you mean 'reference.test_list'"),
        ("id=a,id=b", "id is a already"),
    ],
)
def test_wrong_names_on_the_left(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_mapping(text, NAMES)


def test_mappings_of_python_are_checked() -> None:
    assert check_mapping({"id": "a.b"}, NAMES) == {"id": "a.b"}
    with pytest.raises(UsageError, match=r"'anwser' is not one of .* did you mean 'answer'"):
        check_mapping({"anwser": "x"}, NAMES)
    with pytest.raises(UsageError, match="must be a text"):
        check_mapping({"id": 3}, NAMES)  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="missing after the dot"):
        check_mapping({"id": "a."}, NAMES)


@pytest.mark.parametrize(
    ("record", "mapping", "why"),
    [
        ({"answer": 1}, "anwser", "no field 'anwser'; did you mean 'answer'"),
        ({"Answer": 1}, "answer", "did you mean 'Answer'"),
        ({"a": {"content": 1}}, "a.text", "no field 'text' in a among content"),
        ({"a": [{"t": 1}]}, "a.t", "a is a list: write a.0.t, or a.*.t for each"),
        ({"a": [1]}, "a.3", "a is a list of 1, without a place 3"),
        ({"a": '{"t": 1}'}, "a.t", "a is a text with JSON in it: write a:json.t"),
        ({"a": "x"}, "a.t", "a is text, with nothing inside"),
        ({"a": None}, "a.t", "a is null"),
        ({}, "a", r"no field 'a' among \(none\)"),
        ({"a": "x"}, '"Text"', "no field 'Text'"),
    ],
)
def test_a_field_that_no_record_has(record: dict[str, Any], mapping: str, why: str) -> None:
    fields = FieldMap({"answer": mapping})
    fields.lines(Line("f:1", record))
    with pytest.raises(UsageError, match=f"f: --map answer=.*: no record has it: .*{why}"):
        check([("f", fields)])


def test_fields_that_some_records_lack_are_counted() -> None:
    fields = FieldMap({"answer": "gold"})
    for at in range(5):
        fields.lines(Line(f"f:{at}", {"gold": 1} if at > 1 else {"q": "?"}))
    assert check([("f", fields)]) == ["f: 2 of 5 records lack 'gold'"]
    fields.lines(Line("f:6", {"answer": "own"}))
    assert check([("f", fields)]) == [
        "f: 3 of 6 records lack 'gold', and their own 'answer' is read"
    ]


def test_one_of_several_sources_must_have_it() -> None:
    ours, theirs = FieldMap({"correct": "passed"}), FieldMap({"correct": "passed"})
    ours.lines(Line("a:1", {"correct": True}))
    theirs.lines(Line("b:1", {"passed": True}))
    assert check([("a", ours), ("b", theirs)]) == ["a: no record has 'passed'"]
    with pytest.raises(UsageError, match="--map correct=passed: no record has it"):
        check([("a", ours)])


def test_what_is_needed_is_there_or_the_line_is_bad() -> None:
    fields = FieldMap({"messages": "body.messages"}, needed=("messages",))
    with pytest.raises(BadLineError, match=r"f:3: .*no field 'messages' in body among model"):
        fields.lines(Line("f:3", {"body": {"model": "m"}}))


def drawn(mapping: dict[str, str], record: dict[str, Any]) -> list[Line]:
    return FieldMap(mapping, draws=("correct", "score", "answer")).lines(Line("f:1", record))


def test_a_draw_of_each_item() -> None:
    record = {"task": "t", "outs": ["a", "b"], "oks": [1, 0], "index": 4, "gold": "g"}
    mapping = {"problem": "task", "text": "outs.*", "correct": "oks.*", "reference.answer": "gold"}
    lines = drawn(mapping, record)
    assert [line.place for line in lines] == ["f:1 (item 0)", "f:1 (item 1)"]
    shared = {"task": "t", "problem": "t", "gold": "g", "reference": {"answer": "g"}}
    assert lines[0].record == {**shared, "text": "a", "correct": 1}
    assert lines[1].record == {**shared, "text": "b", "correct": 0}


def test_names_of_problems_are_joined_with_a_slash() -> None:
    record = {"subject": "algebra", "n": 3, "q": "x"}
    fields = FieldMap({"id": "subject+n", "prompt": "subject+q"})
    (line,) = fields.lines(Line("f:1", record))
    assert (line.record["id"], line.record["prompt"]) == ("algebra/3", "algebra\n\nx")


def test_fields_that_are_lists_stay_lists() -> None:
    record = {"options": [{"t": "a"}, {"t": "b"}]}
    (line,) = FieldMap({"choices": "options.*.t"}).lines(Line("f:1", record))
    assert line.record["choices"] == ["a", "b"]
    (line,) = drawn({"reference.choices": "options.*.t"}, record)
    assert line.record["reference"] == {"choices": ["a", "b"]}


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ({"text": "a.*", "correct": "b.*"}, r"differ: a\.\* 2, b\.\* 3"),
        ({"text": "a.*", "correct": "c"}, "correct=c is one value for 2 draws"),
    ],
)
def test_lists_that_do_not_fit(mapping: dict[str, str], why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        drawn(mapping, {"a": [1, 2], "b": [1, 2, 3], "c": True})


def test_one_verdict_for_several_draws_is_not_read() -> None:
    fields = FieldMap({"text": "a.*"}, draws=("correct",))
    lines = fields.lines(Line("f:1", {"a": ["x", "y"], "correct": True, "more": 1}))
    assert [line.record for line in lines] == [
        {"more": 1, "text": "x"},
        {"more": 1, "text": "y"},
    ]
    assert fields.notes() == ["1 record has several draws and one 'correct', which is not read"]
    assert fields.lines(Line("f:2", {"a": ["x"], "correct": True}))[0].record["correct"] is True
    assert fields.lines(Line("f:3", {"a": []})) == []
    assert "1 of 3 records have an empty list of draws" in fields.notes()


def test_the_fields_that_a_mapping_reads() -> None:
    assert {"a", "a.b", "q", "body"} <= fields_used({"id": "a.b", "prompt": 'body+"x"+q:json'})


names = st.text(st.sampled_from("ab .,+:[]*\"'\\0-é=\n"), min_size=1, max_size=6)
steps = st.one_of(
    st.builds(Step, names, st.just("name")),
    st.builds(Step, st.text(max_size=5), st.just("quoted")),
    st.just(Step("*", "each")),
)
later = st.one_of(
    steps,
    st.just(Step("", "json")),
    st.builds(Step, st.text(min_size=1, max_size=3), st.just("after")),
)
paths = st.builds(lambda first, more: Path((first, *more)), steps, st.lists(later, max_size=4))
operands = st.one_of(
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
)
tests = st.one_of(
    st.builds(Comparison, st.sampled_from([">", ">=", "<", "<="]), st.integers(-9, 9)),
    st.builds(Comparison, st.sampled_from(["==", "!="]), operands),
)
joins = st.lists(st.one_of(paths, st.builds(Text, st.text(max_size=5))), max_size=3)


@given(paths, joins, st.one_of(st.none(), tests))
def test_what_is_written_is_read_again(first: Path, more: list[Any], test: Any) -> None:
    value = Value((first, *more), test)
    assert parse_value(str(value)) == value
    text = f"a={value},b={value}"
    assert [(ours, found) for ours, found, _ in parse_pairs(text)] == [("a", value), ("b", value)]


@given(st.text(st.sampled_from("ab=.,+:[]*\"'\\0-> \n"), max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        pairs = list(parse_pairs(text))
    except MapSyntaxError as error:
        assert 0 <= error.at <= len(text)  # noqa: PT017
    else:
        assert all(parse_value(str(value)) == value for _, value, _ in pairs)


def every_path(value: Any, steps: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield steps, value
    lists = enumerate(value) if isinstance(value, list) else ()
    for name, each in value.items() if isinstance(value, dict) else lists:
        yield from every_path(each, (*steps, str(name)))


values = st.recursive(
    st.integers(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "a.b", "0", "b.a", "1.a"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "a.b", "0.a"]), values, min_size=1))
def test_paths_find_what_brute_force_finds(record: dict[str, Any]) -> None:
    """Every value is reached by its own names in quotes; by names with dots, a value that has this
    spelling, and of several the one with the longest first name."""
    found: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
    for steps_, value in every_path(record):
        if steps_:
            found.setdefault(".".join(steps_), []).append((steps_, value))
            kinds = (Step(name, "name" if name.isdigit() else "quoted") for name in steps_)
            assert Path(tuple(kinds)).find(record) == value
    for text, there in found.items():
        longest = max(there, key=lambda each: [len(name) for name in each[0]])
        assert parse_value(text).paths[0].find(record) == longest[1]
    assert parse_value("c.a").paths[0].find(record) is MISSING


@given(st.lists(st.one_of(st.none(), st.text("ab", max_size=2)), min_size=1, max_size=4))
def test_joins_are_those_of_the_parts_that_are_not_empty(parts: list[str | None]) -> None:
    record = {f"f{at}": part for at, part in enumerate(parts)}
    joined = evaluate(parse_value("+".join(record)), record)
    expected = "\n\n".join(part for part in parts if part)
    assert joined == (expected if len(parts) > 1 else parts[0])


@given(st.integers(-9, 9), st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.integers(-9, 9))
def test_comparisons_are_those_of_python(left: int, operator: str, right: int) -> None:
    expected = eval(f"{left} {operator} {right}")
    for held in (left, float(left), str(left)):
        value = parse_value(f"x:{operator}{right}")
        assert evaluate(value, json.loads(json.dumps({"x": held}))) is expected
