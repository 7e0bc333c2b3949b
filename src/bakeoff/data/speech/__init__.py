"""Texts that are to be spoken: recordings with transcripts, the other way round."""
