import pytest

from daemon.gates.secrets import find_secrets, known_lines

# Written in halves, so that no scanner of this repository takes them for real.
KEYS = {
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2" * 9,
    "fine-grained github": "github_pat_" + "a1" * 11 + "_" + "b2C" * 19 + "xy",
    "gitlab": "glpat-" + "a1b2" * 5,
    "slack": "xoxb-" + "123456789012-123456789012-abcdefABCDEF",
    "stripe": "sk_live_" + "a1b2c3d4" * 3,
    "private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "openai": "sk-" + "proj-" + "a1B2c" * 4 + "T3Blbk" + "FJ" + "a1B2c" * 4,
    "anthropic": "sk-ant-" + "api03-" + "a1B2" * 12,
    "google": "AIza" + "a1B2c" * 7,
    "npm": "npm_" + "a1B2" * 9,
}


def found(content, path="a.py", known=frozenset()):
    return list(find_secrets(path, content, known))


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda key: f"x = 1\ntoken = '{key}'\n", id="in code"),
        pytest.param(lambda key: f"\n{key}  # pragma: allowlist secret\n", id="allow-listed"),
        pytest.param(
            lambda key: f"# pragma: allowlist nextline secret\n{key}\n", id="allowed before"
        ),
        pytest.param(lambda key: "\n" + "x " * 20_000 + key + " y" * 9_000, id="in a long line"),
    ],
)
def test_a_real_key_is_found_and_never_repeated(key, write):
    secrets = found(write(key).encode())
    assert [secret.line for secret in secrets] == [2] * len(secrets)
    assert secrets
    assert key not in "".join(secret.model_dump_json() for secret in secrets)


def test_a_key_is_found_in_binary_and_in_utf_16():
    key = KEYS["github"]
    assert found(b"\0\xff\xfe" + key.encode() + b"\0")
    assert found(f"x = {key}".encode("utf-16"))


def test_a_key_is_found_in_the_name_of_a_file():
    assert [secret.line for secret in found(b"", path=f"keys/{KEYS['aws']}")] == [0]


@pytest.mark.parametrize(
    "line",
    [
        "password = 'correct horse battery staple'",
        "https://user:pass@example.org/",
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        "APARTMENTS = ACCOUNTS + 10.0.0.1",
        "api_key = os.environ['API_KEY']",
    ],
)
def test_what_only_looks_random_or_is_named_like_a_secret_is_none(line):
    assert found(line.encode()) == []


def test_a_line_that_was_there_before_is_not_added():
    line = f"token = '{KEYS['aws']}'"
    assert found(f"new\n{line}".encode(), known=known_lines([f"{line}\nold".encode()])) == []
    assert found(f"{line}  # moved".encode(), known=known_lines([line.encode()]))
