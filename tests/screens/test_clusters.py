"""Clusters: registered from a file, labelled, asked, removed; and what is shown of one that is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.operations.clusters import LIST_CLUSTERS, REMOVE_CLUSTERS
from screens.detail_screen import DetailScreen
from tests.backend.kube.servers import kubeconfig
from tests.backend.sites import ADMINISTRATOR
from tests.screens.driver import Driver, console
from tests.screens.edges import edges, kubeconfig_file, register
from tests.screens.homes import GENERAL
from widgets.dialogs import ConfirmDialog
from widgets.form_dialog import FormDialog


async def labels(driver: Driver) -> dict[str, list[str]]:
    return {row.cluster_name: list(row.labels) for row in await driver.by_other(LIST_CLUSTERS)}


async def fill_in(driver: Driver, name: str, path: Path | str) -> None:
    await driver.press("n")
    await driver.on(FormDialog)
    await driver.type(name)
    await driver.press("tab", "ctrl+u")
    await driver.type(str(path))
    await driver.press("ctrl+s")


@pytest.mark.usefixtures("empty_home")
async def test_a_cluster_is_tested_and_added_from_a_file(tmp_path: Path) -> None:
    async with edges("hamburg") as (edge,), console(place="clusters") as driver:
        await driver.shows("No cluster is registered.")
        await driver.shows("The system administrator adds one from a kubeconfig with n.")
        await fill_in(driver, "hamburg", kubeconfig_file(edge, tmp_path))
        await driver.says("Done: The cluster was added")
        await driver.rows("hamburg")
        await driver.shows("ready")
        await driver.shows("3/3")
        await driver.press("o")
        await driver.rows(*(f"hamburg/hamburg-{number}" for number in range(3)))
        await driver.shows("Nodes of hamburg")
        await driver.press("escape")
        await driver.until(lambda: getattr(driver.screen, "place", "") == "clusters", "clusters")


@pytest.mark.usefixtures("empty_home")
async def test_what_is_wrong_with_a_registration_is_told_and_nothing_is_saved(tmp_path: Path) -> None:
    async with edges("hamburg") as (edge,), console(place="clusters") as driver:
        path = kubeconfig_file(edge, tmp_path)
        await fill_in(driver, "all", path)
        await driver.shows("✗ Name must not be 'all'")
        await driver.press("ctrl+u")
        await driver.type("hamburg")
        await driver.press("tab", "ctrl+u")
        await driver.type(str(tmp_path / "nothing.yaml"))
        await driver.press("ctrl+s")
        await driver.shows("cannot be read: No such file or directory. Name a kubeconfig file.")
        await driver.press("ctrl+u")
        edge.gone = True
        await driver.type(str(path))
        await driver.press("ctrl+s")
        await driver.until(lambda: "✗" in driver.text and "No such file" not in driver.text, "failed test")
        assert await labels(driver) == {}
        edge.gone = False
        await driver.press("ctrl+s")
        await driver.says("Done: The cluster was added")


@pytest.mark.usefixtures("empty_home")
async def test_a_plug_in_runs_only_after_its_exact_command_was_confirmed(tmp_path: Path) -> None:
    script = tmp_path / "sign-in"
    used = tmp_path / "used"
    script.write_text(
        f"#!/bin/sh\ntouch {used}\necho '"
        '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}'
        "'\n"
    )
    script.chmod(0o700)
    plugin: dict[str, object] = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(script),
        "args": ["--site", "north"],
        "interactiveMode": "Never",
    }
    async with edges("hamburg") as (edge,), console(place="clusters") as driver:
        path = tmp_path / "exec.yaml"
        path.write_text(kubeconfig(edge.server.url, user={"exec": plugin}))
        await fill_in(driver, "hamburg", path)
        await driver.on(ConfirmDialog)
        await driver.shows("signs in by running this command")
        await driver.shows("--site north")
        assert not used.exists()
        await driver.press("escape")
        await driver.on(FormDialog)
        assert not used.exists()
        assert await labels(driver) == {}
        await driver.press("ctrl+s")
        await driver.on(ConfirmDialog)
        await driver.press("y")
        await driver.until(used.exists, "plug-in")


@pytest.mark.usefixtures("empty_home")
async def test_labels_are_added_to_many_and_removed_again() -> None:
    async with edges("hamburg", "lyon", "porto", nodes=1) as found, console(place="clusters") as driver:
        await register(driver, *found)
        await driver.rows("hamburg", "lyon", "porto")
        for name in ("hamburg", "porto"):
            await driver.find(name)
            await driver.press("space")
        await driver.press("l")
        await driver.shows("Label 2 clusters")
        await driver.type("-bad-")
        await driver.press("enter")
        await driver.shows("✗ Label takes 1 to 63 letters")
        await driver.press("ctrl+u")
        await driver.type("west")
        await driver.press("enter")
        await driver.says("Done: Label west added: hamburg, porto.")
        assert await labels(driver) == {"hamburg": ["west"], "lyon": [], "porto": ["west"]}
        await driver.until(lambda: driver.words.count("west") >= 3, "labels in the list")
        await driver.press("escape")
        await driver.find("lyon")
        await driver.press("u")
        await driver.says("Not possible: lyon has no label.")
        await driver.find("porto")
        await driver.press("u")
        await driver.on(FormDialog)
        await driver.shows("◂ west ▸")
        await driver.press("enter")
        await driver.says("Label west removed: porto: label removed.")
        assert (await labels(driver))["porto"] == []
        await driver.press("slash")
        await driver.type("west")
        await driver.rows("hamburg")


@pytest.mark.usefixtures("empty_home")
async def test_a_cluster_that_goes_away_is_shown_with_its_last_figures_and_their_age() -> None:
    async with edges("hamburg", "lyon") as found, console(place="clusters", size=(140, 36)) as driver:
        await register(driver, *found)
        await driver.rows("hamburg", "lyon")
        found[0].gone = True
        await driver.find("hamburg")
        await driver.press("t")
        await driver.says("Error: ")
        await driver.shows("away")
        await driver.shows("1/2 clusters reachable")
        # What it said last stays, with its age.
        await driver.shows("3/3")
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("3 of 3 ready when it last answered")
        await driver.shows("State away")
        found[0].gone = False
        await driver.press("t")
        await driver.says("Done: Answered: hamburg: 3 of 3 nodes are ready.")
        await driver.shows("State ready")


@pytest.mark.usefixtures("empty_home")
async def test_asking_several_of_which_one_is_away_lists_all_results() -> None:
    async with edges("hamburg", "lyon", nodes=1) as found, console(place="clusters") as driver:
        await register(driver, *found)
        await driver.rows("hamburg", "lyon")
        found[1].gone = True
        await driver.press("asterisk", "t")
        await driver.shows("1 item done, 1 failed.")
        await driver.press("escape")
        await driver.says("1 of 2 items failed")


@pytest.mark.usefixtures("empty_home")
async def test_removing_asks_for_the_name_and_leaves_the_cluster_alone() -> None:
    async with edges("hamburg", nodes=1) as found, console(place="clusters") as driver:
        await register(driver, *found)
        await driver.rows("hamburg")
        asked = len(found[0].server.requests)
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.press("ctrl+d")
        await driver.on(ConfirmDialog)
        await driver.shows("What was delivered stays on the clusters")
        await driver.type("hamburg")
        await driver.press("enter")
        await driver.shows("No cluster is registered.")
        await driver.says("Removed: hamburg")
        assert not [request for request in found[0].server.requests[asked:] if request.method == "DELETE"]


@pytest.mark.usefixtures("empty_home")
async def test_a_detail_of_a_cluster_that_another_removes_says_so() -> None:
    async with edges("hamburg", nodes=1) as found, console(place="clusters") as driver:
        await register(driver, *found)
        await driver.rows("hamburg")
        await driver.press("enter")
        await driver.shows("Server http")
        await driver.by_other(REMOVE_CLUSTERS, ADMINISTRATOR, clusterName=["hamburg"])
        await driver.shows("Error: ")
        assert "Server http" not in driver.words


@pytest.mark.usefixtures("home")
async def test_the_namespaces_of_businesses_are_shown_where_they_are_missing_first() -> None:
    async with edges("hamburg", "lyon", nodes=1) as found, console(place="clusters", size=(140, 36)) as driver:
        await register(driver, *found)
        await driver.rows("hamburg", "lyon")
        await driver.find("hamburg")
        await driver.press("enter")
        await driver.shows("Namespaces: 1 of 1 delivered")
        await driver.shows("bakery ns1 delivered")
        found[1].gone = True
        await driver.go("businesses")
        await driver.find("cold-chain")
        await driver.press("a", "enter")
        await driver.says("Approved: cold-chain")
        await driver.press("enter")
        await driver.shows("on 1 of 2 clusters")
        lines = [line.split() for line in driver.text.splitlines() if " ns2 " in line]
        assert [line[0] for line in lines] == ["lyon", "hamburg"]
        assert [line[2] for line in lines] == ["waiting", "delivered"]


@pytest.mark.usefixtures("home")
async def test_general_users_see_clusters_and_change_none() -> None:
    async with edges("hamburg", nodes=1) as found, console(GENERAL, place="clusters") as driver:
        await register(driver, *found)
        await driver.rows("hamburg")
        assert [hint for hint in driver.hints if hint.split()[0] in {"n", "l", "u", "ctrl+d"}] == []
        for key in ("n", "l", "u", "ctrl+d"):
            await driver.press(key)
            await driver.says("is for the system administrator.")
