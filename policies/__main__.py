"""Where `pulumi preview --policy-pack policies` comes in: Pulumi starts it in this folder, off the project's path."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Out goes this folder, whose modules would be taken for others of their names; in comes the project.
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]

if __name__ == "__main__":
    from policies.pack import serve

    serve(HERE.parent / "estate" / "exemptions.yaml")
