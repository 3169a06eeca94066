"""A lighthouse on a headland in the last light before a storm, its beam just lit."""

from __future__ import annotations

import numpy as np
from film import Grade
from light import halo, nearness
from noise import Array, Noise, blocks, mix, read, rgb, step
from solid import Vector, box, dot, march, normal, occlusion
from still import Still
from terrain import NO_HIT, View, cast, normals, shadow

ROCK = Noise.seeded(71)
BLOCKS = blocks(74)
SEA = Noise.seeded(72)
STORM = Noise.seeded(73)
TOWER = (17.0, 21.0, 112.0)
"""Foot of the tower."""
LAMP_UP = 23.6
GLOW = -0.34
"""Where the sun went down: across per z."""
EMBER = rgb(2.4, 0.95, 0.34)
KEY = (-0.80, 0.30, 0.28)
SUNLIGHT = rgb(2.3, 1.02, 0.46)
SKYLIGHT = rgb(0.26, 0.33, 0.44)
LANTERN = rgb(1.0, 0.80, 0.48)


def ground(x: Array, z: Array) -> Array:
    """The headland, its stacks, and the sea bed below 0."""
    wander = 26 * ROCK.fbm(x / 70 + 1.3, z / 70, 3) + 9 * ROCK.fbm(x / 9, z / 9, 5)
    inland = x - 2 - 0.0016 * (z - 112) ** 2 + wander * 0.55 - 14 * step(60, 30, z)
    inland = np.minimum(inland, (z - 58) * 0.9 + wander * 0.5)
    near = 0.9 * (x * 0.55 - z * 0.75 + 22) + 0.35 * wander
    for sx, sz, wide in ((-17, 124, 5.0), (-29, 150, 4.2), (-11, 103, 2.6)):
        jag = 4.5 * ROCK.fbm(x / 5, z / 5, 5) + 2.5 * ROCK.ridged(x / 4, z / 4, 4)
        inland = np.maximum(inland, 2.2 * (wide - np.hypot(x - sx, (z - sz) * 0.7)) + jag - 2)
    cliff = 24.5 * step(-1.5, 7.5, inland) ** 0.8 * step(-3, 9, inland + 8) - 10
    joints = 2.6 * read(BLOCKS, x / 7 + wander / 30, z / 7) + 1.3 * read(BLOCKS, x / 2.6, z / 2.6 + wander / 20)
    joints = joints + 0.5 * read(BLOCKS, x / 0.95, z / 0.95) + 2.0 * (ROCK.ridged(x / 12, z / 12, 6) - 0.6)
    cliff = cliff + joints * step(-4, 3, inland) * step(26, 4, inland)
    stack = step(4, -6, x)
    cliff = np.where(cliff > 0, cliff * (1 - 0.48 * stack), cliff)
    roll = 6.3 * step(2, 22, inland) + 1.1 * ROCK.fbm(x / 22, z / 22, 4) * step(2, 10, inland)
    tuft = 0.42 * ROCK.ridged(x * 1.4, z * 0.9, 3) * step(3, 8, inland)
    bank = 17.5 * step(-1, 9, near) - 8 + 3 * ROCK.fbm(x / 8, z / 8, 5) + 0.25 * np.abs(ROCK.fbm(x * 2, z * 2, 3))
    return np.maximum(cliff + roll + tuft, np.where(near > -4, bank + 9 * step(0, 14, near), -14))


def tower(x: Array, y: Array, z: Array) -> Array:
    """The lighthouse: a tapered tower with gallery, lantern room and dome."""
    x, y, z = x - np.float32(TOWER[0]), y - np.float32(TOWER[1]), z - np.float32(TOWER[2])
    away = np.sqrt(x * x + z * z)
    shaft = np.maximum(away - (3.15 - 0.062 * y + 0.5 * np.exp(-np.maximum(y, 0) / 0.8)), np.abs(y - 10) - 11)
    corbel = np.maximum(away - 2.0 - 0.55 * np.clip((y - 19.8) / 1.4, 0, 1), np.abs(y - 20.6) - 0.8)
    gallery = np.maximum(away - 3.1, np.abs(y - 21.4) - 0.16)
    turn = np.arctan2(z, x)
    post = np.mod(turn * 24 / (2 * np.pi), 1) - 0.5
    rail = np.minimum(np.abs(post) * 0.78 - 0.035, np.minimum(np.abs(y - 22.5) - 0.05, np.abs(y - 22.05) - 0.03))
    rail = np.maximum(rail, np.maximum(np.abs(away - 2.98) - 0.05, np.abs(y - 22.0) - 0.55))
    bars = np.mod(turn * 10 / (2 * np.pi), 1) - 0.5
    room = np.maximum(np.abs(away - 1.55) - 0.05, np.abs(y - 23.2) - 1.6)
    room = np.maximum(room, np.minimum(np.abs(bars) * 0.97 - 0.06, np.minimum(np.abs(y - 23.3) - 0.05, 22.4 - y)))
    lens = np.sqrt(x * x + ((y - LAMP_UP) * 0.7) ** 2 + z * z) - 0.62
    roof = np.maximum(np.sqrt(x * x + ((y - 24.8) * 1.15) ** 2 + z * z) - 1.85, 24.75 - y)
    roof = np.minimum(
        roof,
        np.minimum(np.sqrt(x * x + (y - 26.6) ** 2 + z * z) - 0.28, np.maximum(away - 0.05, np.abs(y - 27.3) - 0.9)),
    )
    whole = np.minimum(np.minimum(shaft, corbel), np.minimum(gallery, rail * 0.8))
    return np.minimum(np.minimum(whole, room * 0.8), np.minimum(lens, roof * 0.85))


