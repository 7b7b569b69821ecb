"""What cameras, light and compression do to a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder_core.media import compress_as_video

__all__ = ["PhotometrySettings", "distort_picture"]


@dataclass(frozen=True, slots=True)
class PhotometrySettings:
    """How often each disturbance is applied to a sample."""

    colour_share: float = 0.7
    #: washed-out colours, as cameras give in poor light
    grey_share: float = 0.2
    #: a surgical light that blinds part of the picture
    lamp_share: float = 0.15
    motion_share: float = 0.15
    #: longest motion blur
    max_motion_px: int = 7
    blur_share: float = 0.2
    #: largest standard deviation of the blur
    max_blur_px: float = 1.3
    #: picture shrunk and enlarged again
    coarse_share: float = 0.2
    noise_share: float = 0.25
    jpeg_share: float = 0.4
    #: JPEG qualities, worst and best
    jpeg_quality: tuple[int, int] = (18, 85)
    #: compression as a video, predicted from a picture that was a little shifted
    video_share: float = 0.15
    #: x264's constant rate factors, best and worst
    video_crf: tuple[int, int] = (24, 40)
    #: largest shift between the two pictures
    max_video_shift_px: int = 4


def distort_picture(
    picture_bgr: NDArray[np.uint8], rng: np.random.Generator, settings: PhotometrySettings
) -> NDArray[np.uint8]:
    """Apply a random choice of disturbances.

    Parameters
    ----------
    picture_bgr : ndarray of shape (height, width, 3), uint8
    rng : numpy.random.Generator
    settings : PhotometrySettings

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
    """
    steps = (
        (settings.lamp_share, _add_lamp),
        (settings.colour_share, _change_colour),
        (settings.grey_share, _wash_out),
        (settings.motion_share, _blur_motion),
        (settings.blur_share, _blur),
        (settings.coarse_share, _coarsen),
        (settings.noise_share, _add_noise),
        (settings.jpeg_share, _compress),
        (settings.video_share, _compress_as_video),
    )
    for share, step in steps:
        if rng.random() < share:
            picture_bgr = step(picture_bgr, rng, settings)
    return picture_bgr


def _to_uint8(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _add_lamp(
    picture: NDArray[np.uint8], rng: np.random.Generator, _: PhotometrySettings
) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    rows, columns = np.ogrid[:height, :width]
    x, y = rng.uniform(-0.2, 1.2) * width, rng.uniform(-0.2, 1.2) * height
    reach = rng.uniform(0.15, 0.6) * max(height, width)
    light = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * reach**2)).astype(np.float32)
    gain = 1 + light[..., None] * np.float32(rng.uniform(0.3, 2.0))
    dark = np.float32(rng.uniform(0.5, 1.0))
    return _to_uint8(picture * gain * dark + light[..., None] * np.float32(rng.uniform(0, 50)))


def _change_colour(
    picture: NDArray[np.uint8], rng: np.random.Generator, _: PhotometrySettings
) -> NDArray[np.uint8]:
    contrast, brightness = rng.uniform(0.6, 1.4), rng.uniform(-40, 40)
    gamma = float(np.exp(rng.uniform(-0.4, 0.4)))
    tint = rng.uniform(0.85, 1.15, 3)
    levels = (np.arange(256, dtype=np.float32) / 255) ** gamma * 255
    table = ((levels - 128) * contrast + 128 + brightness)[:, None] * tint
    return np.asarray(cv2.LUT(picture, _to_uint8(table)[None]), np.uint8)


def _wash_out(
    picture: NDArray[np.uint8], rng: np.random.Generator, _: PhotometrySettings
) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    share = rng.uniform(0.4, 1.0)
    return np.asarray(cv2.addWeighted(grey, share, picture, 1 - share, 0), np.uint8)


def _blur_motion(
    picture: NDArray[np.uint8], rng: np.random.Generator, settings: PhotometrySettings
) -> NDArray[np.uint8]:
    length = int(rng.integers(3, settings.max_motion_px + 1)) | 1
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    middle, reach = length // 2, (length - 1) / 2
    end = np.rint(np.array([np.cos(angle), np.sin(angle)]) * reach).astype(int)
    cv2.line(
        kernel,
        (middle - int(end[0]), middle - int(end[1])),
        (middle + int(end[0]), middle + int(end[1])),
        1.0,
    )
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def _blur(
    picture: NDArray[np.uint8], rng: np.random.Generator, settings: PhotometrySettings
) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, settings.max_blur_px)), np.uint8
    )


def _coarsen(
    picture: NDArray[np.uint8], rng: np.random.Generator, _: PhotometrySettings
) -> NDArray[np.uint8]:
    factor = rng.uniform(0.45, 0.9)
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(small, picture.shape[1::-1], interpolation=way), np.uint8)


def _add_noise(
    picture: NDArray[np.uint8], rng: np.random.Generator, _: PhotometrySettings
) -> NDArray[np.uint8]:
    # the sum of two even distributions is near enough to camera noise, and fast
    reach = int(rng.integers(2, 20))
    noise = np.frombuffer(rng.bytes(2 * picture.size), np.uint8).reshape(2, *picture.shape)
    noise = cv2.addWeighted(noise[0], reach / 255, noise[1], reach / 255, 0)
    return np.asarray(cv2.addWeighted(picture, 1, noise, 1, -reach), np.uint8)


def _compress(
    picture: NDArray[np.uint8], rng: np.random.Generator, settings: PhotometrySettings
) -> NDArray[np.uint8]:
    low, high = settings.jpeg_quality
    _, packed = cv2.imencode(
        ".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(low, high + 1))]
    )
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _compress_as_video(
    picture: NDArray[np.uint8], rng: np.random.Generator, settings: PhotometrySettings
) -> NDArray[np.uint8]:
    most, (best, worst) = settings.max_video_shift_px, settings.video_crf
    shift = rng.integers(-most, most + 1, 2)
    before = np.roll(picture, tuple(int(v) for v in shift), axis=(0, 1))
    height, width = picture.shape[:2]
    # chroma is stored for every second row and column
    odd = ((0, height % 2), (0, width % 2), (0, 0))
    before, padded = (np.pad(each, odd, "edge") for each in (before, picture))
    return compress_as_video(before, padded, int(rng.integers(best, worst + 1)))[:height, :width]
