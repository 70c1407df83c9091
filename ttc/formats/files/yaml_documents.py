"""YAML: a list of records, a mapping with one in it, or several documents.

Scalars are read as YAML 1.2 does: only `true` and `false` are booleans, and `007`, `1_000`, `no`
and dates stay text, so an answer is what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.formats.files import layouts
from ttc.formats.files.json_document import decoded
from ttc.formats.files.streams import shell_name
from ttc.jsonl import Line
from ttc.plugins.installing import install

_MOST = 10_000_000  # values, with aliases written out
_BEGINS = re.compile(r"(?:\s*#[^\n]*\n|\s*\n)*(?:%YAML|---(?:\s|$)|- ?\w[\w ]*:(?:\s|$)|- \{)")
_NAMED = re.compile(r"(?:\s*#[^\n]*\n|\s*\n)*\w[\w ]*:(?:\s|$)")
_LISTED = re.compile(r"^\s*- +(?:\w[\w ]*:\s|\{)", re.MULTILINE)
_SCALARS = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)$"), "nN~"),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    ("int", re.compile(r"-?(?:0|[1-9]\d*)$"), "-0123456789"),
    ("float", re.compile(r"-?(?:0|[1-9]\d*)\.\d+$"), "-0123456789"),
)


class Yaml:
    """YAML documents."""

    name = "yaml"
    suffixes: tuple[str, ...] = (".yaml", ".yml")

    def holds_records(self, head: bytes) -> bool:
        """Return whether it begins with a document, a list of mappings, or a name with a block."""
        text = head.decode("utf-8-sig", "replace")
        return bool(_BEGINS.match(text) or (_NAMED.match(text) and _LISTED.search(text)))

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Return the records. UsageError, with the line, for YAML that cannot be read."""
        yaml, loader = _loader(place)
        text = decoded(stream.read(), place)
        try:
            found = [each for each in yaml.load_all(text, Loader=loader) if each is not None]
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = place if mark is None else f"{place}:{mark.line + 1}"
            raise UsageError(f"{where}: not valid YAML ({_reason(error)})") from None
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{place}: {error}") from None
        _check_size(found, place)
        if len(found) == 1:
            return layouts.lines_of(found[0], place)
        return layouts.items([(f"{place}:[{at}]", each) for at, each in enumerate(found)])


def _reason(error: Any) -> str:
    if isinstance(getattr(error, "problem", None), str):
        return str(error.problem)
    return " ".join(str(error).split())


def _check_size(value: Any, place: str) -> None:
    """Raise UsageError for aliases of aliases that would fill the memory."""
    sizes: dict[int, int] = {}

    def size(each: Any) -> int:
        if not isinstance(each, (list, dict)):
            return 1
        if id(each) in sizes:
            return sizes[id(each)]
        sizes[id(each)] = _MOST  # while it is counted: what holds itself is endless
        inner = each.values() if isinstance(each, dict) else each
        sizes[id(each)] = 1 + sum(map(size, inner))
        return sizes[id(each)]

    if size(value) >= _MOST:
        raise UsageError(f"{place}: its aliases stand for more than {_MOST:,} values")


def _loader(place: str) -> tuple[Any, Any]:
    try:
        import yaml
    except ImportError:
        raise UsageError(
            f"{place}: YAML needs a package: {install('ttc-cli[yaml]')}; or convert it: "
            f"`yq -o=json {shell_name(place)} | ttc sample -`"
        ) from None
    return yaml, _strict_loader()


@cache
def _strict_loader() -> Any:
    """Return a loader of plain data that refuses repeated keys."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]  # which of the two it is, is known when it runs
        """Reads plain data, the scalars as YAML 1.2 has them."""

        yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            """Return a mapping; an error for a key that occurs twice."""
            seen: set[str] = set()
            for key_node, _ in node.value:
                key = str(key_node.value)
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} occurs twice", key_node.start_mark
                    )
                seen.add(key)
            found = super().construct_mapping(node, deep=deep)
            return {str(key): value for key, value in found.items()}

    for name, pattern, first in _SCALARS:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", pattern, list(first))
    Loader.add_implicit_resolver("tag:yaml.org,2002:null", _SCALARS[0][1], [""])
    Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<$"), ["<"])
    return Loader
