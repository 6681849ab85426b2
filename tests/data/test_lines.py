"""From bytes to lines: which encoding a file is in, and what none of them is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.files import open_text, read_examples
from gyeol.errors import DataError


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("とても面白い映画でした", "shift-jis"),
        ("很好看的电影我们不喜欢这个产品质量太差了非常满意物流很快", "gb18030"),
        ("ÀlaÁbeÂnaÃmoÄbeÅlaÂbaÅrÄrÀsÁt", "latin-1"),
    ],
)
def test_other_encodings_are_not_read_as_korean(tmp_path: Path, text: str, encoding: str) -> None:
    content = f"text\tlabel\n{text}\tx\n".encode(encoding)
    content.decode("cp949")  # it is possible
    with pytest.raises(DataError, match="line 2: not UTF-8, and read as CP949 it is no Korean"):
        list(read_examples(written(tmp_path / "a.tsv", content)))


@pytest.mark.parametrize(
    "text", ["뷁 펲시 똠방각하 햏자", "大韓民國은 民主共和國이다", "ㅋㅋㅋㅋ ㅠㅠㅠ ㅎㅎ", "긍정 ☆☆☆★★★"]
)
def test_rare_korean_is_read(tmp_path: Path, text: str) -> None:
    assert [line for _, line in open_text(written(tmp_path / "a.txt", text.encode("cp949")))] == [text]
