"""A narrow street at blue hour after rain, seen down its middle: lit windows, wet stones, someone under an umbrella.

Both sides are one facade folded at x = 0; what differs from house to house comes from a hash of its number.
"""

from __future__ import annotations

import numpy as np
from film import Grade
from light import halo, nearness
from noise import Array, Mask, Noise, mix, rgb, step
from people import stroller
from solid import Vector, capsule, dot, march, normal, occlusion, parcels, pick
from still import Still
from terrain import View

STAIN = Noise.seeded(41)
STONES = Noise.seeded(42)
HOUSE = 11.0
FLOOR, BAY, SHOP = 3.3, 2.75, 5.5
FAR = 150.0
LAMP_GAP, LAMP_X, LAMP_Y = 15.0, 3.75, 4.55
LAMPS = [(side * LAMP_X, LAMP_Y, 9.0 + LAMP_GAP * n) for n in range(7) for side in (-1, 1)]
LAMPLIGHT = rgb(1.0, 0.56, 0.22)
FIGURE = (-0.55, 13.5)
DUSK = rgb(0.05, 0.105, 0.24)


def _hash(k: Array, salt: float) -> Array:
    wave = np.sin(k * np.float32(12.9898) + np.float32(salt)) * np.float32(437.5853)
    return wave - np.floor(wave)


def _house(x: Array, z: Array) -> tuple[Array, Array, Array]:
    """Number of the house at a point, where its facade stands, and how high it is."""
    number = np.floor(z / HOUSE) * 2 + (x > 0)
    return number, 6.1 + 0.4 * _hash(number, 3.1), 10.6 + FLOOR * np.floor(3.2 * _hash(number, 1.7))


def facade(x: Array, y: Array, z: Array) -> Array:
    """House fronts with recessed windows, sills, shops, ledges and cornices."""
    _, front, top = _house(x, z)
    deep = front - np.abs(x)
    wall = np.maximum(deep, y - top)
    along = np.abs(z - BAY * (np.floor(z / BAY) + 0.5))
    tall = y - 4.3 - FLOOR * np.clip(np.floor((y - 4.3) / FLOOR), 0, 6) - 1.5
    pane = np.maximum(np.maximum(along - 0.56, np.abs(tall) - 0.98), -deep - 0.26)
    pane = np.maximum(pane, y - top + 0.7)
    shop = np.maximum(
        np.abs(z - SHOP * (np.floor(z / SHOP) + 0.5)) - 2.15, np.maximum(np.abs(y - 1.75) - 1.3, -deep - 0.4)
    )
    wall = np.maximum(wall, -np.minimum(pane, shop))
    frame = np.maximum(np.abs(along - 0.62) - 0.07, np.abs(tall) - 1.1)
    trim = np.maximum(np.maximum(frame, deep - 0.06), y - top + 0.6)
    sill = np.maximum(np.maximum(along - 0.78, np.abs(tall + 1.06) - 0.06), np.maximum(deep - 0.20, y - top + 0.6))
    ledge = np.maximum(np.abs(y - 3.72) - 0.13, deep - 0.26)
    cornice = np.maximum(np.abs(y - top + 0.12) - 0.2 + 0.25 * np.clip(deep, 0, 0.5), deep - 0.42)
    mullion = np.maximum(np.minimum(along - 0.025, np.abs(tall - 0.25) - 0.03), np.maximum(-deep - 0.24, deep + 0.16))
    mullion = np.maximum(mullion, np.maximum(np.abs(tall) - 0.98, y - top + 0.7))
    parts = np.minimum(np.minimum(trim, sill), np.minimum(ledge, cornice))
    return np.minimum(np.minimum(wall, mullion), parts)


def awnings(x: Array, y: Array, z: Array) -> Array:
    """Cloth roofs over about half of the shops."""
    _, front, _ = _house(x, z)
    deep = front - np.abs(x)
    cell = np.floor(z / SHOP)
    out = 1.25
    slope = np.abs(y - 3.42 + 0.42 * deep) - 0.03
    skirt = np.maximum(np.abs(deep - out) - 0.02, np.abs(y - 2.80) - 0.12)
    cloth = np.minimum(np.maximum(slope, deep - out), skirt)
    cloth = np.maximum(cloth, np.maximum(np.abs(z - SHOP * (cell + 0.5)) - 2.2, -deep - 0.05))
    return np.where(_hash(cell * 2 + (x > 0), 5.3) < 0.55, cloth * 0.7, 1.0).astype(np.float32)


