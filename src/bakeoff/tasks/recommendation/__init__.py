"""Recommendation: the next item of each user."""
