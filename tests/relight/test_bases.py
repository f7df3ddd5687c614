"""The functions of the light against their definitions."""

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.relight import hemispherical_basis, polynomial_basis
from vestige.relight.bases import determined_terms, pseudo_inverse


def test_harmonics_are_orthonormal_over_the_hemisphere():
    # Gauss-Legendre in z times equal steps in azimuth integrates these products exactly.
    nodes, weights = np.polynomial.legendre.leggauss(32)
    z, azimuth = (nodes + 1) / 2, np.arange(32) * 2 * np.pi / 32
    ring = np.sqrt(1 - z * z)
    lights = np.stack(
        [np.outer(ring, np.cos(azimuth)), np.outer(ring, np.sin(azimuth)), np.outer(z, np.ones(32))], axis=2
    ).reshape(-1, 3)
    weight = np.repeat(weights / 2, 32) * 2 * np.pi / 32
    basis = hemispherical_basis(lights, 16)
    assert np.allclose(basis.T @ (basis * weight[:, None]), np.eye(16), atol=1e-10)


def test_fewer_harmonics_are_the_first_of_more(hemisphere):
    lights = hemisphere(20)
    assert np.array_equal(hemispherical_basis(lights, 4), hemispherical_basis(lights, 9)[:, :4])
    assert np.array_equal(hemispherical_basis(lights, 9), hemispherical_basis(lights, 16)[:, :9])


def test_harmonics_are_finite_down_to_the_horizon():
    assert np.isfinite(hemispherical_basis([[1.0, 0.0, 0.0], [1.0, 0.0, -1e-3]], 16)).all()


def test_polynomial_gives_back_any_biquadratic(hemisphere):
    lights, coefficients = hemisphere(12), np.array([0.3, -0.2, 0.5, 0.1, -0.4, 0.2])
    basis = polynomial_basis(lights)
    assert np.allclose(pseudo_inverse(basis) @ (basis @ coefficients), coefficients)


def test_a_ring_of_lights_determines_five_terms_and_stays_tame():
    azimuth = np.arange(12) * np.pi / 6
    ring = np.stack([0.8 * np.cos(azimuth), 0.8 * np.sin(azimuth), np.full(12, 0.6)], axis=1)
    assert determined_terms(polynomial_basis(ring)) == 5
    assert determined_terms(hemispherical_basis(ring, 9)) == 5
    assert np.abs(pseudo_inverse(polynomial_basis(ring))).max() < 1


@pytest.mark.parametrize("terms", [0, 5, 10, 25])
def test_other_numbers_of_terms_are_refused(terms):
    with pytest.raises(UsageError, match="4, 9 or 16"):
        hemispherical_basis([[0, 0, 1]], terms)


def test_lights_of_another_shape_are_refused():
    with pytest.raises(UsageError, match="unit vectors"):
        polynomial_basis([[0, 1]])
