"""Options that several commands share, and the settings that ``--set`` takes.

Checks that come before PyTorch is loaded belong here.
"""
