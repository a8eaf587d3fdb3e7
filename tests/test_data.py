import io
import multiprocessing
import pickle
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shizi.errors import DataError, InputError, MissingExtra
from shizi.learn.data import LabelFile, Lmdb, decode, open_source

RNG = np.random.default_rng(0)


def strip(width: int = 40, height: int = 20) -> np.ndarray:
    return RNG.integers(0, 256, (height, width), dtype=np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **more)
    return out.getvalue()


def folder(path: Path, rows: str, **pictures: bytes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, data in pictures.items():
        (path / f"{name}.png").write_bytes(data)
    (path / "labels.tsv").write_text(rows, encoding="utf-8", newline="")
    return path


def write_lmdb(items: Iterable[tuple[bytes, str]], path: Path) -> None:
    """Pictures and texts as the field writes them."""
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(path), map_size=1 << 20) as env, env.begin(write=True) as transaction:
        count = 0
        for count, (picture, text) in enumerate(items, start=1):
            transaction.put(f"image-{count:09d}".encode(), picture)
            transaction.put(f"label-{count:09d}".encode(), text.encode())
        transaction.put(b"num-samples", str(count).encode())


def test_grey_survives_a_lossless_file() -> None:
    pixels = strip()
    assert np.array_equal(decode(encoded(pixels)), pixels)


def test_colour_is_taken_as_luminance() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert set(decode(encoded(red)).ravel()) == {76}  # 0.299 * 255


def test_exif_orientation_is_applied() -> None:
    pixels = np.repeat(np.repeat(np.array([[0, 255, 255]], np.uint8), 8, axis=0), 8, axis=1)  # dark on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # stands upright after a quarter turn clockwise
    turned = decode(encoded(pixels, "JPEG", exif=exif, quality=95))
    assert turned.shape == (24, 8)
    assert turned[:6].mean() < 20
    assert turned[-6:].mean() > 235


def test_transparent_ground_is_not_black() -> None:
    pixels = np.zeros((20, 40, 4), np.uint8)
    pixels[5:15, 5:8, 3] = 255  # a black stroke on nothing
    made = decode(encoded(pixels))
    assert made[10, 6] < 30
    assert made[10, 30] > 225


def test_not_a_picture() -> None:
    with pytest.raises(InputError):
        decode(b"not a picture")


def test_labels_in_a_folder(tmp_path: Path) -> None:
    one, two = strip(), strip(60)
    folder(tmp_path, "a.png\t你好 world\nb.png\tx\ty\n", a=encoded(one), b=encoded(two))
    source = open_source(tmp_path)
    assert len(source) == 2
    assert np.array_equal(source[0][0], one)
    assert [text for _, text in source] == ["你好 world", "x\ty"]
    assert source[-1][1] == "x\ty"
    assert source.skipped == {}
    for index in (2, -3):
        with pytest.raises(IndexError):
            source[index]


def test_paddle_label_file(tmp_path: Path) -> None:
    folder(tmp_path / "train", "", a=encoded(strip()), b=encoded(strip()))
    label = tmp_path / "rec_gt_train.txt"
    label.write_text('train/a.png\t简单 可依赖 \n["train/a.png", "train/b.png"]\t用科技\n', encoding="utf-8")
    source = open_source(label)
    assert [text for _, text in source] == ["简单 可依赖 ", "用科技", "用科技"]
    assert [source.name(i).rsplit(", ", 1)[1] for i in range(3)] == ["a.png", "a.png", "b.png"]


def test_paddle_label_file_with_another_root(tmp_path: Path) -> None:
    folder(tmp_path / "pictures", "", a=encoded(strip()))
    label = tmp_path / "label.txt"
    label.write_text("a.png\tx\n", encoding="utf-8")
    assert LabelFile(label, root=tmp_path / "pictures")[0][1] == "x"


def test_a_file_name_that_looks_like_an_array(tmp_path: Path) -> None:
    folder(tmp_path, "[1.png\tx\n", **{"[1": encoded(strip())})
    assert open_source(tmp_path)[0][1] == "x"


