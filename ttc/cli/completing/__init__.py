"""What TAB offers: read from what is installed, the settings and the store, as they are now.

A key press must take at most 0.15 s. So no plugin is imported: names come from the metadata of
packages and options from the source of plugins. Whatever fails, nothing is offered and nothing is
printed.
"""

from ttc.cli.completing.offers import offer as offer
from ttc.cli.completing.offers import offer_specs as offer_specs
from ttc.cli.completing.offers import words as words
