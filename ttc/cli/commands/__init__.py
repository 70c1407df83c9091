"""The commands' signatures: options and help, cheap to import."""
