"""Made pages as people read them, as data for ``shizi score`` and ``benchmarks/accuracy.py``.

``python benchmarks/layouts.py DATA --han FONT... --latin FONT... --prose FILE... --words FILE --english FILE`` writes
pages into slices of DATA: Chinese text (one to three columns, dark, examination papers), English text, forms (tables
with rules, menus, receipts, cards), screens (chats, settings, slides), code, cells (spreadsheets, calendars, sums to be
done), designs (résumés, labels of food, train tickets, web pages), papers under seals, lists of wages, the vertical
text of :mod:`upright`, the boards and panels of :mod:`lights`, the curves, bars, plans and calendars of :mod:`plots`,
and the lists, letters, guides and records of :mod:`everyday`, each as a program sets it, and once more as a photograph
would show it: seen from the side, unevenly lit, a little blurred, grainy, as JPEG.

PROSE has sentences, one a row; WORDS and ENGLISH words, the commonest first.
"""

from __future__ import annotations

import argparse
import inspect
import json
import textwrap
from itertools import pairwise
from pathlib import Path

import numpy as np

from everyday import Everyday
from lights import Lights
from plots import Plots
from sheets import BLACK, WHITE, Font, Ink, Maker, Sheet, photographed
from upright import Upright

FIELDS = (
    "姓名", "性别", "年龄", "出生日期", "联系电话", "身份证号", "住址", "工作单位", "职务",
    "邮编", "电子邮箱", "备注", "申请人", "学历", "专业", "民族",
)
COLUMNS = {"序号": 3, "品名": 7, "规格": 5, "单位": 3, "数量": 4, "单价": 5, "金额": 6, "备注": 5}
"""Of a table, and how many characters wide they are."""

CAPITAL = ("壹仟贰佰叁拾肆圆伍角陆分", "玖佰捌拾柒圆整", "贰万零伍佰圆整", "肆拾叁圆贰角壹分", "陆仟零捌圆柒角整")
"""Amounts written out."""


