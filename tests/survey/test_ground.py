"""What simulated ground holds, kind by kind, and the physics that is not the filter's own."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.survey import (
    GROUND_CLASSES,
    GROUND_KINDS,
    Ditch,
    Gradiometer,
    Layer,
    Pit,
    Ring,
    Site,
    augment_ground,
    draw_site,
    field_of,
    gradient,
    mirror_east_west,
)
from vestige.survey.forward.acquisition import Walk, walk
from vestige.survey.forward.ground import Ground
from vestige.survey.forward.shapes import Geology, Iron
from vestige.survey.forward.strength import noise_of, ring_strength
from vestige.survey.forward.texture import topsoil_texture

QUIET = {"texture": 0.0}


def field(side=40.0, cell=0.25, seed=0, **holds):
    site = Site(side, side, cell, Gradiometer(), **{**QUIET, **holds})
    return field_of(site, np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(GROUND_KINDS))
def test_every_kind_of_ground_can_be_drawn_and_again_the_same(name):
    def draw():
        random = np.random.default_rng(7)
        site = draw_site(50, 40, 0.5, Gradiometer(), random, rings=1, kind=GROUND_KINDS[name])
        return field_of(site, random)

    one, other = draw(), draw()
    assert one.field.shape == one.classes.shape == (80, 100)
    assert np.isfinite(one.field).all()
    assert np.array_equal(one.field, other.field)
    assert np.array_equal(one.classes, other.classes)
    assert one.classes.max() < len(GROUND_CLASSES)
    assert (one.classes == 1).any()


def test_kinds_differ():
    def spread(name):
        made = [
            field_of(
                draw_site(40, 40, 0.5, Gradiometer(), random, rings=0, kind=GROUND_KINDS[name], iron=0),
                random,
            ).field
            for random in map(np.random.default_rng, range(6))
        ]
        return float(np.median([noise_of(values) for values in made]))

    assert spread("igneous") > 3 * spread("sand")


def test_pipe_turns_its_polarity_and_reaches_a_hundred_nanotesla():
    pipe = Ditch(20, 20, 90, width=0.3, depth=0.3, susceptibility=0.4, kind="pipe", top=0.9, alternating=8.0)
    made = field(ditches=(pipe,))
    assert 60 < made.field.max() < 250
    assert made.field.min() < -60
    assert (made.classes == GROUND_CLASSES.index("pipe")).any()


def test_wall_is_negative_and_a_thin_drain_as_strong_as_it_is_wide():
    wall = Ditch(20, 20, 90, width=1.0, susceptibility=-5e-4, kind="wall", top=0.15)
    assert field(ditches=(wall,)).field.min() < -0.5
    drain = Ditch(20, 20, 90, width=0.1, depth=0.3, susceptibility=2e-3, kind="drain", top=0.5)
    coarse, fine = (field(ditches=(drain,), cell=cell).field.max() for cell in (0.25, 0.125))
    assert coarse == pytest.approx(fine, rel=0.1)


def test_kiln_keeps_the_field_that_it_cooled_in():
    kiln = Pit(20, 20, 2.0, susceptibility=1e-2, kind="kiln")
    north = field(kilns=(kiln,), fired=(65.0, 0.0)).field
    east = field(kilns=(kiln,), fired=(65.0, 90.0)).field
    assert north.max() > 10
    assert np.unravel_index(north.argmin(), north.shape)[0] < 80 - 4
    assert np.unravel_index(east.argmin(), east.shape)[1] > 80 + 4


def test_remanence_along_the_field_is_the_same_as_susceptibility():
    ground = np.zeros((64, 64), np.float32)
    ground[30:34, 30:34] = 1e-3
    cart = Gradiometer(inclination=60, declination=10, sensor="total-field")
    induced = gradient([Layer(ground, 0.3, 0.8)], 0.25, cart)
    kept = gradient([Layer(ground, 0.3, 0.8, (60.0, 10.0))], 0.25, cart)
    assert np.allclose(induced, kept, atol=1e-5)


def test_double_ring_has_two_ditches_and_a_ploughed_one_a_halo():
    whole = Ring(20, 20, 20, width=1.5)
    double = field(rings=(replace(whole, inner=0.6),)).classes == 1
    assert (double[80, 80:] & ~np.roll(double[80, 80:], 1)).sum() == 2
    ground, smeared = Ground(40, 40, 0.25), Ground(40, 40, 0.25)
    ground.dig_ring(whole)
    smeared.dig_ring(replace(whole, smear=1.5))
    assert not ground.slices[0].any()
    assert smeared.slices[0].any()
    assert np.array_equal(ground.feature, smeared.feature)


def test_topsoil_has_the_power_law_that_it_is_drawn_with():
    for exponent in (-1.0, -2.5):
        texture = topsoil_texture((512, 512), 0.25, exponent, np.random.default_rng(0))
        power = np.abs(np.fft.fft2(texture)) ** 2
        wavenumber = np.hypot(*np.meshgrid(np.fft.fftfreq(512, 0.25), np.fft.fftfreq(512, 0.25)))
        bins = np.geomspace(0.05, 1.0, 9)
        means = [
            power[(wavenumber >= low) & (wavenumber < high)].mean() for low, high in itertools.pairwise(bins)
        ]
        slope = np.polyfit(np.log(np.sqrt(bins[1:] * bins[:-1])), np.log(means), 1)[0]
        assert slope == pytest.approx(exponent, abs=0.15)


def test_rock_lies_deep_and_is_smooth():
    rough = field(geology=Geology(2e-3, -2.0, 0.5, 3.0)).field
    smooth = field(geology=Geology(2e-3, -2.0, 3.0, 6.0)).field
    assert np.abs(np.diff(smooth)).mean() < 0.3 * np.abs(np.diff(rough)).mean()


def test_strength_of_a_ring_is_that_of_its_ridge():
    ring = Ring(0, 0, 20, width=1.5, depth=0.6, susceptibility=8e-4)
    made = field(rings=(replace(ring, east=20, north=20),))
    rows, columns = np.nonzero(made.classes == 1)
    strength = ring_strength(ring, Gradiometer())
    assert np.percentile(made.field[rows, columns], 50) < strength < made.field.max()
    broken = replace(ring, gaps=((0.0, 120.0),))
    assert ring_strength(broken, Gradiometer()) == pytest.approx(strength, rel=0.15)


def test_ground_is_turned_with_all_that_it_holds():
    site = Site(
        40, 40, 0.25, Gradiometer(), rings=(Ring(28, 20, 12, gaps=((10.0, 60.0),)),),
        iron=(Iron(10, 10, 0.2, (0.1, 0.0, 0.0)),), texture=0.0,
    )  # fmt: skip
    turned = augment_ground(site, np.random.default_rng(3), scale=(1.0, 1.0))
    one, other = turned.iron[0], site.iron[0]
    assert np.hypot(*one.moment[:2]) == pytest.approx(0.1)
    assert one.moment[2] == other.moment[2]
    before, after = (field_of(s, np.random.default_rng(0)) for s in (site, turned))
    assert (after.classes == 1).sum() == pytest.approx((before.classes == 1).sum(), rel=0.04)
    assert not np.array_equal(before.classes, after.classes)


def test_east_west_is_the_lawful_mirror_and_the_others_are_not():
    cart = Gradiometer(declination=0.0)
    site = Site(30, 30, 0.25, cart, rings=(Ring(12, 17, 10, gaps=((20.0, 90.0),)),), texture=0.0)
    mirrored = replace(site, rings=(Ring(18, 17, 10, gaps=((270.0, 340.0),)),))
    upside = replace(site, rings=(Ring(12, 13, 10, gaps=((90.0, 160.0),)),))
    random = np.random.default_rng
    made, expected = field_of(site, random(0)), field_of(mirrored, random(0))
    values, classes = mirror_east_west(made.field, made.classes)
    assert np.allclose(values, expected.field, atol=0.02)
    assert np.array_equal(classes, expected.classes)
    assert np.abs(made.field[::-1] - field_of(upside, random(0)).field).max() > 0.5
    with pytest.raises(UsageError, match="leave the mirroring out"):
        mirror_east_west(values, classes, declination=12.0)


def test_faults_of_walking():
    plain = np.zeros((160, 160), np.float32)
    quiet = Walk(noise=0, stripes=0, grid_bias=0, stagger=0, spikes=0)
    random = np.random.default_rng

    def walked(**faults):
        return walk(plain, 0.25, replace(quiet, **faults), random(0)).recorded

    assert not walked().any()
    drift = walked(drift=1.0)
    assert np.allclose(np.diff(drift[:20], axis=0), np.diff(drift[:20], axis=0)[0], atol=1e-5)
    assert drift.any()
    assert walked(sway=0.5).std() == pytest.approx(0.5, rel=0.05)
    holes = np.isnan(walked(holes=40.0))
    assert 0 < holes.mean() < 0.6
    slope = np.broadcast_to(np.arange(160, dtype=np.float32)[:, None], (160, 160))
    aside = walk(np.ascontiguousarray(slope), 0.25, replace(quiet, wander=0.2), random(0)).recorded
    assert np.ptp(aside, axis=1).max() < 1e-3
    assert np.std(np.diff(aside[:, 0])) > 0.3
