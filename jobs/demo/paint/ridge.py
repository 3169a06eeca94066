"""A walker on a crag against the rising sun, above a sea of cloud."""

from __future__ import annotations

import numpy as np
from film import Grade, blur
from light import halo, nearness
from noise import Array, Noise, blocks, mix, read, rgb, step
from people import walker
from solid import march, normal
from still import Still
from terrain import NO_HIT, View, cast, normals

ROCK = Noise.seeded(51)
BLOCKS = blocks(53)
CLOUD = Noise.seeded(52)
SUN = (0.045, 0.064)
"""Where the sun stands: across and up per z."""
STAND = (-1.35, 19.0)
"""Where the walker stands, x and z."""
SUNLIGHT = rgb(3.4, 1.75, 0.72)
FAR = 30_000.0


def crag(x: Array, z: Array) -> Array:
    """The near ridge: rises from the right corner to the walker's stand, then falls away."""
    along = (x - STAND[0]) / 12
    spine = -3.35 - 0.30 * np.abs(x - STAND[0]) - 0.9 * np.maximum(-along - 0.2, 0) ** 1.3 * 6
    spine = spine + 1.5 * np.exp(-(((x - STAND[0] - 0.2) / 2.1) ** 4)) + 1.6 * np.maximum(along, 0) ** 1.2
    across = (z - STAND[1] - 2.5 * ROCK.fbm(x / 14, x / 31 + 3, 2)) / 5.0
    spine = spine - 1.7 * across**2 - 0.5 * np.maximum(-across, 0)
    bent = 0.25 * ROCK.fbm(x / 1.6 + 7, z / 1.6, 4)
    rough = 0.95 * read(BLOCKS, x / 2.1 + bent, z / 2.1 + spine / 4) + 0.42 * read(
        BLOCKS, x / 0.75 + bent + 9, z / 0.75
    )
    rough = rough + 0.16 * read(BLOCKS, x / 0.27 + bent, z / 0.27 + 5) + 0.5 * (ROCK.ridged(x / 3.4, z / 3.4, 5) - 0.5)
    flat = 1 - 0.93 * np.exp(-(((x - STAND[0] - 0.1) / 0.95) ** 4) - ((z - STAND[1]) / 1.2) ** 2)
    height = spine + flat * 0.85 * rough
    ledge = height / 0.55 + 0.6 * ROCK.fbm(x / 2.5, z / 2.5, 3)
    step_up = np.floor(ledge) + step(0.25, 0.85, ledge - np.floor(ledge))
    return height + flat * 0.22 * (step_up - ledge)


def range_(x: Array, z: Array) -> Array:
    """Mountains that stand out of the cloud, farther than 1.5 km."""
    peaks = ROCK.eroded(x / 2600 + 0.8, z / 2600 + 2.3, 10)
    valley = 1 - 0.75 * np.exp(-(((x - 0.05 * z) / (0.14 * z + 400)) ** 2))
    return -560 + (160 + 900 * np.clip(peaks + 0.35, 0, 2)) * valley * step(1200, 3600, z) * (0.8 + z / 26000)


def clouds(x: Array, z: Array) -> Array:
    """The top of the sea of cloud: billows, drawn out across the view."""
    billow = 1 - CLOUD.ridged(x / 620, z / 1050, 8, 0.49)
    return -330 + 210 * billow + 60 * CLOUD.fbm(x / 2600, z / 3800, 3)


def _sky(across: Array, up: Array) -> Array:
    height = np.maximum(up, 0)
    away = np.sqrt((across - SUN[0]) ** 2 + (up - SUN[1]) ** 2)
    colour = mix(rgb(0.86, 0.50, 0.30), rgb(0.09, 0.20, 0.44), step(0.0, 0.55, np.sqrt(height)))
    colour = colour + SUNLIGHT * (0.62 * np.exp(-away / 0.085) + 0.26 * np.exp(-away / 0.30))[..., None]
    u, v = across / (height + 0.05), 1 / (height + 0.05)
    veil = CLOUD.fbm(u * 0.5 + 3, v * 0.7 + 6, 7) + 0.4 * CLOUD.fbm(u * 2.1, v * 0.5, 5)
    cover = step(-0.05, 0.40, veil) * step(0.03, 0.14, height) * 0.85
    lining = np.exp(-away / 0.22)[..., None]
    body = rgb(0.42, 0.34, 0.38) * (1 - 0.3 * veil[..., None]) + SUNLIGHT * 0.55 * lining
    disc = step(0.0125, 0.0100, away)
    return mix(colour, body, cover) + SUNLIGHT * (4.0 * disc)[..., None]


