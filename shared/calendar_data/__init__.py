"""
School holidays, one dated file a calendar: first and last day, both included, and `basis`.

`sourced` dates were read in the ministry's calendar or a page that relays the academy's; `assumed` ones are ours [A].
"""
