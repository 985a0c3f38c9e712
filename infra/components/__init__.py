"""The components: Pulumi component resources, one per file, each secure with no options.

Every component is created with `(name, args, opts)`. `args` is a frozen dataclass beside the component's class; `opts`
are merged over the options that the component sets itself. Its type token is the constant `TYPE`.

- Base: `base_component` (names, diagnostics, role assignments, private endpoints), `resource_group_scope` (a resource
  group with tags and delete locks), `grants` (role assignments), `policy_guardrails` and `subscription_guardrails`
  (Azure Policy), `providers` (other subscriptions), `stack_outputs` (outputs of other stacks).
- Network: `virtual_network`, `network_security_group` with `nsg_rules`, `forced_tunnel_route_table`, `spoke_network`,
  `hub`, `private_dns_zones`, `firewall`, `bastion`, `public_ip_address`.
- Data and keys: `key_vault`, `blob_storage_account` with `tiering` and `malware_scan`, `disk_encryption_set`.
- Logs: `log_analytics_workspace`, `activity_log`, `flow_log`, `flow_log_storage`.
- Parts of an SDE: `zone`, `airlock`, `desk` with `size_features` and `confidential`.
"""
