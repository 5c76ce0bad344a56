"""Keys and tokens in added lines, by the detectors of detect-secrets.

The detectors are asked directly: the library's own scan obeys `pragma: allowlist secret` comments,
which a builder can write, and may send what it found to the service it belongs to, to see whether
it works. Only formats of real keys are looked for; guesses by entropy or by the name of a variable
would bar honest work.
"""

import re
from collections.abc import Iterable, Iterator

from daemon.spared import hollow
from policy.canonical import sha256
from policy.gates.finding import shown
from policy.gates.secrets import Secret

with hollow("requests"):  # for asking a service whether a found key works: never done here
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.base import RegexBasedDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.private_key import PrivateKeyDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.square_oauth import SquareOAuthDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

_WINDOW, _OVERLAP = 4096, 512
"""Characters of a long line looked at together: bounds what a backtracking expression costs."""


class _Others(RegexBasedDetector):
    """Formats the library does not know yet, and one whose expression there is quadratic."""

    secret_type = "API token"  # noqa: S105 - what it is, not one
    denylist = (
        re.compile(r"[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
        re.compile(r"sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{40,}"),
        re.compile(r"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
        re.compile(r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
        re.compile(r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    )


_DETECTORS = (
    AWSKeyDetector(), AzureStorageKeyDetector(), DiscordBotTokenDetector(), GitHubTokenDetector(),
    GitLabTokenDetector(), JwtTokenDetector(), MailchimpDetector(),
    PrivateKeyDetector(), PypiTokenDetector(), SendGridDetector(), SlackDetector(),
    SquareOAuthDetector(), StripeDetector(), TelegramBotTokenDetector(), TwilioKeyDetector(),
    _Others(),
)  # fmt: skip


def find_secrets(path: str, content: bytes, known: frozenset[str]) -> Iterator[Secret]:
    """Yield the secrets of a file's path and of its lines that are not among *known* ones.

    *known* are lines the change found there, in any file: what was there before, moved or not, is
    not added. Binary content is read as text without its zero bytes, so that UTF-16 hides nothing.
    """
    yield from _in_line(shown(path), 0, shown(path))
    for number, line in enumerate(lines_of(content), start=1):
        if line not in known:
            yield from _in_line(shown(path), number, line)


def lines_of(content: bytes) -> list[str]:
    """Return the lines of *content* as the scan reads them."""
    return content.replace(b"\0", b"").decode("utf-8", "replace").splitlines()


def known_lines(contents: Iterable[bytes]) -> frozenset[str]:
    return frozenset(line for content in contents for line in lines_of(content))


def _in_line(path: str, number: int, line: str) -> Iterator[Secret]:
    found = {pair for window in _windows(line) for pair in _in_window(window)}
    for kind, value in sorted(found):
        yield Secret(path=path, line=number, type=kind, digest=sha256(value.encode()))


def _in_window(text: str) -> Iterator[tuple[str, str]]:
    for detector in _DETECTORS:
        if any(detector.analyze_string(text)):
            for expression in detector.denylist:
                for match in expression.finditer(text):
                    yield detector.secret_type, match.group(0)


def _windows(line: str) -> Iterator[str]:
    for start in range(0, max(1, len(line) - _OVERLAP), _WINDOW - _OVERLAP):
        yield line[start : start + _WINDOW]
