"""Problems from files or standard input, and how a question is put to the model.

`dataset` reads and checks a whole source, whose shape `detection` finds among those of
`ttc.formats.shapes`; `telling` says what was read; `tagging` has the fields that groups are made
by, `few_shot` the examples and `rendering` the text around a question; `joining` makes one list
of several sources, and `choosing` takes some of it.
"""

from __future__ import annotations

from ttc.problems.choosing import Choosing, parse_ids, select
from ttc.problems.dataset import (
    MAPPABLE,
    Dataset,
    read,
)
from ttc.problems.few_shot import FewShot
from ttc.problems.joining import mapping_notes, merge, tag_notes
from ttc.problems.one_by_one import each, one, question
from ttc.problems.rendering import render
from ttc.problems.sources import Data, ReadOptions

__all__ = [
    "MAPPABLE",
    "Choosing",
    "Data",
    "Dataset",
    "FewShot",
    "ReadOptions",
    "each",
    "mapping_notes",
    "merge",
    "one",
    "parse_ids",
    "question",
    "read",
    "render",
    "select",
    "tag_notes",
]
