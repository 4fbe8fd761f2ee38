from __future__ import annotations

import asyncio
import base64
import copy
import itertools
import os
import shlex
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec

from backend.errors import ErrorKind, PlatformError
from backend.kube.connection import Connection
from backend.kube.kubeconfig import contexts, exec_line, inline_files, read_kubeconfig
from backend.kube.kubeconfig_text import MAXIMUM_SIZE
from tests.backend.kube.servers import TOKEN, Authority, authority, encoded, kubeconfig, pem_of_key, write

SERVER = "https://10.0.0.1:6443"
EXEC = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "get-token",
    "args": ["--cluster", "edge 1"],
    "env": [{"name": "PROFILE", "value": "site"}],
    "installHint": "install get-token",
    "interactiveMode": "Never",
}


def refused(text: str, context: str = "", *, allow_exec: str = "") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        read_kubeconfig(text, context, allow_exec=allow_exec)
    assert caught.value.kind is ErrorKind.INVALID
    assert caught.value.field == "kubeconfig"
    assert TOKEN not in caught.value.message
    return caught.value


def with_two_contexts() -> str:
    document = yaml.safe_load(kubeconfig(SERVER))
    document["contexts"].append({"name": "other", "context": {"cluster": "other", "user": "other"}})
    document["clusters"].append({"name": "other", "cluster": {"server": "https://other.example", "proxy-url": ""}})
    document["users"].append({"name": "other", "user": {"username": "ann", "password": "secret-of-ann"}})
    return yaml.safe_dump(document)


def test_the_current_context_is_the_default() -> None:
    found = read_kubeconfig(with_two_contexts())
    assert (found.context, found.cluster, found.user) == ("edge", "edge", "admin")
    assert (found.server, found.namespace, found.insecure) == (SERVER, "work", False)
    assert found.exec_command == ()


def test_the_document_holds_only_that_context_and_reads_the_same() -> None:
    found = read_kubeconfig(with_two_contexts(), "other")
    assert "secret-of-ann" in found.document
    assert TOKEN not in found.document
    assert SERVER not in found.document
    assert contexts(found.document) == ["other"]
    assert read_kubeconfig(found.document) == found


def test_the_repr_shows_no_secret() -> None:
    assert TOKEN not in repr(read_kubeconfig(kubeconfig(SERVER)))


def test_contexts_are_listed_in_order_and_named_when_one_is_unknown() -> None:
    assert contexts(with_two_contexts()) == ["edge", "other"]
    error = refused(with_two_contexts(), "edg")
    assert error.reason == "unknown_context"
    assert "edg;" in error.message
    assert "edge, other" in error.message


def test_without_a_current_context_one_must_be_chosen_unless_there_is_only_one() -> None:
    two = yaml.safe_load(with_two_contexts())
    del two["current-context"]
    assert refused(yaml.safe_dump(two)).reason == "unknown_context"
    one = yaml.safe_load(kubeconfig(SERVER))
    one["current-context"] = ""
    assert read_kubeconfig(yaml.safe_dump(one)).context == "edge"


def test_text_over_one_mebibyte_is_refused_without_parsing() -> None:
    error = refused("[" * (10 * MAXIMUM_SIZE))
    assert error.reason == "kubeconfig_too_large"
    assert "1 MiB" in error.message
    assert refused("é" * (MAXIMUM_SIZE // 2 + 1)).reason == "kubeconfig_too_large"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "kubeconfig_not_yaml"),
        ("just words", "kubeconfig_not_yaml"),
        ("- a list", "kubeconfig_not_yaml"),
        ("a: [", "kubeconfig_not_yaml"),
        ("a: b\n---\nc: d\n", "kubeconfig_not_yaml"),
        ("a: \x00", "kubeconfig_not_yaml"),
        ("a: '\ud800'", "kubeconfig_not_yaml"),
        ("1: 2", "unknown_context"),
        ("[" * 50_000, "kubeconfig_invalid"),
        ("a: &x [1]\nb: *x\n", "kubeconfig_aliases"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "kubeconfig_aliases"),
        ("kind: Secret\n", "kubeconfig_invalid"),
        ("clusters: {}\ncontexts: []\n", "unknown_context"),
        ("clusters: {}\ncontexts: {a: b}\n", "kubeconfig_invalid"),
        ("contexts: [1]\n", "kubeconfig_invalid"),
        ("contexts:\n- context: {}\n", "kubeconfig_invalid"),
        ("a:\n" + "- b\n" * 200_000, "kubeconfig_invalid"),
    ],
    ids=itertools.count(),
)
def test_what_is_no_kubeconfig_is_refused(text: str, reason: str) -> None:
    assert refused(text).reason == reason


