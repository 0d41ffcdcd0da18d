"""What the three services must agree on: events, their transport, the database's ways, clock, rights, pages' frame."""
