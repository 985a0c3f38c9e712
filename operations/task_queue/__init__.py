"""The queue by which workers on several machines bring up tenancies. Decision 0030."""