def cottage(x: Array, y: Array, z: Array) -> Array:
    """The keeper's house: gable, chimneys."""
    x, y, z = x - np.float32(TOWER[0] + 13.5), y - np.float32(TOWER[1] + 0.2), z - np.float32(TOWER[2] + 6)
    walls = np.maximum(box(x, y - 2.5, z, (6.2, 5.2, 3.2)), (y - 3.1) * 0.75 + np.abs(z) * 0.66 - 2.1)
    roof = np.maximum(
        np.abs((y - 3.25) * 0.75 + np.abs(z) * 0.66 - 2.2) - 0.13, np.maximum(np.abs(x) - 6.6, np.abs(z) - 3.8)
    )
    stacks = box(np.abs(x) - 5.1, y - 6.1, z, (0.5, 1.6, 0.5))
    return np.minimum(np.minimum(walls, roof * 0.9), stacks)


def buildings(x: Array, y: Array, z: Array) -> Array:
    """Tower and cottage."""
    return np.minimum(tower(x, y, z), cottage(x, y, z))


def sky(across: Array, up: Array) -> Array:
    """Storm cloud with a torn edge; under it a strip of evening."""
    height = np.maximum(up, 0)
    ember = np.exp(-(((across - GLOW) / 0.36) ** 2))
    clear = mix(rgb(0.62, 0.36, 0.28), rgb(0.17, 0.29, 0.46), step(0.0, 0.30, height))
    clear = clear + EMBER * (ember * np.exp(-height / 0.055))[..., None]
    u, v = across / (height + 0.10), 1 / (height + 0.10)
    bent = 0.5 * STORM.fbm(u * 0.6 + 5, v * 0.6, 4)
    mass = STORM.fbm(u * 0.75 + bent, v * 0.95 + bent + 2, 8)
    above = STORM.fbm(u * 0.75 + bent, v * 0.95 + bent + 2.07, 6)
    cover = step(-0.30, 0.14, mass + 1.3 * step(0.06, 0.42, height) - 0.42) * step(0.012, 0.08, height)
    lump = np.clip(0.5 + 2.6 * (above - mass), 0, 1)
    under = np.exp(-height / 0.16) * (0.25 + 0.95 * ember)
    body = mix(rgb(0.040, 0.058, 0.095), rgb(0.21, 0.23, 0.29), lump)
    body = body + EMBER * (0.30 * under * (0.35 + 0.9 * lump))[..., None]
    return mix(clear, body, cover * 0.96)


