"""A report on a model, and a comparison of models, as pages: one file each, without a script and without a network.

They draw the JSON values of `gyeol.tasks.report`, and know no model. Charts are SVG in the page, each beside its table.
"""
