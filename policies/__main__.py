"""The entry point of `pulumi preview --policy-pack policies`. Pulumi starts it in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Replace this folder on sys.path with the project root, so that its modules do not shadow others.
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]

if __name__ == "__main__":
    from policies.pack import serve

    serve(HERE.parent / "estate")
