"""What people read of the whole: the figures, the generated pages, and both for machines."""