def test_a_yaml_error_says_where_and_quotes_nothing() -> None:
    error = refused(f"users:\n- name: a\n  token: {TOKEN}\n bad: indentation\n")
    assert "line 4" in error.message
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_python_tags_make_no_objects(tmp_path: Path) -> None:
    target = tmp_path / "made"
    error = refused(f'a: !!python/object/apply:os.system ["touch {target}"]\n')
    assert error.reason == "kubeconfig_not_yaml"
    assert not target.exists()


def test_a_token_of_digits_stays_text() -> None:
    found = read_kubeconfig(kubeconfig(SERVER).replace(TOKEN, "1234567890"))
    assert yaml.safe_load(found.document)["users"][0]["user"] == {"token": "1234567890"}


@pytest.mark.parametrize(
    "server",
    [
        "",
        "http://10.0.0.1:6443",
        "https://",
        "10.0.0.1:6443",
        "ftp://10.0.0.1",
        "https://user:secret@10.0.0.1",
        "https://10.0.0.1:99999",
        "https://10.0.0.1:0",
        "https://10.0.0.1/?a=b",
        "https://10.0.0.1/a/../b",
        "https://exa mple",
        "https://[::1",
        "https://-edge",
    ],
)
def test_a_server_must_be_an_https_url_with_a_host(server: str) -> None:
    assert "server" in refused(kubeconfig(server)).message


@pytest.mark.parametrize(
    ("server", "kept"),
    [
        ("https://edge.example:6443/", "https://edge.example:6443"),
        ("https://EDGE.example/k8s/clusters/c-1/", "https://edge.example/k8s/clusters/c-1"),
        ("https://[fd00::1]:6443", "https://[fd00::1]:6443"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_servers_that_are_taken(server: str, kept: str) -> None:
    assert read_kubeconfig(kubeconfig(server)).server == kept


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("cluster", {"certificate-authority": "ca.crt", "certificate-authority-data": ""}),
        ("user", {"client-certificate": "a.crt"}),
        ("user", {"client-key": "a.key"}),
        ("user", {"tokenFile": "/var/run/token"}),
    ],
)
def test_file_references_in_text_are_refused_with_the_command_that_inlines_them(
    part: str, entry: dict[str, object]
) -> None:
    text = kubeconfig(SERVER, cluster=entry) if part == "cluster" else kubeconfig(SERVER, user=entry)
    error = refused(text)
    assert error.reason == "kubeconfig_file_reference"
    assert next(iter(entry)) in error.message
    assert "kubectl config view --flatten --minify" in error.message


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({"auth-provider": {"name": "oidc"}}, "removed"),
        ({"token": TOKEN, "as": "root"}, "'as'"),
        ({"token": TOKEN, "as-groups": ["system:masters"]}, "'as-groups'"),
        ({"token": TOKEN, "username": "a", "password": "b"}, "more than one way"),
        ({"token": TOKEN, "exec": EXEC}, "more than one way"),
        ({"username": "a"}, "password"),
        ({"token": "two\nlines"}, "token"),
        ({"token": ["a"]}, "must be text"),
        ({"client-certificate-data": "%%%"}, "'client-certificate-data' of user admin is not valid base64"),
        ({"client-certificate-data": encoded("no pem")}, "PEM"),
        ({"client-certificate-data": encoded(authority().pem)}, "'client-key-data'"),
    ],
)
def test_users_that_are_refused(user: dict[str, object], word: str) -> None:
    assert word in refused(kubeconfig(SERVER, user=user)).message


