"""Azure Policy: parse and evaluate policy rules, and refuse requests that an assigned rule denies."""
