"""Each kind of product refuses what it is not, in one sentence."""

import struct

import numpy as np
import pytest
import tifffile

from vestige.contract import Kind, Product, validate
from vestige.errors import InputError
from vestige.imaging import write_image

GREY = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("content", [None, b"", b"nonsense " * 40])
def test_what_is_missing_empty_or_nonsense_is_refused(kind, content, tmp_path):
    path = tmp_path / "product.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        validate(Product("x", kind, path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_empty_folder_is_refused(kind, tmp_path):
    with pytest.raises(InputError):
        validate(Product("x", kind, tmp_path))


def test_good_ones_pass(tmp_path):
    write_image(tmp_path / "image.tif", np.dstack([GREY] * 3), depth=8)
    write_image(tmp_path / "depth.tif", GREY, depth=32)
    tifffile.imwrite(tmp_path / "bands.tif", np.stack([GREY] * 4), photometric="minisblack")
    glb = struct.pack("<4sII", b"glTF", 2, 12)
    (tmp_path / "model.glb").write_bytes(glb)
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "text.xml").write_text("<alto/>")
    (tmp_path / "text.pdf").write_bytes(b"%PDF-1.7\n")
    for name, kind in [
        ("image.tif", Kind.IMAGE), ("depth.tif", Kind.DEPTH), ("bands.tif", Kind.BANDS), ("model.glb", Kind.MESH),
        ("table.csv", Kind.TABLE), ("text.xml", Kind.TEXT), ("text.pdf", Kind.TEXT), ("image.tif", Kind.NORMALS),
    ]:  # fmt: skip
        validate(Product(name, kind, tmp_path / name))


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("image.tif", Kind.DEPTH, "channels of"),
        ("grey.tif", Kind.NORMALS, "has 1 channels"),
        ("cut.glb", Kind.MESH, "says 99 bytes"),
    ],
)
def test_the_wrong_shape_is_told(tmp_path, name, kind, words):
    write_image(tmp_path / "image.tif", np.dstack([GREY] * 3), depth=8)
    write_image(tmp_path / "grey.tif", GREY, depth=8)
    (tmp_path / "cut.glb").write_bytes(struct.pack("<4sII", b"glTF", 2, 99))
    with pytest.raises(InputError, match=words):
        validate(Product("x", kind, tmp_path / name))


def test_entities_in_xml_are_not_resolved(tmp_path):
    (tmp_path / "x.xml").write_text('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
    validate(Product("x", Kind.TEXT, tmp_path / "x.xml"))
