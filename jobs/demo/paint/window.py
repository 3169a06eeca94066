"""Rain on a window at blue hour, seen from a dim room: a candle, a cup and books on the sill.

city lights ──out of focus──▶ pane ──bent by every drop──▶ behind the solids of the room, lit by the candle
"""

from __future__ import annotations

import cv2
import numpy as np
from film import Grade, blur
from light import halo
from noise import Array, Noise, mix, rgb, step
from solid import Vector, box, by_parcels, capsule, dot, march, normal, occlusion, pick
from still import Still
from terrain import View

WOOD = Noise.seeded(61)
WEATHER = Noise.seeded(62)
PANE = 2.30
SILL = -0.46
FLAME = (0.46, -0.135, 1.93)
CANDLE = rgb(1.0, 0.50, 0.17)
EVENING = rgb(0.10, 0.17, 0.31)


def _city(width: int, height: int) -> Array:
    """The town out of focus: towers against the last light, and lamps as discs."""
    small_w, small_h = width // 2, height // 2
    view = View(small_w, small_h, 0.5, 1.0, 0)
    u, v = view.screen()
    sky = mix(rgb(0.045, 0.085, 0.17), rgb(0.30, 0.20, 0.19), step(0.04, 0.36, v))
    city = sky * (1 + 0.35 * WEATHER.fbm(u * 3, v * 6, 4))[..., None]
    random = np.random.default_rng(63)
    for layer, (tone, low, high) in enumerate((((0.085, 0.10, 0.16), 0.16, 0.36), ((0.030, 0.040, 0.070), 0.24, 0.46))):
        left = -0.02
        while left < 1:
            wide, top = random.uniform(0.04, 0.11), random.uniform(low, high)
            block = (u >= left) & (u < left + wide) & (v > top)
            city[block] = rgb(*tone) * (1 + 0.25 * layer)
            left += wide * random.uniform(0.9, 1.3)
    city = blur(city, 0.007 * small_w)
    tints = [
        rgb(1.0, 0.52, 0.18),
        rgb(1.0, 0.70, 0.36),
        rgb(0.95, 0.82, 0.62),
        rgb(0.45, 0.72, 1.0),
        rgb(1.0, 0.22, 0.12),
    ]
    for _ in range(150):
        column, row = random.uniform(0, small_w), small_h * (0.40 + 0.42 * random.beta(1.6, 1.5))
        radius = small_w * random.uniform(0.006, 0.019)
        colour = tints[random.choice(5, p=(0.36, 0.28, 0.16, 0.10, 0.10))] * np.float32(
            0.75 * random.uniform(0.12, 1.0) ** 1.5
        )
        _disc(city, column, row, radius, colour)
    return cv2.resize(blur(city, 0.0012 * small_w), (width, height), interpolation=cv2.INTER_CUBIC)


def _disc(image: Array, column: float, row: float, radius: float, colour: Array) -> None:
    """A lamp far out of focus, added in place: flat, with the rim a lens gives it."""
    top, left = max(0, int(row - radius - 2)), max(0, int(column - radius - 2))
    y, x = np.mgrid[top : int(row + radius) + 3, left : int(column + radius) + 3].astype(np.float32)
    away = np.hypot(x - np.float32(column), y - np.float32(row)) / np.float32(radius)
    disc = step(1.0, 1.0 - 2.5 / radius, away) * (0.75 + 0.35 * away**4)
    window = image[top : top + disc.shape[0], left : left + disc.shape[1]]
    window += (disc[: window.shape[0], : window.shape[1], None]) * colour


