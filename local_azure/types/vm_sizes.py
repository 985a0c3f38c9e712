"""Sizes of virtual machines, by Azure's own grammar for their names: the SDK's list of them ended years ago.

Source: learn.microsoft.com, "Azure VM sizes naming conventions": family, sub-family, vCPUs, constrained vCPUs, additive
features, accelerator, version. Which of them a region offers, and whether the quota reaches, is not known here.
"""

from __future__ import annotations

FAMILIES = "A|B|D|DC|E|EB|EC|F|FX|G|GS|H|HB|HC|HX|L|M|NC|ND|NG|NP|NV"
CORES = "1|2|4|6|8|12|16|18|20|24|32|36|40|48|60|64|72|80|96|104|112|120|128|144|160|176|192|208|416|832"
FEATURES = "[abcdeilmprst]{0,5}"
"""a AMD, b block storage, d local disk, e Intel TDX, i isolated, l and m memory, p Arm, r RDMA, s premium, t tiny."""
NEWER = (rf"Standard_({FAMILIES})({CORES})(-({CORES}))?{FEATURES}(_[A-Z][A-Z0-9]*)?_v[1-9]",)
