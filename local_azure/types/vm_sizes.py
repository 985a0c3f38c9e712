"""Sizes of virtual machines that Azure offers and the SDK's old list of them lacks, by family.

Source: learn.microsoft.com, "Sizes for virtual machines in Azure", as families of core counts. Which of them a region
has, and whether the quota reaches, is not known here.
"""

from __future__ import annotations

GENERAL = (2, 4, 8, 16, 32, 48, 64, 96)
FAMILIES: tuple[tuple[str, tuple[int, ...]], ...] = (
    *((f"Standard_D{{}}{kind}_v{version}", GENERAL) for kind in ("s", "ds", "as", "ads", "ls", "lds")
      for version in (4, 5, 6)),
    *((f"Standard_E{{}}{kind}_v{version}", (*GENERAL, 20)) for kind in ("s", "ds", "as", "ads")
      for version in (4, 5, 6)),
    *((f"Standard_DC{{}}{kind}_v5", GENERAL) for kind in ("as", "ads", "es", "eds")),
    *((f"Standard_DC{{}}{kind}_v6", GENERAL) for kind in ("as", "ads", "es", "eds")),
    *((f"Standard_EC{{}}{kind}_v5", (*GENERAL, 20)) for kind in ("as", "ads", "es", "eds")),
    *((f"Standard_EC{{}}{kind}_v6", GENERAL) for kind in ("as", "ads", "es", "eds")),
    ("Standard_F{}s_v2", (2, 4, 8, 16, 32, 48, 64, 72)),
    ("Standard_B{}s_v2", (2, 4, 8, 16, 32)),
    ("Standard_B{}as_v2", (2, 4, 8, 16, 32)),
    ("Standard_NC{}as_T4_v3", (4, 8, 16, 64)),
    ("Standard_NC{}ads_A100_v4", (24, 48, 96)),
    ("Standard_NC{}ads_H100_v5", (40, 80)),
    ("Standard_NV{}ads_A10_v5", (6, 12, 18, 36, 72)),
    ("Standard_ND{}asr_v4", (96,)),
    ("Standard_ND{}isr_H100_v5", (96,)),
)  # fmt: skip
NEWER = tuple(family.format(cores) for family, counts in FAMILIES for cores in counts)
