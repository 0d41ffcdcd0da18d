"""What the scheduler does, one function a purpose: load, decide, keep, tell. Each takes a `Work` first."""