def _sea(view: View, light: Array, across: Array, up: Array) -> Array:
    """The water, in place over everything below the horizon; its distance."""
    wet = up < -1e-4
    z = view.eye / -up[wet]
    x = z * across[wet]
    calm = np.exp(-z / 900)
    swell_x = 0.10 * SEA.fbm(x / 13, z / 7, 5, 0.6) * calm + 0.05 * SEA.fbm(x / 2.5, z / 1.6, 4) * np.exp(-z / 140)
    swell_z = 0.16 * SEA.fbm(x / 15 + 40, z / 6, 5, 0.6) * calm + 0.07 * SEA.fbm(x / 2.2 + 9, z / 1.2, 4) * np.exp(
        -z / 140
    )
    ray_up, ray_across = -up[wet], across[wet]
    mirrored_up = np.abs(ray_up + 2 * swell_z + 0.04)
    mirrored = sky(ray_across + 2 * swell_x, mirrored_up)
    cosine = np.clip(ray_up + swell_z * 0.9, 0.0, 1) / np.sqrt(1 + ray_up**2)
    fresnel = 0.03 + 0.80 * (1 - cosine) ** 5
    deep = rgb(0.018, 0.046, 0.058) + rgb(0.02, 0.06, 0.06) * np.clip(swell_z * 8, 0, 1)[:, None]
    colour = mix(deep, mirrored, fresnel)
    shoal = ground(x, z)
    lace = SEA.ridged(x / 5 + 0.3 * shoal, z / 4, 6)
    surf = step(-8.5, -3.5, shoal + 3.6 * SEA.fbm(x / 9, z / 6, 4)) * step(
        0.40, 0.68, lace + 0.25 * step(-5, -1, shoal)
    )
    caps = (
        step(0.66, 0.80, SEA.ridged(x / 17, z / 7, 7)) * step(0.05, 0.3, SEA.fbm(x / 60, z / 34, 3)) * np.exp(-z / 420)
    )
    foam = np.clip(surf + 0.6 * caps, 0, 1)
    colour = mix(colour, rgb(0.46, 0.46, 0.48) + SUNLIGHT * 0.10, foam * 0.85)
    far = sky(ray_across, np.full_like(ray_up, 0.004)) * 0.75
    light[wet] = mix(colour, far, 1 - np.exp(-((z / 2600) ** 1.2)))
    depth = np.full(light.shape[:2], NO_HIT, dtype=np.float32)
    depth[wet] = z
    return depth


def _land(view: View, light: Array, depth: Array, across: Array, up: Array) -> Array:
    """The headland, in place; the distance with it in."""
    shore = cast(ground, view, 12, 420, 2600)
    seen = shore < depth
    z = shore[seen]
    x, y = z * across[seen], z * up[seen] + view.eye
    nx, ny, nz = normals(ground, x, z, 1.5 / view.width)
    grit = ROCK.fbm(x * 0.9, (z + 1.4 * y) * 0.9, 6)
    strata = ROCK.fbm(x / 26 + 0.12 * y, y * 0.75 + grit * 0.5, 5)
    rock = rgb(0.150, 0.125, 0.110) * (1 + 0.5 * grit + 0.8 * strata)[:, None]
    rock = rock * (0.35 + 0.65 * step(0.5, 4.5, y))[:, None]
    blade = ROCK.fbm(x * 3.2, z * 1.4, 5)
    turf = mix(rgb(0.085, 0.105, 0.035), rgb(0.20, 0.165, 0.07), step(-0.35, 0.5, ROCK.fbm(x / 13, z / 13, 5)))
    turf = turf * (0.85 + 0.9 * blade)[:, None]
    grass = step(0.62, 0.84, ny + 0.22 * grit) * step(5, 10, y)
    sun = np.array(KEY, dtype=np.float32) / np.float32(np.linalg.norm(KEY))
    lit = np.clip(nx * sun[0] + ny * sun[1] + nz * sun[2], 0, 1) * shadow(ground, x, y + 0.3, z, sun, 90, 22)
    open_ = 0.55 + 0.45 * ny
    colour = mix(rock, turf, grass) * (SUNLIGHT * (1.25 * lit)[:, None] + SKYLIGHT * (1.05 * open_)[:, None])
    haze = 1 - np.exp(-z / 900)
    spray = 0.45 * np.exp(-np.maximum(y, 0) / 3.0) * step(-0.2, 0.5, SEA.fbm(x / 7, z / 7, 4)) * step(40, 90, z)
    air = mix(rgb(0.30, 0.30, 0.34), rgb(0.85, 0.50, 0.34), np.exp(-(((across[seen] - GLOW) / 0.35) ** 2)))
    light[seen] = mix(colour, air, np.clip(haze + spray, 0, 1))
    return np.where(seen, shore, depth)


def _house_colour(point: Vector, facing: Vector) -> Array:
    x, y, z = (p - np.float32(t) for p, t in zip(point, TOWER, strict=True))
    is_tower = np.hypot(x, z) < 4.2
    stain = ROCK.fbm(x * 0.8 + z, y * 0.18, 5)
    lime = rgb(0.56, 0.53, 0.49) * (1 + 0.30 * stain - 0.25 * step(3, 0, y))[:, None]
    band = ((y > 7.2) & (y < 13.4) | (y > 24.6))[:, None]
    red = rgb(0.36, 0.045, 0.035) * (1 + 0.25 * stain)[:, None]
    iron = ((y > 21.1) & (y < 24.7))[:, None]
    tall = np.where(iron, rgb(0.05, 0.05, 0.055), np.where(band, red, lime))
    slit = (np.abs(x + 0.9) < 0.32) & (np.abs(np.mod(y - 3.4, 5.6) - 0.7) < 0.62) & (z < 0) & (y < 19)
    tall = np.where(slit[:, None], rgb(0.03, 0.03, 0.035), tall)
    slate = (facing[1] > 0.35)[:, None] & (y > 3.0)[:, None]
    house = np.where(slate, rgb(0.075, 0.08, 0.095) * (1 + 0.5 * stain)[:, None], lime * 0.85)
    return np.where(is_tower[:, None], tall, house)


