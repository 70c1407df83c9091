"""Text from models and data in each format: shown as it is, and never more than text."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ttc.cli.completing import offers
from ttc.cli.session import begin
from ttc.messages import visible as module
from ttc.messages.visible import (
    for_stdout,
    inert,
    json_for_stdout,
    message,
    one_line,
    report_line,
    visible,
)
from ttc.records import Sample, Verdict
from ttc.report.ci import github
from ttc.report.escaping import csv_row, fenced, in_html, in_markdown
from ttc.report.junit import Case, Suite, add_case, write_junit

HOSTILE = "\x1b[2J\x1b]52;c;x\x07\x9b31m\u202e"
ESC, BIDI, TAG = "\x1b", "\u202e", "\U000e0041"

SHOWN = {
    f"{ESC}[2J": "␛[2J",
    f"{ESC}]52;c;cm0gLXJm\x07": "␛]52;c;cm0gLXJm␇",
    f"{ESC}]8;;http://x{ESC}\\click{ESC}]8;;{ESC}\\": "␛]8;;http://x␛\\click␛]8;;␛\\",
    f"{ESC}]0;title\x9c": "␛]0;title\\x9c",
    "\x9b31m\x90q\x9d52": "\\x9b31m\\x90q\\x9d52",
    "rm -rf /\rls      ": "rm -rf /␍ls      ",
    "ab\b\bcd\x7f": "ab␈␈cd␡",
    "\x00\x01\x0b\x0c\x1f": "␀␁␋␌␟",
    "\x0e(0\x0f": "␎(0␏",
    f"a{BIDI}b\u202a\u202b\u202c\u202d": "a\\u202eb\\u202a\\u202b\\u202c\\u202d",
    "\u2066\u2067\u2068\u2069": "\\u2066\\u2067\\u2068\\u2069",
    "\u200e\u200f\u061c": "\\u200e\\u200f\\u061c",
    "\u2028\u2029\x85": "\\u2028\\u2029\\x85",
    "pass\u200bword": "pass\\u200bword",
    "a\u2060b\ufeffc\u00add": "a\\u2060b\\ufeffc\\xadd",
    "a\u2061\u2062\u2063\u2064\u206a\u206f": "a\\u2061\\u2062\\u2063\\u2064\\u206a\\u206f",
    "\u115f\u1160\u3164\uffa0": "\\u115f\\u1160\\u3164\\uffa0",
    "\u034f\u17b4\u180e": "\\u034f\\u17b4\\u180e",
    f"{TAG}\U000e0001\U000e007f": "\\ue0041\\ue0001\\ue007f",
    "\ud800 \udfff": "\\ud800 \\udfff",
    "\ufff9a\ufffab\ufffb\ufffe\uffff": "\\ufff9a\\ufffab\\ufffb\\ufffe\\uffff",
    "\U0001d173\U0001bca0": "\\u1d173\\u1bca0",
    # Joiners and variation selectors that hide something.
    "pass\u200dword\u200c": "pass\\u200dword\\u200c",
    "a\ufe0fb": "a\\ufe0fb",
    "😀\ufe01\ufe02\U000e0110": "😀\ufe01\\ufe02\\ue0110",
    "\u200d\u200d🔬": "\\u200d\\u200d🔬",
    "a\r\nb\r\n": "a\nb\n",
}
PLAIN = [
    "plain text\twith tabs\nand lines",
    "x² ≤ ½ · naïve עברית العربية",
    "数学 ひらがな 🙂 e\u0301",
    # Joiners and variation selectors where they belong.
    "👩\u200d🔬 ❤\ufe0f\u200d🔥 1\ufe0f\u20e3 #\ufe0f\u20e3",
    "می\u200cخواهم क्\u200dष 葛\U000e0100",
]


@pytest.mark.parametrize(("text", "shown"), SHOWN.items(), ids=map(repr, SHOWN))
def test_control_characters_are_seen(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


SPECIAL = (
    "\x1b\x9b\u200b\u200c\u200d\u202e\ufe0f\ufe01\U000e0100\U000e0041\ud800\r\n\t\x00\xad1#a é🔬क"
)
KEPT = {"\u200c", "\u200d", "\n", "\t"}


@given(st.text(st.one_of(st.sampled_from(SPECIAL), st.characters())))
def test_nothing_is_hidden_and_showing_again_changes_nothing(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    visible_signs = {"\u0600", "\u0601", "\u0602", "\u0603", "\u0604", "\u0605", "\u06dd", "\u070f"}
    for char in set(shown) - KEPT - visible_signs:
        kind = unicodedata.category(char)
        if ord(char) < 0x10000:
            assert kind not in ("Cc", "Cs", "Zl", "Zp"), char
            assert kind != "Cf" or char in "\u0890\u0891\u08e2", char
    assert len(one_line(text).splitlines()) <= 1
    shown.encode()


def test_a_very_long_message_is_shortened_in_the_middle() -> None:
    line = message("begin " + "x" * 100_000 + f"{ESC}[2J the remedy")
    assert len(line) < 4100
    assert line.startswith("begin xxx")
    assert line.endswith("␛[2J the remedy")
    assert "more characters" in line
    assert message("x" * 4000) == "x" * 4000


COMMANDS = {
    "::error::forged": ": :error::forged",
    "::error file=a,line=1::forged": ": :error file=a,line=1::forged",
    "  ::add-mask::7": "  : :add-mask::7",
    "ok\n::set-output name=a::b\n": "ok\n: :set-output name=a::b\n",
    "ok\r::stop-commands::token": "ok\r: :stop-commands::token",
    "\u00a0\ufeff::WARNING::x": "\u00a0\ufeff: :WARNING::x",
    "text ##[add-mask]x": "text ## [add-mask]x",
    "a ##[error]b ##[group]c": "a ## [error]b ## [group]c",
    "::debug::a\n::group::b\n::endgroup::": ": :debug::a\n: :group::b\n: :endgroup::",
    # No commands.
    "::std::vector<int> v;": "::std::vector<int> v;",
    "see ::error::": "see ::error::",
    "## [1] heading\n##[x]": "## [1] heading\n##[x]",
    "a::b": "a::b",
}


@pytest.mark.parametrize(("text", "safe"), COMMANDS.items(), ids=map(repr, COMMANDS))
def test_a_runner_of_github_is_given_no_commands(
    text: str, safe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert inert(text) == for_stdout(text) == text
    assert json_for_stdout(json.dumps([text])) == json.dumps([text])
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert inert(text) == for_stdout(text) == safe
    assert inert(safe) == safe
    assert report_line(text) == inert(one_line(text))
    written = json_for_stdout(json.dumps([text]))
    assert "##[" not in written
    assert json.loads(written) == [text]


def test_raw_output_is_raw_on_a_terminal_only_if_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{ESC}[31m red\nline"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert for_stdout(text) == "␛[31m red\nline"
    assert for_stdout(text, line=True) == "␛[31m red␊line"
    monkeypatch.setattr(module, "_raw", True)
    assert for_stdout(text) == for_stdout(text, line=True) == text


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
    " =1",
    '"=1',
    "'=1",
    "\"'=1",
    "\u200b=1",
    "\ufeff=1",
    "\x00=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "  ＝1",
    "-",
    "=",
    "-1-2",
    "+",
    "--5",
    "-5%",
    "=\n",
    "\tplain",
    "\rplain",
    "-x",
    "+31 20 555",
    "-1e",
    '=HYPERLINK("http://x")',
]
HARMLESS = [
    "plain",
    "a=1",
    "a-b",
    "",
    "7",
    "-5",
    "+5",
    "-0.25",
    "-.5",
    "1e-5",
    "-1E+5",
    "x@y",
    "−5",
    "数=",
    "a,b",
    'a"b',
    "a\nb",
    "a\r=1",
    "a\n=1",
    "\ud800",
    "|x",
    "#1",
]


@pytest.mark.parametrize("text", [*FORMULAS, *HARMLESS], ids=repr)
def test_a_cell_is_one_cell_and_no_formula(text: str) -> None:
    row = csv_row([text, -0.5, None, 3, text])
    row.encode()
    read = list(csv.reader(io.StringIO(row, newline="")))
    assert len(read) == 1
    kept = text.replace("\ud800", "\ufffd").replace("\x00", "\ufffd")
    assert read[0] == [("'" if text in FORMULAS else "") + kept, "-0.5", "", "3", read[0][0]]
    assert row.endswith("\n")
    assert not row.endswith("\r\n")
    if "\r" in text:  # a reader that takes it as the end of a row sees a quoted cell
        assert row.startswith('"')


MARKDOWN = [
    "plain text",
    "a|b",
    "`code`",
    "**bold** _it_",
    "<script>alert(1)</script>",
    "<!-- x -->",
    "[x](javascript:y)",
    "![x](http://y/z.png)",
    "[^1]",
    "# heading",
    "###### h",
    "#",
    "- item",
    "+ item",
    "* item",
    "> quote",
    "1. one",
    "1) one",
    "12345. x",
    "---",
    "===",
    "***",
    "___",
    "a\n\n# b",
    "a\n| b | c |",
    "```\ncode",
    "~~~",
    "~~gone~~",
    "$x$",
    "&lt;b&gt;",
    "&#60;",
    "\\*",
    "\\",
    "\\`",
    "<http://x>",
    "a  ",
    "    code",
    "\ttab",
    "[x]: http://y",
    "- [ ] task",
    "term\n: what",
    f"{ESC}[2J{BIDI}",
    "<details><summary>",
    "a\\|b",
    "``a`` ` b",
    "-",
    "1.",
    "#hash",
    "-5",
    "+0.12",
    "=x",
    ">x",
]


def rendered(text: str) -> str:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)


class Text(HTMLParser):
    """The text of a page and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", list[str]()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", MARKDOWN, ids=repr)
