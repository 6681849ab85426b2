"""Public data sets by name: what they are, whose they are, and how to download them when the user asks.

Nothing else in gyeol opens a connection. It stands on no other room.
"""
