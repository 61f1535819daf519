# SPDX-License-Identifier: Apache-2.0
"""Line and dot charts as SVG, with logarithmic axes, without a library. They have no ground of
their own and follow the reader's light or dark page."""

import html
import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 130, 52, 58
# distinguishable by those who do not see all colours, on white and on black
COLOURS = ["#0a7bc2", "#e06c00", "#159570", "#c4527f", "#8a63d2", "#a07a00", "#4fa3d1", "#d14b3d",
           "#6b8e23", "#7f7f7f"]
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #33393f }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #8b949e; stroke-opacity: .3 }
  .axis { stroke: #8b949e }
  .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #d5dbe1 } }
"""


def short(value):
    for size, unit in [(1e9, "G"), (1e6, "M"), (1e3, "k")]:
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def ticks(low, high):
    """Round numbers from below the least value to above the greatest, not too many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ([1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]):
        marks = [step * 10.0 ** decade for decade in decades for step in steps]
        inside = [mark for mark in marks if low <= mark <= high]
        first = max((mark for mark in marks if mark <= low), default=low)
        last = min((mark for mark in marks if mark >= high), default=high)
        found = sorted({first, *inside, last})
        if len(found) <= 8:
            break
    return found


class Axis:
    def __init__(self, values, begin, end, marks=None):
        self.marks = marks or ticks(min(values), max(values))
        self.low, self.high = math.log(min(self.marks)), math.log(max(self.marks))
        self.begin, self.end = begin, end

    def place(self, value):
        span = self.high - self.low or 1
        return self.begin + (math.log(value) - self.low) / span * (self.end - self.begin)


class Chart:
    def __init__(self, title, height=HEIGHT):
        self.height = height
        self.parts = []
        self.text(LEFT, 28, title, "title")

    def text(self, x, y, words, kind="", anchor="start", extra=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" '
                          f'text-anchor="{anchor}"{extra}>{html.escape(words)}</text>')

    def rule(self, x1, y1, x2, y2, kind):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'class="{kind}"/>')

    def dot(self, x, y, colour, radius=3.5):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')

    def across(self, axis, label):
        bottom = self.height - BOTTOM
        for mark in axis.marks:
            self.rule(axis.place(mark), TOP, axis.place(mark), bottom, "grid")
            self.text(axis.place(mark), bottom + 20, short(mark), anchor="middle")
        self.rule(axis.begin, bottom, axis.end, bottom, "axis")
        self.text((axis.begin + axis.end) / 2, bottom + 44, label, anchor="middle")

    def up(self, axis, label):
        for mark in axis.marks:
            self.rule(LEFT, axis.place(mark), WIDTH - RIGHT, axis.place(mark), "grid")
            self.text(LEFT - 8, axis.place(mark) + 4, short(mark), anchor="end")
        middle = (axis.begin + axis.end) / 2
        self.text(20, middle, label, anchor="middle", extra=f' transform="rotate(-90 20 {middle})"')

    def write(self, path):
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
            f'viewBox="0 0 {WIDTH} {self.height}">\n<style>{STYLE}</style>\n'
            + "\n".join(self.parts) + "\n</svg>\n", encoding="utf-8")


def spread(wanted, distance, lowest):
    """Places near those wanted, in their order, that far apart and none below `lowest`."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = list(wanted)
    for before, i in zip(order, order[1:]):
        places[i] = max(places[i], places[before] + distance)
    limit = lowest
    for i in reversed(order):
        places[i] = min(places[i], limit)
        limit = places[i] - distance
    return places


def lines(path, title, x_label, y_label, series):
    """`series` is {name: [(x, y), …]}; the name stands at the end of its line."""
    xs = sorted({x for points in series.values() for x, _ in points})
    ys = [y for points in series.values() for _, y in points]
    chart = Chart(title)
    x_axis = Axis(xs, LEFT, WIDTH - RIGHT, xs if len(xs) <= 8 else None)
    y_axis = Axis(ys, HEIGHT - BOTTOM, TOP)
    chart.across(x_axis, x_label)
    chart.up(y_axis, y_label)
    ends = [y_axis.place(points[-1][1]) + 4 for points in series.values()]
    ends = spread(ends, 16, HEIGHT - BOTTOM)
    for (name, points), colour, end in zip(series.items(), COLOURS, ends):
        places = [(x_axis.place(x), y_axis.place(y)) for x, y in points]
        path_of = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        chart.parts.append(f'<polyline class="line" stroke="{colour}" points="{path_of}"/>')
        for x, y in places:
            chart.dot(x, y, colour)
        chart.rule(places[-1][0] + 5, places[-1][1], WIDTH - RIGHT + 20, end - 4, "grid")
        chart.text(WIDTH - RIGHT + 24, end, name, extra=f' style="fill:{colour}"')
    chart.write(path)


def dots(path, title, x_label, rows):
    """`rows` is {name: {column: value}}: a line a row, a dot a column."""
    height = TOP + BOTTOM + 30 * len(rows) + 10
    chart = Chart(title, height)
    axis = Axis([value for row in rows.values() for value in row.values()], LEFT + 10,
                WIDTH - RIGHT)
    chart.across(axis, x_label)
    columns = list(next(iter(rows.values())))
    for i, column in enumerate(columns):
        chart.dot(WIDTH - RIGHT + 24, TOP + 14 + 20 * i, COLOURS[i], 5)
        chart.text(WIDTH - RIGHT + 36, TOP + 18 + 20 * i, column)
    for i, (name, row) in enumerate(rows.items()):
        y = TOP + 20 + 30 * i
        chart.text(LEFT, y + 4, name, anchor="end")
        chart.rule(axis.place(min(row.values())), y, axis.place(max(row.values())), y, "axis")
        for column, colour in zip(columns, COLOURS):
            chart.dot(axis.place(row[column]), y, colour, 5)
    chart.write(path)
