#!/usr/bin/env python3
"""The files that the manuals' examples work on: python3 tests/fixtures.py DIR, with the tools on PATH.

Everything follows from fixed seeds. What a tool makes (images, the model, the table of fits) is left out where the tool
is not on PATH. x right, y up; theta along the stripes, counter-clockwise from +x."""
import os
import shutil
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from npys import npys, save  # noqa: E402
from profiles import gabor, grid, log  # noqa: E402

F = 16
THETA = np.pi * np.arange(F) / F


def bank(rng):
    """16 Gabors 11x11 at 16 orientations with 3 % noise, and their centres."""
    centres = rng.uniform(-0.8, 0.8, (F, 2))
    phases = rng.uniform(-np.pi, np.pi, F)
    frequencies = rng.uniform(0.15, 0.22, F)
    w = np.stack([gabor(11, np.degrees(THETA[i]), np.degrees(phases[i]), f, 0.35 / f, 0.45 / f, *centres[i])
                  for i, f in enumerate(frequencies)])
    return w + 0.03 * w.std(axis=(1, 2), keepdims=True) * rng.standard_normal(w.shape), centres


def lateral(rng, centres, k=9):
    """K[i][j][r][c]: excitation between like orientations along the target's stripes, weak inhibition by
    orthogonal ones all around, noise. The displacement is that of the profiles' centres."""
    x, y = grid(k)
    K = np.empty((F, F, k, k))
    for i in range(F):
        for j in range(F):
            dx, dy = x + centres[j, 0] - centres[i, 0], y + centres[j, 1] - centres[i, 1]
            along = dx * np.cos(THETA[i]) + dy * np.sin(THETA[i])
            across = -dx * np.sin(THETA[i]) + dy * np.cos(THETA[i])
            like = np.exp(2.5 * (np.cos(2 * (THETA[i] - THETA[j])) - 1))
            unlike = np.exp(1.5 * (np.cos(2 * (THETA[i] - THETA[j]) - np.pi) - 1))
            K[i, j] = (like * np.exp(-along**2 / (2 * 2.4**2) - across**2 / (2 * 1.2**2))
                       - 0.25 * unlike * np.exp(-(dx**2 + dy**2) / (2 * 2**2)))
    return 0.02 * (K + 0.08 * rng.standard_normal(K.shape))


def pgm(path, image):
    with open(path, "wb") as f:
        f.write(b"P5\n%d %d\n255\n" % image.shape[::-1] + np.ascontiguousarray(image, np.uint8).tobytes())


def leaves(*options):
    """Images and labels of one record from dead-leaves."""
    run = subprocess.run(["dead-leaves", *options], stdout=subprocess.PIPE, check=True)
    path = "fixture.tmp"
    with open(path, "wb") as f:
        f.write(run.stdout)
    images, labels = npys(path)
    os.remove(path)
    return images, labels


def stl10(images, labels):
    """STL-10's layout, (N, 3, column, row), each class with a tint of its own."""
    tint = np.array([[1, 0.9, 0.8], [0.8, 0.9, 1]])[labels]
    colour = images[:, None] * tint[:, :, None, None]
    np.rint(colour).astype(np.uint8).transpose(0, 1, 3, 2).tofile("train_X.bin")
    (labels + 1).astype(np.uint8).tofile("train_y.bin")


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    rng = np.random.default_rng(2104)
    w, centres = bank(rng)
    save("v1.npys", w.astype("<f4"))
    lgn = log(7, 1, 1.2)
    save("lgn.npys", ((lgn - lgn.mean()) / (lgn - lgn.mean()).max()).astype("<f4"))
    save("lateral.npys", lateral(rng, centres).astype("<f4"))
    save("rms.npys", rng.uniform(0.6, 1.4, F).astype("<f4"))

    subprocess.run(["dead-leaves", "-n", "400", "--size", "32", "-o", "images.npys"], check=True)
    images, labels = leaves("-n", "16", "--size", "96", "--classes", "2", "--seed", "8")
    pgm("photo.pgm", images[0])
    for k, name in enumerate(("leaves", "stones")):  # squares and discs
        os.makedirs("photos/" + name, exist_ok=True)
        for i, image in enumerate(images[labels == 1 - k]):
            pgm("photos/%s/%02d.pgm" % (name, i), image)
    stl10(*leaves("-n", "20", "--size", "96", "--classes", "2", "--seed", "9"))

    if shutil.which("train-v1"):
        subprocess.run(["train-v1", *TRAINING, "-o", "model.safetensors", "images.npys"], check=True)
    if shutil.which("fit-gabor"):
        subprocess.run(["fit-gabor", "--lgn", "lgn.npys", "-o", "gabor.tsv", "v1.npys"], check=True)


TRAINING = ["--epochs", "2", "--filters", "8", "--crop", "32"]

if __name__ == "__main__":
    main()
