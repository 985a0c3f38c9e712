"""Rules for virtual networks, subnets, network security groups, routes, peerings and flow logs."""
