"""The local mail sink: letters of the stack end in a folder, never in somebody's inbox."""
