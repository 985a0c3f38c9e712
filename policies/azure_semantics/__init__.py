"""What rules and flows know of Azure: how its networks decide, how its ids are made, what its roles allow."""
