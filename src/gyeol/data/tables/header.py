"""Whether the first row of a table names its columns: all columns are asked, not one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["INPUT_NAMES", "TARGET_NAMES", "Header", "find_header", "folded", "has_header", "is_amount", "is_date",
           "is_known", "is_number", "like_labels"]  # fmt: skip

# In the order of preference: a file with both "label" and "rating" is read for its labels.
INPUT_NAMES = (
    "text", "document", "review", "sentence", "content", "comment", "body", "message", "utterance", "input", "source",
    "doc", "reviews", "contents", "comments", "review_text", "reviewtext", "sms", "tweet",
    "문장", "텍스트", "리뷰", "본문", "내용", "댓글", "문서", "발화", "입력", "글", "감상", "후기", "감상평",
)  # fmt: skip
TARGET_NAMES = (
    "label", "target", "class", "category", "sentiment", "emotion", "intent", "topic", "output", "labels", "rating",
    "score", "stars", "polarity", "genre",
    "라벨", "레이블", "정답", "분류", "감정", "감성", "클래스", "범주", "카테고리", "출력", "별점", "평점", "평가",
    "판정", "장르", "긍부정",
)  # fmt: skip

#: Other names of columns.
_OTHER_NAMES = frozenset((
    "id", "idx", "index", "no", "no.", "num", "number", "key", "uid", "uuid", "row", "name", "title", "user",
    "userid", "user_id", "date", "time", "datetime", "timestamp", "ds", "year", "month", "day", "hour", "split",
    "lang", "language", "author", "kind", "type", "tag", "tags", "url", "file", "filename", "path", "length", "count",
    "price", "value", "values", "y", "x", "weight", "answer", "question", "q", "a", "src", "tgt", "wrong", "right",
    "typed", "meant", "sum", "total", "sales", "country", "city", "age", "sex", "gender", "ko", "en", "de", "fr",
    "es", "ja", "zh", "kor", "eng", "deu", "jpn", "chn", "korean", "english", "german", "french", "spanish",
    "japanese", "chinese", "한국어", "영어", "독일어", "프랑스어", "일본어", "중국어", "한글", "영문", "국문", "원문",
    "번역", "번역문", "질문", "답변", "제목", "이름", "번호", "순번", "아이디", "날짜", "일시", "일자", "시간",
    "작성일", "작성자", "지은이", "저자", "종류", "유형", "구분", "비고", "점수", "길이", "나이", "성별", "지역",
    "값", "가격", "texto", "etiqueta", "clase", "frase", "comentario", "texte", "étiquette", "classe", "phrase",
    "avis", "note", "satz", "bewertung", "stimmung", "klasse", "kategorie", "kommentar", "testo", "etichetta", "文章",
    "感情", "ラベル", "テキスト", "レビュー", "文", "评论", "标签", "文本", "内容", "类别", "句子", "текст", "метка",
))  # fmt: skip
_WANTED = frozenset(INPUT_NAMES) | frozenset(TARGET_NAMES)
_KNOWN = _WANTED | _OTHER_NAMES
_PIECES = re.compile(r"[\s_\-./()]+|(?<=[a-z])(?=[A-Z])")
_END = re.compile(r"""[.!?…。！？~ㅋㅎㅠㅜ]["'”’)]*$""")
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", ".", "?", "nil"))
_YEAR = re.compile(r"(1[89]|20)\d\d")
_DATE = re.compile(r"((1[89]|20)\d\d[-./]|[12]\d{3}-)\s?\d{1,2}([-./]\s?\d{1,2}\.?)?([ T]\d{1,2}:\d\d.*)?")
_AMOUNT = re.compile(r"[-+]?\d+(\.\d{3})*,\d+", re.ASCII)
_LONG_NAME = 30  # characters; no name of a column is longer, as a rule
_ENOUGH = 1.5  # what speaks for a header less what speaks against it


@dataclass(frozen=True, slots=True)
class Header:
    """Whether the first row is a header, and whether one could doubt it."""

    there: bool
    doubtful: bool = False


