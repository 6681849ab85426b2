"""Answers of models: rows read, figures laid out, tables, CSV and JSON written.

What a task answers is in `gyeol.cli.tasks`.
"""