def test_broken_items_are_skipped_and_counted(tmp_path: Path) -> None:
    whole = encoded(strip(400, 200))
    rows = "a.png\tgood\nno tab here\ngone.png\tx\nb.png\tx\nc.png\t \nd.png\tx\n\t x\n[3]\tx\na.png\tagain\n"
    folder(tmp_path, rows, a=whole, b=b"junk", c=whole, d=whole[: len(whole) // 2])
    source = open_source(tmp_path)
    for _ in range(2):  # meeting an item again does not count it again
        assert [text for _, text in source] == ["good", "again"]
    assert sorted(source.reasons.items()) == [
        ("broken_picture", 1),
        ("empty text", 1),
        ("no file name", 2),
        ("no tab", 1),
        ("not_a_picture", 1),
        ("the picture cannot be read: No such file or directory", 1),
    ]
    assert any("row 3, gone.png" in place for place in source.skipped)
    with pytest.raises(DataError, match=r"row 4, b\.png: not_a_picture"):
        source[2]


def test_pictures_are_opened_only_when_asked_for(tmp_path: Path) -> None:
    source = open_source(folder(tmp_path, "a.png\tx\nb.png\ty\n"))
    folder(tmp_path, "", b=encoded(strip()))
    sample = source.get(1)
    assert sample is not None and sample[1] == "y"
    assert source.skipped == {}


def test_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither"):
        open_source(tmp_path)
    with pytest.raises(DataError, match="there is no"):
        open_source(tmp_path / "gone.txt")
    (tmp_path / "words.txt").write_text("just words\n", encoding="utf-8")
    with pytest.raises(DataError, match="no rows"):
        open_source(tmp_path / "words.txt")
    (tmp_path / "x.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match="LMDB"):
        open_source(tmp_path / "x.mdb")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), max_size=6))
def test_lmdb_round_trip(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lmdb")
    strips = [strip(20 + i) for i in range(len(texts))]
    write_lmdb(zip(map(encoded, strips), texts, strict=True), path)
    source = open_source(path)
    assert isinstance(source, Lmdb)
    assert len(source) == len(texts)
    for index, (pixels, text) in enumerate(zip(strips, texts, strict=True)):
        assert np.array_equal(source[index][0], pixels)
        assert source[index][1] == text


def test_broken_items_of_an_lmdb(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb")
    good = encoded(strip())
    write_lmdb([(good, "a"), (b"junk", "b"), (good, "c"), (good, "d"), (good, "e")], tmp_path)
    with lmdb.open(str(tmp_path)) as env, env.begin(write=True) as transaction:
        transaction.delete(b"image-000000003")
        transaction.delete(b"label-000000004")
        transaction.put(b"label-000000005", b"\xff\xfe")
    source = open_source(tmp_path)
    assert [text for _, text in source] == ["a"]
    assert sorted(source.reasons) == ["no picture", "no text", "not_a_picture", "text that is not UTF-8"]
    assert any("image-000000003" in place for place in source.skipped)


def test_an_lmdb_of_something_else(tmp_path: Path) -> None:
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(tmp_path)) as env, env.begin(write=True) as transaction:
        transaction.put(b"key", b"value")
    with pytest.raises(DataError, match="num-samples"):
        open_source(tmp_path)


def test_an_lmdb_may_be_open_twice_and_copied(tmp_path: Path) -> None:
    write_lmdb([(encoded(strip()), "a"), (encoded(strip()), "b")], tmp_path)
    first, second = open_source(tmp_path), open_source(tmp_path)
    copy = pickle.loads(pickle.dumps(first))
    del first
    assert [text for _, text in second] == [text for _, text in copy] == ["a", "b"]


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_an_lmdb_goes_to_another_process(tmp_path: Path, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods() or (method == "fork" and sys.version_info >= (3, 12)):
        pytest.skip("forking with threads warns from Python 3.12 on")
    write_lmdb([(encoded(strip()), "a"), (encoded(strip()), "b")], tmp_path)
    source = open_source(tmp_path)
    assert source[0][1] == "a"
    with multiprocessing.get_context(method).Pool(1) as pool:
        got = pool.map(source.get, [0, 1])
        assert [sample and sample[1] for sample in got] == ["a", "b"]
    assert source[1][1] == "b"


def test_lmdb_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data.mdb").touch()
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(MissingExtra, match=r"shizi\[train\]"):
        open_source(tmp_path)


def test_torch_is_not_needed() -> None:
    import subprocess

    code = "import sys, shizi.learn.data, shizi.learn.score; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
