"""Series of numbers in time: one or thousands, with what is known of them beside."""
