"""Binary glTF: read by another program, laid out as the standard wants."""

import json
import struct

import numpy as np
import pytest
import trimesh

from vestige.errors import UsageError
from vestige.imaging import jpeg_bytes, png_bytes, write_glb

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3]])
UP = np.tile(np.float32([0, 0, 1]), (4, 1))
PLACES = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)


def head(path):
    data = path.read_bytes()
    assert struct.unpack_from("<4sII", data) == (b"glTF", 2, len(data))
    return json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])


@pytest.mark.parametrize("encode", [jpeg_bytes, png_bytes])
def test_a_texture_lies_as_it_should(tmp_path, encode):
    picture = np.zeros((32, 33, 3), np.uint8)
    picture[:16, :16] = 255
    write_glb(tmp_path / "a.glb", CORNERS, FACES, UP, places=PLACES, texture=encode(picture))
    (mesh,) = trimesh.load(tmp_path / "a.glb").geometry.values()
    assert mesh.area == pytest.approx(1)
    found = np.asarray(mesh.visual.material.baseColorTexture)[..., :3]
    assert found.shape == picture.shape
    assert found[4, 4].min() > 240
    assert found[28, 28].max() < 15
    # trimesh counts from below: the corner at the upper left is (0, 1).
    upper_left = np.flatnonzero((mesh.vertices[:, 0] == 0) & (mesh.vertices[:, 1] == 1))
    assert mesh.visual.uv[upper_left].tolist() == [[0, 1]]


def test_the_layout_is_that_of_the_standard(tmp_path):
    write_glb(
        tmp_path / "a.glb",
        CORNERS,
        FACES,
        UP,
        colours=UP,
        places=PLACES,
        texture=png_bytes(np.zeros((3, 3), np.uint8)),
    )
    told = head(tmp_path / "a.glb")
    assert all(view["byteOffset"] % 4 == 0 for view in told["bufferViews"])
    last = told["bufferViews"][-1]
    assert last["byteOffset"] + last["byteLength"] <= told["buffers"][0]["byteLength"]
    assert told["images"] == [{"bufferView": len(told["bufferViews"]) - 1, "mimeType": "image/png"}]
    counts = {
        told["accessors"][n]["count"] for n in told["meshes"][0]["primitives"][0]["attributes"].values()
    }
    assert counts == {4}


def test_a_texture_needs_places(tmp_path):
    with pytest.raises(UsageError, match="a texture needs the place"):
        write_glb(tmp_path / "a.glb", CORNERS, FACES, UP, texture=b"x")
