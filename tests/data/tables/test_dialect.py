"""Tables as people have them: separators, encodings, line ends, quotes, headers; what was judged is said."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from gyeol.data.tables.dialect import open_rows
from gyeol.data.tables.rows import BadRow, Row
from gyeol.data.tables.separators import judge_separator
from gyeol.data.text.example_files import columns_of, read_examples
from gyeol.errors import DataError

REVIEWS = [
    ("배우들의 연기가, 정말 좋았다", "긍정"), ("돈이 아까운 영화; 지루했다", "부정"), ("최고의 작품 | 또 보자", "긍정"),
    ("그저 그런, 흔한, 이야기", "부정"), ("음악이 훌륭하다", "긍정"), ("다시는 안 본다", "부정"),
]  # fmt: skip
TALK = [
    "안녕, 친구", "그래, 잘 지냈어?", "응, 너는", "나도, 뭐", "Well, I see", "So, what now", "좋아, 가자", "아니, 싫어",
    "음, 글쎄", "네, 알겠습니다",
]  # fmt: skip


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def as_text(separator: str, newline: str = "\n", header: str = "text{}label") -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, lineterminator=newline)
    writer.writerow(header.split("{}"))
    writer.writerows(REVIEWS)
    return stream.getvalue()


def pairs(path: Path) -> list[tuple[str, str | None]]:
    return [(example.input, example.target) for example in read_examples(path)]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.dat", "a.data", "export"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_under_any_name(tmp_path: Path, name: str, separator: str) -> None:
    path = write(tmp_path / name, as_text(separator))
    assert pairs(path) == REVIEWS
    assert columns_of(path) == ["text", "label"]
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert pairs(packed) == REVIEWS


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_encodings_and_line_ends(tmp_path: Path, name: str, encoding: str, newline: str) -> None:
    path = write(tmp_path / name, as_text("\t", newline), encoding)
    assert pairs(path) == REVIEWS
    table = open_rows(path)
    assert (table.dialect.newline, table.dialect.separator) == (newline, "\t")
    assert table.dialect.encoding == encoding
    assert [number for number, _ in table.sample] == list(range(1, 8))


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_in_either_order_with_its_mark(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("\ufeff" + as_text(";")).encode(mark))
    assert pairs(path) == REVIEWS


def test_line_ends_that_change_are_refused(tmp_path: Path) -> None:
    body = "text,label\r" + "좋다,1\r나쁘다,0\r" * 150_000
    path = write(tmp_path / "a.csv", body + "끝,1\n")
    with pytest.raises(DataError, match=r"line 300002: a line ends in \\n"):
        pairs(path)


def test_a_carriage_return_within_lines_ends_none(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "text\tlabel\na\rb\t1\nc\t0\n")
    assert pairs(path) == [("a\rb", "1"), ("c", "0")]


@pytest.mark.parametrize(
    ("kind", "lines", "expected"),
    [
        (".csv", ["date;y", "2020-01-01;1,5", "2020-01-02;2,5"], ";"),
        (".csv", ["1,5;2,5", "3,5;4,5", "2,0;1,5"], ";"),  # no header, and commas in every row
        (".csv", ["text,label", "a; b,1", "c; d,0"], ","),
        (".csv", ["감상\t판정", "좋다, 정말\t긍정", "나쁘다, 참\t부정", "음, 글쎄\t긍정"], "\t"),
        (".csv", ["text", "one", "two"], ","),
        (".csv", ["1,2,3", "4,5", "6,7,8,9"], ","),  # sequences of different lengths
        (".csv", ["1;2;3", "4;5", "6;7;8;9"], ";"),
        (".tsv", TALK, "\t"),
        (".txt", TALK, ""),
        (".txt", [f"{n}번째 문장, 끝" for n in range(20)], ""),
        (".txt", ["가,나", "다,라", "마,바"], ""),
        (".txt", ["text,label", "가,1", "나,0"], ","),
        (".txt", ["가,1", "나,0", "다,1"], ","),
        (".txt", ["가\t1", "나\t0"], "\t"),
        (".txt", ["1.5, 2, 3", "4, 5.5, 6", "7, 8, 9"], ","),
        ("", ["id|text|label", "1|a|x", "2|b, c|y"], "|"),
        (".csv", [], ","),
    ],
)
def test_separators(kind: str, lines: list[str], expected: str) -> None:
    assert judge_separator(lines, kind) == expected


def test_one_column_of_prose_stays_whole(tmp_path: Path) -> None:
    for name, first in (("a.csv", ["text"]), ("a.tsv", ["text"]), ("a.txt", [])):
        path = write(tmp_path / name, "".join(f"{line}\n" for line in [*first, *TALK, "쉼표 없는 줄", "둘, 셋, 넷"]))
        assert [e.input for e in read_examples(path, need_target=False)] == [*TALK, "쉼표 없는 줄", "둘, 셋, 넷"]


def test_excel_says_its_separator(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sep=;\r\n" + as_text(";", "\r\n"))
    assert pairs(path) == REVIEWS
    assert next(read_examples(path)).line == 3


def told(path: Path, **named: object) -> list[str]:
    notes: list[str] = []
    list(read_examples(path, on_note=notes.append, **named))  # type: ignore[arg-type]
    return notes


def test_what_was_judged_is_said(tmp_path: Path) -> None:
    bare = write(
        tmp_path / "a.csv", "글쎄 음,중립\n" + "".join(f"이 영화는 참 {n}번 봤다,{'긍부'[n % 2]}정\n" for n in range(9))
    )
    assert told(bare) == [
        "a.csv: first row read as data (글쎄 음, 중립); --header takes it as the names of the columns"
    ]
    assert told(bare, header=False) == []
    assert [e.line for e in read_examples(bare, header=True)] == list(range(2, 11))
    assert [e.line for e in read_examples(bare)] == list(range(1, 11))
    named = write(
        tmp_path / "b.csv",
        "한줄평,만족도\n" + "".join(f"이 영화는 참 {n}번 봤다,{'긍부'[n % 2]}정\n" for n in range(9)),
    )
    assert told(named) == ["b.csv: first row taken as the header (한줄평, 만족도); --no-header reads it as data"]
    assert next(read_examples(named, header=False)).input == "한줄평"
    assert told(write(tmp_path / "c.csv", as_text(";"))) == ["c.csv: fields are separated by semicolons"]
    assert told(write(tmp_path / "d.csv", as_text(","))) == []


def test_the_columns_are_found_by_what_they_hold(tmp_path: Path) -> None:
    rows = [f"{n},이 영화는 참 {n}번 봤다,{'긍부'[n % 2]}정" for n in range(1, 40)]
    path = write(tmp_path / "a.csv", "\n".join(["번호,감상문,결과", *rows]))
    assert told(path) == ["a.csv: text: 감상문, label: 결과 (other columns: 번호)"]
    assert pairs(path)[0] == ("이 영화는 참 1번 봤다", "부정")
    rows = [f"{n / 7:.4f}\t{'가나다'[n % 3]}\tu{n:03}\t이 영화는 참 {n}번 봤다" for n in range(1, 40)]
    path = write(tmp_path / "b.tsv", "\n".join(["a1\tb1\tc1\td1", *rows]))
    assert told(path)[-1] == "b.tsv: text: d1, label: b1 (other columns: a1, c1)"
    path = write(tmp_path / "c.tsv", "\n".join(["id\ttext\tlabel", *(f"{n}\ta {n}\tL{n}" for n in range(30))]))
    assert "whose first 30 values are all different; --target COL" in told(path)[-2]
    path = write(
        tmp_path / "d.tsv", "\n".join(["a1\tb1\tc1", *(f"x{n % 2}y\tz{n % 3}\t글 하나 {n}" for n in range(30))])
    )
    with pytest.raises(DataError, match="which column is the label"):
        pairs(path)


def test_other_columns_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", '번호,리뷰,평가,"비고, 기타"\n7,"두\n줄",긍정,\n8,한 줄,,"a, b"\n')
    first, second = read_examples(path, need_target=False, others=True)
    assert (first.input, first.target, first.line) == ("두\n줄", "긍정", 2)
    assert first.others == (("번호", "7"), ("평가", "긍정"), ("비고, 기타", ""))
    assert (second.line, second.others[0], second.others[2]) == (4, ("번호", "8"), ("비고, 기타", "a, b"))
    assert all(example.others == () for example in read_examples(path, need_target=False))


# Quotes.


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, str]]]:
    bad: list[tuple[int, str]] = []
    texts = [e.input for e in read_examples(path, on_bad_row=lambda row: bad.append((row.line, row.kind)))]
    return texts, bad


FILLER = [f"이 영화는 참 {n}번 봤다,{n % 2}" for n in range(8)]


@pytest.mark.parametrize(
    ("opens", "closes", "lost"),
    [
        ('"최고의 영화라는 말밖에,1', '별로다" 라고 하더라,0', 1),  # text after the quote that closes
        ('"최고의 영화라는 말밖에,1', '별로다",0', 1),  # it closes as a quote should
        ('"최고의 영화라는 말밖에,1', '그 말, "별로다",0', 2),  # and opens another row with a comma too many
        ('"최고의 영화라는 말밖에,1', "별로다,0", 1),  # it never closes
        ('최고의 "영화,1', '별로다" 라고,0', 0),  # quotes within fields are ordinary
        ('"최고의" 영화,1', '"별로" 라고,0', 0),  # quotes that speak
    ],
)
def test_a_stray_quote_costs_its_own_row(tmp_path: Path, opens: str, closes: str, lost: int) -> None:
    lines = ["text,label", *FILLER, opens, *FILLER[:3], closes, *FILLER]
    path = write(tmp_path / "a.csv", "\n".join(lines) + "\n")
    texts, bad = read_rows(path)
    assert len(texts) == len(lines) - 1 - lost
    assert [line for line, _ in bad] == [10, 14][:lost]
    assert [t for t in texts if t in {row.partition(",")[0] for row in FILLER}] == [
        row.partition(",")[0] for row in (*FILLER, *FILLER[:3], *FILLER)
    ]
    if lost:
        with pytest.raises(DataError, match="line 10: a quote opened here"):
            pairs(path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_field_of_several_paragraphs(tmp_path: Path, separator: str) -> None:
    text = f'첫 문단이다{separator} 그리고 더\n\n둘째 문단, "정말" 좋다\n끝'
    rows = [
        ("그저 그런 영화", "부정"),
        (text, "긍정"),
        ("음악이 훌륭하다", "긍정"),
        ("안 본다", "부정"),
        (text, "부정"),
    ]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows([("text", "label"), *rows])
    assert pairs(write(tmp_path / "a.csv", stream.getvalue())) == rows
    assert [e.line for e in read_examples(tmp_path / "a.csv")] == [2, 3, 7, 8, 9]


# fastText's lines.


def test_lines_that_begin_with_labels(tmp_path: Path) -> None:
    lines = ["__label__긍정 정말 좋다", "__label__a __label__b so, good", "__label__0.0 , bad", "", "__label__c\ttab"]
    for name in ("a.txt", "cooking.train", "a.csv"):
        path = write(tmp_path / name, "\n".join(lines))
        assert pairs(path) == [("정말 좋다", "긍정"), ("so, good", "a|b"), ("bad", "0"), ("tab", "c")]
        assert columns_of(path) == ["label", "text"]
    path = write(tmp_path / "b.txt", "__label__a x\n__label__b|c y\n__label__d\n__label__e z\n")
    assert read_rows(path) == (["x", "z"], [(2, "label"), (3, "empty")])
    mixed = write(tmp_path / "c.txt", "__label__a x\nno label here\n")
    with pytest.raises(DataError, match="plain lines of text"):
        pairs(mixed)


def test_rows_of_a_table_are_numbered_by_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\n" + "".join(f"글 {n},{n % 2}\n" for n in range(700)) + '"열린,1\n')
    rows: list[Row] = list(open_rows(path).rows)
    assert isinstance(rows[-1], BadRow)
    assert rows[-1].line == 702


def test_a_stray_quote_where_fields_are_empty(tmp_path: Path) -> None:
    rows = [f"이 영화는 참 {n}번 봤다,{n % 2},,{n}" for n in range(12)]
    rows[4], rows[7] = '"열린 말,1,,4', '닫힌 말",0,,7'
    path = write(tmp_path / "a.csv", "\n".join(["text,label,memo,n", *rows]) + "\n")
    texts, bad = read_rows(path)
    assert bad == [(6, "fields")]
    assert len(texts) == 11
    assert '닫힌 말"' in texts


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('"{}, really", "{}"', ("{}, really", "{}")),
        ('"{}", "{}"', ("{}", "{}")),
        (r'"he said \"so\", {}","{}"', ('he said "so", {}', "{}")),
        (r'"C:\\, {} \"",{}', ('C:\\\\, {} "', "{}")),
    ],
)
def test_habits_of_quoting(tmp_path: Path, line: str, expected: tuple[str, str]) -> None:
    rows = [(f"it was good {n}", "pos" if n % 2 else "neg") for n in range(8)]
    path = tmp_path / "a.csv"
    head = '"text", "label"\n' if '", ' in line[-8:] else "text,label\n"
    path.write_text(head + "".join(line.format(*row) + "\n" for row in rows))
    found = [(example.input, example.target) for example in read_examples(path)]
    assert found == [(expected[0].format(text), expected[1].format(label)) for text, label in rows]


def test_quotes_that_speak_are_no_habit(tmp_path: Path) -> None:
    lines = [
        "label\ttext",
        'pos\t"so", they said',
        'neg\tbad, "so" he said',
        r"pos\tin C:\" it ends",
        'neg\tgood, "yes"',
    ]
    path = tmp_path / "a.tsv"
    path.write_text("\n".join(lines).replace(r"\t", "\t"))
    assert [example.input for example in read_examples(path)] == [
        line.replace(r"\t", "\t").split("\t")[1] for line in lines[1:]
    ]


@pytest.mark.parametrize(
    "above", ["영화 평가 2026\n\n", "# made by me\n# in 2026\n", "Source: FRED\nUnits: millions\n"]
)
def test_titles_above_a_header(tmp_path: Path, above: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(above + "text,label\n" + "".join(f"good {n},pos\nbad {n},neg\n" for n in range(5)))
    notes: list[str] = []
    found = list(read_examples(path, on_note=notes.append))
    assert (found[0].input, found[0].target, found[0].line) == ("good 0", "pos", above.count("\n") + 2)
    assert len(found) == 10
    assert "above the header left out" in notes[0]
    assert columns_of(path) == ["text", "label"]


def test_a_short_first_row_is_no_title(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("good\n" + "".join(f"good {n},pos\nbad {n},neg\n" for n in range(5)))
    with pytest.raises(DataError, match="line 1: 1 field where 2 were expected"):
        list(read_examples(path))


def test_a_header_that_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood,pos\nbad,neg\nfine,pos\n" * 2)
    with pytest.raises(DataError, match="line 5: the header is repeated here"):
        list(read_examples(path))
    bad: list[BadRow] = []
    assert len(list(read_examples(path, on_bad_row=bad.append))) == 6
    assert len(bad) == 1
