"""Rules for virtual machines, scale sets, disks and virtual desktops."""
