"""Azure under load: writes that overlap, answers that are lost, and resources that other services see late."""