def _drops(width: int, height: int) -> tuple[Array, Array]:
    """Water on the glass: its thickness (pixels), and where runs have wiped the fog away, 0..1."""
    random = np.random.default_rng(64)
    water = np.zeros((height, width), dtype=np.float32)
    wiped = np.zeros((height, width), dtype=np.float32)
    unit = width / 1920
    for _ in range(34):
        x, y, drift = random.uniform(0, width), random.uniform(-0.3, 0.5) * height, 0.0
        end, size = y + random.uniform(0.2, 0.9) * height, random.uniform(5, 9) * unit
        while y < end:
            drift = 0.9 * drift + random.normal(0, 0.22)
            x, y = x + drift * unit, y + 2.5 * unit
            cv2.circle(wiped, (int(x), int(y)), int(size * 0.8), 1.0, -1)
            if random.random() < 0.07:
                _bead(water, x + random.normal(0, 1.5) * unit, y, random.uniform(1.2, 3.4) * unit, 1.2)
        _bead(water, x, y, size * 1.25, 1.25)
    for _ in range(7000):
        radius = unit * min(1.5 + random.pareto(2.1) * 1.9, 13)
        x, y = random.uniform(0, width), random.uniform(0, height)
        if wiped[min(int(y), height - 1), min(int(x), width - 1)] < 0.5:
            _bead(water, x, y, radius, random.uniform(0.9, 1.25))
    return water, cv2.GaussianBlur(wiped, (0, 0), 1.5 * unit)


def _bead(water: Array, x: float, y: float, radius: float, tall: float) -> None:
    reach = int(radius * tall) + 2
    top, left = int(y) - reach, int(x) - reach
    if top < 0 or left < 0 or top + 2 * reach >= water.shape[0] or left + 2 * reach >= water.shape[1]:
        return
    v, u = np.mgrid[top : top + 2 * reach, left : left + 2 * reach].astype(np.float32)
    lean = 1 + 0.25 * (v - np.float32(y)) / np.float32(radius)
    inside = (
        1
        - ((u - np.float32(x)) * 1.0 / lean.clip(0.6, 1.4)) ** 2 / radius**2
        - ((v - np.float32(y)) / tall) ** 2 / radius**2
    )
    window = water[top : top + 2 * reach, left : left + 2 * reach]
    np.maximum(window, np.float32(radius) * np.sqrt(np.maximum(inside, 0)), out=window)


