"""Files, data sets, splits and batches: everything below a token.

Rooms import each other in one direction only: ``annotations`` stands on ``synthetic``, ``media``, ``series`` and
``text``; ``series`` on ``times``; ``times`` and ``tagging`` on ``text``; ``text`` and ``vectors`` on ``tables`` and
``catalogue``; ``synthetic`` on ``media``; and all on the files beside them.
"""
