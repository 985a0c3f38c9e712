"""Rules for forbidden flows of data, by the analysis in `policies.reachability`."""
