"""What is said in a recording, in writing."""
