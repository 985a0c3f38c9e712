"""A data access request as a Five Safes RO-Crate. Nothing here uses the network."""
