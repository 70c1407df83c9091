"""How the answer of a text is found: run-on text, cues in many languages, clauses, mentions."""