def lamps(x: Array, y: Array, z: Array) -> Array:
    """Cast-iron lamp posts along both kerbs."""
    a, c = np.abs(x) - np.float32(LAMP_X), z - 9 - LAMP_GAP * np.clip(np.round((z - 9) / LAMP_GAP), 0, 6)
    post = np.sqrt(a * a + c * c) - 0.045 - 0.05 * np.exp(-y / 0.35)
    post = np.maximum(post, y - 4.25)
    cage = np.maximum(np.sqrt(a * a + c * c) - 0.13 - 0.10 * (y - 4.3), np.abs(y - 4.5) - 0.28)
    roof = np.maximum(np.sqrt(a * a + c * c) - 0.26 + 0.7 * (y - 4.78), np.abs(y - 4.9) - 0.14)
    return np.minimum(post, np.minimum(cage, roof) * 0.8)


def figure(x: Array, y: Array, z: Array) -> Array:
    """Someone under an umbrella, walking away."""
    x, z = x - np.float32(FIGURE[0]), z - np.float32(FIGURE[1])
    stick = capsule(x, y, z, (0.16, 1.30, 0.22), (0.10, 2.16, 0.10), 0.014)
    ux, uy, uz = x - 0.10, (y - 1.76) * 1.55, z - 0.10
    scallop = 0.035 * np.abs(np.sin(4 * np.arctan2(uz, ux)))
    dome = np.maximum(np.abs(np.sqrt(ux * ux + uy * uy + uz * uz) - 0.63) - 0.012, 1.86 + scallop - y) * 0.6
    return np.minimum(stroller(x, y, z), np.minimum(stick, dome))


def ground(x: Array, y: Array, z: Array) -> Array:  # noqa: ARG001 - a Solid takes three
    """The road, a little arched, and the pavements."""
    return y - 0.13 * step(3.28, 3.34, np.abs(x)) + 0.04 * (x / 3.3) ** 2 * (np.abs(x) < 3.3)


PARTS = (facade, awnings, lamps, figure, ground)


def scene(x: Array, y: Array, z: Array) -> Array:
    """All of it, a little cautious because neighbours differ."""
    gap = np.minimum(ground(x, y, z), lamps(x, y, z))
    # Most of a ray's way is through the empty middle: house fronts and the figure are worked out near them only.
    for part, reach, away in (
        (facade, 0.8, 5.2 - np.abs(x)),
        (awnings, 0.8, 4.4 - np.abs(x)),
        (figure, 0.4, np.hypot(x - FIGURE[0], z - FIGURE[1]) - 1.1),
    ):
        close = np.flatnonzero(away < reach)
        exact = np.maximum(away, reach).astype(np.float32)
        exact[close] = part(x[close], y[close], z[close])
        gap = np.minimum(gap, exact)
    # The next house may stand nearer than this one says: stop at its party wall and look again.
    party_wall = (np.floor(z / SHOP) + 1) * SHOP - z + 0.12
    return np.minimum(gap * 0.8, np.where(np.abs(x) > 4.4, np.minimum(party_wall, 2.2), 2.2))


def sky(ray: Vector) -> Array:
    """Blue hour: what is left of the sunset glows at the street's end."""
    height = np.clip(ray[1], 0, 1)
    cloud = STAIN.fbm(ray[0] / (height + 0.12) * 1.1, 2.2 / (height + 0.12), 6)
    colour = mix(rgb(0.40, 0.24, 0.24), DUSK, step(0.0, 0.42, np.sqrt(height) * 0.75))
    colour = mix(colour, rgb(0.15, 0.15, 0.25), 0.6 * step(-0.1, 0.5, cloud))
    return colour + rgb(0.9, 0.42, 0.18) * (0.6 * np.exp(-((ray[0] / 0.16) ** 2) - height / 0.10))[:, None]


