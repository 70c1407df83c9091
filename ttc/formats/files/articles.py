"""SQuAD's own files: articles, their paragraphs, and questions about those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def is_article(value: Any) -> bool:
    """Return whether an item is an article with paragraphs of questions."""
    paragraphs = value.get("paragraphs") if isinstance(value, dict) else None
    return isinstance(paragraphs, list) and all(
        isinstance(each, dict) and isinstance(each.get("qas"), list) for each in paragraphs
    )


def questions(where: str, article: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the questions of an article as records, in the layout of the dataset's tables."""
    for at, paragraph in enumerate(article["paragraphs"]):
        for number, asked in enumerate(paragraph["qas"]):
            place = f"{where}.paragraphs[{at}].qas[{number}]"
            if not isinstance(asked, dict):
                yield place, asked
                continue
            answers = [each for each in asked.get("answers") or () if isinstance(each, dict)]
            listed = {
                name: [each.get(name) for each in answers] for name in ("text", "answer_start")
            }
            about = {"title": article.get("title"), "context": paragraph.get("context")}
            yield place, {**asked, **about, "answers": listed}
