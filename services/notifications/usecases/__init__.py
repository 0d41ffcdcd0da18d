"""One function a purpose: load, decide, keep, tell."""
