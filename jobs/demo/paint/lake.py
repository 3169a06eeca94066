"""A mountain lake with a jetty and a boat, at dusk and at night: one valley, two lights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from film import Grade
from light import halo, nearness, stars
from mooring import FLAME, LANTERN, moor
from noise import Array, Noise, mix, read, rgb, step
from numpy.typing import NDArray
from solid import Vector
from still import Still
from terrain import NO_HIT, View, cast, normals, shadow

ROCK = Noise.seeded(11)
GRAIN = Noise.seeded(12)
CLOUD = Noise.seeded(13)
HEADLANDS = ((-330, 430, 13, 170), (470, 640, 12, 190))
FAR = 17_000.0
PLAN = 16.0
# (x, z, height, width) in metres: a main peak on the right third, its answer on the left, one far behind in the gap.
PEAKS = (
    (1750, 5600, 2250, 1750),
    (-2500, 4700, 1500, 1500),
    (-1000, 11500, 2300, 2500),
    (1200, 14500, 2300, 2600),
    (2300, 2500, 800, 1000),
    (-1500, 2300, 480, 800),
)


def _trees(seed: int) -> Array:
    """A tile of cones, 0..1: a conifer wood as a height field, about two trees per unit across."""
    random = np.random.default_rng(seed)
    size = 1024
    y, x = np.mgrid[-14:15, -14:15].astype(np.float32)
    tile = np.zeros((size + 28, size + 28), dtype=np.float32)
    for _ in range(9000):
        cx, cy, tall = random.integers(size), random.integers(size), random.random()
        radius, top = 5 + 8 * tall, 0.45 + 0.55 * tall
        cone = top * np.clip(1 - np.hypot(x, y) / radius, 0, 1)
        window = tile[cy : cy + 29, cx : cx + 29]
        np.maximum(window, cone, out=window)
    return np.ascontiguousarray(tile[14:-14, 14:-14])


TREES = _trees(14)


def _rise(x: Array, z: Array) -> Array:
    """Height above the lake without trees: a basin, hills around it, peaks where the composition wants them."""
    wander = ROCK.fbm(x / 380, z / 380, 3)
    rim = np.sqrt(((x + 60) / 900) ** 2 + ((z - 480) / 760) ** 2) - 1 + 0.30 * wander
    shore = 26 * rim + 60 * step(0.0, 1.8, rim)
    for px, pz, tall, wide in HEADLANDS:
        away = ((x - px) ** 2 + 2.2 * (z - pz) ** 2) / np.float32(wide) ** 2
        shore = np.maximum(shore, tall * (1.3 * np.exp(-away * (1 + 0.6 * wander)) - 0.3))
    massif = np.zeros_like(x)
    for px, pz, tall, wide in PEAKS:
        away = np.sqrt(((x - px) ** 2 + (z - pz) ** 2) / np.float32(wide) ** 2 + 0.10) - 0.32
        away = away + 0.16 * ROCK.fbm(x / 900, z / 900, 2)
        massif = np.maximum(massif, tall * np.exp(-1.5 * away) + 0.25 * massif)
    carved = 0.62 + 0.75 * ROCK.eroded(x / 1500 + 3.1, z / 1500 + 1.7, 11)
    return shore + step(0.12, 2.4, rim) * massif * np.maximum(carved, 0.05)


def _wood(x: Array, z: Array, height: Array) -> Array:
    """Where the wood stands, 0..1: above the shore, below the tree line, not on the steepest rock."""
    patch = GRAIN.fbm(x / 190, z / 190, 4)
    return step(1.0, 9.0, height + 5 * patch) * step(520, 300, height + 260 * patch)


def ground(x: Array, z: Array) -> Array:
    """What the eye sees: rock with its wood, metres above the water."""
    height = _rise(x, z)
    return height + 19 * read(TREES, x / 7.3, z / 7.3) * step(0.25, 0.5, _wood(x, z, height))


@dataclass(frozen=True)
class Hour:
    """A time of day over the valley. Colours in linear light; `sun` is the unit way to the key light."""

    sun: tuple[float, float, float]
    key: Array
    ambient: Array
    zenith: Array
    band: Array
    ember: Array
    water: Array
    cloud: Array
    lantern: float
    lamps: float
    stars: float
    clear: float
    """Metres until the air hides about half."""
    grade: Grade

    def air(self, across: Array) -> Array:
        """What distance fades to: bluer away from where the sun went, (n, 3)."""
        warm = np.exp(-(((across + 0.10) / 0.40) ** 2))
        return mix(
            self.zenith * 1.5 + self.band * 0.12, self.band * 0.55 + self.zenith * 0.45 + self.ember * 0.06, warm
        )


DUSK = Hour(
    sun=(-0.92, 0.21, 0.22),
    key=rgb(4.2, 1.62, 0.72),
    ambient=rgb(0.20, 0.27, 0.44),
    zenith=rgb(0.10, 0.20, 0.42),
    band=rgb(0.98, 0.56, 0.40),
    ember=rgb(2.6, 1.05, 0.34),
    water=rgb(0.012, 0.035, 0.05),
    cloud=rgb(1.5, 0.62, 0.45),
    lantern=1.0,
    lamps=0.0,
    stars=0.0,
    clear=9500,
    grade=Grade(exposure=1.15, bloom=0.20, saturation=1.08, contrast=1.03),
)
NIGHT = Hour(
    sun=(0.62, 0.55, -0.35),
    key=rgb(0.30, 0.40, 0.62),
    ambient=rgb(0.055, 0.085, 0.16),
    zenith=rgb(0.016, 0.032, 0.085),
    band=rgb(0.10, 0.20, 0.34),
    ember=rgb(0.10, 0.13, 0.16),
    water=rgb(0.004, 0.012, 0.022),
    cloud=rgb(0.06, 0.09, 0.15),
    lantern=1.0,
    lamps=1.0,
    stars=1.0,
    clear=9500,
    grade=Grade(exposure=1.7, bloom=0.35, threshold=0.7, shadows=(0.9, 1.0, 1.12), saturation=1.1),
)


def sky(across: Array, up: Array, hour: Hour) -> Array:
    """Light of the sky along rays of slope (across, up) per z: (..., 3)."""
    height = np.maximum(up, 0)
    colour = mix(hour.band, hour.zenith, step(-0.05, 0.62, np.sqrt(height))[..., None])
    sunward = np.exp(-(((across + 0.10) / 0.42) ** 2) - (height / 0.13))
    colour = colour + hour.ember * sunward[..., None]
    u, v = across / (height + 0.06), 1 / (height + 0.06)
    streak = CLOUD.fbm(u * 0.55 + 2.0, v * 0.9 + 4.0, 7)
    wisp = CLOUD.fbm(u * 1.3 + 9.0, v * 0.45 + 1.0, 7)
    cover = step(-0.06, 0.34, streak + 0.35 * wisp) * step(0.015, 0.10, height) * 0.85
    under = np.exp(-(((across + 0.10) / 0.55) ** 2) - height / 0.30)
    lining = step(0.55, 0.0, np.abs(streak + 0.35 * wisp - 0.16) * 2)
    body = mix(hour.zenith * 0.9 + hour.band * 0.16, hour.cloud, np.clip(under + 0.25 * lining, 0, 1))
    return mix(colour, body, cover)


@dataclass(frozen=True)
class Land:
    """The valley through a lens, before any light: what every pixel of ground is. Lists are over `hit`'s pixels."""

    view: View
    depth: Array
    hit: NDArray[np.bool_]
    point: Vector
    facing: Vector
    albedo: Array
    wood: Array