def _haze(across: Array, z: Array, y: Array) -> tuple[Array, Array]:
    """Colour of the air toward a point, and how much of it there is."""
    sunward = np.exp(-np.abs(across - SUN[0]) / 0.26)[..., None]
    colour = mix(rgb(0.36, 0.36, 0.46), rgb(1.55, 0.86, 0.46), sunward[..., 0])
    return colour, 1 - np.exp(-((z / 8500) ** 1.1) * (0.7 + 0.9 * np.exp(-np.maximum(y + 330, 0) / 260)))


def _distance(view: View, light: Array, depth: Array) -> Array:
    """Mountains and the cloud sea, in place; which pixels are cloud, with soft shores, is worked out from their gap."""
    across, _ = np.meshgrid(view.across, view.up)
    hills = cast(range_, view, 900, FAR, 1500)
    fluff = cast(clouds, view, 350, FAR, 1500)
    for which, ground in ((hills, range_), (fluff, clouds)):
        seen = (which < NO_HIT) & (which < depth * 1.0)
        z = which[seen]
        x, y = z * across[seen], z * np.broadcast_to(view.up[:, None], depth.shape)[seen] + view.eye
        nx, ny, nz = normals(ground, x, z, 2.0 / view.width)
        toward = np.array([SUN[0], SUN[1] + 0.10, 1.0]) / np.linalg.norm([SUN[0], SUN[1] + 0.10, 1.0])
        facing = nx * toward[0] + ny * toward[1] + nz * toward[2]
        air, thick = _haze(across[seen], z, y)
        if ground is range_:
            tone = rgb(0.10, 0.095, 0.11) * (1 + 0.5 * ROCK.fbm(x / 90, (z + 2 * y) / 90, 5))[:, None]
            lit = tone * (SUNLIGHT * np.clip(facing, 0, 1)[:, None] + rgb(0.5, 0.55, 0.75) * (0.5 + 0.5 * ny)[:, None])
            opacity = np.ones_like(z)
        else:
            # Cloud lets light through: thin crests toward the sun glow, hollows stay blue.
            crest = step(-240, -140, y)
            lit = rgb(0.42, 0.44, 0.56) * (0.55 + 0.45 * ny + 0.25 * crest)[:, None]
            lit = (
                lit
                + SUNLIGHT * (0.20 * np.clip(0.25 + facing, 0, 1) + 0.16 * crest * np.clip(facing + 0.4, 0, 1))[:, None]
            )
            lit = lit * (1 + 0.30 * CLOUD.fbm(x / 420 + 3, z / 800, 6))[:, None]
            soft = np.zeros_like(light)
            soft[seen] = lit
            weight = blur(seen.astype(np.float32), 0.0026 * view.width)
            lit = (blur(soft, 0.0026 * view.width) / np.maximum(weight, 1e-3)[..., None])[seen]
            opacity = step(0.0, 45.0, (np.minimum(depth[seen], 6e4) - z) * 0.05)
        light[seen] = mix(light[seen], mix(lit, air, thick), opacity)
        depth[seen] = np.minimum(depth[seen], z)
    return depth


