"""The command line of each task: fit, evaluate, predict, explain; and the table of them.

One file a task.
"""