@pytest.mark.parametrize(
    ("cluster", "word"),
    [
        ({"certificate-authority-data": "%%%"}, "'certificate-authority-data' of cluster edge is not valid base64"),
        ({"certificate-authority-data": encoded("nothing")}, "PEM"),
        (
            {"certificate-authority-data": encoded("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")},
            "read",
        ),
        ({"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify"),
        ({"insecure-skip-tls-verify": "perhaps", "certificate-authority-data": ""}, "true or false"),
        ({"proxy-url": "socks5://127.0.0.1:1080"}, "SOCKS"),
        ({"tls-server-name": "no name"}, "tls-server-name"),
    ],
)
def test_clusters_that_are_refused(cluster: dict[str, object], word: str) -> None:
    assert word in refused(kubeconfig(SERVER, cluster=cluster)).message


def test_insecure_is_told() -> None:
    cluster: dict[str, object] = {"insecure-skip-tls-verify": True}
    found = read_kubeconfig(kubeconfig(SERVER, cluster=cluster, trusted=""))
    assert found.insecure
    assert read_kubeconfig(found.document).insecure


def test_a_client_certificate_must_have_its_own_key() -> None:
    pair, other = authority().issue(), authority().issue()

    def user(key: str) -> dict[str, object]:
        return {"client-certificate-data": encoded(pair.certificate), "client-key-data": encoded(key)}

    assert "BEGIN" not in read_kubeconfig(kubeconfig(SERVER, user=user(pair.key))).document
    assert "does not belong" in refused(kubeconfig(SERVER, user=user(other.key))).message
    locked = pem_of_key(ec.generate_private_key(ec.SECP256R1()), b"passphrase")
    assert "passphrase" in refused(kubeconfig(SERVER, user=user(locked))).message
    legacy = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END EC PRIVATE KEY-----"
    assert "passphrase" in refused(kubeconfig(SERVER, user=user(legacy))).message


def test_names_that_are_missing_or_double_are_told() -> None:
    document = yaml.safe_load(kubeconfig(SERVER))
    document["users"] = []
    assert "no user named admin" in refused(yaml.safe_dump(document)).message
    document = yaml.safe_load(kubeconfig(SERVER))
    document["clusters"].append(copy.deepcopy(document["clusters"][0]))
    assert "more than one cluster named edge" in refused(yaml.safe_dump(document)).message


def test_an_exec_plugin_needs_its_exact_command_confirmed() -> None:
    text = kubeconfig(SERVER, user={"exec": EXEC})
    line = "PROFILE=site get-token --cluster 'edge 1'"
    error = refused(text)
    assert error.reason == "exec_plugin"
    assert line in error.message
    assert exec_line(text) == line
    for wrong in ("get-token", line + " ", shlex.join(["get-token", "--cluster", "edge 1"])):
        assert refused(text, allow_exec=wrong).reason == "exec_plugin"
    found = read_kubeconfig(text, allow_exec=line)
    assert found.exec_command == ("get-token", "--cluster", "edge 1")


def test_without_variables_the_line_is_command_and_arguments() -> None:
    text = kubeconfig(SERVER, user={"exec": {**EXEC, "env": None}})
    assert read_kubeconfig(text, allow_exec="get-token --cluster 'edge 1'").exec_command[0] == "get-token"


def test_a_stored_document_carries_its_confirmation_but_pasted_text_cannot() -> None:
    text = kubeconfig(SERVER, user={"exec": EXEC})
    document = read_kubeconfig(text, allow_exec=exec_line(text)).document
    assert refused(document).reason == "exec_plugin"

    async def opens(stored: str) -> None:
        await (await Connection.open(stored, "edge")).close()

    asyncio.run(opens(document))
    for changed in (text, document.replace("edge 1", "edge 2", 1)):
        with pytest.raises(PlatformError) as caught:
            asyncio.run(opens(changed))
        assert caught.value.reason == "exec_plugin"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"command": ""}, "command"),
        ({"command": "./get-token"}, "absolute path"),
        ({"command": "get\u202etoken"}, "invisible"),
        ({"args": ["a\nb"]}, "invisible"),
        ({"args": "x"}, "list"),
        ({"args": [{"a": "b"}]}, "list"),
        ({"args": ["x" * 5000]}, "longer"),
        ({"env": [{"name": "A=B", "value": "c"}]}, "env"),
        ({"env": {"A": "b"}}, "env"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "apiVersion"),
        ({"interactiveMode": "Always"}, "interactiveMode"),
    ],
)
def test_exec_plugins_that_are_refused(change: dict[str, object], word: str) -> None:
    assert word in refused(kubeconfig(SERVER, user={"exec": {**EXEC, **change}})).message


