"""Small broken projects, and the command of a real tool that fails in each (`record.py`)."""

import os
from dataclasses import dataclass, field

NOWHERE = "http://127.0.0.1:9"
"""The discard port: nobody listens."""


@dataclass(frozen=True)
class Case:
    """A project, and the command that fails in it. *version* is how its tool tells its own."""

    argv: list[str]
    files: dict[str, str] = field(default_factory=dict)
    version: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    answer: tuple[int, str] | None = None
    """Of a model's provider on loopback, to any request: status and message. `{port}` is its."""


def shell(command: str, **rest) -> Case:
    return Case(["sh", "-c", command], version=["sh", "-c", "echo POSIX sh"], **rest)


def python(code: str) -> Case:
    return Case(["python3", "main.py"], {"main.py": code}, ["python3", "--version"])


def pytest(test: str, *more: str) -> Case:
    argv = ["python3", "-m", "pytest", "-p", "no:cacheprovider", *more]
    return Case(argv, {"test_sum.py": test}, ["python3", "-m", "pytest", "--version"])


def ruff(code: str, *argv: str) -> Case:
    return Case(["ruff", *argv, "--no-cache", "."], {"app.py": code}, ["ruff", "--version"])


def mypy(code: str) -> Case:
    argv = ["mypy", "--cache-dir", os.devnull, "app.py"]
    return Case(argv, {"app.py": code}, ["mypy", "--version"])


def go(*argv: str, **files: str) -> Case:
    named = {f"{name}.go": f"package sum\n{text}" for name, text in files.items()}
    named["go.mod"] = "module example.com/sum\n\ngo 1.19\n"
    env = {"GOFLAGS": "-mod=mod", "GOPROXY": NOWHERE, "GOTOOLCHAIN": "local", "GOSUMDB": "off"}
    return Case(["go", *argv], named, ["go", "version"], env)


def tested(code: str) -> Case:
    return go("test", "./...", a=code, a_test=GO_TEST)


def cargo(code: str, *argv: str, dependencies: str = "") -> Case:
    manifest = '[package]\nname = "sum"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n'
    files = {"Cargo.toml": manifest + dependencies, "src/lib.rs": code}
    env = {"CARGO_HOME": "{home}", "CARGO_NET_RETRY": "0", "RUST_BACKTRACE": "0"}
    return Case(["cargo", *argv], files, ["cargo", "--version"], env)


def jest(test: str, **more: str) -> Case:
    files = {"sum.test.js": test, "package.json": '{"name": "sum"}\n'}
    files |= {f"{name}.js": text for name, text in more.items()}
    return Case(["jest", "--no-cache"], files, ["jest", "--version"])


def npm(*argv: str, package: str) -> Case:
    env = {"npm_config_registry": NOWHERE, "npm_config_fetch_retries": "0"}
    return Case(["npm", *argv], {"package.json": package}, ["npm", "--version"], env)


def tsc(code: str) -> Case:
    return Case(["tsc", "--noEmit", "app.ts"], {"app.ts": code}, ["tsc", "--version"])


def eslint(code: str) -> Case:
    config = "export default [{rules: {'no-unused-vars': 'error', eqeqeq: 'error'}}];\n"
    files = {"app.mjs": code, "eslint.config.mjs": config}
    return Case(["eslint", "."], files, ["eslint", "--version"])


GO_TEST = """import "testing"
func TestSum(t *testing.T) { if Sum(1, 2) != 3 { t.Fatal("not 3") } }
"""
RUST_TEST = "#[cfg(test)] mod tests { #[test] fn sums() { assert_eq!(super::sum(1, 2), 3); } }\n"