def test_markdown_shows_the_text(text: str) -> None:
    seen = Text(rendered(in_markdown(text)))
    assert seen.tags == ["p"]
    assert seen.text.rstrip("\n") == one_line(text).strip()
    item = Text(rendered(f"- {in_markdown(text)}\n"))
    assert item.tags == ["ul", "li"]
    table = Text(rendered(f"| a | b |\n|---|---|\n| {in_markdown(text)} | x |\n"))
    assert table.tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert one_line(text).strip() in table.text


@given(st.text(st.one_of(st.sampled_from("#-+*_`~<>[]()!|\\&$=:.1 \n\t\"'ax"), st.characters())))
def test_markdown_shows_any_text(text: str) -> None:
    seen = Text(rendered("x " + in_markdown(text)))
    assert seen.tags == ["p"]
    assert seen.text.rstrip("\n") == f"x {one_line(text).strip()}".rstrip()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("https://evil.example/x", r"https\://evil.example/x"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("mailto:a@b.c", r"mailto\:a@b.c"),
        ("synth:acc=0.7", "synth:acc=0.7"),
        ("majority@16 is +0.1", "majority@16 is +0.1"),
    ],
)
def test_github_makes_no_links(text: str, escaped: str) -> None:
    assert in_markdown(text) == escaped


