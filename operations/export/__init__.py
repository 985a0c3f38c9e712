"""Plans as ARM templates, and ARM templates as Plans.

Writing: `arm.py` builds the template, `nesting.py` a resource's body, `placeholders.py` the values for unknown ones.
Reading: `template_reader.py` builds the Plan, `flattening.py` a resource's inputs, `expressions.py` evaluates
expressions. Shared: `request_models.py` reads the models of azure-mgmt, `arm_property_path.py` converts one path.
"""
