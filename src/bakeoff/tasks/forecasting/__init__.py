"""Forecasting: the next steps of series, as numbers and between which bounds."""
