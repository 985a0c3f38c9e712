"""Signed approvals: from decisions on a data access request to the permit of a tenancy."""
