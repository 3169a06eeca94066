"""Morning in an old wood: the sun low behind the trunks, beams in the mist, someone on the path.

Painted from far to near: trunks and leaf clusters by distance, each seen through the mist before it.
"""

from __future__ import annotations

import cv2
import numpy as np
from film import Grade, blur
from light import halo
from noise import Array, Noise, mix, rgb, step
from people import cloaked
from solid import march, normal
from still import Still
from terrain import NO_HIT, View, cast, normals, shadow

BARK = Noise.seeded(81)
MOSS = Noise.seeded(82)
SUN = (0.085, 0.165)
"""Across and up per z."""
GOLD = rgb(2.6, 1.75, 0.80)
MIST = rgb(0.15, 0.24, 0.20)
CLEAR = 62.0
"""Metres until the mist hides two thirds."""
WALKER = (0.45, 15.0)


def path(z: Array) -> Array:
    """Where the path runs: x at z."""
    return 1.5 * np.sin(z / 9.5 + 0.1) - 0.6 * np.sin(z / 4.3) * 0.3 - 0.9 + 0.03 * z


def ground(x: Array, z: Array) -> Array:
    """The wood's floor: hummocks, ferns beside a worn path."""
    away = np.abs(x - path(z))
    worn = step(0.75, 2.0, away)
    hummock = 0.42 * BARK.fbm(x / 5, z / 5, 4) + 0.05 * (np.abs(x) - 2)
    fern = 0.34 * MOSS.ridged(x * 0.9, z * 0.9, 5, 0.6) * step(-0.2, 0.35, MOSS.fbm(x / 3.2, z / 3.2, 3))
    litter = 0.05 * MOSS.fbm(x * 3, z * 3, 4)
    return worn * (0.16 + hummock * 0.8 + fern) + litter + 0.25 * (1 - worn) * hummock


def _mist(across: Array, up: Array) -> Array:
    """Light of the mist along a ray, (..., 3)."""
    away = np.sqrt((across - SUN[0]) ** 2 + (0.8 * (up - SUN[1])) ** 2)
    glow = 0.60 * np.exp(-away / 0.07) + 0.30 * np.exp(-away / 0.26)
    return MIST + GOLD * glow[..., None]


def _through(colour: Array, z: Array | float, across: Array, up: Array) -> Array:
    """`colour` at distance z, behind its share of mist."""
    thick = 1 - np.exp(-np.asarray(z, dtype=np.float32) / CLEAR)
    low = 0.9 + 0.3 * np.clip(0.02 - up, 0, 0.2) / 0.2
    return mix(colour, _mist(across, up), np.clip(thick * low, 0, 1))


def _floor(view: View, light: Array, depth: Array, across: Array, up: Array) -> None:
    shore = cast(ground, view, 2.2, 90, 1900)
    seen = shore < NO_HIT
    z = shore[seen]
    x, y = z * across[seen], z * up[seen] + view.eye
    nx, ny, nz = normals(ground, x, z, 1.5 / view.width)
    beside = step(0.6, 1.7, np.abs(x - path(z)))
    leaf = MOSS.fbm(x * 6, z * 4.2, 5)
    earth = rgb(0.115, 0.078, 0.046) * (1 + 0.8 * leaf)[:, None]
    green = mix(rgb(0.035, 0.062, 0.016), rgb(0.085, 0.105, 0.022), step(-0.4, 0.5, leaf))
    tone = mix(earth, green, beside * step(-0.5, 0.1, MOSS.fbm(x / 2, z / 2, 4) + 0.4 * ny))
    toward = np.array([SUN[0], 0.42, 1.0]) / np.linalg.norm([SUN[0], 0.42, 1.0])
    sun = toward.astype(np.float32)
    lit = np.clip(nx * sun[0] + ny * sun[1] + nz * sun[2], 0, 1) * shadow(ground, x, y + 0.02, z, sun, 3, 12)
    # The canopy lets the sun through in patches that stretch along its way.
    dapple = step(0.02, 0.35, MOSS.fbm(x / 1.5, z / 4.6, 4)) * 0.9 + 0.10
    stripes = np.ones_like(x)
    for tx, tz, radius, _ in TRUNKS:
        past = (tz - z) / np.float32(sun[2])
        stripes = np.minimum(
            stripes, np.where(past > 0, step(radius * 0.7, radius * 1.5, np.abs(x + sun[0] * past - tx)), 1)
        )
    glow = GOLD * (1.5 * lit * dapple * stripes)[:, None]
    through = green * GOLD * (beside * 0.5 * dapple * step(0.15, 0.45, y))[:, None]
    light[seen] = _through(
        tone * (glow + rgb(0.36, 0.46, 0.36) * (0.5 + 0.5 * ny)[:, None]) + through, z, across[seen], up[seen]
    )
    depth[seen] = z


