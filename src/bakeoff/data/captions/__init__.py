"""Images with captions, one or several each."""
