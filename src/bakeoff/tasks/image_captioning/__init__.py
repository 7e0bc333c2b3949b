"""Image captioning: a sentence about each image."""
