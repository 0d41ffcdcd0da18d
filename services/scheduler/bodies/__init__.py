"""What people send, one schema for each command: the API reads JSON with them, the pages read forms."""
