"""Data formats and facts shared by infra, the local Azure, the policies and the operations. Imports none of them.

`plan` is the result of both engines. `urns`, `property_values`, `property_paths`, `pulumi_state`, `pulumi_preview` and
`preview_file` are Pulumi's formats. `stack_config`, `addresses` and `egress` are the program's configuration.
`json_reader`, `yaml_reader` and `validation` read untrusted files. `arm/` derives ARM ids from a Plan.
"""
