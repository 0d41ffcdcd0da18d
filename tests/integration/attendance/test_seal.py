"""Sealed rolls: append-only marks, chains, witnesses, and tampering that is found. On both databases."""
