"""Errors that end a command: each says what was wrong and what to do. Exit code 1."""


class OneCardError(Exception):
    """Base. The text is for the person at the keyboard."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(f"{text}\n{hint}" if hint else text)
        self.text = text
        self.hint = hint
