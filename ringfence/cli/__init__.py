"""The command line: ``ringfence``."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
"""What gRPC would write on standard error by itself is told as an error of ours; it reads this when it is imported."""

from ringfence.cli.entry import main  # noqa: E402

__all__ = ["main"]
