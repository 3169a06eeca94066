"""A perfume bottle on a stone plinth in window light, palm shadows on the plaster behind it.

    eye ─▶ glass ─▶ perfume ─▶ glass ─▶ room      rays bend at each surface and are stained on the way

The room is a wall, a table and a bright window behind the camera, all in closed form, so that any ray can ask for it.
"""

from __future__ import annotations

import cv2
import numpy as np
from film import Grade, blur
from light import nearness
from noise import Array, Mask, Noise, mix, read, rgb, step
from solid import Vector, box, by_parcels, cylinder, dot, lit, march, normal, occlusion, pick
from still import Still
from terrain import View

STONE = Noise.seeded(31)
PLASTER = Noise.seeded(32)
WALL = 7.3
TABLE = -0.24
AT = (0.42, 5.3)
"""The bottle's x and z; its foot is at y = 0."""
TURN = 0.30
LEVEL = 0.78
SUN = (-0.62, 0.56, -0.55)
GLASS, PERFUME = 1.5, 1.36
STAIN = rgb(0.75, 2.5, 7.0)
"""Perfume's absorption per metre of red, green and blue."""
SUNLIGHT = rgb(2.9, 2.25, 1.55)
SKYLIGHT = rgb(0.36, 0.40, 0.47)


def _fronds() -> Array:
    """What the palm outside the window lets through, 0..1: leaflets along bent ribs, softened."""
    size = 1024
    leaves = np.full((size, size), 255, dtype=np.uint8)
    random = np.random.default_rng(33)
    for foot_x, foot_y, heading, reach in (
        (40, 980, -0.95, 900),
        (330, 1010, -1.35, 820),
        (-60, 520, -0.35, 760),
        (700, 1060, -1.75, 640),
        (980, 200, 2.6, 620),
    ):
        for k in range(46):
            t = 0.08 + 0.92 * k / 45
            bend = heading + 0.55 * t * t
            x, y = foot_x + reach * t * np.cos(bend), foot_y + reach * t * np.sin(bend)
            long = 190 * np.sin(np.pi * min(1.0, 0.16 + 0.84 * t)) * random.uniform(0.85, 1.1) + 20
            for side in (-1, 1):
                angle = bend + side * (0.95 - 0.45 * t) + random.normal(0, 0.04)
                tip = (x + long * np.cos(angle), y + long * np.sin(angle))
                across = (-np.sin(angle) * 7, np.cos(angle) * 7)
                middle = (x + 0.4 * (tip[0] - x), y + 0.4 * (tip[1] - y))
                blade = np.array(
                    [
                        (x, y),
                        (middle[0] + across[0], middle[1] + across[1]),
                        tip,
                        (middle[0] - across[0], middle[1] - across[1]),
                    ]
                )
                cv2.fillPoly(leaves, [blade.astype(np.int32)], 0, lineType=cv2.LINE_AA)
    return blur(leaves.astype(np.float32) / 255, 7.0)


FRONDS = _fronds()


def _through_window(x: Array, y: Array, z: Array) -> Array:
    """Share of the sun that the window and the palm let through to a point, 0..1."""
    k = (z - np.float32(AT[1])) / np.float32(SUN[2])
    u, v = x - SUN[0] * k, y - SUN[1] * k
    edge = u + 0.10 * v
    frame = step(-3.25, -3.05, edge) * step(2.1, 1.9, edge) * step(4.4, 4.2, v)
    bar = np.maximum(step(0.03, 0.10, np.abs(edge + 2.32)), 0.12)
    return frame * bar * (0.05 + 0.95 * read(FRONDS, (u + 3.4) * 12, (4.3 - v) * 12))


def _turned(x: Array, z: Array) -> tuple[Array, Array]:
    c, s = np.float32(np.cos(TURN)), np.float32(np.sin(TURN))
    x, z = x - np.float32(AT[0]), z - np.float32(AT[1])
    return c * x - s * z, s * x + c * z


def glass(x: Array, y: Array, z: Array) -> Array:
    """The bottle's outside."""
    a, b = _turned(x, z)
    return box(a, y - 0.56, b, (0.43, 0.56, 0.21), 0.05)


def hollow(x: Array, y: Array, z: Array) -> Array:
    """The bottle's inside: a heavy foot and thick walls."""
    a, b = _turned(x, z)
    return box(a, y - 0.61, b, (0.345, 0.43, 0.135), 0.045)


