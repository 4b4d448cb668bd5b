"""The command `kanali` (also `python -m portal`): takes the signals in hand first, then all the rest.

An interrupt must leave no traceback, not even while the program is still being loaded; so nothing but that is
imported here, and the command line itself is `portal/command_line.py`.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    # A shell that starts us in the background lets SIGINT be ignored; we are to end by it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _end)
    try:
        from portal.command_line import run

        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not complain of it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def _end(number: int, frame: object) -> None:
    """SIGTERM ends a command as Ctrl-C does; `serve` and `work` have their own way."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
