"""What tasks that answer with class probabilities share: decisions, metrics and each example's share of them."""