CASES = {
    "pytest-assertion": pytest("def test_sum():\n    assert 1 + 1 == 3\n"),
    "pytest-prints-429": pytest(
        "def test_sum():\n    print('HTTP 429 Too Many Requests: rate limit exceeded')\n"
        "    print('ModuleNotFoundError: No module named \\'x\\'')\n    assert 1 + 1 == 3\n"
    ),
    "pytest-error-in-fixture": pytest(
        "import pytest\n@pytest.fixture\ndef one():\n    raise RuntimeError('no')\n"
        "def test_sum(one):\n    pass\n"
    ),
    "pytest-syntax-error": pytest("def test_sum(:\n    pass\n"),
    "pytest-indentation": pytest("def test_sum():\npass\n"),
    "pytest-missing-module": pytest("import nowhere_to_be_found\ndef test_sum():\n    pass\n"),
    "pytest-missing-name": pytest("from json import dump_all\ndef test_sum():\n    pass\n"),
    "pytest-no-space": pytest(
        "def test_sum():\n    with open('/dev/full', 'w') as full:\n        full.write('x')\n"
    ),
    "pytest-no-tests": pytest("one = 1\n"),
    "pytest-no-such-path": pytest("one = 1\n", "tests/absent.py"),
    "pytest-unknown-option": pytest("one = 1\n", "--no-such-option"),
    "pytest-quiet": pytest("def test_sum():\n    assert 1 + 1 == 3\n", "-q", "--tb=no"),
    "python-no-pytest": Case(
        ["python3", "-S", "-m", "pytest"], version=["python3", "--version"],
    ),
    "python-syntax-error": python("def main(:\n"),
    "python-traceback": python("raise ValueError('no')\n"),
    "python-missing-module": python("import nowhere_to_be_found\n"),
    "python-no-space": python("f = open('/dev/full', 'w')\nf.write('x')\nf.close()\n"),
    "python-no-memory": python(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\n"
        "x = bytearray(1 << 30)\n"
    ),
    "python-no-permission": python("import os\nos.setuid(65534)\nopen('/etc/shadow')\n"),
    "python-no-locale": python("import locale\nlocale.setlocale(locale.LC_ALL, 'xx_YY.UTF-8')\n"),
    "python-no-name-service": python(
        "import socket\nsocket.create_connection(('nowhere.invalid', 443))\n"
    ),
    "python-connection-refused": python(
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')\n"
    ),
    "unittest-failure": Case(
        ["python3", "-m", "unittest"],
        {"test_sum.py": "import unittest\nclass T(unittest.TestCase):\n"
         "    def test_sum(self):\n        self.assertEqual(1, 2)\n"},
        ["python3", "--version"],
    ),
    "pip-unreachable": Case(
        ["python3", "-m", "pip", "install", "--retries", "0", "--index-url", NOWHERE, "nowhere"],
        version=["python3", "-m", "pip", "--version"],
    ),
    "pip-no-such-package": Case(
        ["python3", "-m", "pip", "install", "--no-index", "nowhere-to-be-found"],
        version=["python3", "-m", "pip", "--version"],
    ),
    "ruff-lint": ruff("import os\nx = 1\n", "check"),
    "ruff-lint-concise": ruff("import os\nx = 1\n", "check", "--output-format", "concise"),
    "ruff-format": ruff("x  =  1\n", "format", "--check"),
    "ruff-syntax-error": ruff("def f(:\n", "check"),
    "ruff-syntax-error-concise": ruff("def f(:\n", "check", "--output-format", "concise"),
    "ruff-bad-configuration": ruff("x = 1\n", "check", "--select", "NOSUCH"),
    "mypy-type-error": mypy("x: int = 'a'\n"),
    "mypy-syntax-error": mypy("def f(:\n"),
    "mypy-missing-module": mypy("import nowhere_to_be_found\n"),
    "go-test-failure": tested("func Sum(a, b int) int { return 0 }\n"),
    "go-panic": tested("func Sum(a, b int) int { panic(1) }\n"),
    "go-build-error": tested("func Sum(a, b int) int { return c }\n"),
    "go-type-error": tested('func Sum(a, b int) int { return "" }\n'),
    "go-syntax-error": tested("func Sum(a, b int int {\n"),
    "go-build-syntax-error": go("build", "./...", a="func Sum(a, b int) int { return }}\n"),
    "go-vet": go("vet", "./...", a='import "fmt"\nfunc Sum() { fmt.Printf("%d", "a") }\n'),
    "go-missing-module": go(
        "test", "./...", a_test=GO_TEST,
        a='import _ "example.com/nowhere/found"\nfunc Sum(a, b int) int { return 3 }\n',
    ),
    "go-missing-std": go("build", "./...", a='import _ "nowhere/found"\n'),
    "cargo-test-failure": cargo("pub fn sum(_: i32, _: i32) -> i32 { 0 }\n" + RUST_TEST, "test"),
    "cargo-type-error": cargo('pub fn sum() -> i32 { "a" }\n', "build"),
    "cargo-syntax-error": cargo("pub fn sum( -> i32 {\n", "test"),
    "cargo-unresolved-import": cargo("use nowhere::found;\n", "build"),
    "cargo-missing-crate": cargo(
        "", "build", "--offline", dependencies='nowhere-to-be-found = "1"\n'
    ),
    "cargo-unreachable": cargo(
        "", "build", dependencies=f'nowhere = {{ git = "{NOWHERE}/nowhere" }}\n'
    ),
    "cargo-bad-manifest": cargo("", "build", dependencies="nowhere = \n"),
    "cargo-no-such-command": cargo("", "nextestify"),
    "cargo-format": cargo("pub fn sum( )->i32{0}\n", "fmt", "--check"),
    "cargo-clippy": cargo("pub fn sum() -> i32 { return 0; }\n", "clippy", "--", "-D", "warnings"),
    "jest-assertion": jest("test('sums', () => { expect(1 + 1).toBe(3); });\n"),
    "jest-syntax-error": jest("test('sums', () => { expect(1 + ).toBe(3); });\n"),
    "jest-missing-module": jest("require('nowhere-to-be-found'); test('sums', () => {});\n"),
    "jest-missing-file": jest("require('./absent'); test('sums', () => {});\n"),
    "jest-no-tests": Case(
        ["jest"], {"package.json": '{"name": "sum"}\n'}, ["jest", "--version"]
    ),
    "node-syntax-error": Case(["node", "a.js"], {"a.js": "function (\n"}, ["node", "--version"]),
    "node-missing-module": Case(
        ["node", "a.js"], {"a.js": "require('nowhere')\n"}, ["node", "--version"]
    ),
    "node-no-space": Case(
        ["node", "a.js"],
        {"a.js": "require('fs').writeFileSync('/dev/full', 'x')\n"},
        ["node", "--version"],
    ),
    "node-no-memory": Case(
        ["sh", "-c", "node --max-old-space-size=20 a.js"],
        {"a.js": "const a = []; for (;;) a.push(new Array(1000).fill('x'));\n"},
        ["node", "--version"],
    ),
    "node-test-failure": Case(
        ["node", "--test"],
        {"a.test.js": "require('node:test')('sums', () => { throw new Error('no'); });\n"},
        ["node", "--version"],
    ),
    "npm-unreachable": npm("install", package='{"dependencies": {"nowhere": "1"}}\n'),
    "npm-missing-script": npm("run", "absent", package='{"name": "sum"}\n'),
    "npm-script-fails": npm("run", "build", package='{"scripts": {"build": "exit 3"}}\n'),
    "npm-script-tool-missing": npm(
        "run", "build", package='{"scripts": {"build": "nowhere-to-be-found"}}\n'
    ),
    "npm-no-lock": npm("ci", package='{"name": "sum"}\n'),
    "tsc-type-error": tsc("const x: number = 'a';\n"),
    "tsc-syntax-error": tsc("const x: number = ;\n"),
    "tsc-missing-module": tsc("import { a } from 'nowhere-to-be-found';\na;\n"),
    "eslint-lint": eslint("const a = 1;\n"),
    "eslint-syntax-error": eslint("const = 1;\n"),
    "shell-tool-missing": shell("nowhere-to-be-found"),
    "shell-pytest-missing": shell("PATH=/nowhere; pytest"),
    "bash-tool-missing": Case(
        ["bash", "-c", "nowhere-to-be-found"], version=["bash", "--version"]
    ),
    "shell-tool-missing-silent": shell("nowhere-to-be-found 2>/dev/null"),
    "shell-not-executable": shell("./script", files={"script": "true\n"}),
    "bash-no-permission": Case(
        ["bash", "-c", "./script"], {"script": "true\n"}, ["bash", "--version"]
    ),
    "shell-no-file": shell("cat absent"),
    "shell-no-space": shell("cat /etc/passwd > /dev/full"),
    "shell-silent": shell("exit 3"),
    "make-fails": Case(["make"], {"Makefile": "all:\n\t@exit 3\n"}, ["make", "--version"]),
    "make-no-rule": Case(["make", "absent"], {"Makefile": "all:\n"}, ["make", "--version"]),
    "make-tool-missing": Case(
        ["make"], {"Makefile": "all:\n\tnowhere-to-be-found\n"}, ["make", "--version"]
    ),
    "gcc-error": Case(
        ["gcc", "-c", "a.c"], {"a.c": "int f() { return b; }\n"}, ["gcc", "--version"]
    ),
    "gcc-missing-header": Case(
        ["gcc", "-c", "a.c"], {"a.c": "#include <nowhere.h>\n"}, ["gcc", "--version"]
    ),
    "gcc-undefined-reference": Case(
        ["gcc", "a.c"], {"a.c": "int f(); int main() { return f(); }\n"}, ["gcc", "--version"]
    ),
}  # fmt: skip