class Layouts(Maker):
    """Kinds of pages."""

    def chinese(self, columns: int = 1, ground: Ink = WHITE, ink: Ink = BLACK) -> Sheet:
        """Prose in columns under a title."""
        size = self._number(14, 18) if columns > 1 else self._number(14, 24)
        face, pitch, gap = self._font(self.han_fonts), self.rng.uniform(1.35, 1.9), (1.2 if columns > 2 else 2) * size
        font, sheet = face(size), Sheet(1100, 1200, ground)
        sheet.text(550, 60 + 2 * size, self._name(3), face(1.7 * size), ink, "ms")
        width = (980 - gap * (columns - 1)) / columns
        for column in range(columns):
            y = 60.0 + 5 * size
            while y < 1120:
                for line in self._wrapped("　　" + self._one(self.prose), font, width):
                    text = line.lstrip("　")
                    if y < 1150:
                        sheet.text(60 + column * (width + gap) + size * (len(line) - len(text)), y, text, font, ink)
                    y += size * pitch
        return sheet

    def columns(self) -> Sheet:
        """Two or three columns."""
        return self.chinese(self._number(2, 4))

    def dark(self) -> Sheet:
        """Light on dark."""
        return self.chinese(1, (30, 30, 30), (220, 220, 220))

    def exam(self) -> Sheet:
        """Questions with four answers each."""
        size, face = self._number(16, 22), self._font(self.han_fonts)
        font, sheet, y = face(size), Sheet(900, 1150), 120.0
        sheet.text(450, 70, "期末试卷（A卷）", face(1.6 * size), anchor="ms")
        number = 1
        while y < 1050:
            for line in self._wrapped(f"{number}．{self._phrase(50)}（　　）", font, 780):
                sheet.text(60, y, line, font)
                y += 1.7 * size
            for at, letter in enumerate("ABCD"):
                sheet.text(60 + size + 190 * at, y, f"{letter}．{self._name(1)}", font)
            y += 2 * size
            number += 1
        return sheet

    def english_text(self, columns: int = 1) -> Sheet:
        """Words in columns."""
        size = self._number(12, 16) if columns > 1 else self._number(13, 22)
        font, sheet = self._font(self.latin_fonts)(size), Sheet(1000, 1100)
        width = (880 - 40 * (columns - 1)) / columns
        letters = max(8, int(width / font.getlength("n")))
        for column in range(columns):
            y = 70.0
            while y < 1040:
                text = " ".join(self._one(self.english) for _ in range(self._number(20, 60))).capitalize() + "."
                for line in textwrap.wrap(text, letters):
                    if y < 1060:
                        sheet.text(60 + column * (width + 40), y, line, font)
                    y += 1.35 * size
                y += 0.6 * size
        return sheet

    def english_columns(self) -> Sheet:
        """Two columns in small print."""
        return self.english_text(2)

    def form(self) -> Sheet:
        """Fields that are filled in above rules, and boxes to tick."""
        size, face = self._number(16, 26), self._font(self.han_fonts)
        font, sheet = face(size), Sheet(1000, 1000)
        sheet.text(500, 90, self._name(2) + "登记表", face(1.6 * size), anchor="ms")
        for at, field in enumerate(FIELDS):
            x, y = (70.0, 540.0)[at % 2], 160 + 2.2 * size * (at // 2)
            end = sheet.text(x, y, field + "：", font)
            sheet.text(end + 0.4 * size, y, self._value(), font, (20, 20, 80))
            sheet.draw.line((end, y + 0.25 * size, x + 400, y + 0.25 * size), BLACK)
        x = 70.0
        base = 160 + 2.2 * size * (len(FIELDS) // 2)
        for word in ("同意", "不同意", "其他"):
            sheet.draw.rectangle((x, base - 0.85 * size, x + 0.85 * size, base), outline=BLACK)
            end = sheet.text(x + 1.2 * size, base, word, font)
            text, corners = sheet.lines[-1]
            corners[[0, 3], 0] = x
            sheet.lines[-1] = f"□{text}", corners
            x = end + 2 * size
        return sheet

    def menu(self) -> Sheet:
        """Dishes, leading dots, prices."""
        size, face = self._number(18, 30), self._font(self.han_fonts)
        font, sheet, y = face(size), Sheet(800, 1100, (WHITE, (250, 244, 228))[self._number(0, 2)]), 170.0
        sheet.text(400, 90, "菜　单", face(2 * size), (120, 20, 20), "ms")
        while y < 1050:
            end = sheet.text(70, y, self._name(), font)
            price = f"{self._number(8, 200)}元" if self.rng.random() < 0.5 else f"{self._number(8, 200)}.80"
            sheet.text(730, y, price, font, anchor="rs")
            room = 730 - font.getlength(price) - end - size
            if self.rng.random() < 0.7:
                sheet.text(end + size / 2, y, "." * max(0, int(room / font.getlength("."))), font, told=False)
            y += 1.8 * size
        return sheet

    def table(self) -> Sheet:
        """Cells between rules, some to the right, some in the middle."""
        size, face = self._number(14, 22), self._font(self.han_fonts)
        font, unit, high = face(size), 1.25 * size, 2.0 * size
        wide = sum(COLUMNS.values()) * unit + 120
        sheet = Sheet(int(wide), int(21 * high + 160))
        sheet.text(wide / 2, 70, self._name(2) + "销售清单", face(1.6 * size), anchor="ms")
        sheet.draw.rectangle((60, 110, wide - 60, 110 + high), fill=(215, 225, 240))
        for row in range(21):
            x, y = 60.0, 110 + row * high
            cells = (str(row), self._name(), f"{self._number(1, 50)}mm", self._one(["个", "件", "台", "箱", "吨"]))
            more = (str(self._number(1, 999)), f"{self.rng.uniform(1, 99):.2f}", f"{self.rng.uniform(1, 9999):,.2f}")
            note = self._name(1) if self.rng.random() < 0.4 else ""
            for at, (text, width) in enumerate(zip((*cells, *more, note), COLUMNS.values(), strict=True)):
                end = x + width * unit
                sheet.draw.rectangle((x, y, end, y + high), outline=(60, 60, 60))
                said, base = text if row else list(COLUMNS)[at], y + high / 2 + 0.36 * size
                if at in (4, 5, 6) and row:
                    sheet.text(end - 0.3 * size, base, said, font, anchor="rs")
                elif at in (0, 3) or not row:
                    sheet.text((x + end) / 2, base, said, font, anchor="ms")
                else:
                    sheet.text(x + 0.3 * size, base, said, font)
                x = end
        return sheet

    def receipt(self) -> Sheet:
        """Goods, counts and prices between rows of dashes."""
        face = self._font(self.han_fonts)
        font, sheet, y = face(20), Sheet(440, 1000), 200.0
        sheet.text(220, 50, self._name(2) + "超市", face(30), anchor="ms")
        sheet.text(20, 90, f"单号：{self._number(10**9, 10**10)}", font)
        sheet.text(20, 120, f"日期：2026-{self._number(1, 13):02}-{self._number(1, 29):02}", font)
        sheet.text(20, 150, "-" * int(400 / font.getlength("-")), font, told=False)
        while y < 760:
            count, price = self._number(1, 10), self.rng.uniform(1, 60)
            sheet.text(20, y, self._name(), font)
            for x, text in ((230, str(count)), (320, f"{price:.2f}"), (420, f"{price * count:.2f}")):
                sheet.text(x, y + 28, text, font, anchor="rs")
            y += 58
        sheet.text(20, y, "=" * int(400 / font.getlength("=")), font, told=False)
        for at, word in enumerate(("合计", "实收", "找零"), 1):
            sheet.text(20, y + 32 * at, word, font)
            sheet.text(420, y + 32 * at, f"{self.rng.uniform(1, 999):.2f}", font, anchor="rs")
        sheet.text(220, y + 150, "谢谢惠顾，欢迎再来！", font, anchor="ms")
        return sheet

    def card(self) -> Sheet:
        """A business card."""
        face, sheet = self._font(self.han_fonts), Sheet(900, 560, (250, 250, 250))
        small, grey = face(24), (60, 60, 60)
        sheet.text(80, 120, self._name(1), face(56))
        sheet.text(80, 175, self._one(["销售经理", "工程师", "总监", "主任"]), face(30), (90, 90, 90))
        sheet.text(80, 300, self._name(2) + "有限公司", face(30), (20, 60, 140))
        mail = f"{self._one(self.english)}@{self._one(self.english)}.com".lower()
        sheet.text(80, 350, f"电话：1{self._number(10**9, 10**10)}", small, grey)
        sheet.text(80, 394, f"邮箱：{mail}", small, grey)
        sheet.text(80, 438, f"地址：北京市海淀区{self._name(1)}路{self._number(1, 300)}号", small, grey)
        return sheet

    def chat(self) -> Sheet:
        """Bubbles of two people, by day or by night."""
        face, night = self._font(self.han_fonts), bool(self.rng.random() < 0.5)
        font, y = face(30), 120.0
        sheet = Sheet(750, 1334, (25, 25, 25) if night else (237, 237, 237))
        sheet.text(375, 70, self._name(1), font, (200, 200, 200) if night else BLACK, "ms")
        while y < 1050:
            mine = bool(self.rng.random() < 0.5)
            lines = self._wrapped(self._phrase(60), font, 430)
            wide, high = max(map(font.getlength, lines)) + 40, 42.0 * len(lines) + 30
            x = 650 - wide if mine else 100.0
            fill = ((60, 180, 90) if night else (149, 236, 105)) if mine else ((45, 45, 45) if night else WHITE)
            sheet.draw.rounded_rectangle((x, y, x + wide, y + high), 10, fill)
            sheet.draw.rounded_rectangle((670 if mine else 20, y, 730 if mine else 80, y + 60), 8, (90, 120, 160))
            for at, line in enumerate(lines):
                sheet.text(x + 20, y + 45 + 42 * at, line, font, (230, 230, 230) if night and not mine else BLACK)
            y += high + 30
        return sheet

    def settings(self) -> Sheet:
        """Rows with an icon, a label and a value."""
        font, sheet, y = self._font(self.han_fonts)(32), Sheet(750, 1334, (242, 242, 247)), 120.0
        sheet.text(375, 70, "设置", font, anchor="ms")
        while y < 1150:
            rows = self._number(1, 3)
            sheet.draw.rounded_rectangle((30, y, 720, y + 88 * rows), 16, WHITE)
            for base in (y + 55 + 88 * row for row in range(rows)):
                icon = self._number(40, 230), self._number(40, 230), self._number(40, 230)
                sheet.draw.rounded_rectangle((55, base - 36, 103, base + 12), 10, icon)
                sheet.text(125, base, self._name(), font)
                sheet.text(690, base, self._one(["开启", "关闭", "已连接", self._name(1)]), font, (142, 142, 147), "rs")
            y += 88 * rows + 50
        return sheet

    def slide(self) -> Sheet:
        """A title, bullets, and the number of the page."""
        ground = [WHITE, (20, 50, 110), (245, 240, 230), (150, 30, 30)][self._number(0, 4)]
        ink = WHITE if sum(ground) < 400 else (30, 30, 30)
        face, sheet = self._font(self.han_fonts), Sheet(1280, 720, ground)
        font = face(self._number(30, 38))
        sheet.text(80, 120, self._name(3) + "方案", face(60), ink)
        for y in range(230, 640, 70):
            sheet.draw.ellipse((90, y - 20, 102, y - 8), ink)
            sheet.text(125, y, self._phrase(30), font, ink)
        sheet.text(1240, 700, str(self._number(10, 60)), face(20), ink, "rs")
        return sheet

    def code(self) -> Sheet:
        """A program in an editor, dark or light: rows of Python's own library."""
        dark = bool(self.rng.random() < 0.5)
        size, sheet = self._number(14, 20), Sheet(1000, 800, (30, 30, 30) if dark else WHITE)
        font = self._font([path for path in self.latin_fonts if "Mono" in path.name] or self.latin_fonts)(size)
        rows = [row for row in inspect.getsource(textwrap).splitlines() if row.strip()]
        start = self._number(0, len(rows) - 60)
        for at, row in enumerate(rows[start : start + int(740 / (1.45 * size))]):
            low, high = (150, 255) if dark else (0, 110)
            ink = self._number(low, high), self._number(low, high), self._number(low, high)
            said = row.strip()
            sheet.text(20 + font.getlength(" ") * row.index(said), 40 + 1.45 * size * at, said, font, ink)
        return sheet

    def spreadsheet(self) -> Sheet:
        """Cells between pale rules, numbered rows and columns."""
        font, sheet, rule, grey = self._font(self.han_fonts)(16), Sheet(1000, 640), (205, 205, 205), (235, 235, 235)
        edges = np.cumsum((0, 50, 140, 120, 110, 110, 110, 120, 120)).tolist()
        sheet.draw.rectangle((0, 0, edges[-1], 24), fill=grey)
        sheet.draw.rectangle((0, 0, edges[1], 640), fill=grey)
        for letter, (left, right) in zip(" ABCDEFG", pairwise(edges), strict=True):
            sheet.draw.line((right, 0, right, 640), rule)
            sheet.text((left + right) / 2, 18, letter, font, (80, 80, 80), "ms")
        for row in range(24):
            y = 24 + 25 * row
            sheet.draw.line((0, y, edges[-1], y), rule)
            sheet.text(25, y + 19, str(row + 1), font, (80, 80, 80), "ms")
            values = [
                self._name(), self._name(1), str(self._number(1, 999)), f"{self.rng.uniform(1, 99):.2f}",
                f"{self.rng.uniform(1, 99):.1f}%", f"2026/{self._number(1, 13)}/{self._number(1, 29)}",
                self._one(["是", "否", "完成", "未完成", "—"]),
            ]  # fmt: skip
            texts = values if row else ["项目", "负责人", "数量", "单价", "占比", "日期", "状态"]
            for at, text in enumerate(texts, 1):
                figures = row > 0 and at in (3, 4, 5)
                x, anchor = (edges[at + 1] - 5, "rs") if figures else (edges[at] + 5, "ls")
                sheet.text(x, y + 19, text, font, anchor=anchor)
        return sheet

    def calendar(self) -> Sheet:
        """A month: figures, and small grey words below each."""
        size, face, sheet = self._number(20, 30), self._font(self.han_fonts), Sheet(760, 640)
        red, first = (180, 20, 20), self._number(0, 7)
        sheet.text(380, 70, f"2026年{self._number(1, 13)}月", face(1.6 * size), red, "ms")
        for at, name in enumerate("日一二三四五六"):
            sheet.text(80 + 100 * at, 130, name, face(size), red if at in (0, 6) else BLACK, "ms")
        for day in range(1, 31):
            row, at = divmod(day + first - 1, 7)
            x, y = 80 + 100 * at, 200 + 80 * row
            word = self._one(["初一", "初二", "廿三", "立冬", "小雪", "十五", "十九"])
            sheet.text(x, y, str(day), face(size), red if at in (0, 6) else BLACK, "ms")
            sheet.text(x, y + 26, word, face(0.6 * size), (120, 120, 120), "ms")
        return sheet

    def sums(self) -> Sheet:
        """Sums to be done, in four columns."""
        size, face, sheet = self._number(20, 28), self._font(self.han_fonts), Sheet(900, 900)
        sheet.text(450, 70, "口算练习题", face(1.6 * size), anchor="ms")
        for row in range(14):
            for column in range(4):
                text = f"{self._number(1, 100)}{self._one('+-×÷')}{self._number(1, 100)}="
                sheet.text(60 + 210 * column, 140 + 50 * row, text, face(size))
        return sheet

    def resume(self) -> Sheet:
        """A dark column with names of things, and what somebody did beside it, in lists."""
        face, sheet = self._font(self.han_fonts), Sheet(1000, 1450)
        font, small, blue = face(20), face(17), (41, 128, 185)
        sheet.draw.rectangle((0, 0, 300, 1450), fill=(44, 62, 80))
        sheet.text(150, 240, self._name(1), face(40), WHITE, "ms")
        sheet.text(150, 290, "软件工程师", font, (200, 210, 220), "ms")
        said = f"1{self._number(10**9, 10**10)}", f"{self._one(self.english).lower()}@mail.com", self._name(1), "硕士"
        for at, (name, text) in enumerate(zip(("电话", "邮箱", "城市", "学历"), said, strict=True)):
            sheet.text(40, 370 + 90 * at, name, font, (170, 190, 210))
            sheet.text(40, 402 + 90 * at, text, font, WHITE)
        y = 100.0
        for title in ("工作经历", "项目经验", "教育背景", "专业技能"):
            sheet.text(350, y, title, face(28), blue)
            sheet.draw.line((350, y + 12, 950, y + 12), blue, 2)
            y += 50
            for _ in range(3):
                begun, ended = (f"{self._number(2010, 2027)}.{self._number(1, 13):02}" for _ in range(2))
                sheet.text(350, y, f"{begun}-{ended}", small, (120, 120, 120))
                sheet.text(560, y, self._name(), font)
                for line in self._wrapped("· " + self._phrase(60), small, 590)[:2]:
                    y += 28
                    sheet.text(350, y, line, small)
                y += 42
        return sheet

    def label(self) -> Sheet:
        """What stands on food: names, values, a table."""
        face, sheet, y = self._font(self.han_fonts), Sheet(700, 900, (255, 252, 240)), 230.0
        font = face(20)
        sheet.draw.rounded_rectangle((20, 20, 680, 880), 20, None, (120, 160, 60), 4)
        sheet.text(350, 110, self._name(), face(56), (60, 120, 30), "ms")
        sheet.text(350, 160, f"NET WT. {self._number(50, 900)}g", face(24), (90, 90, 90), "ms")
        values = {
            "品名": self._name(), "配料": self._name(4), "净含量": f"{self._number(50, 999)}克",
            "保质期": f"{self._number(6, 36)}个月", "生产日期": "见包装封口处", "贮存条件": "置于阴凉干燥处",
            "产品标准号": f"GB/T {self._number(10000, 40000)}",
            "生产许可证号": f"SC{self._number(10**13, 10**14)}",
            "服务热线": f"400-{self._number(100, 999)}-{self._number(1000, 9999)}",
        }  # fmt: skip
        for name, value in values.items():
            sheet.text(50, y, f"{name}：{value}", font)
            y += 38
        sheet.draw.rectangle((50, y, 650, y + 170), outline=BLACK)
        sheet.text(60, y + 26, "营养成分表", font)
        for name, unit in (("能量", "千焦"), ("蛋白质", "克"), ("脂肪", "克"), ("钠", "毫克")):
            y += 34
            sheet.draw.line((50, y, 650, y), BLACK)
            sheet.text(60, y + 26, name, font)
            sheet.text(330, y + 26, f"{self.rng.uniform(0, 30):.1f}{unit}", font)
            sheet.text(540, y + 26, f"{self._number(1, 40)}%", font)
        return sheet

    def ticket(self) -> Sheet:
        """A train ticket."""
        face, sheet = self._font(self.han_fonts), Sheet(860, 540, (214, 234, 248))
        font, small = face(26), face(20)
        sheet.text(60, 60, str(self._number(10**7, 10**8)), font, (200, 30, 30))
        sheet.text(800, 60, self._name(1) + "站售", small, anchor="rs")
        sheet.text(80, 150, self._name(1) + "站", face(38))
        sheet.text(780, 150, self._name(1) + "站", face(38), anchor="rs")
        sheet.text(430, 140, f"G{self._number(1, 9999)}", face(34), anchor="ms")
        sheet.draw.line((340, 155, 520, 155), BLACK, 2)
        clock = f"{self._number(0, 24):02}:{self._number(0, 60):02}"
        sheet.text(80, 220, f"2026年{self._number(1, 13):02}月{self._number(1, 29):02}日 {clock}开", font)
        sheet.text(560, 220, f"{self._number(1, 17):02}车{self._number(1, 20):02}{self._one('ABCDF')}号", font)
        sheet.text(80, 270, f"￥{self.rng.uniform(20, 900):.1f}元", font)
        sheet.text(560, 270, self._one(["二等座", "一等座", "商务座"]), font)
        sheet.text(80, 320, "限乘当日当次车", font)
        number = f"{self._number(10**9, 10**10)}{self._number(1000, 9999)}****{self._number(1000, 9999)}"
        sheet.text(80, 370, f"{number} {self._name(1)}", font)
        sheet.text(80, 470, "报销凭证 遗失不补", small)
        sheet.text(80, 505, "退票改签时须交回车站", small)
        return sheet

    def web(self) -> Sheet:
        """A page with a bar, cards, buttons and a field."""
        face, sheet, x, y = self._font(self.han_fonts), Sheet(1200, 900), 40.0, 180
        font, small, grey = face(16), face(14), (110, 110, 110)
        sheet.draw.rectangle((0, 0, 1200, 56), fill=(36, 41, 47))
        for word in ("首页", "产品", "价格", "文档", "博客", "关于我们"):
            x = sheet.text(x, 36, word, font, (240, 240, 240)) + 36
        sheet.text(60, 140, self._name(3), face(36))
        for line in self._wrapped(self._one(self.prose), font, 700):
            sheet.text(60, y, line, font, grey)
            y += 28
        for at, fill in enumerate([(13, 110, 253), (220, 53, 69), (25, 135, 84)]):
            left = 60 + 370 * at
            sheet.draw.rounded_rectangle((left, 420, left + 340, 640), 8, (248, 249, 250), (220, 220, 220))
            sheet.text(left + 20, 460, self._name(), face(20))
            for row, line in enumerate(self._wrapped(self._phrase(50), small, 300)[:4]):
                sheet.text(left + 20, 495 + 24 * row, line, small, grey)
            sheet.draw.rounded_rectangle((left + 20, 585, left + 130, 620), 6, fill)
            word = self._one(["立即购买", "了解更多", "免费试用", "登录"])
            sheet.text(left + 75, 609, word, font, WHITE, "ms")
        sheet.text(60, 720, "用户名", font)
        sheet.draw.rectangle((60, 735, 400, 770), outline=(190, 190, 190))
        sheet.text(70, 759, "请输入用户名", font, (170, 170, 170))
        owner = f"© 2026 {self._name()} 版权所有 京ICP备{self._number(10**7, 10**8)}号"
        sheet.text(600, 870, owner, face(13), (150, 150, 150), "ms")
        return sheet

    def _sealed(self, sheet: Sheet, x: float, y: float, font: Font) -> None:
        """An organisation's round seal about there."""
        at, size = (x + self._number(-30, 30), y + self._number(-15, 15)), self.rng.uniform(85, 110)
        within = self._one(["合同专用章", "财务专用章", "业务专用章", "人事专用章"])
        sheet.seal(at, (size, size), (self._name(4) + "有限公司")[-11:], within, font)

    def contract(self) -> Sheet:
        """Clauses, and the names of both sides under their seals."""
        face, sheet, size, y = self._font(self.han_fonts), Sheet(1000, 1300), self._number(17, 23), 190.0
        font = face(size)
        sheet.text(500, 110, self._name() + "合同", face(1.8 * size), anchor="ms")
        for number in "一二三四五":
            for line in self._wrapped(f"第{number}条 {self._one(self.prose)}", font, 860):
                sheet.text(70, y, line, font)
                y += 1.7 * size
        for row in range(4):
            for x, side in ((70, "甲方"), (530, "乙方")):
                day = f"{self._number(2015, 2027)}年{self._number(1, 13)}月{self._number(1, 29)}日"
                value = (self._name() + "有限公司", self._name(1), f"1{self._number(10**9, 10**10)}", day)[row]
                name = (side + "（盖章）", "法定代表人", "联系电话", "日期")[row]
                sheet.text(x, y + 30 + 2.1 * size * row, f"{name}：{value}", font)
        for x in (270, 730):
            self._sealed(sheet, x, y + 30 + 2 * size, face(24))
        return sheet

    def order(self) -> Sheet:
        """What an office makes known: a red name, a rule, text, and a seal on name and date."""
        face, sheet, size, y = self._font(self.han_fonts), Sheet(1000, 1300), self._number(19, 24), 420.0
        font, office = face(size), self._name() + "委员会"
        sheet.text(500, 150, office + "文件", face(58), (215, 20, 20), "ms")
        sheet.text(500, 220, f"{self._name(1)}〔2026〕{self._number(1, 99)}号", font, anchor="ms")
        sheet.draw.line((80, 250, 920, 250), (215, 20, 20), 3)
        sheet.text(500, 330, f"关于{self._name(3)}的通知", face(1.5 * size), anchor="ms")
        while y < 950:
            for line in self._wrapped("　　" + self._one(self.prose), font, 840):
                text = line.lstrip("　")
                sheet.text(80 + size * (len(line) - len(text)), y, text, font)
                y += 1.75 * size
        sheet.text(720, y + 50, office, font, anchor="ms")
        sheet.text(720, y + 50 + 2 * size, f"2026年{self._number(1, 13)}月{self._number(1, 29)}日", font, anchor="ms")
        self._sealed(sheet, 720, y + 50 + size, face(24))
        return sheet

    def invoice(self) -> Sheet:
        """Names in brown, values in black, an oval red seal on the head and another one at the foot."""
        face, sheet, brown = self._font(self.han_fonts), Sheet(1200, 760), (150, 75, 30)
        font, small = face(19), face(17)
        sheet.text(600, 70, "电子发票（普通发票）", face(36), brown, "ms")
        number = "".join(map(str, self.rng.integers(0, 10, 20)))
        sheet.text(880, 60, f"发票号码：{number}", small)
        sheet.text(880, 95, f"开票日期：2026年{self._number(1, 13):02}月{self._number(1, 29):02}日", small)
        sheet.draw.rectangle((40, 130, 1160, 700), None, brown, 2)
        for x, side in ((60, "购买方"), (620, "销售方")):
            for row, (name, value) in enumerate([
                (f"{side}名称：", self._name() + "有限公司"),
                ("纳税人识别号：", f"91{self._number(10**14, 10**15)}X{self._number(0, 10)}"),
            ]):
                sheet.text(sheet.text(x, 175 + 45 * row, name, font, brown), 175 + 45 * row, value, font)
        names = ("项目名称", "规格型号", "单位", "数量", "单价", "金额", "税率", "税额")
        for row in range(self._number(3, 6)):
            y, tax = 285 + 42 * row, self._number(1, 14)
            price, count = self.rng.uniform(1, 900), self._number(1, 60)
            values = (
                f"*{self._name(1)}*{self._name(1)}", f"{self._one('ABCX')}-{self._number(10, 999)}",
                self._one("个台件箱"), str(count), f"{price:.2f}", f"{price * count:.2f}", f"{tax}%",
                f"{price * count * tax / 100:.2f}",
            )  # fmt: skip
            for x, name, value in zip((150, 350, 470, 560, 680, 820, 950, 1070), names, values, strict=True):
                sheet.text(x, y if row else 275, value if row else name, small, BLACK if row else brown, "ms")
        for y in (240, 290, 560, 620):
            sheet.draw.line((40, y, 1160, y), brown, 2)
        sheet.text(sheet.text(60, 600, "价税合计（大写）：", font, brown), 600, self._one(CAPITAL), font)
        sheet.text(sheet.text(700, 600, "（小写）：", font, brown), 600, f"¥{self.rng.uniform(9, 99999):.2f}", font)
        sheet.text(sheet.text(60, 675, "备注：", font, brown), 675, self._phrase(24), font)
        sheet.text(sheet.text(60, 740, "开票人：", font, brown), 740, self._name(1), font)
        sheet.seal((600, 75), (105, 68), "全国统一发票监制章", "国家税务总局", face(17))
        at = 980 + self._number(-40, 40), 620 + self._number(-20, 20)
        sheet.seal(at, (100, 70), (self._name(3) + "有限公司")[-10:], "发票专用章", face(18))
        return sheet

    def wages(self) -> Sheet:
        """A wide table of amounts between rules, in small figures."""
        sheet, font = Sheet(1300, 420), self._font(self.han_fonts)(18)
        names = (
            "姓名", "工号", "基本工资", "岗位津贴", "绩效奖金",
            "加班费", "社保扣款", "公积金", "个人所得税", "实发工资",
        )  # fmt: skip
        for row in range(6):
            values = [self._name(1), str(self._number(1000, 9999))]
            values += [f"{self.rng.uniform(0, 20_000):,.2f}" if self.rng.random() < 0.85 else "0.00" for _ in names[2:]]
            for at, text in enumerate(values if row else names):
                sheet.text(83 + 126 * at, 60 + 50 * row, text, font, anchor="ms")
        for row in range(7):
            sheet.draw.line((20, 28 + 50 * row, 1280, 28 + 50 * row), BLACK)
        for at in range(len(names) + 1):
            sheet.draw.line((20 + 126 * at, 28, 20 + 126 * at, 328), BLACK)
        return sheet


SLICES: dict[str, tuple[type[Maker], tuple[str, ...]]] = {
    "chinese": (Layouts, ("chinese", "columns", "dark", "exam")),
    "english": (Layouts, ("english_text", "english_columns")),
    "forms": (Layouts, ("form", "menu", "table", "receipt", "card")),
    "screens": (Layouts, ("chat", "settings", "slide")),
    "code": (Layouts, ("code",)),
    "cells": (Layouts, ("spreadsheet", "calendar", "sums")),
    "designs": (Layouts, ("resume", "label", "ticket", "web")),
    "seals": (Layouts, ("contract", "order", "invoice")),
    "lists": (Everyday, ("contacts", "tracks", "bills", "comments", "forecast")),
    "letters": (Everyday, ("references", "mail", "lyrics", "bilingual", "formulas")),
    "upright": (Upright, ("prose_down", "articles", "chapters", "scroll", "spines", "menu_down")),
    "wages": (Layouts, ("wages",)),
    "lights": (Lights, ("board", "sprayed", "panel")),
    "guides": (Everyday, ("stations", "headwords")),
    "plots": (Plots, ("curve", "bars", "plan", "wall")),
    "records": (Everyday, ("laboratory", "waybill", "buses", "terminal")),
}


def main() -> None:
    """Write the slices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--han", type=Path, nargs="+", required=True, metavar="FONT")
    parser.add_argument("--latin", type=Path, nargs="+", required=True, metavar="FONT")
    parser.add_argument("--prose", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--words", type=Path, required=True, metavar="FILE")
    parser.add_argument("--english", type=Path, required=True, metavar="FILE")
    parser.add_argument("--pages", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slices", nargs="*", choices=SLICES, default=list(SLICES), help="default: all")
    args = parser.parse_args()
    for name in args.slices:
        maker, kinds = SLICES[name]
        made = maker(args)
        for kind in kinds:
            for at in range(args.pages):
                sheet = getattr(made, kind)()
                data, lines = photographed(sheet, made.rng)
                for folder, told in (("", sheet.lines), ("_photographed", lines)):
                    path = args.data / f"{name}{folder}" / f"{kind}-{at}.{'jpg' if folder else 'png'}"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if folder:
                        path.write_bytes(data)
                    else:
                        sheet.picture.save(path)
                    truth = [{"text": text, "polygon": quad.tolist()} for text, quad in told]
                    path.with_suffix(".json").write_text(json.dumps({"lines": truth}, ensure_ascii=False))


if __name__ == "__main__":
    main()
