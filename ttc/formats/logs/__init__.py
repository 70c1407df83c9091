"""Logs of other tools, a file or folder for each: reading and, where it makes sense, writing.

A reader is a class without arguments (`ttc.formats.ReadsDraws`) and an entry point of the group
`ttc.formats`. `opening` has what readers share: opening a file, its first record, its documents.
"""