def metal(x: Array, y: Array, z: Array) -> Array:
    """Collar and cap."""
    x, z = x - np.float32(AT[0]), z - np.float32(AT[1])
    collar = cylinder(x, y - 1.15, z, 0.155, 0.035, 0.01)
    ribs = 0.004 * np.cos(28 * np.arctan2(z, x))
    cap = cylinder(x, y - 1.36, z, 0.20, 0.155, 0.022) - ribs * step(1.24, 1.28, y) * step(1.48, 1.44, y)
    return np.minimum(collar, cap * 0.8)


def stone(x: Array, y: Array, z: Array) -> Array:
    """The plinth and three pebbles."""
    plinth = cylinder(x - AT[0], y - TABLE / 2, z - AT[1], 0.98, -TABLE / 2, 0.016)
    for px, pz, wide, tall in ((-0.90, 4.98, 0.22, 0.105), (-1.27, 5.25, 0.14, 0.08), (1.50, 5.05, 0.17, 0.095)):
        a, b, c = (x - np.float32(px)) / wide, (y - np.float32(TABLE + tall * 0.86)) / tall, (z - np.float32(pz)) / wide
        plinth = np.minimum(plinth, (np.sqrt(a * a + b * b + c * c + 0.12 * a * c) - 1) * np.float32(tall * 0.8))
    return plinth


def opaque(x: Array, y: Array, z: Array) -> Array:
    """Everything that light does not cross."""
    return np.minimum(metal(x, y, z), stone(x, y, z))


def everything(x: Array, y: Array, z: Array) -> Array:
    """All solids."""
    return np.minimum(opaque(x, y, z), glass(x, y, z))


def _sunlight(point: Vector) -> Array:
    """Sun that reaches points, (n, 3): past the palm, past solids, amber where it crossed the bottle."""
    direct = _through_window(*point)
    clear = lit(opaque, point, SUN, 5, 16)
    past = lit(glass, point, SUN, 5, 16)
    knots = STONE.ridged(point[0] * 2.1 + point[2], (point[2] + point[1]) * 2.7, 3)
    amber = rgb(1.05, 0.50, 0.13) * (0.30 + 1.5 * np.clip(knots - 0.45, 0, 1) ** 1.5 * 3)[:, None]
    return SUNLIGHT * (direct * clear)[:, None] * mix(amber, rgb(1, 1, 1), past)


def _matte(point: Vector, facing: Vector, albedo: Array) -> Array:
    """A dull surface in sun, window light and what the warm room sends back."""
    toward = np.clip(dot(facing, tuple(np.array(SUN, dtype=np.float32))), 0, 1)
    shade = occlusion(everything, point, facing, 0.45)
    sky = SKYLIGHT * (0.55 + 0.25 * facing[1] - 0.30 * facing[0])[:, None]
    warm = rgb(0.20, 0.145, 0.10) * (0.6 - 0.4 * facing[1])[:, None]
    return albedo * (_sunlight(point) * toward[:, None] + (sky + warm) * shade[:, None])


def room(origin: Vector, ray: Vector) -> Array:
    """What a ray that meets no solid sees: wall, table, or the window and the dim room behind the camera, (n, 3)."""
    to_wall = np.where(ray[2] > 1e-3, (WALL - origin[2]) / np.maximum(ray[2], 1e-3), np.inf)
    to_table = np.where(ray[1] < -1e-3, (TABLE - origin[1]) / np.minimum(ray[1], -1e-3), np.inf)
    light = np.empty((ray[0].size, 3), dtype=np.float32)
    back = (to_wall > 30) & (to_table > 30)
    window = step(0.78, 0.84, -ray[0]) * step(1.1, 1.0, -ray[0]) * step(-0.1, 0, ray[1]) * step(0.75, 0.65, ray[1])
    pane = np.maximum(step(0.018, 0.03, np.abs(ray[0] + 0.91)), 0.15)
    strip = step(0.55, 0.65, ray[0]) * step(0.95, 0.85, ray[0])
    light[:] = (
        rgb(0.10, 0.085, 0.07) + rgb(5.0, 5.2, 5.4) * (window * pane)[:, None] + rgb(0.5, 0.45, 0.4) * strip[:, None]
    )
    light[:] += rgb(0.5, 0.48, 0.45) * step(0.3, 1.0, ray[1])[:, None]
    for chosen, distance, paint in (
        (~back & (to_wall < to_table), to_wall, _wall),
        (~back & (to_table <= to_wall), to_table, _table),
    ):
        if chosen.any():
            point = tuple(o[chosen] + r[chosen] * distance[chosen] for o, r in zip(origin, ray, strict=True))
            light[chosen] = paint(point)
    return light


