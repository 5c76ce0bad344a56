"""What people are told of, unasked: on transitions only, by rules of the policy."""
