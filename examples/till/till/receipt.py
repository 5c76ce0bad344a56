"""A receipt: what was bought, and what it comes to."""

from dataclasses import dataclass, field


@dataclass
class Receipt:
    lines: list[tuple[str, int]] = field(default_factory=list)
    discount: int = 0

    def add(self, name: str, cents: int) -> None:
        self.lines.append((name, cents))

    def total(self) -> int:
        """Return the sum of all lines less the discount, in cents."""
        return sum(cents for _, cents in self.lines) - self.discount
