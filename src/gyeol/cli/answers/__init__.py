"""Answers of models on their way out: rows read, figures computed, tables, CSV and JSON written.

What a task answers is in `gyeol.cli.tasks`.
"""
