"""The demonstration: the product itself, with invented people who read their letters and decide over HTTP."""
