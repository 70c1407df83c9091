"""A matplotlib figure that a notebook shows without pyplot. Imports matplotlib."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class CurveFigure(Figure):
    """A figure with a picture of itself for notebooks."""

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()
