"""Amounts of money as whole cents: a till that loses a cent a day is noticed."""


def parse(text: str) -> int:
    """Return the cents in *text*: `12.50` is 1250, `7` is 700."""
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part or "0")


def show(cents: int) -> str:
    """Return *cents* as people write it: 1250 is `12.50`."""
    return f"{cents // 100}.{cents % 100:02d}"


def split(total: int, people: int) -> list[int]:
    """Return a share of *total* for each of *people*; shares differ by one cent at most."""
    return [total // people] * people
