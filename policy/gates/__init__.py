"""Gates: what each is, what it said of a candidate, whether together they let it through."""
