"""A random attacker in each leaf of a job: what is published is what an honest run publishes, or nothing.

`ATTACKS=5000 ATTACKS_SEED=7 npm test -- optimizer` tries more, and others.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from chain import ROLES, published
from hostile_leaf import FILES
from random_scripts import described, random_script
from tensorflow_optimizer.sandbox import Zygote, leaf
from world import left_behind, made_world

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Wanted
    from world import World

COUNT = int(os.environ.get("ATTACKS", "50"))
SEED = int(os.environ.get("ATTACKS_SEED", "1"))
#: Number of scripts for a release, beside those of every change.
RELEASE = 500
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root gives each leaf a user of its own"
)


def attack(world: World, zygote: Zygote, seed: int) -> str | None:
    """Attack a job, and return what is wrong with what came out of it; None if nothing is."""
    draw = random.Random(seed)
    hostile = draw.sample(sorted(ROLES), draw.choice((1, 1, 1, 2)))
    targets = world.targets()
    scripts = {
        role: random_script(seed * len(ROLES) + number, ROLES[role], targets) for number, role in enumerate(hostile)
    }
    before, wrong = world.state(), []
    try:
        found = published(world, zygote, scripts)
    except Exception as error:
        found = ""
        wrong.append(f"{type(error).__name__} instead of a sentence: {error}")
    if found != FILES and not isinstance(found, str):
        wrong.append(f"other files were published: { {name: found[name][:40] for name in found} }")
    if world.state() != before:
        wrong.append("something outside the leaves changed")
    if processes := [process for script in scripts.values() for process in left_behind(script)]:
        wrong.append(f"the processes {processes} were left behind")
    shown = "; ".join(f"{role}: {described(script)}" for role, script in scripts.items())
    return f"seed {seed}: {', '.join(wrong)} ({shown})" if wrong else None


def attack_often(zygote: Zygote, seeds: range) -> dict[int, str]:
    """Attack a job with each seed, and return what is wrong by seed."""
    wrong = {}
    with made_world() as world:
        for seed in seeds:
            found = attack(world, zygote, seed)
            if found is not None:
                wrong[seed] = found
    return wrong


def test_an_honest_job_publishes(world: World, bare_zygote: Zygote) -> None:
    assert published(world, bare_zygote, {}) == FILES


def test_random_attackers_publish_what_an_honest_job_publishes_or_nothing(bare_zygote: Zygote) -> None:
    wrong = attack_often(bare_zygote, range(SEED, SEED + COUNT))

    assert not wrong, "\n".join(wrong.values())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_other_random_attackers_do_no_better(bare_zygote: Zygote) -> None:
    wrong = attack_often(bare_zygote, range(SEED + COUNT, SEED + COUNT + RELEASE))

    assert not wrong, "\n".join(wrong.values())


#: Faults of the judge and of the processes above a leaf, each of which the attackers above must find.
FAULTS = {
    "ends the group of the leaf's process alone": """
        import os, signal
        from tensorflow_optimizer.sandbox import family

        def end(self):
            while self.code is None:
                os.killpg(self.first, signal.SIGKILL) if os.getpgid(self.first) == self.first else None
                self.bury()

        family.Family.end = end
    """,
    "leaves the files of others to their modes": """
        from tensorflow_optimizer.sandbox import landlock

        landlock.restrict = lambda *_: None
    """,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_attackers_find_a_fault_above_the_leaf(world: World, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.leaves / "planted_fault.py").write_text(textwrap.dedent(FAULTS[fault]))
    monkeypatch.syspath_prepend(str(world.leaves))
    with Zygote(("numpy", "hostile_leaf", "planted_fault")) as zygote:
        assert any(attack_often(zygote, range(seed, seed + 1)) for seed in range(SEED, SEED + COUNT))


def test_the_attackers_find_a_judge_that_follows_links(bare_zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(opened: int, wanted: Wanted, destination: Path) -> None:
        shutil.copytree(f"/proc/self/fd/{opened}/{wanted.directory}", destination)

    monkeypatch.setattr(leaf, "take", follow)

    assert any(attack_often(bare_zygote, range(seed, seed + 1)) for seed in range(SEED, SEED + COUNT))
