"""Rules for Recovery Services vaults and Backup vaults."""
