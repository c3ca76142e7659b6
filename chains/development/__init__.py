"""Chains for trials on one machine: real nodes that last as long as who started them, and contracts on them."""
