"""A till: amounts, receipts, taxes. All amounts are whole cents."""