def _trunks() -> list[tuple[float, float, float, int]]:
    """(x, z, radius, number) of every tree, far ones first; none on the path or in front of the sun's gap."""
    random = np.random.default_rng(83)
    trees = [(-3.4, 5.6, 0.44, 0), (3.75, 6.6, 0.36, 1), (-2.6, 10.2, 0.30, 2), (4.1, 11.6, 0.33, 3)]
    while len(trees) < 92:
        z = float(7 + 68 * random.random() ** 0.75)
        x = float(random.uniform(-0.75, 0.75) * z)
        lane = abs(x - float(path(np.array(z))))
        crowded = any((x - tx) ** 2 + (z - tz) ** 2 < (1.1 + 0.03 * z) ** 2 for tx, tz, _, _ in trees)
        if lane > 1.5 + 0.02 * z and not crowded and (z > 12 or abs(x) > 4.0):
            trees.append((x, z, float(random.uniform(0.13, 0.34)), len(trees)))
    return sorted(trees, key=lambda tree: -tree[1])


TRUNKS = _trunks()


def _trunk(view: View, light: Array, depth: Array, tree: tuple[float, float, float, int]) -> None:
    """One tree, in place: a round, mossy, slightly crooked trunk with a flared foot."""
    x, z, radius, number = tree
    column, _ = view.place(x, 0, z)
    reach = int((radius * 2.6 + 0.4) / z * view.lens * view.width) + 2
    left, right = max(0, int(column) - reach), min(view.width, int(column) + reach)
    if left >= right:
        return
    foot = float(ground(np.array([[x]], np.float32), np.array([[z]], np.float32))[0, 0])
    _, bottom = view.place(x, foot - 0.10, z)
    bottom = min(view.height, int(bottom) + 1)
    across, up = np.meshgrid(view.across[left:right], view.up[:bottom])
    y = up * np.float32(z) + np.float32(view.eye - foot)
    bow = 0.14 * BARK.fbm(y / 3.1 + number * 3.7, np.full_like(y, number * 1.3), 3)
    root = np.exp(-np.maximum(y, 0) / 0.30)
    lobes = 0.25 * root * BARK.fbm(across * z * 2.2 + number, y * 0.4, 2)
    wide = radius * (1.0 - 0.022 * y + 0.75 * root + lobes + 0.05 * BARK.fbm(y * 1.5, y * 0 + number, 3))
    aside = (across * np.float32(z) - np.float32(x) - bow * step(0, 2, y)) / np.maximum(wide, 0.02)
    inside = np.abs(aside) < 1
    if not inside.any():
        return
    turn = np.arcsin(np.clip(aside, -1, 1))
    furrow = BARK.ridged(turn * (3.4 + 4 * radius) + number * 5 + 0.3 * BARK.fbm(y, turn, 3), y * 0.75, 5)
    moss = step(-0.1, 0.5, MOSS.fbm(turn * 1.4 + number, y * 0.9, 5) + 0.9 * root - 0.10 * y + 0.25)
    bark = rgb(0.092, 0.070, 0.054) * (0.25 + 1.25 * (1 - furrow))[..., None]
    bark = mix(bark, rgb(0.055, 0.085, 0.018) * (0.6 + 0.9 * (1 - furrow))[..., None], 0.75 * moss)
    sunward = np.sign(SUN[0] - x / z)
    rim = np.clip(aside * sunward, 0, 1) ** 7 + 0.30 * np.abs(aside) ** 14
    bump = np.clip(1.2 - furrow, 0, 1)
    colour = (
        bark * (rgb(0.50, 0.58, 0.48) * (0.45 + 0.55 * np.cos(turn))[..., None])
        + GOLD * (0.16 * rim * bump * np.exp(-abs(SUN[0] - x / z) / 0.35))[..., None]
    )
    colour = _through(colour, z, across, up)
    edge = np.clip((1 - np.abs(aside)) * wide / z * view.lens * view.width, 0, 1) * inside
    sunk = step(-0.02, 0.10, y + 0.12 * MOSS.fbm(across * z * 5, y * 0 + z, 3))
    window = light[:bottom, left:right]
    window[:] = mix(window, colour, edge * sunk)
    place = depth[:bottom, left:right]
    place[(edge * sunk) > 0.5] = z


