"""What a report says of a model, and how models compare: JSON values, from a model and the outcomes of its examples.

`gyeol.explain.report` draws them; `gyeol report` and `gyeol compare` print them.
"""
