"""Value added tax. Prices on receipts contain it."""


def contained(gross: int, percent: int) -> int:
    """Return the tax contained in *gross* cents at *percent*, rounded to the nearest cent."""
    raise NotImplementedError
