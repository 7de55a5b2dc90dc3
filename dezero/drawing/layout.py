"""Where boxes and edges go: layers from above, few crossings, no overlaps; all in time that grows with what is drawn.

An edge over some layers passes each by a place of its own, shared by all edges that come from the same box.  An edge over
more than FAR layers runs beside the picture.
"""
from bisect import bisect_right, insort

from .fold import layers_of

GAP, ROW_GAP = 22, 40           # pixels between boxes, and between layers
MARGIN = 16
FAR = 8
SWEEPS = 8
LEAF = 0.02                     # what a leaf counts beside a computed value
PORT = 1e-4                     # of a row's places: operands arrive at a box from left to right
LANE = 12                       # pixels that an edge beside the picture takes


class Layout:
    """Places in pixels.

    Attributes
    ----------
    places : list of (x, y)
        Of each box, its upper left corner.
    edges : list of list of tuple
        Of each edge, the commands of its path: ("M", x, y), ("V", y), ("H", x), ("C", x, y, x, y, x, y), ("Q", x, y, x, y).
    width, height : float
    """


def layout(boxes, sizes):
    """Return the Layout of boxes, each after its parents, of sizes (width, height)."""
    grid = Grid(boxes, sizes)
    order_rows(grid)
    xs = place_rows(grid)
    tops, bottoms = row_ends(grid)
    left = min([xs[i] - grid.widths[i] / 2 for i in range(len(grid.widths))]) - MARGIN
    xs = [x - left for x in xs]
    plan = Layout()
    plan.places = [(xs[i] - sizes[i][0] / 2, tops[grid.layers[i]]) for i in range(len(boxes))]
    right = max([x + w / 2 for x, w in zip(xs, grid.widths)])
    plan.edges = []
    for c, box in enumerate(boxes):
        for k, p in enumerate(box.parents):
            port = xs[c] + port_of(k, len(box.parents), sizes[c][0])
            start = xs[p], tops[grid.layers[p]] + sizes[p][1]
            if grid.layers[c] - grid.layers[p] > FAR:
                plan.edges.append(around(grid, p, c, start, port, tops, bottoms, right))
            else:
                plan.edges.append(through(grid, p, c, start, port, xs, tops, bottoms))
    lanes = 1 + max(grid.lanes.values(), default=-1)
    plan.width, plan.height = right + MARGIN + LANE * lanes, bottoms[-1] + MARGIN
    return plan


def port_of(k, count, width):
    """Where the edge of operand k arrives, from the middle of a box."""
    step = min(18, (width - 24) / count)
    return (k - (count - 1) / 2) * step


class Grid:
    """Boxes and the places that edges pass, by layer; and which of the next layers above and below belong together."""

    def __init__(self, boxes, sizes):
        self.layers = layers_of(boxes)
        self.widths, self.heights = [w for w, _ in sizes], [h for _, h in sizes]
        self.above, self.below = [[] for _ in boxes], [[] for _ in boxes]
        self.passes, self.lanes = {}, {}
        far = {}
        for c, box in enumerate(boxes):
            for k, p in enumerate(box.parents):
                if self.layers[c] - self.layers[p] > FAR:
                    far[p] = max(far.get(p, 0), self.layers[c])
                else:
                    self.join(self.way(p, self.layers[c] - 1), c, port_of(k, len(box.parents), sizes[c][0]))
        self.take_lanes(far)
        self.rows = [[] for _ in range(1 + max(self.layers))]
        for i, layer in enumerate(self.layers):
            self.rows[layer].append(i)

    def way(self, p, layer):
        """Return the place by which edges from p pass a layer, made with those before it where it is new; p itself on its own."""
        if layer == self.layers[p]:
            return p
        if (p, layer) not in self.passes:
            before = self.way(p, layer - 1)
            i = self.passes[p, layer] = len(self.layers)
            self.layers.append(layer)
            self.widths.append(8)
            self.heights.append(0)
            self.above.append([])
            self.below.append([])
            self.join(before, i, 0)
        return self.passes[p, layer]

    def join(self, upper, lower, port):
        self.above[lower].append((upper, port))
        self.below[upper].append((lower, port))

    def take_lanes(self, far):
        """Give each box with edges beside the picture a lane that is free from its layer to the last that it reaches."""
        ends = []
        for p in sorted(far, key=lambda p: self.layers[p]):
            lane = next((i for i, end in enumerate(ends) if end < self.layers[p]), len(ends))
            ends[lane:lane + 1] = [far[p]]
            self.lanes[p] = lane


