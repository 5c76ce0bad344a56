"""What a policy would do, told before it does: for whoever reads it, never for a decision."""
