"""From bytes to lines: which encoding a file is in, and what none of them is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gyeol.data.tables.lines import open_text
from gyeol.data.tables.rows import BadRow
from gyeol.data.text.example_files import read_examples
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


@pytest.mark.parametrize("before", [20, 300_000])
def test_a_line_in_another_encoding_costs_itself_only(tmp_path: Path, before: int) -> None:
    rows = ["text\tlabel", *("좋은 영화\t긍정" for _ in range(before))]
    content = "\n".join(rows).encode() + b"\ncaf\xe9 \xff\tx\n" + "나쁜 영화\t부정\n".encode()
    path = written(tmp_path / "a.tsv", content)
    bad: list[BadRow] = []
    assert [example.line for example in read_examples(path, on_bad_row=bad.append)][-2:] == [before + 1, before + 3]
    assert [(row.line, row.kind) for row in bad] == [(before + 2, "encoding")]
    with pytest.raises(DataError, match=f"line {before + 2}: not UTF-8"):
        list(read_examples(path))
