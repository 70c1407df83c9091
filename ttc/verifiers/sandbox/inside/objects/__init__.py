"""Objects that stay in their process: references, proxies, and what is believed of them."""
