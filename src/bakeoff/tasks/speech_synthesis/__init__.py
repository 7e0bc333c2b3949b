"""Text to speech: mel spectrograms that are spoken step by step, and what they sound like."""