def survey(view: View) -> Land:
    """What the lens sees of the ground."""
    depth = cast(ground, view, 40, FAR, 3 * view.width // 2 + 400)
    hit = depth < NO_HIT
    z = depth[hit]
    x = z * np.broadcast_to(view.across[None, :], depth.shape)[hit]
    y = z * np.broadcast_to(view.up[:, None], depth.shape)[hit] + np.float32(view.eye)
    facing = normals(ground, x, z, 1.2 / view.width / view.lens)
    albedo, wood = _albedo(x, y, z, facing[1])
    return Land(view, depth, hit, (x, y, z), facing, albedo, wood)


def _albedo(x: Array, y: Array, z: Array, ny: Array) -> tuple[Array, Array]:
    """Colour of the ground, (n, 3), and how much of it is wood."""
    bare = _rise(x, z)
    wood = _wood(x, z, bare)
    grit = GRAIN.fbm(x / 35, (z + y) / 35, 6)
    rock = rgb(0.25, 0.235, 0.23) * (1 + 0.7 * grit[:, None])
    snow = step(0.50, 0.72, ny + 0.25 * grit + step(500, 1700, y) * 0.30 - 0.22) * step(430, 760, y + 300 * grit)
    tip = np.clip((y - bare) / 15, 0, 1)
    green = rgb(0.030, 0.045, 0.026) * (0.35 + 2.4 * tip[:, None] ** 1.5) * (1 + 0.5 * grit[:, None])
    rock = mix(rgb(0.07, 0.06, 0.045) * (1 + grit[:, None]), rock, step(2, 30, bare))
    return mix(
        mix(rock, rgb(0.80, 0.83, 0.88), snow), green, np.maximum(step(0.2, 0.4, wood), step(0.3, 1.2, y - bare))
    ), wood


def _relief() -> Array:
    """The valley's heights on a coarse grid of PLAN metres a cell: shadows need no more."""
    x, z = np.meshgrid(np.arange(-7000, 7000, PLAN), np.arange(-1000, FAR, PLAN))
    return _rise(x.astype(np.float32), z.astype(np.float32))


def light_up(land: Land, relief: Array, hour: Hour) -> Array:
    """Light of the ground and of the sky above it, (h, w, 3)."""
    (x, y, z), (nx, ny, nz) = land.point, land.facing
    sun = np.array(hour.sun, dtype=np.float32) / np.float32(np.linalg.norm(hour.sun))

    def coarse(px: Array, pz: Array) -> Array:
        return read(relief, (px + 7000) / (16 * PLAN), (pz + 1000) / (16 * PLAN))

    # A wood is lit by its crowns, not by the sides of its cones, which would sparkle.
    facing = mix(nx * sun[0] + ny * sun[1] + nz * sun[2], np.full_like(nx, 0.35), land.wood * 0.75)
    sunlit = np.clip(facing, 0, 1) * shadow(coarse, x, y + 8, z, sun, 5200, 30)
    light = land.albedo * (hour.key * sunlit[:, None] + hour.ambient * (0.45 + 0.55 * ny[:, None]))
    across, up = np.meshgrid(land.view.across, land.view.up)
    air = hour.air(across[land.hit])
    haze = 1 - np.exp(-((z / hour.clear) ** 1.3) * (0.5 + 0.8 * np.exp(-np.maximum(y, 0) / 700)))
    wisps = 0.5 + 0.8 * CLOUD.fbm(x / 420, y / 46 + z / 900, 4)
    mist = np.exp(-np.maximum(y, 0) / 16) * np.clip(wisps, 0, 1) * step(250, 1300, z) * 0.7
    picture = sky(across, up, hour)
    if hour.stars:
        field = stars(land.view.width, land.view.height, 3200, 16)
        picture += field * (hour.stars * step(0.0, 0.16, up) * (1 - 0.6 * step(0.35, 0.1, up)))[..., None]
    picture[land.hit] = mix(mix(light, air, haze), air * 1.05, mist)
    if hour.lamps:
        _village(picture, land.view, hour.lamps)
    return picture


def _mirrored(picture: Array, view: View) -> Array:
    """What rippled water shows of `picture`, the valley seen from below, at the pixels of `view`."""
    height, width = view.height, view.width
    upside_down = cv2.resize(np.ascontiguousarray(picture[::-1]), (width, height), interpolation=cv2.INTER_LINEAR)
    z = np.float32(view.eye) / np.maximum(-view.up, 1e-4)[:, None]
    x = z * view.across[None, :]
    z = np.broadcast_to(z, x.shape).astype(np.float32)
    breeze = step(0.0, 0.5, CLOUD.fbm(x / 45, z / 130, 3))
    wave = GRAIN.fbm(x / 1.1, z / 2.6, 4) * np.exp(-z / 160) + 0.8 * GRAIN.fbm(x / 9, z / 22, 3) * np.exp(-z / 700)
    swing = wave * (0.004 + 0.012 * breeze) * width
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(upside_down, columns + 0.35 * swing, rows + swing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


@cache
def _surveyed(width: int, height: int) -> tuple[Land, Land, Array]:
    view = View(width, height, 0.56, 0.78, 3.2)
    return survey(view), survey(replace(view, width=width // 2, height=height // 2).mirrored()), _relief()


def paint(width: int, height: int, hour: Hour = DUSK) -> Still:
    """The valley at that hour."""
    land, below, relief = _surveyed(width, height)
    view = land.view
    light = light_up(land, relief, hour)
    y = land.depth * view.up[:, None] + view.eye
    water = (view.up[:, None] < 0) & ((land.depth >= NO_HIT) | (y < 0.05))
    down = np.maximum(-view.up, 0)[:, None]
    cosine = down / np.sqrt(1 + down**2 + view.across[None, :] ** 2)
    fresnel = 0.03 + 0.97 * (1 - cosine) ** 5
    mirrored = _mirrored(light_up(below, relief, hour), view)
    surface = mix(np.broadcast_to(hour.water, light.shape), mirrored * 0.92, fresnel)
    light = np.where(water[..., None], surface, light)
    light, close = moor(view, light, hour.sun, hour.key * 0.5, hour.ambient * 1.3, hour.lantern)
    _kindle(light, view, hour)
    lake = np.where(water, view.eye / np.maximum(-view.up, 1e-4)[:, None], land.depth)
    distance = np.minimum(lake, close)
    moves = water & ~np.isfinite(close)
    if hour.stars:  # the same valley: the dusk's maps serve
        return Still(light, hour.grade)
    return Still(light, hour.grade, nearness(distance, 20), moves.astype(np.float32))


def _kindle(light: Array, view: View, hour: Hour) -> None:
    """The lantern's halo, and its path on the water toward the eye."""
    column, row = view.place(*LANTERN)
    halo(light, column, row, FLAME * np.float32(0.8 * hour.lantern), 0.030)
    halo(light, column, row, FLAME * np.float32(0.10 * hour.lantern), 0.16)


def _village(picture: Array, view: View, strength: float) -> None:
    """Lit windows on the far shore, added in place."""
    random = np.random.default_rng(15)
    for _ in range(34):
        x, z = random.normal(-190, 150), random.uniform(1130, 1210)
        column, row = view.place(x, random.uniform(7, 26), z)
        warmth = rgb(1.0, random.uniform(0.5, 0.72), random.uniform(0.16, 0.4))
        halo(picture, column, row, warmth * np.float32(strength * random.uniform(0.6, 2.2)), 0.0022)
        halo(picture, column, row, warmth * np.float32(strength * 0.07), 0.014)
