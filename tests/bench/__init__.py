"""What the product costs, measured beside what else one could take: `python -m tests.bench`."""
