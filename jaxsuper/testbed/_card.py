"""The model card of an exported network."""

from ._format import Config


def card_of(config: Config) -> str:
    """Return the card as Markdown."""
    return f"# {config.construction}\n"
