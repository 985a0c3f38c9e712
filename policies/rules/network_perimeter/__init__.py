"""Rules for network security perimeters."""