@pytest.mark.parametrize("text", [*MARKDOWN, "</code></pre>", "x\n```\n# out", "````", "~~~~"])
def test_a_code_block_holds_all_its_lines(text: str) -> None:
    seen = Text(rendered(fenced([text, "last"])))
    assert seen.tags == ["pre", "code"]
    assert seen.text == f"{one_line(text)}\nlast\n\n"


HTML = [
    "<b>",
    "\"onload='x'",
    "&amp;",
    "</table><script>",
    f"{ESC}{BIDI}",
    "a\nb",
    "'",
    "<!--",
    "]]>",
    "\ud800",
]


@pytest.mark.parametrize("text", HTML, ids=repr)
def test_html_shows_the_text(text: str) -> None:
    seen = Text(f'<i title="{in_html(text)}">{in_html(text)}</i>')
    assert seen.tags == ["i"]
    assert seen.text == one_line(text)


XML = [
    *HTML,
    "\x00\x0b\x1f",
    "\ufffe\uffff",
    "<![CDATA[x]]>",
    "\udfff",
    "&#0;",
    "\x85\x7f",
    "a\r\nb\tc",
    "\U0001ffff",
]


@pytest.mark.parametrize("text", XML, ids=repr)
def test_junit_is_well_formed(text: str, tmp_path: Path) -> None:
    cases: dict[str, Case] = {}
    add_case(cases, Sample(text, 0, text, "stop"), Verdict(text, False, 0.0, "ok", text))
    add_case(cases, Sample(f"{text}2", 0, text, "stop"), Verdict(status="infra_error"))
    write_junit(str(tmp_path / "j.xml"), [Suite(f"ttc verify {text}", [*cases.values()])])
    root = ElementTree.parse(tmp_path / "j.xml").getroot()
    tags = "testsuites testsuite testcase failure testcase skipped"
    assert [each.tag for each in root.iter()] == tags.split()
    legal = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    assert root[0][0].get("name") == legal
    assert root[0].get("name") == f"ttc verify {legal}"


