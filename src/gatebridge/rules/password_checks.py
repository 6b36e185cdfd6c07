"""Which passwords may be chosen: long ones that are not the first to be guessed (NIST SP 800-63B section 3.1.1.2, ASVS 6.2)."""

import unicodedata

SHORTEST = 8  # characters
LONGEST_BYTES = 1024  # in UTF-8; `crypto.passwords` hashes no more (X-BF-07)

# Those of at least eight characters that stand first in every list of broken ones.
_FIRST_TRIED = """
    12345678910 12341234 11223344 147258369 123654789 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc zaq12wsx q1w2e3r4 qwerty123 qwerty12
    qwerty1234 zxcvbnm1 asdf1234 qwer1234 abcd1234 abcdefg1 abc12345 aa123456 a1234567 a12345678 q1234567
    password password1 password12 password123 password1234 password! password1! passw0rd p@ssw0rd p@ssword pa55word pass1234 passwort
    passwort1 iloveyou iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1 superman superman1
    starwars whatever trustno1 jennifer michelle computer internet samsung1 corvette mercedes welcome1 welcome123 welcome1!
    letmein1 letmein123 changeme changeme1 changeme123 default1 admin123 admin1234 administrator test1234 testtest guest123
    dragon123 monkey123 charlie1 master123 shadow123 michael1 jordan23 liverpool chocolate butterfly elephant hello123 secret123
    summer2024 summer2025 summer2026 winter2024 winter2025 winter2026 spring2025 spring2026 autumn2025 autumn2026
"""
COMMONEST = frozenset(_FIRST_TRIED.split())

LONGEST_PIECE = 3  # characters that, over and over, are a password of no more than themselves

# The digits, the alphabet and the keys of three keyboards, row by row. Typed from wherever, from either end, and on from the other one.
_ORDERS = (
    *("0123456789", "abcdefghijklmnopqrstuvwxyz"),
    *("qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn"),
)


def password_problem(password: str, *, username: str = "", email: str = "") -> str | None:
    """Why this person cannot choose this password, as a sentence to stand at the field; None when it may be."""
    if len(unicodedata.normalize("NFC", password)) < SHORTEST:
        return f"Choose a password of at least {SHORTEST} characters. Several words in a row are good, and easy to keep."
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        return f"This password is too long: at most {LONGEST_BYTES:,} bytes are taken, so nothing is ever cut off without a word."
    folded = unicodedata.normalize("NFKC", password).casefold().strip()
    if folded in _names(username) | _names(email):
        return "Choose something other than your username or your e-mail address."
    if folded in COMMONEST:
        return "This is one of the passwords that are tried first. Choose another one."
    if _repeats(folded):
        return "This is the same over and over, which is as easy to guess as once. Several words in a row are good."
    if _in_order(folded):
        return "These characters follow one another in the alphabet or on the keyboard. Several words in a row are good."
    return None


def _repeats(text: str) -> bool:
    """Whether a password is nothing but one piece of a few characters, over and over (NIST SP 800-63B section 3.1.1.2: repetitive)."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, LONGEST_PIECE + 1))


def _in_order(text: str) -> bool:
    """Whether a password is nothing but a run of characters as they stand in a row (the same section: sequential)."""
    rows = (order * (len(text) // len(order) + 2) for order in _ORDERS)
    return any(text in row or text[::-1] in row for row in rows)


def _names(address: str) -> set[str]:
    """The address and what stands before its `@`."""
    folded = unicodedata.normalize("NFKC", address).casefold().strip()
    return {folded, folded.partition("@")[0]}
