"""Public data sets by name: what they are, whose they are, and fetching them when the user asks.

Nothing else in gyeol opens a connection.
"""