def order_rows(grid):
    """Order each row by where its neighbours stand, from above and from below in turn; keep the order of fewest crossings."""
    best, fewest = [row[:] for row in grid.rows], crossings(grid)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        neighbours = grid.above if down else grid.below
        spot = {}
        for row in grid.rows if down else reversed(grid.rows):
            key = {i: sum([spot[j] + PORT * port for j, port in neighbours[i]]) / len(neighbours[i]) if neighbours[i] else k / max(len(row), 1)
                   for k, i in enumerate(row)}
            row.sort(key=key.get)
            spot.update({i: (k + 0.5) / len(row) for k, i in enumerate(row)})
        now = crossings(grid)
        if now < fewest:
            best, fewest = [row[:] for row in grid.rows], now
    grid.rows = best


def crossings(grid):
    """Count the pairs of edges between next layers that cross."""
    count = 0
    for upper, lower in zip(grid.rows, grid.rows[1:]):
        place = {i: k for k, i in enumerate(lower)}
        seen = []
        for i in upper:
            ends = sorted([place[j] + PORT * port for j, port in grid.below[i]])
            count += sum([len(seen) - bisect_right(seen, end) for end in ends])
            for end in ends:
                insort(seen, end)
    return count


def place_rows(grid):
    """Return the middle of each item: near those that it is joined to, in the order of the rows and without overlaps."""
    xs = [0.0] * len(grid.widths)
    for row in grid.rows:
        place_row(grid, row, [0.0] * len(row), xs)
    for sweep in range(SWEEPS):
        for row in grid.rows if sweep % 2 == 0 else reversed(grid.rows):
            place_row(grid, row, [middle(grid, i, sweep % 2 == 0, xs) for i in row], xs)
    return xs


def middle(grid, i, down, xs):
    """Return where an item stands in the middle of its neighbours above or below; leaves count little, so that chains are straight."""
    total = weights = 0.0
    for j, _ in grid.above[i] if down else grid.below[i]:
        weight = weight_of(grid, j)
        total, weights = total + weight * xs[j], weights + weight
    return total / weights if weights else xs[i]


def weight_of(grid, i):
    return 1.0 if grid.above[i] else LEAF


def place_row(grid, row, wanted, xs):
    """Put the items of a row as near to where they want to be as their widths allow, by least squares; leaves give way."""
    offsets, offset = [], 0.0
    for k, i in enumerate(row):
        if k:
            offset += (grid.widths[row[k - 1]] + grid.widths[i]) / 2 + GAP
        offsets.append(offset)
    groups = []                         # [sum, weight, count] of items that touch
    for i, want, offset in zip(row, wanted, offsets):
        weight = weight_of(grid, i)
        groups.append([weight * (want - offset), weight, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] >= groups[-1][0] / groups[-1][1]:
            last = groups.pop()
            groups[-1] = [a + b for a, b in zip(groups[-1], last)]
    k = 0
    for total, weight, count in groups:
        for i in row[k:k + count]:
            xs[i] = total / weight + offsets[k]
            k += 1


def row_ends(grid):
    """Return where each row begins and ends."""
    tops, bottoms, y = [], [], MARGIN
    for row in grid.rows:
        tops.append(y)
        bottoms.append(y + max([grid.heights[i] for i in row], default=0))
        y = bottoms[-1] + ROW_GAP
    return tops, bottoms


def through(grid, p, c, start, port, xs, tops, bottoms):
    """Return the path of an edge from row to row."""
    path = [("M", *start)]
    x = start[0]
    for layer in range(grid.layers[p], grid.layers[c]):
        at = xs[grid.way(p, layer)]
        end = port if layer + 1 == grid.layers[c] else xs[grid.way(p, layer + 1)]
        y0, y1 = bottoms[layer], tops[layer + 1]
        path += [("V", y0), ("C", at, (y0 + y1) / 2, end, (y0 + y1) / 2, end, y1)]
        x = end
    assert x == port
    return path


def around(grid, p, c, start, port, tops, bottoms, right):
    """Return the path of an edge beside the picture: between the rows nothing is in its way."""
    lane = grid.lanes[p]
    x = right + LANE * (lane + 1)
    y0 = bottoms[grid.layers[p]] + 12 + 3 * (lane % 5)
    y1 = tops[grid.layers[c]] - 14 - 3 * (lane % 5)
    r = 6
    return [("M", *start), ("V", y0 - r), ("Q", start[0], y0, start[0] + r, y0), ("H", x - r), ("Q", x, y0, x, y0 + r), ("V", y1 - r),
            ("Q", x, y1, x - r, y1), ("H", port + r), ("Q", port, y1, port, y1 + r), ("V", tops[grid.layers[c]])]
