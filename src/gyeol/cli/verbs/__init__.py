"""The verbs of the command line that are not a task's own.

One file a verb.
"""
