"""
Takes the roll and follows the contract's clock.

Owns: rolls, marks, corrections, sign-offs, hours, forecasts, flags. Hears from scheduler: provider, site, signatory,
contract, prescription, session, placement; from notifications: notice delivered, notice failed. Tells: progress and
flag (states), roll signed, meeting missed, training completed (facts).
"""
