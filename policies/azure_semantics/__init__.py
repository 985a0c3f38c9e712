"""Azure semantics: how Azure evaluates network rules and routes, builds resource ids, and what its roles allow. Rules
of the catalogue and the flow analysis share it."""
