"""Logs of other tools, one file a tool: reading them and, where it makes sense, writing them.

A reader is a class without arguments (`ttc.formats.ReadsDraws`) and an entry point of the group
`ttc.formats`. `opening` has what readers share: opening a file, its first record, its documents.
"""
