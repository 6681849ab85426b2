"""Series over time: dates as people write them, time zones, frequencies, and the regular grid of their steps.

Everything that knows a calendar belongs here. It stands on ``text`` and ``tables``.
"""
