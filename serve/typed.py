"""The command that was typed, as it can be typed again."""

import shlex
import sys


def typed() -> str:
    """The command line of this process, quoted for a shell."""
    return shlex.join(["ionscout", *sys.argv[1:]])
