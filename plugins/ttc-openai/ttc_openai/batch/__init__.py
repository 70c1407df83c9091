"""Draws by batch files (`-m batch:ALIAS`): cheaper, and done in minutes to hours.

journal     what was submitted, in files that survive a kill
api         the requests: files, batches
lines       a request as a line of an input file, a line of an output file as a completion
submission  the steps from a file to a batch, each safe to be killed in
rehearsal   one short draw, which shows what fields the server takes
backend     the verbs of the protocol
"""
