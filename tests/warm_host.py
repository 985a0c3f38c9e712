"""`python -m tests.warm_host`: the host of the program's runs, which has loaded the program too.

The product's host never does that (`test_program_attacks.py`). Each run still is in a process that the host forks, and
starts from modules that no run has used.
"""

from __future__ import annotations

from operations.engine import program_host

if __name__ == "__main__":
    program_host.PRELOADED += ("tests.loaded_program",)
    program_host.main()
