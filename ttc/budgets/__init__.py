"""What draws may cost: amounts as people write them, and prices of models."""
