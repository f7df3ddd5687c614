"""A broken frame is left out or refused in one sentence: seeded mutants of good files."""

import pytest

from vestige.errors import VestigeError
from vestige.focus import SceneRecipe, StackRecipe, stack
from vestige.focus.simulate import make
from vestige.imaging import read_image, write_image
from vestige.testing.mutants import mutants

QUICK = StackRecipe(levels=1, proxy=64)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    make(SceneRecipe(height=36, frames=3), folder, 0)
    for path in folder.glob("*.tif"):
        write_image(folder / f"{path.stem}.jpg", read_image(path), depth=8, profile="srgb")
    return folder


@pytest.mark.parametrize(("suffix", "seed"), [(".tif", 0), (".jpg", 1)])
def test_a_mutant_among_good_frames(good, tmp_path, suffix, seed):
    """Two good frames and a broken one: a picture of the usual size, or one sentence, and no other error."""
    paths = [good / f"focus_{number:03d}{suffix}" for number in (1, 2, 3)]
    broken = tmp_path / paths[1].name
    stacked = 0
    for data in mutants(paths[1].read_bytes(), count=40, seed=seed):
        broken.write_bytes(data)
        try:
            result = stack([paths[0], broken, paths[2]], recipe=QUICK)
        except VestigeError as error:
            assert "\n" not in str(error)
        else:
            stacked += 1
            assert result.image.shape == (36, 48, 3)
            assert len(result.names) + len(result.warnings) >= 3
    assert stacked > 25, "one broken frame must not cost the stack"
