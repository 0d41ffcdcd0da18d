"""What attendance does, one function a purpose: load, decide, keep, tell. Each takes a `Work` first."""
