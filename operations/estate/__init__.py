"""The estate: an SDE as data, validated, and rendered to the configuration of its stacks."""

from operations.estate.approvals import ApprovedWay
from operations.estate.expiry import Expiry
from operations.estate.files import bump_generation, changed_files, config_file, config_folder, orphans, stage, write
from operations.estate.ledger_place import ledger_place
from operations.estate.loading import Estate, load
from operations.estate.rendering import Rendered, render
from operations.estate.schema import LedgerPlace

__all__ = [
           "ApprovedWay",
           "Estate",
           "Expiry",
           "LedgerPlace",
           "Rendered",
           "bump_generation",
           "changed_files",
           "config_file",
           "config_folder",
           "ledger_place",
           "load",
           "orphans",
           "render",
           "stage",
           "write",
]  # fmt: skip
