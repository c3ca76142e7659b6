"""The statements as constraints: one text for each, which is executed, compiled and proven."""
