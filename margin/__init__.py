"""The rules of margin in exact integers and exact fractions; knows no cryptography."""
