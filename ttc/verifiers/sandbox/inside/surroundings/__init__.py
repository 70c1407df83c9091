"""What the tests change around a call, and what the program does to it, carried between the two.

`tests` is the end in the judge's process, `program` that in the candidate's.
"""
