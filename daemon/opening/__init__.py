"""Which item is next: what selection is told, and the first fact of the mission it opens."""
