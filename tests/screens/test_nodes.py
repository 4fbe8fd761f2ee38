"""Nodes of all clusters or of one: filtered, labelled and unlabelled side by side, one list of results."""

from __future__ import annotations

import pytest

from screens.detail_screen import DetailScreen
from tests.screens.driver import Driver, console
from tests.screens.edges import edges, register
from widgets.dialogs import ConfirmDialog
from widgets.form_dialog import FormDialog
from widgets.result_dialog import ResultDialog

pytestmark = pytest.mark.usefixtures("empty_home")

LABEL = "otetui.io/gpu"


async def search(driver: Driver, text: str) -> None:
    await driver.press("slash", "ctrl+u")
    await driver.type(text)
    await driver.press("enter")


async def label_all(driver: Driver, *names: str) -> None:
    for name in names:
        await driver.find(name)
        await driver.press("space")
    await driver.press("l")
    await driver.on(FormDialog)
    await driver.type("gpu")
    await driver.press("enter")


async def test_nodes_of_all_clusters_are_filtered_by_name_cluster_and_label() -> None:
    async with edges("hamburg", "lyon", nodes=2) as found, console(place="nodes", size=(140, 36)) as driver:
        await driver.shows("Nodes appear once a cluster has been added and has answered.")
        await register(driver, *found)
        await driver.rows("hamburg/hamburg-0", "hamburg/hamburg-1", "lyon/lyon-0", "lyon/lyon-1")
        await driver.shows("4 of 4 ready when last seen")
        await driver.press("slash")
        await driver.shows("part of a name, cluster:NAME, label:NAME")
        await driver.press("escape")
        await search(driver, "cluster:lyon")
        await driver.rows("lyon/lyon-0", "lyon/lyon-1")
        await search(driver, "cluster:lyon -1")
        await driver.rows("lyon/lyon-1")
        await driver.press("escape")
        await label_all(driver, "hamburg/hamburg-0")
        await driver.says("Label gpu added")
        await driver.press("escape")
        await search(driver, "label:gpu")
        await driver.rows("hamburg/hamburg-0")


async def test_nodes_of_several_clusters_are_labelled_at_once() -> None:
    async with edges("hamburg", "lyon", nodes=2) as found, console(place="nodes") as driver:
        await register(driver, *found)
        await driver.until(lambda: len(driver.labels) == 4, "nodes")
        await label_all(driver, "hamburg/hamburg-0", "lyon/lyon-0", "lyon/lyon-1")
        await driver.says("Done: Label gpu added: hamburg/hamburg-0, lyon/lyon-0, lyon/lyon-1.")
        assert LABEL in found[0].labels_of("hamburg-0")
        assert LABEL not in found[0].labels_of("hamburg-1")
        assert LABEL in found[1].labels_of("lyon-1")
        await driver.until(lambda: sum("gpu" in row for row in driver.text.splitlines()) >= 3, "labels in the list")


async def test_one_cluster_that_is_away_fails_alone() -> None:
    async with edges("hamburg", "lyon", nodes=1) as found, console(place="nodes") as driver:
        await register(driver, *found)
        await driver.until(lambda: len(driver.labels) == 2, "nodes")
        found[1].gone = True
        await label_all(driver, "hamburg/hamburg-0", "lyon/lyon-0")
        await driver.on(ResultDialog)
        await driver.shows("1 item done, 1 failed.")
        await driver.shows("lyon/lyon-0")
        assert LABEL in found[0].labels_of("hamburg-0")


async def test_unlabelling_keeps_what_runs_unless_it_is_told_otherwise() -> None:
    async with edges("hamburg", nodes=2) as (edge,), console(place="nodes") as driver:
        await register(driver, edge)
        await driver.until(lambda: len(driver.labels) == 2, "nodes")
        await driver.press("u")
        await driver.says("Not possible: hamburg/hamburg-0 has no label.")
        await label_all(driver, "hamburg/hamburg-0", "hamburg/hamburg-1")
        await driver.says("Label gpu added")
        await driver.press("escape")
        await driver.find("hamburg/hamburg-0")
        await driver.until(lambda: driver.hints["u unlabel"], "label in the list")
        await driver.press("u")
        await driver.on(FormDialog)
        await driver.shows("Delete deployments [ ] no")
        await driver.press("ctrl+s")
        await driver.says("Label gpu removed: hamburg/hamburg-0")
        assert LABEL not in edge.labels_of("hamburg-0")
        assert edge.asked("GET", "/api/v1/pods") == 0


async def test_evicting_asks_for_the_label_to_be_typed() -> None:
    async with edges("hamburg", nodes=1) as (edge,), console(place="nodes") as driver:
        await register(driver, edge)
        await driver.until(lambda: len(driver.labels) == 1, "nodes")
        await label_all(driver, "hamburg/hamburg-0")
        await driver.says("Label gpu added")
        await driver.press("escape")
        await driver.until(lambda: driver.hints["u unlabel"], "label in the list")
        await driver.press("u")
        await driver.on(FormDialog)
        await driver.press("tab", "y", "ctrl+s")
        await driver.on(ConfirmDialog)
        await driver.shows("other pods are not touched")
        await driver.press("enter")
        assert LABEL in edge.labels_of("hamburg-0")
        await driver.type("gpu")
        await driver.press("enter")
        await driver.says("Label gpu removed: hamburg/hamburg-0")
        assert LABEL not in edge.labels_of("hamburg-0")


async def test_the_detail_of_a_node_and_of_one_that_is_gone() -> None:
    async with edges("hamburg", nodes=2) as (edge,), console(place="nodes") as driver:
        await register(driver, edge)
        await driver.until(lambda: len(driver.labels) == 2, "nodes")
        await driver.find("hamburg/hamburg-1")
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.shows("Memory 16 GiB")
        await driver.shows("Address 10.0.0.7")
        del edge.cluster.nodes[1]
        await driver.engine.inventory.refresh_all()
        await driver.shows("The node hamburg/hamburg-1 is gone: its cluster no longer lists it.")
        await driver.press("l")
        await driver.says("is no longer in the list")


async def test_the_nodes_of_one_cluster_need_no_cluster_column() -> None:
    async with edges("hamburg", "lyon", nodes=1) as found, console(place="clusters") as driver:
        await register(driver, *found)
        await driver.rows("hamburg", "lyon")
        await driver.find("lyon")
        await driver.press("enter")
        await driver.on(DetailScreen)
        await driver.press("o")
        await driver.rows("lyon/lyon-0")
        assert "CLUSTER" not in driver.text
        await driver.press("escape")
        await driver.on(DetailScreen)
