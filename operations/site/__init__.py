"""The report: a static site about a deployed estate, for people who read it offline."""
