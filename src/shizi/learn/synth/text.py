"""What the lines say: pieces of corpora, rare characters, and the numbers, dates and codes that forms are full of."""

from __future__ import annotations

import lzma
import string
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from shizi.errors import DataError
from shizi.read.charset import VARIANTS, Charset, big5_hanzi, gb2312_hanzi, tgh_rest

Random = np.random.Generator
CAPITALS = "零壹贰叁肆伍陆柒捌玖"
UNITS = ("kg", "g", "mg", "ml", "mL", "L", "cm", "mm", "m²", "km", "元", "％", "%", "℃", "件", "个", "盒", "GB", "V")
LONELY = 4
"""Texts no longer than this are mostly random characters."""
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ"
LABELS: tuple[str, ...] = ("合计", "金额", "数量", "单价", "小计", "日期", "编号", "电话", "地址", "姓名", "总计")
LABELS += ("税率", "发票号码", "开户行", "账号", "备注", "TOTAL", "CASH", "CHANGE", "Tel", "No.", "Date", "Qty", "GST")
MONTHS = ("Jan", "Feb", "Mar", "April", "May", "JUN", "July", "Aug", "SEP", "Oct", "Nov", "Dec")


def pick(rng: Random, values: Sequence[str]) -> str:
    """One of ``values``, each as likely."""
    return values[int(rng.integers(len(values)))]


def digits(rng: Random, low: int, high: int) -> str:
    """Between ``low`` and ``high`` digits."""
    return "".join(map(str, rng.integers(0, 10, int(rng.integers(low, high + 1)))))


def number(rng: Random) -> str:
    """A count, an amount, a percentage, a measure."""
    value = float(10 ** rng.uniform(-1, 6))
    places = int(rng.choice((0, 0, 1, 2, 2, 2, 3)))
    text = f"{value:,.{places}f}" if rng.random() < 0.4 else f"{value:.{places}f}"
    kind = rng.random()
    if kind < 0.2:
        return pick(rng, ("￥", "¥", "$", "RM", "€", "£", "RMB ", "US$")) + text
    if kind < 0.4:
        return text + pick(rng, UNITS)
    if kind < 0.5:
        return pick(rng, ("-", "+", "±", "×", "≤", "≥", "<", ">", "~")) + text
    return text