@pytest.mark.parametrize("text", [*XML, "$\\alpha$", "$", "a$b$c", "\\$x\\$", "_hidden", "x" * 500])
def test_a_plot_holds_the_text_of_names(text: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from ttc.records import Curve, Point
    from ttc.report.groups import Panel
    from ttc.report.plots import plot

    points = tuple(Point(k, 0.5, problems=3, cost={}) for k in (1, 2))
    curves = [Curve(f"rule {text}", text, points), Curve("other", "b", points)]
    plot.draw([Panel(text, curves, [])], "samples", str(tmp_path / "p.svg"))
    page = ElementTree.parse(tmp_path / "p.svg")
    texts = ["".join(each.itertext()) for each in page.iter() if each.tag.endswith("text")]
    assert not [each for each in page.iter() if "script" in each.tag]
    shown = [each.replace("\u00a0", " ").strip() for each in texts]
    wanted = {f"rule {one_line(text)}", one_line(text).strip()}
    if len(text) > plot.WIDEST:
        wanted = {f"{each[: plot.WIDEST - 1]}…" for each in wanted}
    assert wanted <= set(shown)


def test_an_annotation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for text in (
        "x\n::error::y",
        "x\r::add-mask::y",
        "%0A::error::z",
        "a::b,c=d",
        "\u2028::error::",
    ):
        github.annotate("error", "ttc sweep", [text])
        lines = capsys.readouterr().err
        assert lines.startswith("::error title=ttc sweep::")
        assert len(lines.splitlines()) == 1
        assert "%0A" not in lines.replace("%250A", "")
        github.annotate("error", text, ["a", text])
        lines = capsys.readouterr().err
        assert len(lines.splitlines()) == 1
        assert lines.startswith("::error title=")
        assert lines.replace("%250A", "").count("%0A") == 1
        title = lines.removeprefix("::error title=").partition("::")[0]
        assert not set(title) & set(",:")


def test_completion_offers_no_name_that_a_shell_would_interpret() -> None:
    good = ["gsm8k", "models/q.gguf", "openai:gpt-4o", "n=3,m=2", "数学", "a_b-c.d@e+f"]
    bad = [
        "$(id)",
        "`id`",
        "a;b",
        "a b",
        "a'b",
        'a"b',
        "a|b",
        "a>b",
        "a&b",
        "*",
        "a\nb",
        f"{ESC}[2J",
        BIDI,
        "!x",
        "\\x",
    ]
    assert offers._fitting([*good, *bad], "") == good


def test_log_records_of_libraries_are_readable(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    begin(None, None)
    last = logging.lastResort
    assert last is not None
    monkeypatch.setattr(sys, "stderr", written)
    last.handle(logging.makeLogRecord({"msg": "server: %s", "args": (HOSTILE,)}))
    assert written.getvalue() == f"server: {visible(HOSTILE)}\n"
