"""The four services of the programme."""
