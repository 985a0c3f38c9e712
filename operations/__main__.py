"""`python -m operations`: the `sde` command line, as `scripts/sde` starts it."""

from __future__ import annotations

import sys

from operations.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
