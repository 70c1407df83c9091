"""A grammar that llama.cpp cannot use is refused with its line and column, before it gets it."""

from __future__ import annotations

import pytest

from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.gbnf_check import check

VALID = (
    'root ::= "a"',
    'root::="a"|"b"',
    'root ::= "a" |\n  "b" # a comment\n\nother ::= "c"\r\n',
    'root ::= (\n"a"\n|\n"b"\n)\n',
    'root ::= ("a"*)* "\\U0001F600" [^\\n\\]-] .',
    'root ::= "a"{2} [à-ü]{1,} ("b" | "c"){ 1 , 3 }',
    'root ::= <[7]> !<[8]> ""',
    'root ::= "a" root | "b"',
    'root ::= item ("," item)*\nitem ::= "(" root ")" | [a-]',
)
INVALID = {
    'root ::= root "a"': r"line 1, column 10: left recursion \(root → root\)",
    'root ::= a\na ::= b a "x" | "y"\nb ::= c\nc ::= "z" | ""': r"line 2, column 9: left recursion",
    "root ::= x x\nx ::= y*\ny ::= x": r"left recursion \(x → y → x\)",
    "root ::= x": "line 1, column 10: no rule is named 'x'",
    'start ::= "a"': "no rule is named 'root'.*the first one is 'start'",
    "": "no rule is named 'root'",
    'root ::= "a"\nroot ::= "b"': "line 2, column 1: the rule 'root' is defined twice",
    'root ::= "a" root': "line 1, column 1: no text ever ends",
    'root ::= "a"{0,3000}': "line 1, column 10: llama.cpp repeats at most 1999 times",
    'root ::= "a"{3,1}': "a repetition from 3 to 1 is none",
    'root ::= "a"{x}': r"column 13: a repetition is written \{m\}",
    "root ::= *": r"nothing stands before '\*'",
    "root ::= [": "column 10: the class that begins here is not closed",
    "root ::= [z-a]": "a range begins after its end",
    "root ::= []": "a class without characters",
    'root ::= "a': "column 10: the literal that begins here is not closed",
    'root ::= ("a"': "column 10: the group that opens here is not closed",
    'root ::= "a" )': "the group is not opened",
    'root ::= "\\q"': r"column 11: \\q is no escape of GBNF",
    'root ::= "\\x4"': r"\\x needs 2 hexadecimal digits",
    "root ::= <think": "a token is written",
    'root = "a"': "column 6: ::= is missing after 'root'",
    "root ::= a_b": "column 11: '_' is not expected here; names have no underscores",
    'root ::= "a"\n  | "b"': "line 2, column 3: '|' belongs at the end of the line before",
    "root ::= " + "(" * 200 + '"a"' + ")" * 200: "groups are nested more than 100 deep",
    'root ::= "' + "a" * 1000 + '"{1999}': "a repetition of so long a part is too large",
    "root ::= x0\n"
    + "".join(f"x{i} ::= x{i + 1} | x{i + 1}\n" for i in range(30))
    + 'x30 ::= "a"': "branch too often",
}


@pytest.mark.parametrize("grammar", VALID)
def test_valid_grammars_pass(grammar: str) -> None:
    check(grammar)


@pytest.mark.parametrize(("grammar", "why"), INVALID.items(), ids=[key[:24] for key in INVALID])
def test_invalid_ones_are_named_with_their_place(grammar: str, why: str) -> None:
    with pytest.raises(GrammarError, match=why):
        check(grammar)