def _leaves(view: View, light: Array, depth: Array, z: float, clusters: int, random: np.random.Generator) -> None:
    """A layer of foliage at distance z, in place: leaves in clusters that hang from the top."""
    high = view.eye + view.up[0] * z
    size = max(0.9, 0.050 / z * view.lens * view.width)
    paint_ = np.zeros_like(light)
    cover = np.zeros(light.shape[:2], dtype=np.float32)
    for _ in range(clusters):
        x = random.uniform(-0.68, 0.68) * z
        hang = min(random.exponential(0.11), 0.24) * (1.25 if abs(x / z - SUN[0]) > 0.16 else 0.55)
        y = high - z * hang * 0.9 + 0.15 * z * 0.2
        spread, count = random.uniform(0.35, 0.9) * (0.5 + z / 40), int(random.uniform(80, 150))
        tone = random.uniform(0.7, 1.25)
        for dx, dy, turn, shade in zip(
            random.normal(0, spread, count),
            random.normal(0, spread * 0.42, count),
            random.uniform(0, 180, count),
            random.uniform(0.5, 1.5, count),
            strict=True,
        ):
            u, v = view.place(x + dx, y + dy - 0.25 * abs(dx), z)
            sunlit = float(np.exp(-np.hypot((x + dx) / z - SUN[0], (y + dy - view.eye) / z - SUN[1]) / 0.20))
            colour = tone * shade * (np.array([0.030, 0.050, 0.014]) + np.array([0.52, 0.56, 0.08]) * sunlit)
            centre, axes = (int(u), int(v)), (max(1, int(size)), max(1, int(size * random.uniform(0.25, 0.6))))
            cv2.ellipse(paint_, centre, axes, turn, 0, 360, colour.tolist(), -1)
            cv2.ellipse(cover, centre, axes, turn, 0, 360, 1.0, -1)
    across, up = np.meshgrid(view.across, view.up)
    soft = 0.0004 * view.width + (0.0035 * view.width if z < 5 else 0)
    weight = blur(cover, soft)
    colour = blur(paint_, soft) / np.maximum(weight, 1e-3)[..., None]
    light[:] = mix(light, _through(colour, z, across, up), weight)
    depth[weight > 0.5] = np.minimum(depth[weight > 0.5], z)


