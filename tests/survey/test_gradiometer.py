"""The wavenumber filter against prisms, and the laws that any such field keeps."""

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.survey import Gradiometer, Layer, dipole_gradient, gradient

harmonica = pytest.importorskip("harmonica")

CELL = 0.125


def ring(side=160, radius=4.0, width=1.2):
    rows, columns = np.mgrid[:side, :side]
    distance = np.hypot(columns - side / 2, rows - side / 2) * CELL
    return (np.abs(distance - radius) < width / 2).astype(np.float32) * np.float32(1e-3)


def prisms(ground, top, bottom, instrument, rows, columns, remanence=None):
    """The same ground as prisms, by harmonica; nT. `remanence` is an instrument whose field it keeps."""
    row, column = np.nonzero(ground)
    east, north, half = column * CELL, -row * CELL, CELL / 2
    depth = np.ones(row.size)
    bounds = np.column_stack(
        [east - half, east + half, north - half, north + half, -bottom * depth, -top * depth]
    )
    direction = np.array(instrument.direction())
    strength = 1e-3 * instrument.field * 1e-9 / (4e-7 * np.pi)
    kept = np.array((remanence or instrument).direction())
    magnetisation = tuple(strength * part * depth for part in kept * (1, 1, -1))
    total = 0.0
    for sign, height in ((1, instrument.height), (-1, instrument.height + instrument.separation)):
        places = columns.ravel() * CELL, -rows.ravel() * CELL, np.full(rows.size, height)
        b_east, b_north, b_up = harmonica.prism_magnetic(places, bounds, magnetisation, field="b")
        sensed = (0, 0, 1) if instrument.sensor == "fluxgate" else direction
        total = total + sign * (b_east * sensed[0] + b_north * sensed[1] - b_up * sensed[2])
    return total.reshape(rows.shape)


@pytest.mark.parametrize(
    ("sensor", "declination"), [("fluxgate", 0.0), ("fluxgate", 40.0), ("total-field", 40.0)]
)
def test_filter_agrees_with_prisms(sensor, declination):
    instrument = Gradiometer(declination=declination, sensor=sensor)
    ground = ring()
    rows, columns = np.mgrid[40:120:8, 40:120:8]
    expected = prisms(ground, 0.35, 0.9, instrument, rows, columns)
    found = gradient([Layer(ground, 0.35, 0.9)], CELL, instrument, padding=60)[rows, columns]
    assert np.sqrt(np.mean((found - expected) ** 2)) <= 0.005 * np.sqrt(np.mean(expected**2))


@pytest.mark.parametrize("sensor", ["fluxgate", "total-field"])
def test_remanent_and_induced_layers_together_agree_with_prisms(sensor):
    instrument, kiln = (
        Gradiometer(declination=3.0, sensor=sensor),
        Gradiometer(inclination=58, declination=-24),
    )
    ditch, clay = ring(), ring(radius=0.5, width=1.5)
    rows, columns = np.mgrid[40:120:8, 40:120:8]
    expected = prisms(ditch, 0.35, 0.9, instrument, rows, columns)
    expected = expected + prisms(clay, 0.3, 0.8, instrument, rows, columns, kiln)
    layers = [Layer(ditch, 0.35, 0.9), Layer(clay, 0.3, 0.8, (58.0, -24.0))]
    found = gradient(layers, CELL, instrument, padding=60)[rows, columns]
    assert np.sqrt(np.mean((found - expected) ** 2)) <= 0.005 * np.sqrt(np.mean(expected**2))


def test_layers_add_up():
    ground, instrument = ring(), Gradiometer()
    whole = gradient([Layer(ground, 0.3, 0.9)], CELL, instrument)
    parts = gradient([Layer(ground, 0.3, 0.5), Layer(ground, 0.5, 0.9)], CELL, instrument)
    assert np.allclose(whole, parts, atol=1e-4)


def test_field_is_linear_in_susceptibility_and_field():
    ground = ring()
    single = gradient([Layer(ground, 0.3, 0.9)], CELL, Gradiometer(field=25000))
    double = gradient([Layer(2 * ground, 0.3, 0.9)], CELL, Gradiometer(field=50000))
    assert np.allclose(double, 4 * single, atol=1e-4)


def test_deeper_is_weaker_and_the_northern_side_is_negative():
    ground = ring(radius=1e-3, width=1.0)
    shallow, deep = (gradient([Layer(ground, top, top + 0.3)], CELL, Gradiometer()) for top in (0.3, 0.9))
    assert deep.max() < 0.5 * shallow.max()
    column = shallow[:, 80]
    assert column[:80].min() < column[80:].min(), "in Britain the trough lies north of the peak"


def test_dipole_falls_with_the_third_power():
    zero = np.zeros(1)
    near, far = (
        float(dipole_gradient(zero, zero, 0, (0, 0, 1), Gradiometer(height=h, separation=1000))[0])
        for h in (0.5, 1.0)
    )
    assert near / far == pytest.approx(8, rel=1e-4)


@pytest.mark.parametrize(
    ("layers", "cell"),
    [
        ([], 0.1),
        ([Layer(np.zeros((2, 2), np.float32), 0.5, 0.3)], 0.1),
        ([Layer(np.zeros((2, 2), np.float32), 0, 1)], 0),
    ],
)
def test_wrong_ground_is_refused(layers, cell):
    with pytest.raises(UsageError):
        gradient(layers, cell, Gradiometer())


def test_layers_of_different_shapes_are_refused():
    with pytest.raises(UsageError, match="differ in shape"):
        gradient(
            [Layer(np.zeros((2, 2), np.float32), 0, 1), Layer(np.zeros((3, 2), np.float32), 0, 1)],
            1.0,
            Gradiometer(),
        )
