"""
Plans who sits where and when.

Owns: signatories, contracts and what they prescribe, the offer of the training bodies, sessions, placements, plan
runs, accounts. Tells: provider, site, signatory, contract, prescription, session, placement (all states). Hears from
attendance: progress, flag, roll signed, meeting missed, training completed; from notifications: contactability,
notice failed.
"""
