"""Policies, positions and structures as people write them: JSON or TOML, decimals as strings.

Everything is checked here, once, with the path of the field in the error; behind this edge there
are only exact integers, fractions and enums.
"""
