"""Series over time: dates as people write them, zones, frequencies, and the even grid of their steps.

Everything that knows a calendar belongs here.
"""
