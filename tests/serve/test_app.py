"""Details of the application, without a server around it; and what the command line may ask for."""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from serving import BOUNDARY, FORM, form

import shizi
from conftest import boxes, encoded
from shizi import cli
from shizi.errors import SettingsError, ShiziError
from shizi.serve import engine, failures, openapi, shapes, ui
from shizi.serve.app import POLICY
from shizi.serve.run import bounds, is_loopback, plan
from shizi.serve.settings import ServeSettings

MakeApp = Callable[..., Flask]
PAGE = encoded(Image.fromarray(boxes(["高低高高", "低高"])[0]), "PNG")
TOKEN = "a-token-of-some-length"


def asked(*arguments: str) -> argparse.Namespace:
    return cli._parser().parse_args(["serve", *arguments])


def test_every_answer_has_the_headers_that_guard_a_page(make_app: MakeApp) -> None:
    client = make_app().test_client()
    answers = [client.get(path) for path in ("/", "/docs", "/healthz", "/nothing", "/openapi.json")]
    answers += [client.post("/ocr"), client.post("/ocr", data={})]
    for answer in answers:
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self';")


def test_pages_keep_to_their_own_policy_and_name_no_other_address(make_app: MakeApp) -> None:
    client = make_app().test_client()
    for path in ("/", "/docs"):
        page = client.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "onclick=" not in page
        assert "http://" not in page.replace("http://www.w3.org/", "")
        assert "https://" not in page


