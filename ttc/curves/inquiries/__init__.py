"""What is asked of draws besides curves: bounds, draws until a target, how good verifiers are."""
