"""`otetui api`: one call, or a call per line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.otetui.programs import ADMINISTRATOR, PASSWORD, Program
from tests.processes import ROOT, SECONDS


def call(method: str, path: str, **more: object) -> str:
    """A line for `--stdin`."""
    return json.dumps({"method": method, "path": path, **more})


def test_an_answer_is_one_line_of_json_on_stdout(program: Program, token: str) -> None:
    done = program.api("GET", "/v1/authorization", OTETUI_TOKEN=token)
    assert (done.code, done.err) == (0, "")
    assert done.answer["code"] == 200
    assert done.answer["data"]["displayName"] == ADMINISTRATOR


def test_a_whole_story_over_the_command_line(program: Program, token: str) -> None:
    bea = {"user": "bea", "password": PASSWORD, "phone": "1", "isAdmin": True, "realName": "Bea"}
    assert program.api("POST", "/v1/user", bea).answer == {"code": 200, "message": "success"}
    assert program.api("PUT", "/v1/admin/user/2", {"status": 1}, OTETUI_TOKEN=token).code == 0
    own = program.login("bea")
    bakery = {"name": "bakery", "introduce": "", "objective": "", "scale": ""}
    assert program.api("POST", "/v1/business", bakery, OTETUI_TOKEN=own).code == 0
    audit = {"comment": "", "status": 1}
    assert program.api("PUT", "/v1/business/id/1", audit, OTETUI_TOKEN=token).code == 0
    assert program.api("GET", "/v1/authorization", OTETUI_TOKEN=own).answer["data"]["role"] == 3


def test_an_error_is_the_answer_on_stdout_and_a_sentence_on_stderr(program: Program) -> None:
    done = program.api("GET", "/v1/authorization")
    assert done.code == 1
    assert (done.answer["code"], done.answer["error"]) == (401, "token_invalid")
    assert done.err == f"otetui: {done.answer['message']}\n"


def test_an_error_may_be_json_on_stderr_too(program: Program) -> None:
    done = program.api("GET", "/v1/nowhere", None, "--json")
    assert done.code == 1
    assert json.loads(done.err) == done.answer
    assert done.answer["code"] == 404


@pytest.mark.parametrize("data", ["{", "[]", b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_a_422(program: Program, data: str | bytes) -> None:
    done = program.run("api", "POST", "/v1/user", "-d", data)
    assert done.code == 1
    assert done.answer["code"] == 422
    assert done.err.startswith("otetui: ")
    assert "Traceback" not in done.err


def test_a_body_may_come_from_a_file_or_from_stdin(program: Program, tmp_path: Path) -> None:
    body = json.dumps({"user": ADMINISTRATOR, "password": PASSWORD})
    file = tmp_path / "body.json"
    file.write_text(body)
    assert program.run("api", "POST", "/v1/authorization", "-d", f"@{file}").answer["code"] == 200
    assert program.run("api", "POST", "/v1/authorization", "--data", "@-", given=body).answer["code"] == 200


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_body_file_that_cannot_be_read_is_a_422(program: Program, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "body.json"
    if content is not None:
        file.write_bytes(content)
    done = program.run("api", "POST", "/v1/user", "-d", f"@{file}")
    assert done.code == 1
    assert done.answer["code"] == 422
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("GET",),
        ("--stdin", "GET"),
        ("--stdin", "GET", "/v1/node"),
        ("--stdin", "-d", "{}"),
        ("GET", "/v1/node", "extra"),
        ("GET", ""),
    ],
)
def test_wrong_usage_is_exit_2(program: Program, arguments: tuple[str, ...]) -> None:
    done = program.run("api", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage:" in done.err


@pytest.mark.parametrize("method", ["PATCH", "\x1b[2J"])
def test_an_unknown_method_is_an_answer(program: Program, method: str) -> None:
    done = program.run("api", method, "/v1/node")
    assert (done.code, done.answer["code"]) == (1, 404)
    assert "\x1b" not in done.out + done.err


def test_arguments_that_are_no_text_are_answered(program: Program) -> None:
    done = program.run("api", "GET", b"/v1/\xff\x1b[2J")
    assert (done.code, done.answer["code"]) == (1, 404)
    assert "\x1b" not in done.out + done.err


def test_a_query_may_stand_in_the_path(program: Program, token: str) -> None:
    done = program.api("GET", "/v1/admin/user?pageSize=1&page=2", OTETUI_TOKEN=token)
    assert (done.answer["data"], done.answer["total"]) == ([], 1)


def test_answers_are_ascii_whatever_they_hold(program: Program, token: str) -> None:
    zoe = {"user": "zoe", "password": PASSWORD, "phone": "1", "isAdmin": True, "realName": "Zoë 北京"}
    assert program.api("POST", "/v1/user", zoe).code == 0
    done = program.api("GET", "/v1/admin/user", OTETUI_TOKEN=token, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.out.isascii()
    assert done.answer["data"][1]["realName"] == "Zoë 北京"


def test_lines_are_answered_one_by_one_in_their_order(program: Program, token: str) -> None:
    lines = [
        call("GET", "/v1/authorization"),
        "",
        "nonsense",
        call("GET", "/v1/admin/user?page=1"),
        "[" * 3000,
        '{"method": "GET"}',
        "   ",
        call("GET", "/v1/admin/user", query={"page": 0}),
        call("GET", "//["),
        call("POST", "/v1/user", body={"user": "\ud800"}),
        call("GET", "/v1/authorization"),
    ]
    done = program.run("api", "--stdin", given="\n".join(lines) + "\n", OTETUI_TOKEN=token)
    assert (done.code, done.err) == (0, "")
    assert [answer["code"] for answer in done.answers] == [200, 422, 200, 422, 422, 422, 404, 422, 200]


def test_a_last_line_needs_no_end_and_no_lines_are_no_error(program: Program, token: str) -> None:
    done = program.run("api", "--stdin", given=call("GET", "/v1/authorization"), OTETUI_TOKEN=token)
    assert [answer["code"] for answer in done.answers] == [200]
    done = program.run("api", "--stdin")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_bytes_that_are_no_text_spoil_only_their_line(program: Program, token: str) -> None:
    good = call("GET", "/v1/authorization").encode()
    given = b"\n".join([good, b"\xff\xfe\xfd", b"\x00\x00", b'{"method": "\xc3", "path": "/"}', good]) + b"\n"
    done = program.run("api", "--stdin", given=given, OTETUI_TOKEN=token)
    assert (done.code, done.err) == (0, "")
    assert [answer["code"] for answer in done.answers] == [200, 422, 422, 422, 200]


def test_a_token_on_the_line_goes_before_the_one_in_the_environment(program: Program, token: str) -> None:
    lines = [
        call("GET", "/v1/authorization"),
        call("GET", "/v1/authorization", token="nonsense"),
        call("GET", "/v1/authorization", token=""),
        call("GET", "/v1/authorization", token=None),
        call("GET", "/v1/authorization", token=f"Bearer {token}"),
    ]
    given = "\n".join(lines)
    done = program.run("api", "--stdin", given=given, OTETUI_TOKEN=token)
    assert [answer["code"] for answer in done.answers] == [200, 401, 200, 200, 200]
    done = program.run("api", "--stdin", given=given)
    assert [answer["code"] for answer in done.answers] == [401, 401, 401, 401, 200]


def test_a_token_from_a_line_can_be_used_by_the_next(program: Program) -> None:
    running = subprocess.Popen(
        program.command("api", "--stdin"),
        cwd=ROOT,
        env=program.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def ask(line: str) -> dict[str, object]:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(line + "\n")
        running.stdin.flush()
        answer: dict[str, object] = json.loads(running.stdout.readline())
        return answer

    try:
        # Each answer comes before the next line is sent: nothing is held back until the end.
        token = ask(call("POST", "/v1/authorization", body={"user": ADMINISTRATOR, "password": PASSWORD}))["token"]
        new = ask(call("PUT", "/v1/authorization", token=token))["token"]
        assert ask(call("GET", "/v1/authorization", token=token))["code"] == 401
        assert ask(call("GET", "/v1/authorization", token=new))["code"] == 200
        out, err = running.communicate(timeout=SECONDS)
        assert (running.returncode, out, err) == (0, "", "")
    finally:
        running.kill()
        running.wait()


def test_interrupting_ends_waiting_for_lines(program: Program, token: str) -> None:
    running = subprocess.Popen(
        program.command("api", "--stdin"),
        cwd=ROOT,
        env=program.environment(OTETUI_TOKEN=token),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    try:
        running.stdin.write(call("GET", "/v1/authorization") + "\n")
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["code"] == 200
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
        assert running.stderr is not None
        assert running.stderr.read() == ""
    finally:
        running.kill()
        running.wait()
        for stream in (running.stdin, running.stdout, running.stderr):
            if stream is not None:
                stream.close()


def test_a_reader_that_goes_away_is_no_crash(program: Program, token: str) -> None:
    lines = "\n".join([call("GET", "/v1/authorization")] * 2000)
    command = f"{sys.executable} -m otetui api --stdin | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        env=program.environment(OTETUI_TOKEN=token),
        input=lines,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert json.loads(done.stdout)["code"] == 200
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_an_over_long_line_spoils_only_itself(program: Program, token: str) -> None:
    code = (
        "import sys; from otetui import commands; commands.MAXIMUM_LINE_BYTES = 200\n"
        "sys.argv = ['otetui', 'api', '--stdin']\n"
        "commands.application()()"
    )
    good = call("GET", "/v1/authorization")
    lines = [good, "x" * 1000, good, call("GET", "/v1/authorization", body={"a": "y" * 300}), good, "z" * 5000]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=program.environment(OTETUI_TOKEN=token),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == [200, 422, 200, 422, 200, 422]
    assert (done.returncode, done.stderr) == (0, "")


def test_no_secret_is_ever_on_stderr(program: Program, token: str) -> None:
    secret = "S3cretS3cret"
    runs = [
        program.api("POST", "/v1/authorization", {"user": ADMINISTRATOR, "password": secret}),
        program.api("POST", "/v1/user", {"user": "bob", "password": secret}),
        program.api("PUT", "/v1/user", {"oldPassword": secret, "password": secret}, OTETUI_TOKEN=token),
        program.run("api", "POST", "/v1/user", "-d", f'{{"password": "{secret}"'),
        program.run("api", "POST", "/v1/user", "-d", f"{secret}"),
        program.run("api", "--stdin", given=f'{{"method": "POST", "path": "/v1/user", "password": "{secret}"'),
        program.api("GET", "/v1/authorization", OTETUI_TOKEN=f"{secret}.{secret}.{secret}"),
        program.run("init", OTETUI_ADMIN_PASSWORD=secret),
        program.api("GET", "/v1/authorization", OTETUI_KEY=secret),
    ]
    for done in runs:
        assert secret not in done.err
        assert secret not in done.out
        assert token not in done.err
        assert "Traceback" not in done.err