def _wall(point: Vector) -> Array:
    x, y, _ = point
    trowel = PLASTER.fbm(x * 0.8, y * 1.1, 6) + 0.35 * PLASTER.ridged(x * 2.2 + y, y * 2.0 - x, 5)
    bump = PLASTER.fbm((x + 0.012) * 3, y * 3, 3) - PLASTER.fbm(x * 3, y * 3, 3)
    albedo = rgb(0.60, 0.485, 0.375) * (1 + 0.09 * trowel + 0.7 * bump)[:, None]
    zero = np.zeros_like(x)
    fall = (1.10 - 0.10 * x) * (0.86 + 0.14 * step(TABLE, TABLE + 0.5, y))
    return _matte(point, (zero, zero, zero - 1), albedo) * fall[:, None]


def _table(point: Vector) -> Array:
    x, _, z = point
    vein = STONE.fbm(x * 1.4, z * 1.4, 6)
    albedo = rgb(0.50, 0.43, 0.35) * (1 + 0.16 * vein)[:, None]
    zero = np.zeros_like(x)
    corner = 0.72 + 0.28 * step(WALL, WALL - 0.8, z)
    return _matte(point, (zero, zero + 1, zero), albedo) * corner[:, None]


def _stony(point: Vector) -> Array:
    x, y, z = point
    facing = normal(stone, (x, y, z))
    pits = STONE.fbm(x * 15 + 3, (z + 2.4 * y) * 22, 4)
    bands = STONE.fbm(x * 0.9 + z * 0.4, y * 16 + z * 0.5, 4)
    pebble = (np.hypot(x - AT[0], z - AT[1]) > 1.0)[:, None]
    travertine = rgb(0.66, 0.575, 0.48) * (1 + 0.14 * bands - 0.5 * step(0.28, 0.42, pits))[:, None]
    basalt = rgb(0.16, 0.15, 0.145) * (1 + 0.5 * pits)[:, None]
    return _matte(point, facing, np.where(pebble, basalt, travertine))


def bend(ray: Vector, facing: Vector, ratio: float) -> tuple[Vector, Mask]:
    """Snell: `ray` through a surface that `facing` looks back from; rays that cannot pass are mirrored (and told)."""
    cosine = -dot(ray, facing)
    rest = 1 - ratio * ratio * (1 - cosine * cosine)
    inside = rest < 0
    turn = np.where(inside, 2 * cosine, ratio * cosine - np.sqrt(np.maximum(rest, 0)))
    keep = np.where(inside, 1.0, ratio).astype(np.float32)
    return tuple(keep * r + turn * f for r, f in zip(ray, facing, strict=True)), inside


def _along(point: Vector, ray: Vector, distance: Array | float) -> Vector:
    return tuple(p + r * distance for p, r in zip(point, ray, strict=True))


def _out(facing: Vector) -> Vector:
    return tuple(-f for f in facing)


def _mirror(ray: Vector, facing: Vector) -> Vector:
    twice = 2 * dot(ray, facing)
    return tuple(r - twice * f for r, f in zip(ray, facing, strict=True))


def _solid_or_room(origin: Vector, ray: Vector) -> Array:
    """Light along rays that no longer care for glass."""
    hit = march(opaque, origin, ray, 9, steps=60)
    met = np.isfinite(hit)
    light = room(origin, ray)
    if met.any():
        point = tuple(o[met] + r[met] * hit[met] for o, r in zip(origin, ray, strict=True))
        is_metal = metal(*point) < stone(*point)
        colour = _stony(point)
        colour[is_metal] = rgb(0.42, 0.33, 0.20)
        light[met] = colour
    return light


def _walls(x: Array, y: Array, z: Array) -> Array:
    """Distance inside the glass: to its outside, or to the hollow."""
    return np.minimum(-glass(x, y, z), hollow(x, y, z))


def _cross(here: Vector, inward: Vector) -> tuple[Vector, Vector, Array]:
    """From a point in the glass, through the hollow if that is in the way, to the outside: place, way, perfume (m)."""
    leave = march(_walls, here, inward, 3, steps=70)
    here = _along(here, inward, np.where(np.isfinite(leave), leave, 0.0))
    within = hollow(*here) < 2e-3
    facing = normal(hollow, here)
    entering, _ = bend(inward, facing, GLASS / PERFUME)
    airy, _ = bend(inward, facing, GLASS)
    wet = here[1] < LEVEL
    crossing = tuple(np.where(within, np.where(wet, e, a), i) for e, a, i in zip(entering, airy, inward, strict=True))
    start = _along(here, crossing, 5e-3)
    far = march(lambda x, y, z: -hollow(x, y, z), start, crossing, 3, steps=60)
    far = np.where(within & np.isfinite(far), far, 0.0)
    end = _along(start, crossing, far)
    low, high = np.minimum(start[1], end[1]), np.maximum(start[1], end[1])
    submerged = np.clip((LEVEL - low) / np.maximum(high - low, 1e-4), 0, 1)
    back, _ = bend(crossing, _out(normal(hollow, end)), PERFUME / GLASS)
    inward = tuple(np.where(within, b, i) for b, i in zip(back, inward, strict=True))
    here = _along(end, inward, np.where(within, 6e-3, 0).astype(np.float32))
    exit_at = march(lambda x, y, z: -glass(x, y, z), here, inward, 3, steps=60)
    return _along(here, inward, np.where(np.isfinite(exit_at), exit_at, 0.0)), inward, far * submerged