def with_files(tmp_path: Path) -> str:
    pair = authority().issue()
    write(tmp_path / "ca.crt", authority().pem)
    write(tmp_path / "client.crt", pair.certificate)
    write(tmp_path / "client.key", pair.key)
    cluster: dict[str, object] = {"certificate-authority": "ca.crt", "certificate-authority-data": None}
    user: dict[str, object] = {"client-certificate": "client.crt", "client-key": str(tmp_path / "client.key")}
    return kubeconfig(SERVER, cluster=cluster, user=user)


def test_inlined_files_read_like_inline_data(tmp_path: Path) -> None:
    text = with_files(tmp_path)
    assert refused(text).reason == "kubeconfig_file_reference"
    found = read_kubeconfig(inline_files(text, tmp_path))
    document = yaml.safe_load(found.document)
    data = document["clusters"][0]["cluster"]["certificate-authority-data"]
    assert base64.b64decode(data).decode() == authority().pem


def test_a_token_file_is_inlined_without_its_line_end(tmp_path: Path) -> None:
    write(tmp_path / "token", "from-a-file\n")
    found = read_kubeconfig(inline_files(kubeconfig(SERVER, user={"tokenFile": "token", "token": "old"}), tmp_path))
    assert yaml.safe_load(found.document)["users"][0]["user"] == {"token": "from-a-file"}


def test_a_relative_plugin_becomes_absolute(tmp_path: Path) -> None:
    text = inline_files(kubeconfig(SERVER, user={"exec": {**EXEC, "command": "bin/get-token"}}), tmp_path)
    assert str(tmp_path / "bin/get-token") in exec_line(text)


def test_files_that_cannot_be_inlined_are_named(tmp_path: Path) -> None:
    text = kubeconfig(SERVER, user={"tokenFile": "token"})

    def message() -> str:
        with pytest.raises(PlatformError) as caught:
            inline_files(text, tmp_path)
        assert caught.value.field == "kubeconfig"
        return caught.value.message

    assert "No such file" in message()
    os.mkfifo(tmp_path / "token")
    assert "not a regular file" in message()
    (tmp_path / "token").unlink()
    (tmp_path / "token").mkdir()
    assert "not a regular file" in message()
    (tmp_path / "token").rmdir()
    write(tmp_path / "token", "x" * (1024 * 1024 + 1))
    assert "larger than 1 MiB" in message()


def test_a_file_missing_for_another_context_does_not_matter(tmp_path: Path) -> None:
    document = yaml.safe_load(with_files(tmp_path))
    document["users"].append({"name": "other", "user": {"tokenFile": "missing"}})
    text = yaml.safe_dump(document)
    assert read_kubeconfig(inline_files(text, tmp_path, "edge")).user == "admin"
    with pytest.raises(PlatformError, match="missing"):
        inline_files(text, tmp_path)


def test_an_authority_may_be_a_bundle_with_comments() -> None:
    bundle = f"# first ü\n{authority().pem}\nsecond\n{Authority().pem}"
    found = read_kubeconfig(kubeconfig(SERVER, trusted=bundle))
    data = yaml.safe_load(found.document)["clusters"][0]["cluster"]["certificate-authority-data"]
    assert base64.b64decode(data).decode().count("BEGIN CERTIFICATE") == 2
