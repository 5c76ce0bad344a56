"""Moving a branch: what is proposed, whether it may move, and every checkout brought along."""
