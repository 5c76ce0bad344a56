"""Agents as builders, and a provider on loopback that refuses them (`record.py`)."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.policy.signs.projects import Case


@contextmanager
def provider(answer: tuple[int, str] | None) -> Iterator[int]:
    """Serve *answer* as providers do; where there is none, nobody listens at the port."""
    if answer is None:
        yield 9
        return
    status, message = answer
    error = {"message": message} | ({"code": "context_length_exceeded"} if status == 400 else {})
    kind = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}
    body = {"type": "error", "error": error | {"type": kind.get(status, "api_error")}}

    class Provider(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_POST  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def claude(status: int, message: str, form: str = "stream-json") -> Case:
    argv = ["claude", "-p", "do it", "--model", "m", "--output-format", form, "--verbose"]
    env = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:{port}",
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CONFIG_DIR": "{home}",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "DISABLE_AUTOUPDATER": "1",
    }
    return Case(argv, {}, ["claude", "--version"], env, (status, message))


def codex(status: int, message: str) -> Case:
    own = {"name": '"own"', "base_url": '"http://127.0.0.1:{port}/v1"', "wire_api": '"responses"'}
    own |= {"env_key": '"KEY"', "request_max_retries": "0", "stream_max_retries": "0"}
    given = [f"model_providers.own.{key}={value}" for key, value in own.items()]
    given += ['model_provider="own"', 'model="m"']
    argv = ["codex", "exec", "--json", "--skip-git-repo-check"]
    argv += [word for one in given for word in ("-c", one)]
    env = {"KEY": "none", "CODEX_HOME": "{home}"}
    return Case([*argv, "do it"], {}, ["codex", "--version"], env, (status, message))


def opencode(status: int, message: str) -> Case:
    options = {"baseURL": "http://127.0.0.1:{port}/v1", "apiKey": "none"}
    own = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"m": {}}}
    config = {"model": "own/m", "small_model": "own/m", "provider": {"own": own}}
    env = {"HOME": "{home}", "OPENCODE_CONFIG_CONTENT": json.dumps(config)}
    for name in ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "DEFAULT_PLUGINS"):
        env[f"OPENCODE_DISABLE_{name}"] = "1"
    argv = ["opencode", "run", "--pure", "--format", "json", "do it"]
    return Case(argv, {}, ["opencode", "--version"], env, (status, message))


def mini(status: int, message: str) -> Case:
    argv = ["mini", "-c", "mini.yaml", "-c", "model.model_kwargs.num_retries=0"]
    argv += ["-m", "openai/m", "-y", "--exit-immediately", "-t", "do it", "-o", os.devnull]
    env = {
        "OPENAI_API_BASE": "http://127.0.0.1:{port}/v1",
        "OPENAI_API_KEY": "none",
        "MSWEA_CONFIGURED": "true",
        "MSWEA_SILENT_STARTUP": "1",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",
        "MSWEA_GLOBAL_CONFIG_DIR": "{home}",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return Case(argv, {}, ["sh", "-c", "echo mini-swe-agent"], env, (status, message))


LIMITED, REFUSED, DOWN = (429, "slow down"), (401, "bad key"), (500, "broken")
LONG = "prompt is too long: 210000 tokens > 200000 maximum"
LONGER = "This model's maximum context length is 8192 tokens, however you asked for 9000."
AGENTS = {
    "claude-rate-limit": claude(*LIMITED),
    "claude-rate-limit-text": claude(*LIMITED, form="text"),
    "claude-refused": claude(*REFUSED),
    "claude-down": claude(*DOWN),
    "claude-too-long": claude(400, LONG),
    "codex-rate-limit": codex(*LIMITED),
    "codex-refused": codex(*REFUSED),
    "codex-down": codex(*DOWN),
    "codex-too-long": codex(400, LONGER),
    "opencode-rate-limit": opencode(*LIMITED),
    "opencode-refused": opencode(*REFUSED),
    "opencode-down": opencode(*DOWN),
    "opencode-too-long": opencode(400, LONGER),
    "mini-rate-limit": mini(*LIMITED),
    "mini-refused": mini(*REFUSED),
    "mini-down": mini(*DOWN),
    "mini-too-long": mini(400, LONGER),
}
