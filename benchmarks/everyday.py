"""Kinds of made pages that people photograph and copy from their screens every day: lists, letters, records."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from sheets import BLACK, WHITE, Font, Ink, Maker, Sheet

GREY, PALE = (130, 130, 130), (225, 225, 225)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
"""The commonest."""
JOURNALS = ("计算机学报", "软件学报", "交通运输工程学报", "作物学报", "管理世界", "图书情报工作", "物理学报")
TESTS = (
    ("白细胞计数", "WBC", "10^9/L", 3.5, 9.5), ("红细胞计数", "RBC", "10^12/L", 3.8, 5.1),
    ("血红蛋白", "HGB", "g/L", 115, 150), ("血小板计数", "PLT", "10^9/L", 125, 350),
    ("谷丙转氨酶", "ALT", "U/L", 7, 40), ("谷草转氨酶", "AST", "U/L", 13, 35),
    ("总胆红素", "TBIL", "μmol/L", 3.4, 20.5),
    ("葡萄糖", "GLU", "mmol/L", 3.9, 6.1), ("尿素", "UREA", "mmol/L", 2.6, 7.5), ("肌酐", "CREA", "μmol/L", 41, 73),
    ("甘油三酯", "TG", "mmol/L", 0.56, 1.7), ("总胆固醇", "CHOL", "mmol/L", 3.1, 5.7), ("钾", "K", "mmol/L", 3.5, 5.3),
)  # fmt: skip
"""Of blood: what, its short name, its unit, and from where to where it is as it should be."""


class Everyday(Maker):
    """Such kinds."""

    def _person(self) -> str:
        return self._one(SURNAMES) + self._one(self.words)[: self._number(1, 3)]

    def _mobile(self) -> str:
        return f"1{self._one('3578')}{self._number(0, 10)} {self._number(1000, 10000)} {self._number(1000, 10000)}"

    def _colour(self, low: int = 60, high: int = 220) -> Ink:
        return self._number(low, high), self._number(low, high), self._number(low, high)

    def _clock(self, most: int = 24) -> str:
        return f"{self._number(0, most):02}:{self._number(0, 60):02}"

    def _day(self) -> str:
        return f"{self._number(2015, 2027)}-{self._number(1, 13):02}-{self._number(1, 29):02}"

    def _words_of_english(self, count: int) -> str:
        return " ".join(self._one(self.english) for _ in range(count))

    def _under(self, sheet: Sheet, x: float, y: float, lines: list[str], font: Font, pitch: float) -> float:
        """Lines one below another; returns the baseline after the last one."""
        for line in lines:
            sheet.text(x, y, line, font)
            y += pitch
        return y

    def contacts(self) -> Sheet:
        """People, each with the first character of the name in a disc, and a number."""
        size, face = self._number(16, 28), self._font(self.han_fonts)
        sheet, y = Sheet((720, 900)[self._number(0, 2)], round(3.6 * size * 10)), 0.6 * size
        left = 24 + 3.2 * size
        for _ in range(9):
            name = self._person()
            sheet.draw.ellipse((24, y, 24 + 2.4 * size, y + 2.4 * size), self._colour(80, 200))
            sheet.text(24 + 1.2 * size, y + 1.55 * size, name[0], face(size), WHITE, "ms")
            sheet.text(left, y + size, name, face(1.1 * size))
            sheet.text(left, y + 2.2 * size, self._mobile(), face(0.8 * size), GREY)
            y += 3.6 * size
            sheet.draw.line((left, y - 0.6 * size, 900, y - 0.6 * size), PALE)
        return sheet

    def references(self) -> Sheet:
        """What an article quotes."""
        size, face = self._number(15, 24), self._font(self.han_fonts)
        font, sheet, y = face(size), Sheet(960, round(40 * size)), 5.0 * size
        sheet.text(40, 2.5 * size, "参考文献", face(1.3 * size))
        for number in range(1, 11):
            pages = self._number(10, 400)
            said = (
                f"[{number}] {self._person()}，{self._person()}. {self._name(4)}[{self._one('JJJMD')}]. "
                f"{self._one(JOURNALS)}，{self._number(1998, 2026)}，{self._number(1, 46)}({self._number(1, 13)})："
                f"{pages}-{pages + self._number(3, 20)}."
            )
            y = self._under(sheet, 40, y, self._wrapped(said, font, 860), font, 1.6 * size)
        return sheet

    def mail(self) -> Sheet:
        """To whom, from whom, and what."""
        size, face = self._number(16, 24), self._font(self.han_fonts)
        font, sheet, y = face(size), Sheet(900, round(36 * size)), 2.0 * size
        words = [self._one(self.english).lower() for _ in range(9)]
        names = [f"{a}.{b}@{c}.com" for a, b, c in zip(words[::3], words[1::3], words[2::3], strict=True)]
        subject = f"Re: 关于{self._name(2)}的通知（第{self._one('一二三四')}版）"
        heads = (
            ("发件人：", names[0]), ("收件人：", f"{names[1]}; {names[2]}"), ("主题：", subject),
            ("时间：", f"{self._day()} {self._clock()}"),
            ("附件：", f"{self._name(1)}_v{self._number(2, 9)}.xlsx (1.3 MB)"),
        )  # fmt: skip
        for name, value in heads:
            sheet.text(sheet.text(40, y, name, font, GREY), y, value, font)
            y += 1.8 * size
        sheet.draw.line((40, y - size, 860, y - size), PALE, 2)
        y += size
        for text in ("各位同事：", self._one(self.prose), f"如有问题，请联系我（分机{self._number(1000, 9999)}）。"):
            y = self._under(sheet, 40, y, self._wrapped(text, font, 800), font, 1.7 * size) + 0.4 * size
        signed = f"{self._person()} | {self._name(1)}部 | www.{self._one(self.english).lower()}.com"
        self._under(sheet, 40, y, ["此致", "敬礼！", signed], font, 1.9 * size)
        return sheet

    def tracks(self) -> Sheet:
        """Songs: a number, a name, who sings, how long."""
        dark, face = bool(self.rng.random() < 0.5), self._font(self.han_fonts)
        sheet, ink = Sheet(720, 1180, (18, 18, 18) if dark else WHITE), (235, 235, 235) if dark else (20, 20, 20)
        sheet.text(40, 80, self._name(2) + "精选", face(38), ink)
        for at in range(11):
            y = 170 + 92 * at
            sheet.text(60, y + 14, str(at + 1), face(24), GREY, "ms")
            sheet.text(110, y, self._name(self._number(1, 3)), face(28), ink)
            sheet.text(110, y + 34, f"{self._person()} · {self._name(1)}", face(20), GREY)
            sheet.text(680, y + 14, f"{self._number(2, 6)}:{self._number(0, 60):02}", face(22), GREY, "rs")
        return sheet

    def bills(self) -> Sheet:
        """What was paid and received."""
        face, sheet, y = self._font(self.han_fonts), Sheet(720, 1280, (245, 245, 245)), 230
        sheet.text(40, 80, f"2026年{self._number(1, 13)}月", face(34))
        spent, earned = (f"¥{self.rng.uniform(9, 9999):,.2f}" for _ in range(2))
        sheet.text(40, 130, f"支出{spent} 收入{earned}", face(24), GREY)
        while y < 1230:
            sheet.draw.rectangle((0, y - 60, 720, y + 55), WHITE)
            sheet.draw.rounded_rectangle((36, y - 36, 104, y + 32), 14, self._colour())
            sheet.text(130, y, self._name(self._number(1, 4)), face(28))
            sheet.text(130, y + 36, f"{self._number(1, 13)}月{self._number(1, 29)}日 {self._clock()}", face(21), GREY)
            paid = bool(self.rng.random() < 0.7)
            amount = f"{'-' if paid else '+'}{self.rng.uniform(1, 3000):,.2f}"
            sheet.text(684, y + 10, amount, face(30), BLACK if paid else (230, 140, 20), "rs")
            y += 118
        return sheet

    def lyrics(self) -> Sheet:
        """Short lines in the middle, in light ink on a coloured ground."""
        face, ground = self._font(self.han_fonts), self._colour(20, 90)
        sheet, y = Sheet(720, 1280, ground), 150
        sheet.text(360, 80, self._name(2), face(36), WHITE, "ms")
        while y < 1220:
            near = abs(y - 640) < 40
            ink = WHITE if near else (180, 180, 185)
            sheet.text(360, y, self._phrase(15).strip("，。、"), face(32 if near else 27), ink, "ms")
            y += 62
        return sheet

    def bilingual(self) -> Sheet:
        """A line of English, and what it means below."""
        size, face, latin = self._number(16, 24), self._font(self.han_fonts), self._font(self.latin_fonts)
        sheet, y = Sheet(1000, 1200), 90.0
        while y < 1100:
            text = self._words_of_english(self._number(5, 10)).capitalize() + "."
            while latin(size).getlength(text) > 880:
                text = text.rsplit(" ", 1)[0] + "."
            sheet.text(60, y, text, latin(size))
            sheet.text(60, y + 1.6 * size, self._phrase(36), face(0.9 * size), (70, 70, 70))
            y += 3.8 * size
        return sheet

    def laboratory(self) -> Sheet:
        """What was found in somebody's blood."""
        size, face = self._number(15, 20), self._font(self.han_fonts)
        font, high = face(size), 2.0 * size
        sheet = Sheet(1000, round(14 * high + 330))
        sheet.text(500, 70, self._name(1) + "人民医院检验报告单", face(1.7 * size), anchor="ms")
        for at, (name, value) in enumerate([
            ("姓名", self._person()), ("性别", self._one("男女")), ("年龄", f"{self._number(1, 99)}岁"),
            ("科别", self._name(1) + "科"), ("样本号", str(self._number(10**9, 10**10))), ("标本", "血清"),
        ]):  # fmt: skip
            sheet.text((60, 400, 700)[at % 3], 130 + high * (at // 3), f"{name}：{value}", font)
        top = 150 + 2 * high
        columns = {"序号": 60, "项目名称": 120, "英文": 330, "结果": 470, "": 570, "参考区间": 620, "单位": 810}
        for name, x in columns.items():
            sheet.text(x, top, name, font)
        for y in (top - 1.3 * size, top + 0.6 * size, top + 14 * high - size):
            sheet.draw.line((50, y, 950, y), BLACK)
        for at, (test, short, unit, least, most) in enumerate(TESTS, 1):
            found = float(self.rng.uniform(0.7 * least, 1.3 * most))
            mark = "↓" if found < least else "↑" if found > most else ""
            row = (str(at), test, short, f"{found:.2f}".rstrip("0").rstrip("."), mark, f"{least}-{most}", unit)
            for x, text in zip(columns.values(), row, strict=True):
                sheet.text(x, top + high * at, text, font)
        day = f"检验者：{self._person()}　　审核者：{self._person()}　　报告时间：{self._day()} {self._clock()}"
        for x, text in zip((60, 360, 640), day.split("　　"), strict=True):
            sheet.text(x, top + 14.4 * high, text, font)
        return sheet

    def waybill(self) -> Sheet:
        """What is stuck on a parcel."""
        face, latin, sheet = self._font(self.han_fonts), self._font(self.latin_fonts), Sheet(760, 1020)
        sheet.draw.rectangle((20, 20, 740, 1000), None, BLACK, 2)
        for y in (150, 290, 420, 640, 860):
            sheet.draw.line((20, y, 740, y), BLACK, 2)
        sheet.text(40, 105, self._name(1) + "快递", face(50))
        sheet.text(720, 100, f"{self._number(1, 5)}/{self._number(5, 9)}件", face(26), anchor="rs")
        area, street = self._number(100, 999), f"{self._one('ABCD')}{self._number(10, 99)}"
        sheet.text(380, 245, f"{area}-{street} {self._number(100, 999)}", latin(68), anchor="ms")
        for y, role in ((330, "收"), (460, "寄")):
            sheet.draw.ellipse((36, y - 10, 86, y + 40), BLACK)
            sheet.text(61, y + 26, role, face(28), WHITE, "ms")
            masked = f"1{self._number(30, 90)}****{self._number(1000, 9999)}"
            sheet.text(110, y + 10, f"{self._person()} {masked}", face(27))
            place = f"{self._name(1)}省{self._name(1)}市{self._name(1)}区{self._name(1)}路{self._number(1, 300)}号"
            sheet.text(110, y + 50, place, face(23))
        x = 60.0
        while x < 700:
            wide = self._number(2, 7)
            sheet.draw.rectangle((x, 660, x + wide, 790), BLACK)
            x += wide + self._number(2, 7)
        code = f"{self._one(['SF', 'YT', 'JD', 'ZT'])}{self._number(10**12, 10**13)}"
        sheet.text(380, 840, code, latin(40), anchor="ms")
        sheet.text(40, 905, f"{self._name(2)} x {self._number(1, 9)}　　".strip(), face(24))
        sheet.text(40, 950, f"已验视 {self._day()} {self._clock()}", face(22))
        return sheet

    def terminal(self) -> Sheet:
        """A shell: what was asked, and rows of answers."""
        size, light = self._number(14, 20), bool(self.rng.random() < 0.3)
        ground, ink = ((250, 250, 245), (30, 30, 30)) if light else ((20, 22, 28), (215, 215, 215))
        fonts = [path for path in self.latin_fonts if "Mono" in path.name] or self.latin_fonts
        font, sheet, y = self._font(fonts)(size), Sheet(1000, 720, ground), 40.0
        green = (20, 130, 60) if light else (120, 220, 120)
        while y < 700:
            host = f"{self._one(self.english)}@{self._one(self.english)}:~$".lower()
            sheet.text(20, y, f"{host} ls -l /var/{self._one(self.english).lower()}", font, green)
            y += 1.45 * size
            for _ in range(self._number(3, 8)):
                if y > 700:
                    break
                kind, mode = self._one("-d"), self._one(["rw-r--r--", "rwxr-xr-x", "rw-------"])
                day = f"{self._one(['Jan', 'Mar', 'Aug', 'Nov'])} {self._number(10, 29)} {self._clock()}"
                name = f"{self._one(self.english).lower()}_{self._number(1, 99)}"
                size_, ending = f"{self._number(1, 10**6):>7}", self._one(["log", "py", "tar.gz", "txt"])
                row = f"{kind}{mode} {self._number(1, 9)} root root {size_} {day} {name}.{ending}"
                sheet.text(20, y, row, font, ink)
                y += 1.45 * size
        return sheet

    def comments(self) -> Sheet:
        """What people say about something: names, ages, texts, how many like it."""
        face, sheet, y = self._font(self.han_fonts), Sheet(720, 1280), 120.0
        sheet.text(40, 70, f"全部评论（{self._number(10, 9999)}）", face(30))
        while y < 1100:
            sheet.draw.ellipse((36, y - 6, 96, y + 54), self._colour(90, 210))
            sheet.text(120, y + 24, self._name(self._number(1, 3)), face(24), GREY)
            sheet.text(684, y + 24, str(self._number(1, 999)), face(21), GREY, "rs")
            y = self._under(sheet, 120, y + 68, self._wrapped(self._phrase(50), face(26), 560), face(26), 40)
            hours, days = f"{self._number(1, 24)}小时前", f"{self._number(1, 30)}天前"
            when = self._one([hours, days, "刚刚", "昨天 " + self._clock()])
            end = sheet.text(120, y, f"{when} · {self._name(1)}", face(20), GREY)
            sheet.text(end + 40, y, "回复", face(20), (70, 100, 160))
            y += 60
        return sheet

    def buses(self) -> Sheet:
        """When buses go, hour by hour, and where they stop."""
        face, sheet = self._font(self.han_fonts), Sheet(1000, 800)
        sheet.draw.rectangle((0, 0, 1000, 100), (20, 90, 160))
        sheet.text(40, 68, f"{self._number(1, 999)}路", face(48), WHITE)
        sheet.text(260, 64, f"{self._name(1)}站 → {self._name(1)}站", face(30), WHITE)
        sheet.text(960, 64, f"票价{self._number(1, 9)}元", face(26), WHITE, "rs")
        for at in range(14):
            y = 150 + 38 * at
            if at % 2:
                sheet.draw.rectangle((20, y - 28, 980, y + 10), (235, 242, 250))
            sheet.text(90, y, f"{6 + at:02}", face(24), (20, 90, 160), "rs")
            minute, x = self._number(0, 12), 150
            while minute < 60:
                sheet.text(x, y, f"{minute:02}", face(22))
                minute, x = minute + self._number(6, 16), x + 90
        stops = "、".join(self._name(1) for _ in range(14))
        self._under(sheet, 40, 720, self._wrapped("途经：" + stops, face(22), 900)[:2], face(22), 36)
        return sheet

    def forecast(self) -> Sheet:
        """Days in rows: a name, from how warm to how warm, and what else is known."""
        face, sheet = self._font(self.han_fonts), Sheet(720, 1100, (90, 140, 200))
        sheet.text(360, 90, self._name(1) + "市", face(38), WHITE, "ms")
        sheet.text(360, 230, f"{self._number(-15, 40)}°", face(110), WHITE, "ms")
        sheet.text(360, 290, f"空气质量 良 {self._number(10, 300)}", face(26), WHITE, "ms")
        names = ("今天", "明天", "周三", "周四", "周五", "周六", "周日")
        for at, name in enumerate(names):
            y, low = 400 + 92 * at, self._number(-15, 25)
            sheet.text(50, y, name, face(30), WHITE)
            sheet.text(190, y, f"{self._number(1, 13)}/{self._number(1, 29)}", face(22), (220, 230, 245))
            sheet.text(330, y, self._one(["晴", "多云", "小雨", "雷阵雨", "阴转多云"]), face(28), WHITE)
            sheet.text(680, y, f"{low}~{low + self._number(3, 14)}°", face(30), WHITE, "rs")
        return sheet

    def stations(self) -> Sheet:
        """A line of the underground, the names of its stations aslant above it."""
        face, sheet = self._font(self.han_fonts), Sheet(1300, 600)
        font, degrees, red = face(20), self._one([30, 45, 60]), (200, 30, 30)
        sheet.text(60, 60, f"{self._number(1, 21)}号线 运行图", face(36), red)
        sheet.draw.line((60, 420, 1240, 420), red, 8)
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        for x in range(80, 1220, 86):
            sheet.draw.ellipse((x - 9, 411, x + 9, 429), WHITE, (60, 60, 60), 3)
            name = self._name(1) + self._one(["", "路", "站", "广场", "公园"])
            wide = int(font.getlength(name)) + 6
            label = Image.new("L", (wide, 28))
            ImageDraw.Draw(label).text((3, 22), name, 255, font, "ls")
            turned = label.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
            left, top = x - 4, 400 - turned.height
            sheet.picture.paste((20, 20, 20), (left, top), turned)
            corners = np.array([(-wide / 2 + 3, -11), (wide / 2 - 3, -11), (wide / 2 - 3, 11), (-wide / 2 + 3, 11)])
            corners = corners @ ((cosine, -sine), (sine, cosine)) + (left + turned.width / 2, top + turned.height / 2)
            sheet.lines.append((name, corners.astype(np.float32)))
        first, last = self._number(0, 60), self._number(0, 60)
        sheet.text(60, 520, f"首班车 06:{first:02}　末班车 22:{last:02}", face(24))
        return sheet

    def headwords(self) -> Sheet:
        """Two columns of a dictionary: words in brackets, what they mean in numbers in rings."""
        face, sheet = self._font(self.han_fonts), Sheet(1000, 1300)
        for x in (50, 520):
            y = 60.0
            while y < 1200:
                sheet.text(x, y, f"【{self._name(1)}】", face(22))
                meaning = f"①{self._phrase(26)}②{self._phrase(26)}"
                y = self._under(sheet, x + 20, y + 28, self._wrapped(meaning, face(19), 430)[:4], face(19), 28) + 8
        sheet.draw.line((502, 40, 502, 1260), BLACK)
        return sheet

    def formulas(self) -> Sheet:
        """A lesson: sentences with formulas set apart."""
        size, face = self._number(18, 24), self._font(self.han_fonts)
        font, sheet, y = face(size), Sheet(900, 1000), 80.0
        while y < 900:
            y = self._under(sheet, 60, y, self._wrapped(self._one(self.prose), font, 780)[:3], font, 1.7 * size)
            a, b, c = (self._number(1, 30) for _ in range(3))
            formula = self._one([
                f"{a}x + {b} = {c}", f"y = {a}x - {b}", f"S = {a} × {b} = {a * b}", f"({a} + {b}) ÷ {c} = x",
                f"v = s / t = {a * c}m / {c}s = {a}m/s", f"{a}% × {b}00 = {a * b}",
                f"sin({a}°) ≈ {math.sin(math.radians(a)):.3f}",
            ])  # fmt: skip
            sheet.text(450, y + 0.5 * size, formula, font, anchor="ms")
            y += 2.6 * size
        return sheet
