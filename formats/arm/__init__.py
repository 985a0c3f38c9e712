"""ARM ids of a Plan's resources.

`sdk` reads types from azure-native's source, `routes` the paths from azure-mgmt, `references` lists the id properties,
`arm_ids` builds the ids, and `resolve` fills them in for unknown values.
"""
