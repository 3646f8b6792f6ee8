"""How findings put lists and counts into words, so that every rule says them alike."""

from collections.abc import Iterable

__all__ = ["capital", "counted", "listed"]


def listed(names: Iterable[str], word: str = "and") -> str:
    """Names as a sentence has them: "a", "a and b", "a, b and c"; nothing where there is none."""
    found = list(names)
    return f"{', '.join(found[:-1])} {word} {found[-1]}" if len(found) > 1 else "".join(found)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its thing: "1 return", "2 returns"; `many` where an s does not make the plural."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def capital(text: str) -> str:
    """A text with a capital at its start, as a sentence begins; the rest as it stands."""
    return text[:1].upper() + text[1:]
