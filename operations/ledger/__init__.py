"""The ledger: what was asked of the estate, who asked, what became of it; a C2SP transparency log.

Others can verify it without this code: tiles (c2sp.org/tlog-tiles), checkpoints (c2sp.org/tlog-checkpoint), Ed25519.
"""