def paint(width: int, height: int) -> Still:
    """The walker."""
    view = View(width, height, 0.60, 0.80, 0.0)
    across, up = np.meshgrid(view.across, view.up)
    light = _sky(across, up)
    depth = _distance(view, light, np.full_like(up, NO_HIT))
    near = cast(crag, view, 5, 45, 1100)
    seen = near < NO_HIT
    z = near[seen]
    x, y = z * across[seen], z * up[seen]
    nx, ny, nz = normals(crag, x, z, 1.5 / width)
    toward = np.array([SUN[0], SUN[1] + 0.22, 1.0]) / np.linalg.norm([SUN[0], SUN[1] + 0.22, 1.0])
    grit = ROCK.fbm(x * 1.9, (z + 1.7 * y) * 1.9, 6)
    stone = rgb(0.20, 0.17, 0.15) * (1 + 0.7 * grit)[:, None]
    frost = step(0.55, 0.85, ny + 0.35 * grit)
    crack = ROCK.ridged(x * 1.6 + grit, (z + 1.3 * y) * 1.6, 5)
    stone = stone * (1 - 0.75 * step(0.72, 0.90, crack))[:, None]
    stone = mix(stone, rgb(0.36, 0.36, 0.40), 0.55 * frost)
    sunlit = np.clip(nx * toward[0] + ny * toward[1] + nz * toward[2] - 0.05, 0, 1)
    light[seen] = stone * (SUNLIGHT * (1.1 * sunlit)[:, None] + rgb(0.30, 0.36, 0.52) * (0.25 + 0.75 * ny)[:, None])
    light[seen] += SUNLIGHT * (0.012 + 0.02 * np.exp(-np.abs(across[seen] - SUN[0]) / 0.12))[:, None]
    depth = np.where(seen, near, depth)
    depth = _stand(light, depth, across, up)
    column, row = (SUN[0] * 0.80 + 0.5) * width, 0.60 * height - SUN[1] * 0.80 * width
    halo(light, column, row, SUNLIGHT * np.float32(0.42), 0.10)
    halo(light, column, row, SUNLIGHT * np.float32(0.10), 0.45)
    grade = Grade(
        exposure=0.53,
        bloom=0.20,
        threshold=1.3,
        shadows=(0.97, 0.99, 1.06),
        lights=(1.03, 1.0, 0.95),
        contrast=1.10,
        saturation=1.18,
    )
    return Still(light, grade, nearness(depth, 40))


def _stand(light: Array, depth: Array, across: Array, up: Array) -> Array:
    """The walker, in place; the depth with them in it."""
    foot = float(crag(np.array([[STAND[0]]], np.float32), np.array([[STAND[1]]], np.float32))[0, 0]) - 0.05
    window = (np.abs(across - STAND[0] / STAND[1]) < 0.09) & (up < 0.10) & (up > -0.20)
    length = np.sqrt(1 + across[window] ** 2 + up[window] ** 2)
    ray = (across[window] / length, up[window] / length, 1 / length)
    scale = np.float32(1.28)  # a touch larger than life: the figure is the subject

    def solid(x: Array, y: Array, z: Array) -> Array:
        return walker((x - STAND[0]) / scale, (y - foot) / scale, (z - STAND[1]) / scale) * scale * 0.9

    start = np.full_like(length, 14.0)
    hit = march(solid, tuple(r * start for r in ray), ray, 12, steps=80, touch=1e-3)
    met = np.isfinite(hit) & ((start + hit) * ray[2] < depth[window] + 1.0)
    point = tuple(r[met] * (start[met] + hit[met]) for r in ray)
    nx, ny, nz = normal(solid, point)
    edge = np.clip(1 + nx * ray[0][met] + ny * ray[1][met] + nz * ray[2][met], 0, 1)
    cloth = rgb(0.060, 0.036, 0.030) * (1 + 0.3 * ROCK.fbm(point[0] * 9, point[1] * 9, 3))[:, None]
    sunward = np.clip(0.45 + 0.55 * (nx * 0.6 + ny * 0.5), 0, 1)
    shaded = (
        cloth * (rgb(0.45, 0.5, 0.7) * (0.6 + 0.4 * ny)[:, None]) + SUNLIGHT * (0.55 * edge**3.2 * sunward)[:, None]
    )
    inside = np.flatnonzero(window)[met]
    light.reshape(-1, 3)[inside] = shaded + SUNLIGHT * 0.010
    depth = depth.copy()
    depth.reshape(-1)[inside] = STAND[1]
    return depth