def _lit_by_lamps(point: Vector, facing: Vector) -> Array:
    total = np.zeros_like(point[0])
    for lamp in LAMPS:
        lx, ly, lz = (np.float32(c) - p for c, p in zip(lamp, point, strict=True))
        away = lx * lx + ly * ly + lz * lz + 0.3
        total += np.clip((facing[0] * lx + facing[1] * ly + facing[2] * lz) / np.sqrt(away) + 0.06, 0, 1) / away
    return total


def _shop_spill(point: Vector, facing: Vector) -> Array:
    """What the shop windows throw onto the pavement and whoever passes."""
    x, y, z = point
    cell = np.floor(z / SHOP)
    near = (_hash(cell * 2 + (x > 0), 8.8) < 0.72) * np.clip(facing[1] + 0.6 * np.abs(facing[0]), 0, 1)
    middle = np.exp(-(((z - SHOP * (cell + 0.5)) / 2.4) ** 2))
    return near * middle * np.exp(-np.maximum(6.2 - np.abs(x), 0) / 1.5) * np.exp(-np.maximum(y, 0) / 1.2)


def _shelves(y: Array, z: Array, inside: Array) -> Array:
    """A shop full of boxes and books, seen through its window."""
    row = (y - 0.5) / 0.56
    shelf = np.floor(row)
    item = np.floor(z / 0.19 + 3 * _hash(shelf * 3, 3.9))
    filled = row - shelf < 0.30 + 0.55 * _hash(item * 5 + shelf * 13, 1.3)
    ware = mix(rgb(0.40, 0.14, 0.05), rgb(0.70, 0.50, 0.30), _hash(item + shelf * 7, 7.7)[:, None])
    ware = ware * (0.12 + 0.5 * _hash(item * 3 + shelf, 0.4))[:, None]
    lamp = np.exp(-(((z / 1.83 - np.floor(z / 1.83) - 0.5) / 0.22) ** 2) - np.clip(2.7 - y, 0, 3) / 0.55)
    back = inside * (0.30 + 0.14 * y + 1.5 * lamp)[:, None]
    stock = np.where(filled[:, None], ware * (0.6 + 1.4 * lamp)[:, None], back)
    return np.where((row - shelf > 0.93)[:, None], 0.06 * inside, stock)


def _linen(y: Array, z: Array, inside: Array) -> Array:
    """A cafe: lamps over a warm room, linen half way up the window."""
    bulb = ((z / 1.1 - np.floor(z / 1.1) - 0.5) * 1.1) ** 2 + (y - 2.35) ** 2
    room = 0.26 + 0.16 * y + 0.5 * STONES.fbm(z * 0.9, y * 0.7, 4)
    room = inside * np.maximum(room, 0.12)[:, None]
    light = room + inside * (3.0 * np.exp(-bulb / 0.010) + 0.55 * np.exp(-bulb / 0.22))[:, None]
    folds = 0.72 + 0.20 * np.sin(z * 38 + 2 * np.sin(z * 7)) + 0.08 * np.sin(z * 91)
    cloth = rgb(0.85, 0.50, 0.22) * (folds * (0.38 + 0.30 * (y - 0.4)))[:, None]
    rod = np.abs(y - 1.52) < 0.02
    return np.where(rod[:, None], 0.12 * inside, np.where((y < 1.5)[:, None], cloth, light))


