"""Pictures of a terminal, and a GIF of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyte
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

FONT = ImageFont.truetype(font_manager.findfont("DejaVu Sans Mono"), 14)
DOTS = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 14)  # has Braille: a spinner
WIDTH, HEIGHT = round(FONT.getlength("M" * 100)) / 100, 18
MARGIN = 12
PAPER, INK = "#1e2127", "#d7dae0"
INKS = {
    "default": INK, "black": "#5c6370", "red": "#e06c75", "green": "#98c379", "brown": "#d19a66",
    "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2", "white": INK,
}  # fmt: skip
HURRY = 12  # how much faster than it ran what is waited for is shown
STEP = 0.12  # seconds between two frames of a terminal that changes
LAST, PAGE = 2500, 2200  # ms of the last frame of the terminal, and of a picture of the page
COLOURS = 64


def hurried(events: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the events with shorter waits: a letter that comes alone is typed."""
    shown, at, last, typed = [], 0.0, 0.0, True
    for real, text in events:
        letter = len(text) == 1 and text.isprintable()
        # A reader needs a moment between what was printed and what is typed next.
        pause = 0.04 if typed else 1.5
        at, last, typed = at + (pause if letter else (real - last) / HURRY), real, letter
        shown.append((at, text))
    return shown


def as_frames(
    events: Iterable[tuple[float, str]], columns: int, lines: int
) -> list[tuple[Image.Image, int]]:
    """Return a picture for each change of the screen, with the milliseconds that it is shown."""
    screen = pyte.Screen(columns, lines)
    stream = pyte.Stream(screen)
    shown: list[tuple[float, Image.Image]] = []
    for at, text in hurried(events):
        stream.feed(text)
        picture = _drawn(screen)
        if shown and at - shown[-1][0] < STEP:
            shown[-1] = (shown[-1][0], picture)
        elif not shown or picture.tobytes() != shown[-1][1].tobytes():
            shown.append((at, picture))
    ends = [at for at, _ in shown[1:]]
    lasting = [round(1000 * (end - at)) for (at, _), end in zip(shown, ends, strict=False)]
    return [(each, ms) for (_, each), ms in zip(shown, [*lasting, LAST], strict=True)]


def _drawn(screen: pyte.Screen) -> Image.Image:
    size = (round(screen.columns * WIDTH) + 2 * MARGIN, screen.lines * HEIGHT + 2 * MARGIN)
    picture = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(picture)
    for row in range(screen.lines):
        for column, cell in screen.buffer[row].items():
            if cell.data.strip():
                place = (MARGIN + column * WIDTH, MARGIN + row * HEIGHT)
                font = DOTS if "\u2800" <= cell.data <= "\u28ff" else FONT
                pen.text(place, cell.data, font=font, fill=INKS.get(cell.fg, INK))
    left, top = MARGIN + screen.cursor.x * WIDTH, MARGIN + screen.cursor.y * HEIGHT
    pen.rectangle((left, top + 1, left + WIDTH, top + HEIGHT - 2), outline=INK)
    return picture


def write_gif(
    path: Path, frames: Sequence[tuple[Image.Image, int]], pages: Sequence[Image.Image]
) -> None:
    """Write the frames, then the pictures of the page, in their size."""
    size = frames[0][0].size
    whole = [*frames, *((_fitted(page, size), PAGE) for page in pages)]
    # One palette for all, so that a frame holds only the part that has changed.
    sheet = Image.new("RGB", (size[0], 3 * size[1]))
    for place, (each, _) in enumerate((frames[-1], whole[-2], whole[-1])):
        sheet.paste(each, (0, place * size[1]))
    palette = sheet.quantize(COLOURS)
    few = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each, _ in whole]
    few[0].save(
        path,
        save_all=True,
        append_images=few[1:],
        duration=[ms for _, ms in whole],
        loop=0,
        optimize=False,
        disposal=1,
    )


def _fitted(page: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a page scaled into a frame of the terminal's size."""
    framed = Image.new("RGB", size, PAPER)
    page = page.copy()
    page.thumbnail(size, Image.Resampling.LANCZOS)
    framed.paste(page, ((size[0] - page.width) // 2, (size[1] - page.height) // 2))
    return framed
