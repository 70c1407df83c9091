"""Answers: separate thoughts from the text, extract the answer, give it a canonical form."""
