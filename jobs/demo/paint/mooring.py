"""What stands at the near shore of the lake: a jetty with a lantern, and a rowing boat tied to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from noise import Array, Noise, mix, rgb, step
from solid import Vector, box, by_parcels, capsule, lit, march, normal, occlusion, pick
from terrain import View

GRAIN = Noise.seeded(21)
JETTY = (1.9, 0.55, 11.6)
"""Its centre; it is 12 m long."""
JETTY_TURN = -0.20
BOAT = (-2.0, 0.02, 14.2)
BOAT_TURN = 0.75
LANTERN = (-0.124, 1.70, 17.057)
FLAME = rgb(1.0, 0.50, 0.16)


def _turned(x: Array, z: Array, centre: tuple[float, float, float], angle: float) -> tuple[Array, Array]:
    x, z = x - np.float32(centre[0]), z - np.float32(centre[2])
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return c * x - s * z, s * x + c * z


def jetty(x: Array, y: Array, z: Array) -> Array:
    """Planks across two beams, on posts in pairs, and the lantern's post at the end."""
    a, b = _turned(x, z, JETTY, JETTY_TURN)
    plank = np.floor(b / 0.21)
    uneven = 0.5 + 0.5 * np.sin(plank * 12.9)
    deck = box(
        a - 0.05 * np.sin(plank * 7.1),
        y - 0.55 - 0.012 * uneven,
        (b / 0.21 - plank - 0.5) * 0.21,
        (0.80, 0.028, 0.093),
        0.012,
    )
    deck = np.maximum(deck, np.abs(b) - 6.0)
    beams = box(np.abs(a) - 0.55, y - 0.44, b, (0.06, 0.08, 6.0))
    spacing = 2.4
    c = b - spacing * np.clip(np.round(b / spacing), -2, 2)
    posts = capsule(np.abs(a), y, c, (0.84, -0.8, 0), (0.84, 0.86, 0), 0.075)
    mast = capsule(a, y, b, (-0.62, 0.4, 5.75), (-0.62, 1.95, 5.75), 0.04)
    arm = capsule(a, y, b, (-0.62, 1.93, 5.75), (-0.90, 1.93, 5.75), 0.025)
    return np.minimum(np.minimum(deck * 0.9, beams), np.minimum(posts, np.minimum(mast, arm)))


def boat(x: Array, y: Array, z: Array) -> Array:
    """A rowing boat: a hull with sheer, hollow, three seats, a pair of oars laid along it."""
    a, b = _turned(x, z, BOAT, BOAT_TURN)
    y = y - np.float32(BOAT[1])
    along = np.clip(b / np.float32(2.15), -1.03, 1.03)
    bow = np.clip(1 - np.abs(along) ** 2.3, 0, 1) ** 0.62 + 0.02
    flare = 0.62 + 0.38 * np.clip((y + 0.15) / 0.55, 0, 1)
    rail = 0.34 + 0.20 * along**2
    side = np.abs(a) - 0.68 * bow * flare
    outer = np.maximum(np.maximum(side, y - rail), -0.2 - y)
    hollow = np.maximum(side + 0.045, 0.02 - y)
    end = np.abs(b) - 2.17
    hull = np.maximum(np.maximum(outer, -hollow), end)
    trim = np.maximum(np.maximum(np.abs(side + 0.02) - 0.045, np.abs(y - rail) - 0.022), end)
    seats = np.minimum(np.minimum(np.abs(b) - 0.13, np.abs(b - 1.15) - 0.13), np.abs(b + 1.2) - 0.16)
    seats = np.maximum(np.maximum(seats, side + 0.03), np.abs(y - 0.24) - 0.018)
    oars = np.minimum(
        capsule(a, y, b, (0.16, 0.30, -1.5), (0.30, 0.34, 1.55), 0.022),
        capsule(a, y, b, (-0.1, 0.30, -1.6), (-0.26, 0.34, 1.4), 0.022),
    )
    return np.minimum(np.minimum(hull, trim) * 0.55, np.minimum(seats * 0.7, oars))


def scene(x: Array, y: Array, z: Array) -> Array:
    """Jetty, boat and lantern housing together."""
    lx, ly, lz = (a - np.float32(c) for a, c in zip((x, y, z), LANTERN, strict=True))
    lantern = np.minimum(box(lx, ly - 0.17, lz, (0.11, 0.025, 0.11), 0.01), box(lx, ly + 0.14, lz, (0.09, 0.015, 0.09)))
    bars = box(np.abs(lx) - 0.08, ly, np.abs(lz) - 0.08, (0.008, 0.16, 0.008))
    lantern = np.minimum(lantern, np.minimum(bars, np.sqrt(lx * lx + (ly * 0.6) ** 2 + lz * lz) - 0.05))
    return np.minimum(np.minimum(jetty(x, y, z), boat(x, y, z)), lantern)


