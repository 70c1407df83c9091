"""What a request may say besides its sampling parameters: further fields, headers, schemas; and
which backends can do what is asked."""
