"""
Publishing in two steps: training bodies confirm the new groups of a plan, or offer something else, before people know.

A run is put to the bodies once; putting another run of the territory to them withdraws it. Each answer and decision is
a row with the id that its sender gave, so the same again is the same, and all of them happen under the lock of the run:
none slips past a publication. What a body sees of its groups is how many people come, and nothing else about them.
"""
