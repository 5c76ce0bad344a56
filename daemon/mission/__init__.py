"""One mission: its turn, the deeds a turn puts under way, the step that records them."""