def folded(name: str) -> str:
    """Give a name as names are compared: in NFC, without white space around it, small letters.

    Examples
    --------
    >>> import unicodedata
    >>> folded(unicodedata.normalize("NFD", " 감상")), folded("Label")
    ('감상', 'label')
    """
    return unicodedata.normalize("NFC", name).strip("\ufeff").strip().casefold()


def is_known(cell: str) -> bool:
    """Whether people call columns so."""
    return folded(cell) in _KNOWN


def is_number(cell: str) -> bool:
    """Whether a field is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_amount(cell: str) -> bool:
    """Whether a field is a number, with either decimal mark."""
    return is_number(cell) or _AMOUNT.fullmatch(cell) is not None


def is_date(cell: str) -> bool:
    """Whether a field is a date, its year first."""
    return _DATE.fullmatch(cell) is not None


def like_labels(values: Sequence[str]) -> bool:
    """Whether few are different: any repetition in a handful of rows, half of them repeated in a longer sample."""
    different = len(set(values))
    return different < len(values) if len(values) < 10 else different <= len(values) / 2


def has_header(rows: Sequence[Sequence[str]], input: str | None = None, target: str | None = None) -> bool:
    """Tell whether the first row names the columns; see `find_header`.

    Examples
    --------
    >>> has_header([["text", "label"], ["good", "1"]]), has_header([["good", "1"], ["bad", "0"], ["fine", "1"]])
    (True, False)
    """
    return find_header(rows, input, target).there


def find_header(rows: Sequence[Sequence[str]], input: str | None = None, target: str | None = None) -> Header:
    """Judge by every column whether the first row names the columns.

    For it speaks a name that people give to columns or that the user passed, a word above nothing but numbers or dates,
    letters of another script than those below, a word above sentences, and an empty field above numbers. Against it
    speak a value that is met again below, a number, the end of a sentence, and a text as long as those below it. A
    label that is not met again says little: a rare one may well stand first.

    Parameters
    ----------
    rows : sequence of sequences of str
        The first rows of a file.
    input, target : str, optional
        Columns that the user named.
    """
    if not rows:
        return Header(False)
    first, *rest = ([_composed(cell) for cell in row] for row in rows)
    if any(map(is_known, first)):  # files put together bring the header again
        rest = [row for row in rest if row != first]
    wanted = {folded(n) for n in (input, target) if n is not None and not (n.isascii() and n.isdigit())}
    columns = [_Column(cell, [row[at] for row in rest if at < len(row)]) for at, cell in enumerate(first)]
    usual = any(folded(column.cell) in _WANTED and not column.again for column in columns)
    if usual or wanted & {folded(cell) for cell in first}:
        return Header(True)
    numbers = [column for column in columns if column.number]
    if (numbers and not _are_times(numbers)) or any(column.only_dates for column in columns):
        return Header(False)  # names are no numbers, nor dates above dates
    if any(column.above_numbers for column in columns):
        return Header(True)
    named = list(filter(None, first))  # spreadsheets leave columns without a name at the end
    possible = bool(rest) and len(set(named)) == len(named) > 0
    sure = all(map(_is_built_of_names, named))
    long = not any(cell.isascii() and len(cell) < 3 for cell in named)  # "q", "a" and "no" may well be texts
    if possible and sure and long and len(named) > 1 and not any(column.again for column in columns):
        return Header(True)
    score = sum(column.score() for column in columns) - _two_languages(columns)
    return Header(possible and score > _ENOUGH, doubtful=possible and score > 0.25 and not sure)


def _composed(cell: str) -> str:
    cell = cell.strip()
    return cell if cell.isascii() else unicodedata.normalize("NFC", cell)


class _Column:
    """A cell of the first row and what stands below it."""

    def __init__(self, cell: str, below: list[str]) -> None:
        self.cell, self.below = cell, below
        self.filled = [value for value in below if folded(value) not in _MISSING]
        self.again = bool(cell) and cell in below
        self.number = is_amount(cell) and folded(cell) not in _MISSING

    @property
    def above_numbers(self) -> bool:
        """Whether a word, or nothing, stands above nothing but numbers, or dates."""
        if not self.filled or (self.cell and folded(self.cell) in _MISSING) or self.number or self.is_time:
            return False
        if self.cell:
            return all(map(is_amount, self.filled)) or all(map(is_date, self.filled))
        if not all(map(is_number, self.filled)):
            return False
        start = float(self.filled[0])  # an index that has no name
        return start in {0.0, 1.0} and [*map(float, self.filled)] == [start + n for n in range(len(self.filled))]

    @property
    def is_time(self) -> bool:
        """Whether the cell is a year or a date."""
        return bool(_YEAR.fullmatch(self.cell) or _DATE.fullmatch(self.cell))

    @property
    def only_dates(self) -> bool:
        """Whether the cell and all below it are dates."""
        return bool(self.filled) and all(map(is_date, [self.cell, *self.filled]))

    def score(self) -> float:
        """Weigh what speaks for a header against what speaks against it."""
        cell, below = self.cell, self.filled
        score = -3.0 if self.again else 2.0 if _is_built_of_names(cell) else 0.0
        if score > 0 and len(cell) < 3 and cell.isascii():
            score = 0.5 * len(cell)  # "q", "a" and "no" may well be texts
        if not below or folded(cell) in _MISSING:  # no column is called "nan", but a class may be
            return score
        labels = like_labels(self.below)
        if labels and not self.again:
            score += 0.5
        mine = _script(cell)
        if mine and sum(mine in _scripts(value) for value in below) <= len(below) / 20:
            score += 1.5
        if not labels:
            words = sum(" " in value for value in below) / len(below)
            if " " not in cell and len(cell) <= 20 and words >= 0.95 and len(below) > 4:
                score += 1.5
            lengths = sorted(map(len, below))
            if len(below) > 4 and len(cell) <= 10 and len(cell) < 0.5 * lengths[len(lengths) // 20] and " " not in cell:
                score += 1.0
            if len(cell) >= 0.5 * lengths[len(lengths) // 2] and words:
                score -= 1.0
        return score - 1.5 * bool(_END.search(cell)) - 1.5 * (len(cell) > _LONG_NAME)


def _are_times(columns: Sequence[_Column]) -> bool:
    """Whether numbers of a first row are years, one after the other, above numbers that are no years."""
    if len(columns) < 2 or not all(_YEAR.fullmatch(column.cell) for column in columns):
        return False
    steps = {int(b.cell) - int(a.cell) for a, b in pairwise(columns)}
    below = [value for column in columns for value in column.filled]
    return steps in ({1}, {-1}) and all(map(is_amount, below)) and not any(map(_YEAR.fullmatch, below))


def _is_built_of_names(cell: str) -> bool:
    """Whether a cell such as "한국어 문장", "Review Text" or "sentence2" is put together from names of columns."""
    pieces = [piece.rstrip("0123456789") for piece in _PIECES.split(cell.strip()) if piece and not piece.isdigit()]
    return 1 <= len(pieces) <= 3 and len(cell) <= _LONG_NAME and all(map(is_known, pieces))


def _script(text: str) -> str:
    """Name the script of a text's letters; nothing where there are none or several."""
    found = _scripts(text)
    return next(iter(found)) if len(found) == 1 else ""


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(c, "?").partition(" ")[0] for c in text[:200] if c.isalpha()}


def _two_languages(columns: Sequence[_Column]) -> float:
    """Weigh a first row in the languages of its columns, where these differ: names of columns are of one language."""
    scripts = []
    for column in columns:
        counts = [_script(value) for value in column.filled[:50]]
        usual = max(set(counts), key=counts.count) if counts else ""
        if usual and not like_labels(column.below):
            scripts.append((usual, _script(column.cell) == usual))
    if len({usual for usual, _ in scripts}) < 2:
        return 0.0
    own = sum(same for _, same in scripts)
    return (3.0 if own == len(scripts) else 1.5) * own
