"""The programme's season of September–December 2023, played through the public APIs."""
