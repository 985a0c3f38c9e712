"""The data plane of the local Azure: whether a request of a person or computer succeeds, and which control decides.

It reads the deployed resources alone, as Azure does, and knows nothing of the program or the policies.

- A request: `blobs` (the blob service), `sign_in` (SSH through Bastion), `log_queries` (Log Analytics). Each returns an
  `Answer` (`answers`) with the controls that it passed, in the order in which Azure applies them.
- Who and from where: `callers` (groups, managed identities), `places` (address, virtual machine, subnet), `sites`.
- The network: `reach` (the way to a service), `names` (DNS), `paths` (of a connection), `networks` (and peerings),
  `routes`, `security_groups`, `firewalls`, `addresses` (ranges and service tags), `storage_network` (of an account).
- Rights: `rights` (role assignments), `roles` (the actions of roles), `conditions` (of role assignments).
- Data: `blob_operations`, `blob_versions` (as resources of the store), `contents` (files named by their SHA-256),
  `malware_scanner`.

The evidence is in docs/azure-facts.md#requests-for-data and the sections after it.
"""