def date(rng: Random) -> str:
    """A date, with or without a time, in a common format."""
    y, m, d = int(rng.integers(1949, 2036)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
    h, minute, s = int(rng.integers(24)), int(rng.integers(60)), int(rng.integers(60))
    western = (f"{y}-{m:02}-{d:02}", f"{y}/{m}/{d}", f"{y}.{m:02}.{d:02}", f"{d:02}/{m:02}/{y}")
    day = pick(rng, (f"{y}年{m}月{d}日", f"{m}月{d}日", f"{y}年", f"{d} {pick(rng, MONTHS)} {y}", *western))
    clock = pick(rng, ("", "", f" {h:02}:{minute:02}", f" {h:02}:{minute:02}:{s:02}", f" {h % 12 + 1}:{minute:02} PM"))
    return day + clock


def capital_amount(rng: Random) -> str:
    """An amount in the capital numerals of bank forms: 人民币叁仟贰佰元整."""
    value = int(10 ** rng.uniform(1, 8))
    text, units = "", ("", "拾", "佰", "仟", "万", "拾", "佰", "仟", "亿")
    for place, figure in enumerate(reversed(str(value))):
        text = (CAPITALS[int(figure)] + (units[place] if figure != "0" else "")) + text
    start, end = pick(rng, ("", "人民币", "大写：", "（大写）")), pick(rng, ("元整", "圆整", "元伍角", "元正"))
    return start + text.rstrip("零") + end


def plate(rng: Random) -> str:
    """A licence plate: province, letter, dot, five places, six for cars that charge, or four and a word at the end."""
    places = "".join(rng.choice(list(PLATE + string.digits * 5), 6))
    kind = rng.random()
    tail = places[:5] if kind < 0.75 else places if kind < 0.92 else places[:4] + pick(rng, "学警港澳挂使领")
    return pick(rng, PROVINCES) + pick(rng, PLATE) + pick(rng, "··· ") + tail


def code(rng: Random) -> str:
    """An ID, an e-mail address, a URL, a plate, a phone number, a serial number."""
    kind = int(rng.integers(7))
    if kind == 0:
        return digits(rng, 6, 6) + f"{int(rng.integers(1930, 2020))}" + digits(rng, 7, 7) + pick(rng, "0123456789X")
    if kind == 1:
        name = "".join(rng.choice(list(string.ascii_lowercase), int(rng.integers(3, 9))))
        return name + digits(rng, 0, 4) + "@" + pick(rng, ("qq.com", "163.com", "gmail.com", "sina.cn", "example.org"))
    if kind == 2:
        name = "".join(rng.choice(list(string.ascii_lowercase), int(rng.integers(3, 10))))
        return pick(rng, ("http://www.", "https://", "www.")) + name + pick(rng, (".com", ".cn", ".com.cn", ".net/a"))
    if kind == 3:
        return plate(rng).replace("·", pick(rng, ("", "·", " ")))
    if kind == 4:
        return pick(rng, ("1", "021-", "0755-", "400-", "(03) ", "+86 ")) + digits(rng, 7, 10)
    if kind == 5:
        return "".join(rng.choice(list(string.ascii_uppercase + string.digits * 2), int(rng.integers(4, 16))))
    return pick(rng, ("No.", "NO:", "#", "编号：", "SN ", "A-", "T/")) + digits(rng, 3, 12)


class Sampler:
    """Draws texts. ``corpora`` is a folder of UTF-8 .txt or .txt.xz files, one entry a line; without it, lines are
    made of random characters, numbers and codes alone.
    """

    def __init__(self, charset: Charset, corpora: Path | None, *, natural: float = 0.5) -> None:
        """``natural`` is the share of prose: of Chinese corpora, or of English ones where there are no others.

        Raises:
            DataError: there are no texts, or none that the alphabet can write.
        """
        self.charset = charset
        self.natural = natural if corpora else 0.0
        self.chinese, self.english = _read_corpora(corpora, charset) if corpora else ([], [])
        hanzi = gb2312_hanzi()
        self.hanzi = [c for c in hanzi if c in charset]
        self.rest = [c for c in tgh_rest() if c in charset]
        self.traditional = [c for c in big5_hanzi() + VARIANTS if c in charset and c not in {*self.hanzi, *self.rest}]
        known = {*hanzi, *tgh_rest(), *self.traditional, " "}
        self.marks = [c for c in charset.chars if c not in known]
        self.letters = [c for c in string.ascii_letters + string.digits + string.punctuation if c in charset]
        english = 0.22 if self.english else 0.0
        makers: list[tuple[float, Callable[[Random], str]]] = [
            (self.natural if self.chinese else 0.0, self.prose),
            (english if self.chinese else english + self.natural, self.words),
            (0.14, self.random_hanzi),
            (0.06, self.random_marks),
            (0.05, number),
            (0.03, date),
            (0.015, capital_amount),
            (0.045, code),
            (0.03, self.leader),
            (0.04, self.labelled),
        ]
        weights = np.array([w for w, _ in makers])
        self._makers = [m for _, m in makers]
        self._weights = np.cumsum(weights / weights.sum())

    def __call__(self, rng: Random, length: int) -> str:
        """A text of at most ``length`` characters, all of them in the alphabet, not blank at its ends."""
        for _ in range(20):
            text = self._makers[int(np.searchsorted(self._weights, rng.random(), side="right"))](rng)
            if length <= LONELY and rng.random() < 0.6:  # context cannot help here, so each character counts alike
                text = self.random_hanzi(rng)[: int(rng.integers(1, length + 1))]
            while len(text) < length and rng.random() < 0.6:
                maker = self._makers[int(np.searchsorted(self._weights, rng.random(), side="right"))]
                text += pick(rng, ("", " ", " ", "，", "  ", "：")) + maker(rng)
            text = self.charset.known(" ".join(text.split()))
            if len(text) > length:
                start = int(rng.integers(len(text) - length + 1)) if rng.random() < 0.6 else 0
                text = text[start : start + length]
            if text.strip():
                return text.strip()
        return pick(rng, self.charset.chars[1:])

    def prose(self, rng: Random) -> str:
        """An entry of a Chinese corpus, each corpus as likely; prose twice as likely as word lists."""
        return pick(rng, self.chinese[int(rng.integers(len(self.chinese)))])

    def words(self, rng: Random) -> str:
        """One to eight English words in one of the usual cases, with punctuation now and then."""
        source = self.english[int(rng.integers(len(self.english)))]
        made = []
        for _ in range(int(rng.integers(1, 9))):
            word = pick(rng, source)
            word += pick(rng, (",", ".", ";", ":", "?", "!", "'s", ")", '"')) if rng.random() < 0.15 else ""
            made.append(pick(rng, ("(", '"', "'", "-")) + word if rng.random() < 0.04 else word)
        text = " ".join(made)
        case = rng.random()
        if case < 0.25:
            return text.upper()
        return text.title() if case < 0.45 else text if case < 0.8 else text[:1].upper() + text[1:]

    def random_hanzi(self, rng: Random) -> str:
        """Two to twelve hanzi, each of GB 2312 as likely: prose alone never teaches the last thousand."""
        lot = rng.random()
        pool = self.rest if lot < 0.13 else self.traditional if lot < 0.28 else self.hanzi
        pool = pool or self.hanzi
        if not pool:
            return self.random_marks(rng)
        return "".join(pool[i] for i in rng.integers(0, len(pool), int(rng.integers(2, 13))))

    def random_marks(self, rng: Random) -> str:
        """One to ten letters, digits, marks and symbols, with some hanzi between them."""
        if rng.random() < 0.5 and self.letters:
            return "".join(rng.choice(self.letters, int(rng.integers(1, 11))))
        pool = self.marks or list(self.charset.chars)
        count = int(rng.integers(1, 9))
        return "".join(pick(rng, self.hanzi if self.hanzi and rng.random() < 0.4 else pool) for _ in range(count))

    def leader(self, rng: Random) -> str:
        """A row of dots or strokes, as in tables of contents and forms, mostly with something before and after it."""
        longest = 30 if rng.random() < 0.6 else 130
        row = pick(rng, ".......…·-_=*—~") * int(rng.integers(3, longest))
        before = self.random_hanzi(rng)[:4] if self.hanzi and rng.random() < 0.5 else pick(rng, LABELS)
        blank = pick(rng, ("", " "))
        return pick(rng, ("", before + blank)) + row + pick(rng, ("", blank + digits(rng, 1, 3)))

    def labelled(self, rng: Random) -> str:
        """A form's label and its value."""
        value = pick(rng, (number(rng), date(rng), code(rng), number(rng)))
        return pick(rng, LABELS) + pick(rng, ("：", ":", ": ", " ", "")) + value


def _read_corpora(folder: Path, charset: Charset) -> tuple[list[list[str]], list[list[str]]]:
    """Chinese and English corpora as lists of entries; those that the alphabet covers badly are left out."""
    files = sorted(p for p in folder.rglob("*") if p.name.endswith((".txt", ".txt.xz")))
    if not files:
        raise DataError(f"no .txt or .txt.xz files in {folder}")
    chinese: list[list[str]] = []
    english: list[list[str]] = []
    for path in files:
        try:
            data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        except lzma.LZMAError as error:
            raise DataError(f"{path} cannot be unpacked: {error}") from error
        entries = [line.strip()[:400] for line in data.decode("utf-8", "replace").splitlines()]
        good = [e for e in entries if e and len(charset.known(e)) >= 0.9 * len(e)]
        if not good:
            continue
        sample = "".join(good[:: max(1, len(good) // 2000)])
        is_english = sum(c.isascii() for c in sample) > 0.9 * len(sample)
        if is_english:
            english.append(good)
        else:
            mean = sum(map(len, good)) / len(good)
            chinese.extend([good] * (2 if mean > 8 else 1))
    if not (chinese or english):
        raise DataError(f"no line of the texts in {folder} is UTF-8 and nine tenths within the alphabet")
    return chinese, english
