"""Statements: whole claims about hidden positions, each with the builder of its inputs."""
