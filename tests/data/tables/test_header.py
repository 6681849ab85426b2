"""Is the first row a header? Every column is asked, and what could be doubted is said."""

from __future__ import annotations

import unicodedata

import pytest

from gyeol.data.tables.header import find_header, folded, has_header

KOREAN = [
    "배우들의 연기가 정말 좋았다", "이런 영화는 다시 보고 싶지 않다", "그저 그런 이야기였다", "음악이 아주 훌륭했다",
    "돈이 아까운 영화였다", "최고의 작품 중 하나", "지루해서 잠이 왔다", "가족과 함께 보기 좋다",
]  # fmt: skip
ENGLISH = [
    "I loved every minute of it", "What a waste of time", "It was okay I guess", "The music is wonderful",
    "Not worth the money", "One of the best films", "I fell asleep", "Good for the family",
]  # fmt: skip
MOODS = ["긍정", "부정", "부정", "긍정", "부정", "긍정", "부정", "긍정"]
SIDES = ["pos", "neg", "neg", "pos", "neg", "pos", "neg", "pos"]
FEELINGS = ["기쁨", "분노", "슬픔", "기쁨", "분노", "기쁨", "슬픔", "기쁨"]
STARS = list("51351524")
COUNTED = list("12345678")
IDS = [str(9976970 + 37 * n) for n in range(8)]
MEASURED = ["1.5", "2.25", "0.5", "3.75"]
NATIONS = ["Korea", "Japan", "France", "Peru"]


def table(*columns: list[str]) -> list[list[str]]:
    return [list(row) for row in zip(*columns, strict=False)]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["id", "document", "label"], (IDS, KOREAN, list("10010101"))),
        (["번호", "리뷰", "평가"], (COUNTED, KOREAN, MOODS)),
        (["text", "stars"], (ENGLISH, STARS)),
        (["", "text", "label"], (list("01234567"), ENGLISH, SIDES)),  # the index that pandas writes
        (["", "감상문", "결과"], (list("01234567"), KOREAN, FEELINGS)),
        (["감상", "판정"], (KOREAN, MOODS)),
        (["한줄평", "만족도"], (KOREAN, MOODS)),
        (["고객 의견", "감정 분류"], (KOREAN, FEELINGS)),
        (["문의내용", "유형"], (KOREAN, FEELINGS)),
        (["Satz", "Stimmung"], (ENGLISH, SIDES)),
        (["texto", "etiqueta"], (ENGLISH, SIDES)),
        (["avis", "note"], (ENGLISH, STARS)),
        (["レビュー", "評価"], (KOREAN, MOODS)),
        (["Отзыв", "Оценка"], (ENGLISH, SIDES)),
        (["Review Text", "Recommended IND"], (ENGLISH, STARS)),
        (["v1", "v2"], (SIDES, ENGLISH)),
        (["date", "2019", "2020", "2021"], (["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], *[MEASURED] * 3)),
        (["country", "2021", "2020", "2019"], (NATIONS, *[MEASURED] * 3)),
        (["한국어 문장", "영어 번역"], (KOREAN, ENGLISH)),  # pairs
        (["English", "Korean"], (ENGLISH, KOREAN)),
        (["English", "한국어"], (ENGLISH, KOREAN)),
        (["ko", "en"], (KOREAN, ENGLISH)),
        (["Q", "A"], (KOREAN, KOREAN[::-1])),
        (["원문", "번역문"], (KOREAN, ENGLISH)),
        (["Deutsch", "Englisch"], (ENGLISH, ENGLISH[::-1])),
    ],
)
def test_headers(header: list[str], columns: tuple[list[str], ...]) -> None:
    rows = table(*columns)
    assert has_header([header, *rows])
    assert not has_header(rows)
    decomposed = [unicodedata.normalize("NFD", name) for name in header]
    assert has_header([decomposed, *rows])


@pytest.mark.parametrize(
    ("first", "columns"),
    [
        (["그저 그런 영화", "중립"], (KOREAN, MOODS)),  # a label that is met once
        (["Meh film overall", "mixed"], (ENGLISH, SIDES)),
        (["그냥 볼만했다", "놀람"], (KOREAN, FEELINGS)),
        (["최고", "긍정"], (KOREAN, MOODS)),  # one word, and a label that is met again
        (["굿굿", "1"], (KOREAN, STARS)),
        (["NA", "1"], (KOREAN, STARS)),
        (["?", "?"], (MEASURED, MEASURED)),
        (["Hi", "안녕"], (ENGLISH, KOREAN)),  # each in the language of its column
        (["안녕하세요", "Hello"], (KOREAN, ENGLISH)),
        (["Go.", "가."], (ENGLISH, KOREAN)),
        (["2019", "2020"], (["2021", "1999"], ["2022", "2005"])),
        (["1950"], (["1203", "530", "1404"],)),
        (["2024-01-01", "5"], (["2024-01-02", "2024-01-03"], ["6", "7"])),
        (["-1.5", "2.5"], (MEASURED, MEASURED)),
        (["한 줄이 전부"], (KOREAN,)),
    ],
)
def test_first_rows_that_are_data(first: list[str], columns: tuple[list[str], ...]) -> None:
    assert not has_header([first, *table(*columns)])


def test_what_could_be_doubted() -> None:
    rows = table(KOREAN, MOODS)
    assert find_header([["한줄평", "만족도"], *rows]).doubtful
    assert find_header([["글쎄 음", "중립"], *rows]).doubtful
    assert not find_header([["text", "label"], *rows]).doubtful
    assert not find_header(rows).doubtful
    assert not find_header([["한국어 문장", "영어 번역"], *table(KOREAN, ENGLISH)]).doubtful


def test_names_are_compared_in_one_form() -> None:
    assert folded("\ufeff ＡBC ") == "ａbc"
    assert folded(unicodedata.normalize("NFD", "Étiquette")) == "étiquette"
    assert find_header([[unicodedata.normalize("NFD", "판정표"), "b"], ["a", "c"]], input="판정표").there


def test_columns_without_a_name_at_the_end() -> None:
    rows = [["ham", f"see you at {n} then", "", "", ""] for n in range(20)]
    assert has_header([["v1", "v2", "", "", ""], *rows, ["spam", "win a prize", "", "", ""]])
    assert not has_header([["spam", "win a prize now", "", "", ""], *rows])


def test_numbers_behind_names_decimal_commas_and_missing_values() -> None:
    pairs = [["she went home again.", "he came home again."], ["it was late.", "it was dark already."]] * 5
    assert has_header([["sentence1", "sentence2"], *pairs])
    assert has_header([["무게", "단위"], *([f"{n},50", "kg"] for n in range(9))])
    assert not has_header(
        [["nan", "so it goes"], *([label, f"they said {label}"] for label in ("긍정", "부정", "중립"))]
    )


@pytest.mark.parametrize(
    "names", [["리뷰0", "review1", "comment2", "리뷰3"], ["한국어 문장", "English sentence"], ["문장", "sentence2"]]
)
def test_names_in_the_languages_of_their_columns(names: list[str]) -> None:
    """Each name is of the language below it, as texts would be; but all of them are names."""
    below = {
        True: ["정말 좋았다 영화", "또 보고 싶다", "글쎄 최악"],
        False: ["the film is good", "never again", "it worked"],
    }
    rows = [[below[not name.isascii()][n] for name in names] for n in range(3)]
    assert find_header([names, *rows]).there
    assert not find_header(rows).there
