"""A web page for the browsers of this machine: who gets in, what every answer says, and files that were built before.

Two faces stand on it: the verifier's console and the page of a prover's trader. It takes Starlette and uvicorn, which
are optional.
"""
