"""Why a command cannot do what was asked: the message says it in a sentence, and what to do about it."""


class CannotRun(RuntimeError):
    """Shown to the user as it is, without a traceback."""

    exit_code = 1