def _windows(point: Vector) -> tuple[Array, Array]:
    """Light of the panes, (n, 3), and where panes are, 0..1."""
    x, y, z = point
    number, front, top = _house(x, z)
    sunk = front - np.abs(x) < -0.2
    level, bay = np.floor((y - 4.3) / FLOOR), np.floor(z / BAY)
    shop = (y < 3.2) & (front - np.abs(x) < -0.3)
    upper = sunk & (y > 4.2) & (y < top - 0.6)
    chance = _hash(bay * 7 + level * 31 + number, 2.2)
    tint = _hash(bay * 3 + level * 11 + number, 6.4)[:, None]
    tall = (y - 4.3) / FLOOR - level
    curtain = 0.55 + 0.45 * np.sin(z * 21 + 3 * np.sin(y)) * step(0.25, 0.5, np.abs(z / BAY - bay - 0.5) * 2.6)
    warm = mix(rgb(1.0, 0.50, 0.16), rgb(1.0, 0.72, 0.42), tint)
    glow = warm * (0.85 * (chance < 0.5) * curtain * (0.55 + 0.7 * step(0.1, 0.9, tall)))[:, None]
    reflected = DUSK * (0.35 + 0.5 * chance)[:, None]
    cell = np.floor(z / SHOP)
    open_ = _hash(cell * 2 + (x > 0), 8.8) < 0.72
    inside = mix(rgb(1.0, 0.50, 0.17), rgb(1.0, 0.72, 0.42), _hash(cell, 4.4)[:, None])
    wares = np.where((_hash(cell + 9 * (x > 0), 2.7) < 0.45)[:, None], _shelves(y, z, inside), _linen(y, z, inside))
    display = np.where(open_[:, None], wares, DUSK * 0.05 + 0.02 * wares)
    return np.where(shop[:, None], display, glow + reflected), (shop | upper).astype(np.float32)


def _surface(point: Vector, ray: Vector) -> tuple[Array, Mask]:
    """Light of points but for what they mirror, (n, 3), and which are ground."""
    facing = normal(scene, point, 6e-3)
    gaps = np.stack([part(*point) for part in PARTS])
    which = np.argmin(gaps, axis=0)
    x, y, z = point
    number, _, _ = _house(x, z)
    soot = STAIN.fbm(z * 0.9 + x, y * 0.55, 6)
    plaster = mix(rgb(0.34, 0.24, 0.17), rgb(0.22, 0.23, 0.25), _hash(number, 9.1)[:, None])
    plaster = (
        mix(plaster, rgb(0.36, 0.17, 0.11), (_hash(number, 7.9) > 0.66).astype(np.float32)) * (1 + 0.55 * soot)[:, None]
    )
    cell = np.floor(z / SHOP)
    stripes = (np.sin(z * 9) > 0)[:, None]
    cloth = np.where(
        stripes, rgb(0.35, 0.30, 0.25), mix(rgb(0.28, 0.03, 0.03), rgb(0.03, 0.12, 0.10), _hash(cell, 1.1)[:, None])
    )
    tones = [
        plaster,
        cloth,
        np.broadcast_to(rgb(0.02, 0.022, 0.025), plaster.shape),
        np.broadcast_to(rgb(0.035, 0.032, 0.036), plaster.shape),
        np.broadcast_to(rgb(0.075, 0.072, 0.07), plaster.shape),
    ]
    umbrella = (which == 3) & (y > 1.80)
    albedo = np.choose(which[:, None], tones)
    albedo = np.where(umbrella[:, None], rgb(0.42, 0.035, 0.03), albedo)
    shade = occlusion(scene, point, facing, 1.0)
    light = albedo * (DUSK * (2.1 * shade * (0.6 + 0.4 * facing[1]))[:, None])
    light += albedo * LAMPLIGHT * (11.0 * _lit_by_lamps(point, facing) * (0.4 + 0.6 * shade))[:, None]
    light += albedo * rgb(1.0, 0.60, 0.26) * (3.4 * _shop_spill(point, facing))[:, None]
    rim = (which == 3) * np.clip(1 + dot(facing, ray), 0, 1) ** 2.5
    light += rgb(0.75, 0.42, 0.20) * (0.55 * rim)[:, None]
    glow, pane = _windows(point)
    light = np.where((pane * (which == 0) > 0)[:, None] & (np.abs(facing[0]) > 0.8)[:, None], glow, light)
    burning = (which == 2) & (y > 4.25) & (y < 4.75)
    light[burning] = LAMPLIGHT * 4.5
    return light, which == len(PARTS) - 1


def _air(light: Array, distance: Array, ray: Vector) -> Array:
    thick = 1 - np.exp(-((np.maximum(distance, 0) / 120) ** 1.3))
    haze = rgb(0.13, 0.13, 0.18) + rgb(0.62, 0.29, 0.12) * (0.55 * np.exp(-((ray[0] / 0.15) ** 2)))[:, None]
    return mix(light, haze, thick)