def _person(eye: float, light: Array, depth: Array, across: Array, up: Array) -> None:
    x0, z0 = WALKER
    foot = float(ground(np.array([[x0]], np.float32), np.array([[z0]], np.float32))[0, 0]) - 0.05
    window = (np.abs(across - x0 / z0) < 0.06) & (up < 0.05) & (up > -0.14)
    length = np.sqrt(1 + across[window] ** 2 + up[window] ** 2)
    ray = (across[window] / length, up[window] / length, 1 / length)
    start = np.full_like(length, z0 - 2)
    origin = (ray[0] * start, ray[1] * start + np.float32(eye), ray[2] * start)

    def solid(x: Array, y: Array, z: Array) -> Array:
        return cloaked(x - np.float32(x0), y - np.float32(foot), z - np.float32(z0)) * 0.9

    hit = march(solid, origin, ray, 4, steps=70, touch=1e-3)
    met = np.isfinite(hit)
    point = tuple(o[met] + r[met] * hit[met] for o, r in zip(origin, ray, strict=True))
    nx, ny, nz = normal(solid, point)
    edge = np.clip(1 + nx * ray[0][met] + ny * ray[1][met] + nz * ray[2][met], 0, 1)
    coat = (point[1] - foot > 0.22)[:, None]
    cloth = np.where(coat, rgb(0.30, 0.030, 0.022), rgb(0.035, 0.035, 0.04))
    colour = (
        cloth * rgb(0.55, 0.6, 0.52) * (0.7 + 0.3 * ny)[:, None] + GOLD * (0.42 * edge**3 * (0.6 + 0.4 * ny))[:, None]
    )
    inside = np.flatnonzero(window)[met]
    light.reshape(-1, 3)[inside] = _through(colour, z0 * 0.7, across.ravel()[inside], up.ravel()[inside])
    depth.reshape(-1)[inside] = z0


def paint(width: int, height: int) -> Still:
    """The wood."""
    view = View(width, height, 0.62, 0.82, 1.7)
    across, up = np.meshgrid(view.across, view.up)
    light = _mist(across, up)
    light += GOLD * (1.6 * np.exp(-(((across - SUN[0]) ** 2 + (up - SUN[1]) ** 2) / 0.028**2)))[..., None]
    depth = np.full(light.shape[:2], NO_HIT, dtype=np.float32)
    _floor(view, light, depth, across, up)
    random = np.random.default_rng(84)
    layers = [(58.0, 110), (44.0, 110), (33.0, 100), (24.0, 90), (17.0, 70), (12.0, 46), (8.0, 26)]
    pending, person = list(layers), False
    rays = _shafts(across, up)
    for tree in TRUNKS:
        while pending and pending[0][0] > tree[1]:
            _leaves(view, light, depth, *pending.pop(0), random)
        if not person and tree[1] < WALKER[1]:
            light += 0.8 * rays
            _person(view.eye, light, depth, across, up)
            person = True
        _trunk(view, light, depth, tree)
    for layer in pending:
        _leaves(view, light, depth, *layer, random)
    light += 0.45 * rays
    column, row = view.place(SUN[0], SUN[1] + view.eye, 1)
    halo(light, column, row, GOLD * np.float32(0.28), 0.10)
    grade = Grade(
        exposure=0.9, bloom=0.22, threshold=1.2, shadows=(0.96, 1.02, 1.0), lights=(1.04, 1.0, 0.92), contrast=1.06
    )
    return Still(light, grade)


def _shafts(across: Array, up: Array) -> Array:
    """Sunbeams: gaps in the canopy, drawn out away from the sun through the mist, (h, w, 3)."""
    x, y = across - SUN[0], up - SUN[1] - 0.10
    away = np.hypot(x, y)
    angle = np.arctan2(x, -y)
    gaps = BARK.fbm(angle * 5.5 + 3, 0.35 * away + 1, 4) + 0.35 * BARK.fbm(angle * 23, 0.5 * away + 7, 2)
    shaft = step(0.02, 0.42, gaps) * np.exp(-away / 0.34) * step(0.02, 0.16, away) * step(-0.1, 0.75, np.cos(angle))
    smoke = 0.75 + 0.5 * MOSS.fbm(across * 6, up * 9, 4)
    return (shaft * smoke)[..., None] * GOLD * np.float32(0.42)
