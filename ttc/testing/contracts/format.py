"""What every format must do: subclass FormatContract and give it a fixture `format_`.

    import pytest
    from ttc.testing import FormatContract

    class TestMine(FormatContract):
        records = ({"lines": ["What has keys?"], "solution": "a piano"},)
        broken = ({"lines": [], "solution": "a piano"},)

        @pytest.fixture
        def format_(self):
            return Mine()

A format is tested for what it can do (`ttc.formats`): as the shape of `records`, as the kind of
`files`, as a compression, as a reader and writer of logs.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ttc.errors import UsageError
from ttc.formats import (
    Draw,
    Opinion,
    ReadsDraws,
    ReadsProblems,
    ReadsRecords,
    Unpacks,
    WritesDraws,
)
from ttc.records import Message, Problem, Sample, Verdict

ABILITIES = (Unpacks, ReadsRecords, ReadsProblems, ReadsDraws, WritesDraws)
# What files of other kinds begin with.
OTHERS = {
    "nothing": b"",
    "a sentence": b"Once upon a time there was a fisherman.\n",
    "JSON lines": b'{"id": "a", "question": "Why?", "answer": "42"}\n',
    "a JSON document": b'{"version": 1, "rows": [1, 2]}',
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "noise": bytes(range(256)) * 2,
}


class FormatContract:
    """The contract of `ttc.formats`.

    `records` are of its shape, and each of `broken` has its fields and cannot be read. `files` are
    the bytes of files with their records, `packed` those of compressed ones with what is in them,
    `logs` the names and bytes of logs with the number of their draws. `damaged` files, or logs,
    are refused. `like` names what of OTHERS may be taken for its own.
    """

    records: ClassVar[Sequence[Mapping[str, Any]]] = ()
    broken: ClassVar[Sequence[Mapping[str, Any]]] = ()
    files: ClassVar[Sequence[tuple[bytes, Sequence[Mapping[str, Any]]]]] = ()
    packed: ClassVar[Sequence[tuple[bytes, bytes]]] = ()
    logs: ClassVar[Sequence[tuple[str, bytes, int]]] = ()
    damaged: ClassVar[Sequence[bytes]] = ()
    like: ClassVar[frozenset[str]] = frozenset()

    def test_it_says_what_it_is(self, format_: Any) -> None:
        assert isinstance(format_.name, str)
        assert format_.name
        assert any(isinstance(format_, each) for each in ABILITIES), "it can do nothing"
        given = (self.packed, self.files, self.records, self.logs)
        for ability, examples in zip(ABILITIES, given, strict=False):
            writes = ability is ReadsDraws and isinstance(format_, WritesDraws)
            assert examples or writes or not isinstance(format_, ability), (
                f"give examples for {ability.__name__}"
            )

    # The shape of records.

    def test_records_become_problems(self, format_: Any) -> None:
        self.need(format_, ReadsProblems)
        assert isinstance(format_.fields, frozenset)
        assert format_.fields
        assert format_.template is None or format_.template.count("{prompt}") == 1
        for record in self.records:
            assert format_.fields <= record.keys(), "a record of the shape has its fields"
            assert format_.matches(record) is True
            before = json.dumps(record, sort_keys=True, default=str)
            found = format_.problem(record, "file:7")
            assert isinstance(found, Problem)
            assert isinstance(found.id, str)
            assert found.id
            assert bool(found.messages) != (found.prompt is not None), "messages or a prompt"
            assert all(isinstance(each, Message) and each.content for each in found.messages)
            json.dumps(dict(found.reference), allow_nan=False)
            assert format_.problem(record, "file:7") == found, "the same each time"
            assert json.dumps(record, sort_keys=True, default=str) == before, "left unchanged"

    def test_problems_without_an_identifier_have_their_place(self, format_: Any) -> None:
        self.need(format_, ReadsProblems)
        for record in self.records:
            one, other = format_.problem(record, "file:7").id, format_.problem(record, "file:8").id
            assert (one == other) or (one, other) == ("file:7", "file:8")

    def test_what_a_problem_asks_gives_no_reference_away(self, format_: Any) -> None:
        self.need(format_, ReadsProblems)
        for record in self.records:
            found = format_.problem(record, "file:7")
            asked = found.prompt or "".join(turn.content for turn in found.messages)
            answer = found.reference.get("answer")
            shows = isinstance(answer, str) and len(answer) > 3 and answer in asked
            assert not shows or self.quotes(record), f"{answer!r} is in the question"

    def test_broken_records_are_refused(self, format_: Any) -> None:
        self.need(format_, ReadsProblems)
        assert self.broken, "give `broken` records: they have the fields and cannot be read"
        for record in self.broken:
            if not format_.matches(record):
                continue
            with pytest.raises((KeyError, ValueError)) as told:
                format_.problem(record, "file:7")
            assert str(told.value), "the error names what is missing"

    def test_an_empty_record_is_no_problem(self, format_: Any) -> None:
        self.need(format_, ReadsProblems)
        with pytest.raises((KeyError, ValueError)):
            format_.problem({}, "file:7")

    # Kinds of files.

    def test_files_are_read(self, format_: Any) -> None:
        self.need(format_, ReadsRecords)
        assert format_.suffixes
        assert all(each.startswith(".") for each in format_.suffixes)
        for content, records in self.files:
            assert format_.holds_records(content[:4096])
            lines = list(format_.records(io.BytesIO(content), "file"))
            assert [line.record for line in lines] == list(records)
            assert len({line.place for line in lines}) == len(lines), "places tell lines apart"
            assert all(line.place.startswith("file") for line in lines)

    def test_packed_files_are_unpacked(self, format_: Any) -> None:
        self.need(format_, Unpacks)
        for content, inside in self.packed:
            assert format_.packed(content[:4096])
            assert format_.unpack(io.BytesIO(content), "file").read() == inside

    def test_files_of_other_kinds_are_not_its_own(self, format_: Any, tmp_path: Path) -> None:
        for kind, head in OTHERS.items():
            if kind in self.like:
                continue
            path = tmp_path / "other"
            path.write_bytes(head)
            if isinstance(format_, Unpacks):
                assert not format_.packed(head), kind
            if isinstance(format_, ReadsDraws):
                assert not format_.holds_draws(path, head), kind

    def test_damaged_files_are_refused_with_their_place(self, format_: Any, tmp_path: Path) -> None:
        for content in self.damaged:
            path = tmp_path / "damaged"
            path.write_bytes(content)
            with pytest.raises(UsageError, match="damaged"):
                self.read(format_, path)

    # Logs.

    def test_logs_are_read(self, format_: Any, tmp_path: Path) -> None:
        self.need(format_, ReadsDraws)
        for name, content, count in self.logs:
            path = tmp_path / name
            path.write_bytes(content)
            assert format_.holds_draws(path, content[:65536])
            draws = list(format_.draws(path, {}))
            assert len(draws) == count
            assert all(isinstance(each, Draw) and each.problem.id for each in draws)
            assert all(each.problem.id == each.sample.problem for each in draws)
            indices = {(each.problem.id, each.sample.index, each.sample.pool) for each in draws}
            assert len(indices) == count, "draws of a problem have different indices"

    def test_an_unknown_option_is_refused(self, format_: Any, tmp_path: Path) -> None:
        self.need(format_, ReadsDraws)
        for name, content, _ in self.logs:
            (tmp_path / name).write_bytes(content)
            with pytest.raises(UsageError, match="no_such_option"):
                list(format_.draws(tmp_path / name, {"no_such_option": "1"}))

    def test_what_is_written_is_read_again(self, format_: Any, tmp_path: Path) -> None:
        self.need(format_, WritesDraws)
        assert format_.suffix.startswith(".")
        draws, stream = self.draws(), io.BytesIO()
        lost = format_.write(iter(draws), stream)
        assert all(isinstance(line, str) and "\n" not in line for line in lost)
        again = io.BytesIO()
        format_.write(iter(draws), again)
        assert again.getvalue() == stream.getvalue(), "the same draws give the same bytes"
        self.need(format_, ReadsDraws)
        path = tmp_path / f"written{format_.suffix}"
        path.write_bytes(stream.getvalue())
        assert format_.holds_draws(path, stream.getvalue()[:65536])
        back = {(each.problem.id, each.sample.text) for each in format_.draws(path, {})}
        assert back == {(each.problem.id, each.sample.text) for each in draws}

    # What is tested.

    def read(self, format_: Any, path: Path) -> None:
        """Read a whole file in the way that the format can. UsageError."""
        content = path.read_bytes()
        if isinstance(format_, ReadsDraws):
            list(format_.draws(path, {}))
        elif isinstance(format_, ReadsRecords):
            list(format_.records(io.BytesIO(content), str(path)))
        else:
            format_.unpack(io.BytesIO(content), str(path)).read()

    def need(self, format_: Any, ability: type) -> None:
        """Skip a test if the format cannot do what it is about."""
        if not isinstance(format_, ability):
            pytest.skip(f"no {ability.__name__}")

    def quotes(self, record: Mapping[str, Any]) -> bool:
        """Return whether the question of a record may hold its answer, as choices do."""
        return False

    def draws(self) -> list[Draw]:
        """Return the draws that a format writes: texts in many letters, judged and not."""
        return list(_written())


def _written() -> Iterator[Draw]:
    texts = ("plain", 'a "quoted", text', "two\nlines\r\nand more", "ünïcödé 數學 🎲", "= a\ttab")
    for number in range(2):
        problem = Problem(f"p{number}", (Message("user", f"question {number}?"),))
        for index, text in enumerate(texts):
            verdict = Verdict("4", index % 2 == 0, float(index % 2 == 0))
            told = (Opinion("exact", verdict),) if number else ()
            sample = Sample(problem.id, index, f"{number}: {text}", "stop", 3, 5, model="m")
            yield Draw(problem, sample, told)