def _glassy(point: Vector, ray: Vector) -> Array:
    """Light from the bottle: its reflection, and what is seen through glass, perfume and glass again."""
    facing = normal(glass, point)
    cosine = np.clip(-dot(ray, facing), 0, 1)
    fresnel = 0.04 + 0.96 * (1 - cosine) ** 5
    mirrored = room(point, _mirror(ray, facing))
    inward, _ = bend(ray, facing, 1 / GLASS)
    here, inward, stain = _cross(_along(point, inward, 4e-3), inward)
    outward, trapped = bend(inward, _out(normal(glass, here)), GLASS)
    # What the far wall throws back crosses once more; what is thrown back again is lost.
    back = pick(outward, trapped)
    there, inward, more = _cross(_along(pick(here, trapped), back, 6e-3), back)
    onward, _ = bend(inward, _out(normal(glass, there)), GLASS)
    stain[trapped] += more
    for whole, part in zip((*here, *outward), (*there, *onward), strict=True):
        whole[trapped] = part
    meniscus = np.exp(-(((point[1] - LEVEL) / 0.006) ** 2)) * (np.abs(point[0] - AT[0]) < 0.345)
    seen = _solid_or_room(_along(here, outward, 8e-3), outward)
    seen = seen * np.exp(-STAIN * stain[:, None]) * (1 - 0.35 * meniscus[:, None])
    # Sun scattered inside the perfume makes it glow where it stands in the light.
    glow = rgb(0.95, 0.42, 0.08) * (0.22 * (1 - np.exp(-5 * stain)) * _through_window(*point))[:, None]
    return mix(seen * rgb(0.95, 0.97, 0.96) + glow, mirrored, fresnel)


def _metallic(point: Vector, ray: Vector) -> Array:
    facing = normal(metal, point, 1.5e-3)
    mirrored = room(point, _mirror(ray, facing))
    brushed = _matte(point, facing, np.broadcast_to(rgb(0.30, 0.23, 0.13), mirrored.shape))
    edge = np.clip(1 + dot(ray, facing), 0, 1) ** 5
    return mirrored * mix(rgb(0.83, 0.66, 0.40), rgb(1, 0.96, 0.9), edge) * 0.85 + 0.6 * brushed


def paint(width: int, height: int) -> Still:
    """The bottle."""
    view = View(width, height, 0.46, 1.30, 0.80)
    across, up = np.meshgrid(view.across, view.up)
    length = np.sqrt(1 + across**2 + up**2).ravel()
    ray = (across.ravel() / length, up.ravel() / length, 1 / length)
    eye = tuple(np.full(length.shape, c, dtype=np.float32) for c in (0, view.eye, 0))
    light = by_parcels(room, eye, ray)
    boxed = (np.abs(across.ravel()) < 0.42) & (up.ravel() < 0.16)
    hit = np.full(length.shape, np.inf, dtype=np.float32)
    hit[boxed] = march(everything, pick(eye, boxed), pick(ray, boxed), 8)
    met = np.isfinite(hit)
    point = tuple(o + r * np.where(met, hit, 0) for o, r in zip(eye, ray, strict=True))
    gaps = np.stack([glass(*point), metal(*point), stone(*point)])
    nearest = np.argmin(gaps, axis=0)
    for which, shade in enumerate((_glassy, _metallic, lambda point, _: _stony(point))):
        chosen = met & (nearest == which)
        light[chosen] = by_parcels(shade, pick(point, chosen), pick(ray, chosen))
    far = np.minimum(WALL / ray[2], np.where(ray[1] < 0, (TABLE - view.eye) / np.minimum(ray[1], -1e-4), np.inf))
    z = (np.minimum(hit, far) * ray[2]).reshape(height, width)
    grade = Grade(exposure=0.74, bloom=0.10, threshold=1.1, saturation=1.05, contrast=1.04, vignette=0.25)
    return Still(light.reshape(height, width, 3), grade, nearness(z, 4))
