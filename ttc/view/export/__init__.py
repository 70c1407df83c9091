"""A static copy of the page: a folder that opens from a disk and from any server of files.

The documents lie under `data/` as scripts, since a page that was opened from a disk may not fetch:

    pools                    as the page's document of that name
    compare-A-B              of the pools A < B, by the rule and budget of the default
    pA/index                 how many draws and problems, their names, where each file begins
    pA/attempts              draws that failed or were cancelled
    pA/texts-I               whole draws: 100, or about 2 MB
    pA/tI                    the searches of problem I
    pA/vB/overview, curves   by verifier B of the pool
    pA/vB/facets             which draws and problems each facet has, and their orders
    pA/vB/problems-I, rows-I rows, 500 a file
    pA/vB/q-I                problems, 100 a file
"""

from ttc.view.export.folder import Exported as Exported
from ttc.view.export.folder import export as export
