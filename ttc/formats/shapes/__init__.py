"""Shapes of datasets: how the fields of a record become a problem, one file a dataset or family.

`shape` has what all of them do, `fields`, `choices` and `turns` how parts of a record are read, and
`noting` which fields that were. A shape is an entry point of `ttc.formats`; its name is that of
`--format`, and of the shapes that match, the one with most fields reads. `examples/plugin-format`
is a template of a plugin.
"""
