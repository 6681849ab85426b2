"""Tables of text: their dialect, judged from the first rows, and their rows as lists of fields.

What a field means for a task is not decided here. It stands on no other room.
"""
