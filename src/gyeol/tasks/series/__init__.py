"""Many to one, of numbers: a numeric sequence becomes a class or a number.

Forecasts are in `gyeol.tasks.forecasting`.
"""
