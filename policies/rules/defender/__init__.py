"""Rules for Microsoft Defender for Cloud."""
