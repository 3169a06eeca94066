"""Small solid things (a boat, a jetty, a bottle) as distance functions, met by marching along every ray.

    distance(x, y, z) ──stride that far along the ray, again and again──▶ depth ──differences──▶ normal ──▶ shade

A scene is one function of three arrays; `union`, `carve` and `melt` join parts. Only the rays inside a box march.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from noise import Array, Mask

Solid = Callable[[Array, Array, Array], Array]
"""Signed distance in metres at (x, y, z), negative inside; may be an underestimate, never an overestimate."""
Vector = tuple[Array, ...]
"""x, y and z of many points or directions: three arrays of one shape."""
PARCEL = 1 << 15


def box(x: Array, y: Array, z: Array, half: tuple[float, float, float], rounding: float = 0.0) -> Array:
    """A box about the origin with half sizes `half`, edges rounded by `rounding` within them."""
    dx, dy, dz = (np.abs(a) - np.float32(h - rounding) for a, h in zip((x, y, z), half, strict=True))
    outside = np.sqrt(np.maximum(dx, 0) ** 2 + np.maximum(dy, 0) ** 2 + np.maximum(dz, 0) ** 2)
    return outside + np.minimum(np.maximum(dx, np.maximum(dy, dz)), 0) - np.float32(rounding)


def capsule(x: Array, y: Array, z: Array, a: tuple[float, ...], b: tuple[float, ...], radius: float) -> Array:
    """A rod from `a` to `b` with round ends."""
    ax, ay, az = a
    bx, by, bz = b[0] - ax, b[1] - ay, b[2] - az
    along = np.clip(((x - ax) * bx + (y - ay) * by + (z - az) * bz) / (bx * bx + by * by + bz * bz), 0, 1)
    return np.sqrt((x - ax - along * bx) ** 2 + (y - ay - along * by) ** 2 + (z - az - along * bz) ** 2) - radius


def cylinder(x: Array, y: Array, z: Array, radius: float, half: float, rounding: float = 0.0) -> Array:
    """An upright cylinder about the origin."""
    side = np.sqrt(x * x + z * z) - np.float32(radius - rounding)
    end = np.abs(y) - np.float32(half - rounding)
    outside = np.sqrt(np.maximum(side, 0) ** 2 + np.maximum(end, 0) ** 2)
    return outside + np.minimum(np.maximum(side, end), 0) - np.float32(rounding)


def melt(a: Array, b: Array, radius: float) -> Array:
    """Union with a fillet of `radius`. Quilez, "smooth minimum" (2013), the quadratic one."""
    near = np.maximum(radius - np.abs(a - b), 0) / np.float32(radius)
    return np.minimum(a, b) - near * near * np.float32(radius / 4)


def march(solid: Solid, origin: Vector, ray: Vector, far: float, steps: int = 90, touch: float = 4e-4) -> Array:
    """Distance along each (unit) ray to the solid, shape (n,); inf where it misses within `far`."""
    hits = [_march(solid, pick(origin, part), pick(ray, part), far, steps, touch) for part in parcels(ray[0].size)]
    return np.concatenate(hits) if hits else np.empty(0, dtype=np.float32)


def dot(a: Vector, b: Vector) -> Array:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def pick(vector: Vector, chosen: Array | Mask | slice) -> Vector:
    """The chosen ones of many."""
    return tuple(part[chosen] for part in vector)


def parcels(count: int) -> list[slice]:
    """Slices of 0..count small enough that a parcel's arrays stay in the processor's cache."""
    return [slice(start, min(start + PARCEL, count)) for start in range(0, count, PARCEL)]


def by_parcels(shade: Callable[..., Array], *vectors: Vector) -> Array:
    """`shade(*vectors)`, (n, 3), worked out a parcel at a time."""
    parts = [shade(*(pick(vector, part) for vector in vectors)) for part in parcels(vectors[0][0].size)]
    return np.concatenate(parts) if parts else np.empty((0, 3), dtype=np.float32)


def _march(solid: Solid, origin: Vector, ray: Vector, far: float, steps: int, touch: float) -> Array:
    active = np.arange(ray[0].size)
    distance = np.zeros(active.size, dtype=np.float32)
    hit = np.full(active.size, np.inf, dtype=np.float32)
    gap, going = distance, np.ones(active.size, dtype=bool)
    for _ in range(steps):
        t = distance[active]
        gap = solid(*(o[active] + r[active] * t for o, r in zip(origin, ray, strict=True)))
        t = t + gap
        distance[active] = t
        arrived = gap < touch * np.maximum(t, 0.2)
        hit[active[arrived]] = t[arrived]
        going = ~arrived & (t < far)
        active = active[going]
        if not active.size:
            return hit
    # A ray that grazes an edge creeps; where it creeps is where it looks.
    creeping = gap[going] < 3 * touch * np.maximum(distance[active], 0.2)
    hit[active[creeping]] = distance[active[creeping]]
    return hit


def normal(solid: Solid, point: Vector, reach: float = 2e-3) -> Vector:
    """Unit outward normal, from four differences about each point."""
    x, y, z = point
    nx, ny, nz = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for sx, sy, sz in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        gap = solid(x + sx * np.float32(reach), y + sy * np.float32(reach), z + sz * np.float32(reach))
        nx, ny, nz = nx + sx * gap, ny + sy * gap, nz + sz * gap
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    return nx / length, ny / length, nz / length


def occlusion(solid: Solid, point: Vector, facing: Vector, reach: float) -> Array:
    """Share of the sky not hidden by the solid near `point`, 0..1: creases darken."""
    hidden = np.zeros_like(point[0])
    for part in (0.15, 0.4, 0.7, 1.0):
        d = np.float32(reach * part)
        x, y, z = (p + f * d for p, f in zip(point, facing, strict=True))
        hidden += np.clip(d - solid(x, y, z), 0, d) / d * 0.3
    return np.clip(1 - hidden, 0.05, 1)


def lit(solid: Solid, point: Vector, toward: tuple[float, ...], far: float, softness: float = 10) -> Array:
    """Share of a lamp in the unit direction `toward` that reaches `point`, 0..1; a lower softness is a bigger lamp."""
    light = np.ones_like(point[0])
    t = np.full_like(light, 0.02)
    for _ in range(36):
        gap = solid(*(p + np.float32(d) * t for p, d in zip(point, toward, strict=True)))
        light = np.minimum(light, np.clip(0.5 + softness * gap / (2 * t), 0, 1))
        t = np.minimum(t + np.clip(np.abs(gap), 0.01, 0.3), far)
    return light * light * (3 - 2 * light)
