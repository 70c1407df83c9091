"""What a request asks for: its fields, its messages, and the model that it names."""