def _built(view: View, light: Array, depth: Array, across: Array, up: Array) -> Array:
    """Tower and cottage, in place; the distance with them in."""
    window = (across > 0.06) & (across < 0.42) & (up < 0.29) & (up > -0.16)
    length = np.sqrt(1 + across[window] ** 2 + up[window] ** 2)
    ray = (across[window] / length, up[window] / length, 1 / length)
    start = np.full_like(length, 85.0)
    origin = (ray[0] * start, ray[1] * start + view.eye, ray[2] * start)
    hit = march(buildings, origin, ray, 70, steps=90, touch=1.2e-3)
    met = np.isfinite(hit) & ((hit + start) * ray[2] < depth[window])
    point = tuple(o[met] + r[met] * hit[met] for o, r in zip(origin, ray, strict=True))
    facing = normal(buildings, point, 0.02)
    sun = np.array(KEY, dtype=np.float32) / np.float32(np.linalg.norm(KEY))
    lit = np.clip(dot(facing, tuple(sun)), 0, 1)
    shade = occlusion(buildings, point, facing, 2.0)
    colour = _house_colour(point, facing)
    shaded = colour * (
        SUNLIGHT * (1.15 * lit)[:, None] + SKYLIGHT * (shade * (0.75 + 0.25 * facing[1] - 0.2 * facing[2]))[:, None]
    )
    x, y, z = (p - np.float32(t) for p, t in zip(point, TOWER, strict=True))
    burning = (np.sqrt(x * x + (y - LAMP_UP) ** 2 + z * z) < 1.25) & (np.hypot(x, z) < 1.2)
    shaded[burning] = LANTERN * 9
    pane = (
        (np.abs(np.mod(x - 13.5 + 1.5, 3.0) - 1.5) < 0.52)
        & (np.abs(y - 1.9) < 0.72)
        & (facing[2] < -0.8)
        & (np.abs(x - 13.5) < 5.6)
    )
    cross = (np.abs(np.mod(x - 13.5 + 1.5, 3.0) - 1.5) > 0.05) & (np.abs(y - 2.0) > 0.05)
    shaded[pane] = np.where(cross[pane][:, None], rgb(2.4, 1.25, 0.45), rgb(0.2, 0.12, 0.06))
    inside = np.flatnonzero(window)[met]
    light.reshape(-1, 3)[inside] = shaded
    depth = depth.copy()
    depth.reshape(-1)[inside] = ((hit + start) * ray[2])[met]
    return depth


def _beam(view: View, light: Array) -> None:
    """The turning light, caught in the damp air, in place."""
    column, row = view.place(TOWER[0], TOWER[1] + LAMP_UP, TOWER[2])
    u, v = view.screen()
    x, y = u - np.float32(column / view.width), v - np.float32(row / view.width)
    for heading, strength in ((np.pi + 0.13, 1.0), (-0.17, 0.55)):
        along = x * np.float32(np.cos(heading)) + y * np.float32(np.sin(heading))
        aside = -x * np.float32(np.sin(heading)) + y * np.float32(np.cos(heading))
        width = 0.0035 + 0.050 * np.maximum(along, 0)
        smoke = 0.75 + 0.5 * STORM.fbm(u * 7 + 3, v * 9, 5)
        shaft = np.exp(-((aside / width) ** 2)) * step(-0.002, 0.01, along) * smoke / (1 + 9 * np.maximum(along, 0))
        light += LANTERN * (2.3 * strength * shaft * np.exp(-np.maximum(along, 0) / 0.55))[..., None]
    halo(light, column, row, LANTERN * np.float32(2.2), 0.014)
    halo(light, column, row, LANTERN * np.float32(0.42), 0.07)


def paint(width: int, height: int) -> Still:
    """The lighthouse."""
    view = View(width, height, 0.60, 0.98, 29.0)
    across, up = np.meshgrid(view.across, view.up)
    light = sky(across, up)
    depth = _sea(view, light, across, up)
    depth = _land(view, light, depth, across, up)
    depth = _built(view, light, depth, across, up)
    _beam(view, light)
    grade = Grade(
        exposure=0.66,
        bloom=0.22,
        threshold=0.9,
        shadows=(0.94, 1.0, 1.06),
        lights=(1.04, 1.0, 0.95),
        contrast=1.08,
        vignette=0.3,
    )
    return Still(light, grade, nearness(depth, 60))
