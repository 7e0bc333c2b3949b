"""What a trial takes of electricity."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("codecarbon")

from bakeoff.config.running import run_pipeline
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.files import read_json
from bakeoff.training.trial import energy


def work(seconds: float) -> None:
    used = time.process_time()
    while time.process_time() - used < seconds:
        pass


def test_who_works_takes_more_than_who_sleeps() -> None:
    """codecarbon's own total gave a sleeping process four fifths of a working one's."""
    with energy.metered("DEU") as working:
        work(1.2)
    with energy.metered("DEU") as sleeping:
        time.sleep(1.2)
    assert working["energy_j"] > 1.5 * sleeping["energy_j"] > 0
    assert working["energy_by"].startswith("codecarbon ")


def test_memory_counts_by_the_share_that_the_process_holds(monkeypatch) -> None:
    tracker = energy._tracker("DEU")
    monkeypatch.setattr(energy, "_tracker", lambda country: tracker)
    with energy.metered("DEU") as found:
        time.sleep(0.2)
    data = tracker.final_emissions_data
    share = psutil.Process().memory_info().rss / psutil.virtual_memory().total
    joules = 3.6e6 * (data.cpu_energy + data.gpu_energy + share * data.ram_energy)
    assert found["energy_j"] == pytest.approx(joules, rel=0.2, abs=1e-3)
    assert found["energy_j"] < 3.6e6 * data.energy_consumed


def test_grams_are_those_of_the_countrys_electricity() -> None:
    """Of 2023: Germany 380.95 g a kWh, France 53.6, as codecarbon 3.3.2 has them of Our World in Data."""
    with energy.metered("DEU") as found:
        work(0.3)
    assert found["co2e_g"] == pytest.approx(found["energy_j"] / 3.6e6 * 380.95, rel=0.01)


def test_nothing_is_measured_unasked() -> None:
    with energy.metered(None) as found:
        pass
    assert found == {}


def test_an_unknown_country_is_refused_with_those_like_it(monkeypatch) -> None:
    with pytest.raises(ConfigError, match=r"energy=DEUT.*DEU"):
        energy.check_energy("DEUT")
    monkeypatch.setattr(energy.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'bakeoff\[energy\]'"):
        energy.check_energy("DEU")


@pytest.mark.usefixtures("trials_in_this_process")
def test_a_bakeoff_tells_it_of_each_contender(tmp_path: Path) -> None:
    small = ["baselines=[]", "seeds=3", "budget=none", "trainer.max_epochs=1", "trainer.max_examples=200"]
    contenders = "contenders=[{model: mlp, name: dense},{model: mlp, name: small, width: 0.1}]"
    run_pipeline(
        "compare", argv=[contenders, *small, "energy=FRA", "tracking=none", f"output_dir={tmp_path}", "progress=none"]
    )
    rows = json.loads((tmp_path / "verdict.json").read_text())["leaderboard"]
    assert all(row["energy_j"] > 0 and row["co2e_g"] > 0 for row in rows)
    trial = read_json(next(tmp_path.glob("trials/*/result.json")))
    assert trial["energy_by"] == rows[0]["energy_by"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "energy of training (J)" in page
    assert ">CO2e<" in page
