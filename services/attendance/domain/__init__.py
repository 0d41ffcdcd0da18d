"""The rules of attendance: pure values and functions, no I/O."""
