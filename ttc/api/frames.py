"""Rows as data frames, by pandas or pyarrow, which are imported when they are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ttc.errors import UsageError
from ttc.plugins import installing

if TYPE_CHECKING:
    import pandas
    import pyarrow

# Column → kind. Each kind has a value for what is unknown.
SAMPLE_COLUMNS = {
    "pool": "text",
    "model": "text",
    "problem": "text",
    "index": "integer",
    "text": "text",
    "finish_reason": "text",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "think_tokens": "integer",
    "logprob": "number",
    "seconds": "number",
    "seed": "integer",
    "answer": "text",
    "correct": "boolean",
    "score": "number",
    "verifier": "text",
    "status": "text",
    "reads_reference": "boolean",
    "verifier_tokens": "integer",
}
_PANDAS = {"text": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
_ARROW = {"text": "string", "integer": "int64", "number": "float64", "boolean": "bool_"}


def _imported(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        how = installing.install(f"ttc-cli[{extra}]")
        raise UsageError(f"this needs {name}; {how}") from None


def _columns(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {name: [] for name in columns}
    for row in rows:
        for name, values in found.items():
            values.append(row.get(name))
    return found


def to_pandas(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pandas.DataFrame:
    """Return rows as a pandas.DataFrame with nullable columns."""
    library = _imported("pandas", "pandas")
    series = {
        name: library.array(values, dtype=_PANDAS[columns[name]])
        for name, values in _columns(rows, columns).items()
    }
    frame: pandas.DataFrame = library.DataFrame(series)
    return frame


def to_arrow(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pyarrow.Table:
    """Return rows as a pyarrow.Table."""
    library = _imported("pyarrow", "arrow")
    arrays = {
        name: library.array(values, type=getattr(library, _ARROW[columns[name]])())
        for name, values in _columns(rows, columns).items()
    }
    return library.table(arrays)
