"""Lists as people keep them, read with suspicion: XLSX or CSV, any order of columns."""
