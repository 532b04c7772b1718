"""How pushes leave: to an address that may be reached, signed, over one connection each."""
