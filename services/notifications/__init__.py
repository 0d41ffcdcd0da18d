"""
The notifications service: contact points and their state, templates, notices with every attempt, receipts.

Hears people, sites, sessions, seats, missed days and completions; tells whether a notice arrived and whether a person
can be reached. What becomes a notice, when and how, stands in `domain/occasions.py`.
"""
