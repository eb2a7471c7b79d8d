"""A class that travels between functions with its type."""


class Money:
    """An amount in cents."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    @staticmethod
    def to_json(money: "Money") -> dict[str, int]:
        return {"cents": money.cents}

    @staticmethod
    def from_json(data: dict[str, int]) -> "Money":
        return Money(data["cents"])
