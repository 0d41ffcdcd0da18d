"""Invented months of people and offer, on real communes and calendars, for trials, tests and the demonstration."""
