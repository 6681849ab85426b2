"""Tables of text: how a file is written, judged from its first rows, and its rows as lists of fields.

What a field means for a task is not decided here.
"""
