"""Units of measurement: read exactly, and converted to those of the reference."""