def _shade(point: Vector, ray: Vector, sun: tuple[float, ...], key: Array, ambient: Array, glow: float) -> Array:
    x, y, z = point
    nx, ny, nz = normal(scene, (x, y, z))
    a, b = _turned(x, z, JETTY, JETTY_TURN)
    is_boat = boat(x, y, z) < 0.01
    streaks = GRAIN.fbm(a * 2.2 + np.floor(b / 0.21) * 3.7, b * 30 + y * 9, 5)
    wood = (
        rgb(0.20, 0.165, 0.135) * (1 + 0.75 * streaks[:, None]) * (0.8 + 0.25 * np.sin(np.floor(b / 0.21) * 5)[:, None])
    )
    ba, bb = _turned(x, z, BOAT, BOAT_TURN)
    worn = GRAIN.fbm(bb * 3, y * 20 + ba * 6, 5)
    paint = mix(rgb(0.20, 0.045, 0.03), rgb(0.22, 0.18, 0.14), step(0.15, 0.45, worn))
    inside = step(0.02, -0.04, np.abs(ba) - 0.60) * step(-0.1, 0.2, ny)
    varnish = rgb(0.24, 0.13, 0.065) * (1 + 0.6 * GRAIN.fbm(bb * 1.5, ba * 24, 4)[:, None])
    albedo = np.where(is_boat[:, None], mix(paint * (1 + 0.4 * worn[:, None]), varnish, inside), wood)
    albedo = albedo * (0.35 + 0.65 * step(-0.05, 0.22, y))[:, None]  # wet at the water line
    shade = occlusion(scene, point, (nx, ny, nz), 0.5)
    facing = np.clip(nx * sun[0] + ny * sun[1] + nz * sun[2], 0, 1) * lit(scene, point, sun, 8)
    light = albedo * (key * facing[:, None] + ambient * (shade * (0.45 + 0.55 * ny))[:, None])
    lx, ly, lz = (np.float32(c) - p for c, p in zip(LANTERN, point, strict=True))
    away = np.sqrt(lx * lx + ly * ly + lz * lz)
    toward = np.clip((nx * lx + ny * ly + nz * lz) / away, 0, 1) * shade
    light += albedo * FLAME * (glow * 17 * toward / (away * away + 0.4))[:, None]
    rim = np.clip(1 + nx * ray[0] + ny * ray[1] + nz * ray[2], 0, 1) ** 4 * np.clip(ny + 0.2, 0, 1)
    light += FLAME * (glow * 9 * (away < 0.10))[:, None]
    return light + ambient * (0.22 * rim * shade)[:, None]


def moor(
    view: View, light: Array, sun: tuple[float, ...], key: Array, ambient: Array, glow: float
) -> tuple[Array, Array]:
    """`light` with the mooring and its reflection in it, and the distance z of its pixels (inf elsewhere)."""
    top, bottom = int(view.height * 0.42), view.height
    left, right = int(view.width * 0.24), view.width
    across, up = np.meshgrid(view.across[left:right], view.up[top:bottom])
    length = np.sqrt(1 + across**2 + up**2)
    ray = tuple((a / length).ravel() for a in (across, up, np.ones_like(up)))
    shape = across.shape
    eye = tuple(np.full(across.size, c, dtype=np.float32) for c in (0, view.eye, 0))
    sun = tuple(float(s) for s in np.array(sun) / np.linalg.norm(sun))
    hit = march(scene, eye, ray, 30)
    window = light[top:bottom, left:right].reshape(-1, 3)

    def shade(point: Vector, ray: Vector) -> Array:
        return _shade(point, ray, sun, key, ambient, glow)

    window = _reflection(window, eye, ray, hit, shade)
    seen = np.isfinite(hit) & (eye[1] + ray[1] * hit > -0.01)
    point = tuple(o[seen] + r[seen] * hit[seen] for o, r in zip(eye, ray, strict=True))
    window[seen] = by_parcels(shade, point, pick(ray, seen))
    light = light.copy()
    light[top:bottom, left:right] = window.reshape(*shape, 3)
    depth = np.full(light.shape[:2], np.inf, dtype=np.float32)
    depth[top:bottom, left:right] = np.where(seen, ray[2] * hit, np.inf).reshape(shape)
    return light, depth


def _reflection(window: Array, eye: Vector, ray: Vector, hit: Array, shade: Callable[[Vector, Vector], Array]) -> Array:
    """The mooring mirrored in the water, blended over what the water showed."""
    water = np.where(ray[1] < -1e-3, -eye[1] / np.minimum(ray[1], -1e-3), np.inf)
    wet = (water < np.minimum(hit, 32)).nonzero()[0]
    x, z = ray[0][wet] * water[wet], ray[2][wet] * water[wet]
    ripple = 0.045 * GRAIN.fbm(x / 0.55, z / 0.8, 4) + 0.02 * GRAIN.fbm(x / 2.1 + 5, z / 3.3, 2)
    bounced = (ray[0][wet] + 0.3 * ripple, -ray[1][wet] + ripple, ray[2][wet])
    origin = (x, np.full_like(x, 0.004), z)
    met = march(scene, origin, bounced, 14, steps=70)
    seen = np.isfinite(met)
    point = tuple(o[seen] + r[seen] * met[seen] for o, r in zip(origin, bounced, strict=True))
    colour = by_parcels(shade, point, pick(bounced, seen))
    fresnel = 0.05 + 0.95 * (1 - np.clip(-ray[1][wet][seen], 0, 1)) ** 4
    window = window.copy()
    window[wet[seen]] = colour * (0.45 + 0.5 * fresnel)[:, None] + 0.02 * window[wet[seen]]
    return window
