"""Recordings with a class each: keywords, speakers, noises."""
