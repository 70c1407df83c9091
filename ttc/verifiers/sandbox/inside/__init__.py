"""What runs inside the sandbox, in an interpreter of its own: only the standard library here."""