def _pane(width: int, height: int) -> Array:
    """The town through fogged, rained-on glass."""
    city = _city(width, height)
    water, wiped = _drops(width, height)
    soft = cv2.GaussianBlur(water, (0, 0), 0.6 * width / 1920)
    tilt_x, tilt_y = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.125)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bend = np.float32(0.085 * width)
    wet = step(0.3, 1.2, soft * 1920 / width)
    bent = cv2.remap(
        city,
        columns + np.clip(tilt_x, -1.6, 1.6) * bend,
        rows + np.clip(tilt_y, -1.6, 1.6) * bend * 1.5,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    u, v = View(width, height, 0.5, 1, 0).screen()
    fog = (0.55 + 0.25 * WEATHER.fbm(u * 4, v * 4, 5)) * (1 - 0.9 * wiped)
    fogged = mix(city, blur(city, 0.016 * width) * 0.92 + rgb(0.020, 0.024, 0.032), np.clip(fog, 0, 1))
    steep = np.hypot(tilt_x, tilt_y)
    drop = bent * (1.12 - 0.55 * step(0.7, 1.7, steep))[..., None]
    glint = step(0.55, 0.9, -tilt_y) * step(1.5, 1.0, steep) * step(-0.3, 0.4, -tilt_x)
    return mix(fogged, drop + rgb(0.30, 0.36, 0.46) * (0.30 * glint)[..., None], wet)


def frame(x: Array, y: Array, z: Array) -> Array:
    """Window frame with bars, the sill, and the wall round it."""
    bars = np.minimum(np.abs(x - 0.02) - 0.026, np.abs(y - 0.30) - 0.022)
    bars = np.maximum(bars, np.abs(z - PANE) - 0.035)
    sash = np.minimum(np.minimum(x + 1.02, 1.10 - x), np.minimum(y - SILL - 0.03, 0.95 - y)) - 0.055
    sash = np.maximum(sash, np.abs(z - PANE) - 0.05)
    bead = np.maximum(np.abs(sash - 0.002) - 0.012, np.abs(z - PANE + 0.055) - 0.01)
    wall = np.minimum(np.minimum(x + 1.06, 1.14 - x), y - SILL + 0.04)
    wall = np.maximum(wall, 2.06 - z)
    board = box(x - 0.04, y - SILL + 0.025, z - 2.06, (1.30, 0.025, 0.32), 0.012)
    return np.minimum(np.minimum(np.minimum(bars, sash), bead), np.minimum(wall, board))


def cup(x: Array, y: Array, z: Array) -> Array:
    """A cup on a saucer."""
    x, y, z = x + np.float32(0.24), y - np.float32(SILL), z - np.float32(1.90)
    belly = 0.100 + 0.020 * np.clip((y - 0.02) / 0.12, 0, 1) - 0.06 * np.clip(0.04 - y, 0, 1)
    outer = np.maximum(np.sqrt(x * x + z * z) - belly, np.abs(y - 0.095) - 0.080)
    bowl = np.maximum(np.sqrt(x * x + z * z) - belly + 0.009, 0.035 - y)
    a = np.sqrt((x + 0.125) ** 2 + ((y - 0.10) * 0.95) ** 2) - 0.048
    handle = np.sqrt(a * a + z * z) - 0.0105
    saucer = np.abs(y - 0.012 - 0.13 * np.maximum(np.sqrt(x * x + z * z) - 0.10, 0) ** 1.3) - 0.006
    saucer = np.maximum(saucer, np.sqrt(x * x + z * z) - 0.185) * 0.9
    return np.minimum(np.minimum(np.maximum(outer, -bowl) * 0.85, handle), saucer)


def books(x: Array, y: Array, z: Array) -> Array:
    """Three books, not quite squared up."""
    gap = np.full_like(x, 9)
    for k, (turn, half_x, half_z, thick, shift) in enumerate(
        ((0.10, 0.23, 0.16, 0.030, 0), (-0.16, 0.20, 0.145, 0.024, 0.01), (0.30, 0.17, 0.125, 0.020, -0.015))
    ):
        low = SILL + (0, 0.060, 0.108)[k]
        a, c = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        bx, bz = x + 0.66 - shift, z - 1.95
        bx, bz, by = a * bx - c * bz, c * bx + a * bz, y - low - thick
        cover = np.maximum(
            box(bx, by, bz, (half_x, thick, half_z), 0.004),
            -box(bx - 0.03, by, bz, (half_x + 0.02, thick - 0.004, half_z + 0.02)),
        )
        pages = box(bx, by, bz, (half_x - 0.012, thick - 0.003, half_z - 0.010))
        gap = np.minimum(gap, np.minimum(cover, pages))
    return gap


def candle(x: Array, y: Array, z: Array) -> Array:
    """A half-burnt candle in a brass dish."""
    x, y, z = x - np.float32(FLAME[0]), y - np.float32(SILL), z - np.float32(FLAME[2])
    away = np.sqrt(x * x + z * z)
    rim = 0.012 * np.sin(3 * np.arctan2(z, x)) + 0.008 * np.sin(7 * np.arctan2(z, x) + 1)
    wax = np.maximum(away - 0.052, np.abs(y - 0.14) - 0.13 - 0.4 * rim)
    wax = np.maximum(wax, -np.maximum(away - 0.036, 0.235 - y)) * 0.85
    drip = np.minimum(
        capsule(x, y, z, (-0.046, 0.10, -0.024), (-0.044, 0.26, -0.022), 0.011),
        capsule(x, y, z, (0.012, 0.16, -0.052), (0.010, 0.26, -0.046), 0.009),
    )
    wick = capsule(x, y, z, (0, 0.22, 0), (0.004, 0.29, 0), 0.004)
    dish = np.maximum(np.abs(y - 0.014 - 0.35 * np.maximum(away - 0.10, 0)) - 0.006, away - 0.15)
    return np.minimum(
        np.minimum(np.minimum(wax, drip), wick),
        np.minimum(dish * 0.9, np.sqrt((away - 0.06) ** 2 + (y - 0.02) ** 2) - 0.012),
    )


PARTS = (frame, cup, books, candle)


def scene(x: Array, y: Array, z: Array) -> Array:
    """The room's solids."""
    gap = PARTS[0](x, y, z)
    for part in PARTS[1:]:
        gap = np.minimum(gap, part(x, y, z))
    return gap


def _albedo(which: Array, point: Vector) -> Array:
    x, y, z = point
    grain = WOOD.fbm(x * 1.6, z * 26, 5)
    streak = WOOD.fbm(x * 30, y * 2.0, 4)
    on_board = (y < SILL + 0.01) & (z < 2.5)
    oak = rgb(0.25, 0.135, 0.065) * (1 + 0.55 * grain)[:, None]
    painted = rgb(0.36, 0.36, 0.34) * (1 + 0.10 * streak)[:, None]
    plaster = rgb(0.22, 0.20, 0.19) * (1 + 0.10 * WEATHER.fbm(x * 5, y * 5, 4))[:, None]
    timber = np.where((z < 2.10)[:, None] & ~on_board[:, None], plaster, np.where(on_board[:, None], oak, painted))
    inside = (np.hypot(x + 0.24, z - 1.90) < 0.095) & (y > SILL + 0.03)
    glaze = np.where((inside & (y < SILL + 0.145))[:, None], rgb(0.07, 0.03, 0.014), rgb(0.62, 0.60, 0.56))
    tier = np.digitize(y, (SILL + 0.059, SILL + 0.107))
    covers = np.stack([rgb(0.03, 0.075, 0.10), rgb(0.26, 0.055, 0.035), rgb(0.20, 0.17, 0.075)])[tier]
    page = (WOOD.value(y * 900, x * 6) * 0.12 + 0.52)[:, None] * rgb(1, 0.90, 0.72)
    within = (
        np.abs(np.mod(y - SILL - np.array([0, 0.060, 0.108])[tier], 1) - np.array([0.030, 0.024, 0.020])[tier])
        < np.array([0.025, 0.019, 0.015])[tier]
    )
    bound = np.where(
        (within & (z < 1.86) | (within & (x > -0.55)))[:, None], page, covers * (1 + 0.4 * streak)[:, None]
    )
    wax = np.where(
        (np.hypot(x - FLAME[0], z - FLAME[2]) < 0.062)[:, None] & (y > SILL + 0.03)[:, None],
        rgb(0.70, 0.58, 0.42),
        rgb(0.40, 0.27, 0.10),
    )
    return np.choose(which[:, None], (timber, glaze, bound, wax)).astype(np.float32)


def _shade(point: Vector, ray: Vector) -> Array:
    """Candle light, and the evening that comes in through the pane."""
    facing = normal(scene, point, 1.5e-3)
    which = np.argmin(np.stack([part(*point) for part in PARTS]), axis=0)
    albedo = _albedo(which, point)
    x, y, z = point
    way = tuple(np.float32(c) - p for c, p in zip(FLAME, point, strict=True))
    away = np.sqrt(sum(w * w for w in way)) + 1e-3
    toward = np.clip(dot(way, facing) / away, 0, 1)
    shadow = _reach(point, tuple(w / away for w in way), away)
    shade = occlusion(scene, point, facing, 0.22)
    light = albedo * CANDLE * (0.52 * (toward * shadow + 0.05) / (away * away + 0.012))[:, None]
    # The pane is one large soft lamp: it lights what faces it, and grazes what lies flat before it.
    inward = np.clip(0.30 + 0.5 * facing[2] + 0.45 * facing[1], 0, 1) * step(1.2, 2.3, z)
    light += albedo * EVENING * (3.4 * inward * shade)[:, None]
    light += albedo * rgb(0.045, 0.040, 0.045) * shade[:, None]
    melt_glow = (which == 3) & (y > SILL + 0.06) & (np.hypot(x - FLAME[0], z - FLAME[2]) < 0.064)
    light += CANDLE * (1.15 * melt_glow * step(SILL + 0.06, SILL + 0.27, y))[:, None]
    mirrored = 2 * dot(ray, facing)
    bounce = tuple(r - mirrored * f for r, f in zip(ray, facing, strict=True))
    shiny = np.choose(which, (0.10, 0.5, 0.06, 0.25))
    fresnel = 0.05 + 0.95 * np.clip(1 + dot(ray, facing), 0, 1) ** 4
    sheen = EVENING * (2.4 * step(0.0, 0.8, bounce[2]))[:, None]
    spark = np.clip(dot(bounce, way) / away, 0, 1)
    sheen += CANDLE * (3.0 * spark**60 + 0.6 * spark**9)[:, None]
    return light + sheen * (shiny * fresnel * shade * 1.6)[:, None]


def _reach(point: Vector, toward: Vector, away: Array) -> Array:
    """Share of the candle's light that arrives, 0..1."""
    light = np.ones_like(away)
    # Uneven first strides turn the rings that even ones leave into grain.
    t = (0.008 + 0.012 * np.random.default_rng(65).random(away.size)).astype(np.float32)
    for _ in range(28):
        gap = scene(*(p + w * t for p, w in zip(point, toward, strict=True)))
        light = np.minimum(light, np.where(t < away - 0.10, np.clip(0.5 + 7 * gap / t, 0, 1), 1))
        t = t + np.clip(np.abs(gap), 0.008, 0.12)
    return light * light * (3 - 2 * light)


def paint(width: int, height: int) -> Still:
    """The window."""
    view = View(width, height, 0.43, 1.04, 0.04)
    light = _pane(width, height)
    across, up = np.meshgrid(view.across, view.up)
    length = np.sqrt(1 + across**2 + up**2).ravel()
    ray = (across.ravel() / length, up.ravel() / length, 1 / length)
    eye = tuple(np.full(length.shape, c, dtype=np.float32) for c in (0.0, view.eye, 0.0))
    hit = march(scene, eye, ray, 3.2, steps=110, touch=5e-4)
    met = np.isfinite(hit) & (hit * ray[2] < PANE + 0.06)
    flat = light.reshape(-1, 3)
    point = tuple((o + r * hit)[met] for o, r in zip(eye, ray, strict=True))
    flat[met] = by_parcels(_shade, point, pick(ray, met))
    light = flat.reshape(height, width, 3)
    column, row = view.place(FLAME[0], FLAME[1] - 0.02, FLAME[2])
    _flame(light, column, row + 0.006 * width)
    halo(light, column, row, CANDLE * np.float32(0.55), 0.05)
    halo(light, column, row, CANDLE * np.float32(0.13), 0.25)
    grade = Grade(
        exposure=1.35, bloom=0.22, threshold=0.9, shadows=(0.94, 1.0, 1.08), lights=(1.05, 1.0, 0.94), contrast=1.03
    )
    away = np.where(met, hit * ray[2], 60).reshape(height, width)
    u, v = view.screen()
    beside_flame = np.hypot(u - column / width, (v - row / width) / 1.8) > 0.012
    moves = ((away > 50) & beside_flame).astype(np.float32)
    return Still(light, grade, None, moves)


def _flame(light: Array, column: float, row: float) -> None:
    """The flame, added in place: a drop of light, blue at the wick."""
    height, width = light.shape[:2]
    u, v = View(width, height, 0.5, 1, 0).screen()
    x, y = (u - np.float32(column / width)) * 100, (np.float32(row / width) - v) * 100
    wide = 0.52 * np.sqrt(np.clip(y, 0, 3.4)) * np.clip(1 - y / 3.4, 0, 1) ** 0.8 + 1e-4
    core = step(1.0, 0.35, np.abs(x - 0.04 * y) / wide) * (y > 0) * (y < 3.4)
    light += (rgb(2.6, 1.55, 0.55) * 2.2) * (core * (0.35 + 0.65 * step(0.1, 1.2, y)))[..., None]
    light += rgb(0.05, 0.12, 0.5) * (core * step(0.9, 0.1, y))[..., None]
