"""Starts and ends the servers that are compared, and points clients at them and nowhere else.

Everything is on loopback. The environment of the caller is cleaned of all that could lead a client
to a real account.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

REGION = "us-east-1"
FORM = "application/x-www-form-urlencoded"
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}


def clean_environment() -> dict[str, str]:
    """The environment of the caller without what leads AWS clients elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name.lower() not in _PROXIES
    }
    kept["AWS_CONFIG_FILE"] = os.devnull
    kept["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    kept["AWS_PAGER"] = ""
    kept["NO_PROXY"] = "127.0.0.1"
    return kept


class Server:
    """A server at an endpoint, and clients for it."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str) -> None:
        self.endpoint = endpoint
        self.access_key = access_key
        self.secret_key = secret_key

    def client(self, service: str = "ec2", region: str = REGION, **changes: Any) -> Any:
        """A boto3 client that does not retry: what goes wrong is to be seen."""
        settings = {
            "endpoint_url": self.endpoint,
            "region_name": region,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "config": Config(retries={"total_max_attempts": 1}, proxies={}),
        }
        return boto3.session.Session().client(service, **(settings | changes))

    def environment(self) -> dict[str, str]:
        """The environment for programs that are to call this server."""
        return clean_environment() | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }


class Sandbox(Server):
    """An `ami-sandbox` with options of its own. It ends when its standard input is closed."""

    def __init__(self, program: Path, record: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [program, "--record", record, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        said = self._read()
        super().__init__(
            said["AWS_ENDPOINT_URL"], said["AWS_ACCESS_KEY_ID"], said["AWS_SECRET_ACCESS_KEY"]
        )
        self.instances = [said[name] for name in sorted(said) if name.startswith("INSTANCE_")]

    def _read(self) -> dict[str, str]:
        said: dict[str, str] = {}
        for line in self._process.stdout:
            if line == "READY\n":
                return said
            name, _, value = line.rstrip("\n").partition("=")
            said[name] = value
        raise RuntimeError("ami-sandbox ended before it was ready")

    def knows(self, action: str, service: str = "ec2") -> bool:
        """Whether the sandbox has an action. Nothing is done: the call lacks the API version."""
        return raw_error(self, service, {"Action": action}) != "InvalidAction"

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


class Moto(Server):
    """A moto server without the images that it otherwise begins with."""

    def __init__(self, program: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=clean_environment() | {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        )
        super().__init__(f"http://127.0.0.1:{port}", "AKIASANDBOX000000001", "secret")
        self._wait(port)

    def _wait(self, port: int) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"moto_server does not answer; see {self._log.name}")

    def __enter__(self) -> "Moto":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()


def raw_error(server: Server, service: str, form: dict[str, str]) -> str:
    """Posts a form that no client would send and gives the error code of the answer."""
    body = urllib.parse.urlencode(form)
    signed = AWSRequest("POST", f"{server.endpoint}/", {"Content-Type": FORM}, body)
    keys = Credentials(server.access_key, server.secret_key)
    SigV4Auth(keys, service, REGION).add_auth(signed)
    request = urllib.request.Request(signed.url, body.encode(), dict(signed.headers.items()))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode().partition("<Code>")[2].partition("</Code>")[0]