def test_static_files_are_kept_by_their_content(make_app: MakeApp) -> None:
    client = make_app().test_client()
    first = client.get("/static/docs.js")
    assert first.mimetype == "text/javascript"
    assert first.headers["Cache-Control"] == "no-cache"
    tag = first.headers["ETag"]
    assert client.get("/static/docs.js", headers={"If-None-Match": tag}).status_code == 304
    named = client.get(f"/static/docs.js?v={tag.strip(chr(34))}")
    assert "immutable" in named.headers["Cache-Control"]
    assert f"docs.js?v={tag.strip(chr(34))}" in client.get("/docs").text
    for path in ("/static/", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd"):
        assert client.get(path).status_code == 404


def test_a_static_file_has_one_name_and_is_kept_once(make_app: MakeApp) -> None:
    client = make_app().test_client()
    kept = ui._files()
    assert client.get("/static/sample.jpg").data == kept["sample.jpg"][0]
    for name in ("1/../sample.jpg", "js/../sample.jpg", "./sample.jpg", "/sample.jpg", "js", "a" * 300, "a\0b"):
        answer = client.get(f"/static/{name}")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert ui._files() is kept
    assert len(kept) == sum(path.is_file() for path in ui.STATIC.rglob("*"))


def test_the_configuration_is_what_holds(make_app: MakeApp, tmp_path: Path) -> None:
    small = ServeSettings(max_bytes=1000, seconds=7, corrections_per_request=9)
    client = make_app(small, token=TOKEN, corrections=tmp_path).test_client()
    said = shapes.Config.model_validate(client.get("/config.json").json, strict=True)
    assert (said.version, said.auth, said.corrections) == (shizi.__version__, True, True)
    assert (said.limits.max_bytes, said.limits.seconds, said.limits.max_corrections) == (1000, 7, 9)
    assert {"json", "text"} <= set(said.formats)
    assert {"digits", "plate"} <= set(said.charsets)
    other = make_app().test_client().get("/config.json").json
    assert (other["auth"], other["corrections"]) == (False, False)


def test_an_answer(make_app: MakeApp) -> None:
    answer = make_app().test_client().post("/ocr", data=form(PAGE), content_type=FORM)
    said = shapes.Answer.model_validate(answer.json, strict=True)
    assert said.text == ["高低高高", "低高"]


def test_another_sites_page_cannot_make_a_browser_send_something(make_app: MakeApp) -> None:
    client = make_app().test_client()

    def status(site: str) -> int:
        return client.post("/ocr", data=form(PAGE), content_type=FORM, headers={"Sec-Fetch-Site": site}).status_code

    assert status("cross-site") == 403
    assert status("same-origin") == status("none") == 200


def test_nothing_is_kept_unless_it_is_asked_for(make_app: MakeApp) -> None:
    answer = make_app().test_client().post("/correct", data=form(PAGE, corrections="[]"), content_type=FORM)
    assert (answer.status_code, answer.json["code"]) == (404, "not_kept")


def test_a_mistake_of_ours_is_a_500_that_says_nothing(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    reader = app.extensions["shizi"].engine.reader

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(" ".join(("words", "from", "a", "picture")))

    monkeypatch.setattr(type(reader), "_lines", fail, raising=False)
    monkeypatch.setattr(type(reader), "_seen", fail, raising=False)
    answer = app.test_client().post("/ocr", data=form(PAGE), content_type=FORM)
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "picture" not in answer.text
    assert "RuntimeError" in caplog.text
    assert "words from" not in caplog.text
    stream = app.test_client().post("/ocr/stream", data=form(PAGE), content_type=FORM).text
    assert 'event: error\ndata: {"success": false' in stream
    assert '"status": 500' in stream


def test_an_engine_that_is_not_ready_says_so(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    monkeypatch.setattr(engine, "START", 0.01)
    app.extensions["shizi"].engine._warm.clear()
    client = app.test_client()
    for answer in (client.get("/readyz"), client.post("/ocr", data=form(PAGE), content_type=FORM)):
        assert (answer.status_code, answer.json["code"]) == (503, "starting")
        assert answer.headers["Retry-After"] == "1"
    assert client.get("/healthz").status_code == 200


def test_the_description_lists_what_there_is(make_app: MakeApp) -> None:
    app = make_app()
    rules = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert rules == {(one.path, one.method) for one in openapi.OPERATIONS}
    said = app.test_client().get("/openapi.json").json
    assert said["openapi"] == "3.1.0"
    fields = said["components"]["schemas"]["OcrUpload"]["properties"]
    assert set(fields) == {"file", *shapes.OcrForm.model_fields}
    assert "null" not in json.dumps(fields)


def test_each_refusal_is_told_apart_and_described() -> None:
    kinds = [one for one in vars(failures).values() if isinstance(one, type) and issubclass(one, ShiziError)]
    named = [one for one in kinds if one not in (ShiziError, failures.NotKept)]
    assert len({one.code for one in named}) == len(named)
    described = {error for operation in openapi.OPERATIONS for error in operation.failures}
    assert {one for one in kinds if one is not ShiziError} <= described
    for one in kinds:
        if one.http_status in (429, 503):
            assert one.retry_after > 0  # type: ignore[attr-defined]


def test_strangers_are_not_let_in_by_accident() -> None:
    for host in ("0.0.0.0", "192.168.1.7", "::", "example.org"):
        with pytest.raises(SettingsError, match="no token"):
            plan(asked("--host", host), None)
        assert plan(asked("--host", host), TOKEN).token == TOKEN
        assert plan(asked("--host", host, "--no-token"), TOKEN).token is None
    for host in ("127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"):
        assert is_loopback(host)
        assert plan(asked("--host", host), None).token is None


def test_a_token_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}-of-the-file\n")
    assert plan(asked("--token-file", str(file)), TOKEN).token == f"{TOKEN}-of-the-file"
    for bad in ("", "short", "ein-schlüssel-mit-umlauten"):
        with pytest.raises(SettingsError, match="at least 16 ASCII"):
            plan(asked(), bad)
    with pytest.raises(SettingsError, match="cannot be read"):
        plan(asked("--token-file", str(tmp_path / "none")), None)


@pytest.mark.parametrize(
    "arguments", [("--port", "70000"), ("--workers", "65"), ("--workers", "-1"), ("--proxies", "-1")]
)
def test_what_cannot_be_served(arguments: tuple[str, str]) -> None:
    with pytest.raises(SettingsError):
        plan(asked(*arguments), None)


@pytest.mark.parametrize(
    ("option", "status", "code"), [("--weights", 1, "model_mismatch"), ("--keep-corrections", 2, "bad_setting")]
)
def test_what_no_worker_could_open_is_said_before_anything_is_served(
    tmp_path: Path, option: str, status: int, code: str
) -> None:
    (tmp_path / "text").write_text("neither weights nor a folder")
    command = [sys.executable, "-m", "shizi", "serve", "--port", "0", option, str(tmp_path / "text")]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == status
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"shizi: {code}: ")


def test_threads_share_the_cores_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shizi.serve.run._cores", lambda: 8)
    assert [plan(asked("--workers", str(count)), None).threads for count in (1, 2, 3, 8, 16)] == [8, 4, 2, 1, 1]
    assert plan(asked(), None).workers == 4


def test_bounds_are_set_by_name() -> None:
    assert bounds(["max_bytes=5", "seconds=1.5"]) == dataclasses.replace(ServeSettings(), max_bytes=5, seconds=1.5)
    for wrong in ("max_byte=5", "max_bytes", "max_bytes=much", "max_bytes=0", "seconds=-1", "seconds=nan"):
        with pytest.raises(SettingsError):
            bounds([wrong])


@pytest.mark.parametrize("field", dataclasses.fields(ServeSettings), ids=lambda one: one.name)
def test_every_bound_is_checked_and_documented(field: Any) -> None:
    with pytest.raises(SettingsError, match=field.name):
        ServeSettings(**{field.name: -1})
    security = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    assert f"`serve.{field.name}`" in security


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "shizi.serve.run":
            raise ModuleNotFoundError("No module named 'gunicorn'", name="gunicorn")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert cli.main(["serve"]) == 2
    assert "pip install 'shizi[serve]'" in capsys.readouterr().err


def test_uploads_stay_out_of_files(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, fail)
    big = encoded(Image.new("L", (1200, 1000), 255), "PNG", compress_level=0)
    assert len(big) > 1_000_000
    answer = make_app().test_client().post("/ocr", data=form(big), content_type=FORM)
    assert answer.status_code == 200
    assert BOUNDARY not in answer.text