def _look(origin: Vector, ray: Vector, steps: int) -> tuple[Array, Array, Mask]:
    """Light, distance and ground-ness along rays, mirrors left out."""
    hit = march(scene, origin, ray, FAR, steps=steps, touch=6e-4)
    light = sky(ray)
    is_ground = np.zeros(hit.shape, dtype=bool)
    met = np.flatnonzero(np.isfinite(hit))
    for part in parcels(met.size):
        some = met[part]
        there = pick(ray, some)
        point = tuple(o[some] + r * hit[some] for o, r in zip(origin, there, strict=True))
        surface, is_ground[some] = _surface(point, there)
        light[some] = _air(surface, hit[some], there)
    return light, hit, is_ground


def _wet(origin: Vector, ray: Vector, light: Array, hit: Array, wet: Mask) -> None:
    """Add what the wet ground mirrors, in place: setts tilt it, puddles lie flat."""
    rays = pick(ray, wet)
    x, y, z = (o[wet] + r * hit[wet] for o, r in zip(origin, rays, strict=True))
    offset = 0.5 * np.mod(np.floor(z / 0.16), 2)
    sett_x, sett_z = x / 0.24 + offset, z / 0.16
    round_x, round_z = np.mod(sett_x, 1) - 0.5, np.mod(sett_z, 1) - 0.5
    fade = np.exp(-z / 26)
    tilt = _hash(np.floor(sett_x) * 3 + np.floor(sett_z) * 17, 2.0) - 0.5
    puddle = step(0.05, 0.35, STONES.fbm(x * 0.55, z * 0.22, 4))
    rough = (0.055 * (1 - puddle) + 0.006) * fade
    nx = rough * (3.2 * round_x**3 * 4 + tilt + 0.8 * STONES.fbm(x * 8, z * 8, 3))
    nz = rough * (3.2 * round_z**3 * 4 + 0.6 * tilt + 0.8 * STONES.fbm(x * 8 + 9, z * 8, 3)) + 0.012 * STONES.fbm(
        x * 3, z * 2, 2
    )
    facing = (nx, np.ones_like(nx), nz)
    twice = 2 * dot(rays, facing) / (1 + nx * nx + nz * nz)
    mirror = tuple(r - twice * f for r, f in zip(rays, facing, strict=True))
    mirror = (mirror[0], np.abs(mirror[1]), mirror[2])
    seen, _, _ = _look((x, y + 0.02, z), mirror, 60)
    fresnel = 0.06 + 0.94 * (1 - np.clip(-rays[1], 0, 1)) ** 4
    joint = 1 - 0.5 * (1 - puddle) * step(0.36, 0.5, np.maximum(np.abs(round_x), np.abs(round_z))) * fade
    light[wet] = light[wet] * joint[:, None] + seen * (fresnel * (0.42 + 0.5 * puddle) * joint)[:, None]


def paint(width: int, height: int) -> Still:
    """The street."""
    view = View(width, height, 0.53, 0.80, 1.75)
    across, up = np.meshgrid(view.across, view.up)
    length = np.sqrt(1 + across**2 + up**2).ravel()
    ray = (across.ravel() / length, up.ravel() / length, 1 / length)
    eye = tuple(np.full(length.shape, c, dtype=np.float32) for c in (0.35, view.eye, 0))
    light, hit, is_ground = _look(eye, ray, 150)
    _wet(eye, ray, light, hit, is_ground)
    picture = light.reshape(height, width, 3)
    for x, y, z in LAMPS:
        column, row = view.place(x - 0.35, y, z)
        halo(picture, column, row, LAMPLIGHT * np.float32(0.55), 0.26 / z)
        halo(picture, column, row, LAMPLIGHT * np.float32(0.11), 1.6 / z)
    z = (np.minimum(hit, 1e6) * ray[2]).reshape(height, width)
    grade = Grade(
        exposure=1.05, bloom=0.30, threshold=0.8, shadows=(0.92, 1.0, 1.10), lights=(1.05, 1.0, 0.93), contrast=1.03
    )
    return Still(picture, grade, nearness(z, 8))
