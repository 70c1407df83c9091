r"""`--map OURS=VALUE,…`: fields of foreign records under the names of ttc.

A `FieldMap` reads the records of one source, one after another: where a record lacks what is
mapped, that is counted; if all do, it is an error. The grammar:

    mapping = OURS "=" value { "," OURS "=" value }
    value   = piece { "+" piece } [ ":" test ]
    piece   = path | text in quotes
    path    = step { "." step | "[" step "]" | ":json" | ":after(" text in quotes ")" }
    step    = name | position in a list (-1: the last) | "*" (each item) | name in quotes
    test    = ( ">" | ">=" | "<" | "<=" ) number
            | ( "==" | "!=" ) ( number | true | false | null | word | text in quotes )

- `messages=body.messages`, `text=choices[0].message.content`: reach inside. A field whose own name
  has a dot wins; `\` before `. , + : [ ] * " '` makes it part of a name, as do `["odd.name"]`, and
  quotes around a step or a whole value.
- `text=samples.*`: each item of a list. Of samples, a draw each: `text=samples.*,correct=oks.*`
  are read side by side. For fields that are lists (`choices`, `messages`), a list.
- `prompt=body+question`: join texts with a blank line (names of problems with a slash:
  `id=subject+number`); empty parts are left out. A text in quotes
  replaces the blank line: `prompt=body+"\n"+question`, `prompt="Q: "+question`.
- `correct=score:>0.5`, `correct=label:=="C"`: true or false; null stays null.
- `reference=doc:json`, `answer=doc:json.gold`: a text with JSON in it.
- `answer=gold:after("####")`: what stands after the last `####`.

White space around a name is left out. Spaces in names need no quotes.
"""

from __future__ import annotations

from ttc.formats.mapping.evaluating import evaluate
from ttc.formats.mapping.field_map import FieldMap, check
from ttc.formats.mapping.grammar import MapSyntaxError, Value
from ttc.formats.mapping.names import check_mapping, fields_used, parse_mapping
from ttc.formats.mapping.parsing import parse_pairs, parse_value

__all__ = [
    "FieldMap",
    "MapSyntaxError",
    "Value",
    "check",
    "check_mapping",
    "evaluate",
    "fields_used",
    "parse_mapping",
    "parse_pairs",
    "parse_value",
]
