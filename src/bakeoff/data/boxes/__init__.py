"""Images with boxes around things, each of a class."""
