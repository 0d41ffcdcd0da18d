"""Frozen values, rules and errors of the scheduler; standard library only."""
