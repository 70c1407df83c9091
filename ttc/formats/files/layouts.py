"""Where the records are in a document of JSON or YAML: a list, an object that holds one, the
layouts of pandas, the answers of the datasets server, or a single record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ttc.errors import UsageError
from ttc.formats.files import articles
from ttc.formats.files.streams import shell_name
from ttc.jsonl import BadLineError, Line

# Fields that are a question: an object that has one is itself a record.
QUESTIONS = frozenset(
    (
        "question",
        "prompt",
        "problem",
        "input",
        "inputs",
        "instruction",
        "query",
        "messages",
        "conversations",
        "conversation",
        "turns",
        "question_content",
        "text",
        "body",
        "passage",
        "premise",
        "ctx",
        "goal",
        "sentence",
        "completion",
        "custom_id",
    )
)
# Usual names of a list of records in an object.
LISTS = frozenset(
    (
        "data",
        "rows",
        "records",
        "items",
        "examples",
        "instances",
        "questions",
        "problems",
        "prompts",
        "samples",
        "results",
        "entries",
        "dataset",
        "tasks",
        "documents",
        "docs",
        "list",
        "test",
        "validation",
        "train",
        "dev",
        "eval",
        "cases",
        "queries",
    )
)
_IDS = ("id", "task_id", "unique_id", "question_id", "problem_id", "qid", "problem", "doc_id")


def lines_of(value: Any, place: str, named: frozenset[str] = frozenset()) -> Iterator[Line]:
    """Return the records of a document with their places (`file:data[3]`).

    `named` are the fields of records that the user named: an object that has them all is one.

    A BadLineError for an item that is no record comes from the iterator, which then goes on.
    UsageError for a document without records.
    """
    if isinstance(value, list):
        return items([(f"{place}:[{at}]", each) for at, each in enumerate(value)])
    if not isinstance(value, dict):
        raise UsageError(f"{place}: it holds {value!r:.40}, not records")
    if is_record(value) or has_all(value, named):
        return iter((Line(f"{place}:1", value),))
    if (table := _table(value)) is not None:
        return items([(f"{place}:[{at}]", each) for at, each in enumerate(table)])
    if _has_shape(value):
        return iter((Line(f"{place}:1", value),))
    if lists := lists_in(value):
        name = _one_of(lists, place)
        return items([(f"{place}:{name}[{at}]", each) for at, each in enumerate(value[name])])
    inner = [name for name, each in value.items() if _lies_in(each)]
    if len(inner) == 1:
        return lines_of(value[inner[0]], f"{place}:{inner[0]}")
    return iter((Line(f"{place}:1", value),))


def holds_records(value: Any) -> bool:
    """Return whether an object holds records, rather than being one."""
    if not isinstance(value, dict) or is_record(value):
        return False
    return _lies_in(value) or any(_lies_in(each) for each in value.values())


def has_all(value: Any, named: frozenset[str]) -> bool:
    """Return whether an object has all fields that are named, if any are."""
    return isinstance(value, dict) and bool(named) and named <= value.keys()


def _lies_in(value: Any) -> bool:
    """Return whether records are in an object, itself not a record."""
    if not isinstance(value, dict) or is_record(value):
        return False
    return _table(value) is not None or (bool(lists_in(value)) and not _has_shape(value))


def is_record(value: Mapping[str, Any]) -> bool:
    """Return whether an object has a question."""
    return any(
        name.lower() in QUESTIONS and _is_question(name.lower(), each)
        for name, each in value.items()
        if isinstance(name, str)
    )


def _has_shape(value: Mapping[str, Any]) -> bool:
    """Return whether an object is a record of a dataset that is known, whatever is in it."""
    from ttc.formats.shapes.known import shapes  # only a document of one object needs them

    return all(isinstance(name, str) for name in value) and shapes().best(value) is not None


def _is_question(name: str, value: Any) -> bool:
    turns = name in ("messages", "conversations", "conversation", "turns", "prompt", "input")
    return isinstance(value, str) or (turns and isinstance(value, list) and _are_turns(value))


def _are_turns(value: list[Any]) -> bool:
    return all(
        isinstance(each, str) or (isinstance(each, dict) and bool({"role", "from"} & each.keys()))
        for each in value
    )


def lists_in(value: Mapping[str, Any]) -> list[str]:
    """Return the fields of an object that hold a list of records."""
    usual = [n for n, each in value.items() if str(n).lower() in LISTS and _is_list(each, str)]
    return usual or [name for name, each in value.items() if _is_list(each)]


def _is_list(value: Any, *others: type) -> bool:
    kinds = (dict, *others)
    return isinstance(value, list) and bool(value) and all(isinstance(v, kinds) for v in value)


def _one_of(lists: list[str], place: str) -> str:
    if len(lists) > 1:
        raise UsageError(
            f"{place}: it has several lists of records ({', '.join(lists)}); choose one: "
            f"`jq -c '.\"{lists[0]}\"[]' {shell_name(place)} | ttc sample -`"
        )
    return lists[0]


def items(values: list[tuple[str, Any]]) -> Iterator[Line]:
    """Return the items of a list, each with its place, as records: a text is a question.

    A BadLineError for another item comes from the iterator, which then goes on.
    """
    if values and all(_is_served(each) for _, each in values):
        values = [(where, each["row"]) for where, each in values]
    if values and all(articles.is_article(each) for _, each in values):
        values = [placed for where, each in values for placed in articles.questions(where, each)]
    return map(_item, values)


def _item(placed: tuple[str, Any]) -> Line:
    place, value = placed
    if isinstance(value, str):
        return Line(place, {"question": value})
    if not isinstance(value, dict):
        raise BadLineError(f"{place}: an object is needed, not {value!r:.40}")
    return Line(place, value)


def _is_served(value: Any) -> bool:
    return isinstance(value, dict) and {"row_idx", "row"} <= value.keys()


def _table(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the records of a table as pandas writes it, or by identifier; None if it is none."""
    values = list(value.values())
    schema = value.get("schema")
    if (
        isinstance(schema, dict)
        and schema.get("primaryKey") == ["index"]
        and _is_list(value.get("data"))
    ):
        # The numbers of rows that pandas adds.
        return [{k: v for k, v in row.items() if k != "index"} for row in value["data"]]
    if _is_split(value):
        return [dict(zip(value["columns"], row, strict=True)) for row in value["data"]]
    if _is_columns(values):
        return _by_columns(value)
    if not value or not all(isinstance(each, dict) and each for each in values):
        return None
    if _has_question(value) and len({tuple(each) for each in values}) == 1:
        return [{name: value[name][key] for name in value} for key in values[0]]
    if _has_question(values[0]):
        return [_with_id(key, at, each) for at, (key, each) in enumerate(value.items())]
    return None


def _is_split(value: Mapping[str, Any]) -> bool:
    columns, data = value.get("columns"), value.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        return False
    return all(isinstance(row, list) and len(row) == len(columns) for row in data)


def _is_columns(values: list[Any]) -> bool:
    if len(values) < 2 or not all(isinstance(each, list) and each for each in values):
        return False
    return len({len(each) for each in values}) == 1 and not any(map(_is_list, values))


def _by_columns(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _has_question(value: Mapping[str, Any]) -> bool:
    return any(str(name).lower() in QUESTIONS | {"correct"} for name in value)


def _with_id(key: str, at: int, record: dict[str, Any]) -> dict[str, Any]:
    if key == str(at) or any(name in record for name in _IDS):
        return record
    return {"id": key, **record}
